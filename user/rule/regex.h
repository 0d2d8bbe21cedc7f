/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_RULE_REGEX_H
#define WEIR_RULE_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/vec.h"

/*
 * Regular expressions by PCRE2, as bytes (no UTF mode: an event's text may be anything), with its
 * JIT compiler where there is one. A search gives up after REGEX_STEPS_MAX steps of backtracking:
 * no expression, and no text that somebody chose, takes longer than some 100 µs.
 */
#define REGEX_STEPS_MAX	 10000
#define REGEX_LENGTH_MAX 8192 /* bytes of an expression */

struct regex;

/* Those of a rule set, which it frees. */
struct regexes {
	VEC(struct regex *) list;
};

enum regex_result { REGEX_NO, REGEX_YES, REGEX_GAVE_UP };

struct regex_options {
	bool ignore_case, multiline, dot_all;
};

/* NULL with `words` (what is wrong) and the byte where. */
struct regex *regex_new(const char *text, size_t length, const struct regex_options *options,
			char *words, size_t size, size_t *where);
void regex_free(struct regex *regex);

/* Uses room of the expression's own: one thread at a time. */
enum regex_result regex_search(const struct regex *regex, const char *text, size_t length);

#endif
