/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sink/sink.h"
#include "sink/store.h"
#include "unit/sink/sample.h"

static char folder[] = "/tmp/weir-test-store-XXXXXX";
static char path[64];

static void write_one(struct sink *sink, struct out *out)
{
	assert_non_null(out);
	sink->ops->write(sink, out);
	out_drop(out);
}

static struct detection numbered(const struct sample *s, const char *id, enum severity severity,
				 int hour)
{
	struct detection d = s->detection;

	strcpy(d.id, id);
	d.severity = severity;
	d.last += hour * WEIR_HOUR;
	return d;
}

/* Three detections: aaaa1… low, aaaa2… high an hour later, bbbb… critical two hours later. */
static int setup(void **state)
{
	struct sqlite_options options = {.path = path};
	struct sink *sink;
	struct error error;
	struct sample s;
	struct detection d;
	struct event e;

	(void)state;
	strcpy(strrchr(folder, '-') + 1, "XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/weir ?#%%.db", folder); /* no name for an URI */
	if (sink_sqlite_open(&sink, &options, &error))
		return -1;
	sample_init(&s);
	d = numbered(&s, "aaaa1111-3333-5333-8333-333333333333", SEVERITY_LOW, 0);
	d.rule = &s.scan;
	write_one(sink, out_detection(&d, "web1"));
	d = numbered(&s, "aaaa2222-3333-5333-8333-333333333333", SEVERITY_HIGH, 1);
	write_one(sink, out_detection(&d, "web2"));
	d = numbered(&s, "bbbb1111-3333-5333-8333-333333333333", SEVERITY_CRITICAL, 2);
	write_one(sink, out_detection(&d, "web1"));
	e = s.events[0];
	event_set(&e, SOURCE_BYTES, source_bytes, 1234);
	write_one(sink, out_flow(&e, "web1"));
	e = sample_event("10.9.9.9", "10.0.0.1", 80, SAMPLE_AT); /* of nobody's evidence */
	write_one(sink, out_flow(&e, "web1"));
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

static struct store *opened(void)
{
	struct store *store = NULL;
	struct error error;

	if (store_open(&store, path, &error))
		fail_msg("%s", error.text);
	return store;
}

static void note(void *context, const struct store_row *row)
{
	char *ids = context;

	assert_true(row->last >= row->first);
	strncat(ids, row->id, 5);
	strcat(ids, " ");
}

static void listed(struct store_filter filter, const char *expected)
{
	struct store *store = opened();
	char ids[64] = "";
	struct error error;

	assert_int_equal(store_list(store, &filter, note, ids, &error), 0);
	assert_string_equal(ids, expected);
	store_close(store);
}

static void lists_are_filtered(void **state)
{
	const weir_time all = TIME_NONE, later = SAMPLE_AT + WEIR_HOUR;

	(void)state;
	listed((struct store_filter){all, -1, NULL, NULL, 0}, "aaaa1 aaaa2 bbbb1 ");
	listed((struct store_filter){all, -1, NULL, NULL, 2}, "aaaa2 bbbb1 ");
	listed((struct store_filter){all, SEVERITY_HIGH, NULL, NULL, 0}, "aaaa2 bbbb1 ");
	listed((struct store_filter){later, -1, NULL, NULL, 0}, "aaaa2 bbbb1 ");
	listed((struct store_filter){all, -1, "port_scan", NULL, 0}, "aaaa1 ");
	listed((struct store_filter){all, -1, "rule-lateral", NULL, 0}, "aaaa2 bbbb1 ");
	listed((struct store_filter){all, -1, NULL, "WEB2", 0}, "aaaa2 ");
	listed((struct store_filter){all, -1, NULL, "10.0.0.5", 1}, "bbbb1 ");
	listed((struct store_filter){all, -1, NULL, "10.0.0.9", 0}, "");
	listed((struct store_filter){all, -1, "' OR 1 --", NULL, 0}, "");
}

static void an_id_is_found_by_its_beginning(void **state)
{
	struct store *store = opened();
	char id[UUID_TEXT_MAX];
	struct error error;

	(void)state;
	assert_int_equal(store_find(store, "b", id, &error), 0);
	assert_string_equal(id, "bbbb1111-3333-5333-8333-333333333333");
	assert_int_equal(store_find(store, "AAAA2", id, &error), 0);
	assert_string_equal(id, "aaaa2222-3333-5333-8333-333333333333");
	assert_true(store_find(store, "aaaa", id, &error) < 0);
	assert_string_equal(error.text, "several detections begin with aaaa: give more of the id");
	assert_true(store_find(store, "cccc", id, &error) < 0);
	assert_string_equal(error.text, "no detection cccc: `weir detections` lists them");
	assert_true(store_find(store, "%", id, &error) < 0);
	assert_true(store_find(store, "", id, &error) < 0);
	assert_int_equal(error.status, EXIT_INPUT);
	store_close(store);
}

static void one_is_read_with_all_that_belongs_to_it(void **state)
{
	static const char id[] = "bbbb1111-3333-5333-8333-333333333333";
	struct store *store = opened();
	struct error error;
	json_t *record = store_record(store, id, &error);
	json_t *flows = store_flows(store, id, &error);

	(void)state;
	assert_string_equal(json_string_value(json_object_get(record, "event.id")), id);
	assert_int_equal(json_array_size(flows), 1);
	assert_int_equal(
		json_integer_value(json_object_get(json_array_get(flows, 0), "source_bytes")),
		1234);
	json_decref(record);
	json_decref(flows);
	assert_null(store_record(store, "cccc", &error));
	store_close(store);
}

static void a_person_sets_the_state(void **state)
{
	static const char id[] = "aaaa1111-3333-5333-8333-333333333333";
	struct store *store;
	struct error error;
	json_t *record;

	(void)state;
	assert_int_equal(store_set_state(path, id, "acknowledged", NULL, &error), 0);
	assert_int_equal(store_set_state(path, id, "acknowledged", NULL, &error), 0);
	assert_int_equal(store_set_state(path, id, "closed", "false-positive", &error), 0);
	assert_int_equal(store_set_state(path, id, "acknowledged", NULL, &error), -EALREADY);
	assert_int_equal(error.status, EXIT_INPUT);
	assert_non_null(strstr(error.text, "only forward"));
	store = opened();
	record = store_record(store, id, &error);
	assert_string_equal(json_string_value(json_object_get(record, "weir.state")), "closed");
	assert_string_equal(json_string_value(json_object_get(record, "weir.closed_as")),
			    "false-positive");
	json_decref(record);
	store_close(store);
}

static void refused(const char *name, enum exit_status status, const char *words)
{
	struct store *store;
	struct error error = {0};

	assert_true(store_open(&store, name, &error) < 0);
	if (!strstr(error.text, words))
		fail_msg("\"%s\" is not in: %s", words, error.text);
	assert_int_equal(error.status, status);
}

static void what_is_no_database_is_told(void **state)
{
	char name[80];
	FILE *file;

	(void)state;
	snprintf(name, sizeof(name), "%s/none", folder);
	refused(name, EXIT_INPUT, "No such file or directory");
	assert_int_equal(access(name, F_OK), -1); /* reading makes no file */
	refused(folder, EXIT_INPUT, "is no file");
	file = fopen(name, "w");
	refused(name, EXIT_INPUT, "is empty");
	for (int i = 0; i < 500; i++)
		fputs("this is no database\n", file);
	fclose(file);
	refused(name, EXIT_INPUT, "is not a database");
}

/* The group may read it, and nothing of the folder, while nobody has it open. */
static void who_may_only_read_can(void **state)
{
	int status;
	pid_t child;

	(void)state;
	if (getuid()) {
		skip();
		return;
	}
	assert_int_equal(chown(path, (uid_t)-1, 65534), 0);
	chmod(folder, 0755);
	child = fork();
	if (!child) {
		struct store *store;
		struct error error;

		if (setgid(65534) || setuid(65534))
			_exit(9);
		_exit(store_open(&store, path, &error) ? 1 : 0);
	}
	waitpid(child, &status, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lists_are_filtered),
		TEST(an_id_is_found_by_its_beginning),
		TEST(one_is_read_with_all_that_belongs_to_it),
		TEST(a_person_sets_the_state),
		TEST(what_is_no_database_is_told),
		TEST(who_may_only_read_can),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
