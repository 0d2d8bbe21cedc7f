/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_LIVE_SLOTS_H
#define WEIR_LIVE_SLOTS_H

#include <stddef.h>
#include <stdint.h>

#include "bpf/flow.h"
#include "flow/flow.h"

/*
 * The main table's counters as they stand mapped in our memory, and which flow each belongs to.
 * Slots are mapped and handed to the programs in steps, the next one when the last runs short: so
 * a quiet host pays for one step, and what is in use stays dense. Engine thread only.
 */
#define SLOTS_STEP 65536u /* 4 MiB of counters */

struct slots {
	int free;	       /* map: the stack of free slots */
	int hot_map;	       /* map: the counters */
	struct flow_slot *hot; /* mapped up to `ready`; address space reserved for all */
	struct flow **flow;    /* by slot; NULL: none that we know */
	uint32_t all, ready;   /* slots in the table; mapped and handed out */
	uint32_t used;	       /* in use at the last scan */
	uint32_t taken;	       /* and taken since then, as far as we were told */
	uint64_t refused;      /* slots that could not be handed back */
};

/* `ready`: so many were handed out by another process; 0: none. 0 or -errno. */
int slots_open(struct slots *slots, int free_map, int hot_map, uint32_t all, uint32_t ready);
void slots_close(struct slots *slots);

/* Hands out more where they run short. 0, or -errno. */
int slots_refill(struct slots *slots);

/* Zeroes a slot that no program holds any more and hands it back. */
void slots_give_back(struct slots *slots, uint32_t slot);

/*
 * Looks at each slot in [0, ready): calls `moved` for those whose newest packet is not older than
 * `since` (jiffies, low 32 bits). One cache line a slot. Returns the number in use.
 */
typedef void slots_moved(void *context, uint32_t slot);
uint32_t slots_scan(const struct flow_slot *hot, uint32_t ready, uint32_t since, slots_moved *moved,
		    void *context);

/* The same for every slot that is in use. */
uint32_t slots_scan_all(const struct flow_slot *hot, uint32_t ready, slots_moved *moved,
			void *context);

#endif
