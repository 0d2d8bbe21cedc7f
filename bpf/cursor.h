/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef WEIR_BPF_CURSOR_H
#define WEIR_BPF_CURSOR_H

#ifdef __bpf__
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>
#endif

#include "key.h"
#include "loss.h"

/*
 * Where the parser reads from: memory (agent), an skb (TC) or an XDP frame. In the kernel only the
 * first bytes of a packet need be readable directly: what is not is copied by a helper, never
 * pulled, for that would change the packet under its owner.
 */
enum cursor_kind { CURSOR_MEMORY, CURSOR_SKB, CURSOR_XDP };

struct cursor {
	const __u8 *data; /* first byte of the frame */
	const __u8 *end;  /* behind the last that can be read directly */
	__u64 length;	  /* of the frame, see cursor_length(); memory: on the wire */
	void *packet;	  /* kernel: __sk_buff or xdp_md */
	__u8 *scratch;	  /* kernel: CURSOR_SCRATCH bytes to copy to */
	__u64 copies;	  /* kernel: the helper that copies exists (XDP: from 5.18) */
	enum cursor_kind kind;
};

#define CURSOR_SCRATCH 40 /* the longest header that is read at once: IPv6 */

/* The verifier wants a bound for a variable offset; headers behind it are copied. */
#define CURSOR_DIRECT_MAX 2048

/*
 * A value by way of memory. Verifiers follow each path with all that they know of it; what is read
 * back from a map's memory is unknown on every path, so that paths meet again.
 */
#define opaque(x) (*(volatile __typeof__(x) *)&(x))

#define CURSOR_ALL (~0ull)

/*
 * The whole frame's length. Of an XDP frame only the first piece's is known at first: the helper is
 * asked when that is not enough, for it costs a tenth of an established packet.
 */
WEIR_INLINE __u64 cursor_length(struct cursor *c, __u64 enough)
{
#ifdef __bpf__
	if (c->kind == CURSOR_XDP && enough > c->length && c->copies)
		c->length = bpf_xdp_get_buff_len(c->packet);
#else
	(void)enough;
#endif
	return c->length;
}

/*
 * `size` bytes at `offset`, in place or copied; NULL if they are not there. Valid until the next
 * call.
 */
WEIR_INLINE const __u8 *cursor_read(struct cursor *c, __u64 offset, const __u64 size)
{
#ifdef __bpf__
	const __u8 *p;

	/* Bound and use one register, whatever clang would make of the sum. */
	if (!__builtin_constant_p(offset))
		asm volatile("" : "+r"(offset));
	if (likely(offset <= CURSOR_DIRECT_MAX)) {
		p = c->data + offset;
		if (likely(p + size <= c->end))
			return p;
	}
	if (!c->copies || offset + size > cursor_length(c, offset + size))
		return NULL;
	if (c->kind == CURSOR_SKB)
		return bpf_skb_load_bytes(c->packet, offset, c->scratch, size) ? NULL : c->scratch;
	return bpf_xdp_load_bytes(c->packet, offset, c->scratch, size) ? NULL : c->scratch;
#else
	return offset + size > (__u64)(c->end - c->data) ? (const __u8 *)0 : c->data + offset;
#endif
}

/* Why `size` bytes at `offset` could not be read: they are elsewhere, or they do not exist. */
WEIR_INLINE int cursor_missing(const struct cursor *c, __u64 offset, __u64 size, int truncated)
{
	if (c->kind != CURSOR_MEMORY && offset + size <= c->length)
		return LOSS_NONLINEAR;
	return truncated;
}

#endif
