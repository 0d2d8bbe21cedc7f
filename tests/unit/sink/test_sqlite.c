/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "sink/database.h"
#include "sink/sink.h"
#include "unit/sink/counters.h"
#include "unit/sink/sample.h"

static char folder[] = "/tmp/weir-test-sqlite-XXXXXX";
static char path[64];

static int setup(void **state)
{
	(void)state;
	strcpy(strrchr(folder, '-') + 1, "XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/weir.db", folder);
	return 0;
}

static int teardown(void **state)
{
	static const char *const ends[] = {"", "-wal", "-shm", ".old"};
	char name[80];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		unlink(name);
	}
	rmdir(path);
	return rmdir(folder);
}

static struct sink *open_sink(size_t queue)
{
	const struct sqlite_options options = {.path = path, .queue = queue};
	struct sink *sink = NULL;
	struct error error = {0};

	if (sink_sqlite_open(&sink, &options, &error))
		fail_msg("%s", error.text);
	return sink;
}

static void close_sink(struct sink *sink)
{
	assert_int_equal(sink->ops->flush(sink, 10000), 0);
	sink->ops->close(sink);
}

static void write_one(struct sink *sink, struct out *out)
{
	assert_non_null(out);
	sink->ops->write(sink, out);
	out_drop(out);
}

static sqlite3 *reader(void)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	return db;
}

/* The answer's rows, columns by '|', rows by ';'. */
static const char *ask(const char *sql)
{
	static char answer[8192];
	sqlite3 *db = reader();
	sqlite3_stmt *stmt;
	size_t length = 0;

	answer[0] = '\0';
	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL))
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	while (sqlite3_step(stmt) == SQLITE_ROW)
		for (int i = 0; i < sqlite3_column_count(stmt); i++) {
			const char *text = (const char *)sqlite3_column_text(stmt, i);

			length += (size_t)snprintf(answer + length, sizeof(answer) - length, "%s%s",
						   i	    ? "|"
						   : length ? ";"
							    : "",
						   text ? text : "null");
		}
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return answer;
}

static void say(const char *sql)
{
	sqlite3 *db = reader();

	if (sqlite3_exec(db, sql, NULL, NULL, NULL))
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	sqlite3_close(db);
}

static json_int_t lost(struct sink *sink, const char *kind)
{
	json_t *status = sink->ops->status(sink);
	json_int_t value =
		json_integer_value(json_object_get(json_object_get(status, "lost"), kind));

	json_decref(status);
	return value;
}

static bool failing(struct sink *sink)
{
	json_t *status = sink->ops->status(sink);
	bool yes = json_object_get(status, "error");

	json_decref(status);
	return yes;
}

static void wait_failing(struct sink *sink)
{
	for (int i = 0; i < 500 && !failing(sink); i++)
		usleep(20000);
	assert_true(failing(sink));
}

static struct out *numbered_signal(struct sample *s, unsigned number)
{
	struct signal signal = s->signals[0];

	snprintf(signal.id, sizeof(signal.id), "00000000-0000-5000-8000-%012u", number);
	signal.window_start += number * WEIR_SEC;
	signal.window_end += number * WEIR_SEC;
	return out_signal(&signal, "web1");
}

static void the_file_is_as_documented(void **state)
{
	struct stat st;

	(void)state;
	close_sink(open_sink(0));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_string_equal(ask("PRAGMA application_id"), "2003134834");
	assert_string_equal(ask("PRAGMA user_version"), "1");
	assert_string_equal(ask("PRAGMA auto_vacuum"), "2");
	assert_string_equal(ask("PRAGMA journal_mode"), "wal");
	assert_string_equal(ask("SELECT name, strict FROM pragma_table_list WHERE type = 'table'"
				" AND name NOT LIKE 'sqlite%' ORDER BY name"),
			    "detection|1;detection_signal|1;flow|1;health|1;signal|1");
	assert_string_equal(ask("SELECT name FROM pragma_table_info('signal')"),
			    "id;rule_id;rule_name;severity;window_start;window_end;keys;"
			    "values_json;message;coverage;record");
	assert_string_equal(
		ask("SELECT name FROM pragma_table_info('detection')"),
		"id;rule_id;rule_name;title;severity;confidence;state;first_seen;"
		"last_seen;count;keys;message;technique;coverage;host;record;closed_as");
	close_sink(open_sink(0)); /* and opens again */
}

static void a_detection_is_stored_with_its_evidence(void **state)
{
	struct sink *sink = open_sink(0);
	struct sample s;

	(void)state;
	sample_init(&s);
	write_one(sink, out_signal(&s.signals[0], "web1"));
	write_one(sink, out_detection(&s.detection, "web1"));
	close_sink(sink);
	assert_string_equal(
		ask("SELECT id, rule_id, rule_name, title, severity, confidence, state,"
		    " first_seen, last_seen, count, keys, message, technique, coverage, host"
		    " FROM detection"),
		"33333333-3333-5333-8333-333333333333|rule-lateral|LATERAL_MOVEMENT|"
		"Lateral movement|critical|0.81|open|1767323044000006|1767323046000006|1|"
		"{\"source.ip\":\"10.0.0.5\"}|10.0.0.5 scanned 10.0.0.7 and got in|T1021|1.0|web1");
	assert_string_equal(ask("SELECT rule_name, severity, window_start, window_end, message"
				" FROM signal ORDER BY id"),
			    "PORT_SCAN|critical|1767323040000000|1767323100000000|"
			    "10.0.0.5 tried 228 ports;CONNECTION_SPIKE|high|1767323040000000|"
			    "1767323100000000|10.0.0.5 opened 228 connections");
	assert_string_equal(ask("SELECT signal_id FROM detection_signal ORDER BY signal_id"),
			    "11111111-1111-5111-8111-111111111111;"
			    "22222222-2222-5222-8222-222222222222");
	assert_string_equal(
		ask("SELECT json_extract(record, '$.\"weir.values\".\"PORT_SCAN.ports\".value')"
		    " FROM detection"),
		"228");
}

static void the_same_again_makes_no_twin(void **state)
{
	struct sink *sink = open_sink(0);
	struct sample s;

	(void)state;
	sample_init(&s);
	for (int i = 0; i < 2; i++) {
		write_one(sink, out_signal(&s.signals[0], "web1"));
		write_one(sink, out_detection(&s.detection, "web1"));
	}
	s.signals[0].update = true;
	s.signals[0].severity = SEVERITY_LOW;
	s.detection.change = DETECTION_UPDATED;
	s.detection.count = 7;
	write_one(sink, out_signal(&s.signals[0], "web1"));
	write_one(sink, out_detection(&s.detection, "web1"));
	close_sink(sink);
	assert_string_equal(ask("SELECT count(*) FROM detection_signal"), "2");
	assert_string_equal(ask("SELECT severity FROM signal ORDER BY id"), "low;high");
	assert_string_equal(ask("SELECT count FROM detection"), "7");
}

static void a_state_goes_only_forward(void **state)
{
	struct sink *sink = open_sink(0);
	struct sample s;

	(void)state;
	sample_init(&s);
	write_one(sink, out_detection(&s.detection, NULL));
	assert_int_equal(sink->ops->flush(sink, 10000), 0);
	say("UPDATE detection SET state = 'acknowledged'");
	s.detection.change = DETECTION_UPDATED;
	s.detection.count = 2;
	write_one(sink, out_detection(&s.detection, NULL));
	assert_int_equal(sink->ops->flush(sink, 10000), 0);
	assert_string_equal(ask("SELECT state, count, json_extract(record, '$.\"weir.state\"')"
				" FROM detection"),
			    "acknowledged|2|acknowledged");
	s.detection.change = DETECTION_CLOSED;
	write_one(sink, out_detection(&s.detection, NULL));
	s.detection.change = DETECTION_UPDATED;
	write_one(sink, out_detection(&s.detection, NULL));
	close_sink(sink);
	assert_string_equal(ask("SELECT state FROM detection"), "closed");
}

static void a_flow_is_one_row_from_first_packet_to_totals(void **state)
{
	struct sink *sink = open_sink(0);
	struct event e = sample_event("10.0.0.5", "10.0.0.7", 22, SAMPLE_AT);
	struct event known = e, end = e;

	(void)state;
	write_one(sink, out_flow(&e, "web1"));
	known.service = SERVICE_CONNECTION;
	known.time += WEIR_MSEC;
	event_set(&known, EVENT_START, event_start, SAMPLE_AT);
	event_set(&known, NETWORK_STATE, network_state, STATE_ESTABLISHED);
	write_one(sink, out_flow(&known, "web1"));
	end.service = SERVICE_FLOW;
	end.time += 10 * WEIR_SEC;
	event_set(&end, EVENT_START, event_start, SAMPLE_AT + 9 * WEIR_SEC);
	event_set(&end, FLOW_ENDED, flow_ended, true);
	event_set(&end, FLOW_TOTAL_SOURCE_BYTES, flow_total_source_bytes, 1000);
	event_set(&end, FLOW_TOTAL_DESTINATION_BYTES, flow_total_destination_bytes, UINT64_MAX);
	write_one(sink, out_flow(&end, "web1"));
	end.time += WEIR_HOUR; /* the tuple once more: another connection */
	end.event_start += WEIR_HOUR;
	write_one(sink, out_flow(&end, "web1"));
	close_sink(sink);
	assert_string_equal(ask("SELECT first_seen, last_seen, source_ip, source_port,"
				" destination_ip, destination_port, transport, state, ended,"
				" source_bytes, destination_bytes FROM flow ORDER BY first_seen"),
			    "1767323045000006|1767323055000006|10.0.0.5|40000|10.0.0.7|22|tcp|"
			    "established|1|1000|9223372036854775807;"
			    "1767326654000006|1767326655000006|10.0.0.5|40000|10.0.0.7|22|tcp|"
			    "null|1|1000|9223372036854775807");
}

static void health_is_kept(void **state)
{
	struct event e = {.time = SAMPLE_AT, .service = SERVICE_HEALTH};
	struct sink *sink = open_sink(0);
	struct out *out;

	(void)state;
	event_set(&e, EVENT_ACTION, event_action, ((struct text){"table-full", 10}));
	event_set(&e, MESSAGE, message, ((struct text){"the table is full", 17}));
	out = out_event(&e, "web1");
	out->kind = OUT_HEALTH;
	write_one(sink, out);
	close_sink(sink);
	assert_string_equal(ask("SELECT time, fact, message, host FROM health"),
			    "1767323045000006|table-full|the table is full|web1");
}

static void refused(enum exit_status status, const char *words)
{
	const struct sqlite_options options = {.path = path};
	struct error error = {0};
	struct sink *sink;

	assert_true(sink_sqlite_open(&sink, &options, &error) < 0);
	if (!strstr(error.text, words))
		fail_msg("\"%s\" is not in: %s", words, error.text);
	assert_int_equal(error.status, status);
}

static void what_is_not_ours_is_refused(void **state)
{
	FILE *file;

	(void)state;
	close_sink(open_sink(0));
	say("PRAGMA user_version = 9");
	refused(EXIT_INPUT, "has version 9, made by a newer weir; this one knows up to 1");
	say("PRAGMA application_id = 5");
	refused(EXIT_INPUT, "is a database of another program");
	unlink(path);
	say("CREATE TABLE theirs (a)");
	refused(EXIT_INPUT, "is a database of another program");
	assert_string_equal(ask("SELECT name FROM sqlite_schema"), "theirs");
	unlink(path);
	file = fopen(path, "w");
	for (int i = 0; i < 500; i++)
		fputs("this is no database\n", file);
	fclose(file);
	refused(EXIT_INPUT, "is not a database");
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	refused(EXIT_INPUT, "is no file");
	rmdir(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	refused(EXIT_INPUT, "is no file");
}

/* Root may write everywhere, so another user tries. */
static void a_folder_that_refuses_is_told(void **state)
{
	int status;
	pid_t child;

	(void)state;
	if (getuid()) {
		skip();
		return;
	}
	chmod(folder, 0755);
	child = fork();
	if (!child) {
		const struct sqlite_options options = {.path = path};
		struct error error = {0};
		struct sink *sink;

		if (setgid(65534) || setuid(65534))
			_exit(9);
		if (!sink_sqlite_open(&sink, &options, &error))
			_exit(1);
		_exit(error.status == EXIT_SYSTEM && strstr(error.text, "Permission denied: run as")
			      ? 0
			      : 2);
	}
	waitpid(child, &status, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_missing_folder_is_made(void **state)
{
	char deep[80], inner[100];
	struct sqlite_options options = {.path = inner};
	struct error error;
	struct sink *sink;

	(void)state;
	snprintf(deep, sizeof(deep), "%s/lib", folder);
	snprintf(inner, sizeof(inner), "%s/weir.db", deep);
	assert_int_equal(sink_sqlite_open(&sink, &options, &error), 0);
	sink->ops->close(sink);
	assert_int_equal(unlink(inner), 0);
	assert_int_equal(rmdir(deep), 0);
	snprintf(inner, sizeof(inner), "%s/a/b/weir.db", folder);
	assert_true(sink_sqlite_open(&sink, &options, &error) < 0);
	assert_int_equal(error.status, EXIT_SYSTEM);
	assert_non_null(strstr(error.text, "make its folder"));
}

static void a_locked_file_loses_nothing_that_fits(void **state)
{
	struct sink *sink = open_sink(0);
	struct sample s;
	sqlite3 *other = reader();
	struct out *detection;

	(void)state;
	sample_init(&s);
	detection = out_detection(&s.detection, NULL);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	for (unsigned i = 0; i < 100; i++)
		write_one(sink, numbered_signal(&s, i));
	sink->ops->write(sink, detection);
	assert_true(atomic_load(&detection->owing));
	wait_failing(sink);
	out_await(detection, 100); /* it is announced all the same */
	atomic_store(&detection->owing, false);
	sink->ops->write(sink, detection);
	assert_false(atomic_load(&detection->owing)); /* and now at once */
	assert_int_equal(sink->ops->flush(sink, 50), -ETIMEDOUT);
	assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(other);
	assert_int_equal(sink->ops->flush(sink, 20000), 0);
	assert_false(failing(sink));
	assert_int_equal(counter(sink, "dropped"), 0);
	assert_int_equal(counter(sink, "written"), 102);
	close_sink(sink);
	out_drop(detection);
	assert_string_equal(ask("SELECT count(*) FROM signal"), "102");
}

static void a_full_queue_drops_signals_and_counts_them(void **state)
{
	struct sink *sink = open_sink(8);
	struct sample s;
	sqlite3 *other = reader();

	(void)state;
	sample_init(&s);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	for (unsigned i = 0; i < 1000; i++)
		write_one(sink, numbered_signal(&s, i));
	write_one(sink, out_detection(&s.detection, NULL));
	assert_true(counter(sink, "dropped") > 500);
	assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(other);
	assert_int_equal(sink->ops->flush(sink, 20000), 0);
	assert_int_equal(counter(sink, "dropped") + counter(sink, "written"), 1001);
	close_sink(sink);
	assert_string_equal(ask("SELECT count(*) FROM detection"), "1");
}

/* Flows and signals go for a detection that finds the queue full, and are counted by kind. */
static void what_matters_less_goes_first(void **state)
{
	struct sink *sink = open_sink(8);
	struct sample s;
	sqlite3 *other = reader();

	(void)state;
	sample_init(&s);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	write_one(sink, numbered_signal(&s, 0));
	wait_failing(sink); /* holds the first: the rest waits */
	for (unsigned i = 0; i < 20; i++)
		write_one(sink, out_flow(&s.events[0], "web1"));
	for (unsigned i = 1; i <= 12; i++)
		write_one(sink, numbered_signal(&s, i));
	for (unsigned i = 0; i < 8; i++)
		write_one(sink, out_detection(&s.detection, NULL));
	assert_int_equal(lost(sink, "flows"), 20);
	assert_int_equal(lost(sink, "signals"), 4);
	assert_int_equal(lost(sink, "detections"), 0);
	assert_int_equal(counter(sink, "dropped"), 24);
	write_one(sink, out_detection(&s.detection, NULL));
	assert_int_equal(lost(sink, "detections"), 1);
	assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(other);
	assert_int_equal(sink->ops->flush(sink, 20000), 0);
	assert_int_equal(counter(sink, "written"), 17);
	close_sink(sink);
	assert_string_equal(ask("SELECT count(*) FROM detection"), "1");
}

static long log_bytes(void)
{
	char log[80];
	struct stat st;

	snprintf(log, sizeof(log), "%s-wal", path);
	return stat(log, &st) ? 0 : (long)st.st_size;
}

/* A reader in the middle of the log: it does not grow beyond its bound, what is left out is
 * counted, and all goes on when the reader ends. */
static void a_reader_does_not_make_the_log_grow(void **state)
{
	const struct sqlite_options options = {.path = path, .log_bytes = 4 << 20};
	struct sink *sink;
	struct error error;
	struct sample s;
	sqlite3 *other;

	(void)state;
	sample_init(&s);
	assert_int_equal(sink_sqlite_open(&sink, &options, &error), 0);
	other = reader();
	assert_int_equal(
		sqlite3_exec(other, "BEGIN; SELECT count(*) FROM signal", NULL, NULL, NULL),
		SQLITE_OK);
	for (unsigned i = 0; i < 20000 && !lost(sink, "signals"); i++) {
		write_one(sink, out_flow(&s.events[i % 2], "web1"));
		write_one(sink, numbered_signal(&s, i));
		if (i % 500 == 0)
			assert_int_equal(sink->ops->flush(sink, 20000), 0);
	}
	write_one(sink, out_detection(&s.detection, NULL));
	sink->ops->flush(sink, 20000);
	assert_true(failing(sink));
	assert_true(lost(sink, "flows") > 0 && lost(sink, "signals") > 0);
	assert_int_equal(lost(sink, "detections"), 0);
	assert_in_range(log_bytes(), 3 << 20, 4 << 20);
	assert_string_equal(ask("SELECT count(*) FROM detection"), "1");
	assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(other);
	write_one(sink, numbered_signal(&s, 30000));
	assert_int_equal(sink->ops->flush(sink, 20000), 0);
	assert_false(failing(sink));
	assert_in_range(log_bytes(), 0, 1 << 20);
	assert_string_equal(ask("SELECT count(*) FROM signal WHERE id LIKE '%30000'"), "1");
	close_sink(sink);
}

static void a_patient_store_loses_nothing(void **state)
{
	const struct sqlite_options options = {.path = path, .queue = 2, .patient = true};
	struct error error;
	struct sample s;
	struct sink *sink;

	(void)state;
	sample_init(&s);
	assert_int_equal(sink_sqlite_open(&sink, &options, &error), 0);
	for (unsigned i = 0; i < 1000; i++)
		write_one(sink, numbered_signal(&s, i));
	assert_int_equal(sink->ops->flush(sink, 20000), 0);
	assert_int_equal(counter(sink, "dropped"), 0);
	close_sink(sink);
	assert_string_equal(ask("SELECT count(*) FROM signal"), "1000");
}

static void no_space_is_told_and_outlived(void **state)
{
	struct rlimit old, small = {0};
	struct sink *sink = open_sink(0);
	struct sample s;

	(void)state;
	sample_init(&s);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	small.rlim_cur = 150000;
	small.rlim_max = old.rlim_max;
	setrlimit(RLIMIT_FSIZE, &small);
	for (unsigned i = 0; i < 1000; i++)
		write_one(sink, numbered_signal(&s, i));
	wait_failing(sink);
	setrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(sink->ops->flush(sink, 30000), 0);
	assert_false(failing(sink));
	assert_int_equal(counter(sink, "written"), 1000);
	close_sink(sink);
	assert_string_equal(ask("SELECT count(*) FROM signal"), "1000");
}

static void a_file_taken_away_is_made_again(void **state)
{
	struct sink *sink = open_sink(0);
	struct sample s;
	char old[80];

	(void)state;
	sample_init(&s);
	write_one(sink, numbered_signal(&s, 1));
	assert_int_equal(sink->ops->flush(sink, 10000), 0);
	snprintf(old, sizeof(old), "%s.old", path);
	assert_int_equal(rename(path, old), 0);
	write_one(sink, numbered_signal(&s, 2));
	close_sink(sink);
	assert_string_equal(ask("SELECT count(*) FROM signal"), "1");
}

static void closing_a_locked_file_takes_bounded_time(void **state)
{
	struct sink *sink = open_sink(0);
	struct sample s;
	sqlite3 *other = reader();
	time_t begin = time(NULL);

	(void)state;
	sample_init(&s);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	for (unsigned i = 0; i < 1000; i++)
		write_one(sink, numbered_signal(&s, i));
	sink->ops->close(sink);
	assert_in_range(time(NULL) - begin, 0, 9);
	sqlite3_close(other);
}

static void a_detection_is_on_disk_when_it_is_announced(void **state)
{
	struct sink *sink = open_sink(0);
	struct sample s;
	struct out *out;

	(void)state;
	sample_init(&s);
	out = out_detection(&s.detection, NULL);
	sink->ops->write(sink, out);
	out_await(out, 10000);
	assert_string_equal(ask("SELECT count(*) FROM detection"), "1");
	out_drop(out);
	close_sink(sink);
}

static void fill(unsigned rows)
{
	struct sink *sink = open_sink(0);
	struct sample s;

	sample_init(&s);
	for (unsigned i = 0; i < rows; i++)
		write_one(sink, numbered_signal(&s, i));
	write_one(sink, out_detection(&s.detection, NULL));
	close_sink(sink);
}

static void what_is_old_goes(void **state)
{
	const struct retention retention = {.keep_for = 100 * WEIR_SEC};
	weir_time now = time_floor(SAMPLE_AT, WEIR_MIN) + WEIR_MIN + 4999 * WEIR_SEC;
	struct error error;
	uint64_t deleted = 0;
	bool more;
	sqlite3 *db;

	(void)state;
	fill(5000);
	assert_int_equal(database_open(&db, path, &error), 0);
	assert_int_equal(database_retain(db, &retention, now, &deleted, &more), SQLITE_OK);
	sqlite3_close(db);
	assert_false(more);
	assert_int_equal(deleted, 4899 + 2 + 1); /* the detection and its signals are as old */
	assert_string_equal(ask("SELECT count(*), min(window_end) FROM signal"),
			    "101|1767327999000000");
	assert_string_equal(ask("SELECT count(*) FROM detection_signal"), "0");
}

#define HOURS(n) ((n)*3600u)
#define DAYS(n)	 HOURS(24u * (n))

/* When numbered_signal() 0 ends. */
#define BEGUN (time_floor(SAMPLE_AT, WEIR_MIN) + WEIR_MIN)

/* Opens a new file with a signal of each of these seconds, stored in this order. */
static sqlite3 *stored_at(const unsigned *seconds, size_t len)
{
	struct error error;
	struct sample s;
	struct sink *sink;
	sqlite3 *db;

	unlink(path);
	sink = open_sink(0);
	sample_init(&s);
	for (size_t i = 0; i < len; i++)
		write_one(sink, numbered_signal(&s, seconds[i]));
	close_sink(sink);
	assert_int_equal(database_open(&db, path, &error), 0);
	return db;
}

static uint64_t retained(sqlite3 *db, bool by_clock, unsigned seconds)
{
	const struct retention retention = {.keep_for = 10 * WEIR_DAY, .by_clock = by_clock};
	uint64_t deleted = 0;
	bool more;

	assert_int_equal(
		database_retain(db, &retention, BEGUN + seconds * WEIR_SEC, &deleted, &more),
		SQLITE_OK);
	return deleted;
}

static void what_a_wrong_clock_stored_goes_with_what_came_next(void **state)
{
	static const unsigned at[] = {0,	DAYS(365), DAYS(366), DAYS(1),
				      DAYS(20), DAYS(730), DAYS(25)};
	sqlite3 *db = stored_at(at, 7);

	(void)state;
	assert_int_equal(retained(db, true, DAYS(5)), 0);
	assert_int_equal(retained(db, true, DAYS(15)), 4);
	assert_string_equal(ask("SELECT count(*) FROM signal"), "3");
	assert_int_equal(retained(db, true, DAYS(32)), 1);
	assert_int_equal(retained(db, true, DAYS(40)), 2);
	sqlite3_close(db);
	/* The newest time of a recording is no clock: others may be of later. */
	db = stored_at(at, 7);
	assert_int_equal(retained(db, false, DAYS(15)), 2);
	assert_int_equal(retained(db, false, DAYS(40)), 2);
	sqlite3_close(db);
}

static weir_time newest_of(const unsigned *seconds, size_t len)
{
	sqlite3 *db = stored_at(seconds, len);
	weir_time newest = database_newest(db);

	sqlite3_close(db);
	return newest == TIME_NONE ? newest : (newest - BEGUN) / WEIR_SEC;
}

/* At the next start nothing is old all at once. */
static void the_first_day_behind_a_leap_is_in_doubt(void **state)
{
	static const unsigned young[] = {0, HOURS(1)};
	static const unsigned steady[] = {0, HOURS(20), HOURS(43), DAYS(2)};
	static const unsigned leapt[] = {0, DAYS(1), DAYS(365), DAYS(365) + HOURS(20)};
	static const unsigned stands[] = {0, DAYS(1), DAYS(365), DAYS(365) + HOURS(12),
					  DAYS(365) + HOURS(30)};

	(void)state;
	assert_int_equal(newest_of(NULL, 0), TIME_NONE);
	assert_int_equal(newest_of(young, 2), HOURS(1));
	assert_int_equal(newest_of(steady, 4), DAYS(2));
	assert_int_equal(newest_of(leapt, 4), DAYS(1));
	assert_int_equal(newest_of(stands, 5), DAYS(365) + HOURS(30));
}

static void the_store_deletes_while_it_runs(void **state)
{
	const struct sqlite_options options = {.path = path, .keep_for = 100 * WEIR_SEC};
	struct error error;
	struct sample s;
	struct sink *sink;

	(void)state;
	fill(1000);
	sample_init(&s);
	assert_int_equal(sink_sqlite_open(&sink, &options, &error), 0);
	write_one(sink, numbered_signal(&s, 1049)); /* no clock: the newest record's time */
	assert_int_equal(sink->ops->flush(sink, 10000), 0);
	for (int i = 0; i < 500 && strcmp(ask("SELECT count(*) FROM signal"), "52"); i++)
		usleep(20000);
	close_sink(sink);
	assert_string_equal(ask("SELECT count(*), min(window_end) FROM signal"),
			    "52|1767324049000000");
}

static void what_is_too_much_goes_oldest_first(void **state)
{
	const struct retention retention = {.keep_bytes = 1000000};
	struct error error;
	uint64_t deleted = 0;
	struct stat before, after;
	bool more = true;
	sqlite3 *db;

	(void)state;
	fill(5000);
	assert_int_equal(stat(path, &before), 0);
	assert_true(before.st_size > 2000000);
	assert_int_equal(database_open(&db, path, &error), 0);
	for (int i = 0; i < 10 && more; i++)
		assert_int_equal(database_retain(db, &retention, 0, &deleted, &more), SQLITE_OK);
	sqlite3_close(db);
	assert_false(more);
	assert_int_equal(stat(path, &after), 0);
	assert_in_range(after.st_size, 500000, 1000000);
	assert_string_equal(ask("SELECT max(window_end) FROM signal"), "1767328099000000");
	assert_true(atoll(ask("SELECT min(window_end) FROM signal")) > 1767325000000000);
	assert_string_equal(ask("PRAGMA integrity_check"), "ok");
}

static void a_bound_below_any_file_ends(void **state)
{
	const struct retention retention = {.keep_bytes = 1};
	struct error error;
	uint64_t deleted = 0;
	bool more = true;
	sqlite3 *db;

	(void)state;
	fill(700);
	assert_int_equal(database_open(&db, path, &error), 0);
	for (int i = 0; i < 10 && more; i++)
		assert_int_equal(database_retain(db, &retention, 0, &deleted, &more), SQLITE_OK);
	sqlite3_close(db);
	assert_false(more);
	assert_string_equal(ask("SELECT count(*) FROM signal"), "0");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_file_is_as_documented),
		TEST(a_detection_is_stored_with_its_evidence),
		TEST(the_same_again_makes_no_twin),
		TEST(a_state_goes_only_forward),
		TEST(a_flow_is_one_row_from_first_packet_to_totals),
		TEST(health_is_kept),
		TEST(what_is_not_ours_is_refused),
		TEST(a_folder_that_refuses_is_told),
		TEST(a_missing_folder_is_made),
		TEST(a_locked_file_loses_nothing_that_fits),
		TEST(a_full_queue_drops_signals_and_counts_them),
		TEST(what_matters_less_goes_first),
		TEST(a_reader_does_not_make_the_log_grow),
		TEST(a_patient_store_loses_nothing),
		TEST(no_space_is_told_and_outlived),
		TEST(a_file_taken_away_is_made_again),
		TEST(closing_a_locked_file_takes_bounded_time),
		TEST(a_detection_is_on_disk_when_it_is_announced),
		TEST(what_is_old_goes),
		TEST(what_a_wrong_clock_stored_goes_with_what_came_next),
		TEST(the_first_day_behind_a_leap_is_in_doubt),
		TEST(the_store_deletes_while_it_runs),
		TEST(what_is_too_much_goes_oldest_first),
		TEST(a_bound_below_any_file_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
