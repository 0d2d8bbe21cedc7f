/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "cli/verb.h"
#include "sink/sink.h"
#include "unit/sink/sample.h"

/* The verb as a person calls it. */

static char folder[] = "/tmp/weir-test-detections-XXXXXX";
static char database[64], output[64];

static int setup(void **state)
{
	struct sqlite_options options = {.path = database};
	struct sink *sink;
	struct error error;
	struct sample s;
	struct out *out;

	(void)state;
	strcpy(strrchr(folder, '-') + 1, "XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(database, sizeof(database), "%s/weir.db", folder);
	snprintf(output, sizeof(output), "%s/out", folder);
	if (sink_sqlite_open(&sink, &options, &error))
		return -1;
	sample_init(&s);
	out = out_detection(&s.detection, "web1");
	sink->ops->write(sink, out);
	out_drop(out);
	event_set(&s.events[0], SOURCE_BYTES, source_bytes, 1234);
	out = out_flow(&s.events[0], "web1");
	sink->ops->write(sink, out);
	out_drop(out);
	sink->ops->close(sink);
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -r '%s'", folder);
	return system(command);
}

/* Runs `weir detections WORDS… --database …`; what it printed, both streams, is in the result. */
static const char *said(int expected, char *words)
{
	static char text[65536];
	char *argv[16] = {"weir", "detections"};
	int argc = 2, out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO), status;
	int file = open(output, O_RDWR | O_CREAT | O_TRUNC, 0600);
	ssize_t length;

	for (char *word = strtok(words, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	argv[argc++] = "--database";
	argv[argc++] = database;
	fflush(stdout);
	dup2(file, STDOUT_FILENO);
	dup2(file, STDERR_FILENO);
	status = verb_main(argc, argv);
	fflush(stdout);
	fflush(stderr);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	close(out);
	close(err);
	length = pread(file, text, sizeof(text) - 1, 0);
	close(file);
	text[length > 0 ? length : 0] = '\0';
	if (status != expected)
		fail_msg("status %d, not %d: %s", status, expected, text);
	return text;
}

static void contains(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in:\n%s", part, text);
}

#define SAID(status, words) said(status, (char[]){words})

static void it_lists(void **state)
{
	const char *text = SAID(EXIT_DONE, "");

	(void)state;
	contains(text, "LAST SEEN (UTC)");
	contains(text, "2026-01-02 03:04:06");
	contains(text, "critical  LATERAL_MOVEMENT  open");
	contains(text, "33333333");
	contains(SAID(EXIT_DONE, "list --level critical --rule lateral_movement"), "LATERAL");
	assert_string_equal(SAID(EXIT_DONE, "--since 1h"), "no detections\n");
	contains(SAID(EXIT_DONE, "--since 2026-01-02"), "LATERAL");
	assert_string_equal(SAID(EXIT_DONE, "--host 10.0.0.99"), "no detections\n");
	assert_string_equal(SAID(EXIT_DONE, "--since 1h --json"), "");
}

static void it_prints_records_as_they_are(void **state)
{
	struct sample s;
	struct out *out;
	const char *text = SAID(EXIT_DONE, "--json");

	(void)state;
	sample_init(&s);
	out = out_detection(&s.detection, "web1");
	assert_memory_equal(text, out->json, out->json_length);
	assert_string_equal(text + out->json_length, "\n");
	out_drop(out);
}

static void it_explains_one(void **state)
{
	const char *text = SAID(EXIT_DONE, "show 3333");
	json_t *record;

	(void)state;
	contains(text, "Values against thresholds");
	contains(text, "10.0.0.5:40000 → 10.0.0.7:22 tcp");
	contains(text, "1.2 KB");
	record = json_loads(SAID(EXIT_DONE, "show 3333 --json"), 0, NULL);
	assert_int_equal(json_array_size(json_object_get(record, "weir.flows")), 1);
	json_decref(record);
}

static void it_takes_a_state(void **state)
{
	(void)state;
	contains(SAID(EXIT_DONE, "ack 3"), "is acknowledged");
	contains(SAID(EXIT_DONE, ""), "acknowledged");
	contains(SAID(EXIT_DONE, "close 3 --as false-positive"), "is closed");
	contains(SAID(EXIT_DONE, ""), "closed");
}

static void what_is_wrong_is_told(void **state)
{
	(void)state;
	contains(SAID(EXIT_INPUT, "show 4444"), "no detection 4444");
	contains(SAID(EXIT_USAGE, "show"), "show takes one id");
	contains(SAID(EXIT_USAGE, "show 3 4"), "show takes one id");
	contains(SAID(EXIT_USAGE, "list 3"), "list takes no id");
	contains(SAID(EXIT_USAGE, "delete 3"), "cannot 'delete' detections");
	contains(SAID(EXIT_USAGE, "--level loud"), "--level loud is none");
	contains(SAID(EXIT_USAGE, "--since soon"), "--since soon is no time");
	contains(SAID(EXIT_USAGE, "--limit -1"), "--limit -1 is no count");
	contains(SAID(EXIT_USAGE, "ack 3 --as word"), "--as belongs to close");
	contains(SAID(EXIT_USAGE, "close 3 --as Two,words"), "is no word");
	unlink(database);
	contains(SAID(EXIT_INPUT, ""), "No such file or directory");
	assert_int_equal(access(database, F_OK), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_lists),		TEST(it_prints_records_as_they_are), TEST(it_explains_one),
		TEST(it_takes_a_state), TEST(what_is_wrong_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
