/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_RULE_ATOMS_H
#define WEIR_RULE_ATOMS_H

#include "rule/predicate.h"

/*
 * What an event must have so that a clause can be met: one of a few atoms, each simple enough to be
 * looked up. Of all that a clause offers, those that fewest events have, as far as can be told.
 */
enum atom_kind {
	ATOM_LITERAL, /* a text holds it; field FIELD_NONE: any text */
	ATOM_NUMBER,  /* a COUNT, ENUM or BOOL field has this number */
	ATOM_NETWORK,
	ATOM_PRESENT, /* the field is there */
};

struct atom {
	enum atom_kind kind;
	enum field field;
	union {
		struct literal literal; /* lower case */
		uint64_t number;
		struct network network;
	};
};

#define ATOMS_MAX 1024 /* of one clause: what needs more is tried on every event */

struct atoms {
	VEC(struct atom) list;
	double odds; /* estimated, that an event has one of them */
};

/* False: any event could meet it, or there is no memory. The list is the caller's to free. */
bool atoms_of(const struct clause *clause, struct atoms *atoms, struct arena *arena);

#endif
