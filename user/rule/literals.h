/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_RULE_LITERALS_H
#define WEIR_RULE_LITERALS_H

#include "rule/pattern.h"

/*
 * Which of many literals stand in a text. What stands at its beginning or end is found by hashes
 * of its first and last bytes, one look a length that occurs; what may stand anywhere by a filter
 * over four bytes (of shorter literals, fewer) of each, whose rarest are filed. Either way the
 * cost is the text's, not the number of literals'. Texts and literals are in lower case.
 */
struct literal {
	const char *at;
	uint16_t length;
	uint8_t open;	/* enum pattern_open */
	uint32_t means; /* what the hit is told */
};

struct literals;

/* Borrows the bytes of the literals, which live as long; memory is the arena's. NULL without. */
const struct literals *literals_build(const struct literal *literals, size_t len,
				      struct arena *arena);

/* Calls `hit` for every literal, as if all stood in the text. */
void literals_each(const struct literals *set, bool (*hit)(void *context, uint32_t means),
		   void *context);

/* Calls `hit` for what stands in the text, once or more each, until it returns true; returns
 * whether it did. FOLD_PAD bytes behind the text are readable. */
bool literals_find(const struct literals *set, const char *text, size_t length,
		   bool (*hit)(void *context, uint32_t means), void *context);

#endif
