/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SIGNAL_RANK_H
#define WEIR_SIGNAL_RANK_H

#include "rule/rule.h"

/* What numbers say once they are in order, of numbers at hand. Each function puts them into another
 * order; of none it is null. */

/* The mean of the two middle ones. */
struct value rank_median(double *numbers, size_t len);

/* The median of what they differ from their median. */
struct value rank_mad(double *numbers, size_t len);

/* The 1-based rank of the least number that is not below `percent` of `len`. */
size_t rank_nearest(double percent, double len);

/* The number of that rank. */
struct value rank_percentile(double *numbers, size_t len, double percent);

/* The aggregate that `kind` says: those above, entropy and distinct. */
struct value rank_numbers(const struct rule_aggregate *aggregate, double *numbers, size_t len);

#endif
