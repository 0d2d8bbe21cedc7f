/* SPDX-License-Identifier: Apache-2.0 */
/* What was seen: `weir signals` and `weir flows`, the newest of what the database holds. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cli/arguments.h"
#include "cli/stored_filter.h"
#include "cli/verbs.h"
#include "rule/severity.h"
#include "sink/describe.h"

#define LIMIT_DEFAULT 1000

static const char *text_of(const json_t *record, const char *name)
{
	const char *text = json_string_value(json_object_get(record, name));

	return text ? text : "";
}

static json_int_t count_of(const json_t *record, const char *name)
{
	return json_integer_value(json_object_get(record, name));
}

/* ---- a line of each ---- */

static void add_time(struct grid *grid, const json_t *record, const char *name)
{
	char readable[DESCRIBE_TIME_MAX];

	grid_add(grid, TINT_PLAIN, describe_time(text_of(record, name), readable));
}

static void signal_row(struct grid *grid, const json_t *record)
{
	const char *severity = text_of(record, "weir.severity");
	int level = severity_find(severity, strlen(severity));
	char *keys = describe_keys(record);

	add_time(grid, record, "event.end");
	grid_add(grid, level < 0 ? TINT_PLAIN : terminal_severity((enum severity)level), severity);
	grid_add(grid, TINT_BOLD, text_of(record, "rule.name"));
	grid_add(grid, TINT_PLAIN, keys);
	grid_add(grid, TINT_PLAIN, text_of(record, "message"));
	free(keys);
}

/* "10.0.0.1:5000", "[fd00::1]:22". */
static void add_end(struct grid *grid, const json_t *record, const char *ip, const char *port)
{
	const char *address = text_of(record, ip);

	if (!json_object_get(record, port))
		grid_add(grid, TINT_PLAIN, address);
	else
		grid_addf(grid, TINT_PLAIN, strchr(address, ':') ? "[%s]:%lld" : "%s:%lld", address,
			  (long long)count_of(record, port));
}

/* Of the whole connection, where it has ended. */
static void add_bytes(struct grid *grid, const json_t *record, const char *total, const char *some)
{
	const char *name = json_object_get(record, total) ? total : some;

	grid_addf(grid, TINT_PLAIN, "%lld", (long long)count_of(record, name));
}

static void flow_row(struct grid *grid, const json_t *record)
{
	const char *pod = text_of(record, "orchestrator.resource.name");

	add_time(grid, record, "@timestamp");
	add_end(grid, record, "source.ip", "source.port");
	add_end(grid, record, "destination.ip", "destination.port");
	grid_add(grid, TINT_PLAIN, text_of(record, "network.transport"));
	grid_add(grid, TINT_PLAIN, text_of(record, "network.state"));
	add_bytes(grid, record, "flow.total.source.bytes", "source.bytes");
	add_bytes(grid, record, "flow.total.destination.bytes", "destination.bytes");
	grid_add(grid, TINT_BOLD, text_of(record, "process.name"));
	grid_add(grid, TINT_PLAIN, *pod ? pod : text_of(record, "container.name"));
}

static const char *const signal_head[] = {"WHEN (UTC)", "SEVERITY", "SIGNAL",
					  "ABOUT",	"WHAT",	    NULL};
static const char *const flow_head[] = {"LAST SEEN (UTC)", "SOURCE", "DESTINATION", "TRANSPORT",
					"STATE",	   "SENT",   "RECEIVED",    "PROCESS",
					"CONTAINER",	   NULL};

static const struct stored {
	const struct verb *verb;
	const char *const *head; /* ended by NULL */
	void (*row)(struct grid *grid, const json_t *record);
	const char *none;
} kinds[] = {
	[STORE_SIGNALS] = {&verb_signals, signal_head, signal_row, "no signals"},
	[STORE_FLOWS] = {&verb_flows, flow_head, flow_row, "no connections"},
};

/* ---- the list ---- */

struct list {
	const struct stored *kind;
	struct grid grid;
	bool json;
	size_t rows;
};

static void list_begin(struct list *list)
{
	size_t columns = 0;

	while (list->kind->head[columns])
		columns++;
	grid_begin(&list->grid, columns);
	for (size_t i = 0; i < columns; i++)
		grid_add(&list->grid, TINT_DIM, list->kind->head[i]);
}

static void on_record(void *context, const char *text)
{
	struct list *list = context;
	bool first = !list->rows++;
	json_t *record;

	if (list->json) {
		puts(text);
		return;
	}
	if (first)
		list_begin(list);
	record = json_loads(text, 0, NULL);
	list->kind->row(&list->grid, record);
	json_decref(record);
}

static int print_stored(const struct arguments *a, enum store_kind kind, const char *path,
			const struct store_filter *filter)
{
	struct list list = {.kind = &kinds[kind], .json = arguments_has(a, "json")};
	struct terminal terminal = terminal_open(stdout);
	struct store *store = NULL;
	struct error error;
	int status = EXIT_DONE;

	if (store_open(&store, path, &error) ||
	    store_records(store, kind, filter, on_record, &list, &error))
		status = verb_error(&error);
	else if (!list.json && !list.rows)
		puts(list.kind->none);
	if (list.rows && !list.json)
		grid_end(&list.grid, &terminal, 0);
	if (list.rows == filter->limit && !arguments_has(a, "limit"))
		fprintf(stderr, "weir: the newest %d: --limit takes more, --since less\n",
			LIMIT_DEFAULT);
	store_close(store);
	return status;
}

static int run(const struct arguments *a, enum store_kind kind)
{
	struct store_filter filter;
	struct config *config = NULL;
	int status = stored_filter_read(a, &filter);

	if (status != EXIT_DONE)
		return status;
	if (!filter.limit)
		filter.limit = LIMIT_DEFAULT;
	status = arguments_config_reader(a, &config);
	if (status)
		return status;
	if (!config->database)
		status = verb_usage(a->verb, "no database is configured: name it with --database");
	else
		status = print_stored(a, kind, config->database, &filter);
	config_free(config);
	return status;
}

/* ---- the verbs ---- */

#define OPTIONS_FIRST                                                                              \
	{"config", 'c', "FILE", "configuration, instead of " WEIR_SYSCONFDIR "/weir/weir.yaml",    \
	 NULL},                                                                                    \
		{"database", 0, "FILE", "read this database, instead of the configured one",       \
		 "database"},                                                                      \
	{                                                                                          \
		"since", 0, "WHEN",                                                                \
			"only what was seen since then: 24h, 7d, or 2026-01-02 03:04:05 (UTC)",    \
			NULL                                                                       \
	}
#define OPTIONS_LAST                                                                               \
	{"limit", 'n', "COUNT", "the newest so many (1000)", NULL},                                \
		{"json", 0, NULL, "print JSON, one object a line", NULL},                          \
	{                                                                                          \
		0                                                                                  \
	}

static const struct verb_option signal_options[] = {
	OPTIONS_FIRST,
	{"level", 0, "LEVEL", "only at or above: informational, low, medium, high, critical", NULL},
	{"rule", 0, "NAME", "only of this rule, by name or id", NULL},
	{"host", 0, "HOST", "only about this address, or another value of its keys", NULL},
	OPTIONS_LAST,
};

static const struct verb_option flow_options[] = {
	OPTIONS_FIRST,
	{"host", 0, "HOST", "only from or to this address, or of this process, pod or host", NULL},
	OPTIONS_LAST,
};

static int run_signals(const struct arguments *arguments)
{
	return run(arguments, STORE_SIGNALS);
}

static int run_flows(const struct arguments *arguments)
{
	return run(arguments, STORE_FLOWS);
}

const struct verb verb_signals = {
	.name = "signals",
	.operands = "",
	.summary = "list the signals that were stored",
	.help = "Reads the database that 'weir run' or 'weir replay --database' wrote: what rules "
		"said, the newest last. A signal alone is weak; 'weir detections' lists what they "
		"add up to.",
	.options = signal_options,
	.run = run_signals,
};

const struct verb verb_flows = {
	.name = "flows",
	.operands = "",
	.summary = "list the connections that were stored",
	.help = "Reads the database that 'weir run' or 'weir replay --database' wrote, the newest "
		"last: the finished connections that a signal or a detection points to; with "
		"all_flows: true in the configuration, all. 'weir top' shows those that move now.",
	.options = flow_options,
	.run = run_flows,
};
