/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_RULE_FAULT_H
#define WEIR_RULE_FAULT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/vec.h"

/* Where something stands in a file; lines and columns count from 1. Line 0: the file as a whole. */
struct place {
	const char *file; /* owned by whoever owns the rule set or configuration */
	unsigned line, column;
};

/* "what is wrong: what would be right", at its place, in one line without control characters. */
struct fault {
	struct place place;
	const char *text;
	bool fatal; /* false: a warning */
};

/* All that was wrong with what was loaded, in the order it was found. Texts live in `arena`. */
struct faults {
	struct arena arena;
	VEC(struct fault) list;
	size_t fatal;
};

void fault_add(struct faults *faults, struct place at, bool fatal, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void faults_free(struct faults *faults);

#endif
