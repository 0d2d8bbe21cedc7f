/* SPDX-License-Identifier: Apache-2.0 */
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/agent.h"
#include "cli/arguments.h"
#include "cli/verbs.h"
#include "top/top.h"

#define ROWS_DEFAULT 500
#define ROWS_MAX     100000

static const struct verb_option options[] = {
	{"config", 'c', "FILE", "configuration, instead of " WEIR_SYSCONFDIR "/weir/weir.yaml",
	 NULL},
	{"database", 0, "FILE", "read detections here, instead of in the configured one",
	 "database"},
	{"filter", 'f', "WORD", "only connections with this in one of their fields", NULL},
	{"limit", 'n', "COUNT", "the busiest so many (500)", NULL},
	{"once", 0, NULL, "print the busiest connections once, as a table", NULL},
	{"json", 0, NULL, "print an object a second, one a line", NULL},
	{"count", 0, "COUNT", "with --json: so many, then end", NULL},
	{0},
};

static json_t *ask(void *context, const char *request, struct error *error)
{
	(void)context;
	return agent_request(request, error);
}

/* 0 where the option is not given; false, and it was said, for what is no count. */
static bool read_count(const struct arguments *a, const char *name, unsigned *count)
{
	const char *text = arguments_value(a, name);
	char *end;
	unsigned long value = text ? strtoul(text, &end, 10) : 0;

	*count = (unsigned)value;
	if (!text || (text[0] >= '0' && text[0] <= '9' && !*end && value && value <= ROWS_MAX))
		return true;
	verb_usage(a->verb, "--%s %s is no count: write 1 to %d", name, text, ROWS_MAX);
	return false;
}

static int show(const struct arguments *a, const struct top_options *top, unsigned count)
{
	struct error error = {0};
	int status;

	if (arguments_has(a, "json"))
		status = top_stream(top, count, &error);
	else if (arguments_has(a, "once") || !isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO))
		status = top_print(top, &error);
	else
		status = top_run(top, &error);
	return status ? verb_error(&error) : EXIT_DONE;
}

static int run(const struct arguments *a)
{
	struct top_options top = {.ask = ask, .filter = arguments_value(a, "filter")};
	struct config *config = NULL;
	unsigned count;
	int status;

	if (!read_count(a, "limit", &top.rows) || !read_count(a, "count", &count))
		return EXIT_USAGE;
	if (top.filter && strpbrk(top.filter, "\n\r"))
		return verb_usage(a->verb, "--filter has more than one line: write one word");
	status = arguments_config_reader(a, &config);
	if (status)
		return status;
	setlocale(LC_CTYPE, "");
	if (!top.rows)
		top.rows = ROWS_DEFAULT;
	top.database = config->database;
	status = show(a, &top, count);
	config_free(config);
	return status;
}

const struct verb verb_top = {
	.name = "top",
	.operands = "",
	.summary = "watch what moves on this host now",
	.help = "A live screen of the weir that runs in this network namespace: the busiest "
		"connections with their processes, the processes, and the detections; '?' lists "
		"the keys. From a detection or a process, 'o' leads to its connections.\n"
		"\n"
		"It costs the running weir something only while somebody looks, and knows of a "
		"connection from its next packet on. Root may look, and the members of the group "
		"weir.\n"
		"\n"
		"In a pipe, or with --once, it prints the busiest connections as a table; with "
		"--json an object a second.",
	.options = options,
	.run = run,
};
