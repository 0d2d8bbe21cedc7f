/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_ADDR_H
#define WEIR_BASE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An address, 16 bytes in network order; IPv4 as ::ffff:a.b.c.d, so that one form is compared. */
struct addr {
	uint8_t byte[16];
};

/* A network: the first `prefix` bits of `base` (IPv4: 96 + its own prefix), the rest zero. */
struct network {
	struct addr base;
	uint8_t prefix;
};

/* Networks to search in; a zeroed one is empty. A look costs the same for ten and for thousands
 * of one prefix length. */
struct network_set {
	struct network *at; /* as they were added */
	size_t len, cap;
	struct network *sorted; /* by prefix, then base */
	uint64_t prefixes[3];	/* bit a prefix that is there */
};

#define ADDR_TEXT_MAX 48

bool addr_is_v4(const struct addr *a);
bool addr_equal(const struct addr *a, const struct addr *b);
struct addr addr_from_v4(uint32_t network_order);

/* Writes dotted IPv4 or RFC 5952 IPv6; returns `text`. */
char *addr_format(const struct addr *a, char text[ADDR_TEXT_MAX]);

/* 0 or -EINVAL. network_parse() takes an address alone as a network of one. */
int addr_parse(const char *text, size_t length, struct addr *a);
int network_parse(const char *text, size_t length, struct network *n);
bool network_has(const struct network *n, const struct addr *a);

/* -ENOMEM without memory. */
int network_set_add(struct network_set *set, const struct network *n);
bool network_set_has(const struct network_set *set, const struct addr *a);
void network_set_free(struct network_set *set);

#endif
