/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_EVENT_EVENT_H
#define WEIR_EVENT_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "base/time.h"

/* What an event is about: the `service` of a rule's logsource. */
enum event_service {
	SERVICE_ATTEMPT,
	SERVICE_CONNECTION,
	SERVICE_FLOW,
	SERVICE_DNS,
	SERVICE_TLS,
	SERVICE_HTTP,
	SERVICE_FILE,
	SERVICE_LOGIN,
	SERVICE_PROCESS,
	SERVICE_LISTENER,
	SERVICE_ARP,
	SERVICE_ICMP,
	SERVICE_DHCP,
	SERVICE_HEALTH,
	SERVICE_COUNT,
	/* No logsource: a signal that a window over signals counts. */
	SERVICE_SIGNAL = SERVICE_COUNT,
};

enum field_type {
	TYPE_ADDR,     /* struct addr */
	TYPE_TEXT,     /* struct text */
	TYPE_TEXTS,    /* struct text: a list, its elements joined by TEXTS_JOINT */
	TYPE_ENUM,     /* uint16_t: a number in the field's own name table (field_enum_*) */
	TYPE_COUNT,    /* uint64_t */
	TYPE_REAL,     /* double */
	TYPE_TIME,     /* weir_time */
	TYPE_DURATION, /* int64_t, ns */
	TYPE_BOOL,     /* bool */
	TYPE_ROLES,    /* uint64_t: a bit a role, by its number (field_role_*) */
};

/* What of people's doings a field tells, which an installation may keep to itself (privacy.h); a
 * bit each. */
enum privacy_subject {
	SUBJECT_OPEN = 0, /* nothing of it */
	SUBJECT_COMMAND_LINES = 1,
	SUBJECT_URLS = 2,
	SUBJECT_COMMAND_LINES_URLS = SUBJECT_COMMAND_LINES | SUBJECT_URLS,
	SUBJECT_DNS_NAMES = 4,
	SUBJECT_URLS_DNS_NAMES = SUBJECT_URLS | SUBJECT_DNS_NAMES,
	SUBJECTS = 8,
};

/* Bytes of the input's arena; not ended by a zero; alive as long as the event. */
struct text {
	const char *at;
	uint32_t length;
};

/* All of a string, which must live as long. */
static inline struct text text_string(const char *string)
{
	return (struct text){.at = string, .length = (uint32_t)strlen(string)};
}

/* Between the elements of a TEXTS field, as a byte of its text; elements do not hold it. */
#define TEXTS_JOINT '\0'

/* The element of a TEXTS field that begins at *at, which moves behind it; false: no more. Starts
 * with *at = 0. An empty text is a list of nothing. */
bool texts_next(const struct text *texts, uint32_t *at, struct text *element);

/* Whether a field's slot is a struct text. */
static inline bool type_is_text(unsigned type)
{
	return type == TYPE_TEXT || type == TYPE_TEXTS;
}

enum field {
#define FIELD(id, type, subject, member, name, words) FIELD_##id,
#include "event/fields.def"
#undef FIELD
	FIELD_COUNT,
	FIELD_NONE = -1,
};

#define FIELD_C_ADDR	 struct addr
#define FIELD_C_TEXT	 struct text
#define FIELD_C_TEXTS	 struct text
#define FIELD_C_ENUM	 uint16_t
#define FIELD_C_COUNT	 uint64_t
#define FIELD_C_REAL	 double
#define FIELD_C_TIME	 weir_time
#define FIELD_C_DURATION int64_t
#define FIELD_C_BOOL	 bool
#define FIELD_C_ROLES	 uint64_t

/*
 * One event: a flat struct of typed slots with a presence mask. Plain data: copied by assignment;
 * only TEXT and TEXTS slots point elsewhere (see event_keep() for events that outlive their input).
 * (time, input, record) is the one order in which the engine sees events.
 */
struct event {
	weir_time time;	  /* event time, ns since the epoch */
	uint64_t record;  /* number within its input */
	uint32_t input;	  /* index of the input */
	uint16_t service; /* enum event_service */
	uint64_t present[(FIELD_COUNT + 63) / 64];
#define FIELD(id, type, subject, member, name, words) FIELD_C_##type member;
#include "event/fields.def"
#undef FIELD
};

struct field_info {
	const char *name;
	const char *words;
	uint16_t offset; /* in struct event */
	uint8_t type;	 /* enum field_type */
	uint8_t subject; /* enum privacy_subject */
};

/* By enum field. */
extern const struct field_info field_table[FIELD_COUNT];

static inline bool event_has(const struct event *e, enum field f)
{
	return (e->present[f / 64] >> (f % 64)) & 1;
}

static inline void event_mark(struct event *e, enum field f)
{
	e->present[f / 64] |= UINT64_C(1) << (f % 64);
}

static inline void event_clear(struct event *e, enum field f)
{
	e->present[f / 64] &= ~(UINT64_C(1) << (f % 64));
}

/* event_set(&e, SOURCE_PORT, source_port, 22): fills a slot and marks it present. */
#define event_set(e, id, member_, value)                                                           \
	do {                                                                                       \
		(e)->member_ = (value);                                                            \
		event_mark((e), FIELD_##id);                                                       \
	} while (0)

struct arena;

/* Copies the event's texts into `arena`, for one that outlives its input. 0, or -ENOMEM. */
int event_keep(struct event *e, struct arena *arena);

/* Some of the fields. */
struct field_set {
	uint64_t bits[(FIELD_COUNT + 63) / 64];
};

static inline bool field_set_has(const struct field_set *set, enum field f)
{
	return (set->bits[f / 64] >> (f % 64)) & 1;
}

static inline void field_set_add(struct field_set *set, enum field f)
{
	set->bits[f / 64] |= UINT64_C(1) << (f % 64);
}

static inline void field_set_join(struct field_set *set, const struct field_set *more)
{
	for (size_t i = 0; i < sizeof(set->bits) / sizeof(set->bits[0]); i++)
		set->bits[i] |= more->bits[i];
}

static inline const void *event_slot(const struct event *e, enum field f)
{
	return (const char *)e + field_table[f].offset;
}

/* Whether a field takes the elements of a list together. */
static inline bool field_is_list(enum field f)
{
	return field_table[f].type == TYPE_TEXTS || field_table[f].type == TYPE_ROLES;
}

/* The field of this exact ECS name or public alias (`aliases.def`), or FIELD_NONE. */
enum field field_find(const char *name, size_t length);

/* The known name (or alias) that is nearest to a wrong one, for messages; never NULL. */
const char *field_nearest(const char *name, size_t length);

/* Every field with its type, its words, what makes it private and the other names it is known by,
 * as a Markdown table. */
void field_document(FILE *out);

const char *service_name(enum event_service service);
int service_find(const char *name, size_t length); /* -1: none */

/* ENUM fields: number of a name (without case), -1 if the field has no such name; and back, where
 * NULL means no such number. A transport without a keyword is its number as text, both ways. */
int field_enum_number(enum field f, const char *name, size_t length);
const char *field_enum_name(enum field f, unsigned number);

enum network_direction {
	DIRECTION_INBOUND,
	DIRECTION_OUTBOUND,
	DIRECTION_INTERNAL,
	DIRECTION_FORWARDED,
	DIRECTION_EXTERNAL
};
enum network_state { STATE_ESTABLISHED, STATE_REJECTED, STATE_UNANSWERED };
enum address_scope {
	SCOPE_LOOPBACK,
	SCOPE_MULTICAST,
	SCOPE_BROADCAST,
	SCOPE_LINK,
	SCOPE_INTERNAL,
	SCOPE_EXTERNAL
};
/* network.transport's number is the IANA protocol number. */

/*
 * Roles: those that always exist (roles.c) and those of the configuration, at most ROLES_MAX in
 * all. Set once before the first event; the array must outlive all events. Its names have the
 * numbers 0 to count - 1, the others follow; names that do not fit are left out.
 */
#define ROLES_MAX 64
void field_roles_set(const char *const *names, size_t count);
int field_role_number(const char *name, size_t length); /* -1: no such role */
const char *field_role_name(unsigned number);
bool field_role_is_known(const char *name, size_t length); /* always exists */

/* How many roles of the configuration's own there is room for. */
size_t field_roles_room(void);

/* The roles with those that they are sub-roles of: backup_server and backup_repository are backup,
 * and any role NAME_MORE is NAME where that is a role too. */
uint64_t field_roles_close(uint64_t roles);

/* Community ID 1.0 of the event's 5-tuple, seed 0, into `text`; false if it has no 5-tuple. */
#define COMMUNITY_ID_MAX 40
bool event_community_id(const struct event *e, char text[COMMUNITY_ID_MAX]);

/* "10.0.0.1:5000 → 10.0.0.2:22 tcp" for people. Returns `text`. */
#define EVENT_TUPLE_MAX 160
char *event_tuple(const struct event *e, char text[EVENT_TUPLE_MAX]);

#endif
