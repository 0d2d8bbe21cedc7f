/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <stdio.h>

#include "cli/agent.h"
#include "cli/verbs.h"

static const struct verb_option options[] = {
	{"json", 0, NULL, "print the JSON object as it came", NULL},
	{0},
};

static json_int_t number(const json_t *answer, const char *name)
{
	return json_integer_value(json_object_get(answer, name));
}

static void print_done(const json_t *answer)
{
	json_int_t changed = number(answer, "changed"), gone = number(answer, "gone");
	const json_t *key;
	size_t i;

	printf("reloaded: %" JSON_INTEGER_FORMAT " rules go on with what they know",
	       number(answer, "kept"));
	if (changed)
		printf(", %" JSON_INTEGER_FORMAT " have changed and start anew", changed);
	if (gone)
		printf(", %" JSON_INTEGER_FORMAT " are gone", gone);
	putchar('\n');
	json_array_foreach(json_object_get(answer, "takes_restart"), i, key)
		printf("%s has changed: it takes a new start\n", json_string_value(key));
}

static int run(const struct arguments *arguments)
{
	int status = EXIT_DONE;
	json_t *answer = agent_ask("reload", &status);
	const json_t *fault;
	size_t i;

	if (!answer)
		return status;
	if (!json_is_true(json_object_get(answer, "reloaded")))
		status = EXIT_INPUT;
	if (arguments_has(arguments, "json")) {
		json_dumpf(answer, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(answer);
		return status;
	}
	json_array_foreach(json_object_get(answer, "faults"), i, fault)
		fprintf(stderr, "%s\n", json_string_value(fault));
	if (status == EXIT_DONE)
		print_done(answer);
	else
		fputs("weir: not reloaded, all goes on as before: mend the faults above\n", stderr);
	json_decref(answer);
	return status;
}

const struct verb verb_reload = {
	.name = "reload",
	.operands = "",
	.summary = "make the weir that runs here read its configuration and rules anew",
	.help = "Rules, filters, home_networks, roles and lenient change at once; what is wrong "
		"changes "
		"nothing, is printed, and leaves with 1. Rules that did not change go on with all "
		"that "
		"they know: windows, baselines, open detections. Other keys take a new start: "
		"those "
		"that have changed are named.\n\n"
		"SIGHUP does the same; what it has to say is in the log.",
	.options = options,
	.run = run,
};
