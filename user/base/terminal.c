/* SPDX-License-Identifier: Apache-2.0 */
#include "base/terminal.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/vec.h"

#define WIDTH_MIN 40

static const char *const tint_codes[TINT_COUNT] = {
	[TINT_PLAIN] = "",	  [TINT_BOLD] = "\033[1m",    [TINT_DIM] = "\033[2m",
	[TINT_RED] = "\033[31m",  [TINT_YELLOW] = "\033[33m", [TINT_GREEN] = "\033[32m",
	[TINT_BLUE] = "\033[34m",
};

struct terminal terminal_open(FILE *out)
{
	struct terminal terminal = {.out = out};
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");
	struct winsize size = {0};

	if (!isatty(fileno(out)))
		return terminal;
	terminal.width = 80;
	if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col >= WIDTH_MIN)
		terminal.width = size.ws_col;
	terminal.colour = !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
	return terminal;
}

/* Bytes of the UTF-8 character at `text`; 1 for what is none. */
static size_t character_length(const char *text)
{
	const unsigned char *byte = (const unsigned char *)text;
	size_t length = *byte >= 0xf0 ? 4 : *byte >= 0xe0 ? 3 : *byte >= 0xc2 ? 2 : 1;

	for (size_t i = 1; i < length; i++)
		if ((byte[i] & 0xc0) != 0x80)
			return 1;
	return length;
}

bool terminal_obeys(const char *character, size_t length)
{
	const unsigned char *c = (const unsigned char *)character;

	switch (length) {
	case 1:
		return c[0] < 0x20 || c[0] == 0x7f;
	case 2:
		return (c[0] == 0xc2 && c[1] < 0xa0) || (c[0] == 0xd8 && c[1] == 0x9c);
	case 3:
		if (c[0] == 0xe2 && c[1] == 0x80)
			return c[2] == 0x8e || c[2] == 0x8f || (c[2] >= 0xa8 && c[2] <= 0xae);
		return (c[0] == 0xe2 && c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9) ||
		       (c[0] == 0xef && c[1] == 0xbb && c[2] == 0xbf);
	}
	return false;
}

unsigned terminal_columns(const char *text)
{
	unsigned columns = 0;

	for (; *text; text += character_length(text))
		columns++;
	return columns;
}

/* At most `columns` of the text (0: all), nothing in it that a terminal would obey. */
static void put_clean(FILE *out, const char *text, unsigned columns)
{
	unsigned done = 0;

	for (size_t length; *text; text += length) {
		unsigned char byte = (unsigned char)*text;

		length = character_length(text);
		if (columns && ++done == columns && text[length]) {
			fputs("…", out);
			return;
		}
		if (terminal_obeys(text, length) || (byte >= 0x80 && length == 1))
			fputc('?', out);
		else
			fwrite(text, 1, length, out);
	}
}

static void put(const struct terminal *terminal, enum tint tint, const char *text, unsigned columns)
{
	bool tinted = terminal->colour && tint != TINT_PLAIN;

	if (tinted)
		fputs(tint_codes[tint], terminal->out);
	put_clean(terminal->out, text, columns);
	if (tinted)
		fputs("\033[0m", terminal->out);
}

void terminal_put(const struct terminal *terminal, enum tint tint, const char *text)
{
	put(terminal, tint, text, 0);
}

enum tint terminal_severity(enum severity severity)
{
	switch (severity) {
	case SEVERITY_INFORMATIONAL:
	case SEVERITY_COUNT:
		return TINT_DIM;
	case SEVERITY_LOW:
		return TINT_BLUE;
	case SEVERITY_MEDIUM:
		return TINT_YELLOW;
	case SEVERITY_HIGH:
	case SEVERITY_CRITICAL:
		return TINT_RED;
	}
	return TINT_PLAIN;
}

struct grid_cell {
	char *text;
	enum tint tint;
};

void grid_begin(struct grid *grid, size_t columns)
{
	*grid = (struct grid){.columns = columns};
}

void grid_add(struct grid *grid, enum tint tint, const char *text)
{
	struct grid_cell *cell = vec_add(grid);

	if (!cell)
		return;
	cell->tint = tint;
	cell->text = strdup(text ? text : "");
}

void grid_addf(struct grid *grid, enum tint tint, const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	grid_add(grid, tint, text);
	free(text);
}

static void print_row(const struct grid *grid, size_t row, const unsigned *widths,
		      const struct terminal *terminal, unsigned indent)
{
	unsigned column = indent;

	fprintf(terminal->out, "%*s", (int)indent, "");
	for (size_t i = 0; i < grid->columns; i++) {
		const struct grid_cell *cell = &grid->at[row + i];
		const char *text = cell->text ? cell->text : "";
		bool last = i + 1 == grid->columns;
		unsigned room = 0;

		if (last && terminal->width)
			room = terminal->width > column + 8 ? terminal->width - column : 8;
		put(terminal, cell->tint, text, room);
		if (!last)
			fprintf(terminal->out, "%*s", (int)(widths[i] - terminal_columns(text) + 2),
				"");
		column += widths[i] + 2;
	}
	fputc('\n', terminal->out);
}

void grid_end(struct grid *grid, const struct terminal *terminal, unsigned indent)
{
	size_t rows = grid->columns ? grid->len / grid->columns : 0;
	unsigned *widths = calloc(grid->columns ? grid->columns : 1, sizeof(*widths));

	for (size_t i = 0; widths && i < rows * grid->columns; i++) {
		const char *text = grid->at[i].text;
		unsigned columns = text ? terminal_columns(text) : 0;

		if (columns > widths[i % grid->columns])
			widths[i % grid->columns] = columns;
	}
	for (size_t row = 0; widths && row < rows; row++)
		print_row(grid, row * grid->columns, widths, terminal, indent);
	free(widths);
	for (size_t i = 0; i < grid->len; i++)
		free(grid->at[i].text);
	vec_release((void **)&grid->at);
	*grid = (struct grid){0};
}
