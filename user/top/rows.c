/* SPDX-License-Identifier: Apache-2.0 */
/* Rows in their order, and how they fit the screen. */
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "top/pages.h"

#define WIDTH_LEFT_MIN 8 /* of the column that takes what is left */

struct sorting {
	const struct top_page *page;
	const struct top_column *column;
	bool reverse;
};

static int compare(const void *a, const void *b, void *context)
{
	const json_t *one = *(const json_t *const *)a, *other = *(const json_t *const *)b;
	const struct sorting *by = context;
	int order;

	if (by->column->number) {
		double x = by->column->number(one), y = by->column->number(other);

		order = x < y ? -1 : x > y;
	} else {
		char x[TOP_CELL_MAX], y[TOP_CELL_MAX];

		by->column->text(one, x);
		by->column->text(other, y);
		order = strcasecmp(x, y);
	}
	return by->reverse != by->column->falling ? -order : order;
}

/* Rows that are alike keep their places from one second to the next. */
static int compare_keys(const void *a, const void *b, void *context)
{
	const struct sorting *by = context;
	char x[TOP_CELL_MAX], y[TOP_CELL_MAX];
	int order = compare(a, b, context);

	if (order)
		return order;
	by->page->key(*(const json_t *const *)a, x);
	by->page->key(*(const json_t *const *)b, y);
	return strcmp(x, y);
}

void top_rows_make(struct top_rows *rows, const struct top_page *page, const json_t *list,
		   size_t sort, bool reverse)
{
	struct sorting by = {page, &page->columns[sort], reverse};
	size_t len = json_array_size(list);

	top_rows_free(rows);
	rows->at = calloc(len + 1, sizeof(*rows->at));
	if (!rows->at)
		return;
	rows->len = len;
	for (size_t i = 0; i < len; i++)
		rows->at[i] = json_array_get(list, i);
	qsort_r(rows->at, len, sizeof(*rows->at), compare_keys, &by);
}

void top_rows_free(struct top_rows *rows)
{
	free(rows->at);
	*rows = (struct top_rows){0};
}

static bool has(const json_t *row, const struct top_page *page, const char *part)
{
	char text[TOP_CELL_MAX];

	for (size_t i = 0; i < page->len; i++) {
		page->columns[i].text(row, text);
		if (strcasestr(text, part))
			return true;
	}
	return false;
}

int top_rows_search(const struct top_rows *rows, const struct top_page *page, const char *part,
		    size_t from, bool backwards)
{
	for (size_t i = 0; i < rows->len; i++) {
		size_t at = backwards ? (from + rows->len - i) % rows->len : (from + i) % rows->len;

		if (has(rows->at[at], page, part))
			return (int)at;
	}
	return -1;
}

int top_rows_find(const struct top_rows *rows, const struct top_page *page, const char *key)
{
	char text[TOP_CELL_MAX];

	for (size_t i = 0; i < rows->len; i++) {
		page->key(rows->at[i], text);
		if (!strcmp(text, key))
			return (int)i;
	}
	return -1;
}

/* What the columns up to a rank take, with a space behind each. */
static unsigned taken(const struct top_page *page, unsigned rank)
{
	unsigned sum = 0;

	for (size_t i = 0; i < page->len; i++)
		if (page->columns[i].rank <= rank)
			sum += (page->columns[i].width ? page->columns[i].width : WIDTH_LEFT_MIN) +
			       1;
	return sum;
}

void top_widths(const struct top_page *page, unsigned width, unsigned *widths)
{
	unsigned rank = 0, left = width + 1;

	for (size_t i = 0; i < page->len; i++)
		if (page->columns[i].rank > rank)
			rank = page->columns[i].rank;
	while (rank && taken(page, rank) > width + 1)
		rank--;
	for (size_t i = 0; i < page->len; i++) {
		unsigned wanted = page->columns[i].width;

		widths[i] = 0;
		if (page->columns[i].rank > rank || left <= 1)
			continue;
		widths[i] = wanted < left - 1 ? wanted : left - 1;
		left -= wanted ? widths[i] + 1 : 0;
	}
	for (size_t i = 0; i < page->len; i++)
		if (!page->columns[i].width && page->columns[i].rank <= rank && left > 1)
			widths[i] = left - 1;
}

/* One character of the text: its bytes, and the columns it takes; '?' stands for what cannot be
 * shown. */
static size_t character(const char *at, char shown[8], unsigned *columns)
{
	mbstate_t state = {0};
	wchar_t wide;
	size_t length = mbrtowc(&wide, at, strlen(at), &state);
	int width;

	if (length == 0 || length > 6) {
		strcpy(shown, "?");
		*columns = 1;
		return 1;
	}
	width = wcwidth(wide);
	if (width < 0 || terminal_obeys(at, length)) {
		strcpy(shown, "?");
		*columns = 1;
		return length;
	}
	memcpy(shown, at, length);
	shown[length] = '\0';
	*columns = (unsigned)width;
	return length;
}

/* Whether the rest of the text fits. */
static bool rest_fits(const char *text, unsigned room)
{
	char shown[8];
	unsigned columns, sum = 0;

	while (*text && sum <= room) {
		text += character(text, shown, &columns);
		sum += columns;
	}
	return sum <= room;
}

unsigned top_fit(const char *text, unsigned width, char *out, size_t size)
{
	static const char ellipsis[] = "…";
	bool whole = rest_fits(text, width);
	bool wide = wcwidth(L'…') == 1;
	unsigned room = whole || !width ? width : width - 1, used = 0, columns;
	size_t n = 0;
	char shown[8];

	while (*text && n + 8 < size) {
		text += character(text, shown, &columns);
		if (used + columns > room)
			break;
		memcpy(out + n, shown, strlen(shown));
		n += strlen(shown);
		used += columns;
	}
	out[n] = '\0';
	if (!whole && width && n + sizeof(ellipsis) < size) {
		strcpy(out + n, wide ? ellipsis : "~");
		used++;
	}
	return used;
}
