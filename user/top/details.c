/* SPDX-License-Identifier: Apache-2.0 */
/* All that is known of one row, as lines of text. */
#include <stdlib.h>
#include <string.h>

#include "sink/describe.h"
#include "sink/store.h"
#include "top/screen.h"

static void count_lines(struct details *details)
{
	details->len = 0;
	for (const char *at = details->text; at && *at; at++)
		details->len += *at == '\n';
}

const char *details_line(const struct details *details, size_t n, size_t *length)
{
	const char *at = details->text;

	for (; n && *at; n--)
		at += strcspn(at, "\n") + 1;
	*length = strcspn(at, "\n");
	return at;
}

void details_close(struct screen *screen)
{
	free(screen->details.text);
	screen->details = (struct details){0};
}

/* Whatever `print` writes. */
static void open_text(struct screen *screen, const char *title,
		      void (*print)(struct screen *screen, const json_t *row, FILE *out),
		      const json_t *row)
{
	struct details details = {0};
	size_t size;
	FILE *out = open_memstream(&details.text, &size);

	if (!out)
		return;
	print(screen, row, out);
	fclose(out);
	snprintf(details.title, sizeof(details.title), "%s", title);
	count_lines(&details);
	details_close(screen);
	screen->details = details;
}

/* ---- a connection, a process: their fields ---- */

static void print_value(const json_t *value, FILE *out)
{
	size_t i;
	json_t *one;

	if (json_is_string(value)) {
		fputs(json_string_value(value), out);
	} else if (json_is_array(value)) {
		json_array_foreach(value, i, one)
		{
			fputs(i ? ", " : "", out);
			print_value(one, out);
		}
	} else {
		json_dumpf(value, out, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
	}
}

static void print_fields(struct screen *screen, const json_t *row, FILE *out)
{
	const char *name;
	json_t *value;
	int widest = 0;

	(void)screen;
	json_object_foreach((json_t *)row, name, value) if ((int)strlen(name) > widest) widest =
		(int)strlen(name);
	json_object_foreach((json_t *)row, name, value)
	{
		if (!strcmp(name, "@timestamp") || !strcmp(name, "event.kind") ||
		    !strcmp(name, "event.dataset"))
			continue;
		fprintf(out, "%-*s  ", widest, name);
		print_value(value, out);
		fputc('\n', out);
	}
}

/* ---- a detection: as `weir detections show` has it ---- */

static void print_detection(struct screen *screen, const json_t *row, FILE *out)
{
	struct terminal terminal = {.out = out};
	struct store *store = NULL;
	struct error error = {0};
	const char *id = top_text(row, "id");
	json_t *record = NULL, *flows = NULL;

	if (!store_open(&store, screen->options->database, &error))
		record = store_record(store, id, &error);
	if (record)
		flows = store_flows(store, id, &error);
	if (flows)
		describe_detection_fully(&terminal, record, flows);
	else
		fprintf(out, "%s\n", error.text);
	json_decref(flows);
	json_decref(record);
	store_close(store);
}

static void (*const prints[TOP_PAGES])(struct screen *, const json_t *, FILE *) = {
	[TOP_FLOWS] = print_fields,
	[TOP_PROCESSES] = print_fields,
	[TOP_DETECTIONS] = print_detection,
};

void details_open(struct screen *screen)
{
	size_t selected = screen->places[screen->page].selected;
	const struct top_page *page = screen_page(screen);
	char title[TOP_CELL_MAX], key[TOP_CELL_MAX];

	if (selected >= screen->rows.len)
		return;
	page->key(screen->rows.at[selected], key);
	snprintf(title, sizeof(title), "%s: %.200s", page->title, key);
	open_text(screen, title, prints[screen->page], screen->rows.at[selected]);
}

static void print_help(struct screen *screen, const json_t *row, FILE *out)
{
	(void)screen;
	(void)row;
	fputs("Rates are bytes of one second, some seconds ago: rules see the same, when it is\n"
	      "complete. SENT is by SOURCE, the initiator. A connection is in sight from its next\n"
	      "packet after the start of this screen; grey ones did not move in that second.\n\n",
	      out);
	keys_print(out);
}

void details_help(struct screen *screen)
{
	open_text(screen, "Help", print_help, NULL);
}
