/* SPDX-License-Identifier: Apache-2.0 */
#include "event/json.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "event/escape.h"

/*
 * One loop over the field table writes and one over the object's keys reads; the type of a field
 * decides how. docs/rules.md, Events, is what users read of this form.
 */

#define DATASET "weir." /* event.dataset: "weir.attempt" */

json_t *json_bytes(const char *bytes, size_t length)
{
	char small[1024], *text = small;
	json_t *json;

	if (escape_clean(bytes, length))
		return json_stringn(bytes, length);
	if (length > (sizeof(small) - 1) / ESCAPE_GROWTH) {
		text = malloc(length * ESCAPE_GROWTH + 1);
		if (!text)
			return NULL;
	}
	json = json_stringn(text, escape_bytes(bytes, length, false, text));
	if (text != small)
		free(text);
	return json;
}

static json_t *write_addr(enum field f, const void *slot)
{
	char text[ADDR_TEXT_MAX];

	(void)f;
	return json_string(addr_format(slot, text));
}

static json_t *write_text(enum field f, const void *slot)
{
	const struct text *text = slot;

	(void)f;
	return json_bytes(text->at, text->length);
}

static json_t *write_texts(enum field f, const void *slot)
{
	json_t *list = json_array();
	struct text element;

	for (uint32_t at = 0; list && texts_next(slot, &at, &element);) {
		if (!json_array_append_new(list, write_text(f, &element)))
			continue;
		json_decref(list);
		return NULL;
	}
	return list;
}

static json_t *write_enum(enum field f, const void *slot)
{
	const char *name = field_enum_name(f, *(const uint16_t *)slot);

	return name ? json_string(name) : json_integer(*(const uint16_t *)slot);
}

/* JSON integers here are 63 bits and a sign; what is greater goes as decimal text. */
static json_t *write_count(enum field f, const void *slot)
{
	uint64_t number = *(const uint64_t *)slot;
	char text[24];

	(void)f;
	if (number <= INT64_MAX)
		return json_integer((json_int_t)number);
	snprintf(text, sizeof(text), "%" PRIu64, number);
	return json_string(text);
}

/* JSON has no numbers that are not finite: null, which reads back as absent. */
static json_t *write_real(enum field f, const void *slot)
{
	double number = *(const double *)slot;

	(void)f;
	return isfinite(number) ? json_real(number) : json_null();
}

static json_t *write_time(enum field f, const void *slot)
{
	char text[TIME_TEXT_MAX];

	(void)f;
	return json_string(time_format(*(const weir_time *)slot, text));
}

static json_t *write_duration(enum field f, const void *slot)
{
	(void)f;
	return json_integer(*(const int64_t *)slot);
}

static json_t *write_bool(enum field f, const void *slot)
{
	(void)f;
	return json_boolean(*(const bool *)slot);
}

static json_t *write_roles(enum field f, const void *slot)
{
	uint64_t roles = *(const uint64_t *)slot;
	json_t *list = json_array();

	(void)f;
	for (; list && roles; roles &= roles - 1) {
		const char *name = field_role_name((unsigned)__builtin_ctzll(roles));

		if (name && json_array_append_new(list, json_bytes(name, strlen(name)))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* What a reader of one value needs and says. */
struct reader {
	struct arena *arena;
	struct event *event;
	enum field field;
	void *slot;
	size_t *unknown;
	const char *expected; /* after a failure */
};

static bool read_addr(struct reader *r, const json_t *value)
{
	r->expected = "an address";
	return json_is_string(value) &&
	       !addr_parse(json_string_value(value), json_string_length(value), r->slot);
}

static bool read_text(struct reader *r, const json_t *value)
{
	struct text *text = r->slot;
	char *copy;

	r->expected = "text of at most 4 GiB";
	if (!json_is_string(value) || json_string_length(value) > UINT32_MAX)
		return false;
	copy = arena_copy(r->arena, json_string_value(value), json_string_length(value));
	if (!copy)
		return false;
	*text = (struct text){copy, (uint32_t)escape_undo(copy, json_string_length(value))};
	return true;
}

/* Joins the elements of a list; one text is a list of one. */
static bool read_texts(struct reader *r, const json_t *value)
{
	struct text *texts = r->slot, element;
	size_t room = 0, i;
	const json_t *item;
	char *at;

	r->expected = "a list of texts";
	if (json_is_string(value))
		return read_text(r, value);
	json_array_foreach(value, i, item) room += json_string_length(item) + 1;
	if (!json_is_array(value) || room > UINT32_MAX)
		return false;
	at = arena_alloc(r->arena, room + 1);
	if (!at)
		return false;
	*texts = (struct text){at, 0};
	json_array_foreach(value, i, item)
	{
		r->slot = &element;
		if (!read_text(r, item))
			return false;
		r->slot = texts;
		if (i)
			at[texts->length++] = TEXTS_JOINT;
		memcpy(at + texts->length, element.at, element.length);
		texts->length += element.length;
	}
	return true;
}

static bool read_enum(struct reader *r, const json_t *value)
{
	int number = -1;

	r->expected = field_table[r->field].words;
	if (json_is_string(value))
		number = field_enum_number(r->field, json_string_value(value),
					   json_string_length(value));
	else if (json_is_integer(value) && json_integer_value(value) >= 0 &&
		 json_integer_value(value) <= UINT16_MAX &&
		 field_enum_name(r->field, (unsigned)json_integer_value(value)))
		number = (int)json_integer_value(value);
	*(uint16_t *)r->slot = (uint16_t)number;
	return number >= 0;
}

static bool read_count(struct reader *r, const json_t *value)
{
	uint64_t *number = r->slot;
	const char *text = json_string_value(value);
	char *end;

	r->expected = "a number that is whole and not negative";
	if (json_is_integer(value)) {
		*number = (uint64_t)json_integer_value(value);
		return json_integer_value(value) >= 0;
	}
	if (json_is_real(value)) {
		double real = json_real_value(value);

		if (!(real >= 0 && real < 0x1p63 && floor(real) == real))
			return false;
		*number = (uint64_t)real;
		return true;
	}
	if (!text || *text < '0' || *text > '9')
		return false;
	errno = 0;
	*number = strtoull(text, &end, 10);
	return !errno && !*end && (size_t)(end - text) == json_string_length(value);
}

static bool read_real(struct reader *r, const json_t *value)
{
	r->expected = "a number";
	*(double *)r->slot = json_number_value(value);
	return json_is_number(value);
}

static bool time_value(const json_t *value, weir_time *at)
{
	if (json_is_string(value))
		return !time_parse(json_string_value(value), json_string_length(value), at);
	if (!json_is_number(value) || !(fabs(json_number_value(value)) < 9e9))
		return false;
	/* Seconds since the epoch; a double of today's size is exact to a quarter microsecond. */
	*at = json_is_integer(value)
		      ? json_integer_value(value) * WEIR_SEC
		      : (weir_time)llround(json_number_value(value) * 1e6) * WEIR_USEC;
	return true;
}

static bool read_time(struct reader *r, const json_t *value)
{
	r->expected = "a time as in RFC 3339, or seconds since 1970";
	return time_value(value, r->slot);
}

static bool read_duration(struct reader *r, const json_t *value)
{
	r->expected = "whole nanoseconds";
	*(int64_t *)r->slot = json_integer_value(value);
	return json_is_integer(value);
}

static bool read_bool(struct reader *r, const json_t *value)
{
	r->expected = "true or false";
	*(bool *)r->slot = json_is_true(value);
	return json_is_boolean(value);
}

/* Roles that this configuration does not have are unknown names, not faults. */
static bool read_role(struct reader *r, const json_t *value)
{
	int number;

	if (!json_is_string(value))
		return false;
	number = field_role_number(json_string_value(value), json_string_length(value));
	if (number < 0)
		(*r->unknown)++;
	else
		*(uint64_t *)r->slot |= UINT64_C(1) << number;
	return true;
}

/* One text is a list of one. */
static bool read_roles(struct reader *r, const json_t *value)
{
	const json_t *item;
	size_t i;

	r->expected = "a list of names";
	*(uint64_t *)r->slot = 0;
	if (json_is_string(value))
		return read_role(r, value);
	if (!json_is_array(value))
		return false;
	json_array_foreach(value, i, item) if (!read_role(r, item)) return false;
	return true;
}

static const struct {
	json_t *(*write)(enum field f, const void *slot);
	bool (*read)(struct reader *r, const json_t *value);
} forms[] = {
	[TYPE_ADDR] = {write_addr, read_addr},	  [TYPE_TEXT] = {write_text, read_text},
	[TYPE_TEXTS] = {write_texts, read_texts}, [TYPE_ENUM] = {write_enum, read_enum},
	[TYPE_COUNT] = {write_count, read_count}, [TYPE_REAL] = {write_real, read_real},
	[TYPE_TIME] = {write_time, read_time},	  [TYPE_DURATION] = {write_duration, read_duration},
	[TYPE_BOOL] = {write_bool, read_bool},	  [TYPE_ROLES] = {write_roles, read_roles},
};

json_t *event_to_json(const struct event *e)
{
	json_t *object = json_object();
	char time[TIME_TEXT_MAX];
	int failed = !object;

	failed |= json_object_set_new_nocheck(object, "@timestamp",
					      json_string(time_format(e->time, time)));
	failed |= json_object_set_new_nocheck(object, "event.kind", json_string("event"));
	failed |= json_object_set_new_nocheck(object, "event.dataset",
					      json_sprintf(DATASET "%s", service_name(e->service)));
	for (unsigned f = 0; f < FIELD_COUNT; f++)
		if (event_has(e, f))
			failed |= json_object_set_new_nocheck(
				object, field_table[f].name,
				forms[field_table[f].type].write(f, event_slot(e, f)));
	if (!failed)
		return object;
	json_decref(object);
	return NULL;
}

static int read_head(const json_t *object, struct event *e, struct error *error)
{
	const json_t *time = json_object_get(object, "@timestamp");
	const json_t *dataset = json_object_get(object, "event.dataset");
	const char *name = json_string_value(dataset);
	int service = -1;

	if (!time || !time_value(time, &e->time))
		return error_set(error, EXIT_INPUT, EINVAL,
				 "@timestamp is %s: it should be a time as in RFC 3339",
				 time ? "wrong" : "missing");
	if (name && !strncmp(name, DATASET, strlen(DATASET)))
		service = service_find(name + strlen(DATASET), strlen(name + strlen(DATASET)));
	if (service < 0)
		return error_set(error, EXIT_INPUT, EINVAL,
				 "event.dataset is %s: it should be " DATASET "attempt, " DATASET
				 "connection, " DATASET "flow, …",
				 name ? "unknown" : "missing");
	e->service = (uint16_t)service;
	return 0;
}

static bool is_head(const char *key)
{
	return !strcmp(key, "@timestamp") || !strcmp(key, "event.dataset") ||
	       !strcmp(key, "event.kind");
}

int event_from_json(const json_t *object, struct arena *arena, struct event *e, size_t *unknown,
		    struct error *error)
{
	struct reader r = {.arena = arena, .event = e, .unknown = unknown};
	const char *key;
	json_t *value;
	int err;

	*e = (struct event){0};
	*unknown = 0;
	if (!json_is_object(object))
		return error_set(error, EXIT_INPUT, EINVAL, "not an object: an event is {…}");
	err = read_head(object, e, error);
	if (err)
		return err;
	json_object_foreach((json_t *)object, key, value)
	{
		if (is_head(key) || json_is_null(value))
			continue;
		r.field = field_find(key, strlen(key));
		if (r.field == FIELD_NONE) {
			(*unknown)++;
			continue;
		}
		r.slot = (char *)e + field_table[r.field].offset;
		if (!forms[field_table[r.field].type].read(&r, value))
			return error_set(error, EXIT_INPUT, EINVAL, "%s is wrong: it should be %s",
					 field_table[r.field].name, r.expected);
		event_mark(e, r.field);
	}
	return 0;
}
