/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_TERMINAL_H
#define WEIR_BASE_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "rule/severity.h"

/* Output for people: colour and width where there is a terminal, plain text where there is none
 * (or NO_COLOR is set, or TERM is "dumb"). One thread. */
struct terminal {
	FILE *out;
	bool colour;
	unsigned width; /* columns; 0: not a terminal, nothing is cut */
};

enum tint {
	TINT_PLAIN,
	TINT_BOLD,
	TINT_DIM,
	TINT_RED,
	TINT_YELLOW,
	TINT_GREEN,
	TINT_BLUE,
	TINT_COUNT,
};

struct terminal terminal_open(FILE *out);
/* Whether a terminal (or whatever else shows lines of text) would obey this UTF-8 character rather
 * than show it: C0, DEL, C1; what turns the direction of the text around it (UAX #9: U+061C,
 * U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069); U+2028 and U+2029, which end lines; U+FEFF.
 */
bool terminal_obeys(const char *character, size_t length);
/* Columns that text takes (UTF-8; what is not printable counts as one). */
unsigned terminal_columns(const char *text);
/* Prints with a tint; what a terminal would obey in `text` (which may come from outside) as '?'. */
void terminal_put(const struct terminal *terminal, enum tint tint, const char *text);
enum tint terminal_severity(enum severity severity);

/*
 * A grid: rows of cells, columns as wide as their widest cell; on a terminal the last column is
 * cut at its edge. Texts are copied; a NULL text is an empty cell. Memory that is refused leaves a
 * row out. A zeroed grid is empty.
 */
struct grid {
	struct grid_cell *at;
	size_t len, cap, columns;
};
void grid_begin(struct grid *grid, size_t columns);
void grid_add(struct grid *grid, enum tint tint, const char *text);
void grid_addf(struct grid *grid, enum tint tint, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Prints and empties it; `indent` spaces before each row. */
void grid_end(struct grid *grid, const struct terminal *terminal, unsigned indent);

#endif
