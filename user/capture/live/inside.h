/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_LIVE_INSIDE_H
#define WEIR_LIVE_INSIDE_H

#include <bpf/libbpf.h>
#include <sys/queue.h>

#include "attacher/hook.h"
#include "base/arena.h"
#include "base/vec.h"
#include "bpf/record.h"
#include "capture/live/clock.h"
#include "capture/live/conntrack.h"
#include "capture/live/coverage.h"
#include "capture/live/grace.h"
#include "capture/live/handover.h"
#include "capture/live/interfaces.h"
#include "capture/live/live.h"
#include "capture/live/load.h"
#include "capture/live/own.h"
#include "capture/live/ring.h"
#include "capture/live/sizes.h"
#include "capture/live/slots.h"
#include "capture/live/within.h"
#include "flow/flow.h"
#include "flow/save.h"

/* The inside of the live source: what its files share. Engine thread only. */

/* ---- flows (known.c) ---- */

/* What only some flows need. */
struct known_more {
	struct flow_counts base; /* of earlier entries of the same connection in the kernel */
	struct flow_key key;	 /* under which the kernel has it, if `aliased` */
	struct flow_nat nat;
	bool aliased; /* the flow stands under its true tuple, the kernel's entry under a twin */
	bool turned;  /* aliased: directions of the kernel's key are the other way round */
};

/* What the live source keeps of each flow: struct flow.source. */
struct known {
	LIST_ENTRY(known) all;
	struct flow *flow;
	struct known_more *more; /* NULL: nothing special */
	uint64_t born;		 /* boot time of the first packet of the kernel's entry */
	uint64_t cookie[2];	 /* of its sockets, by direction; 0: none seen */
	bool ending;		 /* its key is deleted, its last counts are not read yet */
	uint8_t settled;	 /* bit a direction: flow.owner is that of its socket */
	uint8_t asked;		 /* how often since it began */
};

/* One entry of the kernel's, whichever table it stands in. */
struct seen {
	struct flow_key key;
	struct flow_half facts;
	uint32_t slot, generation; /* RECORD_NO_SLOT: half open */
	uint64_t at;		   /* boot time of what made us look; 0: unknown */
	bool walked;		   /* the walk found it: it may be told as a number */
};

/* Where a look at the kernel's tables or a record left us. */
enum learnt {
	LEARNT,	      /* the flow stage knows all of it */
	LEARNT_LATER, /* its key belongs to a connection that has not ended yet: look again */
};

enum learnt known_see(struct live *live, struct flow_table *flows, const struct seen *seen);

/* Its counters now, from the slot that is known to be its own. */
void known_count_slot(struct live *live, struct flow_table *flows, struct flow *flow);
/* The same from a half-open entry or a record. */
void known_count(struct live *live, struct flow_table *flows, struct flow *flow,
		 const struct flow_half *facts);
/* flow_end(), and what we keep of it. */
void known_end(struct live *live, struct flow_table *flows, struct flow *flow);
/* Drops what we keep of a flow, without ending it. */
void known_drop(struct live *live, struct flow *flow);
/* The key under which the kernel has it. */
const struct flow_key *known_key(const struct flow *flow);
/* A translation was learnt after its flows had begun. */
void known_translated(struct live *live, struct flow_table *flows, const struct nat_pair *pair);

/* ---- ring records that wait for the translations that belong to them (rings.c) ---- */

/* A burst beyond it is told without waiting. */
#define STAGED_MAX 65536

struct rings {
	struct ring *ring;
	VEC(struct flow_record) staged;
	size_t first; /* staged and not told */
	uint64_t records;
};

/* ---- interfaces with hooks (watch.c) ---- */

enum watch_hook { WATCH_IN, WATCH_OUT, WATCH_XDP, WATCH_HOOKS };

struct watch {
	struct attachment attachment;
	struct hook hook[WATCH_HOOKS];
	char name[IFNAMSIZ];	  /* when it was attached */
	char why[ATTACH_WHY_MAX]; /* of the choice */
	bool failed;		  /* a hook that should be there is not: tried again */
	bool made_clsact;
};

/* One that another weir put its hooks on. */
struct adopted {
	struct watch *watch; /* NULL: it is the interface's now */
	bool stale;	     /* a hook is not there any more, or does not take our program */
};

/* A name that was watched and went away. */
struct gone {
	char name[IFNAMSIZ];
	unsigned times; /* it came back */
	bool away;
};

struct watches {
	uint32_t next_id;	  /* attachment ids are never used again */
	VEC(uint32_t) free_stats; /* indexes into `traffic` */
	uint32_t next_stats;
	struct traffic_counts past; /* of interfaces that are gone */
	VEC(struct gone) gone;
	VEC(struct adopted) adopted; /* until they are ours */
	uint64_t returned, lost_hooks;
	size_t check_cursor; /* where watch_check() goes on */
	weir_time retried;   /* boot time */
	bool no_tcx;
	size_t count;
};

/* ---- ends (end.c) ---- */

struct ending {
	uint32_t slot, generation;
};

struct ends {
	VEC(struct ending) waiting;  /* deleted since the last batch began its grace */
	VEC(struct ending) batch;    /* in grace */
	VEC(struct flow_ref) reused; /* their tuple has a new life, and they have no flow yet */
	weir_time swept;	     /* boot time of the last sweep */
	uint64_t orphans, strays, retired;
	uint64_t races;	 /* LOSS_RACE at the last sweep */
	uint64_t unread; /* slots whose flow was never known */
};

/* ---- half-open tables (half.c) ---- */

#define HALF_ENDPOINTS 8

/* A packet is stamped with jiffies before it is counted: what was counted after our last look may
 * bear a stamp from before it. */
#define STAMP_SLACK 2

/* Where unfinished handshakes go to; by Misra and Gries, so that a large one cannot hide. */
struct endpoint {
	struct flow_key key; /* the initiator's end zero */
	uint8_t initiator;
	uint64_t weight; /* 0: not used */
};

struct endpoints {
	struct endpoint at[HALF_ENDPOINTS];
};

struct halves {
	void *buffer;	   /* for batch look-ups */
	size_t buffer_len; /* entries */
	bool one_by_one;   /* the kernel has no batch look-up for these maps */
	size_t known;	   /* flows that stand half open */
	uint64_t begun;	   /* half-open flows that the flow stage was told of */
	uint64_t expired;  /* deleted by us, or by a program for a new connection */
	uint64_t missed;   /* told only as numbers */
	/* In a flood more is found than can be told one by one (half_may_tell). */
	unsigned room;	   /* entries that this walk may still begin flows for */
	bool crowded;	   /* it had none left */
	bool rested;	   /* the last poll had no walk */
	uint64_t settled;  /* boot time: what began before and is not known is told in a number */
	uint64_t numbered; /* of those in numbers: became known later, and made no attempt */
	uint32_t walked;   /* jiffies of the last walk */
	uint64_t present;  /* at the last walk */
	uint64_t counts[HALF_COUNTS]; /* before the last walk */
	uint64_t forgotten;
	/* Of what the last walk found that had begun since the one before it and no record told:
	 * what was not found was like it. */
	struct endpoints endpoints;
	unsigned endpoints_age; /* walks that found none since then */
	uint64_t horizon;	/* of the last walk */
};

/* ---- health (health.c) ---- */

#define HEALTH_WAITING_MAX 64

struct health_fact {
	const char *fact;
	char message[192];
};

struct health {
	struct health_fact waiting[HEALTH_WAITING_MAX];
	unsigned first, count;
	uint64_t dropped;
	uint64_t losses[LOSS_COUNT]; /* as told last */
	weir_time told[LOSS_COUNT];  /* when */
	uint64_t newest[LOSS_COUNT]; /* at the last look */
	weir_time grew[LOSS_COUNT];  /* when it last did; 0: not since it was told to be over */
};

struct live {
	struct live_options options; /* `interfaces` and `hooks` are copies */
	struct arena arena;	     /* of those copies */
	struct sizes sizes;
	struct kernel kernel;
	struct live_clock clock;
	struct slots slots;
	struct rings rings;
	struct interfaces interfaces;
	struct within *within; /* NULL: no other network namespaces */
	struct watches watches;
	struct ends ends;
	struct halves halves;
	struct nat nat;
	struct conntrack conntrack;
	struct own_sockets own;
	struct grace grace;
	struct health health;
	struct coverage *coverage;
	LIST_HEAD(, known) known;
	size_t known_len;

	bool attaching; /* interfaces get hooks as they come */
	int control;	/* listening socket, and lock */
	int epoll;
	unsigned leftovers; /* filters of an earlier weir that were removed */
	struct handover handover;
	pid_t predecessor; /* 0: none, or in a process namespace that we cannot see */
	int leaving;	   /* process that was asked to leave, to be awaited; -1: none */
	bool took_over;	   /* another weir was here */
	bool handed;	   /* and gave what it had: else it was asked to stop */
	char why_clean[HANDOVER_WHY_MAX];
	uint64_t cut;	/* conversations that decoders held when it was handed over */
	weir_time gap;	/* between what that and this one counted, at most; ns */
	char *watching; /* text for live_watching() */

	struct flow_table *flows; /* during a call that may learn translations */
	uint32_t scanned;	  /* jiffies when the last scan began */
	weir_time checked;	  /* boot time when hooks were last checked */
	uint64_t accounted;	  /* IP bytes that the flow stage was told */
	uint64_t total;		  /* IP bytes that the programs counted, at the last poll */
	uint64_t packets;	  /* segments seen, at the last poll */
	uint64_t losses[LOSS_COUNT];
	uint64_t payload[PAYLOAD_COUNTS];
	uint64_t lost; /* of `packets` */
	uint64_t polls, late_nat, own_flows;
	weir_time told;	     /* everything before it was told */
	bool degraded;	     /* something is lost or full now */
	VEC(uint32_t) again; /* slots to look at in the next poll whatever they say */
};

/* The number of our network namespace in flow keys. */
#define LIVE_NETNS 0

/* So long after a flow's first packet its translation is known, if there is one: conntrack tells of
 * it when the packet leaves, microseconds after we saw it come in. */
#define NAT_WAIT (20 * WEIR_MSEC)

static inline struct known *known_of(const struct flow *flow)
{
	return flow->source;
}

/* Boot time before which everything may be told: what is younger waits for its translation. */
uint64_t live_horizon(const struct live *live);

/* live.c. Nothing counts any more: reads everything once more. */
void live_read_last(struct live *live, struct flow_table *flows);

/* rings.c */
int rings_open(struct live *live);
void rings_close(struct live *live);
void rings_drain(struct live *live);
void rings_tell(struct live *live, struct flow_table *flows, uint64_t horizon);

/* attribute.c: whose a flow is. `turn`: directions of the kernel's key are the other way round. */
void attribute_begin(struct live *live, const struct flow_half *facts, bool turn,
		     struct flow_start *start, struct known *known);
void attribute_see(struct live *live, struct flow *flow, const struct flow_half *facts, bool turn);
void attribute_drop(struct live *live, const struct flow_start *start); /* it did not begin */
void attribute_end(struct live *live, struct flow *flow);

/* poll.c: all counters that moved since the last time. */
void poll_scan(struct live *live, struct flow_table *flows, bool all);
bool poll_read_slot(struct live *live, uint32_t slot, struct seen *seen);

/* half.c */
/* True if a flow may be begun for this entry. Else its first packet is told in a number. */
bool half_may_tell(struct live *live, const struct seen *seen);
/* Its first packet stands in a number that was, or will be, told. */
bool half_numbered(const struct live *live, const struct seen *seen);
/* The tables were fuller a moment ago than what they keep: entries may have been forgotten. */
bool half_crowded(const struct live *live);
/* Whether this poll has a walk. */
bool half_due(struct live *live);
void half_walk(struct live *live, struct flow_table *flows, uint64_t horizon);
/* Takes an entry out; false if it is not there. */
bool half_take(struct live *live, const struct flow_key *key, struct flow_half *facts);
bool half_has(const struct live *live, const struct flow_key *key);

/* end.c */
void end_expired(void *context, struct flow *flow);
void end_orphan(struct live *live, uint32_t slot, uint32_t generation);
/* Deletes a key if its slot is still this one; then the slot ends. */
void end_slot(struct live *live, const struct flow_key *key, uint32_t slot, uint32_t generation);
void end_retired(struct live *live, struct flow_table *flows);
void end_begin_batch(struct live *live);
void end_finish_batch(struct live *live, struct flow_table *flows);
void end_now(struct live *live, struct flow_table *flows);
void end_sweep(struct live *live, struct flow_table *flows);

/* watch.c */
void watch_changed(void *context, struct interface *interface);
void watch_gone(void *context, struct interface *interface);
void watch_check(struct live *live);
void watch_detach_all(struct live *live);
void watch_close(struct live *live);
void watch_drop(struct live *live, struct watch *watch); /* detaches one that has no interface */
/* Sums over all that are and were watched. */
void watch_totals(const struct live *live, struct traffic_counts *totals);
/* What was asked for is not there, or cannot be watched: -errno with `error` said. */
int watch_require_patterns(const struct live *live, struct error *error);
/* Nothing is watched: the same. */
int watch_require_any(const struct live *live, struct error *error);
void watch_all(struct live *live);
/* What an interface takes, wherever it is: its numbers. `netns` goes into keys. NULL: there is room
 * for no more. */
struct watch *watch_new(struct live *live, uint32_t ifindex, uint32_t netns,
			const char name[IFNAMSIZ]);
/* Lets the programs count for it. 0, or -errno. */
int watch_publish(struct live *live, const struct watch *watch);
/* Its hooks are gone: gives its numbers back, and frees it. */
void watch_retire(struct live *live, struct watch *watch);
const char *watch_way(const struct watch *watch); /* "tc", "xdp" */

/* watch_hand.c: from one process to another. The descriptors of its links, in the order in which
 * they were saved: the hooks' own, and from then on the adopted ones'. */
void watches_save(const struct live *live, struct state_writer *writer);
size_t watches_links(const struct live *live, int *links, size_t room);
bool watches_load(struct live *live, struct state_reader *reader, int *links, size_t count);
/* Our programs take the place of the other's. */
void watches_replace(struct live *live);
/* The hooks are ours: those that are not what we want go, and others come. */
void watches_adopt(struct live *live);
/* They are another's: nothing is detached. */
void watches_leave(struct live *live);
/* The other one did not take them: programs that it had put there already go again. */
void watches_restore(struct live *live);

/* keep.c: all else that one process tells the next. */
void live_save(const struct live *live, struct state_writer *writer);
/* 0, -EBADMSG or -ENOMEM. First what the others are made by (clock, slots that are handed out). */
int live_load_head(struct live *live, const struct state_image *image, weir_time *offset,
		   uint32_t *ready);
int live_load(struct live *live, const struct state_image *image);

/* health.c */
void health_say(struct live *live, const char *fact, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void health_losses(struct live *live);

#endif
