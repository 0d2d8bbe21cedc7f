/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random rules and streams through this engine and through the slow one in tests/oracle, which
 * must say the same. `test_oracle drive < CASES > RESULTS` runs cases for the tests there; with
 * WEIR_ORACLE_SNAPSHOTS set the engine is saved, thrown away and loaded again after every so many
 * events and watermarks: nothing may change.
 * timeout: 580
 */
#include "harness.h"

#include <inttypes.h>
#include <unistd.h>

#include "event/order.h"
#include "signal/tuple.h"
#include "state/memory.h"

#define COMMAND "WEIR_ORACLE_CASES=%d WEIR_ORACLE_DRIVER=%s python3 -B tests/oracle/test_random.py"

#define INPUTS_MAX 16

/* A case while it runs. */
struct drive {
	char name[64];
	struct ruleset *set;
	unsigned every, steps; /* snapshots; 0: none */
	struct signal_engine *engine;
	struct correlate *correlate;
	struct order *order;
	unsigned inputs;
};

/* ---- out: a JSON object a line ---- */

static void put_value(const struct value *v)
{
	char text[1024];

	switch ((enum value_type)v->type) {
	case VALUE_NULL:
		printf("null");
		return;
	case VALUE_BOOL:
		printf(v->truth ? "true" : "false");
		return;
	case VALUE_NUMBER:
		printf("%.17g", v->number);
		return;
	case VALUE_TEXT:
	case VALUE_ADDR:
		printf("\"%s\"", value_format(v, UNIT_NONE, text, sizeof(text)));
		return;
	}
}

static void put_list(const struct value *at, size_t len)
{
	printf("[");
	for (size_t i = 0; i < len; i++) {
		printf(i ? "," : "");
		put_value(&at[i]);
	}
	printf("]");
}

static void put_sets(const struct signal *s)
{
	unsigned told = 0;

	printf(",\"sets\":{");
	for (unsigned i = 0; i < s->sets_len; i++) {
		const struct signal_set *set = &s->sets[i];

		if (!set->whole)
			continue;
		printf("%s\"%s\":[", told++ ? "," : "", s->values[set->computed].name);
		for (unsigned t = 0; t < set->len; t++) {
			printf(t ? "," : "");
			put_list(set->at + (size_t)t * set->fields.len, set->fields.len);
		}
		printf("]");
	}
	printf("}");
}

static void put_values(const struct signal *s)
{
	unsigned told = 0;

	printf(",\"estimated\":[");
	for (unsigned i = 0; i < s->values_len; i++)
		if (s->values[i].estimated)
			printf("%s\"%s\"", told++ ? "," : "", s->values[i].name);
	printf("],\"values\":{");
	for (unsigned i = 0; i < s->values_len; i++) {
		printf("%s\"%s\":", i ? "," : "", s->values[i].name);
		put_value(&s->values[i].value);
		if (s->values[i].scored)
			printf(",\"z %s\":%.17g", s->values[i].name, s->values[i].zscore);
	}
	printf("},\"errors\":{");
	for (unsigned i = 0; i < s->values_len; i++)
		printf("%s\"%s\":%.17g", i ? "," : "", s->values[i].name, s->values[i].error);
	printf("}");
}

static const char *word(bool b)
{
	return b ? "true" : "false";
}

static void put_signal(const struct drive *drive, const struct signal *s)
{
	printf("{\"case\":\"%s\",\"kind\":\"signal\",\"rule\":\"%s\",\"id\":\"%s\",\"update\":%s,"
	       "\"silent\":%s,\"partial\":%s,\"start\":%" PRId64 ",\"time\":%" PRId64
	       ",\"emitted\":%" PRId64 ",\"window_start\":%" PRId64 ",\"window_end\":%" PRId64
	       ",\"severity\":%d,\"confidence\":%.17g,\"keys\":",
	       drive->name, s->rule->name, s->id, word(s->update), word(s->silent),
	       word(s->partial), s->start, s->time, s->emitted, s->window_start, s->window_end,
	       (int)s->severity, s->confidence);
	put_list(s->keys, s->keys_len);
	put_sets(s);
	put_values(s);
	printf("}\n");
}

static void on_signal(void *context, const struct signal *s)
{
	const struct drive *drive = context;

	put_signal(drive, s);
	correlate_signal(drive->correlate, s);
}

/* What a temporal rule says. */
static void on_temporal(void *context, const struct signal *s)
{
	const struct drive *drive = context;

	if (!s->rule->raise)
		put_signal(drive, s);
	signal_engine_signal(drive->engine, s);
}

static void put_detection(void *context, const struct detection *d)
{
	const struct drive *drive = context;

	printf("{\"case\":\"%s\",\"kind\":\"detection\",\"rule\":\"%s\",\"id\":\"%s\",\"change\":%"
	       "d,"
	       "\"worse\":%s,\"announce\":%s,\"severity\":%d,\"confidence\":%.17g,"
	       "\"first\":%" PRId64 ",\"last\":%" PRId64 ",\"emitted\":%" PRId64
	       ",\"count\":%" PRIu64 ",\"common\":%u,\"keys\":",
	       drive->name, d->rule->name, d->id, (int)d->change, word(d->worse), word(d->announce),
	       (int)d->severity, d->confidence, d->first, d->last, d->emitted, d->count,
	       d->common_len);
	put_list(d->keys, d->keys_len);
	printf(",\"signals\":[");
	for (unsigned i = 0; i < d->signals_len; i++)
		printf("%s\"%s\"", i ? "," : "", d->signals[i]->id);
	printf("]}\n");
}

static void put_counts(const struct drive *drive)
{
	struct order_counts counts[INPUTS_MAX];
	struct signal_engine_stats stats;
	uint64_t filtered = 0;

	for (unsigned i = 0; i < drive->set->filters_len; i++)
		filtered += drive->set->filters[i].suppressed;
	signal_engine_stats(drive->engine, &stats);
	for (unsigned i = 0; i < drive->inputs; i++)
		order_counts(drive->order, i, &counts[i]);
	printf("{\"case\":\"%s\",\"kind\":\"counts\",\"evicted\":%" PRIu64 ",\"skipped\":%" PRIu64
	       ",\"filtered\":%" PRIu64 ",\"late\":[",
	       drive->name, stats.evicted_keys, stats.skipped_null_key, filtered);
	for (unsigned i = 0; i < drive->inputs; i++)
		printf("%s%" PRIu64, i ? "," : "", counts[i].late);
	printf("],\"ahead\":[");
	for (unsigned i = 0; i < drive->inputs; i++)
		printf("%s%" PRIu64, i ? "," : "", counts[i].held_ahead);
	printf("]}\n");
}

/* ---- in: rules, then what the inputs do, a line each ---- */

static void set_number(struct event *e, enum field f, const char *text)
{
	uint64_t *slot = (uint64_t *)((char *)e + field_table[f].offset);

	*slot = strtoull(text, NULL, 10);
}

static void set_text(struct event *e, enum field f, const char *text)
{
	struct text *slot = (struct text *)(void *)((char *)e + field_table[f].offset);

	*slot = (struct text){.at = text, .length = (uint32_t)strlen(text)};
}

/* A field by its name; `text` lives as long as the event. */
static void set_field(struct event *e, const char *name, const char *text)
{
	enum field f = field_find(name, strlen(name));
	char *slot;

	assert_int_not_equal(f, FIELD_NONE);
	slot = (char *)e + field_table[f].offset;
	switch ((enum field_type)field_table[f].type) {
	case TYPE_ADDR:
		*(struct addr *)(void *)slot = ip(text);
		break;
	case TYPE_TEXT:
	case TYPE_TEXTS:
		set_text(e, f, text);
		break;
	case TYPE_ENUM:
		*(uint16_t *)(void *)slot = (uint16_t)field_enum_number(f, text, strlen(text));
		break;
	case TYPE_REAL:
		*(double *)(void *)slot = strtod(text, NULL);
		break;
	case TYPE_BOOL:
		*(bool *)(void *)slot = !strcmp(text, "true");
		break;
	case TYPE_COUNT:
	case TYPE_TIME:
	case TYPE_DURATION:
	case TYPE_ROLES:
		set_number(e, f, text);
		break;
	}
	event_mark(e, f);
}

/* "e INPUT TIME SERVICE\tfield=value\t…" */
static void push_event(struct drive *drive, char *line)
{
	struct event e = {0};
	char *rest = line, *head = strsep(&rest, "\t"), *part, service[32];
	unsigned input;

	assert_int_equal(sscanf(head, "e %u %" SCNd64 " %31s", &input, &e.time, service), 3);
	e.service = (uint16_t)service_find(service, strlen(service));
	while ((part = strsep(&rest, "\t"))) {
		char *name = strsep(&part, "=");

		set_field(&e, name, part);
	}
	assert_int_equal(order_push(drive->order, input, &e), 0);
}

/* "i LATENESS": one input more; "a INPUT TIME": it has come to a time; "x INPUT": to its end. */
static void take_line(struct drive *drive, char *line)
{
	weir_time time = 0;
	unsigned input = 0;

	if (*line == 'e') {
		push_event(drive, line);
	} else if (*line == 'i') {
		assert_int_equal(sscanf(line, "i %" SCNd64, &time), 1);
		assert_int_equal(order_input(drive->order, time), (int)drive->inputs++);
		assert_in_range(drive->inputs, 1, INPUTS_MAX);
	} else if (*line == 'a') {
		assert_int_equal(sscanf(line, "a %u %" SCNd64, &input, &time), 2);
		order_advance(drive->order, input, time);
	} else {
		assert_int_equal(sscanf(line, "x %u", &input), 1);
		order_end(drive->order, input);
	}
}

static void make_engine(struct drive *drive)
{
	struct correlate_ops detections = {
		.detection = put_detection, .signal = on_temporal, .context = drive};
	struct signal_engine_ops signals = {.signal = on_signal, .context = drive};

	drive->correlate = correlate_new(drive->set, &detections);
	drive->engine = signal_engine_new(drive->set, &signals);
	assert_true(drive->correlate && drive->engine);
}

static void save(struct drive *drive, struct state_memory *memory)
{
	struct state_writer *w = malloc(sizeof(*w));
	size_t sections =
		1 + signal_engine_sections(drive->engine) + correlate_sections(drive->correlate);

	assert_non_null(w);
	assert_int_equal(state_begin(w, sections, state_memory_put, memory), 0);
	ruleset_save(w, drive->set);
	signal_engine_save(drive->engine, w);
	correlate_save(drive->correlate, w);
	assert_int_equal(state_end(w), 0);
	free(w);
}

/* Another secret in between: all that was hashed must be known again all the same. */
static void step(struct drive *drive)
{
	struct state_memory memory = {0};
	struct state_image image;
	struct rule_map map;
	unsigned left_out;
	const char *words;

	if (!drive->every || ++drive->steps % drive->every)
		return;
	save(drive, &memory);
	signal_engine_free(drive->engine);
	correlate_free(drive->correlate);
	tuple_secret_set((struct tuple_secret){{drive->steps, 77}});
	make_engine(drive);
	assert_int_equal(state_image_open(&image, memory.bytes, memory.length, &words), 0);
	assert_int_equal(rule_map_load(&map, &image, drive->set), 0);
	assert_int_equal(signal_engine_load(drive->engine, &image), 0);
	assert_int_equal(correlate_load(drive->correlate, &image, &map, &left_out), 0);
	rule_map_free(&map);
	state_image_close(&image);
	state_memory_free(&memory);
}

static void on_event(void *context, struct event *event)
{
	signal_engine_event(((struct drive *)context)->engine, event);
	step(context);
}

static void on_watermark(void *context, weir_time watermark)
{
	struct drive *drive = context;

	signal_engine_watermark(drive->engine, watermark);
	correlate_watermark(drive->correlate, watermark);
	step(drive);
}

/* What is wrong with the rules is a result too. */
static struct ruleset *load_rules(const struct drive *drive, const char *rules, size_t length)
{
	struct faults faults = {0};
	struct ruleset *set;

	if (ruleset_load_text(&set, "case.yml", rules, length, &faults)) {
		vec_each (fault, &faults.list) {
			printf("{\"case\":\"%s\",\"kind\":\"fault\",\"line\":%u,\"text\":\"",
			       drive->name, fault->place.line);
			for (const char *at = fault->text; *at; at++)
				printf(*at == '"' || *at == '\\' ? "\\%c" : "%c", *at);
			printf("\"}\n");
		}
		set = NULL;
	}
	faults_free(&faults);
	return set;
}

static void drive_case(struct drive *drive, const char *rules, size_t length)
{
	const char *every = getenv("WEIR_ORACLE_SNAPSHOTS");
	struct order_ops order = {on_event, on_watermark, drive};
	char *line = NULL;
	size_t size = 0;
	ssize_t got;

	drive->set = load_rules(drive, rules, length);
	drive->every = every ? (unsigned)atoi(every) : 0;
	if (drive->set) {
		make_engine(drive);
		drive->order = order_new(&order);
		assert_non_null(drive->order);
	}
	while ((got = getline(&line, &size, stdin)) > 0 && strcmp(line, "end\n")) {
		line[got - 1] = '\0';
		if (drive->set)
			take_line(drive, line);
	}
	for (unsigned i = 0; i < drive->inputs; i++)
		order_end(drive->order, i);
	if (drive->set)
		put_counts(drive);
	free(line);
	order_free(drive->order);
	signal_engine_free(drive->engine);
	correlate_free(drive->correlate);
	ruleset_free(drive->set);
}

/* "case NAME LENGTH", the rules, the lines of the inputs, "end". */
static int drive_all(void)
{
	char *line = NULL;
	size_t size = 0, length;

	while (getline(&line, &size, stdin) > 0) {
		struct drive drive = {0};
		char *rules;

		if (sscanf(line, "case %63s %zu", drive.name, &length) != 2)
			return 1;
		rules = calloc(1, length + 1);
		assert_non_null(rules);
		assert_int_equal(fread(rules, 1, length, stdin), length);
		drive_case(&drive, rules, length);
		free(rules);
		fflush(stdout);
	}
	free(line);
	return 0;
}

static const char *self;

static void run(int cases)
{
	char command[512];

	if (system("python3 -c '' 2>/dev/null") || access("tests/oracle/test_random.py", R_OK)) {
		print_message("skip: no python3, or not run from the project's root\n");
		skip();
	}
	snprintf(command, sizeof(command), COMMAND, cases, self);
	assert_int_equal(system(command), 0);
}

static void says_the_same(void **state)
{
	(void)state;
	run(50); /* tests/oracle asks more */
}

static void says_the_same_from_snapshots(void **state)
{
	(void)state;
	setenv("WEIR_ORACLE_SNAPSHOTS", "3", 1);
	run(150);
	unsetenv("WEIR_ORACLE_SNAPSHOTS");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_the_same),
		cmocka_unit_test(says_the_same_from_snapshots),
	};

	self = argv[0];
	if (argc == 2 && !strcmp(argv[1], "drive"))
		return drive_all();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
