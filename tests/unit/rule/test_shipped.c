/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/rule/text.h"

#include <stdlib.h>

/* The rules that weir ships with (found from the project's root). */

static struct ruleset *shipped(void)
{
	static const char *const paths[] = {"rules", NULL};
	struct rule_options options = {.paths = paths};
	struct faults faults = {0};
	struct ruleset *set;

	if (ruleset_load(&set, &options, &faults))
		print_faults(&faults);
	assert_non_null(set);
	assert_int_equal(faults.list.len, 0); /* no warning either */
	faults_free(&faults);
	return set;
}

static const struct rule *named(const struct ruleset *set, const char *display)
{
	for (unsigned i = 0; i < set->len; i++)
		if (!strcmp(set->rules[i].display, display))
			return &set->rules[i];
	return NULL;
}

static void every_rule_says_what_it_must(void **state)
{
	struct ruleset *set = shipped();

	(void)state;
	for (unsigned i = 0; i < set->len; i++) {
		const struct rule *rule = &set->rules[i];

		assert_true(*rule->description);
		assert_string_equal(rule->author, "weir");
		assert_non_null(rule->date);
		assert_non_null(rule->references[0]);
		assert_non_null(rule->falsepositives[0]);
		assert_non_null(rule->tactic);
		assert_non_null(rule->technique);
		assert_int_equal(rule->index, i);
		for (unsigned r = 0; r < rule->refs_len; r++)
			assert_true(rule->refs[r] < i);
		if (rule->kind != RULE_BASE) {
			assert_true(rule->summary_len > 0);
			assert_non_null(rule->actions[0]);
		}
	}
	ruleset_free(set);
}

static void rules_compile_to_what_they_say(void **state)
{
	char threshold[THRESHOLD_MAX];
	struct ruleset *set = shipped();
	const struct rule *scan = named(set, "PORT_SCAN"), *spike = named(set, "CONNECTION_SPIKE");
	const struct rule *move = named(set, "LATERAL_MOVEMENT");
	uint32_t services;

	(void)state;
	assert_int_equal(scan->window.type, WINDOW_HOP);
	assert_true(scan->window.timespan == WEIR_MIN && scan->window.every == 10 * WEIR_SEC);
	assert_true(scan->window.suppress == WEIR_MIN);
	assert_int_equal(scan->window.per_len, 1);
	assert_int_equal(scan->window.compute[1].per, 0);
	assert_int_equal(scan->window.compute[1].inner, 0);
	assert_int_equal(scan->window.compute[1].unit, UNIT_PORTS);
	assert_true(scan->window.compute[1].grows);
	assert_int_equal(scan->window.compute[3].unit, UNIT_ENDPOINTS);
	assert_int_equal(scan->window.levels_len, 2);
	assert_int_equal(scan->window.levels[0].severity, SEVERITY_CRITICAL);
	assert_false(scan->raise);
	assert_int_equal(scan->users_len, 1);
	assert_int_equal(scan->users[0], move->index);
	assert_true(expr_threshold(scan->window.having, 1, threshold));
	assert_string_equal(threshold, "> 20");
	assert_true(expr_needs_baseline(spike->window.having, 0));
	assert_true(spike->window.baseline.used && spike->window.baseline.prior);
	assert_true(spike->window.baseline.mean == 10 && spike->window.baseline.stddev == 3);
	assert_int_equal(spike->window.compute[0].unit, UNIT_CONNECTIONS);
	assert_int_equal(move->kind, RULE_TEMPORAL);
	assert_true(move->raise);
	assert_int_equal(move->level, SEVERITY_HIGH);
	assert_true(move->temporal.timespan == 15 * WEIR_MIN &&
		    move->temporal.suppress == WEIR_HOUR);
	assert_int_equal(move->temporal.common_set[0], 6);
	assert_int_equal(move->temporal.common_set[1], -1);
	assert_int_equal(move->temporal.common_set[2], 6);
	assert_string_equal(move->tactic, "TA0008");
	assert_string_equal(move->technique, "T1021");
	services = 1u << SERVICE_ATTEMPT | 1u << SERVICE_CONNECTION | 1u << SERVICE_FLOW;
	assert_int_equal(set->services & services, services);
	ruleset_free(set);
}

static struct event connection(unsigned state)
{
	struct event e = {.service = SERVICE_CONNECTION};

	event_set(&e, NETWORK_TRANSPORT, network_transport, 17);
	event_set(&e, NETWORK_STATE, network_state, (uint16_t)state);
	event_set(&e, DESTINATION_PORT, destination_port, 53);
	event_set(&e, DESTINATION_SCOPE, destination_scope, SCOPE_INTERNAL);
	return e;
}

static bool matches(const struct ruleset *set, const struct event *e, const char *display)
{
	unsigned *matched = test_calloc(set->len, sizeof(*matched));
	unsigned len = rule_match(set, e, matched);
	bool found = false;

	for (unsigned i = 0; i < len; i++)
		found |= &set->rules[matched[i]] == named(set, display);
	test_free(matched);
	return found;
}

static void failures_are_chosen_with_care(void **state)
{
	static const char *const roles[] = {"scanner"};
	struct event e = connection(STATE_UNANSWERED);
	struct ruleset *set;

	(void)state;
	field_roles_set(roles, 1);
	set = shipped();
	assert_true(matches(set, &e, "FAILED_CONNECTION"));
	event_set(&e, DESTINATION_ANSWERED, destination_answered, true);
	assert_false(matches(set, &e, "FAILED_CONNECTION"));
	e.network_transport = 6;
	assert_true(matches(set, &e, "FAILED_CONNECTION"));
	event_set(&e, SOURCE_ROLE, source_role, 1);
	assert_false(matches(set, &e, "FAILED_CONNECTION"));
	e = connection(STATE_ESTABLISHED);
	assert_false(matches(set, &e, "FAILED_CONNECTION"));
	event_clear(&e, FIELD_NETWORK_STATE);
	assert_true(matches(set, &e, "FAILED_CONNECTION"));
	e.network_transport = 1;
	assert_false(matches(set, &e, "FAILED_CONNECTION"));
	ruleset_free(set);
	field_roles_set(NULL, 0);
}

static char *file_read(const char *name, size_t *length)
{
	FILE *file = fopen(name, "r");
	char *text = test_calloc(1, 1 << 16);

	assert_non_null(file);
	*length = fread(text, 1, (1 << 16) - 1, file);
	fclose(file);
	return text;
}

/* docs/fields.md is printed from the table: 'tools/docs.sh' makes it true again. */
static void the_fields_are_those_of_the_table(void **state)
{
	char *page, *table = NULL;
	size_t length;
	FILE *out = open_memstream(&table, &length);

	(void)state;
	field_document(out);
	fclose(out);
	page = file_read("docs/fields.md", &length);
	assert_string_equal(strstr(page, "| field |"), table);
	free(table);
	test_free(page);
}

/* docs/rules.md is the contract: its first rule loads. */
static void its_first_rule_loads(void **state)
{
	size_t length, used = 0;
	char *page = file_read("docs/rules.md", &length), *from = page;
	char *rules = test_calloc(1, length);

	(void)state;
	for (int i = 0; i < 2; i++) {
		char *end;

		from = strstr(from, "```yaml\n");
		assert_non_null(from);
		from += strlen("```yaml\n");
		end = strstr(from, "```");
		assert_non_null(end);
		used += (size_t)sprintf(rules + used, "---\n%.*s", (int)(end - from), from);
		from = end + 3;
	}
	ruleset_free(load_good(rules));
	test_free(rules);
	test_free(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_rule_says_what_it_must),
		cmocka_unit_test(rules_compile_to_what_they_say),
		cmocka_unit_test(failures_are_chosen_with_care),
		cmocka_unit_test(the_fields_are_those_of_the_table),
		cmocka_unit_test(its_first_rule_loads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
