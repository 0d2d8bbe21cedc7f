/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/words.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/nearest.h"

const char *nearest_word(const char *word, size_t length, const char *const *words)
{
	char wrong[64]; /* what is longer is compared up to here */
	struct nearest nearest = {.wrong = wrong};

	snprintf(wrong, sizeof(wrong), "%.*s", (int)(length < sizeof(wrong) ? length : 63), word);
	for (; *words; words++)
		nearest_offer(&nearest, *words);
	return nearest.best;
}

bool word_is(const char *a, size_t length, const char *b)
{
	return strlen(b) == length && !strncasecmp(a, b, length);
}
