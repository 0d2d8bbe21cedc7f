/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef WEIR_BPF_PACKET_H
#define WEIR_BPF_PACKET_H

/* One packet on its way through the programs. */

#include "maps.h"
#include "parse.h"
#include "payload.h"
#include "state.h"

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* Atomic addition whose result is not wanted: all that kernels before 5.12 have. */
#define atomic_add(p, v) ((void)__sync_fetch_and_add((p), (v)))

/* Orders what is stored before against what is read after: adds a zero that clang does not know. */
WEIR_INLINE void full_barrier(__u64 *word)
{
	__u64 nothing = 0;

	asm volatile("" : "+r"(nothing));
	atomic_add(word, nothing);
}

/* Fates beside enum loss and PACKET_OK, inside the programs only. */
#define PACKET_SLOW	 (-2) /* not decided on the fast path */
#define PACKET_RESTARTED (-3) /* its tuple's old connection is over and out of the table */
#define PACKET_WATCHED	 (-4) /* counted on the fast path, and its payload may be wanted */
#define PACKET_UNFIT	 (-5) /* of no kind that the fast path knows */

/* Where a packet was counted. */
enum counted { COUNTED_HALF, COUNTED_SLOT };

/* Interfaces that this CPU saw lately, by the low bits of their index. */
#define ATTACHMENTS_NEAR 16

struct attachment_near {
	struct attachment attachment;
	__u32 at; /* jiffies of its look-up */
	__u32 zero;
};

struct packet {
	struct packet_facts facts;
	struct flow_ref ref; /* of the main table; generation 0: not found there */
	__u32 id;	     /* of the attachment, as an owner */
	__u32 ifindex;
	__u32 now; /* jiffies, low 32 bits */
	__u8 inbound;
	__u8 xdp;
	__u8 counted; /* enum counted; once the fast path is left */
	__u8 behind;  /* TC behind XDP, which counted the packet; the same */
	__u8 watch;   /* enum payload_watch of where it was counted; the same */
	__u64 seen;   /* payload of its direction before it; if there is any and it is counted */
	__s32 fate;   /* what the fast path found; by opaque() only */
	/* From here: set when the fast path is left. */
	__u64 cookie;		      /* of its socket; 0: none known */
	__u64 cgroup;		      /* of its socket; 0: none known */
	__u64 boot;		      /* ns of CLOCK_BOOTTIME; 0 until packet_boot() */
	__u8 scratch[CURSOR_SCRATCH]; /* for the cursor */
	struct packet_facts inner;    /* room to read what an ICMP error quotes */
	struct packet_embedded embedded;
	struct flow_half half; /* one to put in, or a copy of one that is taken out */
	/* From here: stays from packet to packet. */
	struct attachment_near near[ATTACHMENTS_NEAR];
};

/*
 * The packet that this CPU is at. In a map and not on the stack: there is no room for it there, and
 * verifiers know too much about the stack (see opaque()). TC and XDP programs run with softirqs off
 * or in one, and do not nest.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct packet);
} packet_now SEC(".maps");

/* Precise time costs a third of a whole established packet: only asked for when it is kept. */
WEIR_INLINE __u64 packet_boot(struct packet *p)
{
	if (!p->boot)
		p->boot = bpf_ktime_get_boot_ns();
	return p->boot;
}

static __noinline void loss_count(__u32 reason)
{
	__u64 *count = bpf_map_lookup_elem(&losses, &reason);

	if (count)
		*count += 1;
}

WEIR_INLINE void half_count_add(__u32 what)
{
	__u64 *count = bpf_map_lookup_elem(&half_counts, &what);

	if (count)
		*count += 1;
}

static __noinline struct attachment *attachment_find(struct attachment_near *near, __u32 ifindex,
						     __u32 now)
{
	struct attachment *a = bpf_map_lookup_elem(&attachments, &ifindex);

	if (!a)
		return NULL;
	near->attachment = *a;
	near->at = now;
	return &near->attachment;
}

/*
 * The look-up by interface costs as much as half of all else, so each CPU remembers what it found
 * until the next tick: so much later a change by the agent takes hold.
 */
WEIR_INLINE struct attachment *packet_attachment(struct packet *p, __u32 ifindex, __u32 now)
{
	struct attachment_near *near = &p->near[ifindex & (ATTACHMENTS_NEAR - 1)];

	if (likely(near->attachment.ifindex == ifindex && near->at == now))
		return &near->attachment;
	return attachment_find(near, ifindex, now);
}

WEIR_INLINE __u32 jiffies_per_second(void)
{
	return settings.hz ? settings.hz : 250;
}

/*
 * Each direction of a flow is counted by one attachment, whatever number of interfaces it passes.
 * True if that is the packet's, perhaps from now on: because nobody counted yet, or the owner is
 * silent for a second, or gone. The store is plain: of two that take over at once, each counts
 * packets that the other does not see, until one of them finds itself replaced.
 */
WEIR_INLINE int owner_takes(const struct packet *p, __u32 *owner, __u32 last)
{
	__u32 id = *owner;

	if (id == p->id)
		return 1;
	/* Signed: another CPU may have read a later clock. */
	if (id && (__s32)(p->now - last) <= (__s32)jiffies_per_second() &&
	    bpf_map_lookup_elem(&attachment_live, &id))
		return 0;
	*owner = p->id;
	return 1;
}

WEIR_INLINE void packet_for_state(const struct packet *p, struct flow_packet *out)
{
	out->proto = p->facts.key.proto;
	out->direction = p->facts.direction & 1;
	out->flags = p->facts.tcp_flags;
	out->reply = p->facts.icmp_reply;
	out->error = p->facts.icmp_error;
	out->inbound = p->inbound;
	out->later = p->facts.fragment == PACKET_LATER;
	out->acks = 0; /* asked for of half-open flows only */
	out->port[0] = p->facts.port[0];
	out->port[1] = p->facts.port[1];
}

/*
 * Flags are stored as a byte that holds what was seen. Another CPU may store at the same time: look
 * once more whether ours are still there.
 */
WEIR_INLINE void flags_add(volatile __u8 *seen, __u8 flags)
{
	__u8 had = *seen;

	if (!(flags & ~had))
		return;
	*seen = had | flags;
	had = *seen;
	if (flags & ~had)
		*seen = had | flags;
}

#endif
