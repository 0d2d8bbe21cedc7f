/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_EVENT_CELL_H
#define WEIR_EVENT_CELL_H

#include "base/arena.h"
#include "base/vec.h"
#include "event/event.h"

/*
 * A row of input before anybody knows what it means: names with values, whatever file they came
 * from. An object in an object has the names of both ("dns.rrname"); a list is a cell for each of
 * its elements, in order.
 */
enum cell_kind {
	CELL_NULL,
	CELL_BOOL,
	CELL_INTEGER,
	CELL_REAL,
	CELL_TEXT,
	CELL_NOTHING, /* a list without elements */
};

struct cell {
	const char *name;
	uint32_t name_length;
	uint8_t kind;
	bool listed; /* an element of a list */
	union {
		bool truth;
		int64_t integer;
		double real;
		struct text text;
	};
};

/* Borrowed: alive until its reader reads the next one. */
struct row {
	VEC(struct cell) cells;
	size_t passed_over; /* values that are nested deeper, or named longer, than is read */
};

/* Objects in objects that are looked into, and the longest joined name. */
#define ROW_DEPTH_MAX 8
#define ROW_NAME_MAX  256

/* What reads values into one event. Zeroed but for the first three it is ready for an event. */
struct cell_reader {
	struct event *event;
	struct arena *arena;  /* for texts that are not taken as they stand */
	bool undo;	      /* \xHH in texts are bytes (event/escape.h) */
	size_t unknown;	      /* names of roles that are not configured */
	const char *expected; /* after a failure: "an address" */
	char *list;	      /* room for the elements of the list that was read last */
	size_t list_room;
	enum field list_field;
};

/*
 * Fills the slot of `field` and marks it. The elements of a list come one by one: those of a list
 * of texts or roles are put together, of others the first counts. Texts point where the cell's
 * point, or into the arena. False with `expected` set, and the event as it was, if the value is of
 * another type.
 */
bool cell_read(struct cell_reader *reader, enum field field, const struct cell *cell);

/* A time: RFC 3339 and its relatives (base/time.h) as text; a number or its digits as seconds
 * since 1970, or from their size milli-, micro- or nanoseconds. */
bool cell_time(const struct cell *cell, weir_time *at);

/* Seconds with decimals, as number or text, not negative, at most 100 years. */
bool cell_seconds(const struct cell *cell, weir_time *duration);

/* A whole number that is not negative, as number or text. */
bool cell_count(const struct cell *cell, uint64_t *count);

/* true, T, yes, 1 and their opposites. */
bool cell_truth(const struct cell *cell, bool *truth);

#endif
