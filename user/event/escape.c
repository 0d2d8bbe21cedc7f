/* SPDX-License-Identifier: Apache-2.0 */
#include "event/escape.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "base/terminal.h"

static bool in(unsigned char c, unsigned char low, unsigned char high)
{
	return c >= low && c <= high;
}

/* The table of RFC 3629, 4: no surrogates, nothing over-long, nothing above U+10FFFF. */
size_t utf8_length(const char *at, const char *end)
{
	const unsigned char *c = (const unsigned char *)at;
	size_t room = (size_t)(end - at), length;
	unsigned char low = 0x80, high = 0xbf;

	if (!room)
		return 0;
	if (c[0] < 0x80)
		return 1;
	if (in(c[0], 0xc2, 0xdf))
		length = 2;
	else if (in(c[0], 0xe0, 0xef))
		length = 3;
	else if (in(c[0], 0xf0, 0xf4))
		length = 4;
	else
		return 0;
	if (c[0] == 0xe0)
		low = 0xa0;
	else if (c[0] == 0xed)
		high = 0x9f;
	else if (c[0] == 0xf0)
		low = 0x90;
	else if (c[0] == 0xf4)
		high = 0x8f;
	if (room < length || !in(c[1], low, high))
		return 0;
	for (size_t i = 2; i < length; i++)
		if (!in(c[i], 0x80, 0xbf))
			return 0;
	return length;
}

static bool is_escape(const char *at, const char *end)
{
	return end - at >= 4 && at[0] == '\\' && at[1] == 'x' && isxdigit((unsigned char)at[2]) &&
	       isxdigit((unsigned char)at[3]);
}

/* How many bytes at `at` may stand as they are; 0: the byte must be escaped. */
static size_t plain(const char *at, const char *end, bool lines)
{
	size_t length = utf8_length(at, end);

	if (*at == '\n')
		return lines;
	if (terminal_obeys(at, length) || (!lines && is_escape(at, end)))
		return 0;
	return length;
}

bool escape_clean(const char *bytes, size_t length)
{
	const char *end = bytes + length;

	while (bytes < end) {
		size_t n = plain(bytes, end, false);

		if (!n)
			return false;
		bytes += n;
	}
	return true;
}

size_t escape_bytes(const char *bytes, size_t length, bool lines, char *text)
{
	static const char digits[] = "0123456789ABCDEF";
	const char *end = bytes + length;
	char *at = text;

	while (bytes < end) {
		size_t n = plain(bytes, end, lines);

		if (n) {
			memcpy(at, bytes, n);
			at += n;
			bytes += n;
			continue;
		}
		*at++ = '\\';
		*at++ = 'x';
		*at++ = digits[(unsigned char)*bytes >> 4];
		*at++ = digits[(unsigned char)*bytes++ & 15];
	}
	*at = '\0';
	return (size_t)(at - text);
}

static uint8_t digit(char c)
{
	return (uint8_t)(isdigit((unsigned char)c) ? c - '0' : (c | 0x20) - 'a' + 10);
}

size_t escape_undo(char *text, size_t length)
{
	const char *at = text, *end = text + length;
	char *out = text;

	while (at < end) {
		if (!is_escape(at, end)) {
			*out++ = *at++;
			continue;
		}
		*out++ = (char)(digit(at[2]) << 4 | digit(at[3]));
		at += 4;
	}
	return (size_t)(out - text);
}

size_t utf8_cut(const char *text, size_t length, size_t limit)
{
	if (length <= limit)
		return length;
	while (limit && ((unsigned char)text[limit] & 0xc0) == 0x80)
		limit--;
	return limit;
}
