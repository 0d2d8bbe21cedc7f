/* SPDX-License-Identifier: Apache-2.0 */
#include "event/cell.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <strings.h>

#include "event/escape.h"

/* One reader for each type of field; what a value may look like stands in docs/replay.md. */

#define SECONDS_MAX	9e9 /* the year 2255; greater numbers are in a finer unit */
#define CENTURY_SECONDS (100 * 366 * 86400.0)

static bool text_number(const struct text *text, double *number)
{
	char copy[64], *end;

	if (!text->length || text->length >= sizeof(copy) || text->at[0] == ' ')
		return false;
	memcpy(copy, text->at, text->length);
	copy[text->length] = '\0';
	*number = strtod(copy, &end);
	return end == copy + text->length && isfinite(*number);
}

static bool cell_number(const struct cell *cell, double *number)
{
	switch ((enum cell_kind)cell->kind) {
	case CELL_INTEGER:
		*number = (double)cell->integer;
		return true;
	case CELL_REAL:
		*number = cell->real;
		return isfinite(*number);
	case CELL_TEXT:
		return text_number(&cell->text, number);
	case CELL_NULL:
	case CELL_BOOL:
	case CELL_NOTHING:
		break;
	}
	return false;
}

static bool text_count(const struct text *text, uint64_t *count)
{
	uint64_t sum = 0;

	if (!text->length)
		return false;
	for (uint32_t i = 0; i < text->length; i++) {
		unsigned digit = (unsigned char)text->at[i] - '0';

		if (digit > 9 || __builtin_mul_overflow(sum, 10, &sum) ||
		    __builtin_add_overflow(sum, digit, &sum))
			return false;
	}
	*count = sum;
	return true;
}

bool cell_count(const struct cell *cell, uint64_t *count)
{
	switch ((enum cell_kind)cell->kind) {
	case CELL_INTEGER:
		*count = (uint64_t)cell->integer;
		return cell->integer >= 0;
	case CELL_REAL:
		if (!(cell->real >= 0 && cell->real < 0x1p63 && floor(cell->real) == cell->real))
			return false;
		*count = (uint64_t)cell->real;
		return true;
	case CELL_TEXT:
		return text_count(&cell->text, count);
	case CELL_NULL:
	case CELL_BOOL:
	case CELL_NOTHING:
		break;
	}
	return false;
}

/* Seconds, or by their size a finer unit: no log reaches back to 1970 in milliseconds. A double of
 * today's size is exact to a quarter microsecond. */
static bool number_time(double number, weir_time *at)
{
	double unit = 1;

	while (unit < 1e9 && fabs(number) >= SECONDS_MAX * unit)
		unit *= 1000;
	if (!(fabs(number) < SECONDS_MAX * unit))
		return false;
	*at = (weir_time)llround(number / unit * 1e6) * WEIR_USEC;
	return true;
}

static bool integer_time(int64_t number, weir_time *at)
{
	weir_time unit = WEIR_SEC;

	while (unit > 1 && llabs(number) >= (int64_t)SECONDS_MAX * (WEIR_SEC / unit))
		unit /= 1000;
	return !__builtin_mul_overflow(number, unit, at);
}

bool cell_time(const struct cell *cell, weir_time *at)
{
	uint64_t digits;

	switch ((enum cell_kind)cell->kind) {
	case CELL_INTEGER:
		return cell->integer != INT64_MIN && integer_time(cell->integer, at);
	case CELL_REAL:
		return number_time(cell->real, at);
	case CELL_TEXT:
		if (!time_parse(cell->text.at, cell->text.length, at))
			return true;
		return text_count(&cell->text, &digits) && digits < INT64_MAX &&
		       integer_time((int64_t)digits, at);
	case CELL_NULL:
	case CELL_BOOL:
	case CELL_NOTHING:
		break;
	}
	return false;
}

bool cell_seconds(const struct cell *cell, weir_time *duration)
{
	double seconds;

	if (!cell_number(cell, &seconds) || !(seconds >= 0 && seconds <= CENTURY_SECONDS))
		return false;
	*duration = (weir_time)llround(seconds * 1e6) * WEIR_USEC;
	return true;
}

bool cell_truth(const struct cell *cell, bool *truth)
{
	static const char *const words[2][6] = {
		{"false", "f", "no", "n", "0", "off"},
		{"true", "t", "yes", "y", "1", "on"},
	};

	if (cell->kind == CELL_BOOL) {
		*truth = cell->truth;
		return true;
	}
	if (cell->kind == CELL_INTEGER && cell->integer >> 1 == 0) {
		*truth = cell->integer;
		return true;
	}
	for (unsigned i = 0; cell->kind == CELL_TEXT && i < 12; i++) {
		const char *word = words[i / 6][i % 6];

		*truth = i / 6;
		if (strlen(word) == cell->text.length &&
		    !strncasecmp(word, cell->text.at, cell->text.length))
			return true;
	}
	return false;
}

/* ---- one reader a type ---- */

static void *slot(struct cell_reader *r, enum field f)
{
	return (char *)r->event + field_table[f].offset;
}

static bool read_addr(struct cell_reader *r, enum field f, const struct cell *cell)
{
	r->expected = "an address";
	return cell->kind == CELL_TEXT && !addr_parse(cell->text.at, cell->text.length, slot(r, f));
}

static bool text_of(struct cell_reader *r, const struct cell *cell, struct text *text)
{
	char *copy;

	r->expected = "text";
	if (cell->kind != CELL_TEXT)
		return false;
	*text = cell->text;
	if (!r->undo || !text->length || !memchr(text->at, '\\', text->length))
		return true;
	copy = arena_copy(r->arena, text->at, text->length);
	if (!copy)
		return false;
	*text = (struct text){copy, (uint32_t)escape_undo(copy, text->length)};
	return true;
}

static bool read_text(struct cell_reader *r, enum field f, const struct cell *cell)
{
	struct text text;

	if (!text_of(r, cell, &text))
		return false;
	*(struct text *)slot(r, f) = text;
	return true;
}

/* Makes room for `more` bytes behind the list that stands in `texts`; doubled, so that a list of
 * any length costs its length. */
static bool list_room(struct cell_reader *r, enum field f, struct text *texts, size_t more)
{
	size_t needed = texts->length + more;
	char *grown;

	if (needed > UINT32_MAX)
		return false;
	if (r->list_field == f && r->list && needed <= r->list_room)
		return true;
	grown = arena_alloc(r->arena, 2 * needed + 1);
	if (!grown)
		return false;
	if (texts->length)
		memcpy(grown, texts->at, texts->length);
	texts->at = r->list = grown;
	r->list_room = 2 * needed;
	r->list_field = f;
	return true;
}

static bool list_append(struct cell_reader *r, enum field f, const struct text *element)
{
	struct text *texts = slot(r, f);

	if (!list_room(r, f, texts, (size_t)element->length + 1))
		return false;
	r->list[texts->length++] = TEXTS_JOINT;
	if (element->length)
		memcpy(r->list + texts->length, element->at, element->length);
	texts->length += element->length;
	return true;
}

static bool read_texts(struct cell_reader *r, enum field f, const struct cell *cell)
{
	struct text element;

	if (cell->kind == CELL_NOTHING) {
		*(struct text *)slot(r, f) = (struct text){"", 0};
		return true;
	}
	if (!text_of(r, cell, &element)) {
		r->expected = "a list of texts";
		return false;
	}
	if (cell->listed && event_has(r->event, f))
		return list_append(r, f, &element);
	*(struct text *)slot(r, f) = element;
	return true;
}

static bool read_enum(struct cell_reader *r, enum field f, const struct cell *cell)
{
	int number = -1;

	r->expected = field_table[f].words;
	if (cell->kind == CELL_TEXT)
		number = field_enum_number(f, cell->text.at, cell->text.length);
	else if (cell->kind == CELL_INTEGER && cell->integer >= 0 && cell->integer <= UINT16_MAX &&
		 field_enum_name(f, (unsigned)cell->integer))
		number = (int)cell->integer;
	if (number >= 0)
		*(uint16_t *)slot(r, f) = (uint16_t)number;
	return number >= 0;
}

static bool read_count(struct cell_reader *r, enum field f, const struct cell *cell)
{
	r->expected = "a number that is whole and not negative";
	return cell_count(cell, slot(r, f));
}

static bool read_real(struct cell_reader *r, enum field f, const struct cell *cell)
{
	r->expected = "a number";
	return cell_number(cell, slot(r, f));
}

static bool read_time(struct cell_reader *r, enum field f, const struct cell *cell)
{
	r->expected = "a time as in RFC 3339, or seconds since 1970";
	return cell_time(cell, slot(r, f));
}

static bool read_duration(struct cell_reader *r, enum field f, const struct cell *cell)
{
	r->expected = "whole nanoseconds";
	if (cell->kind != CELL_INTEGER)
		return false;
	*(int64_t *)slot(r, f) = cell->integer;
	return true;
}

static bool read_bool(struct cell_reader *r, enum field f, const struct cell *cell)
{
	r->expected = "true or false";
	return cell_truth(cell, slot(r, f));
}

/* Roles that this configuration does not have are unknown names, not faults. */
static bool read_roles(struct cell_reader *r, enum field f, const struct cell *cell)
{
	uint64_t *roles = slot(r, f);
	int number;

	r->expected = "a list of names";
	if (cell->kind != CELL_TEXT && cell->kind != CELL_NOTHING)
		return false;
	if (!event_has(r->event, f))
		*roles = 0;
	if (cell->kind == CELL_NOTHING)
		return true;
	number = field_role_number(cell->text.at, cell->text.length);
	if (number < 0)
		r->unknown++;
	else
		*roles |= UINT64_C(1) << number;
	return true;
}

static bool (*const readers[])(struct cell_reader *r, enum field f, const struct cell *cell) = {
	[TYPE_ADDR] = read_addr,   [TYPE_TEXT] = read_text,	    [TYPE_TEXTS] = read_texts,
	[TYPE_ENUM] = read_enum,   [TYPE_COUNT] = read_count,	    [TYPE_REAL] = read_real,
	[TYPE_TIME] = read_time,   [TYPE_DURATION] = read_duration, [TYPE_BOOL] = read_bool,
	[TYPE_ROLES] = read_roles,
};

bool cell_read(struct cell_reader *reader, enum field field, const struct cell *cell)
{
	if (!readers[field_table[field].type](reader, field, cell))
		return false;
	event_mark(reader->event, field);
	return true;
}
