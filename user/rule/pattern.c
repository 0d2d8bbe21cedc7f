/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/pattern.h"

#define LENGTH_MAX 65535

/* The next element of a pattern as written; moves *i behind it. */
static uint16_t element(const char *text, size_t length, size_t *i)
{
	char byte = text[(*i)++];

	if (byte == '*')
		return PATTERN_MANY;
	if (byte == '?')
		return PATTERN_ONE;
	/* A backslash alone is a backslash, so that Windows paths can be written as they are. */
	if (byte == '\\' && *i < length && strchr("*?\\", text[*i]) && text[*i])
		byte = text[(*i)++];
	return (uint8_t)byte;
}

bool pattern_read(struct elements *elements, const char *text, size_t length, struct arena *arena)
{
	elements->len = 0;
	elements->at = arena_alloc(arena, (length ? length : 1) * sizeof(*elements->at));
	if (!elements->at || length > LENGTH_MAX)
		return false;
	for (size_t i = 0; i < length;) {
		uint16_t e = element(text, length, &i);

		if (e != PATTERN_MANY || !elements->len ||
		    elements->at[elements->len - 1] != PATTERN_MANY)
			elements->at[elements->len++] = e;
	}
	return true;
}

/* What lies between the wildcards: the longest piece, and whether it begins or ends the text. */
static void longest_piece(struct pattern *pattern, const struct elements *e, const char *bytes)
{
	unsigned from = 0, best = 0, best_len = 0;

	for (unsigned i = 0; i <= e->len; i++) {
		if (i < e->len && e->at[i] <= 0xff)
			continue;
		if (i - from > best_len) {
			best = from;
			best_len = i - from;
		}
		from = i + 1;
	}
	pattern->literal = bytes + best;
	pattern->literal_len = (uint16_t)best_len;
	pattern->open =
		(best ? PATTERN_OPEN_START : 0) | (best + best_len < e->len ? PATTERN_OPEN_END : 0);
}

static bool is_glob(const struct elements *e)
{
	for (unsigned i = 0; i < e->len; i++)
		if (e->at[i] > 0xff && !(e->at[i] == PATTERN_MANY && (!i || i + 1 == e->len)))
			return true;
	return e->len == 1 && e->at[0] == PATTERN_MANY;
}

bool pattern_make(struct pattern *pattern, const struct elements *elements, unsigned open,
		  bool cased, struct arena *arena)
{
	struct elements *glob = arena_alloc(arena, sizeof(*glob));
	uint16_t *at = arena_alloc(arena, (elements->len + 2) * sizeof(*at));
	char *bytes = arena_alloc(arena, elements->len + 3);
	unsigned len = 0;

	if (!glob || !at || !bytes || elements->len > LENGTH_MAX - 2)
		return false;
	if (open & PATTERN_OPEN_START)
		at[len++] = PATTERN_MANY;
	for (unsigned i = 0; i < elements->len; i++) {
		uint16_t e = elements->at[i];

		if (e == PATTERN_MANY && len && at[len - 1] == PATTERN_MANY)
			continue;
		at[len++] = e > 0xff || cased ? e : (uint8_t)pattern_lower((char)e);
	}
	if ((open & PATTERN_OPEN_END) && (!len || at[len - 1] != PATTERN_MANY))
		at[len++] = PATTERN_MANY;
	for (unsigned i = 0; i < len; i++)
		bytes[i] = at[i] > 0xff ? 0 : (char)at[i];
	*glob = (struct elements){at, len};
	*pattern = (struct pattern){.cased = cased};
	longest_piece(pattern, glob, bytes);
	pattern->glob = is_glob(glob) ? glob : NULL;
	return true;
}

bool pattern_compile(struct pattern *pattern, const char *text, size_t length, unsigned open,
		     bool cased, struct arena *arena)
{
	struct elements elements;

	return pattern_read(&elements, text, length, arena) &&
	       pattern_make(pattern, &elements, open, cased, arena);
}

/* How many bytes the dash at the beginning of the text has: - / – — ―; 0: none. */
static size_t dash_length(const char *text, size_t length)
{
	if (*text == '-' || *text == '/')
		return 1;
	return length >= 3 && (!memcmp(text, "\xe2\x80\x93", 3) ||
			       !memcmp(text, "\xe2\x80\x94", 3) || !memcmp(text, "\xe2\x80\x95", 3))
		       ? 3
		       : 0;
}

/* Bytes of one character of UTF-8; of what is none, one. */
static size_t character_length(const char *text, size_t length)
{
	size_t n = 1;

	if ((uint8_t)*text >= 0xc0)
		while (n < length && n < 4 && ((uint8_t)text[n] & 0xc0) == 0x80)
			n++;
	return n;
}

/* How many bytes of the text the element takes; 0: it does not fit. */
static size_t takes(uint16_t e, bool cased, const char *text, size_t length)
{
	if (e == PATTERN_ONE)
		return character_length(text, length);
	if (e == PATTERN_DASH)
		return dash_length(text, length);
	return e == (uint8_t)(cased ? *text : pattern_lower(*text));
}

/* Greedy with one way back, to behind the last *: no input takes more than length × pattern. */
static bool glob_match(const struct elements *glob, bool cased, const char *text, size_t length)
{
	unsigned p = 0, back_p = 0;
	size_t i = 0, back_i = 0, n;
	bool back = false;

	while (i < length) {
		uint16_t e = p < glob->len ? glob->at[p] : 0xffff;

		if (e == PATTERN_MANY) {
			back = true;
			back_p = ++p;
			back_i = i;
		} else if ((n = takes(e, cased, text + i, length - i)) != 0) {
			p++;
			i += n;
		} else if (back) {
			p = back_p;
			i = ++back_i;
		} else {
			return false;
		}
	}
	while (p < glob->len && glob->at[p] == PATTERN_MANY)
		p++;
	return p == glob->len;
}

static bool same(const struct pattern *p, const char *text, bool folded)
{
	if (folded)
		return !memcmp(p->literal, text, p->literal_len);
	for (unsigned i = 0; i < p->literal_len; i++)
		if (p->literal[i] != pattern_lower(text[i]))
			return false;
	return true;
}

static bool somewhere(const struct pattern *p, const char *text, size_t length, bool folded)
{
	if (folded)
		return memmem(text, length, p->literal, p->literal_len) != NULL;
	for (size_t i = 0; i + p->literal_len <= length; i++)
		if (same(p, text + i, false))
			return true;
	return false;
}

bool pattern_match(const struct pattern *p, const struct subject *subject)
{
	bool folded = p->cased || subject->folded;
	const char *text = p->cased || !subject->folded ? subject->at : subject->folded;

	if (p->glob)
		return glob_match(p->glob, p->cased, subject->at, subject->length);
	if (subject->length < p->literal_len)
		return false;
	switch ((enum pattern_open)p->open) {
	case PATTERN_WHOLE:
		return subject->length == p->literal_len && same(p, text, folded);
	case PATTERN_OPEN_END:
		return same(p, text, folded);
	case PATTERN_OPEN_START:
		return same(p, text + subject->length - p->literal_len, folded);
	case PATTERN_OPEN_BOTH:
		return somewhere(p, text, subject->length, folded);
	}
	return false;
}

bool pattern_has_wildcard(const char *text, size_t length)
{
	for (size_t i = 0; i < length;)
		if (element(text, length, &i) > 0xff)
			return true;
	return false;
}
