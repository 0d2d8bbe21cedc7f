/* SPDX-License-Identifier: Apache-2.0 */
#include "model/usual.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define WEEK	    (7 * WEIR_DAY)
#define SINCE_MOST  (INT64_MAX / 4) /* so that times can be taken from it */
#define SEEN_OFTEN  3		    /* as many windows as this many of its hours have */
#define WALKED_MOST 100000	    /* windows of a gap that are looked at one by one */

static size_t hour_of(weir_time start, size_t hours)
{
	weir_time hour = time_floor(start, WEIR_HOUR) / WEIR_HOUR % (weir_time)hours;

	return (size_t)(hour < 0 ? hour + (weir_time)hours : hour);
}

void usual_begin(struct usual *usual)
{
	*usual = (struct usual){.since = TIME_NONE};
}

void usual_free(struct usual *usual, const struct usual_memory *memory)
{
	if (usual->day)
		memory->put(memory->context, usual->day, USUAL_DAY);
	if (usual->week)
		memory->put(memory->context, usual->week, USUAL_WEEK);
	usual_begin(usual);
}

/* Whether a line of one hour has learned from enough windows to be held against. */
static bool counts(const struct baseline *line, const struct rule_window *rule)
{
	double an_hour = fmax(1, (double)WEIR_HOUR / (double)rule->timespan);

	return line->windows >= fmax(rule->baseline.warmup, SEEN_OFTEN * an_hour);
}

struct baseline_now usual_now(const struct usual *usual, const struct rule_window *rule,
			      weir_time start)
{
	const struct baseline *line = &usual->all;

	if (usual->day && counts(&usual->day[hour_of(start, USUAL_DAY)], rule))
		line = &usual->day[hour_of(start, USUAL_DAY)];
	if (usual->week && counts(&usual->week[hour_of(start, USUAL_WEEK)], rule))
		line = &usual->week[hour_of(start, USUAL_WEEK)];
	return baseline_now(line, &rule->baseline);
}

/* How many of the windows start in each hour of the week, where hours hold whole windows. */
static void count_hours(weir_time start, weir_time timespan, uint64_t windows,
			uint64_t count[USUAL_WEEK])
{
	uint64_t an_hour = (uint64_t)(WEIR_HOUR / timespan);
	uint64_t weeks = windows / (an_hour * USUAL_WEEK);

	for (size_t hour = 0; hour < USUAL_WEEK; hour++)
		count[hour] = weeks * an_hour;
	for (windows -= weeks * an_hour * USUAL_WEEK; windows;) {
		weir_time end = time_floor(start, WEIR_HOUR) + WEIR_HOUR;
		uint64_t some = (uint64_t)((end - start + timespan - 1) / timespan);

		some = some < windows ? some : windows;
		count[hour_of(start, USUAL_WEEK)] += some;
		start += (weir_time)some * timespan;
		windows -= some;
	}
}

/* Else one by one; of a very long gap only the end, since nothing of what was before it shows. */
static void count_windows(weir_time start, weir_time timespan, uint64_t windows,
			  uint64_t count[USUAL_WEEK])
{
	if (windows > WALKED_MOST) {
		start += (weir_time)(windows - WALKED_MOST) * timespan;
		windows = WALKED_MOST;
	}
	for (; windows; windows--, start += timespan)
		count[hour_of(start, USUAL_WEEK)]++;
}

void usual_learn_nothing(struct usual *usual, const struct rule_window *rule, weir_time start,
			 uint64_t windows)
{
	uint64_t count[USUAL_WEEK] = {0}, day[USUAL_DAY] = {0};

	if (usual->since == TIME_NONE)
		usual->since = start;
	baseline_learn_nothing(&usual->all, &rule->baseline, windows);
	if (!usual->day)
		return;
	if (WEIR_HOUR % rule->timespan == 0)
		count_hours(start, rule->timespan, windows, count);
	else
		count_windows(start, rule->timespan, windows, count);
	for (size_t hour = 0; hour < USUAL_WEEK; hour++) {
		day[hour % USUAL_DAY] += count[hour];
		if (usual->week)
			baseline_learn_nothing(&usual->week[hour], &rule->baseline, count[hour]);
	}
	for (size_t hour = 0; hour < USUAL_DAY; hour++)
		baseline_learn_nothing(&usual->day[hour], &rule->baseline, day[hour]);
}

void usual_learn(struct usual *usual, const struct rule_window *rule,
		 const struct usual_memory *memory, weir_time start, double value, bool flagged)
{
	const struct rule_baseline *baseline = &rule->baseline;

	if (usual->since == TIME_NONE)
		usual->since = start;
	if (!usual->day && start - usual->since >= WEIR_DAY)
		usual->day = memory->get(memory->context, USUAL_DAY);
	if (!usual->week && usual->day && start - usual->since >= WEEK)
		usual->week = memory->get(memory->context, USUAL_WEEK);
	baseline_learn(&usual->all, baseline, value, flagged);
	if (usual->day)
		baseline_learn(&usual->day[hour_of(start, USUAL_DAY)], baseline, value, flagged);
	if (usual->week)
		baseline_learn(&usual->week[hour_of(start, USUAL_WEEK)], baseline, value, flagged);
}

static void lines_save(const struct baseline *lines, size_t len, struct state_writer *w)
{
	state_put_uint(w, lines != NULL);
	for (size_t i = 0; lines && i < len; i++) {
		state_put_real(w, lines[i].mean);
		state_put_real(w, lines[i].variance);
		state_put_real(w, lines[i].windows);
	}
}

void usual_save(const struct usual *usual, struct state_writer *w)
{
	state_put_int(w, usual->since);
	lines_save(&usual->all, 1, w);
	lines_save(usual->day, USUAL_DAY, w);
	lines_save(usual->week, USUAL_WEEK, w);
}

static void lines_load(struct baseline *lines, size_t len, struct state_reader *r)
{
	for (size_t i = 0; i < len; i++) {
		lines[i].mean = state_get_real(r);
		lines[i].variance = state_get_real(r);
		lines[i].windows = state_get_real(r);
		r->bad |= !isfinite(lines[i].mean) || !isfinite(lines[i].variance) ||
			  !isfinite(lines[i].windows) || lines[i].variance < 0 ||
			  lines[i].windows < 0;
	}
}

static int lines_new(struct baseline **lines, size_t len, const struct usual_memory *memory,
		     struct state_reader *r)
{
	if (!state_get_bool(r))
		return 0;
	*lines = memory->get(memory->context, len);
	if (!*lines)
		return -ENOMEM;
	lines_load(*lines, len, r);
	return 0;
}

int usual_load(struct usual *usual, const struct usual_memory *memory, struct state_reader *r)
{
	int err;

	usual->since = state_get_int(r);
	r->bad |= usual->since != TIME_NONE && llabs(usual->since) > SINCE_MOST;
	r->bad |= !state_get_bool(r);
	lines_load(&usual->all, 1, r);
	err = lines_new(&usual->day, USUAL_DAY, memory, r);
	return err ? err : lines_new(&usual->week, USUAL_WEEK, memory, r);
}
