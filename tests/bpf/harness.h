/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_BPF_HARNESS_H
#define WEIR_TESTS_BPF_HARNESS_H

/*
 * The programs loaded with small tables, driven by BPF_PROG_TEST_RUN with built packets, and their
 * tables read back. Include after cmocka.h.
 */

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdbool.h>

#include "bpf/embedded.h"
#include "bpf/payload.h"
#include "bpf/record.h"
#include "bpf/settings.h"
#include "bpf/state.h"
#include "bpf/table.h"
#include "bpf/weir.skel.h"
#include "frame.h"

struct rig_options {
	unsigned slots;	     /* 0: 64 */
	unsigned half_open;  /* 0: 1,024 */
	unsigned ring_bytes; /* 0: 1 MiB */
	unsigned first_all, first_each;
	unsigned ticks_a_second; /* what the programs take for HZ; 0: 250 */
	unsigned free;		 /* slots put on the free stack; 0: all */
	bool xdp_frags;
	bool payload;		 /* copied */
	unsigned payload_ring;	 /* bytes; 0: 1 MiB */
	unsigned payload_budget; /* 0: no limit */
	unsigned payload_wake;	 /* 0: at each record */
	unsigned opening;	 /* 0: 4,096 */
};

#define RIG_RECORDS_MAX 8192

struct payload_ring;

struct rig {
	struct weir_bpf *skeleton;
	struct payload_ring *payload_ring;
	struct payload_record *payload[RIG_RECORDS_MAX]; /* as they came; each allocated */
	size_t payloads;
	struct ring_buffer *ring;
	unsigned slots, free;
	struct flow_record record[RIG_RECORDS_MAX];
	size_t records;
};

/* The attachment of ifindex 1 (lo), which PROG_TEST_RUN gives to packets. */
enum { RIG_IN = 11, RIG_OUT = 12, RIG_NETNS = 5 };

/* NULL if the programs cannot be loaded here; rig_why() says why. */
struct rig *rig_open(const struct rig_options *options);
const char *rig_why(void);
void rig_close(struct rig *rig);

/* As just opened: loading takes a second, emptying the tables does not. The budget is left. */
void rig_reset(struct rig *rig);

/* Ends the test as skipped if there is no rig. */
#define rig_need(rig)                                                                              \
	do {                                                                                       \
		if (!(rig)) {                                                                      \
			print_message("skipped: %s\n", rig_why());                                 \
			skip();                                                                    \
		}                                                                                  \
	} while (0)

/* Adds an attachment and makes its ids live. Waits until the programs see it. */
void rig_attach(struct rig *rig, const struct attachment *attachment);
void rig_detach_id(struct rig *rig, uint32_t id);

enum rig_program { RIG_TC_IN, RIG_TC_OUT, RIG_L3_IN, RIG_L3_OUT, RIG_XDP };

/* Runs one packet. The program's verdict is checked. False if the kernel refuses the packet. */
bool rig_run(struct rig *rig, enum rig_program program, const struct frame *frame);

/* The same packet many times over, in one call; any thread. */
bool rig_run_many(struct rig *rig, enum rig_program program, const struct frame *frame,
		  unsigned times);

/* The same as an skb of another interface (0: lo) or of several segments. */
bool rig_run_skb(struct rig *rig, enum rig_program program, const struct frame *frame,
		 uint32_t ifindex, uint32_t gso_segs, uint32_t gso_size);

/* The same as an XDP frame whose first piece has `linear` bytes. False if the kernel cannot. */
bool rig_run_pieces(struct rig *rig, const struct frame *frame, size_t linear);

uint64_t rig_loss(const struct rig *rig, enum loss reason); /* all CPUs */
uint64_t rig_half_count(const struct rig *rig, enum half_count what);
struct traffic_counts rig_traffic(const struct rig *rig, uint32_t index);
bool rig_half(const struct rig *rig, bool inbound, const struct flow_key *key,
	      struct flow_half *half);
bool rig_slot(const struct rig *rig, const struct flow_key *key, struct flow_slot *slot,
	      struct flow_cold *cold);
unsigned rig_free_slots(const struct rig *rig); /* empties the free stack */
void rig_drain(struct rig *rig);		/* ring → rig->record */
void rig_drain_payload(struct rig *rig);	/* ring → rig->payload */
void rig_forget_payload(struct rig *rig);	/* empties rig->payload */
uint64_t rig_payload_count(const struct rig *rig, enum payload_count what);
unsigned rig_count_records(struct rig *rig, enum record_kind kind);

/* Facts of a frame by the agent's build of the parser, with the rig's namespace in the key. */
int rig_facts(const struct frame *frame, enum packet_start start, struct packet_facts *facts);

/* Every buffer of ifindex 1 is in a flow or has a fate. */
void rig_check_sums(struct rig *rig);

#endif
