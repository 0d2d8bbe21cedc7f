/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_RULE_WORDS_H
#define WEIR_RULE_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* The word of a list (ended by NULL) that is nearest to a wrong one, case ignored; NULL only if
 * the list is empty. */
const char *nearest_word(const char *word, size_t length, const char *const *words);

/* Equal but for case, `b` ended by a zero. */
bool word_is(const char *a, size_t length, const char *b);

#endif
