/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_RULE_FOLD_H
#define WEIR_RULE_FOLD_H

#include "rule/pattern.h"

/*
 * Texts of the event at hand in lower case, each made once however many rules ask. One thread at a
 * time.
 */
#define FOLD_BYTES 32768 /* of one event; texts that find no room are compared byte by byte */
#define FOLD_PAD   8	 /* readable behind each text */

struct folds {
	uint64_t event; /* number of the event at hand */
	uint64_t made[FIELD_COUNT];
	uint32_t at[FIELD_COUNT], length[FIELD_COUNT];
	uint32_t used;
	char bytes[FOLD_BYTES + FOLD_PAD];
};

/* Another event: what was made before is forgotten. */
static inline void folds_next(struct folds *folds)
{
	folds->event++;
	folds->used = 0;
}

/* The text of a field that the event has; of what is no text, as it is written for people. A list
 * whole, its elements joined by TEXTS_JOINT. */
struct subject folds_get(struct folds *folds, const struct event *event, enum field field);

#endif
