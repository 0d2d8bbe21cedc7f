/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_EVENT_PRIVACY_H
#define WEIR_EVENT_PRIVACY_H

#include "event/event.h"

/*
 * What leaves of fields that tell what people do (fields.def: their subjects). Rules see what is
 * there; whoever makes a text or a record for somebody else asks here first.
 */
enum privacy {
	PRIVACY_KEEP, /* as it is */
	PRIVACY_HASH, /* a keyed hash in its place */
	PRIVACY_DROP, /* as if it were missing */
};

#define PRIVACY_KEY_BYTES 32

struct privacy_options {
	enum privacy command_lines, urls, dns_names;
	/* The installation's secret; only read where something is not kept. */
	uint8_t key[PRIVACY_KEY_BYTES];
};

/* For this process, before its first event; NULL: all is kept. 0; -ENOSYS: libcrypto has no HMAC.
 */
int privacy_set(const struct privacy_options *options);

/* By a set of subjects, the strictest of them. Filled by privacy_set(). */
extern uint8_t privacy_modes[SUBJECTS];

/* Whether anything is not kept. */
static inline bool privacy_is_on(void)
{
	return privacy_modes[SUBJECTS - 1] != PRIVACY_KEEP;
}

/* FIELD_NONE: kept. */
static inline enum privacy privacy_of(enum field f)
{
	return f == FIELD_NONE ? PRIVACY_KEEP : (enum privacy)privacy_modes[field_table[f].subject];
}

/*
 * "hash:" and 24 hexadecimal digits: the first 96 bits of HMAC-SHA-256 of the text without case,
 * as rules compare texts. What is such a hash already, of an archive, stays. `text` is filled and
 * returned. The engine's thread only.
 */
#define PRIVACY_TEXT_MAX 32
struct text privacy_hash(const struct text *from, char text[PRIVACY_TEXT_MAX]);

/* Whether it is one. */
bool privacy_is_hash(const char *text, size_t length);

struct arena;

/* Makes an event one that may leave; new texts are in the arena. 0, or -ENOMEM with it half made.
 */
int privacy_event(struct event *e, struct arena *arena);

/* Another secret, for another purpose, that follows from the installation's: without it nobody
 * finds it, and from it nobody finds the first. 0, or -ENOSYS. */
int privacy_derive(const uint8_t key[PRIVACY_KEY_BYTES], const char *purpose,
		   uint8_t derived[PRIVACY_KEY_BYTES]);

#endif
