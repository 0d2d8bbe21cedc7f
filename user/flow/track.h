/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FLOW_TRACK_H
#define WEIR_FLOW_TRACK_H

#include "bpf/loss.h"
#include "capture/source.h"
#include "flow/chosen.h"
#include "flow/flow.h"

/*
 * Connection tracking for captures: each frame becomes a flow key and a step in a connection's
 * life, by the same code as in the kernel (bpf/parse.h, bpf/state.h), and drives the flow stage.
 *
 * Time is that of the packets. One that is more than an hour ahead of all others is held until a
 * second one agrees; if none does, its time was wrong and it counts at the time that is. Engine
 * thread only.
 */
struct track;

struct track_stats {
	uint64_t packets;  /* frames given */
	uint64_t ip_bytes; /* counted into flows: what the sums of `flow` events must be */
	uint64_t wild;	   /* packets whose own time was not believed */
	uint64_t no_memory;
	uint64_t lost[LOSS_COUNT]; /* frames that are in no flow, by reason (bpf/loss.h) */
};

struct track *track_new(struct flow_table *flows); /* NULL without memory */
void track_free(struct track *track);

/* Who is to get the payload of packets that is worth decoding; before the first packet. */
void track_listen(struct track *track, const struct chosen *chosen);

void track_packet(struct track *track, const struct capture_packet *packet);

/* The end of the input: takes the packet that is held, if there is one. To be called before
 * flow_finish(). */
void track_finish(struct track *track);

/* The time up to which packets were taken; TIME_NONE before the first. Every event that still
 * comes of earlier packets bears this time or a later one, but for packets that come out of order.
 */
weir_time track_clock(const struct track *track);

void track_stats(const struct track *track, struct track_stats *stats);

#endif
