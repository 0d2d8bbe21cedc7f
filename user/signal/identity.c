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

int identity_make(struct arena *arena, const char *who, const char *const *names,
		  const struct value *keys, unsigned len, const char *what, char id[UUID_TEXT_MAX])
{
	size_t room = strlen(who) + strlen(what) + 16;
	unsigned order[2 * RULE_FIELDS_MAX];
	char *text, *to;

	for (unsigned i = 0; i < len; i++)
		room += strlen(names[i]) + 8 + room_for(&keys[i]);
	text = arena_alloc(arena, room);
	if (!text)
		return -ENOMEM;
	order_by_name(names, len, order);
	to = text + sprintf(text, "[\"%s\",{", who);
	for (unsigned i = 0; i < len; i++) {
		to += sprintf(to, "%s\"%s\":", i ? "," : "", names[order[i]]);
		to = put_value(to, &keys[order[i]]);
	}
	to += sprintf(to, "},%s]", what);
	uuid_v5(text, (size_t)(to - text), id);
	return 0;
}
