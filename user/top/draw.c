/* SPDX-License-Identifier: Apache-2.0 */
/* The screen, line by line. */
#include <curses.h>
#include <string.h>
#include <wchar.h>

#include "top/screen.h"

/* Lines: what weir is, what moves, the pages, titles; rows; the bottom. */
enum { LINE_HEAD, LINE_RATES, LINE_PAGES, LINE_TITLES, LINE_ROWS };
#define LINES_AROUND (LINE_ROWS + 1)

static attr_t attribute(const struct screen *screen, enum tint tint)
{
	attr_t attributes = screen->colour ? COLOR_PAIR(tint) : A_NORMAL;

	if (tint == TINT_BOLD || (!screen->colour && tint == TINT_RED))
		attributes |= A_BOLD;
	if (tint == TINT_DIM)
		attributes |= A_DIM;
	return attributes;
}

/* At most `width` columns; returns how many it took. */
static unsigned put(int y, int x, unsigned width, attr_t attributes, const char *text)
{
	char shown[1024];
	unsigned used;

	if (y >= LINES || x >= COLS)
		return 0;
	if (width > (unsigned)(COLS - x))
		width = (unsigned)(COLS - x);
	used = top_fit(text, width, shown, sizeof(shown));
	attrset(attributes);
	mvaddstr(y, x, shown);
	attrset(A_NORMAL);
	return used;
}

/* A line of pieces, each behind the last. */
struct pen {
	int y, x;
};

static void write_on(struct pen *pen, attr_t attributes, const char *text)
{
	pen->x += (int)put(pen->y, pen->x, (unsigned)COLS, attributes, text);
}

size_t screen_rows(void)
{
	return LINES > LINES_AROUND ? (size_t)(LINES - LINES_AROUND) : 0;
}

/* ---- the head ---- */

/* How much of what was there weir saw, and lost. */
static void write_coverage(const struct screen *screen, struct pen *pen)
{
	const json_t *coverage = json_object_get(screen->status, "coverage");
	char text[64];

	if (json_is_object(coverage))
		coverage = json_object_get(coverage, "now");
	if (!json_is_number(coverage))
		return;
	snprintf(text, sizeof(text), "  coverage %.5g %%", 100 * json_number_value(coverage));
	write_on(pen, attribute(screen, json_number_value(coverage) < 1 ? TINT_YELLOW : TINT_PLAIN),
		 text);
}

static void draw_head(const struct screen *screen)
{
	const char *health = top_text(screen->status, "health");
	bool healthy = !strcmp(health, "healthy");
	struct pen pen = {LINE_HEAD, 0};
	char text[TOP_CELL_MAX];

	snprintf(text, sizeof(text), "weir %s ", top_text(screen->status, "version"));
	write_on(&pen, A_BOLD, text);
	if (screen->error.text[0]) {
		write_on(&pen, attribute(screen, TINT_RED), screen->error.text);
		return;
	}
	write_on(&pen, attribute(screen, healthy ? TINT_GREEN : TINT_RED), health);
	write_coverage(screen, &pen);
	if (screen->paused)
		write_on(&pen, A_REVERSE, "  paused ");
	snprintf(text, sizeof(text), "%.8s",
		 top_text(screen->answer, "at") +
			 11 * (strlen(top_text(screen->answer, "at")) > 19));
	if (pen.x + 12 < COLS)
		put(LINE_HEAD, COLS - 12, 8, A_NORMAL, text);
	if (pen.x + 4 < COLS)
		put(LINE_HEAD, COLS - 4, 4, attribute(screen, TINT_DIM), " UTC");
}

/* ---- what moves ---- */

static const char *bar(double share)
{
	static const char *const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	static const char *const plain[] = {"_", ".", "-", "-", "=", "=", "#", "#"};
	size_t n = (size_t)(share * 7.999);

	if (n > 7)
		n = 7;
	return wcwidth(L'▁') == 1 ? bars[n] : plain[n];
}

/* The last seconds, a column each, against the greatest of them. */
static void draw_history(const struct screen *screen, int x)
{
	const json_t *history = json_object_get(screen->answer, "history");
	size_t len = json_array_size(history), room = x < COLS ? (size_t)(COLS - x) : 0;
	size_t from = len > room ? len - room : 0;
	double most = 1;

	for (size_t i = from; i < len; i++)
		if (json_number_value(json_array_get(history, i)) > most)
			most = json_number_value(json_array_get(history, i));
	for (size_t i = from; i < len; i++)
		put(LINE_RATES, COLS - (int)(len - i), 1, attribute(screen, TINT_BLUE),
		    bar(json_number_value(json_array_get(history, i)) / most));
}

static void draw_rates(const struct screen *screen)
{
	const json_t *rates = json_object_get(screen->answer, "rates");
	char sent[TOP_CELL_MAX], received[TOP_CELL_MAX], packets[TOP_CELL_MAX], text[1024];
	double left_out = top_number(screen->answer, "flows_left_out");
	struct pen pen = {LINE_RATES, 0};

	top_amount(top_number(rates, "bytes.sent"), sent);
	top_amount(top_number(rates, "bytes.received"), received);
	top_amount(top_number(rates, "packets"), packets);
	snprintf(text, sizeof(text),
		 "out %sB/s  in %sB/s  %s packets/s  %.0f attempts/s  %.0f of %.0f flows", sent,
		 received, packets, top_number(rates, "attempts"),
		 top_number(screen->answer, "flows_matching"),
		 top_number(screen->answer, "flows_known"));
	write_on(&pen, A_NORMAL, text);
	if (left_out > 0) {
		snprintf(text, sizeof(text), "  %.0f left out", left_out);
		write_on(&pen, attribute(screen, TINT_YELLOW), text);
	}
	draw_history(screen, pen.x + 2);
}

/* ---- the pages ---- */

/* Where the title of a page begins: " 1 Flows ". */
static int page_x(unsigned page)
{
	int x = 0;

	for (unsigned i = 0; i < page; i++)
		x += (int)strlen(top_pages[i].title) + 4;
	return x;
}

int screen_page_at(int y, int x)
{
	for (unsigned i = 0; y == LINE_PAGES && i < TOP_PAGES; i++)
		if (x >= page_x(i) && x < page_x(i + 1))
			return (int)i;
	return -1;
}

static void draw_pages(const struct screen *screen)
{
	struct pen pen = {LINE_PAGES, 0};
	char text[TOP_CELL_MAX];

	for (unsigned i = 0; i < TOP_PAGES; i++) {
		snprintf(text, sizeof(text), " %u %s ", i + 1, top_pages[i].title);
		pen.x = page_x(i);
		write_on(&pen, i == screen->page ? A_REVERSE : A_NORMAL, text);
	}
	if (screen->filter[0]) {
		snprintf(text, sizeof(text), "  filter: %s", screen->filter);
		write_on(&pen, attribute(screen, TINT_YELLOW), text);
	}
}

/* ---- the table ---- */

static void draw_titles(const struct screen *screen, const unsigned *widths)
{
	const struct top_page *page = screen_page(screen);
	const struct table_place *place = &screen->places[screen->page];
	int x = 0;

	for (size_t i = 0; i < page->len; i++) {
		const struct top_column *column = &page->columns[i];
		unsigned length = (unsigned)strlen(column->title);
		unsigned pad = column->right && widths[i] > length ? widths[i] - length : 0;

		if (!widths[i])
			continue;
		put(LINE_TITLES, x + (int)pad, widths[i] - pad,
		    i == place->sort ? A_BOLD | A_UNDERLINE : A_BOLD, column->title);
		x += (int)widths[i] + 1;
	}
}

static void draw_row(const struct screen *screen, const json_t *row, const unsigned *widths, int y,
		     bool selected)
{
	const struct top_page *page = screen_page(screen);
	attr_t attributes = attribute(screen, page->tint(row)) | (selected ? A_REVERSE : 0);
	int x = 0;

	attrset(attributes);
	mvhline(y, 0, ' ' | attributes, COLS);
	for (size_t i = 0; i < page->len; i++) {
		char text[TOP_CELL_MAX], shown[TOP_CELL_MAX];
		unsigned used;

		if (!widths[i])
			continue;
		page->columns[i].text(row, text);
		used = top_fit(text, widths[i], shown, sizeof(shown));
		put(y, x + (page->columns[i].right ? (int)(widths[i] - used) : 0), widths[i],
		    attributes, shown);
		x += (int)widths[i] + 1;
	}
}

static void draw_empty(const struct screen *screen)
{
	const char *error = top_text(screen->answer, "detections_error");

	if (screen->page == TOP_DETECTIONS && *error)
		put(LINE_ROWS, 0, (unsigned)COLS, attribute(screen, TINT_YELLOW), error);
	else if (screen->page == TOP_DETECTIONS)
		put(LINE_ROWS, 0, (unsigned)COLS, A_NORMAL, "no detections");
	else
		put(LINE_ROWS, 0, (unsigned)COLS, attribute(screen, TINT_DIM),
		    top_text(screen->answer, "at")[0] ? "nothing moves"
						      : "the first second is not over yet");
}

static void draw_table(const struct screen *screen)
{
	const struct table_place *place = &screen->places[screen->page];
	unsigned widths[16];

	top_widths(screen_page(screen), (unsigned)COLS, widths);
	draw_titles(screen, widths);
	for (size_t i = 0; i < screen_rows() && place->first + i < screen->rows.len; i++)
		draw_row(screen, screen->rows.at[place->first + i], widths, LINE_ROWS + (int)i,
			 place->first + i == place->selected);
	if (!screen->rows.len)
		draw_empty(screen);
}

int screen_column_at(const struct screen *screen, int y, int x)
{
	unsigned widths[16];
	int from = 0;

	if (y != LINE_TITLES)
		return -1;
	top_widths(screen_page(screen), (unsigned)COLS, widths);
	for (size_t i = 0; i < screen_page(screen)->len; i++) {
		if (widths[i] && x >= from && x <= from + (int)widths[i])
			return (int)i;
		from += widths[i] ? (int)widths[i] + 1 : 0;
	}
	return -1;
}

int screen_row_at(const struct screen *screen, int y)
{
	size_t row = screen->places[screen->page].first + (size_t)(y - LINE_ROWS);

	if (y < LINE_ROWS || y >= LINES - 1 || row >= screen->rows.len)
		return -1;
	return (int)row;
}

/* ---- lines of text over the table ---- */

static void draw_details(const struct screen *screen)
{
	const struct details *details = &screen->details;

	put(LINE_TITLES, 0, (unsigned)COLS, A_BOLD, details->title);
	for (size_t i = 0; i < screen_rows() && details->first + i < details->len; i++) {
		char text[1024];
		size_t length;
		const char *line = details_line(details, details->first + i, &length);

		snprintf(text, sizeof(text), "%.*s",
			 (int)(length < sizeof(text) ? length : sizeof(text) - 1), line);
		put(LINE_ROWS + (int)i, 0, (unsigned)COLS, A_NORMAL, text);
	}
}

static void draw_bottom(const struct screen *screen)
{
	static const char *const asked[] = {
		[TYPING_FILTER] = "filter: ", [TYPING_SEARCH] = "search: "};
	const char *word = screen->typing == TYPING_FILTER ? screen->filter : screen->search;
	struct pen pen = {LINES - 1, 0};

	if (screen->typing != TYPING_NONE) {
		write_on(&pen, A_BOLD, asked[screen->typing]);
		write_on(&pen, A_NORMAL, word);
		move(pen.y, pen.x < COLS ? pen.x : COLS - 1);
	} else if (screen->details.text)
		write_on(&pen, attribute(screen, TINT_DIM), "up down scroll   Esc back");
	else
		write_on(&pen, attribute(screen, TINT_DIM),
			 "q quit  ? help  Enter details  f filter  / search  < > sort  r reverse  "
			 "space pause  o its flows");
}

void screen_draw(struct screen *screen)
{
	erase();
	draw_head(screen);
	draw_rates(screen);
	draw_pages(screen);
	if (screen->details.text)
		draw_details(screen);
	else
		draw_table(screen);
	draw_bottom(screen);
	curs_set(screen->typing != TYPING_NONE);
	refresh();
}
