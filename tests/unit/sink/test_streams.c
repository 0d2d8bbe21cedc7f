/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "sink/describe.h"
#include "sink/sink.h"
#include "unit/sink/counters.h"
#include "unit/sink/sample.h"

static char path[] = "/tmp/weir-test-streams-XXXXXX";

static int setup(void **state)
{
	(void)state;
	strcpy(strrchr(path, '-') + 1, "XXXXXX");
	return close(mkstemp(path));
}

static int teardown(void **state)
{
	(void)state;
	return unlink(path);
}

#define ALL (1u << OUT_DETECTION | 1u << OUT_SIGNAL | 1u << OUT_EVENT)

static struct sink *json_sink(const char *to)
{
	struct sink *sink = NULL;
	struct error error;

	if (sink_json_open(&sink, to, ALL, &error))
		fail_msg("%s", error.text);
	return sink;
}

static void write_one(struct sink *sink, struct out *out)
{
	assert_non_null(out);
	sink->ops->write(sink, out);
	out_drop(out);
}

static char *contents(void)
{
	static char text[1 << 20];
	FILE *file = fopen(path, "r");
	size_t length;

	assert_non_null(file);
	length = fread(text, 1, sizeof(text) - 1, file);
	text[length] = '\0';
	fclose(file);
	return text;
}

/* Whole lines, each an object; how many. */
static unsigned objects(char *text)
{
	unsigned count = 0;
	char *end;

	for (; (end = strchr(text, '\n')); text = end + 1, count++) {
		json_t *object = json_loadb(text, (size_t)(end - text), 0, NULL);

		assert_true(json_is_object(object));
		json_decref(object);
	}
	assert_int_equal(*text, '\0');
	return count;
}

static void lines_are_objects(void **state)
{
	struct sink *sink = json_sink(path);
	struct event e = sample_event("10.0.0.1", "10.0.0.2", 80, SAMPLE_AT);
	struct sample s;

	(void)state;
	sample_init(&s);
	write_one(sink, out_signal(&s.signals[0], "web1"));
	assert_int_equal(objects(contents()), 1); /* at once */
	for (int i = 0; i < 1000; i++)
		write_one(sink, out_event(&e, "web1"));
	write_one(sink, out_detection(&s.detection, "web1"));
	assert_int_equal(objects(contents()), 1002); /* and in order */
	assert_int_equal(counter(sink, "written"), 1002);
	sink->ops->close(sink);
	sink = json_sink(path); /* goes on behind what is there */
	write_one(sink, out_event(&e, NULL));
	sink->ops->close(sink);
	assert_int_equal(objects(contents()), 1003);
}

static void a_file_that_cannot_be_is_told(void **state)
{
	struct sink *sink;
	struct error error;

	(void)state;
	assert_true(sink_json_open(&sink, "/nonexistent/x.json", ALL, &error) < 0);
	assert_int_equal(error.status, EXIT_SYSTEM);
	assert_string_equal(error.text, "/nonexistent/x.json: No such file or directory: name a "
					"file that may be written");
}

/* A line is whole or not there, and the next one that fits is written. */
static void a_full_disk_loses_whole_lines(void **state)
{
	struct rlimit old, small;
	struct sink *sink = json_sink(path);
	struct sample s;
	unsigned written;

	(void)state;
	sample_init(&s);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	small = old;
	small.rlim_cur = 5000;
	setrlimit(RLIMIT_FSIZE, &small);
	for (int i = 0; i < 20; i++)
		write_one(sink, out_signal(&s.signals[0], NULL));
	setrlimit(RLIMIT_FSIZE, &old);
	written = objects(contents());
	assert_in_range(written, 3, 10);
	assert_int_equal(counter(sink, "written"), written);
	assert_int_equal(counter(sink, "dropped"), 20 - written);
	write_one(sink, out_signal(&s.signals[0], NULL));
	assert_int_equal(objects(contents()), written + 1);
	sink->ops->close(sink);
}

/* Puts `fd` in the place of standard output; returns what was there. */
static int stdout_becomes(int fd)
{
	int old;

	fflush(stdout);
	old = dup(STDOUT_FILENO);
	dup2(fd, STDOUT_FILENO);
	close(fd);
	return old;
}

static void stdout_returns(int old)
{
	fflush(stdout);
	dup2(old, STDOUT_FILENO);
	close(old);
}

static void a_reader_that_leaves_is_counted(void **state)
{
	struct sink *sink;
	struct sample s;
	int ends[2], old;
	json_int_t dropped;

	(void)state;
	sample_init(&s);
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	old = stdout_becomes(ends[1]);
	sink = json_sink("-");
	for (int i = 0; i < 3; i++)
		write_one(sink, out_signal(&s.signals[0], NULL));
	dropped = counter(sink, "dropped");
	sink->ops->close(sink);
	stdout_returns(old);
	assert_int_equal(dropped, 3);
}

static void a_reader_that_sleeps_stops_nobody(void **state)
{
	struct sink *sink;
	struct error error;
	struct sample s;
	int ends[2], old;
	char drain[4096];
	bool full;

	(void)state;
	sample_init(&s);
	assert_int_equal(pipe(ends), 0);
	old = stdout_becomes(ends[1]);
	sink = json_sink("-");
	assert_int_equal(sink_queued(&sink, 10, &error), 0);
	for (int i = 0; i < 1000; i++)
		write_one(sink, out_signal(&s.signals[0], NULL));
	full = counter(sink, "dropped") > 500;
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	for (int i = 0; i < 200; i++) {
		if (read(ends[0], drain, sizeof(drain)) < 0)
			usleep(1000);
	}
	full = full && !sink->ops->flush(sink, 5000);
	full = full && counter(sink, "dropped") + counter(sink, "written") == 1000;
	sink->ops->close(sink);
	stdout_returns(old);
	close(ends[0]);
	assert_true(full);
}

/* ---- text ---- */

static void shown(const struct out *out, void (*show)(const struct terminal *, const json_t *))
{
	FILE *file = fopen(path, "w");
	struct terminal t = {.out = file};
	json_t *record = json_loads(out->json, 0, NULL);

	assert_non_null(record);
	show(&t, record);
	json_decref(record);
	fclose(file);
}

static void fully(const struct terminal *t, const json_t *record)
{
	describe_detection_fully(t, record, NULL);
}

static void a_detection_reads_well(void **state)
{
	struct sample s;
	struct out *out;

	(void)state;
	sample_init(&s);
	s.detection.coverage = 0.5;
	out = out_detection(&s.detection, "web1");
	shown(out, describe_detection);
	out_drop(out);
	assert_string_equal(
		contents(),
		"CRITICAL  LATERAL_MOVEMENT  source.ip=10.0.0.5\n"
		"  what      10.0.0.5 scanned 10.0.0.7 and got in\n"
		"  when      2026-01-02 03:04:04 to 03:04:06 UTC\n"
		"  signals   PORT_SCAN         critical  ports 228 (> 20), targets 2\n"
		"            CONNECTION_SPIKE  high      connections 228 (> 3 deviations "
		"(mean 10, deviation 3))\n"
		"  flows     10.0.0.5:40000 → 10.0.0.7:22 tcp\n"
		"            10.0.0.5:40000 → 10.0.0.8:445 tcp\n"
		"  coverage  50.0 % of the packets of its time were seen\n"
		"  attack    TA0008 T1021\n"
		"  id        33333333-3333-5333-8333-333333333333\n"
		"\n");
}

static void the_whole_explanation_has_all_parts(void **state)
{
	static const char *const parts[] = {
		"Why\n  PORT_SCAN: 228 ports > 20\n  CONNECTION_SPIKE: …\n",
		"open, seen 1 time, confidence 0.81",
		"Values against thresholds\n",
		"> 3 deviations (mean 10, deviation 3)",
		"72.7 deviations above the mean",
		"Time line (UTC)\n",
		"Sample flows\n",
		"1:6UcrICJFXsCUVOwFd0KRxEBjO6c=",
		"What to do\n  - Isolate the source host.\n",
		"web1",
	};
	struct sample s;
	struct out *out;

	(void)state;
	sample_init(&s);
	out = out_detection(&s.detection, "web1");
	shown(out, fully);
	out_drop(out);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (!strstr(contents(), parts[i]))
			fail_msg("\"%s\" is not in:\n%s", parts[i], contents());
}

/* An empty object, and one whose members are of other types, as a database may hold. */
static void a_strange_record_is_shown_as_far_as_it_goes(void **state)
{
	static const char *const records[] = {
		"{}",
		"{\"weir.signals\":[1,{}],\"weir.samples\":[{},\"x\"],\"weir.actions\":[2],"
		"\"message\":7,\"weir.confidence\":\"x\",\"source.ip\":{},\"weir.values\":3,"
		"\"event.start\":\"T\",\"event.end\":\"\"}",
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct out out = {.json = records[i]};

		shown(&out, describe_detection);
		shown(&out, fully);
	}
}

static void text_goes_to_standard_output_once(void **state)
{
	struct sink *sink;
	struct error error;
	struct sample s;
	int old;

	(void)state;
	sample_init(&s);
	old = stdout_becomes(open(path, O_WRONLY | O_TRUNC));
	assert_int_equal(sink_text_open(&sink, ALL, &error), 0);
	write_one(sink, out_signal(&s.signals[0], NULL));
	write_one(sink, out_event(&s.events[0], NULL));
	write_one(sink, out_detection(&s.detection, NULL));
	s.detection.change = DETECTION_UPDATED;
	s.detection.announce = false;
	write_one(sink, out_detection(&s.detection, NULL));
	sink->ops->close(sink);
	stdout_returns(old);
	assert_memory_equal(contents(),
			    "2026-01-02 03:04:05  signal  critical  PORT_SCAN  source.ip=10.0.0.5  "
			    "ports 228 (> 20), targets 2\n"
			    "2026-01-02T03:04:04.000006Z  attempt     10.0.0.5:40000 → 10.0.0.7:22 "
			    "tcp\n"
			    "CRITICAL  LATERAL_MOVEMENT",
			    200);
	assert_null(strstr(strstr(contents(), "CRITICAL") + 1, "CRITICAL"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lines_are_objects),
		TEST(a_file_that_cannot_be_is_told),
		TEST(a_full_disk_loses_whole_lines),
		TEST(a_reader_that_leaves_is_counted),
		TEST(a_reader_that_sleeps_stops_nobody),
		TEST(a_detection_reads_well),
		TEST(the_whole_explanation_has_all_parts),
		TEST(a_strange_record_is_shown_as_far_as_it_goes),
		TEST(text_goes_to_standard_output_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
