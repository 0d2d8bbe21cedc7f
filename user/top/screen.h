/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TOP_SCREEN_H
#define WEIR_TOP_SCREEN_H

#include "base/time.h"
#include "top/pages.h"
#include "top/top.h"

/* What the files of the screen share: what is known (screen.c), how it is drawn (draw.c), what keys
 * do (keys.c), and pages of text (details.c). */

#define TOP_WORD_MAX 64 /* bytes of what is typed */

/* Lines of text over the tables: what is known of one row, or the help. */
struct details {
	char *text; /* NULL: none are shown */
	size_t len; /* lines */
	char title[TOP_CELL_MAX];
	size_t first; /* line at the top */
};

struct table_place {
	size_t sort;
	bool reverse;
	size_t first, selected; /* rows */
	char key[TOP_CELL_MAX]; /* of the selected one; "": the first, whichever it is */
};

/* What is typed at the bottom line goes where. */
enum typing { TYPING_NONE, TYPING_FILTER, TYPING_SEARCH };

struct screen {
	const struct top_options *options;
	json_t *answer;	    /* the lists of all pages; never NULL */
	json_t *status;	    /* NULL: not known */
	struct error error; /* text "": the last question was answered */
	weir_time asked, asked_status;
	unsigned page; /* TOP_FLOWS … */
	struct table_place places[TOP_PAGES];
	struct top_rows rows;
	char filter[TOP_WORD_MAX], search[TOP_WORD_MAX];
	enum typing typing;
	struct details details;
	bool paused, colour, quit;
};

static inline const struct top_page *screen_page(const struct screen *screen)
{
	return &top_pages[screen->page];
}

/* Asks for what moves now; every fifth time for the status and the detections too. */
void screen_ask(struct screen *screen, weir_time now);

/* The rows of the page that is shown, anew; the selection stays with its row. */
void screen_arrange(struct screen *screen);
void screen_select(struct screen *screen, size_t row);

/* The word by which the connections of the selected row are found: its process's name, else its
 * source. False: there is none. */
bool screen_word(const struct screen *screen, char word[TOP_WORD_MAX]);

/* Rows of a table that the terminal has room for. */
size_t screen_rows(void);

void screen_draw(struct screen *screen);
/* The column whose title stands at x, or -1; the row at y, or -1; the page whose title stands at x
 * of line y, or -1. */
int screen_column_at(const struct screen *screen, int y, int x);
int screen_row_at(const struct screen *screen, int y);
int screen_page_at(int y, int x);

/* What a key does; ERR (no key came): nothing. */
void screen_key(struct screen *screen, int key);

/* Opens them on the selected row, or on the help. */
void details_open(struct screen *screen);
void details_help(struct screen *screen);
void details_close(struct screen *screen);
/* Line n, not ended by a zero. */
const char *details_line(const struct details *details, size_t n, size_t *length);

/* The keys in words, a line each. */
void keys_print(FILE *out);

#endif
