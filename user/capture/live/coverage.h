/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_LIVE_COVERAGE_H
#define WEIR_LIVE_COVERAGE_H

#include <stdint.h>

#include "base/time.h"
#include "state/reader.h"

/* How much of a window's packets was seen and told: running totals a second, for the last 25 h. */
struct coverage;

struct coverage *coverage_new(void); /* NULL without memory */
void coverage_free(struct coverage *coverage);

/* Totals since start, as they are at event time `at`. Times that go back are taken as the newest
 * second. */
void coverage_add(struct coverage *coverage, weir_time at, uint64_t packets, uint64_t lost);

/* 1 − lost / (packets), 0 to 1, over the seconds that [start, end) touches, or that a single
 * moment lies in; 1 where nothing moved.
 * What is older than 25 h counts as the oldest that is known. */
double coverage_share(const struct coverage *coverage, weir_time start, weir_time end);

/* For the process that goes on, in an open section; false if it cannot be that. */
void coverage_save(const struct coverage *coverage, struct state_writer *writer);
bool coverage_load(struct coverage *coverage, struct state_reader *reader);

#endif
