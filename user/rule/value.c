/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/value.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <strings.h>

#include "event/escape.h"

static const char *const unit_names[] = {
	[UNIT_NONE] = NULL,
	[UNIT_BYTES] = "bytes",
	[UNIT_DURATION] = "ns",
	[UNIT_TIME] = "time",
	[UNIT_CONNECTIONS] = "connections",
	[UNIT_PORTS] = "ports",
	[UNIT_HOSTS] = "hosts",
	[UNIT_PACKETS] = "packets",
	[UNIT_EVENTS] = "events",
	[UNIT_ENDPOINTS] = "endpoints",
	[UNIT_SET] = "values",
};

const char *unit_name(enum unit unit)
{
	return unit_names[unit];
}

static bool name_ends(const char *name, const char *end)
{
	size_t length = strlen(name), tail = strlen(end);

	return length >= tail && !strcmp(name + length - tail, end);
}

enum unit field_unit(enum field f)
{
	const struct field_info *info = &field_table[f];

	switch ((enum field_type)info->type) {
	case TYPE_TIME:
		return UNIT_TIME;
	case TYPE_DURATION:
		return UNIT_DURATION;
	case TYPE_COUNT:
		if (name_ends(info->name, "bytes") || name_ends(info->name, "size"))
			return UNIT_BYTES;
		return name_ends(info->name, "packets") ? UNIT_PACKETS : UNIT_NONE;
	case TYPE_ADDR:
	case TYPE_TEXT:
	case TYPE_TEXTS:
	case TYPE_ENUM:
	case TYPE_REAL:
	case TYPE_BOOL:
	case TYPE_ROLES:
		break;
	}
	return UNIT_NONE;
}

enum value_type field_value_type(enum field f)
{
	switch ((enum field_type)field_table[f].type) {
	case TYPE_ADDR:
		return VALUE_ADDR;
	case TYPE_TEXT:
	case TYPE_TEXTS:
	case TYPE_ENUM:
	case TYPE_ROLES:
		return VALUE_TEXT;
	case TYPE_BOOL:
		return VALUE_BOOL;
	case TYPE_COUNT:
	case TYPE_REAL:
	case TYPE_TIME:
	case TYPE_DURATION:
		break;
	}
	return VALUE_NUMBER;
}

static struct value value_number(double number)
{
	return (struct value){.type = VALUE_NUMBER, .number = number};
}

static struct value value_text(const char *text)
{
	if (!text)
		return (struct value){.type = VALUE_NULL};
	return (struct value){.type = VALUE_TEXT, .text = {text, (uint32_t)strlen(text)}};
}

struct value value_of_field(const struct event *e, enum field f)
{
	const void *slot = event_slot(e, f);
	uint64_t roles;

	if (!event_has(e, f))
		return (struct value){.type = VALUE_NULL};
	switch ((enum field_type)field_table[f].type) {
	case TYPE_ADDR:
		return (struct value){.type = VALUE_ADDR, .addr = *(const struct addr *)slot};
	case TYPE_TEXT:
	case TYPE_TEXTS:
		return (struct value){.type = VALUE_TEXT, .text = *(const struct text *)slot};
	case TYPE_ENUM:
		return value_text(field_enum_name(f, *(const uint16_t *)slot));
	case TYPE_COUNT:
		return value_number((double)*(const uint64_t *)slot);
	case TYPE_REAL:
		return value_number(*(const double *)slot);
	case TYPE_TIME:
	case TYPE_DURATION:
		return value_number((double)*(const int64_t *)slot);
	case TYPE_BOOL:
		return (struct value){.type = VALUE_BOOL, .truth = *(const bool *)slot};
	case TYPE_ROLES:
		roles = *(const uint64_t *)slot;
		return value_text(roles ? field_role_name((unsigned)__builtin_ctzll(roles)) : NULL);
	}
	return (struct value){.type = VALUE_NULL};
}

bool value_equal(const struct value *a, const struct value *b)
{
	if (a->type != b->type)
		return false;
	switch ((enum value_type)a->type) {
	case VALUE_NULL:
		return false;
	case VALUE_BOOL:
		return a->truth == b->truth;
	case VALUE_NUMBER:
		return a->number == b->number;
	case VALUE_TEXT:
		return a->text.length == b->text.length &&
		       !strncasecmp(a->text.at, b->text.at, a->text.length);
	case VALUE_ADDR:
		return addr_equal(&a->addr, &b->addr);
	}
	return false;
}

/* At most `decimals` of them, without zeros at the end. */
static void format_decimal(double number, int decimals, char *text, size_t size)
{
	int length = snprintf(text, size, "%.*f", decimals, number);

	if (length < 0 || (size_t)length >= size || !strchr(text, '.'))
		return;
	while (text[length - 1] == '0')
		text[--length] = 0;
	if (text[length - 1] == '.')
		text[--length] = 0;
	if (!strcmp(text, "-0"))
		snprintf(text, size, "0");
}

static void format_bytes(double bytes, char *text, size_t size)
{
	static const char *const names[] = {"B", "KB", "MB", "GB", "TB", "PB"};
	double rest = fabs(bytes), rounded;
	char number[48];
	size_t n = 0;

	for (; rest >= 999.95 && n + 1 < sizeof(names) / sizeof(names[0]); n++)
		rest /= 1000;
	rounded = bytes < 0 ? -rest : rest;
	format_decimal(rounded, n ? 1 : 0, number, sizeof(number));
	snprintf(text, size, "%s %s", number, names[n]);
}

/* To three units at most of what matters: whole seconds from a minute on. */
static void format_duration(double ns, char *text, size_t size)
{
	double step = fabs(ns) >= (double)WEIR_MIN   ? (double)WEIR_SEC
		      : fabs(ns) >= (double)WEIR_SEC ? (double)WEIR_MSEC
						     : 1;
	char words[TIME_TEXT_MAX];

	if (fabs(ns) >= 9e18) {
		snprintf(text, size, "%.3g ns", ns);
		return;
	}
	snprintf(text, size, "%s", duration_format((weir_time)(round(ns / step) * step), words));
}

static void format_number(double number, enum unit unit, char *text, size_t size)
{
	char words[TIME_TEXT_MAX];

	switch (unit) {
	case UNIT_BYTES:
		format_bytes(number, text, size);
		return;
	case UNIT_DURATION:
		format_duration(number, text, size);
		return;
	case UNIT_TIME:
		if (fabs(number) < 9e18) {
			snprintf(text, size, "%s",
				 time_format(time_shown((weir_time)number), words));
			return;
		}
		break;
	case UNIT_NONE:
	case UNIT_CONNECTIONS:
	case UNIT_PORTS:
	case UNIT_HOSTS:
	case UNIT_PACKETS:
	case UNIT_EVENTS:
	case UNIT_ENDPOINTS:
	case UNIT_SET:
		break;
	}
	if (fabs(number) < 1e15)
		format_decimal(number,
			       fabs(number) >= 100 ? 0
			       : fabs(number) >= 1 ? 2
						   : 4,
			       text, size);
	else
		snprintf(text, size, "%.6g", number);
}

/* A zero would end it: what stands behind one must not be hidden. */
static void format_text(const struct text *from, char *text, size_t size)
{
	size_t length = from->at ? utf8_cut(from->at, from->length, size - 1) : 0;

	for (size_t i = 0; i < length; i++)
		text[i] = from->at[i] ? from->at[i] : '?';
	text[length] = '\0';
}

struct value value_shown(enum field f, const struct value *v, char text[PRIVACY_TEXT_MAX])
{
	struct value shown = *v;

	if (v->type != VALUE_TEXT)
		return shown;
	switch (privacy_of(f)) {
	case PRIVACY_KEEP:
		break;
	case PRIVACY_HASH:
		shown.text = privacy_hash(&v->text, text);
		break;
	case PRIVACY_DROP:
		shown = (struct value){.type = VALUE_NULL};
		break;
	}
	return shown;
}

char *value_format(const struct value *v, enum unit unit, char *text, size_t size)
{
	char words[ADDR_TEXT_MAX];

	if (!size)
		return text;
	switch ((enum value_type)v->type) {
	case VALUE_NULL:
		snprintf(text, size, "unknown");
		break;
	case VALUE_BOOL:
		snprintf(text, size, "%s", v->truth ? "true" : "false");
		break;
	case VALUE_NUMBER:
		format_number(v->number, unit, text, size);
		break;
	case VALUE_TEXT:
		format_text(&v->text, text, size);
		break;
	case VALUE_ADDR:
		snprintf(text, size, "%s", addr_format(&v->addr, words));
		break;
	}
	return text;
}
