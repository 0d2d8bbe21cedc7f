/* SPDX-License-Identifier: Apache-2.0 */
/* What keys and the mouse do. */
#include <curses.h>
#include <string.h>

#include "top/screen.h"

#define KEY_ESCAPE  27
#define KEY_RETURN  '\n'
#define KEY_CTRL(c) ((c)&0x1f)
#define WHEEL_ROWS  3

static struct table_place *place_of(struct screen *screen)
{
	return &screen->places[screen->page];
}

/* ---- moving: in a table, or in lines of text ---- */

static void move_by(struct screen *screen, long rows)
{
	struct details *details = &screen->details;
	bool text = details->text != NULL;
	long at = (long)(text ? details->first : place_of(screen)->selected) + rows;

	if (at < 0)
		at = 0;
	if (!text)
		screen_select(screen, (size_t)at);
	else
		details->first = (size_t)at < details->len ? (size_t)at
				 : details->len		   ? details->len - 1
							   : 0;
}

static void up(struct screen *screen)
{
	move_by(screen, -1);
}

static void down(struct screen *screen)
{
	move_by(screen, 1);
}

static void page_up(struct screen *screen)
{
	move_by(screen, -(long)screen_rows());
}

static void page_down(struct screen *screen)
{
	move_by(screen, (long)screen_rows());
}

static void to_first(struct screen *screen)
{
	move_by(screen, -(1L << 30));
}

static void to_last(struct screen *screen)
{
	move_by(screen, 1L << 30);
}

/* ---- pages and order ---- */

static void go_to_page(struct screen *screen, unsigned page)
{
	details_close(screen);
	screen->page = page;
	screen_arrange(screen);
}

static void flows(struct screen *screen)
{
	go_to_page(screen, TOP_FLOWS);
}

static void processes(struct screen *screen)
{
	go_to_page(screen, TOP_PROCESSES);
}

static void detections(struct screen *screen)
{
	go_to_page(screen, TOP_DETECTIONS);
}

static void next_page(struct screen *screen)
{
	go_to_page(screen, (screen->page + 1) % TOP_PAGES);
}

static void sort_by(struct screen *screen, size_t column)
{
	struct table_place *place = place_of(screen);

	place->reverse = place->sort == column && !place->reverse;
	place->sort = column;
	screen_arrange(screen);
}

static void sort_left(struct screen *screen)
{
	size_t len = screen_page(screen)->len;

	sort_by(screen, (place_of(screen)->sort + len - 1) % len);
}

static void sort_right(struct screen *screen)
{
	sort_by(screen, (place_of(screen)->sort + 1) % screen_page(screen)->len);
}

static void reverse(struct screen *screen)
{
	sort_by(screen, place_of(screen)->sort);
}

/* ---- words ---- */

static void type_filter(struct screen *screen)
{
	screen->typing = TYPING_FILTER;
}

static void type_search(struct screen *screen)
{
	screen->typing = TYPING_SEARCH;
	screen->search[0] = '\0';
}

static void find(struct screen *screen, size_t from, bool backwards)
{
	int row;

	if (!screen->search[0] || !screen->rows.len)
		return;
	row = top_rows_search(&screen->rows, screen_page(screen), screen->search,
			      from % screen->rows.len, backwards);
	if (row >= 0)
		screen_select(screen, (size_t)row);
}

static void find_next(struct screen *screen)
{
	find(screen, place_of(screen)->selected + 1, false);
}

static void find_previous(struct screen *screen)
{
	find(screen, place_of(screen)->selected + screen->rows.len - 1, true);
}

/* A filter is the agent's affair: it knows more connections than it tells. */
static void filter_changed(struct screen *screen)
{
	screen->asked = TIME_NONE;
}

static void type(struct screen *screen, int key)
{
	bool filtering = screen->typing == TYPING_FILTER;
	char *word = filtering ? screen->filter : screen->search;
	size_t length = strlen(word);

	if (key == KEY_RETURN || key == '\r' || key == KEY_ENTER || key == KEY_ESCAPE) {
		if (key == KEY_ESCAPE)
			word[0] = '\0';
		screen->typing = TYPING_NONE;
	} else if ((key == KEY_BACKSPACE || key == 127 || key == '\b') && length) {
		word[length - 1] = '\0';
	} else if (key == KEY_CTRL('u')) {
		word[0] = '\0';
	} else if (key >= ' ' && key < 127 && length + 1 < TOP_WORD_MAX) {
		word[length] = (char)key;
		word[length + 1] = '\0';
	}
	if (filtering)
		filter_changed(screen);
	else
		find(screen, place_of(screen)->selected, false);
}

/* ---- one row ---- */

static void open_row(struct screen *screen)
{
	if (!screen->details.text)
		details_open(screen);
}

/* From a detection, or a process, to the connections that move now of the same source. */
static void drill(struct screen *screen)
{
	char word[TOP_WORD_MAX];

	if (!screen_word(screen, word))
		return;
	strcpy(screen->filter, word);
	filter_changed(screen);
	flows(screen);
}

/* ---- the rest ---- */

static void hold(struct screen *screen)
{
	screen->paused = !screen->paused;
}

static void back(struct screen *screen)
{
	if (screen->details.text)
		details_close(screen);
	else if (screen->filter[0]) {
		screen->filter[0] = '\0';
		filter_changed(screen);
	}
}

static void quit(struct screen *screen)
{
	if (screen->details.text)
		details_close(screen);
	else
		screen->quit = true;
}

static void click(struct screen *screen, const MEVENT *mouse)
{
	int page = screen_page_at(mouse->y, mouse->x);
	int column = screen_column_at(screen, mouse->y, mouse->x);
	int row = screen_row_at(screen, mouse->y);

	if (page >= 0)
		go_to_page(screen, (unsigned)page);
	else if (screen->details.text)
		return;
	else if (column >= 0)
		sort_by(screen, (size_t)column);
	else if (row >= 0 && ((size_t)row == place_of(screen)->selected ||
			      mouse->bstate & BUTTON1_DOUBLE_CLICKED)) {
		screen_select(screen, (size_t)row);
		details_open(screen);
	} else if (row >= 0)
		screen_select(screen, (size_t)row);
}

static void mouse(struct screen *screen)
{
	MEVENT event;

	if (getmouse(&event) != OK)
		return;
	if (event.bstate & BUTTON4_PRESSED)
		move_by(screen, -WHEEL_ROWS);
	else if (event.bstate & BUTTON5_PRESSED)
		move_by(screen, WHEEL_ROWS);
	else if (event.bstate & (BUTTON1_CLICKED | BUTTON1_PRESSED | BUTTON1_DOUBLE_CLICKED))
		click(screen, &event);
}

static const struct key {
	int keys[4];		  /* ended by 0 */
	const char *name, *words; /* NULL: another way to say one that has words */
	void (*does)(struct screen *screen);
} keys[] = {
	{{KEY_UP, 'k'}, "up down, k j", "select a row, or scroll; also by the mouse", up},
	{{KEY_DOWN, 'j'}, NULL, NULL, down},
	{{KEY_PPAGE, KEY_CTRL('b')}, "PgUp PgDn", "a screen further", page_up},
	{{KEY_NPAGE, KEY_CTRL('f')}, NULL, NULL, page_down},
	{{KEY_HOME, 'g'}, "Home End", "first and last", to_first},
	{{KEY_END, 'G'}, NULL, NULL, to_last},
	{{KEY_RETURN, KEY_ENTER, '\r'}, "Enter", "all that is known of the row", open_row},
	{{'o'}, "o", "the connections of its source or process that move now", drill},
	{{'1'}, "1 2 3, Tab", "flows, processes, detections", flows},
	{{'2'}, NULL, NULL, processes},
	{{'3'}, NULL, NULL, detections},
	{{'\t'}, NULL, NULL, next_page},
	{{KEY_LEFT, '<'},
	 "left right",
	 "sort by another column; a click on its title does too",
	 sort_left},
	{{KEY_RIGHT, '>'}, NULL, NULL, sort_right},
	{{'r'}, "r", "reverse the order", reverse},
	{{'f'}, "f", "show only connections with a word in one of their fields", type_filter},
	{{'/'}, "/ n N", "search the rows for a word; next, previous", type_search},
	{{'n'}, NULL, NULL, find_next},
	{{'N'}, NULL, NULL, find_previous},
	{{' ', 'p'}, "space, p", "pause, and go on", hold},
	{{KEY_ESCAPE, KEY_BACKSPACE, 127}, "Esc", "back; without a filter", back},
	{{'?', 'h', KEY_F(1)}, "?", "this page", details_help},
	{{'q'}, "q", "back, or quit", quit},
	{{KEY_MOUSE}, NULL, NULL, mouse},
};

void keys_print(FILE *out)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].words)
			fprintf(out, "%-14s %s\n", keys[i].name, keys[i].words);
}

void screen_key(struct screen *screen, int key)
{
	if (screen->typing != TYPING_NONE && key != KEY_MOUSE) {
		if (key != ERR && key != KEY_RESIZE)
			type(screen, key);
		return;
	}
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		for (size_t k = 0; k < 4 && keys[i].keys[k]; k++)
			if (keys[i].keys[k] == key) {
				keys[i].does(screen);
				return;
			}
}
