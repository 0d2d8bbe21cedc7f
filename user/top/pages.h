/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TOP_PAGES_H
#define WEIR_TOP_PAGES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/terminal.h"

/*
 * What the screen shows as tables, as data: a page is a list of JSON objects and its columns. A new
 * column is a line in its table.
 */
#define TOP_CELL_MAX 256 /* bytes of a cell's text */

struct top_column {
	const char *title;
	unsigned width; /* columns of the screen; 0: what is left (one column of a page) */
	unsigned rank;	/* where there is no room the highest go first; 0 stays */
	bool right;	/* a number */
	bool falling;	/* sorted by it, the greatest stand first */
	void (*text)(const json_t *row, char text[TOP_CELL_MAX]);
	double (*number)(const json_t *row); /* what it is sorted by; NULL: its text */
};

struct top_page {
	const char *title;
	const char *rows; /* names the list in the answer */
	const struct top_column *columns;
	size_t len;
	size_t sort; /* column to begin with */
	/* Tells one row from another, from one second to the next. */
	void (*key)(const json_t *row, char text[TOP_CELL_MAX]);
	enum tint (*tint)(const json_t *row);
};

enum { TOP_FLOWS, TOP_PROCESSES, TOP_DETECTIONS, TOP_PAGES };
extern const struct top_page top_pages[TOP_PAGES];

/* The rows of a page in the order of a column; rows are borrowed from `list`. */
struct top_rows {
	const json_t **at;
	size_t len;
};
void top_rows_make(struct top_rows *rows, const struct top_page *page, const json_t *list,
		   size_t sort, bool reverse);
void top_rows_free(struct top_rows *rows);

/* The next row, from `from` on and round, that has `part` (without case) in a cell; -1: none. */
int top_rows_search(const struct top_rows *rows, const struct top_page *page, const char *part,
		    size_t from, bool backwards);

/* Where a row with that key stands now; -1: it is gone. */
int top_rows_find(const struct top_rows *rows, const struct top_page *page, const char *key);

/* Widths of a page's columns on a screen of `width`, into widths[page->len]; 0: not shown. A space
 * stands between two. */
void top_widths(const struct top_page *page, unsigned width, unsigned *widths);

/* At most `width` columns of the text into `out`, cut with an ellipsis; nothing in it that a
 * terminal would obey, and nothing that the locale cannot show. Returns how many it takes. */
unsigned top_fit(const char *text, unsigned width, char *out, size_t size);

/* "1.2M" of 1234567, at most 5 columns. */
void top_amount(double amount, char text[TOP_CELL_MAX]);
/* "3h12m" of seconds. */
void top_span(double seconds, char text[TOP_CELL_MAX]);

/* Members of a row: "" and 0 where there is none. */
const char *top_text(const json_t *row, const char *name);
double top_number(const json_t *row, const char *name);

#endif
