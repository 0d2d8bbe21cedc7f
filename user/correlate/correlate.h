/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CORRELATE_CORRELATE_H
#define WEIR_CORRELATE_CORRELATE_H

#include "correlate/detection.h"
#include "rule/save.h"

/* Layer 2: signals in, detections out (docs/rules.md, Detections). Engine thread only. */
struct correlate;

struct correlate_ops {
	void (*detection)(void *context, const struct detection *detection);
	/* What a temporal rule says, where it makes signals (rule->raise is false: to be told), or
	 * where windows count it. NULL: nobody wants to know. */
	void (*signal)(void *context, const struct signal *signal);
	void *context;
};

struct correlate_stats {
	uint64_t signals, detections, updates, evicted_keys;
	uint64_t open;	   /* now */
	uint64_t dropped;  /* signals of one rule and keys beyond MATCH_SIGNALS_MAX: looked at no
			      more */
	uint64_t left_out; /* signals that their detection does not keep (DETECTION_SIGNALS_MAX) */
};

struct correlate *correlate_new(const struct ruleset *set, const struct correlate_ops *ops);
void correlate_free(struct correlate *correlate);

/* A signal, new, updated or silent. Copied as far as it is kept. */
void correlate_signal(struct correlate *correlate, const struct signal *signal);

/* Event time has come to `watermark`: old evidence is dropped, quiet detections are closed
 * (TIME_NEVER closes none: the end of a replay leaves detections as they are). */
void correlate_watermark(struct correlate *correlate, weir_time watermark);

/* How many sections correlate_save() writes at most. */
size_t correlate_sections(const struct correlate *correlate);

/* Everything that is kept, for correlate_load() of another of the same rules or of other ones. */
void correlate_save(struct correlate *correlate, struct state_writer *writer);

/* Into one that has seen nothing. What belongs to rules that are not here, or not the same any
 * more, is left out; how many open detections that were is in *left_out. 0; -EBADMSG if it cannot
 * be what correlate_save() wrote, or -ENOMEM: then the correlation is good for correlate_free()
 * only. */
int correlate_load(struct correlate *correlate, const struct state_image *image,
		   const struct rule_map *rules, unsigned *left_out);

void correlate_stats(const struct correlate *correlate, struct correlate_stats *stats);
void correlate_rule_stats(const struct correlate *correlate, unsigned rule, uint64_t *fired);

#endif
