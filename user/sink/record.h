/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SINK_RECORD_H
#define WEIR_SINK_RECORD_H

#include <stdatomic.h>

#include "correlate/detection.h"

/*
 * What goes out, made once on the engine thread; sinks write it each in their own form. Immutable,
 * shared by reference count: a sink that keeps one (a queue) takes a reference of its own.
 */
enum record_kind_out {
	OUT_EVENT,
	OUT_SIGNAL,
	OUT_DETECTION,
	OUT_FLOW, /* a finished connection that evidence points to */
	OUT_HEALTH,
	OUT_KINDS,
};

/* Text is UTF-8; NULL where it does not apply. All memory is the record's arena. */
struct out {
	atomic_uint references;
	enum record_kind_out kind;
	struct arena arena;
	enum detection_change change; /* detection */
	bool announce;		      /* detection: to be told to people now; once */
	bool update;		      /* signal: one with this id was written before */
	const char *id, *rule_id, *rule_name, *title;
	enum severity severity;
	double confidence, coverage;
	const char *state;     /* detection: "open", "closed" */
	weir_time first, last; /* signal: window start and end */
	weir_time at;	       /* @timestamp */
	uint64_t count;
	const char *keys_json;	 /* object */
	const char *keys_text;	 /* "source.ip=10.0.0.5" for a line */
	const char *values_json; /* object, as weir.values */
	const char *message, *tactic, *technique, *host;
	const char *signal_names;      /* detection: "PORT_SCAN,CONNECTION_SPIKE" */
	const char *const *signal_ids; /* detection: ended by NULL */
	struct out **evidence;	       /* detection: its signals as records, in their order */
	unsigned evidence_len;
	struct event event; /* event, flow, health */
	const char *json;   /* the whole object, one line, no newline */
	size_t json_length;
	int64_t made;	   /* CLOCK_MONOTONIC, ns */
	atomic_bool owing; /* a store has it and has not yet said that it is durable */
};

/*
 * New records with one reference, the caller's; NULL without memory. `host` is this host's name
 * (NULL: not told). In JSON and here, a signal lies in its window (event.start, event.end) and its
 * @timestamp is the event that made it true; a detection's is its newest evidence.
 */
struct out *out_signal(const struct signal *signal, const char *host);
struct out *out_detection(const struct detection *detection, const char *host);
struct out *out_event(const struct event *event, const char *host);
/* A flow event that evidence points to: the row of table `flow`. */
struct out *out_flow(const struct event *event, const char *host);

struct out *out_keep(struct out *out);
void out_drop(struct out *out);

/*
 * A detection is announced elsewhere only when the store has it, if there is one: the store says
 * out_owe() in its write() and out_settle() once the record is durable, or will not be soon. Who
 * announces waits in out_await() on a thread of its own, until then or until `timeout_ms` after
 * the record was made, whatever the store does. Any thread.
 */
void out_owe(struct out *out);
void out_settle(struct out *out);
void out_await(struct out *out, int timeout_ms);

#endif
