/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "signal/window.h"

/*
 * A session goes on while events of its key are at most `gap` apart, and for less than `timespan`
 * from its first event. One pane holds it all. When it may close is known only from its last
 * event: a heap holds each key at a time that is never too late, and a key that is found too early
 * is put back.
 */

static bool before(const struct key *a, const struct key *b)
{
	return a->close_at != b->close_at ? a->close_at < b->close_at : a->created < b->created;
}

static void put(struct window *window, struct key *key, uint32_t at)
{
	window->heap[at] = key;
	key->heap_at = at;
}

static void sift_up(struct window *window, struct key *key, uint32_t at)
{
	for (; at && before(key, window->heap[(at - 1) / 2]); at = (at - 1) / 2)
		put(window, window->heap[(at - 1) / 2], at);
	put(window, key, at);
}

static void sift_down(struct window *window, struct key *key, uint32_t at)
{
	uint32_t kid;

	while ((kid = at * 2 + 1) < window->heap_len) {
		if (kid + 1 < window->heap_len && before(window->heap[kid + 1], window->heap[kid]))
			kid++;
		if (!before(window->heap[kid], key))
			break;
		put(window, window->heap[kid], at);
		at = kid;
	}
	put(window, key, at);
}

static void set_due(struct window *window)
{
	window->due = window->heap_len ? window->heap[0]->close_at : TIME_NEVER;
}

static void unschedule(struct window *window, struct key *key)
{
	struct key *last;
	uint32_t at = key->heap_at;

	if (key->close_at == TIME_NEVER)
		return;
	key->close_at = TIME_NEVER;
	last = window->heap[--window->heap_len];
	if (last == key)
		return;
	sift_up(window, last, at);
	sift_down(window, last, last->heap_at);
}

/* False without memory: the session closes with the next one, or never. */
static bool schedule(struct window *window, struct key *key, weir_time at)
{
	if (window->heap_len == window->heap_cap) {
		uint32_t cap = window->heap_cap ? window->heap_cap * 2 : 64;
		struct key **heap = realloc(window->heap, cap * sizeof(*heap));

		if (!heap)
			return false;
		window->heap = heap;
		window->heap_cap = cap;
	}
	key->close_at = at;
	sift_up(window, key, window->heap_len++);
	set_due(window);
	return true;
}

/* The first moment at which no event can belong to the session any more. */
static weir_time end_of(const struct window *window, const struct key *key)
{
	weir_time quiet = key->last + window->spec->gap + 1;
	weir_time longest = cell_oldest(&window->plan, &key->cell) + window->spec->timespan;

	return quiet < longest ? quiet : longest;
}

static void session_event(struct window *window, struct key *key, const struct event *event)
{
	struct moment moment = {.cursor = CURSOR_EARLY, .time = event->time, .event = event};
	struct judged judged;

	if (key->close_at == TIME_NEVER) {
		window_trim(window, key, event->time);
		window_seek(window, key, CURSOR_EARLY, event->time);
	}
	moment.start = key->cell.start[CURSOR_EARLY];
	window_add(window, key, event, moment.start);
	if (key->close_at == TIME_NEVER && !schedule(window, key, end_of(window, key)))
		return;
	moment.end = event->time;
	if (!window->early || key->true_until >= moment.start)
		return;
	if (!window_fires(window, key))
		return;
	moment.early = true;
	key->true_until = moment.start;
	judge(window, key, &moment, &judged);
	say(window, key, &moment, &judged);
}

static void close_session(struct window *window, struct key *key)
{
	struct moment moment = {.cursor = CURSOR_EARLY,
				.start = key->cell.start[CURSOR_EARLY],
				.end = key->last,
				.time = key->last};
	struct judged judged;

	moment.final = key->true_until >= moment.start;
	judge(window, key, &moment, &judged);
	if (moment.final || judged_truth(&judged, window->shop->ended) == 1)
		say(window, key, &moment, &judged);
	fired_forget(window, key, key->last);
	window_unused(window, key, CURSOR_EARLY);
	window_trim(window, key, key->last + 1);
}

static void session_timer(struct window *window)
{
	struct key *key;

	while (window->heap_len && (key = window->heap[0])->close_at <= window->due) {
		weir_time end = end_of(window, key);

		if (end > key->close_at) {
			key->close_at = end;
			sift_down(window, key, 0);
			continue;
		}
		unschedule(window, key);
		close_session(window, key);
	}
	set_due(window);
}

static void session_close(struct window *window)
{
	free(window->heap);
}

const struct window_ops session_ops = {
	.close = session_close,
	.event = session_event,
	.timer = session_timer,
	.forget = unschedule,
	.schedule = schedule,
};
