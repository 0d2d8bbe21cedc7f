/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/plan.h"

#include "signal/cell.h"

static void item_place(struct plan *plan, struct plan_item *item)
{
	const struct aggregate_ops *ops = item->ops;

	if (ops->set)
		item->set = (int)plan->sets++;
	if (ops->words) {
		item->plain = (int)plan->words;
		plan->words += ops->words;
	}
	if (!ops->series)
		return;
	item->in_pane = (int)plan->pane_series;
	item->in_cell = (int)plan->cell_series;
	plan->pane_series += ops->series->pane_size;
	plan->cell_series += ops->series->cell_size;
}

void plan_init(struct plan *plan, const struct rule_aggregate *list, unsigned len,
	       struct distinct_space *space, struct series_space *series)
{
	*plan = (struct plan){.len = len, .space = space, .series = series};
	for (unsigned i = 0; i < len; i++) {
		struct plan_item *item = &plan->item[i];

		*item = (struct plan_item){&list[i], &aggregate_table[list[i].kind], -1, -1, -1,
					   -1};
		plan->where |= list[i].where != NULL && list[i].per < 0;
		if (list[i].per < 0)
			item_place(plan, item);
	}
	plan->front_size = CURSORS * plan->words * sizeof(double);
	plan->pane_size = sizeof(struct pane) + plan->words * sizeof(double) +
			  plan->sets * sizeof(struct distinct_pane) + plan->pane_series +
			  plan->front_size;
	plan->cell_size = sizeof(struct cell) +
			  CURSORS * plan->sets * sizeof(struct distinct_cursor) +
			  plan->sets * sizeof(struct distinct) + plan->cell_series +
			  plan->pane_size - plan->front_size;
}
