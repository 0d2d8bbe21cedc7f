/* SPDX-License-Identifier: Apache-2.0 */
#include "event/save.h"

#include "base/hash.h"

/* How a slot is written: independent of the number that its type has here. */
enum shape {
	SHAPE_ADDR = 'a',
	SHAPE_TEXT = 't',
	SHAPE_REAL = 'r',
	SHAPE_INT = 'i',
	SHAPE_ROLES = 'o'
};

#define WORD_A UINT64_C(0x8f3d9d6a1c5b7e21)
#define WORD_B UINT64_C(0x2b992ddfa23249d6)

static uint32_t mark_of(enum field field)
{
	const char *name = field_table[field].name;

	return (uint32_t)hash_keyed(name, strlen(name), WORD_A, WORD_B) | 1;
}

void field_save(struct state_writer *w, enum field field)
{
	uint32_t mark = field == FIELD_NONE ? 0 : mark_of(field);

	state_put_raw(w, &mark, sizeof(mark));
}

enum field field_load(struct state_reader *r)
{
	static uint32_t marks[FIELD_COUNT];
	uint32_t mark;

	if (!marks[0])
		for (int f = 0; f < FIELD_COUNT; f++)
			marks[f] = mark_of(f);
	state_get_raw(r, &mark, sizeof(mark));
	for (int f = 0; mark && f < FIELD_COUNT; f++)
		if (marks[f] == mark)
			return f;
	return FIELD_NONE;
}

void addr_save(struct state_writer *w, const struct addr *addr)
{
	state_put_raw(w, addr->byte, sizeof(addr->byte));
}

void addr_load(struct state_reader *r, struct addr *addr)
{
	state_get_raw(r, addr->byte, sizeof(addr->byte));
}

static void text_save(struct state_writer *w, const struct text *text)
{
	state_put_uint(w, SHAPE_TEXT);
	state_put_bytes(w, text->at, text->length);
}

static void name_save(struct state_writer *w, const char *name)
{
	state_put_uint(w, SHAPE_TEXT);
	state_put_text(w, name);
}

static void roles_save(struct state_writer *w, uint64_t roles)
{
	state_put_uint(w, SHAPE_ROLES);
	for (unsigned i = 0; i < 64; i++)
		if ((roles >> i & 1) && field_role_name(i))
			state_put_text(w, field_role_name(i));
	state_put_text(w, "");
}

static void slot_save(struct state_writer *w, const struct event *event, enum field field)
{
	const void *slot = event_slot(event, field);

	switch ((enum field_type)field_table[field].type) {
	case TYPE_ADDR:
		state_put_uint(w, SHAPE_ADDR);
		addr_save(w, slot);
		return;
	case TYPE_TEXT:
	case TYPE_TEXTS:
		text_save(w, slot);
		return;
	case TYPE_ENUM:
		name_save(w, field_enum_name(field, *(const uint16_t *)slot));
		return;
	case TYPE_REAL:
		state_put_uint(w, SHAPE_REAL);
		state_put_real(w, *(const double *)slot);
		return;
	case TYPE_ROLES:
		roles_save(w, *(const uint64_t *)slot);
		return;
	case TYPE_BOOL:
		state_put_uint(w, SHAPE_INT);
		state_put_int(w, *(const bool *)slot);
		return;
	case TYPE_COUNT:
	case TYPE_TIME:
	case TYPE_DURATION:
		state_put_uint(w, SHAPE_INT);
		state_put_int(w, *(const int64_t *)slot);
		return;
	}
}

void event_save(struct state_writer *w, const struct event *event)
{
	unsigned fields = 0;

	for (int f = 0; f < FIELD_COUNT; f++)
		fields += event_has(event, f);
	state_put_int(w, event->time);
	state_put_uint(w, event->record);
	state_put_uint(w, event->input);
	state_put_uint(w, event->service);
	state_put_uint(w, fields);
	for (int f = 0; f < FIELD_COUNT; f++) {
		if (!event_has(event, f))
			continue;
		field_save(w, f);
		slot_save(w, event, f);
	}
}

static uint64_t roles_load(struct state_reader *r)
{
	uint64_t roles = 0;

	while (!r->bad) {
		size_t length;
		const char *name = state_get_bytes(r, &length);
		int number;

		if (!length)
			break;
		number = field_role_number(name, length);
		if (number >= 0)
			roles |= UINT64_C(1) << number;
	}
	return roles;
}

/* Takes a text into a field that has one, or a name of its own. */
static bool text_load(struct event *event, enum field field, const struct text *text)
{
	void *slot = (char *)event + field_table[field].offset;
	int number;

	if (type_is_text(field_table[field].type)) {
		*(struct text *)slot = *text;
		return true;
	}
	if (field_table[field].type != TYPE_ENUM)
		return false;
	number = field_enum_number(field, text->at, text->length);
	*(uint16_t *)slot = (uint16_t)number;
	return number >= 0;
}

static bool int_load(struct event *event, enum field field, int64_t number)
{
	void *slot = (char *)event + field_table[field].offset;

	switch ((enum field_type)field_table[field].type) {
	case TYPE_BOOL:
		*(bool *)slot = number != 0;
		return true;
	case TYPE_COUNT:
	case TYPE_TIME:
	case TYPE_DURATION:
		*(int64_t *)slot = number;
		return true;
	case TYPE_ADDR:
	case TYPE_TEXT:
	case TYPE_TEXTS:
	case TYPE_ENUM:
	case TYPE_REAL:
	case TYPE_ROLES:
		break;
	}
	return false;
}

/* What the field cannot hold any more is read over. */
static void slot_load(struct state_reader *r, struct event *event, enum field field)
{
	void *slot = field == FIELD_NONE ? NULL : (char *)event + field_table[field].offset;
	unsigned type = slot ? field_table[field].type : FIELD_COUNT;
	bool taken = false;
	struct addr addr;
	struct text text;
	size_t length;
	uint64_t bits;
	double real;

	switch (state_get_uint(r)) {
	case SHAPE_ADDR:
		addr_load(r, &addr);
		taken = type == TYPE_ADDR;
		if (taken)
			*(struct addr *)slot = addr;
		break;
	case SHAPE_TEXT:
		text.at = state_get_bytes(r, &length);
		text.length = (uint32_t)length;
		taken = slot && !r->bad && text_load(event, field, &text);
		break;
	case SHAPE_REAL:
		real = state_get_real(r);
		taken = type == TYPE_REAL;
		if (taken)
			*(double *)slot = real;
		break;
	case SHAPE_ROLES:
		bits = roles_load(r);
		taken = type == TYPE_ROLES;
		if (taken)
			*(uint64_t *)slot = bits;
		break;
	case SHAPE_INT:
		bits = (uint64_t)state_get_int(r);
		taken = slot && int_load(event, field, (int64_t)bits);
		break;
	default:
		r->bad = true;
	}
	if (taken && !r->bad)
		event_mark(event, field);
}

void event_load(struct state_reader *r, struct event *event)
{
	size_t fields;

	*event = (struct event){0};
	event->time = state_get_time(r);
	event->record = state_get_uint(r);
	event->input = (uint32_t)state_get_uint(r);
	event->service = (uint16_t)state_get_below(r, SERVICE_SIGNAL);
	fields = state_get_count(r, FIELD_COUNT * 2);
	for (size_t i = 0; i < fields && !r->bad; i++)
		slot_load(r, event, field_load(r));
}
