/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include <cmocka.h>

#include "event/escape.h"
#include "sink/sink.h"
#include "sink/syslog_line.h"
#include "unit/sink/counters.h"
#include "unit/sink/sample.h"

#define WORDS                                                                                      \
	"DETECTION LATERAL_MOVEMENT critical id=33333333-3333-5333-8333-333333333333 "             \
	"source.ip=10.0.0.5 signals=PORT_SCAN,CONNECTION_SPIKE technique=T1021 "                   \
	"\"10.0.0.5 scanned 10.0.0.7 and got in\""
#define SD                                                                                         \
	"[weir@32473 id=\"33333333-3333-5333-8333-333333333333\" rule=\"LATERAL_MOVEMENT\" "       \
	"severity=\"critical\" source.ip=\"10.0.0.5\" signals=\"PORT_SCAN,CONNECTION_SPIKE\" "     \
	"technique=\"T1021\"]"

static const struct syslog_form plain_form = {.facility = LOG_AUTHPRIV, .pid = 7, .max = 2048};
static const struct syslog_form structured_form = {
	.structured = true, .facility = LOG_LOCAL0, .pid = 7, .host = "web1", .max = 2048};

static struct out *detection(void)
{
	struct sample s;

	sample_init(&s);
	return out_detection(&s.detection, "web1");
}

/* ---- the line ---- */

static void the_line_is_the_documented_one(void **state)
{
	struct out *out = detection();
	char line[2049];

	(void)state;
	setenv("TZ", "UTC", 1);
	syslog_line(&plain_form, out, SAMPLE_AT, line);
	assert_string_equal(line, "<82>Jan  2 03:04:05 weir[7]: " WORDS);
	syslog_line(&structured_form, out, SAMPLE_AT, line);
	assert_string_equal(line, "<130>1 2026-01-02T03:04:05.000006Z web1 weir 7 DETECTION " SD
				  " " WORDS);
	out_drop(out);
}

static void levels_are_mapped(void **state)
{
	static const int expected[] = {LOG_INFO, LOG_NOTICE, LOG_WARNING, LOG_ERR, LOG_CRIT};
	char line[2049], begin[16];

	(void)state;
	for (int i = 0; i < SEVERITY_COUNT; i++) {
		struct out *out = detection();

		out->severity = (enum severity)i;
		syslog_line(&plain_form, out, SAMPLE_AT, line);
		snprintf(begin, sizeof(begin), "<%d>", LOG_AUTHPRIV | expected[i]);
		assert_memory_equal(line, begin, strlen(begin));
		out_drop(out);
	}
	assert_int_equal(syslog_facility("local7"), LOG_LOCAL7);
	assert_int_equal(syslog_facility("nothing"), -1);
}

static struct out *with_message(const char *message)
{
	struct sample s;

	sample_init(&s);
	s.detection.message = message;
	return out_detection(&s.detection, "web1");
}

static void nothing_in_it_breaks_the_line(void **state)
{
	struct out *out = with_message("a \"b\" \\ \n\x1b[31m \xff ]");
	char line[2049];

	(void)state;
	syslog_line(&plain_form, out, SAMPLE_AT, line);
	assert_non_null(strstr(line, " \"a \\\"b\\\" \\\\ \\\\x0A\\\\x1B[31m \\\\xFF ]\""));
	out_drop(out);
	out = detection();
	out->keys_json = "{\"victim\":\"a\\\"b]c\\\\\",\"destination.port\":22}";
	syslog_line(&structured_form, out, SAMPLE_AT, line);
	assert_non_null(strstr(line, " victim=\"a\\\"b\\]c\\\\\" destination.port=\"22\" "));
	out_drop(out);
}

/* A name of 64 KiB leaves room for what is ours. */
static void a_long_key_leaves_room_for_the_rest(void **state)
{
	static char keys[70000];
	struct syslog_form json = plain_form;
	struct out *out = detection();
	char line[2049];
	size_t n = 0;

	(void)state;
	n += (size_t)sprintf(keys, "{\"process.name\":\"");
	memset(keys + n, 'a', 65536);
	sprintf(keys + n + 65536, "\",\"destination.port\":22}");
	out->keys_json = keys;
	syslog_line(&structured_form, out, SAMPLE_AT, line);
	assert_non_null(strstr(line, "aaa…\" destination.port=\"22\" "));
	json.json = true;
	out->json = keys;
	out->json_length = strlen(keys);
	n = syslog_line(&json, out, SAMPLE_AT, line);
	assert_in_range(n, 300, 2047);
	assert_non_null(strstr(line, "aaa\",\"destination.port\":22,"));
	out_drop(out);
}

/* Whatever the length, the line ends with its quote, is UTF-8, and is shorter than its bound. */
static void a_long_sentence_is_cut_between_characters(void **state)
{
	char message[6000], line[2049];

	(void)state;
	for (size_t length = 1700; length < 1900; length++) {
		struct out *out;
		size_t n;

		/* the cut meets every place within a character */
		memset(message, 'x', 4);
		for (size_t i = length % 4; i + 3 <= length; i += 3)
			memcpy(message + i, i % 2 ? "→" : "a\"b", 3);
		message[length - 3] = '\0';
		message[utf8_cut(message, length - 3, length - 4)] = '\0';
		out = with_message(message);
		n = syslog_line(&plain_form, out, SAMPLE_AT, line);
		assert_int_equal(n, strlen(line));
		assert_in_range(n, 1000, 2047);
		assert_int_equal(line[n - 1], '"');
		assert_true(escape_clean(line, n));
		n = syslog_line(&structured_form, out, SAMPLE_AT, line);
		assert_in_range(n, 1000, 2047);
		assert_true(escape_clean(line, n));
		out_drop(out);
	}
}

static void a_long_head_is_cut_too(void **state)
{
	struct syslog_form small = plain_form;
	struct out *out = detection();
	char name[4000], line[2049];

	(void)state;
	memset(name, 'N', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	small.max = SYSLOG_LINE_MIN;
	out->rule_name = name;
	assert_int_equal(syslog_line(&small, out, SAMPLE_AT, line), SYSLOG_LINE_MIN - 1);
	small.json = true;
	assert_true(syslog_line(&small, out, SAMPLE_AT, line) < SYSLOG_LINE_MIN);
	out_drop(out);
}

static json_t *cee_of(const char *line)
{
	const char *cookie = strstr(line, "@cee: ");
	json_t *object;

	assert_non_null(cookie);
	object = json_loads(cookie + 6, 0, NULL);
	assert_non_null(object);
	return object;
}

static void json_stays_json_when_it_is_too_long(void **state)
{
	struct syslog_form form = plain_form;
	struct out *out = detection();
	char line[8193];
	json_t *object;
	size_t n;

	(void)state;
	form.json = true;
	form.max = 8192;
	syslog_line(&form, out, SAMPLE_AT, line);
	assert_string_equal(strstr(line, "@cee: ") + 6, out->json);
	form.max = 2048;
	n = syslog_line(&form, out, SAMPLE_AT, line);
	assert_true(n < 2048);
	object = cee_of(line);
	assert_true(json_is_true(json_object_get(object, "weir.cut")));
	assert_string_equal(json_string_value(json_object_get(object, "source.ip")), "10.0.0.5");
	assert_string_equal(json_string_value(json_object_get(object, "message")), out->message);
	assert_null(json_object_get(object, "weir.signals"));
	json_decref(object);
	form.structured = true;
	form.host = "web1";
	syslog_line(&form, out, SAMPLE_AT, line);
	assert_non_null(strstr(line, " DETECTION - @cee: {"));
	out_drop(out);
}

/* ---- receivers ---- */

struct receiver {
	int fd;
	char path[64], port[8];
};

static void receive_local(struct receiver *r)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	snprintf(r->path, sizeof(r->path), "/tmp/weir-test-syslog-%d", (int)getpid());
	unlink(r->path);
	strcpy(at.sun_path, r->path);
	r->fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	assert_int_equal(bind(r->fd, (struct sockaddr *)&at, sizeof(at)), 0);
}

/* On a free port of 127.0.0.1, or on the one it had before. */
static void receive_ip(struct receiver *r, int type)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(at);
	const int one = 1;

	if (r->port[0])
		at.sin_port = htons((uint16_t)atoi(r->port));
	r->fd = socket(AF_INET, type, 0);
	setsockopt(r->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	assert_int_equal(bind(r->fd, (struct sockaddr *)&at, sizeof(at)), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(r->fd, 4), 0);
	getsockname(r->fd, (struct sockaddr *)&at, &size);
	snprintf(r->port, sizeof(r->port), "%u", ntohs(at.sin_port));
}

static bool readable(int fd, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, ms) == 1;
}

static const char *datagram(const struct receiver *r)
{
	static char text[4096];
	ssize_t n;

	assert_true(readable(r->fd, 10000));
	n = recv(r->fd, text, sizeof(text) - 1, 0);
	assert_true(n > 0);
	text[n] = '\0';
	return text;
}

static int accepted(const struct receiver *r)
{
	assert_true(readable(r->fd, 40000));
	return accept(r->fd, NULL, NULL);
}

static struct sink *announcer(struct syslog_options options)
{
	struct sink *sink = NULL;
	struct error error;

	if (sink_syslog_open(&sink, &options, &error))
		fail_msg("%s", error.text);
	return sink;
}

static void send_detection(struct sink *sink)
{
	struct out *out = detection();

	sink->ops->write(sink, out);
	out_drop(out);
}

static void close_sink(struct sink *sink)
{
	assert_int_equal(sink->ops->flush(sink, 10000), 0);
	sink->ops->close(sink);
}

static void it_goes_to_the_local_socket(void **state)
{
	struct receiver r;
	struct sink *sink;
	struct sample s;
	char expected[64];
	const char *line;

	(void)state;
	receive_local(&r);
	sink = announcer((struct syslog_options){.local_path = r.path});
	sample_init(&s);
	s.detection.change = DETECTION_UPDATED;
	s.detection.announce = false;
	for (int i = 0; i < 2; i++) {
		struct out *out = out_detection(&s.detection, NULL);

		sink->ops->write(sink, out);
		out_drop(out);
		s.detection.announce = true;
	}
	line = datagram(&r);
	snprintf(expected, sizeof(expected), " weir[%d]: DETECTION ", (int)getpid());
	assert_memory_equal(line, "<82>", 4);
	assert_non_null(strstr(line, expected));
	assert_non_null(strstr(line, WORDS));
	close_sink(sink);
	assert_false(readable(r.fd, 50));
	close(r.fd);
	unlink(r.path);
}

static void a_local_socket_that_returns_gets_what_waited(void **state)
{
	struct receiver r;
	struct sink *sink;

	(void)state;
	receive_local(&r);
	close(r.fd);
	unlink(r.path);
	sink = announcer((struct syslog_options){.local_path = r.path});
	send_detection(sink);
	assert_true(comes_to_say(sink, "is a syslog daemon or journald running?", 1000));
	receive_local(&r);
	assert_non_null(strstr(datagram(&r), WORDS));
	assert_int_equal(sink->ops->flush(sink, 10000), 0);
	close(r.fd); /* restarts */
	unlink(r.path);
	receive_local(&r);
	send_detection(sink);
	assert_non_null(strstr(datagram(&r), WORDS));
	close_sink(sink);
	close(r.fd);
	unlink(r.path);
}

static void it_goes_by_udp(void **state)
{
	struct receiver r = {0};
	struct sink *sink;
	const char *line;

	(void)state;
	receive_ip(&r, SOCK_DGRAM);
	sink = announcer((struct syslog_options){
		.transport = SYSLOG_UDP, .server = "127.0.0.1", .port = r.port});
	send_detection(sink);
	line = datagram(&r);
	assert_memory_equal(line, "<82>1 20", 8);
	assert_non_null(strstr(line, " DETECTION " SD " " WORDS));
	close_sink(sink);
	close(r.fd);
}

/* Reads one counted message: "LENGTH MESSAGE". */
static char *counted(int (*get)(void *from, void *byte), void *from, char text[4096])
{
	size_t length = 0;
	char c;

	while (get(from, &c) == 1 && c != ' ')
		length = length * 10 + (size_t)(c - '0');
	assert_in_range(length, 1, 4095);
	for (size_t i = 0; i < length; i++)
		assert_int_equal(get(from, text + i), 1);
	text[length] = '\0';
	return text;
}

static int get_tcp(void *fd, void *byte)
{
	return (int)recv(*(int *)fd, byte, 1, 0);
}

static atomic_int own_sockets;

static void own_socket(void *context, uint64_t cookie)
{
	assert_ptr_equal(context, &own_sockets);
	assert_true(cookie);
	atomic_fetch_add(&own_sockets, 1);
}

static void it_goes_by_tcp_and_comes_back(void **state)
{
	struct receiver r = {0};
	struct sink *sink;
	char text[4096];
	int fd;

	(void)state;
	receive_ip(&r, SOCK_STREAM);
	sink = announcer((struct syslog_options){
		.transport = SYSLOG_TCP,
		.server = "127.0.0.1",
		.port = r.port,
		.network = {.own_socket = own_socket, .context = &own_sockets}});
	send_detection(sink);
	send_detection(sink);
	fd = accepted(&r);
	assert_non_null(strstr(counted(get_tcp, &fd, text), WORDS));
	assert_non_null(strstr(counted(get_tcp, &fd, text), WORDS));
	assert_int_equal(sink->ops->flush(sink, 10000), 0);
	/* The receiver restarts between two messages: none is lost. */
	close(fd);
	close(r.fd);
	usleep(100000);
	send_detection(sink);
	assert_true(comes_to_say(sink, "Connection refused", 1000));
	receive_ip(&r, SOCK_STREAM);
	fd = accepted(&r);
	assert_non_null(strstr(counted(get_tcp, &fd, text), WORDS));
	assert_int_equal(sink->ops->flush(sink, 10000), 0);
	assert_int_equal(counter(sink, "written"), 3);
	assert_true(atomic_load(&own_sockets) >= 2);
	close_sink(sink);
	assert_int_equal(recv(fd, text, 1, 0), 0);
	close(fd);
	close(r.fd);
}

static void a_full_queue_counts_and_close_is_bounded(void **state)
{
	struct sink *sink = announcer(
		(struct syslog_options){.local_path = "/tmp/weir-test-no-such-socket", .queue = 2});
	time_t begin = time(NULL);

	(void)state;
	for (int i = 0; i < 2000; i++)
		send_detection(sink);
	assert_true(counter(sink, "dropped") > 500);
	assert_int_equal(sink->ops->flush(sink, 50), -ETIMEDOUT);
	sink->ops->close(sink);
	assert_in_range(time(NULL) - begin, 0, 20);
}

/* Everything that is said on standard error meanwhile. */
static void close_said(struct sink *sink, char *said, size_t size)
{
	FILE *file = tmpfile();
	int err = dup(STDERR_FILENO);
	ssize_t n;

	assert_non_null(file);
	dup2(fileno(file), STDERR_FILENO);
	sink->ops->close(sink);
	dup2(err, STDERR_FILENO);
	close(err);
	n = pread(fileno(file), said, size - 1, 0);
	assert_true(n >= 0);
	said[n] = '\0';
	fclose(file);
}

/* It stops while a line waits for the receiver: after that attempt, half of whose 5 s are over,
 * none waits as long again, and what is lost is said. */
static void a_receiver_that_does_not_read_holds_up_no_stop(void **state)
{
	struct receiver r = {0};
	struct sink *sink;
	char said[4096];
	json_int_t written;
	weir_time begin;

	(void)state;
	receive_local(&r);
	sink = announcer((struct syslog_options){.local_path = r.path});
	for (int i = 0; i < 1000; i++)
		send_detection(sink);
	do {
		written = counter(sink, "written");
		usleep(400000);
	} while (!written || counter(sink, "written") != written);
	sleep(2);
	begin = time_monotonic();
	close_said(sink, said, sizeof(said));
	assert_in_range(time_monotonic() - begin, 0, 6 * WEIR_SEC);
	snprintf(r.path, sizeof(r.path), "not announced: detections %lld",
		 1000 - (long long)written);
	if (!strstr(said, r.path))
		fail_msg("not said: %s, but: %s", r.path, said);
	close(r.fd);
}

static void wrong_options_are_told(void **state)
{
	static const struct {
		struct syslog_options options;
		const char *words;
	} wrong[] = {
		{{.facility = "secret"}, "syslog: no facility secret: use authpriv"},
		{{.transport = SYSLOG_TCP}, "syslog: tcp needs a server"},
		{{.max_line = 100}, "allow at least 480"},
		{{.transport = SYSLOG_TLS, .server = "a", .ca_file = "/nonexistent"},
		 "/nonexistent holds no certificates"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct error error = {0};
		struct sink *sink;

		assert_true(sink_syslog_open(&sink, &wrong[i].options, &error) < 0);
		assert_non_null(strstr(error.text, wrong[i].words));
		assert_int_equal(error.status, EXIT_INPUT);
	}
}

static void it_waits_for_the_store(void **state)
{
	struct receiver r;
	struct sink *sink;
	struct out *out = detection();

	(void)state;
	receive_local(&r);
	sink = announcer((struct syslog_options){.local_path = r.path});
	out_owe(out);
	sink->ops->write(sink, out);
	assert_false(readable(r.fd, 300));
	out_settle(out);
	assert_non_null(strstr(datagram(&r), WORDS));
	/* But not for ever. */
	out_owe(out);
	out->made += WEIR_SEC;
	sink->ops->write(sink, out);
	assert_non_null(strstr(datagram(&r), WORDS));
	close_sink(sink);
	out_drop(out);
	close(r.fd);
	unlink(r.path);
}

/* ---- TLS ---- */

static char ca_path[64];

static void add_extension(X509 *certificate, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;

	X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	assert_non_null(extension);
	X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
}

/* A certificate that signs itself, for 127.0.0.1; PEM in ca_path. */
static SSL_CTX *server_context(void)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = X509_new();
	FILE *file;

	X509_set_version(certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	X509_set_pubkey(certificate, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
				   (const unsigned char *)"weir test", -1, -1, 0);
	X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
	add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE");
	add_extension(certificate, NID_subject_alt_name, "IP:127.0.0.1");
	assert_true(X509_sign(certificate, key, EVP_sha256()));
	snprintf(ca_path, sizeof(ca_path), "/tmp/weir-test-ca-%d.pem", (int)getpid());
	file = fopen(ca_path, "w");
	assert_non_null(file);
	PEM_write_X509(file, certificate);
	fclose(file);
	SSL_CTX_use_certificate(context, certificate);
	SSL_CTX_use_PrivateKey(context, key);
	X509_free(certificate);
	EVP_PKEY_free(key);
	return context;
}

static int get_tls(void *tls, void *byte)
{
	return SSL_read(tls, byte, 1);
}

static SSL *accepted_tls(SSL_CTX *context, const struct receiver *r, int *result)
{
	SSL *tls = SSL_new(context);

	SSL_set_fd(tls, accepted(r));
	*result = SSL_accept(tls);
	return tls;
}

static void drop_tls(SSL *tls)
{
	int fd = SSL_get_fd(tls);

	SSL_free(tls);
	close(fd);
}

static void it_goes_by_tls_and_comes_back(void **state)
{
	SSL_CTX *context = server_context();
	struct receiver r = {0};
	struct sink *sink;
	char text[4096];
	int result;
	SSL *tls;

	(void)state;
	receive_ip(&r, SOCK_STREAM);
	sink = announcer((struct syslog_options){.transport = SYSLOG_TLS,
						 .server = "127.0.0.1",
						 .port = r.port,
						 .ca_file = ca_path});
	for (int round = 0; round < 2; round++) {
		send_detection(sink);
		tls = accepted_tls(context, &r, &result);
		assert_int_equal(result, 1);
		assert_non_null(strstr(counted(get_tls, tls, text), WORDS));
		assert_int_equal(sink->ops->flush(sink, 10000), 0);
		SSL_shutdown(tls);
		drop_tls(tls);
		usleep(100000);
	}
	close_sink(sink);
	SSL_CTX_free(context);
	close(r.fd);
	unlink(ca_path);
}

static void a_server_that_proves_nothing_gets_nothing(void **state)
{
	SSL_CTX *context = server_context();
	struct receiver r = {0};
	struct sink *sink;
	int result;
	SSL *tls;

	(void)state;
	receive_ip(&r, SOCK_STREAM);
	/* Right authority, wrong name. */
	sink = announcer((struct syslog_options){.transport = SYSLOG_TLS,
						 .server = "localhost",
						 .port = r.port,
						 .ca_file = ca_path});
	send_detection(sink);
	tls = accepted_tls(context, &r, &result);
	assert_true(
		comes_to_say(sink, "its certificate is not accepted: hostname mismatch", 1000) ||
		comes_to_say(sink, "its certificate is not accepted: Hostname mismatch", 1000));
	drop_tls(tls);
	close(r.fd);
	sink->ops->close(sink);
	ERR_clear_error();
	SSL_CTX_free(context);
	unlink(ca_path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_line_is_the_documented_one),
		cmocka_unit_test(levels_are_mapped),
		cmocka_unit_test(nothing_in_it_breaks_the_line),
		cmocka_unit_test(a_long_key_leaves_room_for_the_rest),
		cmocka_unit_test(a_long_sentence_is_cut_between_characters),
		cmocka_unit_test(a_long_head_is_cut_too),
		cmocka_unit_test(json_stays_json_when_it_is_too_long),
		cmocka_unit_test(it_goes_to_the_local_socket),
		cmocka_unit_test(a_local_socket_that_returns_gets_what_waited),
		cmocka_unit_test(it_goes_by_udp),
		cmocka_unit_test(it_goes_by_tcp_and_comes_back),
		cmocka_unit_test(a_full_queue_counts_and_close_is_bounded),
		cmocka_unit_test(a_receiver_that_does_not_read_holds_up_no_stop),
		cmocka_unit_test(wrong_options_are_told),
		cmocka_unit_test(it_waits_for_the_store),
		cmocka_unit_test(it_goes_by_tls_and_comes_back),
		cmocka_unit_test(a_server_that_proves_nothing_gets_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
