/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/pattern.h"

#define ANY_ONE	 0x100
#define ANY_MANY 0x101

/* ASCII only: the bytes of other letters compare as they are, in every locale. */
static uint8_t lower(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte;
}

/* The next element of a pattern as written; moves *i behind it. */
static uint16_t element(const char *text, size_t length, size_t *i)
{
	char byte = text[(*i)++];

	if (byte == '*')
		return ANY_MANY;
	if (byte == '?')
		return ANY_ONE;
	/* A backslash alone is a backslash, so that Windows paths can be written as they are. */
	if (byte == '\\' && *i < length && strchr("*?\\", text[*i]) && text[*i])
		byte = text[(*i)++];
	return (uint8_t)byte;
}

bool pattern_compile(struct pattern *pattern, const char *text, size_t length, unsigned open,
		     bool cased, struct arena *arena)
{
	uint16_t *at = arena_alloc(arena, (length + 2) * sizeof(*at));
	unsigned len = 0;

	if (!at)
		return false;
	if (open & PATTERN_OPEN_START)
		at[len++] = ANY_MANY;
	for (size_t i = 0; i < length;) {
		uint16_t e = element(text, length, &i);

		if (e != ANY_MANY || !len || at[len - 1] != ANY_MANY)
			at[len++] = e > 0xff || cased ? e : lower((uint8_t)e);
	}
	if ((open & PATTERN_OPEN_END) && (!len || at[len - 1] != ANY_MANY))
		at[len++] = ANY_MANY;
	*pattern = (struct pattern){at, len, cased};
	return true;
}

/* Greedy with one way back, to behind the last *: no input takes more than length × pattern. */
bool pattern_match(const struct pattern *pattern, const char *text, size_t length)
{
	unsigned p = 0, back_p = 0;
	size_t i = 0, back_i = 0;
	bool back = false;

	while (i < length) {
		uint8_t byte = pattern->cased ? (uint8_t)text[i] : lower((uint8_t)text[i]);
		uint16_t e = p < pattern->len ? pattern->at[p] : 0xffff;

		if (e == ANY_MANY) {
			back = true;
			back_p = ++p;
			back_i = i;
		} else if (e == ANY_ONE || e == byte) {
			p++;
			i++;
		} else if (back) {
			p = back_p;
			i = ++back_i;
		} else {
			return false;
		}
	}
	while (p < pattern->len && pattern->at[p] == ANY_MANY)
		p++;
	return p == pattern->len;
}

bool pattern_is_plain(const struct pattern *pattern)
{
	for (unsigned i = 0; i < pattern->len; i++)
		if (pattern->at[i] > 0xff)
			return false;
	return true;
}

bool pattern_has_wildcard(const char *text, size_t length)
{
	for (size_t i = 0; i < length;)
		if (element(text, length, &i) > 0xff)
			return true;
	return false;
}
