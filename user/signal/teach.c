/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/window.h"

/* What the windows of a key teach its baselines. */

static struct baseline *lines_get(void *context, size_t lines)
{
	return series_get(context, lines * sizeof(struct baseline));
}

static void lines_put(void *context, struct baseline *lines, size_t len)
{
	series_put(context, lines, len * sizeof(*lines));
}

struct usual_memory teach_memory(struct window *window)
{
	return (struct usual_memory){lines_get, lines_put, &window->series};
}

void teach_begin(struct window *window, struct key *key, weir_time time)
{
	if (window->scoreds && *key_aligned(window, key) == TIME_NONE)
		*key_aligned(window, key) = time_floor(time, window->spec->timespan);
}

static void learn_nothing(struct window *window, struct key *key, weir_time from, weir_time until)
{
	weir_time timespan = window->spec->timespan;

	for (unsigned i = 0; from < until && i < window->scoreds; i++)
		usual_learn_nothing(&key_baselines(window, key)[i], window->spec, from,
				    (uint64_t)((until - from) / timespan));
}

/*
 * Windows that do not overlap teach. Those without events never close: they are made up for, as
 * zeros, before the next look at the baselines. `until`: start of the first aligned window that has
 * not passed. What happened while nobody watched is not known to be nothing.
 */
void teach_gap(struct window *window, struct key *key, weir_time until)
{
	const struct workshop *shop = window->shop;
	weir_time timespan = window->spec->timespan;
	weir_time *aligned = key_aligned(window, key);

	if (!window->scoreds || until <= *aligned)
		return;
	for (unsigned i = 0; i < shop->absences; i++) {
		weir_time before = time_floor(shop->absence[i].from, timespan);
		weir_time after = time_floor(shop->absence[i].until + timespan - 1, timespan);

		if (after <= *aligned)
			continue;
		learn_nothing(window, key, *aligned, before < until ? before : until);
		*aligned = after;
	}
	learn_nothing(window, key, *aligned, until);
	*aligned = until;
}

/* Whether all of the window was watched. */
static bool watched(const struct window *window, weir_time start)
{
	const struct workshop *shop = window->shop;

	for (unsigned i = 0; i < shop->absences; i++)
		if (start < shop->absence[i].until &&
		    start + window->spec->timespan > shop->absence[i].from)
			return false;
	return true;
}

void teach(struct window *window, struct key *key, const struct judged *judged, weir_time start,
	   bool flagged)
{
	struct usual_memory memory = teach_memory(window);

	for (unsigned i = 0; watched(window, start) && i < window->plan.len; i++)
		if (window->scored[i] >= 0 && judged->values[i].type == VALUE_NUMBER)
			usual_learn(&key_baselines(window, key)[window->scored[i]], window->spec,
				    &memory, start, judged->values[i].number, flagged);
	*key_aligned(window, key) = start + window->spec->timespan;
}

void teach_free(struct window *window, struct key *key)
{
	struct usual_memory memory = teach_memory(window);

	for (unsigned i = 0; i < window->scoreds; i++)
		usual_free(&key_baselines(window, key)[i], &memory);
}
