/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "cli/arguments.h"
#include "cli/system.h"
#include "cli/verbs.h"
#include "rule/rule.h"

static const struct verb_option options[] = {
	{"config", 'c', "FILE", "configuration, instead of " WEIR_SYSCONFDIR "/weir/weir.yaml",
	 NULL},
	{"rules", 0, "PATH",
	 "rule file or folder, instead of the usual. May be given several times", "rules"},
	{"lenient", 0, NULL, "skip rules that are for events or fields that weir does not have",
	 "lenient"},
	{"system", 0, NULL,
	 "check this machine too: kernel, capabilities, BTF, cgroups, and who else holds hooks",
	 NULL},
	{0},
};

static const char *plural(unsigned n)
{
	return n == 1 ? "" : "s";
}

static void print_counts(const struct ruleset *set)
{
	unsigned detections = 0, signals = 0, selections = 0;

	for (unsigned i = 0; i < set->len; i++) {
		const struct rule *rule = &set->rules[i];

		if (rule->kind == RULE_BASE && rule->users_len)
			selections++;
		else if (rule->raise)
			detections++;
		else
			signals++;
	}
	printf("%u rule%s: %u make%s detections, %u make%s signals, %u selection%s; "
	       "%u filter%s; %zu skipped\n",
	       set->len, plural(set->len), detections, detections == 1 ? "s" : "", signals,
	       signals == 1 ? "s" : "", selections, plural(selections), set->filters_len,
	       plural(set->filters_len), set->skipped.len);
}

/* Operands stand for the configured rules. */
static const char **list_paths(const struct arguments *arguments)
{
	const char **paths = calloc(arguments->len + 1, sizeof(*paths));

	for (size_t i = 0; paths && arguments_operand(arguments, i); i++)
		paths[i] = arguments_operand(arguments, i);
	return paths;
}

static int check_rules(const struct arguments *arguments, const struct config *config)
{
	const char **paths = list_paths(arguments);
	struct rule_options how = config_rule_options(config);
	struct faults faults = {0};
	struct ruleset *set = NULL;
	int err;

	if (paths && paths[0])
		how.paths = paths;
	err = ruleset_load(&set, &how, &faults);
	faults_print(&faults);
	if (!err)
		print_counts(set);
	else
		fprintf(stderr, "weir: %zu fault%s in the rules\n", faults.fatal,
			plural((unsigned)faults.fatal));
	ruleset_free(set);
	faults_free(&faults);
	free(paths);
	return err ? EXIT_INPUT : EXIT_DONE;
}

/* One that cannot be read was said by whoever read it. False: it was not. */
static bool print_list(const json_t *list)
{
	json_int_t indicators = json_integer_value(json_object_get(list, "indicators"));
	json_int_t refused = json_integer_value(json_object_get(list, "refused"));
	json_int_t others = json_integer_value(json_object_get(list, "not_understood"));

	if (json_object_get(list, "error"))
		return false;
	printf("threat list %s: %lld indicator%s, %lld refused, %lld not understood\n",
	       json_string_value(json_object_get(list, "name")), (long long)indicators,
	       indicators == 1 ? "" : "s", (long long)refused, (long long)others);
	return true;
}

static int check_lists(const struct config *config)
{
	const struct threat_options lists = config_threat_options(config);
	struct threat *threat = lists.len ? threat_open(&lists) : NULL;
	bool degraded = false;
	json_t *status, *list;
	int result = EXIT_DONE;
	size_t i;

	if (!threat)
		return lists.len ? EXIT_SYSTEM : EXIT_DONE;
	status = threat_status(threat, &degraded);
	json_array_foreach(json_object_get(status, "lists"), i, list) if (!print_list(list))
		result = EXIT_INPUT;
	json_decref(status);
	threat_close(threat);
	return result;
}

static int run(const struct arguments *arguments)
{
	struct config *config = NULL;
	int status = arguments_config(arguments, &config), lists;

	if (!status) {
		status = check_rules(arguments, config);
		lists = check_lists(config);
		status = status ? status : lists;
	}
	config_free(config);
	if (arguments_has(arguments, "system")) {
		int refused = system_check(stdout);

		status = status ? status : refused;
	}
	return status;
}

const struct verb verb_check = {
	.name = "check",
	.operands = "[PATH...]",
	.summary = "look for faults in configuration, rules and threat lists, start nothing",
	.help = "Loads the configuration and the rules (those under PATH, else the configured "
		"ones) and prints every fault as 'file:line:column: what is wrong: what would be "
		"right'. Reads the threat lists, and says what is on them. Leaves with 1 if there "
		"was a fault, or a list that cannot be read.\n\n"
		"With --system it also says whether 'weir run' can work on this machine, and "
		"leaves with 3 if it cannot.",
	.options = options,
	.run = run,
};
