/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_LIVE_NAT_H
#define WEIR_LIVE_NAT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/table.h"
#include "bpf/flow.h"
#include "flow/flow.h"

/*
 * Translated connections: which tuples on the wire are one connection. Of its tuples, the one
 * before source and after destination translation is the connection's own ("true"); the others
 * are twins. Pure: conntrack.c feeds it. Engine thread only.
 */

/* As conntrack has it: one direction of a connection. Ports in network order; ICMP echo: the
 * identifier in both. */
struct nat_tuple {
	struct addr source, destination;
	uint16_t source_port, destination_port;
	uint8_t proto;
};

/* One tuple under which a translated connection is seen. */
struct nat_name {
	struct flow_key key;
	uint8_t initiator; /* the side of `key` that began it */
	struct nat_pair *pair;
};

struct nat_pair {
	struct nat_name name[3]; /* [0] is the true one; then the twins */
	uint8_t names;
	struct flow_nat other; /* host order: what the twins show */
	struct nat_pair *next; /* while all are dropped */
};

/* Connections that are remembered; what comes beyond it is counted and stays two flows. */
#define NAT_PAIRS_MAX 131072

struct nat {
	struct table names;
	uint32_t netns; /* goes into keys */
	size_t pairs, max;
	uint64_t learnt, forgotten, dropped;
	/* Called for each pair that is learnt; NULL: nobody asks. */
	void (*learnt_pair)(void *context, const struct nat_pair *pair);
	void *context;
};

void nat_init(struct nat *nat, uint32_t netns);
void nat_free(struct nat *nat);
void nat_clear(struct nat *nat); /* forgets all pairs */

/* Key of a tuple as the programs make it; *source is its side that is the tuple's source. */
struct flow_key nat_key(const struct nat *nat, const struct nat_tuple *tuple, uint8_t *source);

/* What conntrack says of a connection. False if it is not translated, or there is no room. */
bool nat_learn(struct nat *nat, const struct nat_tuple *original, const struct nat_tuple *reply);
void nat_forget(struct nat *nat, const struct nat_tuple *original, const struct nat_tuple *reply);

/* NULL: this tuple is not part of a translated connection. */
const struct nat_name *nat_find(const struct nat *nat, const struct flow_key *key);

static inline bool nat_is_twin(const struct nat_name *name)
{
	return name != &name->pair->name[0];
}

/* True if directions 0 and 1 of `name` are 1 and 0 of the true tuple. */
static inline bool nat_turned(const struct nat_name *name)
{
	return name->initiator != name->pair->name[0].initiator;
}

#endif
