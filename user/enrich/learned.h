/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_ENRICH_LEARNED_H
#define WEIR_ENRICH_LEARNED_H

#include <string.h>

#include "base/time.h"
#include "enrich/learn.h"
#include "enrich/ledger.h"

/* The inside of the first-seen store: between learn.c and save.c. */

#define LEARN_HOST_BYTES   16 /* of hosts_add(), with the count in own[0] of a destination */
#define LEARN_HOSTS_MAX	   65536
#define LEARN_NAMED_LEAST  20 /* destinations of a host before its share of names says something */
#define LEARN_NAMED_MEMORY 32 /* of so many destinations the share is, more or less */

struct learn {
	unsigned days;
	weir_time since; /* first event */
	weir_time now;	 /* newest event */
	uint64_t secret[2];
	struct ledger destinations; /* by address, and by registered domain where there is one */
	struct ledger pairs;
	struct ledger hosts; /* internal, that use external destinations; own: share of named ones,
				how many */
};

/* Of a host's destinations, how many were named, of 65,535. */
static inline uint16_t learned_share(const struct ledger_entry *host)
{
	return (uint16_t)(host->own[0] | host->own[1] << 8);
}

static inline void learned_share_set(struct ledger_entry *host, uint16_t share)
{
	host->own[0] = (uint8_t)share;
	host->own[1] = (uint8_t)(share >> 8);
}

#endif
