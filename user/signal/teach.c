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

/*
 * Windows that do not overlap teach. Those without events never close: they are made up for, as
 * zeros, before the next look at the baselines. `until`: start of the first aligned window that has
 * not passed.
 */
void teach_gap(struct window *window, struct key *key, weir_time until)
{
	weir_time timespan = window->spec->timespan;
	weir_time *aligned = key_aligned(window, key);

	if (!window->scoreds || until <= *aligned)
		return;
	for (unsigned i = 0; i < window->scoreds; i++)
		usual_learn_nothing(&key_baselines(window, key)[i], window->spec, *aligned,
				    (uint64_t)((until - *aligned) / timespan));
	*aligned = until;
}

void teach(struct window *window, struct key *key, const struct judged *judged, weir_time start,
	   bool flagged)
{
	struct usual_memory memory = teach_memory(window);

	for (unsigned i = 0; i < window->plan.len; i++)
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
