/* SPDX-License-Identifier: Apache-2.0 */
/* What is known, and which of it is shown. */
#include "top/screen.h"

#include <string.h>

#include "sink/store.h"

#define DETECTIONS_MAX 500 /* the newest */
#define REQUEST_MAX    (TOP_WORD_MAX + 32)

static void ask_status(struct screen *screen)
{
	struct error error;
	json_t *status = screen->options->ask(screen->options->context, "status", &error);

	json_decref(screen->status);
	screen->status = status;
}

static void add_detection(void *context, const struct store_row *row)
{
	char seen[TIME_TEXT_MAX];

	json_array_append_new(
		context, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I}", "id", row->id,
				   "rule_name", row->rule_name, "severity", row->severity, "state",
				   row->state, "message", row->message, "last_seen",
				   time_format(row->last, seen), "count", (json_int_t)row->count));
}

/* A database that is not there has no detections; what else is wrong is said. */
static void ask_detections(struct screen *screen)
{
	const struct store_filter filter = {
		.since = TIME_NONE, .level = -1, .limit = DETECTIONS_MAX};
	json_t *list = json_array();
	struct store *store = NULL;
	struct error error = {0};

	if (screen->options->database && !store_open(&store, screen->options->database, &error))
		store_list(store, &filter, add_detection, list, &error);
	store_close(store);
	json_object_set_new(screen->answer, "detections_error", json_string(error.text));
	json_object_set_new(screen->answer, "detections", list);
}

void screen_ask(struct screen *screen, weir_time now)
{
	char request[REQUEST_MAX];
	json_t *answer;

	snprintf(request, sizeof(request), "top %u %s", screen->options->rows, screen->filter);
	screen->error.text[0] = '\0';
	answer = screen->options->ask(screen->options->context, request, &screen->error);
	if (answer)
		json_object_update(screen->answer, answer);
	json_decref(answer);
	if (screen->asked_status == TIME_NONE || now - screen->asked_status >= 5 * WEIR_SEC) {
		screen->asked_status = now;
		ask_status(screen);
		ask_detections(screen);
	}
	screen->asked = now;
	screen_arrange(screen);
}

/* A list of detections has no fields: the stored record does. */
static json_t *whole_row(const struct screen *screen, const json_t *row)
{
	struct store *store = NULL;
	struct error error;
	json_t *record = NULL;

	if (screen->page != TOP_DETECTIONS)
		return json_incref((json_t *)row);
	if (!store_open(&store, screen->options->database, &error))
		record = store_record(store, top_text(row, "id"), &error);
	store_close(store);
	return record;
}

bool screen_word(const struct screen *screen, char word[TOP_WORD_MAX])
{
	static const char *const names[] = {"process.name", "source.ip", "destination.ip"};
	size_t selected = screen->places[screen->page].selected;
	const char *found = "";
	json_t *row;

	if (selected >= screen->rows.len)
		return false;
	row = whole_row(screen, screen->rows.at[selected]);
	for (size_t i = 0; row && i < sizeof(names) / sizeof(names[0]) && !*found; i++)
		found = top_text(row, names[i]);
	snprintf(word, TOP_WORD_MAX, "%s", found);
	json_decref(row);
	return *word;
}

/* The table is moved so that the row is in sight. */
void screen_select(struct screen *screen, size_t row)
{
	struct table_place *place = &screen->places[screen->page];
	size_t room = screen_rows();

	if (row >= screen->rows.len)
		row = screen->rows.len ? screen->rows.len - 1 : 0;
	place->selected = row;
	if (place->first > row)
		place->first = row;
	if (room && row >= place->first + room)
		place->first = row - room + 1;
	if (place->first + room > screen->rows.len)
		place->first = screen->rows.len > room ? screen->rows.len - room : 0;
	place->key[0] = '\0';
	if (row && row < screen->rows.len)
		screen_page(screen)->key(screen->rows.at[row], place->key);
}

void screen_arrange(struct screen *screen)
{
	struct table_place *place = &screen->places[screen->page];
	const struct top_page *page = screen_page(screen);
	int found = 0;

	top_rows_make(&screen->rows, page, json_object_get(screen->answer, page->rows), place->sort,
		      place->reverse);
	if (place->key[0])
		found = top_rows_find(&screen->rows, page, place->key);
	screen_select(screen, found >= 0 ? (size_t)found : place->selected);
}
