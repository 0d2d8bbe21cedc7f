/* SPDX-License-Identifier: Apache-2.0 */
#include "event/json.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "event/cell.h"
#include "event/escape.h"

/*
 * One loop over the field table writes and one over the object's keys reads; the type of a field
 * decides how. docs/rules.md, Events, is what users read of this form.
 */

#define DATASET "weir." /* event.dataset: "weir.attempt" */

bool event_dataset(const char *name, size_t length, uint16_t *service)
{
	const size_t prefix = strlen(DATASET);
	int found = -1;

	if (name && length > prefix && !memcmp(name, DATASET, prefix))
		found = service_find(name + prefix, length - prefix);
	if (found >= 0)
		*service = (uint16_t)found;
	return found >= 0;
}

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
	return json_string(time_format(time_shown(*(const weir_time *)slot), text));
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

static json_t *(*const writers[])(enum field f, const void *slot) = {
	[TYPE_ADDR] = write_addr,   [TYPE_TEXT] = write_text,	      [TYPE_TEXTS] = write_texts,
	[TYPE_ENUM] = write_enum,   [TYPE_COUNT] = write_count,	      [TYPE_REAL] = write_real,
	[TYPE_TIME] = write_time,   [TYPE_DURATION] = write_duration, [TYPE_BOOL] = write_bool,
	[TYPE_ROLES] = write_roles,
};

json_t *event_to_json(const struct event *e)
{
	json_t *object = json_object();
	char time[TIME_TEXT_MAX];
	int failed = !object;

	failed |= json_object_set_new_nocheck(object, "@timestamp",
					      json_string(time_format(time_shown(e->time), time)));
	failed |= json_object_set_new_nocheck(object, "event.kind", json_string("event"));
	failed |= json_object_set_new_nocheck(object, "event.dataset",
					      json_sprintf(DATASET "%s", service_name(e->service)));
	for (unsigned f = 0; f < FIELD_COUNT; f++)
		if (event_has(e, f))
			failed |= json_object_set_new_nocheck(
				object, field_table[f].name,
				writers[field_table[f].type](f, event_slot(e, f)));
	if (!failed)
		return object;
	json_decref(object);
	return NULL;
}

/* ---- reading ---- */

/* What is no list and no object, as a cell. */
static struct cell cell_of(const json_t *value)
{
	struct cell cell = {.kind = CELL_NULL};

	switch (json_typeof(value)) {
	case JSON_TRUE:
	case JSON_FALSE:
		cell.kind = CELL_BOOL;
		cell.truth = json_is_true(value);
		break;
	case JSON_INTEGER:
		cell.kind = CELL_INTEGER;
		cell.integer = json_integer_value(value);
		break;
	case JSON_REAL:
		cell.kind = CELL_REAL;
		cell.real = json_real_value(value);
		break;
	case JSON_STRING:
		cell.kind = CELL_TEXT;
		cell.text = (struct text){json_string_value(value),
					  (uint32_t)json_string_length(value)};
		break;
	case JSON_NULL:
	case JSON_OBJECT:
	case JSON_ARRAY:
		break;
	}
	return cell;
}

static bool read_value(struct cell_reader *r, enum field f, const json_t *value)
{
	struct cell cell = {.kind = CELL_NOTHING, .listed = true};
	const json_t *item;
	size_t i;

	if (!json_is_array(value)) {
		cell = cell_of(value);
		return cell_read(r, f, &cell);
	}
	if (!field_is_list(f) || !json_array_size(value))
		return cell_read(r, f, &cell);
	json_array_foreach(value, i, item)
	{
		cell = cell_of(item);
		cell.listed = true;
		if (!cell_read(r, f, &cell))
			return false;
	}
	return true;
}

static int read_head(const json_t *object, struct event *e, struct error *error)
{
	const json_t *time = json_object_get(object, "@timestamp");
	const char *name = json_string_value(json_object_get(object, "event.dataset"));
	struct cell cell = time ? cell_of(time) : (struct cell){0};

	if (!time || !cell_time(&cell, &e->time))
		return error_set(error, EXIT_INPUT, EINVAL, EVENT_TIME_FAULT,
				 time ? "wrong" : "missing");
	if (event_dataset(name, name ? strlen(name) : 0, &e->service))
		return 0;
	return error_set(error, EXIT_INPUT, EINVAL, EVENT_DATASET_FAULT,
			 name ? "unknown" : "missing");
}

static bool is_head(const char *key)
{
	return !strcmp(key, "@timestamp") || !strcmp(key, "event.dataset") ||
	       !strcmp(key, "event.kind");
}

int event_from_json(const json_t *object, struct arena *arena, struct event *e, size_t *unknown,
		    struct error *error)
{
	struct cell_reader r = {.event = e, .arena = arena, .undo = true};
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
		enum field f = field_find(key, strlen(key));

		if (is_head(key) || json_is_null(value))
			continue;
		if (f == FIELD_NONE)
			(*unknown)++;
		else if (!read_value(&r, f, value))
			return error_set(error, EXIT_INPUT, EINVAL, "%s is wrong: it should be %s",
					 field_table[f].name, r.expected);
	}
	*unknown += r.unknown;
	return event_keep(e, arena) ? error_set(error, EXIT_SYSTEM, ENOMEM, "out of memory") : 0;
}
