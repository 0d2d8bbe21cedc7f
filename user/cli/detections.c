/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cli/allow.h"
#include "cli/arguments.h"
#include "cli/stored_filter.h"
#include "cli/verbs.h"
#include "sink/describe.h"
#include "sink/store.h"

#define ID_SHOWN 8  /* characters of an id in a list: enough to name one */
#define WORD_MAX 32 /* of what a detection is closed as */

static const struct verb_option options[] = {
	{"config", 'c', "FILE", "configuration, instead of " WEIR_SYSCONFDIR "/weir/weir.yaml",
	 NULL},
	{"database", 0, "FILE", "read this database, instead of the configured one", "database"},
	{"since", 0, "WHEN", "only with evidence since then: 24h, 7d, or 2026-01-02 03:04:05 (UTC)",
	 NULL},
	{"level", 0, "LEVEL", "only at or above: informational, low, medium, high, critical", NULL},
	{"rule", 0, "NAME", "only of this rule, by name or id", NULL},
	{"host", 0, "HOST", "only seen by this host, or about this address", NULL},
	{"limit", 'n', "COUNT", "only the newest so many", NULL},
	{"as", 0, "WORD", "close: as what, such as false-positive", NULL},
	{"allow", 0, NULL, "close: write a filter that allows this case into the local rules",
	 NULL},
	{"rules", 0, "PATH",
	 "with --allow: rule file or folder, instead of the usual. May be given several times",
	 "rules"},
	{"json", 0, NULL, "print JSON, one object a line", NULL},
	{0},
};

/* ---- list ---- */

struct list {
	struct grid grid;
	bool json;
	size_t rows;
};

static void list_head(struct grid *grid)
{
	static const char *const names[] = {"LAST SEEN (UTC)", "SEVERITY", "DETECTION", "STATE",
					    "COUNT",	       "ID",	   "WHAT"};

	grid_begin(grid, sizeof(names) / sizeof(names[0]));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		grid_add(grid, TINT_DIM, names[i]);
}

static void list_row(void *context, const struct store_row *row)
{
	struct list *list = context;
	char time[TIME_TEXT_MAX], readable[DESCRIBE_TIME_MAX];
	int severity = severity_find(row->severity, strlen(row->severity));

	if (list->json) {
		puts(row->record);
		return;
	}
	if (!list->rows++)
		list_head(&list->grid);
	grid_add(&list->grid, TINT_PLAIN, describe_time(time_format(row->last, time), readable));
	grid_add(&list->grid,
		 severity < 0 ? TINT_PLAIN : terminal_severity((enum severity)severity),
		 row->severity);
	grid_add(&list->grid, TINT_BOLD, row->rule_name);
	grid_add(&list->grid, TINT_PLAIN, row->state);
	grid_addf(&list->grid, TINT_PLAIN, "%lld", row->count);
	grid_addf(&list->grid, TINT_DIM, "%.*s", ID_SHOWN, row->id);
	grid_add(&list->grid, TINT_PLAIN, row->message);
}

static int list_detections(const struct arguments *a, const char *path)
{
	struct list list = {.json = arguments_has(a, "json")};
	struct terminal terminal = terminal_open(stdout);
	struct store *store = NULL;
	struct store_filter filter;
	struct error error;
	int status = stored_filter_read(a, &filter);

	if (status != EXIT_DONE)
		return status;
	if (store_open(&store, path, &error) || store_list(store, &filter, list_row, &list, &error))
		status = verb_error(&error);
	else if (!list.json && !list.rows)
		puts("no detections");
	if (list.rows)
		grid_end(&list.grid, &terminal, 0);
	store_close(store);
	return status;
}

/* ---- show ---- */

static int show_detection(const struct arguments *a, struct store *store, const char *id,
			  struct error *error)
{
	struct terminal terminal = terminal_open(stdout);
	json_t *record = store_record(store, id, error), *flows = NULL;

	if (record)
		flows = store_flows(store, id, error);
	if (flows && arguments_has(a, "json")) {
		json_object_set(record, "weir.flows", flows);
		json_dumpf(record, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15));
		putchar('\n');
	} else if (flows) {
		describe_detection_fully(&terminal, record, flows);
	}
	json_decref(flows);
	json_decref(record);
	return flows ? EXIT_DONE : verb_error(error);
}

/* ---- ack, close ---- */

static bool is_word(const char *text)
{
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return length && length <= WORD_MAX && !text[length];
}

static int set_state(const struct arguments *a, const char *path, const char *id, const char *state,
		     struct error *error)
{
	const char *word = arguments_value(a, "as");

	if (word && !is_word(word))
		return verb_usage(a->verb, "--as %s is no word: write one such as false-positive",
				  word);
	if (store_set_state(path, id, state, word, error))
		return verb_error(error);
	if (arguments_has(a, "json"))
		printf("{\"event.id\":\"%s\",\"weir.state\":\"%s\"}\n", id, state);
	else
		printf("%s is %s\n", id, state);
	return EXIT_DONE;
}

/* The filter first: a case is not closed on a promise. */
static int close_detection(const struct arguments *a, const struct config *config,
			   struct store *store, const char *id, struct error *error)
{
	json_t *record;
	int err;

	if (arguments_has(a, "allow")) {
		record = store_record(store, id, error);
		err = record ? allow_detection(config, record, error) : -EINVAL;
		json_decref(record);
		if (err)
			return verb_error(error);
	}
	return set_state(a, config->database, id, "closed", error);
}

static int one_detection(const struct arguments *a, const struct config *config)
{
	const char *what = arguments_operand(a, 0), *prefix = arguments_operand(a, 1);
	struct store *store = NULL;
	char id[UUID_TEXT_MAX];
	struct error error;
	int status;

	if (store_open(&store, config->database, &error) || store_find(store, prefix, id, &error))
		status = verb_error(&error);
	else if (!strcmp(what, "show"))
		status = show_detection(a, store, id, &error);
	else if (!strcmp(what, "ack"))
		status = set_state(a, config->database, id, "acknowledged", &error);
	else
		status = close_detection(a, config, store, id, &error);
	store_close(store);
	return status;
}

static int check_operands(const struct arguments *a)
{
	const char *what = arguments_operand(a, 0);

	if (!what || !strcmp(what, "list"))
		return arguments_operand(a, 1)
			       ? verb_usage(a->verb, "list takes no id: use show ID")
			       : EXIT_DONE;
	if (strcmp(what, "show") && strcmp(what, "ack") && strcmp(what, "close"))
		return verb_usage(a->verb, "cannot '%s' detections: list, show, ack or close them",
				  what);
	if (!arguments_operand(a, 1) || arguments_operand(a, 2))
		return verb_usage(a->verb, "%s takes one id: 'weir detections' lists them", what);
	if (arguments_has(a, "as") && strcmp(what, "close"))
		return verb_usage(a->verb, "--as belongs to close");
	if (arguments_has(a, "allow") && strcmp(what, "close"))
		return verb_usage(a->verb, "--allow belongs to close");
	return EXIT_DONE;
}

static int run(const struct arguments *a)
{
	const char *what = arguments_operand(a, 0);
	struct config *config = NULL;
	int status = check_operands(a);

	status = status ? status : arguments_config_reader(a, &config);
	if (status)
		return status;
	if (!config->database)
		status = verb_usage(a->verb, "no database is configured: name it with --database");
	else if (!what || !strcmp(what, "list"))
		status = list_detections(a, config->database);
	else
		status = one_detection(a, config);
	config_free(config);
	return status;
}

const struct verb verb_detections = {
	.name = "detections",
	.operands = "[show ID | ack ID | close ID]",
	.summary = "list detections, or explain one",
	.help = "Reads the database that 'weir run' or 'weir replay --database' wrote. Without an "
		"operand it lists detections, the newest last.\n"
		"\n"
		"'show ID' explains one: why it fired, each value against its threshold and "
		"baseline, the time line, sample flows and what to do. The beginning of an id is "
		"enough where only one begins so. 'ack ID' marks it as seen; 'close ID' closes it, "
		"with --as as what. 'close ID --as false-positive --allow' also writes a filter "
		"for "
		"that case (its rule and its keys) into the last folder of the configured rules, "
		"as "
		"local-allow-ID.yml, and shows it.",
	.options = options,
	.run = run,
};
