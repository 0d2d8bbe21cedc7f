/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SIGNAL_IDENTITY_H
#define WEIR_SIGNAL_IDENTITY_H

#include "base/hash.h"
#include "signal/signal.h"

/*
 * The id of what was said: UUIDv5 over the JSON array [who, {keys}, what] without spaces. `who` is
 * the rule's id (of a detection its family, where it has one), `what` tells one from the next: of
 * a signal the window's start in ns, of a detection the id of its earliest signal as a string.
 * Keys stand in order of their names, text in lower case as rules compare it. What does not leave
 * as it is (privacy.h) stands there as its hash: whoever guesses it cannot try it against the id.
 * 0, or -ENOMEM.
 */
struct identity {
	const struct rule *rule; /* whose keys they are */
	const char *who;
	const char *const *names;
	const enum field *fields;
	const struct value *keys;
	unsigned len;
	const char *what;
};

int identity_make(struct arena *arena, const struct identity *of, char id[UUID_TEXT_MAX]);

#endif
