/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "sink/sink.h"
#include "unit/sink/sample.h"

static char path[64];
static char text[65536];

static int journald(void)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	snprintf(path, sizeof(path), "/tmp/weir-test-journal-%d", (int)getpid());
	unlink(path);
	strcpy(at.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

/* What it is told of a detection. */
static const char *told(struct sample *s)
{
	const struct journal_options options = {.socket = path};
	int fd = journald();
	struct pollfd p = {.fd = fd, .events = POLLIN};
	struct out *out = out_detection(&s->detection, "web1");
	struct sink *sink = NULL;
	struct error error;
	ssize_t n;

	if (sink_journal_open(&sink, &options, &error))
		fail_msg("%s", error.text);
	sink->ops->write(sink, out);
	assert_int_equal(sink->ops->flush(sink, 10000), 0);
	assert_int_equal(poll(&p, 1, 10000), 1);
	n = recv(fd, text, sizeof(text) - 1, 0);
	assert_true(n > 0);
	text[n] = '\0';
	sink->ops->close(sink);
	out_drop(out);
	close(fd);
	unlink(path);
	return text;
}

static void has_line(const char *message, const char *line)
{
	char whole[512];

	snprintf(whole, sizeof(whole), "\n%s\n", line);
	if (strncmp(message, whole + 1, strlen(line) + 1) != 0 && !strstr(message, whole))
		fail_msg("no '%s' in '%s'", line, message);
}

static void it_gets_fields(void **state)
{
	struct sample s;
	const char *message;

	(void)state;
	sample_init(&s);
	message = told(&s);
	has_line(message,
		 "MESSAGE=DETECTION LATERAL_MOVEMENT critical source.ip=10.0.0.5: 10.0.0.5 "
		 "scanned 10.0.0.7 and got in");
	has_line(message, "PRIORITY=2");
	has_line(message, "SYSLOG_IDENTIFIER=weir");
	has_line(message, "SYSLOG_FACILITY=10");
	has_line(message, "WEIR_RULE=LATERAL_MOVEMENT");
	has_line(message, "WEIR_ID=33333333-3333-5333-8333-333333333333");
	has_line(message, "WEIR_SOURCE_IP=10.0.0.5");
	has_line(message, "WEIR_SIGNALS=PORT_SCAN,CONNECTION_SPIKE");
}

/* No text of an attacker's begins a field of its own. */
static void nothing_in_it_makes_a_field(void **state)
{
	struct sample s;
	const char *message;

	(void)state;
	sample_init(&s);
	s.detection.message = "a\nWEIR_RULE=OTHER\nb";
	s.key = (struct value){.type = VALUE_TEXT, .text = text_string("x\nPRIORITY=7")};
	message = told(&s);
	assert_null(strstr(message, "\nWEIR_RULE=OTHER"));
	assert_null(strstr(message, "\nPRIORITY=7"));
	assert_non_null(strstr(message, "\nWEIR_SOURCE_IP=x\\x0APRIORITY=7\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_gets_fields),
		cmocka_unit_test(nothing_in_it_makes_a_field),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
