/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "signal/quantile.h"
#include "signal/rank.h"
#include "signal/rows.h"

/* median, mad, percentile over events: exact while their numbers are kept, else of a sketch. */

static const struct value nothing = {.type = VALUE_NULL};

static bool sketch_row(struct series_space *space, void **sum, const double *row)
{
	struct quantile *sketch = *sum;
	bool added = quantile_add(space, &sketch, row[0], 1);

	*sum = sketch;
	return added;
}

static void sketch_free(struct series_space *space, void *sum)
{
	quantile_free(space, sum);
}

static void sketch_save(struct state_writer *w, const void *sum)
{
	quantile_save(w, sum);
}

static int sketch_load(struct series_space *space, struct state_reader *r, void **sum)
{
	struct quantile *sketch;
	int err = quantile_load(space, r, &sketch);

	*sum = sketch;
	return err;
}

static const struct rows_kind numbers_kind = {1, sketch_row, sketch_free, sketch_save, sketch_load};

static void numbers_add(struct series_space *space, const struct rule_aggregate *aggregate,
			void *cell, const struct series_panes *panes, const struct event *event)
{
	double number;

	if (aggregate_number(aggregate, event, &number) && isfinite(number))
		rows_add(space, &numbers_kind, cell, panes, &number);
}

static void numbers_expire(struct series_space *space, void *cell, void *pane)
{
	rows_expire(space, &numbers_kind, cell, pane);
}

static void numbers_free(struct series_space *space, void *cell)
{
	rows_free(space, &numbers_kind, cell);
}

static void numbers_save(struct state_writer *w, const void *cell, struct series_panes panes)
{
	rows_save(w, &numbers_kind, cell, panes);
}

static int numbers_load(struct series_space *space, const struct rule_aggregate *aggregate,
			struct state_reader *r, void *cell, struct series_panes panes)
{
	(void)aggregate;
	return rows_load(space, &numbers_kind, r, cell, panes);
}

/* A window's numbers as they are known: in order, each with how often it comes. */
struct weighed {
	double number, count;
};

static int by_number(const void *a, const void *b)
{
	const struct weighed *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

/* The number at a 1-based rank. */
static double at_rank(const struct weighed *at, size_t len, double rank)
{
	size_t i = 0;

	for (; i + 1 < len && at[i].count < rank; i++)
		rank -= at[i].count;
	return at[i].number;
}

static double weighed_median(const struct weighed *at, size_t len, double total)
{
	return at_rank(at, len, floor((total + 1) / 2)) / 2 +
	       at_rank(at, len, floor(total / 2) + 1) / 2;
}

struct estimate {
	double number, error;
};

typedef struct estimate (*estimate_function)(const struct rule_aggregate *aggregate,
					     struct weighed *at, size_t len, double total,
					     double error);

static struct estimate estimate_median(const struct rule_aggregate *aggregate, struct weighed *at,
				       size_t len, double total, double error)
{
	(void)aggregate;
	return (struct estimate){weighed_median(at, len, total), error};
}

static struct estimate estimate_percentile(const struct rule_aggregate *aggregate,
					   struct weighed *at, size_t len, double total,
					   double error)
{
	double rank = (double)rank_nearest(aggregate->percent, total);

	return (struct estimate){at_rank(at, len, rank), error};
}

/* Each number and the median may be off by `error` of themselves: a distance by that share of
 * itself and of twice the median. */
static struct estimate estimate_mad(const struct rule_aggregate *aggregate, struct weighed *at,
				    size_t len, double total, double error)
{
	double median = weighed_median(at, len, total), mad;

	(void)aggregate;
	for (size_t i = 0; i < len; i++)
		at[i].number = fabs(at[i].number - median);
	qsort(at, len, sizeof(*at), by_number);
	mad = weighed_median(at, len, total);
	return (struct estimate){mad, mad > 0 ? error * (mad + 2 * fabs(median)) / mad : 0};
}

/* The sketches of the panes and the numbers that are kept, as one sketch. */
static struct value estimated(struct series_space *space, const struct rule_aggregate *aggregate,
			      const struct rows_window *window, struct series_panes panes,
			      estimate_function estimate, struct series_told *told)
{
	struct quantile *sketch = NULL;
	struct weighed at[QUANTILE_BUCKETS];
	struct estimate answer;
	bool whole = true;
	double total = 0;
	const struct rows_pane *pane;

	while ((pane = series_next(&panes)))
		whole &= quantile_merge(space, &sketch, pane->sum);
	for (size_t i = 0; i < window->len; i++)
		whole &= quantile_add(space, &sketch, window->row[i], 1);
	for (uint32_t i = 0; sketch && i < sketch->len; i++) {
		at[i] = (struct weighed){quantile_number(sketch, i), sketch->bucket[i].count};
		total += at[i].count;
	}
	if (!sketch)
		return nothing;
	answer = estimate(aggregate, at, sketch->len, total, quantile_error(sketch));
	if (whole && !window->lost)
		told->error = answer.error;
	quantile_free(space, sketch);
	return value_finite(answer.number);
}

static struct value numbers_value(struct series_space *space,
				  const struct rule_aggregate *aggregate, void *cell,
				  struct series_panes panes, estimate_function estimate,
				  struct series_told *told)
{
	struct rows_window window = rows_window(space, &numbers_kind, cell, panes);

	told->estimated = window.lost || window.summed;
	if (!window.row)
		return nothing;
	if (window.summed)
		return estimated(space, aggregate, &window, panes, estimate, told);
	return rank_numbers(aggregate, window.row, window.len);
}

static struct value median_value(struct series_space *space, const struct rule_aggregate *aggregate,
				 void *cell, struct series_panes panes, struct series_told *told)
{
	return numbers_value(space, aggregate, cell, panes, estimate_median, told);
}

static struct value mad_value(struct series_space *space, const struct rule_aggregate *aggregate,
			      void *cell, struct series_panes panes, struct series_told *told)
{
	return numbers_value(space, aggregate, cell, panes, estimate_mad, told);
}

static struct value percentile_value(struct series_space *space,
				     const struct rule_aggregate *aggregate, void *cell,
				     struct series_panes panes, struct series_told *told)
{
	return numbers_value(space, aggregate, cell, panes, estimate_percentile, told);
}

#define NUMBERS_SERIES(value)                                                                      \
	{                                                                                          \
		sizeof(struct rows), sizeof(struct rows_pane), numbers_add, numbers_expire,        \
			numbers_free, value, numbers_save, numbers_load                            \
	}

const struct series_ops median_series = NUMBERS_SERIES(median_value);
const struct series_ops mad_series = NUMBERS_SERIES(mad_value);
const struct series_ops percentile_series = NUMBERS_SERIES(percentile_value);
