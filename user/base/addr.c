/* SPDX-License-Identifier: Apache-2.0 */
#include "base/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FEW 8 /* networks are tried one by one */

static const uint8_t v4_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool addr_is_v4(const struct addr *a)
{
	return !memcmp(a->byte, v4_prefix, sizeof(v4_prefix));
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
	return !memcmp(a, b, sizeof(*a));
}

struct addr addr_from_v4(uint32_t network_order)
{
	struct addr a;

	memcpy(a.byte, v4_prefix, sizeof(v4_prefix));
	memcpy(a.byte + 12, &network_order, 4);
	return a;
}

char *addr_format(const struct addr *a, char text[ADDR_TEXT_MAX])
{
	if (addr_is_v4(a))
		inet_ntop(AF_INET, a->byte + 12, text, ADDR_TEXT_MAX);
	else
		inet_ntop(AF_INET6, a->byte, text, ADDR_TEXT_MAX);
	return text;
}

int addr_parse(const char *text, size_t length, struct addr *a)
{
	char copy[ADDR_TEXT_MAX];
	struct addr parsed;

	if (!length || length >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, length);
	copy[length] = '\0';
	if (strlen(copy) != length)
		return -EINVAL;
	if (inet_pton(AF_INET, copy, parsed.byte + 12) == 1)
		memcpy(parsed.byte, v4_prefix, sizeof(v4_prefix));
	else if (inet_pton(AF_INET6, copy, parsed.byte) != 1)
		return -EINVAL;
	*a = parsed;
	return 0;
}

static void mask(struct addr *a, unsigned prefix)
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned bits = prefix > i * 8 ? prefix - i * 8 : 0;

		if (bits < 8)
			a->byte[i] &= (uint8_t)(0xff00 >> bits);
	}
}

int network_parse(const char *text, size_t length, struct network *n)
{
	const char *slash = memchr(text, '/', length);
	size_t address = slash ? (size_t)(slash - text) : length;
	struct network parsed;
	unsigned bits, prefix;

	if (addr_parse(text, address, &parsed.base))
		return -EINVAL;
	bits = addr_is_v4(&parsed.base) && !memchr(text, ':', address) ? 32 : 128;
	prefix = bits;
	if (slash) {
		prefix = 0;
		if (address + 1 == length || length - address > 4)
			return -EINVAL;
		for (size_t i = address + 1; i < length; i++) {
			if (text[i] < '0' || text[i] > '9')
				return -EINVAL;
			prefix = prefix * 10 + (unsigned)(text[i] - '0');
		}
	}
	if (prefix > bits)
		return -EINVAL;
	parsed.prefix = (uint8_t)(128 - bits + prefix);
	mask(&parsed.base, parsed.prefix);
	*n = parsed;
	return 0;
}

bool network_has(const struct network *n, const struct addr *a)
{
	unsigned bytes = n->prefix / 8, bits = n->prefix % 8;

	if (memcmp(n->base.byte, a->byte, bytes))
		return false;
	return !bits || !((n->base.byte[bytes] ^ a->byte[bytes]) & (uint8_t)(0xff00 >> bits));
}

static int network_compare(const struct network *a, const struct network *b)
{
	return a->prefix != b->prefix ? (int)a->prefix - b->prefix
				      : memcmp(&a->base, &b->base, sizeof(a->base));
}

/* The first of the sorted ones that is not before `n`. */
static size_t network_place(const struct network_set *set, const struct network *n)
{
	size_t low = 0, high = set->len;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (network_compare(&set->sorted[middle], n) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int network_set_grow(struct network_set *set)
{
	size_t more = set->cap ? set->cap * 2 : 8;
	struct network *at = realloc(set->at, more * sizeof(*at)), *sorted;

	if (!at)
		return -ENOMEM;
	set->at = at;
	sorted = realloc(set->sorted, more * sizeof(*sorted));
	if (!sorted)
		return -ENOMEM;
	set->sorted = sorted;
	set->cap = more;
	return 0;
}

int network_set_add(struct network_set *set, const struct network *n)
{
	size_t place;

	if (set->len == set->cap && network_set_grow(set))
		return -ENOMEM;
	place = network_place(set, n);
	memmove(set->sorted + place + 1, set->sorted + place,
		(set->len - place) * sizeof(*set->sorted));
	set->sorted[place] = *n;
	set->prefixes[n->prefix / 64] |= UINT64_C(1) << (n->prefix % 64);
	set->at[set->len++] = *n;
	return 0;
}

static bool has_prefix(const struct network_set *set, const struct addr *a, unsigned prefix)
{
	struct network wanted = {.base = *a, .prefix = (uint8_t)prefix};
	size_t place;

	mask(&wanted.base, prefix);
	place = network_place(set, &wanted);
	return place < set->len && !network_compare(&set->sorted[place], &wanted);
}

bool network_set_has(const struct network_set *set, const struct addr *a)
{
	if (set->len <= FEW) {
		for (size_t i = 0; i < set->len; i++)
			if (network_has(&set->at[i], a))
				return true;
		return false;
	}
	for (unsigned word = 0; word < 3; word++)
		for (uint64_t bits = set->prefixes[word]; bits; bits &= bits - 1)
			if (has_prefix(set, a, word * 64 + (unsigned)__builtin_ctzll(bits)))
				return true;
	return false;
}

void network_set_free(struct network_set *set)
{
	free(set->at);
	free(set->sorted);
	*set = (struct network_set){0};
}
