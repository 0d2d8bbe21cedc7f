/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/window.h"

/*
 * Looks back over [t - timespan, t] from each event at t, both ends in. A pane is one moment; of a
 * key with more than SLIDING_PANES moments, new panes are a share of the timespan wide, and its
 * values say that they are estimated.
 */

#define SLIDING_PANES 1024

static weir_time pane_for(const struct window *window, struct key *key, weir_time time)
{
	weir_time width = window->spec->timespan / SLIDING_PANES;
	weir_time newest = cell_newest(&window->plan, &key->cell);

	if (cell_panes(&key->cell) < SLIDING_PANES) {
		key->coarse &= cell_panes(&key->cell) > 0;
		return time;
	}
	if (time - newest >= width || time == newest)
		return time;
	key->coarse = true;
	return newest;
}

static int truth(struct window *window, struct key *key, struct judged *judged)
{
	struct moment moment = {.cursor = CURSOR_CLOSE};

	judge(window, key, &moment, judged);
	return judged_truth(judged, false);
}

/* Since the key's last event evidence aged out, moment by moment: the condition may have been
 * false in between. */
static void age(struct window *window, struct key *key, weir_time from)
{
	struct judged judged;
	weir_time oldest;

	while (key->holds && cell_panes(&key->cell) &&
	       (oldest = cell_oldest(&window->plan, &key->cell)) < from) {
		window_trim(window, key, oldest + 1);
		key->holds = cell_panes(&key->cell) && truth(window, key, &judged) == 1;
	}
	window_trim(window, key, from);
	window_seek(window, key, CURSOR_CLOSE, from);
}

static void sliding_event(struct window *window, struct key *key, const struct event *event)
{
	struct moment moment = {
		.cursor = CURSOR_CLOSE, .end = event->time, .time = event->time, .event = event};
	struct judged judged;

	age(window, key, event->time - window->spec->timespan);
	window_add(window, key, event, pane_for(window, key, event->time));
	if (truth(window, key, &judged) != 1) {
		key->holds = false;
		return;
	}
	cell_first(&window->plan, &key->cell, CURSOR_CLOSE, &moment.start);
	say(window, key, &moment, &judged);
	fired_forget(window, key, event->time);
	key->holds = true;
}

static void sliding_forget(struct window *window, struct key *key)
{
	(void)window;
	key->holds = false;
	key->coarse = false;
}

const struct window_ops sliding_ops = {
	.event = sliding_event,
	.forget = sliding_forget,
};
