/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <string.h>

#include "base/terminal.h"
#include "cli/agent.h"
#include "cli/arguments.h"
#include "cli/rules_document.h"
#include "cli/rules_test.h"
#include "cli/verbs.h"
#include "rule/rule.h"

static const struct verb_option options[] = {
	{"config", 'c', "FILE", "configuration, instead of " WEIR_SYSCONFDIR "/weir/weir.yaml",
	 NULL},
	{"rules", 0, "PATH",
	 "rule file or folder, instead of the usual. May be given several times", "rules"},
	{"lenient", 0, NULL, "skip rules that are for events or fields that weir does not have",
	 "lenient"},
	{"json", 0, NULL, "print JSON, one object a line", NULL},
	{"document", 0, NULL, "print them as Markdown, as docs/catalogue.md has them", NULL},
	{0},
};

/* What a rule makes, for people. */
static const char *kind_of(const struct rule *rule)
{
	if (rule->kind == RULE_BASE && rule->users_len)
		return "selection";
	return rule->raise ? "detection" : "signal";
}

/* What the running agent counts of a rule or a filter, found by its id; NULL: nothing. */
static const json_t *live_counts(const json_t *live, const char *list, const char *id)
{
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(live, list), i, one)
	{
		const char *other = json_string_value(json_object_get(one, "id"));

		if (other && !strcmp(other, id))
			return one;
	}
	return NULL;
}

static void print_object(json_t *object)
{
	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(object);
}

static void print_json(const struct ruleset *set, const json_t *live)
{
	for (unsigned i = 0; i < set->len; i++) {
		const struct rule *rule = &set->rules[i];
		json_t *object = json_pack("{s:s?, s:s?, s:s?, s:s, s:s?, s:s, s:s?, s:i}", "id",
					   rule->id, "name", rule->display, "title", rule->title,
					   "level", severity_name(rule->level), "status",
					   rule->status, "kind", kind_of(rule), "file",
					   rule->place.file, "line", (int)rule->place.line);

		json_object_update_missing(object, (json_t *)live_counts(live, "rules", rule->id));
		print_object(object);
	}
	for (unsigned i = 0; i < set->filters_len; i++) {
		const struct rule_filter *filter = &set->filters[i];
		json_t *object =
			json_pack("{s:s, s:s, s:s, s:s?, s:i, s:i}", "id", filter->id, "title",
				  filter->title, "kind", "filter", "file", filter->place.file,
				  "line", (int)filter->place.line, "rules", (int)filter->rules);

		json_object_update_missing(object,
					   (json_t *)live_counts(live, "filters", filter->id));
		print_object(object);
	}
	vec_each (fault, &set->skipped)
		print_object(json_pack("{s:b, s:s?, s:i, s:s?}", "skipped", 1, "file",
				       fault->place.file, "line", (int)fault->place.line, "reason",
				       fault->text));
}

static void add_count(struct grid *grid, const json_t *counts, const char *name)
{
	const json_t *count = json_object_get(counts, name);

	if (count)
		grid_addf(grid, TINT_PLAIN, "%" JSON_INTEGER_FORMAT, json_integer_value(count));
	else
		grid_add(grid, TINT_DIM, "-");
}

static void print_rules(const struct ruleset *set, const json_t *live, struct terminal *terminal)
{
	static const char *const head[] = {"RULE", "MAKES", "LEVEL", "STATUS", "FILE"};
	static const char *const counted[] = {"SIGNALS", "QUIET", "DETECTIONS"};
	struct grid grid;

	grid_begin(&grid, live ? 8 : 5);
	for (size_t i = 0; i < 5; i++)
		grid_add(&grid, TINT_BOLD, head[i]);
	for (size_t i = 0; live && i < 3; i++)
		grid_add(&grid, TINT_BOLD, counted[i]);
	for (unsigned i = 0; i < set->len; i++) {
		const struct rule *rule = &set->rules[i];
		const json_t *counts = live ? live_counts(live, "rules", rule->id) : NULL;

		grid_add(&grid, TINT_PLAIN, rule->display);
		grid_add(&grid, TINT_PLAIN, kind_of(rule));
		grid_add(&grid, terminal_severity(rule->level), severity_name(rule->level));
		grid_add(&grid, TINT_PLAIN, rule->status ? rule->status : "-");
		grid_add(&grid, TINT_DIM, rule->place.file);
		if (!live)
			continue;
		add_count(&grid, counts, "signals");
		add_count(&grid, counts, "suppressed");
		add_count(&grid, counts, "detections");
	}
	grid_end(&grid, terminal, 0);
}

static void print_filters(const struct ruleset *set, const json_t *live, struct terminal *terminal)
{
	static const char *const head[] = {"FILTER", "RULES", "TOOK OUT", "FILE"};
	struct grid grid;

	if (!set->filters_len)
		return;
	putchar('\n');
	grid_begin(&grid, 4);
	for (size_t i = 0; i < 4; i++)
		grid_add(&grid, TINT_BOLD, head[i]);
	for (unsigned i = 0; i < set->filters_len; i++) {
		const struct rule_filter *filter = &set->filters[i];

		grid_add(&grid, TINT_PLAIN, filter->title);
		grid_addf(&grid, TINT_PLAIN, "%u", filter->rules);
		add_count(&grid, live ? live_counts(live, "filters", filter->id) : NULL,
			  "suppressed");
		grid_add(&grid, TINT_DIM, filter->place.file);
	}
	grid_end(&grid, terminal, 0);
}

static void print_table(const struct ruleset *set, const json_t *live)
{
	struct terminal terminal = terminal_open(stdout);

	print_rules(set, live, &terminal);
	print_filters(set, live, &terminal);
	vec_each (fault, &set->skipped)
		printf("skipped: %s:%u: %s\n", fault->place.file, fault->place.line, fault->text);
}

static void print_live(const struct ruleset *set, bool json)
{
	json_t *live = agent_status_if_running();

	if (json)
		print_json(set, live);
	else
		print_table(set, live);
	json_decref(live);
}

static int list(const struct arguments *arguments)
{
	struct rule_options how;
	struct faults faults = {0};
	struct config *config = NULL;
	struct ruleset *set = NULL;
	int status = arguments_config(arguments, &config);

	if (status)
		return status;
	how = config_rule_options(config);
	if (ruleset_load(&set, &how, &faults))
		status = EXIT_INPUT;
	faults_print(&faults);
	faults_free(&faults);
	if (set && arguments_has(arguments, "document"))
		status = rules_document(set) ? EXIT_INPUT : EXIT_DONE;
	else if (set)
		print_live(set, arguments_has(arguments, "json"));
	ruleset_free(set);
	config_free(config);
	return status;
}

static int run(const struct arguments *arguments)
{
	const char *word = arguments_operand(arguments, 0);

	if (!word)
		return list(arguments);
	if (!strcmp(word, "test"))
		return rules_test(arguments);
	return verb_usage(arguments->verb, "'%s' is nothing to do with rules: 'test' would be",
			  word);
}

const struct verb verb_rules = {
	.name = "rules",
	.operands = "[test [PATH...]]",
	.summary = "list the rules, or run their cases",
	.help = "Every rule that 'weir run' would load: what it makes (selections are parts of "
		"other rules), its level, its status and its file; and those that were skipped, "
		"with the reason. Filters, and for how many rules each is. Where weir runs, also "
		"what each rule has told so far and what each filter took out.\n\n"
		"'weir rules test' runs the cases that stand beside rules (docs/rules.md, Cases): "
		"all of them, or those of the files and folders under PATH. Each case goes through "
		"the same stages as events do in 'weir run'. It prints one line a case, what was "
		"said instead where a case fails, and the rules that are not tried with an attack "
		"and with ordinary work. Leaves with 1 if there was any of these.",
	.options = options,
	.run = run,
};
