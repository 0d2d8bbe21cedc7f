/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_LIVE_OWNERS_INSIDE_H
#define WEIR_LIVE_OWNERS_INSIDE_H

#include "base/vec.h"
#include "bpf/owner.h"
#include "capture/live/owners.h"
#include "process/cgroups.h"
#include "process/listeners.h"
#include "process/table.h"
#include "process/told.h"

/* The inside of owners: what its files share. */

struct owner_bpf;
struct bpf_link;
struct ring_buffer;

#define OWNERS_LINKS_MAX 20

/* ---- programs and maps (owners_kernel.c) ---- */

struct owners_kernel {
	struct owner_bpf *skeleton; /* NULL: off */
	struct bpf_link *links[OWNERS_LINKS_MAX];
	unsigned links_len;
	struct ring_buffer *ring;
	int sockets, listeners, losses;
	char why[256]; /* it is off; else empty */
};

/* Loads and attaches below the cgroup `root`; `on_record` gets what the ring holds. False, with
 * `why` said, if the kernel refuses. */
bool owners_kernel_open(struct owners_kernel *kernel, int root,
			int (*on_record)(void *context, void *data, size_t size), void *context);
void owners_kernel_close(struct owners_kernel *kernel);

/* So many of the last sockets are known; a power of two. */
#define OWNERS_SOCKETS 65536u

/* Of a socket, wherever it stands. */
bool owners_kernel_socket(const struct owners_kernel *kernel, uint64_t cookie,
			  struct owner_socket *socket);
/* Enters a socket that was there before the programs; what these entered stays. */
void owners_kernel_seed(const struct owners_kernel *kernel, uint64_t cookie,
			const struct owner_socket *socket, bool listens);
void owners_kernel_losses(const struct owners_kernel *kernel, uint64_t losses[OWNER_LOSSES]);

/* ---- descriptors that are looked at again (owners_stdio.c) ---- */

struct stdio_check {
	struct process_id id;
	uint64_t due; /* boot */
};

#define STDIO_WAITS	 2
#define STDIO_CHECKS_MAX 4096

struct stdio_queue {
	struct stdio_check check[STDIO_CHECKS_MAX];
	unsigned first, count;
};

/* Cookies that nobody was found for since the last drain, by their low bits: a flood is answered by
 * one and the same socket of the kernel, and each look into its maps is a system call. */
#define OWNERS_STRANGERS 64

struct owners_counts {
	uint64_t records, events;
	uint64_t attributed, unknown;		 /* flows */
	uint64_t sockets_found, sockets_unknown; /* cookies that were asked for */
	uint64_t seeded_processes, seeded_sockets;
	uint64_t gone;	    /* processes that ended before anything but their name was known */
	uint64_t unchecked; /* looks at descriptors that found no room to wait */
};

/* So many records are gathered before they are told: meanwhile programs that were started are
 * looked at. */
#define OWNERS_BATCH 32

union owners_taken {
	struct owner_record head;
	struct owner_forked forked;
	struct owner_executed executed;
	struct owner_bound bound;
};

struct owners {
	struct owners_options options;
	struct owners_kernel kernel;
	struct processes *processes;
	struct listeners *listeners;
	int root;	    /* descriptor of the cgroup2 hierarchy; -1: none */
	uint64_t netns;	    /* cookie of weir's own network namespace; 0: not known */
	uint16_t ephemeral; /* ports from here on are the kernel's to give */
	weir_time offset;   /* event time less boot time */
	uint64_t newest;    /* boot time of records that were taken */
	uint64_t told;	    /* boot time: another process has told what came until then */
	struct owners_counts counts;
	uint64_t strangers[OWNERS_STRANGERS];
	union owners_taken batch[OWNERS_BATCH];
	unsigned batch_len;
	struct stdio_queue stdio[STDIO_WAITS];
	struct process_teller teller;
	struct event event; /* the one under construction */
};

/* owners_records.c: what the ring holds is taken by owners_record(), and told by
 * owners_records_end() at the latest. */
int owners_record(void *context, void *data, size_t size);
void owners_records_end(struct owners *owners);
/* The process of a record or a socket, entered if it was not known. NULL: no room. */
struct process *owners_process(struct owners *owners, const struct owner_process *who);
/* What /proc says that it runs, and who its parent is. False: it is gone. */
bool owners_read(struct owners *owners, struct process *process);
/* A `process` event. `action`: static. */
void owners_tell(struct owners *owners, const struct process *process, const char *action,
		 uint64_t boot);

/* owners_stdio.c: a shell that opens its own connection, or a program that lets a socket take the
 * place of its standard input, does so after it connected: its descriptors are looked at again. */
void owners_stdio_later(struct owners *owners, const struct process *process, uint64_t now);
void owners_stdio_due(struct owners *owners, uint64_t now);

/* owners_seed.c: what was there before the programs. */
void owners_seed(struct owners *owners);

#endif
