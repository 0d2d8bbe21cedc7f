/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_RULE_VALUE_H
#define WEIR_RULE_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "event/event.h"
#include "event/privacy.h"

/* What an expression yields and a group key holds. Small, copied by assignment. */
enum value_type {
	VALUE_NULL, /* missing, or arithmetic that has no answer */
	VALUE_BOOL,
	VALUE_NUMBER,
	VALUE_TEXT, /* borrowed bytes */
	VALUE_ADDR,
};

/* How a number is written for people. */
enum unit {
	UNIT_NONE, /* a pure number */
	UNIT_BYTES,
	UNIT_DURATION, /* the number is nanoseconds */
	UNIT_TIME,     /* the number is ns since the epoch */
	UNIT_CONNECTIONS,
	UNIT_PORTS,
	UNIT_HOSTS,
	UNIT_PACKETS,
	UNIT_EVENTS,
	UNIT_ENDPOINTS, /* (address, port) */
	UNIT_SET,	/* a set of values: common() alone reads it */
};
const char *unit_name(enum unit unit); /* "bytes"; NULL for none */

struct value {
	uint8_t type; /* enum value_type */
	union {
		bool truth;
		double number;
		struct text text;
		struct addr addr;
	};
};

/* The event's field as a value; VALUE_NULL if absent. ENUM becomes text, ROLES the name of the
 * first role. */
struct value value_of_field(const struct event *e, enum field f);

/* What type its values have. */
enum value_type field_value_type(enum field f);

/* What a field's number counts: bytes, packets, a duration, a time; UNIT_NONE for all else. */
enum unit field_unit(enum field f);

/* Equality as rules have it: text without case; null equals nothing. */
bool value_equal(const struct value *a, const struct value *b);

/* What may leave of a value of this field (privacy.h): itself; the hash of its text, in `text`; or
 * null. The engine's thread only. */
struct value value_shown(enum field f, const struct value *v, char text[PRIVACY_TEXT_MAX]);

/* For people and messages: numbers with their unit ("1.2 GB", "228", "5m"). Cuts at `size`. */
char *value_format(const struct value *v, enum unit unit, char *text, size_t size);

#endif
