/* SPDX-License-Identifier: Apache-2.0 */
#include "base/nearest.h"

#include <ctype.h>
#include <string.h>

#define NEAREST_MAX 64 /* longer words are no mistyped names */

/* Levenshtein's distance with two swapped neighbours as one step (optimal string alignment). */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t row[3][NEAREST_MAX + 1] = {0};
	size_t *before = row[0], *above = row[1], *here = row[2];

	for (size_t j = 0; j <= b_length; j++)
		above[j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		here[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			int x = tolower((unsigned char)a[i - 1]);
			int y = tolower((unsigned char)b[j - 1]);
			size_t best = above[j - 1] + (x != y);

			if (above[j] + 1 < best)
				best = above[j] + 1;
			if (here[j - 1] + 1 < best)
				best = here[j - 1] + 1;
			if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
			    y == tolower((unsigned char)a[i - 2]) && before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			here[j] = best;
		}
		size_t *old = before;

		before = above;
		above = here;
		here = old;
	}
	return above[b_length];
}

void nearest_offer(struct nearest *nearest, const char *name)
{
	size_t a = strlen(nearest->wrong), b = strlen(name);
	size_t d;

	if (a > NEAREST_MAX || b > NEAREST_MAX)
		return;
	d = distance(nearest->wrong, a, name, b);
	/* What was only begun ("inter" for "interface") is one step away. */
	if (a > 1 && a < b && strncasecmp(nearest->wrong, name, a) == 0)
		d = 1;
	if (!nearest->best || d < nearest->distance) {
		nearest->best = name;
		nearest->distance = d;
	}
}

const char *nearest_likely(const struct nearest *nearest)
{
	size_t length = strlen(nearest->wrong);

	if (!nearest->best || nearest->distance > (length < 4 ? 1 : length / 3 + 1))
		return NULL;
	return nearest->best;
}
