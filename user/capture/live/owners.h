/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_LIVE_OWNERS_H
#define WEIR_LIVE_OWNERS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "bpf/flow.h"
#include "event/event.h"

/*
 * Which process a flow belongs to, and the life of processes: docs/processes.md. Loads and attaches
 * programs of its own (bpf/owner.bpf.c); where the kernel refuses them all else goes on, flows have
 * no process, and owners_status() says why. Engine thread only.
 */
struct owners;
struct process;
struct live_clock;
struct procfs;

struct owners_options {
	/* process and listener events, complete; texts live until the call returns. */
	void (*event)(void *context, const struct event *event);
	void *context;
	const char *off;	 /* not NULL: not wanted, and this is why */
	const char *root;	 /* where the host's files are */
	struct procfs *procfs;	 /* looks into processes; the caller's, and outlives it */
	const struct pods *pods; /* that the API told of; NULL: nobody asks it */
};

/* Reads what processes and sockets there are. NULL without memory only. */
struct owners *owners_open(const struct owners_options *options);
void owners_close(struct owners *owners);

/* Readable when there is something to drain; -1: owners are off. */
int owners_fd(const struct owners *owners);

/* Takes what the kernel told: to be called after the packets' records were taken, and before they
 * are told. Event time is the clock's. */
void owners_drain(struct owners *owners, const struct live_clock *clock);

/* Boot time of the newest that was taken; and up to which another process has told everything: what
 * is not newer is learnt and not told. */
uint64_t owners_newest(const struct owners *owners);
void owners_told(struct owners *owners, uint64_t boot);

/* The process of a socket, held for the caller, or NULL. */
struct process *owners_find(struct owners *owners, uint64_t cookie);

/* The process that gets what is sent to `side` of the key, in weir's own network namespace; held
 * for the caller, or NULL. */
struct process *owners_listening(struct owners *owners, const struct flow_key *key, unsigned side);

struct process *owners_hold(struct owners *owners, struct process *process);
void owners_let(struct owners *owners, struct process *process);

/* Puts process.* and user.* on an event; what it points to lives until the next call. */
void owners_put(struct owners *owners, const struct process *process, struct event *event);

/* A flow ended, with or without a process. */
void owners_count(struct owners *owners, bool attributed);

/* For `weir status` (a new reference). */
json_t *owners_status(const struct owners *owners);

#endif
