/* SPDX-License-Identifier: Apache-2.0 */
#include "cases/slot.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "rule/literal.h"

#define TEXT_MAX 512

int case_fault(struct case_events *events, struct item at, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fault_add(events->faults, item_place(at), true, "%s", text);
	return -EINVAL;
}

/* xorshift64*: the case's numbers must be the same everywhere, and need be no better. */
uint64_t case_random(struct case_events *events, uint64_t n)
{
	uint64_t x = events->random;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	events->random = x;
	return n ? (x * UINT64_C(2685821657736338717) >> 16) % n : 0;
}

enum field case_field(struct case_events *events, struct item key)
{
	enum field f = field_find(item_text(key), item_length(key));

	if (f == FIELD_NONE)
		case_fault(events, key, "unknown field '%s': nearest is '%s'", item_text(key),
			   field_nearest(item_text(key), item_length(key)));
	return f;
}

int case_number(struct case_events *events, struct item item, double *number)
{
	const char *text = item_text(item);
	bool negative = *text == '-';
	enum unit unit;

	if (literal_number(text + negative, item_length(item) - negative, number, &unit))
		return case_fault(events, item, "'%s' is no number: 20, 1.5MB or 5m would be right",
				  text);
	if (negative)
		*number = -*number;
	return 0;
}

int case_time(struct case_events *events, struct item item, weir_time *time)
{
	const char *text = item_text(item);
	bool negative = *text == '-';
	double number;
	enum unit unit;

	if (literal_number(text + negative, item_length(item) - negative, &number, &unit) ||
	    unit == UNIT_BYTES)
		return case_fault(events, item,
				  "'%s' is no time: seconds or a duration would be right", text);
	if (unit == UNIT_NONE)
		number *= (double)WEIR_SEC;
	*time = (weir_time)(negative ? -number : number);
	return 0;
}

/* ---- texts ---- */

static const struct {
	const char *name, *letters;
} alphabets[] = {
	{"hex", "0123456789abcdef"},
	{"base32", "abcdefghijklmnopqrstuvwxyz234567"},
	{"base36", "abcdefghijklmnopqrstuvwxyz0123456789"},
	{"base64", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"},
	{"letters", "abcdefghijklmnopqrstuvwxyz"},
	{"digits", "0123456789"},
};

/* "{n}" or "{hex:24}" at `from`; how much of the text it was, 0: nothing known. */
static size_t fill_in(struct case_events *events, const char *from, uint64_t n, char *out,
		      size_t *used)
{
	size_t length = strcspn(from, "}"), name = strcspn(from + 1, ":}");
	unsigned long wanted = 0;

	if (!from[length])
		return 0;
	if (!strncmp(from, "{n}", 3)) {
		*used += (size_t)snprintf(out + *used, TEXT_MAX - *used, "%" PRIu64, n);
		return 3;
	}
	if (from[1 + name] == ':')
		wanted = strtoul(from + name + 2, NULL, 10);
	for (size_t i = 0; wanted && i < sizeof(alphabets) / sizeof(alphabets[0]); i++) {
		const char *letters = alphabets[i].letters;

		if (strncmp(from + 1, alphabets[i].name, name) || alphabets[i].name[name])
			continue;
		for (; wanted && *used < TEXT_MAX - 32; wanted--)
			out[(*used)++] = letters[case_random(events, strlen(letters))];
		return length + 1;
	}
	return 0;
}

static int text_set(struct case_events *events, struct text *slot, struct item value, uint64_t n)
{
	const char *from = item_text(value);
	char made[TEXT_MAX];
	size_t used = 0, skip;

	for (; *from && used < TEXT_MAX - 32; from += skip) {
		skip = *from == '{' ? fill_in(events, from, n, made, &used) : 0;
		if (*from == '{' && !skip)
			return case_fault(events, value,
					  "'%s' holds '{' and nothing to make: {n}, {hex:24}, "
					  "{base32:24}, {letters:8} would be right",
					  item_text(value));
		if (!skip) {
			made[used++] = *from;
			skip = 1;
		}
	}
	slot->at = arena_copy(&events->arena, made, used);
	slot->length = (uint32_t)used;
	return slot->at ? 0 : -ENOMEM;
}

static int texts_set(struct case_events *events, struct text *slot, struct item value, uint64_t n)
{
	char joined[TEXT_MAX * 2];
	size_t used = 0;

	if (!item_is_list(value))
		return text_set(events, slot, value, n);
	for (size_t i = 0; i < item_len(value); i++) {
		struct text one;

		if (text_set(events, &one, item_at(value, i), n))
			return -EINVAL;
		if (used + one.length + 1 > sizeof(joined))
			return case_fault(events, value, "too long a list: 1,024 bytes are room");
		if (i)
			joined[used++] = TEXTS_JOINT;
		memcpy(joined + used, one.at, one.length);
		used += one.length;
	}
	slot->at = arena_copy(&events->arena, joined, used);
	slot->length = (uint32_t)used;
	return slot->at ? 0 : -ENOMEM;
}

/* ---- the other types ---- */

static int enum_set(struct case_events *events, uint16_t *slot, enum field f, struct item value)
{
	int number = field_enum_number(f, item_text(value), item_length(value));

	if (number < 0)
		return case_fault(events, value, "%s has no '%s': see docs/fields.md",
				  field_table[f].name, item_text(value));
	*slot = (uint16_t)number;
	return 0;
}

static int role_set(struct case_events *events, uint64_t *slot, struct item value)
{
	int number = field_role_number(item_text(value), item_length(value));

	if (number < 0)
		return case_fault(events, value,
				  "no role '%s' in this case: 'roles: {%s: [ADDRESS]}' would be "
				  "right",
				  item_text(value), item_text(value));
	*slot |= UINT64_C(1) << number;
	return 0;
}

static int bool_set(struct case_events *events, bool *slot, struct item value)
{
	*slot = !strcmp(item_text(value), "true");
	if (!*slot && strcmp(item_text(value), "false"))
		return case_fault(events, value, "'%s' is neither true nor false",
				  item_text(value));
	return 0;
}

static int number_set(struct case_events *events, void *slot, enum field f, struct item value)
{
	double number;

	if (case_number(events, value, &number))
		return -EINVAL;
	if (field_table[f].type == TYPE_REAL)
		*(double *)slot = number;
	else if (field_table[f].type == TYPE_COUNT && number < 0)
		return case_fault(events, value, "'%s' is below 0", item_text(value));
	else if (field_table[f].type == TYPE_COUNT)
		*(uint64_t *)slot = (uint64_t)number;
	else
		*(int64_t *)slot = (int64_t)number;
	return 0;
}

int slot_set(struct case_events *events, struct event *e, enum field f, struct item value,
	     uint64_t n)
{
	void *slot = (char *)e + field_table[f].offset;

	event_mark(e, f);
	switch ((enum field_type)field_table[f].type) {
	case TYPE_ADDR:
		if (addr_parse(item_text(value), item_length(value), slot))
			return case_fault(events, value, "'%s' is no address", item_text(value));
		return 0;
	case TYPE_TEXT:
		return text_set(events, slot, value, n);
	case TYPE_TEXTS:
		return texts_set(events, slot, value, n);
	case TYPE_ENUM:
		return enum_set(events, slot, f, value);
	case TYPE_COUNT:
	case TYPE_REAL:
	case TYPE_TIME:
	case TYPE_DURATION:
		return number_set(events, slot, f, value);
	case TYPE_BOOL:
		return bool_set(events, slot, value);
	case TYPE_ROLES:
		return role_set(events, slot, value);
	}
	return -EINVAL;
}

int slot_step(struct case_events *events, struct event *e, enum field f, struct item at,
	      int64_t step)
{
	void *slot = (char *)e + field_table[f].offset;
	uint8_t *byte = slot;

	if (field_table[f].type == TYPE_COUNT) {
		*(uint64_t *)slot += (uint64_t)step;
		return 0;
	}
	if (field_table[f].type != TYPE_ADDR)
		return case_fault(events, at, "%s cannot vary: numbers and addresses do",
				  field_table[f].name);
	for (int i = 15; i >= 0 && step; i--) {
		step += byte[i];
		byte[i] = (uint8_t)step;
		step >>= 8;
	}
	return 0;
}
