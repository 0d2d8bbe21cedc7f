/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/nearest.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define WORD_MAX 64 /* what is longer is compared up to here */

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Levenshtein's distance with one row, case ignored. */
static unsigned distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	unsigned row[WORD_MAX + 1];

	a_length = a_length > WORD_MAX ? WORD_MAX : a_length;
	b_length = b_length > WORD_MAX ? WORD_MAX : b_length;
	for (unsigned j = 0; j <= b_length; j++)
		row[j] = j;
	for (unsigned i = 1; i <= a_length; i++) {
		unsigned corner = row[0];

		row[0] = i;
		for (unsigned j = 1; j <= b_length; j++) {
			unsigned above = row[j];
			bool same = tolower((unsigned char)a[i - 1]) ==
				    tolower((unsigned char)b[j - 1]);

			row[j] = least(above + 1, row[j - 1] + 1, corner + !same);
			corner = above;
		}
	}
	return row[b_length];
}

void nearest_try(struct nearest *nearest, const char *word, size_t length, const char *candidate)
{
	unsigned d = distance(word, length, candidate, strlen(candidate));

	if (!nearest->best || d < nearest->distance) {
		nearest->best = candidate;
		nearest->distance = d;
	}
}

const char *nearest_word(const char *word, size_t length, const char *const *words)
{
	struct nearest nearest = {0};

	for (; *words; words++)
		nearest_try(&nearest, word, length, *words);
	return nearest.best;
}

bool word_is(const char *a, size_t length, const char *b)
{
	return strlen(b) == length && !strncasecmp(a, b, length);
}
