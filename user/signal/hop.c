/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "signal/window.h"

/*
 * Windows that start at multiples of `every`. Panes are `every` wide. Events only ever make true
 * the oldest windows that hold them first (each window holds all that a later one holds, as far
 * as time has come), so one cursor stands at the oldest window that is not true yet, and moves on
 * when that one becomes true.
 */

/* Keys whose next window ends at the same time. */
struct hop_slot {
	uint32_t oldest, newest;
};

static size_t slot_of(const struct window *window, weir_time end)
{
	weir_time slot = end / window->spec->every % (weir_time)window->ring_len;

	return (size_t)(slot < 0 ? slot + (weir_time)window->ring_len : slot);
}

static int hop_open(struct window *window)
{
	window->ring_len = (size_t)(window->spec->timespan / window->spec->every) + 2;
	window->ring = calloc(window->ring_len, sizeof(*window->ring));
	return window->ring ? 0 : -ENOMEM;
}

static void hop_close(struct window *window)
{
	free(window->ring);
	free(window->sorted);
}

static void unschedule(struct window *window, struct key *key)
{
	struct key *older, *newer;
	struct hop_slot *slot;

	if (key->close_at == TIME_NEVER)
		return;
	slot = &window->ring[slot_of(window, key->close_at)];
	older = key_at(&window->keys, key->ring_older);
	newer = key_at(&window->keys, key->ring_newer);
	*(older ? &older->ring_newer : &slot->oldest) = key->ring_newer;
	*(newer ? &newer->ring_older : &slot->newest) = key->ring_older;
	key->close_at = TIME_NEVER;
}

static void schedule(struct window *window, struct key *key, weir_time end)
{
	struct hop_slot *slot = &window->ring[slot_of(window, end)];
	struct key *newest = key_at(&window->keys, slot->newest);

	key->close_at = end;
	key->ring_older = slot->newest;
	key->ring_newer = ROSTER_NONE;
	*(newest ? &newest->ring_newer : &slot->oldest) = key->number;
	slot->newest = key->number;
	if (end < window->due)
		window->due = end;
}

/* The next window of the key that must be looked at when it closes, after the one that ended at
 * `end`. Nothing is left behind that costs time later. */
static void schedule_next(struct window *window, struct key *key, weir_time end)
{
	weir_time start = end + window->spec->every - window->spec->timespan;

	if (cell_newest(&window->plan, &key->cell) >= start &&
	    (window->waits || start <= key->true_until)) {
		schedule(window, key, end + window->spec->every);
		return;
	}
	window_unused(window, key, CURSOR_CLOSE);
}

/* Windows from the cursor's on become true while the condition says so; the first one fires. */
static void fire_early(struct window *window, struct key *key, const struct event *event,
		       weir_time pane)
{
	const weir_time *start = &key->cell.start[CURSOR_EARLY];
	const struct rule_window *spec = window->spec;
	bool said = false;

	while (*start <= pane) {
		struct moment moment = {.cursor = CURSOR_EARLY,
					.start = *start,
					.end = *start + spec->timespan,
					.time = event->time,
					.event = event,
					.early = true};
		struct judged judged;

		if (!window_fires(window, key))
			return;
		key->true_until = *start;
		if (!said) {
			teach_gap(window, key, time_floor(event->time, spec->timespan));
			judge(window, key, &moment, &judged);
			say(window, key, &moment, &judged);
			said = true;
		}
		if (key->close_at == TIME_NEVER)
			schedule(window, key, moment.end);
		window_seek(window, key, CURSOR_EARLY, *start + spec->every);
	}
}

/* Events come in order: most are in the pane of the one before, and a division is saved. */
static weir_time pane_of(struct window *window, weir_time time)
{
	if (time < window->pane || time - window->pane >= window->spec->every)
		window->pane = time_floor(time, window->spec->every);
	return window->pane;
}

static void hop_event(struct window *window, struct key *key, const struct event *event)
{
	const struct rule_window *spec = window->spec;
	weir_time pane = pane_of(window, event->time);
	weir_time first = pane - spec->timespan + spec->every;

	window_trim(window, key, first);
	if (window->early)
		window_seek(window, key, CURSOR_EARLY, first);
	window_add(window, key, event, pane);
	teach_begin(window, key, event->time);
	if (window->waits && key->close_at == TIME_NEVER)
		schedule(window, key, first + spec->timespan);
	if (window->early)
		fire_early(window, key, event, pane);
}

/*
 * What can only grow within a window is too little, so that the condition is false whatever else
 * is: and so it is in all later windows as long as no event comes, since they hold less.
 */
static bool hopeless(struct window *window, struct key *key)
{
	struct value values[RULE_COMPUTE_MAX];
	struct expr_env env = {.computed = values};

	if (!window->bounds_len || window->scoreds)
		return false;
	for (unsigned i = 0; i < window->plan.len; i++)
		values[i] = window->grows[i] && window->outer[i] < 0
				    ? cell_value(&window->plan, &key->cell, CURSOR_CLOSE, i)
				    : (struct value){.type = VALUE_NULL};
	return expr_truth_early(window->spec->having, &env, window->grows) == 0;
}

static void close_window(struct window *window, struct key *key, weir_time end)
{
	weir_time start = end - window->spec->timespan;
	struct moment moment = {.cursor = CURSOR_CLOSE,
				.start = start,
				.end = end,
				.time = key->last,
				.final = start <= key->true_until};
	bool aligned = start == time_floor(start, window->spec->timespan), flagged;
	struct judged judged;

	unschedule(window, key);
	window_seek(window, key, CURSOR_CLOSE, start);
	if (!moment.final && hopeless(window, key)) {
		fired_forget(window, key, end);
		window_unused(window, key, CURSOR_CLOSE);
		return;
	}
	teach_gap(window, key, aligned ? start : time_floor(end, window->spec->timespan));
	judge(window, key, &moment, &judged);
	flagged = moment.final || judged_truth(&judged, window->shop->ended) == 1;
	if (flagged)
		say(window, key, &moment, &judged);
	if (window->scoreds && aligned)
		teach(window, key, &judged, start, flagged);
	fired_forget(window, key, end);
	schedule_next(window, key, end);
}

static int by_creation(const void *a, const void *b)
{
	const struct key *x = *(struct key *const *)a, *y = *(struct key *const *)b;

	return (x->created > y->created) - (x->created < y->created);
}

/* The slot's keys in order of creation; how many. Without memory: one at a time. */
static size_t sort_slot(struct window *window, const struct hop_slot *slot)
{
	const struct key_store *keys = &window->keys;
	size_t len = 0;

	for (uint32_t k = slot->oldest; k; k = key_at(keys, k)->ring_newer)
		len++;
	if (len > window->sorted_cap) {
		struct key **sorted = realloc(window->sorted, len * 2 * sizeof(*sorted));

		if (sorted) {
			window->sorted = sorted;
			window->sorted_cap = len * 2;
		} else if (!window->sorted_cap) {
			return 0;
		} else {
			len = window->sorted_cap;
		}
	}
	len = 0;
	for (uint32_t k = slot->oldest; k && len < window->sorted_cap;
	     k = key_at(keys, k)->ring_newer)
		window->sorted[len++] = key_at(keys, k);
	for (size_t i = 1; i < len; i++) {
		if (window->sorted[i - 1]->created > window->sorted[i]->created) {
			qsort(window->sorted, len, sizeof(*window->sorted), by_creation);
			break;
		}
	}
	return len;
}

/* The slot of the next end after `end` that has keys. */
static weir_time next_due(const struct window *window, weir_time end)
{
	for (size_t i = 0; i < window->ring_len; i++, end += window->spec->every) {
		const struct hop_slot *slot = &window->ring[slot_of(window, end)];

		if (slot->oldest)
			return key_at(&window->keys, slot->oldest)->close_at;
	}
	return TIME_NEVER;
}

static void hop_timer(struct window *window)
{
	weir_time end = window->due;
	const struct hop_slot *slot = &window->ring[slot_of(window, end)];
	size_t len;

	while (slot->oldest && (len = sort_slot(window, slot)))
		for (size_t i = 0; i < len; i++)
			close_window(window, window->sorted[i], end);
	window->due = next_due(window, end + window->spec->every);
}

static bool hop_schedule(struct window *window, struct key *key, weir_time end)
{
	schedule(window, key, end);
	return true;
}

const struct window_ops hop_ops = {
	.open = hop_open,
	.close = hop_close,
	.event = hop_event,
	.timer = hop_timer,
	.forget = unschedule,
	.schedule = hop_schedule,
};
