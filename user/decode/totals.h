/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DECODE_TOTALS_H
#define WEIR_DECODE_TOTALS_H

#include <jansson.h>
#include <stdint.h>

/*
 * What decode_report() tells, as plain numbers: they cross from the child that decodes, where every
 * value is a valid one, and those of several lives of it add up.
 */

/* Kinds of malformed messages that a decoder may name. */
#define MALFORMED_MAX 24
#define DECODERS_MAX  24

struct decode_counts {
	uint64_t payloads, talks, evicted, unidentified;
	uint64_t aged;	   /* conversations that were silent for long, forgotten */
	uint64_t resumed;  /* of those that were finished: went on later, and are not looked at */
	uint64_t early;	   /* segments that came before those they follow, and waited */
	uint64_t gaps;	   /* runs of bytes that never came */
	uint64_t overlong; /* what a decoder wanted whole was too long */
	uint64_t held_full;
	uint64_t no_memory;
};

struct decoder_counts {
	uint64_t talks, events, malformed[MALFORMED_MAX];
};

struct decode_totals {
	struct decode_counts counts;
	uint64_t remembered;			/* conversations, now */
	struct decoder_counts of[DECODERS_MAX]; /* by place in the table of decoders */
};

struct decode;
void decode_totals(const struct decode *decode, struct decode_totals *totals);

/* All but `remembered`. */
void decode_totals_add(struct decode_totals *sum, const struct decode_totals *more);

/* decode_report() of these numbers (a new reference); `decoders` is what they are by. */
struct decoder;
json_t *decode_totals_report(const struct decode_totals *totals,
			     const struct decoder *const *decoders);

#endif
