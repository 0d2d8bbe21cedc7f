/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>

#include "signal/cell_save.h"
#include "signal/rank.h"
#include "signal/window_save.h"

/*
 * Inner groups of a window (`per`). Each has a cell like its key's. Values over groups that can
 * only grow are kept up to date for the early cursor, a group's contribution at a time; all others
 * are computed over all groups when a window closes or something is said.
 */

struct group_name {
	uint64_t owner; /* number of the key: names it while it lives */
	struct item item;
};

/* What the group adds to a value over groups, of the early cursor's window. */
struct contribution {
	double number;
	bool counted;
};

struct group {
	struct group_name name; /* in window->groups[per] */
	struct group *older, *newer;
	struct contribution *contribution; /* [outers] */
	struct cell cell;		   /* last: its rows follow */
};

static size_t group_size(const struct window *window, unsigned per)
{
	return offsetof(struct group, cell) + window->per_plan[per].cell_size +
	       window->outers * sizeof(struct contribution);
}

static void list_remove(struct group_list *list, struct group *group)
{
	*(group->older ? &group->older->newer : &list->oldest) = group->newer;
	*(group->newer ? &group->newer->older : &list->newest) = group->older;
	list->len--;
}

static void list_add(struct group_list *list, struct group *group)
{
	group->older = list->newest;
	group->newer = NULL;
	*(list->newest ? &list->newest->newer : &list->oldest) = group;
	list->newest = group;
	list->len++;
}

static void drop(struct window *window, struct key *key, unsigned per, struct group *group)
{
	list_remove(&key_groups(window, key)[per], group);
	table_remove(&window->groups[per], group);
	cell_free(&window->per_plan[per], &group->cell);
	pool_put(&window->pool, group, group_size(window, per));
}

static struct group *group_new(struct window *window, struct key *key, unsigned per,
			       const struct group_name *name)
{
	const struct plan *plan = &window->per_plan[per];
	struct group *group;

	if (key_groups(window, key)[per].len >= window->spec->per[per].max_groups)
		return NULL;
	group = pool_get(&window->pool, group_size(window, per));
	if (!group)
		return NULL;
	group->name = *name;
	group->contribution = (struct contribution *)((char *)&group->cell + plan->cell_size);
	if (table_insert(&window->groups[per], group)) {
		pool_put(&window->pool, group, group_size(window, per));
		return NULL;
	}
	cell_init(plan, &group->cell);
	for (unsigned c = 0; c < CURSORS; c++)
		group->cell.start[c] = key->cell.start[c];
	list_add(&key_groups(window, key)[per], group);
	return group;
}

/* The number that the group has for a value over groups; false: none, or left out by `where`. */
static bool contributes(struct window *window, struct group *group, enum cell_cursor which,
			const struct rule_aggregate *outer, double *number)
{
	const struct plan *plan = &window->per_plan[outer->per];
	struct value values[RULE_COMPUTE_MAX];
	struct expr_env env = {.computed = values};
	weir_time first;

	if (!cell_first(plan, &group->cell, which, &first))
		return false;
	for (unsigned i = 0; i < plan->len; i++)
		if (outer->where || (int)i == outer->inner)
			values[i] = cell_value(plan, &group->cell, which, i);
	if (outer->where && expr_truth(outer->where, &env) != 1)
		return false;
	*number = 1;
	if (outer->inner < 0)
		return true;
	*number = values[outer->inner].number;
	return values[outer->inner].type == VALUE_NUMBER;
}

/*
 * The group's contribution replaces what it contributed before. Only for values that can only
 * grow, so a greatest value needs no memory of the second greatest.
 */
static void contribute(struct window *window, struct key *key, struct group *group,
		       unsigned computed)
{
	const struct rule_aggregate *outer = &window->spec->compute[computed];
	double *sum = key_outer(window, key) + window->outer[computed] * AGGREGATE_WORDS_MAX;
	struct contribution *old = &group->contribution[window->outer[computed]];
	double number;

	if (!contributes(window, group, CURSOR_EARLY, outer, &number))
		return;
	if (outer->kind == AGGREGATE_MAX || outer->kind == AGGREGATE_MIN) {
		aggregate_table[outer->kind].add(sum, number);
		return;
	}
	if (old->counted) {
		sum[0] -= old->number;
		sum[1] -= sum[1] > 0;
	}
	aggregate_table[outer->kind].add(sum, number);
	*old = (struct contribution){.number = number, .counted = true};
}

static void contribute_all(struct window *window, struct key *key, struct group *group, int per)
{
	for (unsigned i = 0; i < window->spec->compute_len; i++)
		if (window->outer[i] >= 0 && window->grows[i] &&
		    window->spec->compute[i].per == per)
			contribute(window, key, group, i);
}

static void group_event(struct window *window, struct key *key, unsigned per,
			const struct event *event, weir_time pane)
{
	const struct plan *plan = &window->per_plan[per];
	struct group_name name = {.owner = key->created};
	struct group *group;
	weir_time first;

	if (!tuple_item(&window->shop->buffer, event, &window->spec->per[per].by, false,
			&name.item))
		return;
	group = table_find(&window->groups[per], &name);
	if (group) {
		list_remove(&key_groups(window, key)[per], group);
		list_add(&key_groups(window, key)[per], group);
	} else {
		group = group_new(window, key, per, &name);
	}
	if (!group || cell_pane(plan, &group->cell, pane, event->time)) {
		key_groups(window, key)[per].overflow = event->time;
		window->overflowed++;
		return;
	}
	cell_add(plan, &group->cell, &window->env);
	if (cell_first(&window->plan, &key->cell, CURSOR_EARLY, &first))
		contribute_all(window, key, group, (int)per);
}

void groups_add(struct window *window, struct key *key, const struct event *event, weir_time pane)
{
	for (unsigned per = 0; per < window->spec->per_len; per++)
		group_event(window, key, per, event, pane);
}

void groups_seek(struct window *window, struct key *key, enum cell_cursor which, weir_time start)
{
	bool early = which == CURSOR_EARLY;

	if (early && window->outers)
		memset(key_outer(window, key), 0,
		       window->outers * AGGREGATE_WORDS_MAX * sizeof(double));
	for (unsigned per = 0; per < window->spec->per_len; per++) {
		for (struct group *group = key_groups(window, key)[per].oldest; group;
		     group = group->newer) {
			cell_seek(&window->per_plan[per], &group->cell, which, start);
			if (!early)
				continue;
			memset(group->contribution, 0,
			       window->outers * sizeof(*group->contribution));
			contribute_all(window, key, group, (int)per);
		}
	}
}

void groups_trim(struct window *window, struct key *key, weir_time start)
{
	for (unsigned per = 0; per < window->spec->per_len; per++) {
		struct group_list *list = &key_groups(window, key)[per];

		while (list->oldest &&
		       cell_newest(&window->per_plan[per], &list->oldest->cell) < start)
			drop(window, key, per, list->oldest);
		for (struct group *group = list->oldest; group; group = group->newer)
			cell_trim(&window->per_plan[per], &group->cell, start);
	}
}

void groups_unused(struct window *window, struct key *key, enum cell_cursor which)
{
	for (unsigned per = 0; per < window->spec->per_len; per++)
		for (struct group *group = key_groups(window, key)[per].oldest; group;
		     group = group->newer)
			cell_unused(&window->per_plan[per], &group->cell, which);
}

void groups_free(struct window *window, struct key *key)
{
	for (unsigned per = 0; per < window->spec->per_len; per++)
		while (key_groups(window, key)[per].oldest)
			drop(window, key, per, key_groups(window, key)[per].oldest);
}

struct value groups_value(struct window *window, struct key *key, enum cell_cursor which,
			  unsigned computed)
{
	const struct rule_aggregate *outer = &window->spec->compute[computed];
	const struct aggregate_ops *ops = &aggregate_table[outer->kind];
	const struct group_list *list = &key_groups(window, key)[outer->per];
	double number, words[AGGREGATE_WORDS_MAX] = {0}, *numbers = NULL;
	size_t len = 0;

	if (!ops->words) {
		numbers = tuple_buffer_numbers(&window->shop->numbers, list->len + 1);
		if (!numbers)
			return (struct value){.type = VALUE_NULL};
	}
	for (struct group *group = list->oldest; group; group = group->newer) {
		if (!contributes(window, group, which, outer, &number))
			continue;
		if (ops->words)
			ops->add(words, number);
		else
			numbers[len++] = number;
	}
	return ops->words ? ops->value(words) : rank_numbers(outer, numbers, len);
}

/* Whether a group's value that the outer one reads is an estimate itself. */
bool groups_estimated(const struct window *window, struct key *key, enum cell_cursor which,
		      unsigned computed)
{
	const struct rule_aggregate *outer = &window->spec->compute[computed];
	const struct plan *plan = &window->per_plan[outer->per];
	const struct group_list *list = &key_groups(window, key)[outer->per];

	for (unsigned i = 0; i < plan->len; i++) {
		if ((int)i != outer->inner && !(outer->where && expr_reads(outer->where, (int)i)))
			continue;
		for (struct group *group = list->oldest; group; group = group->newer)
			if (cell_told(plan, &group->cell, which, i).estimated)
				return true;
	}
	return false;
}

void groups_save(const struct window *window, const struct key *key, struct state_writer *w)
{
	for (unsigned per = 0; per < window->spec->per_len; per++) {
		const struct group_list *list = &key_groups(window, key)[per];

		state_put_int(w, list->overflow);
		for (const struct group *group = list->oldest; group; group = group->newer) {
			state_put_uint(w, 1);
			item_save(w, &group->name.item);
			cell_save(&window->per_plan[per], &group->cell, w);
		}
		state_put_uint(w, 0);
	}
}

static int group_load(struct window *window, struct key *key, unsigned per, struct state_reader *r)
{
	struct group_name name = {.owner = key->created};
	weir_time start[CURSORS];
	struct group *group;

	item_load(r, &name.item);
	if (r->bad || table_find(&window->groups[per], &name)) {
		r->bad = true;
		return 0;
	}
	group = group_new(window, key, per, &name);
	/* The key's cursors say where its groups' stand. */
	return group ? cell_load(&window->per_plan[per], &group->cell, r, start) : -ENOMEM;
}

int groups_load(struct window *window, struct key *key, struct state_reader *r)
{
	int err = 0;

	for (unsigned per = 0; per < window->spec->per_len && !err && !r->bad; per++) {
		key_groups(window, key)[per].overflow = state_get_timer(r);
		while (!err && state_get_bool(r))
			err = group_load(window, key, per, r);
	}
	return err;
}
