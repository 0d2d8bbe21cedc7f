/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FLOW_FRAGMENTS_H
#define WEIR_FLOW_FRAGMENTS_H

#include <stdbool.h>

#include "base/table.h"
#include "base/time.h"
#include "bpf/parse.h"

/* Ports of fragmented packets, remembered from their first fragment for 30 s. Bounded: the oldest
 * goes first. */
#define FRAGMENTS_MAX	 8192
#define FRAGMENT_TIMEOUT (30 * WEIR_SEC)

struct fragments {
	struct table table;
	struct fragment *ring; /* made with the first entry */
	size_t len, next;
};

void fragments_init(struct fragments *fragments);
void fragments_free(struct fragments *fragments);

/* Takes note of a first fragment; gives a later one its ports. False: its first was not seen. */
bool fragments_pass(struct fragments *fragments, struct packet_facts *facts, weir_time at);

#endif
