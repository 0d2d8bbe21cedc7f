/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_EVENT_RUNS_H
#define WEIR_EVENT_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"
#include "base/vec.h"

/*
 * A priority queue for what comes nearly in order: sorted runs, each of which grows at its end and
 * is taken from at its front. What fits behind no run goes into a heap, so that any order costs at
 * most a heap's time; a log in order costs two comparisons.
 */
struct run_entry {
	weir_time time;
	uint64_t record;
	uint32_t input;
	void *item;
};

#define RUNS_MAX 32

struct runs {
	struct run {
		struct run_entry *at;
		size_t len, cap;
		size_t head; /* taken before it */
	} run[RUNS_MAX];
	weir_time tail[RUNS_MAX]; /* time of each run's last entry; TIME_NONE: the run is empty */
	unsigned used;		  /* runs that were ever needed */
	VEC(struct run_entry) heap;
	size_t len; /* of all */
	int first;  /* which run has the least, RUNS_MAX: the heap; -1: not known */
};

/* -ENOMEM without memory. A zeroed struct is empty. */
int runs_push(struct runs *runs, const struct run_entry *entry);

/* The least, or NULL; alive until the next push or pop. */
const struct run_entry *runs_first(struct runs *runs);

/* Takes the least out. */
void runs_pop(struct runs *runs);

/* Gives back memory that is not needed now. */
void runs_shrink(struct runs *runs);
void runs_free(struct runs *runs);

#endif
