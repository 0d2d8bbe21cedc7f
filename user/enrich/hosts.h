/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_ENRICH_HOSTS_H
#define WEIR_ENRICH_HOSTS_H

#include <stdint.h>

#include "base/addr.h"

/*
 * How many different hosts, in a count and 16 bytes: exactly up to 8, by fingerprints of 16 bits;
 * beyond, a HyperLogLog of 32 registers of 4 bits with a standard error of 18 % (1.04 / sqrt(32)).
 * Zeroed: none. Alike in every run, since people see it.
 */
#define HOSTS_EXACT 8
#define HOSTS_MANY  (HOSTS_EXACT + 1)

void hosts_add(uint8_t *count, uint8_t byte[16], const struct addr *host);
unsigned hosts_count(uint8_t count, const uint8_t byte[16]);

#endif
