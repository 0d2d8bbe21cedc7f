/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CAPTURE_LIVE_H
#define WEIR_CAPTURE_LIVE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/time.h"

/*
 * This host's traffic: loads and attaches the programs, follows interfaces as they come and go,
 * drains rings, polls the mapped counters, and tells the flow stage. One instance a network
 * namespace. Engine thread only, but for live_own_socket().
 */
struct live;
struct attacher;
struct flow;
struct flow_table;
struct owners;
struct visitor;

enum hook_choice { HOOK_AUTO, HOOK_TC, HOOK_XDP };

struct hook_rule {
	const char *pattern; /* fnmatch(3) on the interface's name; NULL: all */
	enum hook_choice hook;
};

/* The first bytes of conversations, for decoders. */
struct live_payload {
	bool wanted;	   /* somebody reads live_payload_ring(); else nothing is copied */
	uint64_t budget;   /* bytes a second; 0: 16 MiB */
	uint32_t opening;  /* bytes of each direction; 0: PAYLOAD_OPENING_BYTES */
	size_t ring_bytes; /* 0: by memory; made a power of two */
};

struct live_options {
	/* fnmatch(3) patterns on names; a leading '!' excludes; none: all that carry traffic. */
	const char *const *interfaces; /* ended by NULL */
	bool loopback;
	struct attacher *attacher;     /* attaches for us; NULL: we may, and do it ourselves */
	struct visitor *visitor;       /* enters other network namespaces; NULL: none are watched */
	const struct hook_rule *hooks; /* the last that matches decides */
	size_t hooks_len;
	uint32_t slots;		/* main table; 0: by memory (docs/operations.md) */
	uint32_t half_open;	/* each of two; 0: by CPUs */
	size_t ring_bytes;	/* 0: 4 MiB; made a power of two */
	uint32_t first_packets; /* records a second for all; 0: default */
	struct live_payload payload;
	struct owners *owners; /* NULL: nobody asks whose a flow is; must outlive live */
	weir_time interval;    /* poll period: 1 s */
	weir_time earliest;    /* event time begins no earlier; TIME_NONE: with the wall clock */
	bool take_over;	       /* another weir that runs here makes room, once all is prepared */
	const char *clean;     /* not NULL: it gives nothing but room, for this reason */
	bool clsact;	       /* tests: never TCX */
};

/* Loads and attaches. On failure nothing is left attached. -errno with `error` said; -ESTALE: what
 * another weir gave cannot be gone on with, and all may be opened anew with options.clean. */
int live_open(struct live **live, const struct live_options *options, struct error *error);

/*
 * From another weir (hand.h), the next one's side. Where live_handed() is not NULL nothing is
 * attached yet: the other stands still, and has given its maps, its hooks and this image of what it
 * knows. Its flows are loaded (live_flow_keeper()), then live_take_up() ends the hand-over: 0, or
 * -errno with `error` said, and live_close() lets everything be the other one's again.
 */
struct state_image;
struct flow_keeper;
const struct state_image *live_handed(const struct live *live);
struct flow_keeper live_flow_keeper(struct live *live); /* all but `protocol` */
int live_take_up(struct live *live, struct error *error);

/* Waits until the process that was here has stored what it knows and is at its end: false if there
 * was none, else *pid is it (0: in a process namespace that we cannot see). What was handed over is
 * forgotten. */
bool live_await(struct live *live, pid_t *pid);

/*
 * To another weir, on its connection. The offer, and later, after the last live_drain(): all, with
 * what `save` writes in as many `sections`; `conversations` are what decoders held, which is lost.
 * 0, or -errno. Then nothing may be called until it is known who goes on: the other one, then
 * live_leave(); or this one, then live_keep().
 */
struct state_writer;
int live_offer(const struct live *live, int fd);
int live_give(struct live *live, int fd, uint64_t conversations, size_t sections,
	      void (*save)(void *context, struct state_writer *writer), void *context);
void live_keep(struct live *live);

/* As live_close(), but what is attached stays, what is in the maps stays, and flows are not ended:
 * they are another process's. */
void live_leave(struct live *live);

/* Event time begins no earlier than `at` (live_options.earliest). Before the first drain only. */
void live_not_before(struct live *live, weir_time at);

/* Detaches, and hands all last counts to `flows`. */
void live_close(struct live *live, struct flow_table *flows);

/* "watching eth0 (tc), wlan0 (tc)": what the ready line says. Valid until the next call. */
const char *live_watching(const struct live *live);

/* Readable when there is something to drain: rings, interfaces that come and go, translations. */
int live_fd(const struct live *live);
void live_drain(struct live *live, struct flow_table *flows);

/* The listening socket that is also the lock of this network namespace: `weir status` connects to
 * it. Live's own; the pipeline accepts. */
int live_control_fd(const struct live *live);

/* flow_ops.owner is about to read flow.owner: brings it up to date. */
void live_attribute(struct live *live, struct flow *flow);

/* What flow_ops.forget must call: the table ends a flow by itself. `context` is the struct live. */
void live_forget(void *context, struct flow *flow);

/*
 * The poll: reads all counters, walks the half-open tables, ends flows that are over, ages. To be
 * called right after each multiple of the interval; returns the event time before which everything
 * was told (the flow stage's clock and the watermark's).
 */
weir_time live_poll(struct live *live, struct flow_table *flows);

/* The ring of payload as a map's descriptor, live's own, for payload_ring_open(); -1: nothing is
 * copied (live_options.payload). */
int live_payload_ring(const struct live *live);
size_t live_payload_ring_bytes(const struct live *live);

/* Boot time before which the flow stage was told of all connections by the last live_drain(), ns:
 * what is younger may still wait for its translation. */
uint64_t live_told(const struct live *live);

/* Event time now. */
weir_time live_now(const struct live *live);

/* Event time of a moment of CLOCK_BOOTTIME (struct payload_record.at), ns. */
weir_time live_time(const struct live *live, uint64_t boot);

/* A socket of weir's own, by SO_COOKIE, before it is connected. Any thread. */
void live_own_socket(struct live *live, uint64_t cookie);

/* Networks of this host's addresses, for roles and directions; the set is live's own and changes
 * in live_drain(). `generation` grows when it does. */
struct network_set;
const struct network_set *live_addresses(const struct live *live, unsigned *generation);

/* Name of an interface that is or lately was there, for struct flow.ifindex; else NULL. Valid until
 * the next live_drain() or live_poll(). */
const char *live_interface_name(const struct live *live, uint32_t ifindex);

/* Share of packets in [start, end) that was seen and told, 0 to 1. */
double live_coverage(const struct live *live, weir_time start, weir_time end);

/* Interfaces with hooks and why, packet and loss counters, table fill: `weir status` (a new
 * reference). *degraded is set if something is lost or full now. */
json_t *live_status(struct live *live, bool *degraded);

/* Health facts since the last call (loss, table full, interface gone), as text in *fact and
 * *message; false when there is none. Valid until the next call. */
bool live_health(struct live *live, const char **fact, const char **message);

#endif
