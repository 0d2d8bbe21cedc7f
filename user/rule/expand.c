/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/modifier.h"
#include "rule/words.h"

/* Placeholders: %Servers% in a value under `expand` stands for each of the configured values. */

#define EXPANDED_MAX 10000

static bool placeholder_unknown(struct load *load, struct item at, const char *name, size_t length)
{
	const char *names[64];
	size_t len = 0;

	load->foreign++;
	for (size_t i = 0; i < load->placeholders_len && len < 63; i++)
		names[len++] = load->placeholders[i].name;
	names[len] = NULL;
	if (!len)
		return load_fault(load, at,
				  "placeholder '%%%.*s%%' is not defined: 'placeholders: "
				  "{%.*s: [...]}' in the configuration would be right",
				  (int)length, name, (int)length, name);
	return load_fault(load, at,
			  "placeholder '%%%.*s%%' is not defined: the nearest under 'placeholders' "
			  "of the configuration is '%s'",
			  (int)length, name, nearest_word(name, length, names));
}

static const struct rule_placeholder *placeholder_find(struct load *load, struct item at,
						       const char *name, size_t length)
{
	for (size_t i = 0; i < load->placeholders_len; i++)
		if (word_is(name, length, load->placeholders[i].name))
			return &load->placeholders[i];
	placeholder_unknown(load, at, name, length);
	return NULL;
}

/* The next %name% from `at`; \% is a percent sign. False: none. */
static bool placeholder_next(const char *at, const char **begin, const char **end)
{
	for (; *at; at++) {
		if (at[0] == '\\' && at[1] == '%') {
			at++;
			continue;
		}
		if (*at != '%')
			continue;
		*end = strchr(at + 1, '%');
		*begin = at;
		if (!*end)
			return false;
		if (*end > at + 1)
			return true;
	}
	return false;
}

/* Escaped percent signs become plain ones. */
static bool text_add(struct load *load, struct item item, char *text, struct wanteds *wanteds)
{
	char *to = text;

	if (!load_memory(load, text))
		return false;
	for (const char *from = text; *from; from++)
		if (from[0] != '\\' || from[1] != '%')
			*to++ = *from;
	*to = 0;
	wanteds->at[wanteds->len++] = (struct wanted){text, (size_t)(to - text), item};
	return true;
}

/* `done` characters of the text are expanded. */
static bool expand(struct load *load, struct item item, const char *text, size_t done,
		   struct wanteds *wanteds)
{
	const struct rule_placeholder *placeholder;
	const char *begin, *end;

	if (wanteds->len == EXPANDED_MAX)
		return load_fault(load, item, "the placeholders stand for more than %d values",
				  EXPANDED_MAX);
	if (!placeholder_next(text + done, &begin, &end))
		return text_add(load, item, arena_text(load->arena, text), wanteds);
	placeholder = placeholder_find(load, item, begin + 1, (size_t)(end - begin - 1));
	if (!placeholder)
		return false;
	for (size_t i = 0; placeholder->values[i]; i++) {
		char *one = arena_format(load->arena, "%.*s%s%s", (int)(begin - text), text,
					 placeholder->values[i], end + 1);
		size_t length = strlen(placeholder->values[i]);

		if (!load_memory(load, one) ||
		    !expand(load, item, one, (size_t)(begin - text) + length, wanteds))
			return false;
	}
	return true;
}

bool wanted_expand(struct load *load, struct item value, struct wanteds *wanteds)
{
	wanteds->at = arena_alloc(load->arena, EXPANDED_MAX * sizeof(*wanteds->at));
	wanteds->len = 0;
	if (!load_memory(load, wanteds->at))
		return false;
	if (!item_is_text(value))
		return load_fault(load, value, "a value or a list of values would be right");
	return expand(load, value, item_text(value), 0, wanteds);
}
