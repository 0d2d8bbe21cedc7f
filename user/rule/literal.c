/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/literal.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "rule/words.h"

static const struct {
	const char *name;
	double factor;
} sizes[] = {
	{"B", 1}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12},
};

/* Digits with at most one dot and an exponent: what strtod() takes beyond that is refused. */
static size_t plain_number(const char *text, size_t length)
{
	size_t i = 0, digits = 0;

	for (; i < length && isdigit((unsigned char)text[i]); i++)
		digits++;
	if (digits && i + 1 < length && text[i] == '.' && isdigit((unsigned char)text[i + 1]))
		for (i++; i < length && isdigit((unsigned char)text[i]); i++)
			digits++;
	if (digits && i + 1 < length && (text[i] == 'e' || text[i] == 'E')) {
		size_t e = i + 1;

		if (e + 1 < length && (text[e] == '+' || text[e] == '-'))
			e++;
		if (isdigit((unsigned char)text[e]))
			for (i = e; i < length && isdigit((unsigned char)text[i]);)
				i++;
	}
	return digits ? i : 0;
}

int literal_number(const char *text, size_t length, double *number, enum unit *unit)
{
	size_t digits = plain_number(text, length);
	weir_time duration;
	char copy[64];

	if (!digits || digits >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, digits);
	copy[digits] = 0;
	*number = strtod(copy, NULL);
	if (!isfinite(*number))
		return -ERANGE;
	*unit = UNIT_NONE;
	if (digits == length)
		return 0;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if (word_is(text + digits, length - digits, sizes[i].name)) {
			*number *= sizes[i].factor;
			*unit = UNIT_BYTES;
			return isfinite(*number) ? 0 : -ERANGE;
		}
	if (duration_parse(text, length, &duration))
		return -EINVAL;
	*number = (double)duration;
	*unit = UNIT_DURATION;
	return 0;
}
