/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef WEIR_BPF_COMPAT_H
#define WEIR_BPF_COMPAT_H

/*
 * What differs between kernels, from 5.10 on. Switched by read-only data, which the verifier knows
 * before it looks at a branch (a23740ec43ba, 5.5): a helper in a branch that is never taken need
 * not exist.
 *
 * - bpf_xdp_load_bytes(), bpf_xdp_get_buff_len(): 3f364222d032 and 0165cc817075, 5.18. Before, an
 *   XDP frame is always in one piece.
 * - bpf_skb_cgroup_id(): cb20b08ead40, 4.18, if the kernel has CONFIG_SOCK_CGROUP_DATA.
 * - Programs of XDP see frames in several pieces only if loaded with BPF_F_XDP_HAS_FRAGS (5.18):
 *   the loader's to set, together with settings.xdp_load_bytes.
 * - Atomic operations that return a value: 5.12; not used.
 */

#include "packet.h"

WEIR_INLINE void cursor_from_skb(struct cursor *c, struct __sk_buff *skb, struct packet *p)
{
	c->data = (const __u8 *)(long)skb->data;
	c->end = (const __u8 *)(long)skb->data_end;
	c->length = skb->len;
	c->packet = skb;
	c->scratch = p->scratch;
	c->copies = 1;
	c->kind = CURSOR_SKB;
}

WEIR_INLINE void cursor_from_xdp(struct cursor *c, struct xdp_md *xdp, struct packet *p)
{
	c->data = (const __u8 *)(long)xdp->data;
	c->end = (const __u8 *)(long)xdp->data_end;
	c->copies = settings.xdp_load_bytes;
	c->length = c->end - c->data;
	c->packet = xdp;
	c->scratch = p->scratch;
	c->kind = CURSOR_XDP;
}

#endif
