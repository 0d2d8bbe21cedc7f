/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SIGNAL_ENGINE_H
#define WEIR_SIGNAL_ENGINE_H

#include "rule/save.h"
#include "signal/signal.h"

/*
 * Layer 1: ordered events in, signals out. Windows over event time, aggregates, bounded keys
 * (docs/rules.md, Windows). Engine thread only. Nothing is allocated for an event of a key that is
 * known.
 */
struct signal_engine;

struct signal_engine_ops {
	void (*signal)(void *context, const struct signal *signal);
	double (*coverage)(void *context, weir_time start, weir_time end); /* NULL: 1 */
	void *context;
	/* Nobody reads signals but the rules that take them: those that none takes come bare. */
	bool bare;
};

struct signal_engine_stats {
	uint64_t events, matched, skipped_null_key, signals, suppressed, evicted_keys, lost;
	uint64_t keys, bytes; /* now */
};

struct signal_engine *signal_engine_new(const struct ruleset *set,
					const struct signal_engine_ops *ops);
void signal_engine_free(struct signal_engine *engine);

/* The next event in order; timers due at or before its time run first. */
void signal_engine_event(struct signal_engine *engine, const struct event *event);

/* A signal of a rule of the set that was not made here: by a temporal rule, or by another program.
 * Windows over it count it, if it is new. */
void signal_engine_signal(struct signal_engine *engine, const struct signal *signal);

/* No event before `watermark` comes any more: windows that ended by then close. TIME_NEVER is the
 * end of the input: open windows close as partial. */
void signal_engine_watermark(struct signal_engine *engine, weir_time watermark);

/* How many sections signal_engine_save() writes at most. */
size_t signal_engine_sections(const struct signal_engine *engine);

/* Everything that is kept, for signal_engine_load() of another engine. Writes to nothing of the
 * engine's own. */
void signal_engine_save(const struct signal_engine *engine, struct state_writer *writer);

/* Into an engine that has seen nothing. Rules that are not what they were start anew. 0; -EBADMSG
 * if it cannot be what signal_engine_save() wrote, or -ENOMEM: then the engine is good for
 * signal_engine_free() only. Sets the secret of tuples: everything that has some must be loaded
 * behind it, or be new. */
int signal_engine_load(struct signal_engine *engine, const struct state_image *image);

/* Event time that it has come to; TIME_NONE: it has seen nothing. */
weir_time signal_engine_clock(const struct signal_engine *engine);

/* After it was loaded: nobody watched until `now`. What would have come since its clock is not
 * known, so that time teaches baselines nothing, and windows that reach into it have that much less
 * coverage. */
void signal_engine_absent(struct signal_engine *engine, weir_time now);

/* Of what it was told or has loaded, all is forgotten but what baselines have learned: for events
 * of another time. */
void signal_engine_forget(struct signal_engine *engine);

void signal_engine_stats(const struct signal_engine *engine, struct signal_engine_stats *stats);

struct signal_rule_stats {
	uint64_t fired, suppressed; /* signals; and how often it was quiet by `suppress` */
	uint64_t keys, bytes;	    /* now */
	uint64_t evicted;	    /* keys that had to go early, for their number or their bytes */
	uint64_t overflowed;	    /* events that found no room for one more inner group */
	uint64_t lost;		    /* events or values of them that found no memory */
};

void signal_engine_rule_stats(const struct signal_engine *engine, unsigned rule,
			      struct signal_rule_stats *stats);

#endif
