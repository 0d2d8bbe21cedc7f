/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_RULE_PATTERN_H
#define WEIR_RULE_PATTERN_H

#include <stdbool.h>

#include "base/arena.h"
#include "event/event.h"

/*
 * Text with Sigma's wildcards: * any characters, ? one; \* \? \\ themselves. Its elements are bytes
 * and the wildcards below.
 */
#define PATTERN_ONE  0x100 /* one character */
#define PATTERN_MANY 0x101 /* any characters, none too */
#define PATTERN_DASH 0x102 /* one of the five dashes of `windash` */

struct elements {
	uint16_t *at;
	unsigned len;
};

enum pattern_open {
	PATTERN_WHOLE = 0,
	PATTERN_OPEN_START = 1,
	PATTERN_OPEN_END = 2,
	PATTERN_OPEN_BOTH = 3,
};

/*
 * Ready to be matched. Without wildcards inside it is `literal`, open at its ends or not; in lower
 * case unless `cased`. With wildcards `glob` decides, and `literal` is its longest piece.
 */
struct pattern {
	const char *literal;
	const struct elements *glob; /* NULL: literal and `open` say all */
	uint16_t literal_len;
	uint8_t open; /* enum pattern_open: of the literal within the text */
	bool cased;
};

/* A text and its lower case; `folded` NULL: too long to be folded, compare byte by byte. */
struct subject {
	const char *at, *folded;
	size_t length;
};

/* The elements of a text as it was written. False without memory. */
bool pattern_read(struct elements *elements, const char *text, size_t length, struct arena *arena);

/* `open`: as if a * stood there (endswith, startswith, contains). False without memory, or where
 * the pattern is longer than 65,535 bytes. */
bool pattern_make(struct pattern *pattern, const struct elements *elements, unsigned open,
		  bool cased, struct arena *arena);

/* Both at once. */
bool pattern_compile(struct pattern *pattern, const char *text, size_t length, unsigned open,
		     bool cased, struct arena *arena);

bool pattern_match(const struct pattern *pattern, const struct subject *subject);
bool pattern_has_wildcard(const char *text, size_t length);

/* ASCII only: the bytes of other letters compare as they are, in every locale. */
static inline char pattern_lower(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
}

#endif
