/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/log/record.h"

#include <errno.h>

/* Rows into records: names to fields and facts. */

static uint32_t use_cell(const char *name, size_t length)
{
	uint64_t head = 0, tail = 0;

	memcpy(&head, name, length < 8 ? length : 8);
	if (length > 8)
		memcpy(&tail, name + length - 8, 8);
	head = (head ^ tail * 31 ^ length) * UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t)(head >> 32) % COLUMN_USES;
}

/* The format's own word first, then the public ones. */
static void look_up(const struct log_format *format, const char *name, size_t length,
		    struct column_use *use)
{
	use->fact = FACT_NONE;
	for (size_t i = 0; i < format->columns_len; i++) {
		const struct column *column = &format->columns[i];

		if (strlen(column->name) != length || memcmp(column->name, name, length) != 0)
			continue;
		use->field = column->field;
		use->fact = column->fact;
		return;
	}
	use->field = format->aliases ? (int16_t)field_find(name, length) : FIELD_NONE;
}

static struct column_use *use_of(struct columns *columns, const char *name, size_t length,
				 struct column_use *spare)
{
	struct column_use *use = &columns->uses[use_cell(name, length)];

	if (use->length == length && !memcmp(use->name, name, length))
		return use;
	if (!length || length >= sizeof(use->name))
		use = spare;
	look_up(columns->format, name, length, use);
	if (use != spare) {
		memcpy(use->name, name, length);
		use->length = (uint16_t)length;
	}
	return use;
}

/* A row that is wrong about who spoke with whom tells nothing. */
static bool names_connection(enum field f)
{
	return f == FIELD_SOURCE_IP || f == FIELD_DESTINATION_IP || f == FIELD_SOURCE_PORT ||
	       f == FIELD_DESTINATION_PORT || f == FIELD_NETWORK_TRANSPORT;
}

static bool is_port(enum field f)
{
	return f == FIELD_SOURCE_PORT || f == FIELD_DESTINATION_PORT;
}

static int wrong(struct record *record, enum field f, const struct cell *cell, bool strict,
		 struct error *error)
{
	if (strict || names_connection(f))
		return error_set(error, EXIT_INPUT, EINVAL, "%.*s is wrong: it should be %s",
				 (int)cell->name_length, cell->name, record->reader.expected);
	if (!record->wrong++) {
		record->wrong_name = cell->name;
		record->wrong_length = cell->name_length;
	}
	return 0;
}

/* 0, or -EINVAL with `error` said. */
static int fill_field(struct record *record, const struct log_format *format, enum field f,
		      const struct cell *cell, struct error *error)
{
	struct event *e = &record->event;

	if (cell->kind == CELL_NULL)
		return 0;
	if (format->strict && cell->listed && !field_is_list(f)) {
		record->reader.expected = "one value";
		return wrong(record, f, cell, true, error);
	}
	if (event_has(e, f) && !(cell->listed && field_is_list(f))) {
		/* Two programs would read two things. */
		if (format->strict)
			return error_set(error, EXIT_INPUT, EINVAL, "%s stands twice",
					 field_table[f].name);
		return 0;
	}
	if (!cell_read(&record->reader, f, cell))
		return wrong(record, f, cell, format->strict, error);
	if (is_port(f) && *(const uint64_t *)event_slot(e, f) > UINT16_MAX) {
		record->reader.expected = "a port, 0 to 65535";
		return wrong(record, f, cell, format->strict, error);
	}
	return 0;
}

bool record_fill(struct record *record, struct columns *columns, const struct row *row,
		 struct error *error)
{
	const struct log_format *format = columns->format;
	struct column_use spare;

	memset(record->event.present, 0, sizeof(record->event.present));
	memset(record->fact, 0, sizeof(record->fact));
	arena_reset(&record->arena);
	record->reader = (struct cell_reader){
		.event = &record->event, .arena = &record->arena, .undo = format->undo};
	record->row = row;
	record->unknown = row->passed_over;
	record->wrong = 0;
	record->tells = 0;
	vec_each (cell, &row->cells) {
		const struct column_use *use =
			use_of(columns, cell->name, cell->name_length, &spare);

		if (use->field != FIELD_NONE) {
			if (fill_field(record, format, use->field, cell, error))
				return false;
		} else if (use->fact == FACT_NONE) {
			record->unknown++;
		} else if (!record->fact[use->fact] && cell->kind != CELL_NULL) {
			record->fact[use->fact] = cell;
		}
	}
	record->unknown += record->reader.unknown;
	return true;
}

struct text record_text(const struct record *record, enum fact fact)
{
	const struct cell *cell = record->fact[fact];

	return cell && cell->kind == CELL_TEXT ? cell->text : (struct text){"", 0};
}

bool record_is(const struct record *record, enum fact fact, const char *word)
{
	struct text text = record_text(record, fact);

	return text_is(&text, word);
}

bool record_count(const struct record *record, enum fact fact, uint64_t *count)
{
	return record->fact[fact] && cell_count(record->fact[fact], count);
}

bool record_seconds(const struct record *record, enum fact fact, weir_time *duration)
{
	return record->fact[fact] && cell_seconds(record->fact[fact], duration);
}

struct text text_of_literal(const char *literal)
{
	return (struct text){literal, (uint32_t)strlen(literal)};
}

void record_tell(struct record *record, enum event_service service, weir_time at,
		 const struct intake *intake)
{
	record->event.service = (uint16_t)service;
	record->event.time = at;
	intake->event(intake->context, &record->event);
}

bool record_is_cast(const struct record *record)
{
	const struct addr *a = &record->event.destination_ip;

	if (!event_has(&record->event, FIELD_DESTINATION_IP))
		return false;
	if (!addr_is_v4(a))
		return a->byte[0] == 0xff;
	return a->byte[12] >> 4 == 0xe || !memcmp(a->byte + 12, "\xff\xff\xff\xff", 4);
}
