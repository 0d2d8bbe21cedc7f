/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SIGNAL_QUANTILE_H
#define WEIR_SIGNAL_QUANTILE_H

#include "signal/series.h"

/*
 * Where numbers lie, in a bounded space and with a known relative error: buckets whose bounds are
 * powers of gamma = (1 + error) / (1 - error), C. Masson, J. Rim, H. Lee, "DDSketch", 2019. When
 * the buckets run out each two neighbours become one, gamma becomes its square and the error grows
 * for all numbers alike: I. Epicoco et al., "UDDSketch", 2020. Deterministic: neither the order of
 * adding nor that of joining changes what comes out.
 */
#define QUANTILE_BUCKETS 512
#define QUANTILE_ERROR	 0.005 /* before any two buckets were joined */

struct quantile_bucket {
	int32_t key; /* sign and power; in order of the numbers */
	uint32_t count;
};

struct quantile {
	uint32_t len, cap;
	uint32_t joined; /* how often neighbours became one */
	struct quantile_bucket bucket[];
};

/* NULL is a sketch of nothing. Grows in the space's memory; without, the error grows instead.
 * False: there is none for even a few buckets. */
bool quantile_add(struct series_space *space, struct quantile **sketch, double number,
		  uint32_t count);
bool quantile_merge(struct series_space *space, struct quantile **into,
		    const struct quantile *from);
/* In a snapshot; and back: -ENOMEM, or 0 with NULL if it is none, or bad. */
void quantile_save(struct state_writer *writer, const struct quantile *sketch);
int quantile_load(struct series_space *space, struct state_reader *reader,
		  struct quantile **sketch);
void quantile_free(struct series_space *space, struct quantile *sketch);

/* What numbers of the bucket are taken for. */
double quantile_number(const struct quantile *sketch, uint32_t bucket);

/* No number that was added is farther from what it is taken for than this share of it. */
double quantile_error(const struct quantile *sketch);

#endif
