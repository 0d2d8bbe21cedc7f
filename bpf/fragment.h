/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef WEIR_BPF_FRAGMENT_H
#define WEIR_BPF_FRAGMENT_H

/* Later fragments have no ports: the first one's are remembered. */

#include "packet.h"

#define FRAGMENT_SECONDS 30 /* as long as a kernel waits for the rest */

WEIR_INLINE void fragment_key_of(const struct packet *p, struct fragment_key *key)
{
	const struct flow_key *flow = &p->facts.key;
	int d = p->facts.direction & 1;

	__builtin_memset(key, 0, sizeof(*key));
	if (d) {
		__builtin_memcpy(key->addr[0], flow->addr[1], 16);
		__builtin_memcpy(key->addr[1], flow->addr[0], 16);
	} else {
		__builtin_memcpy(key->addr, flow->addr, sizeof(key->addr));
	}
	key->id = p->facts.fragment_id;
	key->netns = flow->netns;
	key->proto = flow->proto;
}

/* Remembers a first fragment's ports, or gives them to a later one. */
static __noinline void packet_fragment(struct packet *p)
{
	struct fragment_ports ports = {}, *known;
	struct fragment_key key;
	__u32 netns = p->facts.key.netns;

	fragment_key_of(p, &key);
	if (p->facts.fragment == PACKET_FIRST) {
		ports.port[0] = p->facts.port[0];
		ports.port[1] = p->facts.port[1];
		ports.at = p->now;
		bpf_map_update_elem(&fragments, &key, &ports, BPF_ANY);
		return;
	}
	known = bpf_map_lookup_elem(&fragments, &key);
	if (!known ||
	    (__s32)(p->now - known->at) > (__s32)(FRAGMENT_SECONDS * jiffies_per_second())) {
		loss_count(LOSS_FRAGMENT_EARLY);
		return;
	}
	packet_set_ports(&p->facts, known->port[0], known->port[1]);
	p->facts.key.netns = netns;
}

#endif
