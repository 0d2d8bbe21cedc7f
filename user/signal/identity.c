/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/identity.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

static char *put_char(char *to, unsigned char c)
{
	if (c == '"' || c == '\\') {
		*to++ = '\\';
		*to++ = (char)c;
		return to;
	}
	if (c < 0x20)
		return to + sprintf(to, "\\u%04x", c);
	*to++ = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
	return to;
}

/* Room for a value, its quotes and escapes. */
static size_t room_for(const struct value *value)
{
	return 64 + (value->type == VALUE_TEXT ? (size_t)value->text.length * 6 : 0);
}

static char *put_value(char *to, const struct value *value)
{
	char text[ADDR_TEXT_MAX];

	switch ((enum value_type)value->type) {
	case VALUE_NULL:
		return to + sprintf(to, "null");
	case VALUE_BOOL:
		return to + sprintf(to, value->truth ? "true" : "false");
	case VALUE_NUMBER:
		if (value->number == floor(value->number) && fabs(value->number) < 0x1p63)
			return to + sprintf(to, "%lld", (long long)value->number);
		return to + sprintf(to, "%.17g", value->number);
	case VALUE_ADDR:
		return to + sprintf(to, "\"%s\"", addr_format(&value->addr, text));
	case VALUE_TEXT:
		*to++ = '"';
		for (uint32_t i = 0; i < value->text.length; i++)
			to = put_char(to, (unsigned char)value->text.at[i]);
		*to++ = '"';
		return to;
	}
	return to;
}

static void order_by_name(const char *const *names, unsigned len, unsigned order[])
{
	for (unsigned i = 0; i < len; i++) {
		unsigned at = i;

		for (; at && strcmp(names[order[at - 1]], names[i]) > 0; at--)
			order[at] = order[at - 1];
		order[at] = i;
	}
}

/* Also of what is dropped: two keys are two. */
static struct value key_of(const struct identity *of, unsigned i, char hash[PRIVACY_TEXT_MAX])
{
	struct value key = of->keys[i];

	if (key.type == VALUE_TEXT && privacy_of(rule_key_privacy(of->rule, of->fields, i)))
		key.text = privacy_hash(&key.text, hash);
	return key;
}

int identity_make(struct arena *arena, const struct identity *of, char id[UUID_TEXT_MAX])
{
	size_t room = strlen(of->who) + strlen(of->what) + 16;
	unsigned order[2 * RULE_FIELDS_MAX];
	char hash[PRIVACY_TEXT_MAX];
	char *text, *to;

	for (unsigned i = 0; i < of->len; i++)
		room += strlen(of->names[i]) + 8 + PRIVACY_TEXT_MAX + room_for(&of->keys[i]);
	text = arena_alloc(arena, room);
	if (!text)
		return -ENOMEM;
	order_by_name(of->names, of->len, order);
	to = text + sprintf(text, "[\"%s\",{", of->who);
	for (unsigned i = 0; i < of->len; i++) {
		struct value key = key_of(of, order[i], hash);

		to += sprintf(to, "%s\"%s\":", i ? "," : "", of->names[order[i]]);
		to = put_value(to, &key);
	}
	to += sprintf(to, "},%s]", of->what);
	uuid_v5(text, (size_t)(to - text), id);
	return 0;
}
