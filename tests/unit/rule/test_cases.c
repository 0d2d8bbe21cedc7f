/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/rule/text.h"

#include <dirent.h>
#include <stdlib.h>

#include "correlate/correlate.h"
#include "rule/literal.h"
#include "rule/severity.h"
#include "rule/yaml.h"
#include "signal/engine.h"

/*
 * Runs the cases that stand beside the shipped rules (form: docs/rules.md, Cases) through windows
 * and correlation, and holds what they say against what was expected.
 */

#define START	   INT64_C(1763719200000000000) /* a whole hour */
#define EVENTS_MAX 20000

struct run {
	const struct ruleset *set;
	struct correlate *correlate;
	struct event *events;
	size_t len;
	int *said; /* by rule: highest severity, -1: silent */
};

static void on_detection(void *context, const struct detection *detection)
{
	struct run *run = context;
	int *said = &run->said[detection->rule->index];

	if ((int)detection->severity > *said)
		*said = (int)detection->severity;
}

static void on_signal(void *context, const struct signal *signal)
{
	struct run *run = context;
	int *said = &run->said[signal->rule->index];

	if (!signal->rule->raise && (int)signal->severity > *said)
		*said = (int)signal->severity;
	correlate_signal(run->correlate, signal);
}

static double number_of(struct item item)
{
	const char *text = item_text(item);
	bool negative = *text == '-';
	enum unit unit;
	double number;

	assert_int_equal(literal_number(text + negative, strlen(text) - negative, &number, &unit),
			 0);
	return negative ? -number : number;
}

static void set_field(struct event *e, enum field f, struct item value)
{
	void *slot = (char *)e + field_table[f].offset;
	const char *text = item_text(value);
	int number;

	event_mark(e, f);
	switch ((enum field_type)field_table[f].type) {
	case TYPE_ADDR:
		assert_int_equal(addr_parse(text, strlen(text), slot), 0);
		break;
	case TYPE_TEXT:
	case TYPE_TEXTS:
		*(struct text *)slot = (struct text){text, (uint32_t)strlen(text)};
		break;
	case TYPE_ENUM:
		number = field_enum_number(f, text, strlen(text));
		assert_true(number >= 0);
		*(uint16_t *)slot = (uint16_t)number;
		break;
	case TYPE_COUNT:
		*(uint64_t *)slot = (uint64_t)number_of(value);
		break;
	case TYPE_REAL:
		*(double *)slot = number_of(value);
		break;
	case TYPE_TIME:
	case TYPE_DURATION:
		*(int64_t *)slot = (int64_t)number_of(value);
		break;
	case TYPE_BOOL:
		*(bool *)slot = !strcmp(text, "true");
		break;
	case TYPE_ROLES:
		number = field_role_number(text, strlen(text));
		assert_true(number >= 0);
		*(uint64_t *)slot = UINT64_C(1) << number;
		break;
	}
}

/* Adds a step to a number, or to an address as to a number. */
static void vary_field(struct event *e, enum field f, int64_t step)
{
	void *slot = (char *)e + field_table[f].offset;
	uint8_t *byte = slot;

	if (field_table[f].type == TYPE_COUNT) {
		*(uint64_t *)slot += (uint64_t)step;
		return;
	}
	assert_int_equal(field_table[f].type, TYPE_ADDR);
	for (int i = 15; i >= 0 && step; i--) {
		step += byte[i];
		byte[i] = (uint8_t)step;
		step >>= 8;
	}
}

static enum field field_of(struct item key)
{
	enum field f = field_find(item_text(key), item_length(key));

	if (f == FIELD_NONE)
		print_error("%s\n", item_text(key));
	assert_int_not_equal(f, FIELD_NONE);
	return f;
}

static void add_events(struct run *run, struct item item)
{
	struct item repeat = item_get(item, "repeat"), vary = item_get(repeat, "vary");
	struct item service = item_get(item, "service");
	double count = repeat.node ? number_of(item_get(repeat, "count")) : 1;
	double every = repeat.node ? number_of(item_get(repeat, "every")) : 0;
	struct event e = {.service =
				  (uint16_t)service_find(item_text(service), item_length(service))};

	assert_true(e.service < SERVICE_COUNT);
	for (size_t i = 0; i < item_len(item); i++) {
		const char *key = item_text(item_key(item, i));

		if (strcmp(key, "time") && strcmp(key, "service") && strcmp(key, "repeat"))
			set_field(&e, field_of(item_key(item, i)), item_value(item, i));
	}
	e.time = START + (weir_time)(number_of(item_get(item, "time")) * (double)WEIR_SEC);
	for (double n = 0; n < count; n++) {
		assert_true(run->len < EVENTS_MAX);
		run->events[run->len] = e;
		run->events[run->len].record = run->len;
		run->len++;
		e.time += (weir_time)(every * (double)WEIR_SEC);
		for (size_t i = 0; i < item_len(vary); i++)
			vary_field(&e, field_of(item_key(vary, i)),
				   (int64_t)number_of(item_value(vary, i)));
	}
}

static int in_order(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->record < y->record ? -1 : 1;
}

static void feed(struct run *run)
{
	struct correlate_ops correlate_ops = {.detection = on_detection, .context = run};
	struct signal_engine_ops ops = {.signal = on_signal, .context = run};
	struct signal_engine *engine = signal_engine_new(run->set, &ops);

	run->correlate = correlate_new(run->set, &correlate_ops);
	assert_non_null(engine);
	assert_non_null(run->correlate);
	qsort(run->events, run->len, sizeof(*run->events), in_order);
	for (size_t i = 0; i < run->len; i++) {
		signal_engine_event(engine, &run->events[i]);
		signal_engine_watermark(engine, run->events[i].time);
		correlate_watermark(run->correlate, run->events[i].time);
	}
	signal_engine_watermark(engine, TIME_NEVER);
	correlate_watermark(run->correlate, TIME_NEVER);
	signal_engine_free(engine);
	correlate_free(run->correlate);
}

/* Expected: "NAME" or {NAME: level}; -2 no, -1 yes, else the level. */
static int expected(struct item list, const char *display)
{
	for (size_t i = 0; i < item_len(list); i++) {
		struct item one = item_at(list, i);

		if (!strcmp(item_text(one), display))
			return -1;
		if (item_is_map(one) && !strcmp(item_text(item_key(one, 0)), display))
			return severity_find(item_text(item_value(one, 0)),
					     item_length(item_value(one, 0)));
	}
	return -2;
}

static bool judge(const struct run *run, struct item item, const char *file)
{
	struct item list = item_get(item, "expect");
	bool good = true;
	size_t said = 0;

	for (unsigned i = 0; i < run->set->len; i++) {
		const struct rule *rule = &run->set->rules[i];
		int want = expected(list, rule->display);
		bool met = want == -2	? run->said[i] < 0
			   : want == -1 ? run->said[i] >= 0
					: run->said[i] == want;

		said += want > -2;
		if (!met)
			print_error("%s: %s: %s said %s\n", file, item_text(item_get(item, "name")),
				    rule->display,
				    run->said[i] < 0 ? "nothing"
						     : severity_name((enum severity)run->said[i]));
		good &= met;
	}
	if (said != item_len(list)) {
		print_error("%s: %s: expects a rule that is not there\n", file,
			    item_text(item_get(item, "name")));
		return false;
	}
	return good;
}

static bool run_case(const struct ruleset *set, struct item item, const char *file)
{
	struct item events = item_get(item, "events");
	struct run run = {.set = set};
	bool good;

	run.events = test_calloc(EVENTS_MAX, sizeof(*run.events));
	run.said = test_malloc(set->len * sizeof(*run.said));
	for (unsigned i = 0; i < set->len; i++)
		run.said[i] = -1;
	assert_true(item_is_list(events));
	for (size_t i = 0; i < item_len(events); i++)
		add_events(&run, item_at(events, i));
	feed(&run);
	good = judge(&run, item, file);
	test_free(run.events);
	test_free(run.said);
	return good;
}

static size_t run_file(const struct ruleset *set, const char *file, bool *good)
{
	char *text = test_calloc(1, 1 << 20);
	struct yaml_docs docs = {.list = {0}};
	struct faults faults = {0};
	FILE *in = fopen(file, "r");
	struct item cases;
	size_t length;

	assert_non_null(in);
	length = fread(text, 1, (1 << 20) - 1, in);
	fclose(in);
	yaml_docs_read(&docs, file, text, length, &faults);
	print_faults(&faults);
	assert_int_equal(docs.list.len, 1);
	cases = item_get(yaml_root(docs.list.at[0]), "cases");
	assert_true(item_len(cases) >= 2); /* an attack and something benign */
	for (size_t i = 0; i < item_len(cases); i++)
		*good &= run_case(set, item_at(cases, i), file);
	length = item_len(cases);
	yaml_docs_free(&docs);
	faults_free(&faults);
	test_free(text);
	return length;
}

static size_t run_folder(const struct ruleset *set, const char *folder, bool *good)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	size_t cases = 0;
	char path[512];

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		if (!strstr(entry->d_name, ".cases.yml"))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		cases += run_file(set, path, good);
	}
	closedir(dir);
	return cases;
}

static void shipped_cases_hold(void **state)
{
	static const char *const paths[] = {"rules", NULL}, *const roles[] = {"scanner"};
	struct rule_options options = {.paths = paths};
	struct faults faults = {0};
	struct ruleset *set;
	bool good = true;
	size_t cases;

	(void)state;
	field_roles_set(roles, 1);
	assert_int_equal(ruleset_load(&set, &options, &faults), 0);
	cases = run_folder(set, "rules/signals", &good) +
		run_folder(set, "rules/detections", &good);
	print_message("%zu cases\n", cases);
	assert_true(cases >= 8);
	assert_true(good);
	ruleset_free(set);
	faults_free(&faults);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shipped_cases_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
