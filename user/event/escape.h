/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_EVENT_ESCAPE_H
#define WEIR_EVENT_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Bytes from the network as text that nothing downstream stumbles over: what is not UTF-8, what a
 * terminal would obey (base/terminal.h) and a backslash that would read as one of these escapes
 * become \xHH, byte by byte.
 * So unescaping gives the same bytes back, and ordinary text is left as it is.
 */

/* Greatest growth of a byte. */
#define ESCAPE_GROWTH 4

/* Length of the valid UTF-8 sequence at `at` (RFC 3629), or 0. */
size_t utf8_length(const char *at, const char *end);

/* True if escaping changes nothing. */
bool escape_clean(const char *bytes, size_t length);

/* Writes to `text`, which has room for ESCAPE_GROWTH * length + 1. Returns the length; ends with a
 * zero. `lines`: of lines that were put together of such texts: newlines and escapes stand. */
size_t escape_bytes(const char *bytes, size_t length, bool lines, char *text);

/* In place; returns the new length. */
size_t escape_undo(char *text, size_t length);

/* The greatest length <= `limit` that does not cut a UTF-8 sequence of `text`. */
size_t utf8_cut(const char *text, size_t length, size_t limit);

#endif
