/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_LIVE_GRACE_H
#define WEIR_LIVE_GRACE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "bpf/flow.h"

/*
 * What takes too long for the engine thread: waiting until no program holds what was deleted, and
 * looking through the main table for keys whose slot is another's. One job at a time, done by
 * one thread; the engine asks, and is told through a file descriptor.
 */
#define GRACE_STRAYS_MAX 1024

struct stray {
	struct flow_key key;
	struct flow_ref ref;
};

enum grace_job { GRACE_NONE, GRACE_WAIT, GRACE_SWEEP };

struct grace {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t asked;
	int event; /* readable when a job is done */
	enum grace_job job;
	bool started, busy, done, stop;
	/* of a sweep */
	int main;
	const struct flow_slot *hot;
	uint32_t slots_mapped;
	struct stray strays[GRACE_STRAYS_MAX];
	unsigned strays_len;
	uint32_t most; /* keys to look at */
	uint32_t at;   /* where the next one goes on, if `midway` */
	bool midway;
};

int grace_open(struct grace *grace, int main_map); /* 0 or -errno */
void grace_close(struct grace *grace);

bool grace_idle(struct grace *grace);
void grace_ask_wait(struct grace *grace);
/* Goes on where the last sweep ended, through about `most` keys, at most to the table's end; or
 * through all of them. */
#define GRACE_ALL UINT32_MAX
void grace_ask_sweep(struct grace *grace, const struct flow_slot *hot, uint32_t mapped,
		     uint32_t most);

/* The job that was done since the last call, or GRACE_NONE. Engine thread; after it the thread is
 * idle and `strays` is the engine's. */
enum grace_job grace_take(struct grace *grace);

/* Returns when every program that ran at the call has ended. */
void grace_wait_now(void);

#endif
