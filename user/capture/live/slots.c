/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/live/slots.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Fewer than this left of what was handed out: the next step. */
#define SLOTS_SHORT (SLOTS_STEP / 2)

static size_t bytes_of(uint32_t slots)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t bytes = (size_t)slots * sizeof(struct flow_slot);

	return (bytes + page - 1) / page * page;
}

/* Maps the counters of [ready, to) behind those that are mapped. Steps are whole pages. */
static int map_more(struct slots *slots, uint32_t to)
{
	size_t from = (size_t)slots->ready * sizeof(struct flow_slot);
	void *at = mmap((char *)slots->hot + from, bytes_of(to) - from, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_FIXED, slots->hot_map, (off_t)from);

	return at == MAP_FAILED ? -errno : 0;
}

/* A stack hands out last what came first: pushed downwards, low slots are used first. */
static int push_more(struct slots *slots, uint32_t to)
{
	uint32_t slot;

	for (slot = to; slot-- > slots->ready;) {
		int err = bpf_map_update_elem(slots->free, NULL, &slot, BPF_ANY);

		if (err)
			return err;
	}
	return 0;
}

static int open_ready(struct slots *slots, uint32_t ready)
{
	int err;

	if (!ready)
		return slots_refill(slots);
	err = map_more(slots, ready);
	if (!err)
		slots->ready = ready;
	return err;
}

int slots_open(struct slots *slots, int free_map, int hot_map, uint32_t all, uint32_t ready)
{
	void *space = mmap(NULL, bytes_of(all), PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int err;

	*slots = (struct slots){.free = free_map, .hot_map = hot_map, .all = all};
	if (space == MAP_FAILED)
		return -errno;
	slots->hot = space;
	/* Untouched pages cost nothing. */
	slots->flow = calloc(all, sizeof(struct flow *));
	err = slots->flow ? open_ready(slots, ready) : -ENOMEM;
	if (err)
		slots_close(slots);
	return err;
}

void slots_close(struct slots *slots)
{
	if (slots->hot)
		munmap(slots->hot, bytes_of(slots->all));
	free(slots->flow);
	slots->hot = NULL;
	slots->flow = NULL;
	slots->ready = 0;
}

int slots_refill(struct slots *slots)
{
	uint32_t to, left = slots->ready - slots->used;
	int err;

	left = left > slots->taken ? left - slots->taken : 0;
	if (slots->ready == slots->all || left >= SLOTS_SHORT)
		return 0;
	to = slots->all - slots->ready > SLOTS_STEP ? slots->ready + SLOTS_STEP : slots->all;
	err = map_more(slots, to);
	if (!err)
		err = push_more(slots, to);
	if (!err)
		slots->ready = to;
	return err;
}

void slots_give_back(struct slots *slots, uint32_t slot)
{
	struct flow_slot *hot = &slots->hot[slot];
	uint32_t generation = hot->generation;

	slots->flow[slot] = NULL;
	memset(hot, 0, sizeof(*hot));
	hot->generation = generation;
	if (bpf_map_update_elem(slots->free, NULL, &slot, BPF_ANY))
		slots->refused++;
}

/*
 * One load of 8 bytes tells both directions' last packets; a free slot has zeros. "Not older" is
 * modulo 2^32: a flow that was silent for 2^31 jiffies is looked at in vain, which harms nobody.
 */
static inline bool not_older(uint32_t jiffies, uint32_t since)
{
	return (int32_t)(jiffies - since) >= 0;
}

uint32_t slots_scan(const struct flow_slot *hot, uint32_t ready, uint32_t since, slots_moved *moved,
		    void *context)
{
	uint32_t i, used = 0;

	for (i = 0; i < ready; i++) {
		uint32_t a = __atomic_load_n(&hot[i].last[0], __ATOMIC_RELAXED);
		uint32_t b = __atomic_load_n(&hot[i].last[1], __ATOMIC_RELAXED);

		if (!(a | b))
			continue;
		used++;
		if ((a && not_older(a, since)) || (b && not_older(b, since)))
			moved(context, i);
	}
	return used;
}

uint32_t slots_scan_all(const struct flow_slot *hot, uint32_t ready, slots_moved *moved,
			void *context)
{
	uint32_t i, used = 0;

	for (i = 0; i < ready; i++) {
		if (!(hot[i].last[0] | hot[i].last[1]))
			continue;
		used++;
		moved(context, i);
	}
	return used;
}
