/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random rules and streams through this engine and through the slow one in tests/oracle, which
 * must say the same. `test_oracle drive CASES RESULTS` runs cases by hand.
 * timeout: 280
 */
#include "harness.h"

#include <inttypes.h>
#include <unistd.h>

#define ORACLE "tests/oracle/oracle.py"
#define SEED   "7"
#define CASES  "500"

static FILE *out;
static unsigned number;

static void put_number(double n)
{
	fprintf(out, "%.17g", n);
}

static void put_plain(const struct value *v)
{
	char text[256];

	if (v->type == VALUE_NULL)
		fprintf(out, "null");
	else if (v->type == VALUE_NUMBER)
		put_number(v->number);
	else
		fprintf(out, "\"%s\"", value_format(v, UNIT_NONE, text, sizeof(text)));
}

static void put_seen(const struct signal *s)
{
	if (!s->sets_len || !s->sets[0].whole) {
		fprintf(out, "null");
		return;
	}
	fprintf(out, "[");
	for (unsigned i = 0; i < s->sets[0].len; i++) {
		fprintf(out, i ? "," : "");
		put_plain(&s->sets[0].at[i]);
	}
	fprintf(out, "]");
}

static void put_values(const struct signal *s)
{
	fprintf(out, ",\"estimated\":[");
	for (unsigned i = 0, n = 0; i < s->values_len; i++)
		if (s->values[i].estimated)
			fprintf(out, "%s\"%s\"", n++ ? "," : "", s->values[i].name);
	fprintf(out, "]");
	for (unsigned i = 0; i < s->values_len; i++) {
		fprintf(out, ",\"%s\":", s->values[i].name);
		put_plain(&s->values[i].value);
		if (!s->values[i].scored)
			continue;
		fprintf(out, ",\"z %s\":", s->values[i].name);
		put_number(s->values[i].zscore);
	}
}

static const char *word(bool b)
{
	return b ? "true" : "false";
}

static void put_signal(void *context, const struct signal *s)
{
	fprintf(out,
		"{\"case\":%u,\"kind\":\"signal\",\"rule\":\"%s\",\"id\":\"%s\",\"update\":%s,"
		"\"silent\":%s,\"partial\":%s,\"start\":%" PRId64 ",\"time\":%" PRId64
		",\"emitted\":%" PRId64 ",\"window_start\":%" PRId64 ",\"window_end\":%" PRId64
		",\"severity\":%d,\"keys\":[",
		number, s->rule->name, s->id, word(s->update), word(s->silent), word(s->partial),
		s->start, s->time, s->emitted, s->window_start, s->window_end, (int)s->severity);
	for (unsigned i = 0; i < s->keys_len; i++) {
		fprintf(out, i ? "," : "");
		put_plain(&s->keys[i]);
	}
	fprintf(out, "],\"set\":");
	put_seen(s);
	put_values(s);
	fprintf(out, "}\n");
	correlate_signal(context, s);
}

static void put_detection(void *context, const struct detection *d)
{
	(void)context;
	fprintf(out,
		"{\"case\":%u,\"kind\":\"detection\",\"rule\":\"%s\",\"id\":\"%s\",\"change\":%d,"
		"\"worse\":%s,\"announce\":%s,\"severity\":%d,\"first\":%" PRId64
		",\"last\":%" PRId64 ",\"emitted\":%" PRId64 ",\"count\":%" PRIu64
		",\"common\":%u,\"signals\":%u}\n",
		number, d->rule->name, d->id, (int)d->change, word(d->worse), word(d->announce),
		(int)d->severity, d->first, d->last, d->emitted, d->count, d->common_len,
		d->signals_len);
}

static struct event event_of(const char *line)
{
	char service[16], source[48], destination[48], port[24], bytes[24], count[24], state[24];
	struct event e = {0};

	assert_int_equal(sscanf(line, "e %" SCNd64 " %15s %47s %47s %23s %23s %23s %23s", &e.time,
				service, source, destination, port, bytes, count, state),
			 8);
	e.service = (uint16_t)service_find(service, strlen(service));
	event_set(&e, NETWORK_TRANSPORT, network_transport, 6);
	if (*source != '-')
		event_set(&e, SOURCE_IP, source_ip, ip(source));
	if (*destination != '-')
		event_set(&e, DESTINATION_IP, destination_ip, ip(destination));
	if (*port != '-')
		event_set(&e, DESTINATION_PORT, destination_port, strtoull(port, NULL, 10));
	if (*bytes != '-')
		event_set(&e, SOURCE_BYTES, source_bytes, strtoull(bytes, NULL, 10));
	if (*count != '-')
		event_set(&e, EVENT_COUNT, event_count, strtoull(count, NULL, 10));
	if (*state != '-')
		event_set(&e, NETWORK_STATE, network_state,
			  (uint16_t)field_enum_number(FIELD_NETWORK_STATE, state, strlen(state)));
	return e;
}

static void drive_case(FILE *in, const char *rules, size_t length)
{
	struct faults faults = {0};
	struct ruleset *set;
	struct correlate_ops detections = {.detection = put_detection};
	struct signal_engine_ops signals = {.signal = put_signal};
	struct signal_engine *engine;
	char line[512];
	uint64_t record = 0;

	if (ruleset_load_text(&set, "case.yml", rules, length, &faults)) {
		vec_each (fault, &faults.list)
			fprintf(stderr, "case %u: %u: %s\n", number, fault->place.line,
				fault->text);
		fail_msg("case %u does not load:\n%s", number, rules);
	}
	signals.context = correlate_new(set, &detections);
	engine = signal_engine_new(set, &signals);
	assert_non_null(engine);
	while (fgets(line, sizeof(line), in) && strcmp(line, "end\n")) {
		struct event e = event_of(line);

		e.record = ++record;
		signal_engine_event(engine, &e);
	}
	signal_engine_watermark(engine, TIME_NEVER);
	correlate_watermark(signals.context, TIME_NEVER);
	signal_engine_free(engine);
	correlate_free(signals.context);
	ruleset_free(set);
	faults_free(&faults);
}

static void drive(const char *cases, const char *results)
{
	FILE *in = fopen(cases, "r");
	char *line = NULL;
	size_t size = 0, length;

	out = fopen(results, "w");
	assert_non_null(in);
	assert_non_null(out);
	while (getline(&line, &size, in) > 0) {
		char *rules;

		if (sscanf(line, "case %u %zu", &number, &length) != 2)
			continue;
		rules = calloc(1, length + 1);
		assert_int_equal(fread(rules, 1, length, in), length);
		drive_case(in, rules, length);
		free(rules);
	}
	free(line);
	fclose(in);
	fclose(out);
}

static void says_the_same(void **state)
{
	char folder[] = "/tmp/weir-oracle-XXXXXX", command[256], cases[64], results[64];

	(void)state;
	if (system("python3 -c '' 2>/dev/null") || access(ORACLE, R_OK)) {
		print_message("skip: no python3, or not run from the project's root\n");
		skip();
	}
	assert_non_null(mkdtemp(folder));
	snprintf(cases, sizeof(cases), "%s/cases", folder);
	snprintf(results, sizeof(results), "%s/results", folder);
	snprintf(command, sizeof(command), "python3 -B %s make %s %s %s", ORACLE, SEED, CASES,
		 cases);
	assert_int_equal(system(command), 0);
	drive(cases, results);
	snprintf(command, sizeof(command), "python3 -B %s check %s %s", ORACLE, cases, results);
	assert_int_equal(system(command), 0);
	unlink(cases);
	unlink(results);
	rmdir(folder);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_the_same),
	};

	if (argc == 4 && !strcmp(argv[1], "drive")) {
		drive(argv[2], argv[3]);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
