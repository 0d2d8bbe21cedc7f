/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "signal/identity.h"
#include "signal/window.h"
#include "signal/words.h"

/* A window that is true becomes a signal, or an update of the one that was said before. */

static struct value zscore(void *context, int computed)
{
	const struct judged *judged = context;
	const struct value *value = &judged->values[computed];

	if (value->type != VALUE_NUMBER || judged->window->scored[computed] < 0)
		return (struct value){.type = VALUE_NULL};
	return baseline_zscore(&judged->now[computed], value->number);
}

static struct value usual(void *context, int computed)
{
	const struct judged *judged = context;

	if (judged->window->scored[computed] < 0 || !judged->now[computed].known)
		return (struct value){.type = VALUE_NULL};
	return value_number(judged->now[computed].mean);
}

static struct expr_env env_of(const struct judged *judged)
{
	return (struct expr_env){.computed = judged->values,
				 .zscore = zscore,
				 .baseline = usual,
				 .context = (void *)judged};
}

void judge(struct window *window, struct key *key, const struct moment *moment,
	   struct judged *judged)
{
	judged->window = window;
	for (unsigned i = 0; i < window->plan.len; i++)
		judged->values[i] = window->asked[i] ? window_value(window, key, moment->cursor, i)
						     : (struct value){.type = VALUE_NULL};
	for (unsigned i = 0; window->scoreds && i < window->plan.len; i++)
		if (window->scored[i] >= 0)
			judged->now[i] = usual_now(&key_baselines(window, key)[window->scored[i]],
						   window->spec, moment->start);
}

/* Most windows are not true: what is only shown is computed for those that are. */
static void judge_rest(struct window *window, struct key *key, const struct moment *moment,
		       struct judged *judged)
{
	for (unsigned i = 0; i < window->plan.len; i++)
		if (!window->asked[i])
			judged->values[i] = window_value(window, key, moment->cursor, i);
}

int judged_truth(const struct judged *judged, bool partial)
{
	struct expr_env env = env_of(judged);
	const struct expr *having = judged->window->spec->having;

	return partial ? expr_truth_cut(having, &env) : expr_truth(having, &env);
}

/* The input ended before the window; one that looks back is whole. */
static bool cut_short(const struct window *window)
{
	return window->shop->ended && window->spec->type != WINDOW_SLIDING;
}

static enum severity severity_of(const struct window *window, const struct moment *moment,
				 const struct judged *judged)
{
	struct expr_env env = env_of(judged);

	for (unsigned i = 0; i < window->spec->levels_len; i++) {
		const struct rule_level *level = &window->spec->levels[i];
		int holds = moment->early	? expr_truth_early(level->when, &env, window->grows)
			    : cut_short(window) ? expr_truth_cut(level->when, &env)
						: expr_truth(level->when, &env);

		if (holds == 1)
			return level->severity;
	}
	return window->rule->level;
}

/* Output hears nothing of the key now. */
static bool fired_quiet(const struct window *window, const struct key *key, weir_time now)
{
	weir_time suppress = window->spec->suppress;

	if (!key->fired)
		return false;
	if (suppress != SUPPRESS_WHILE_TRUE)
		return now - key->fired->said < suppress;
	return window->spec->type == WINDOW_SLIDING
		       ? key->holds
		       : now - key->fired->said < window->spec->timespan;
}

void fired_free(struct window *window, struct key *key)
{
	while (key->fired) {
		struct fired *older = key->fired->older;

		pool_put(&window->pool, key->fired, sizeof(*key->fired));
		key->fired = older;
	}
}

void fired_forget(struct window *window, struct key *key, weir_time closed)
{
	struct fired **at = key->fired ? &key->fired->older : NULL;

	while (at && *at) {
		struct fired *fired = *at;

		if (fired->window_end > closed) {
			at = &fired->older;
			continue;
		}
		*at = fired->older;
		pool_put(&window->pool, fired, sizeof(*fired));
	}
}

static struct fired *fired_new(struct window *window, struct key *key, const struct moment *moment,
			       weir_time first)
{
	struct fired *fired = pool_get(&window->pool, sizeof(*fired));
	const struct field_list *group_by = &window->spec->group_by;
	const char *names[RULE_FIELDS_MAX];
	struct value values[RULE_FIELDS_MAX];
	char start[32];

	if (!fired)
		return NULL;
	for (unsigned i = 0; i < group_by->len; i++)
		names[i] = field_table[group_by->at[i]].name;
	snprintf(start, sizeof(start), "%" PRId64, moment->start);
	key_values(&window->keys, key, values);
	if (identity_make(&window->shop->arena,
			  &(struct identity){window->rule, window->rule->id, names, group_by->at,
					     values, group_by->len, start},
			  fired->id)) {
		pool_put(&window->pool, fired, sizeof(*fired));
		return NULL;
	}
	fired->window = moment->start;
	fired->window_end = moment->end;
	fired->first = first;
	fired->said = moment->time;
	fired->older = key->fired;
	key->fired = fired;
	return fired;
}

/* The signal that the window belongs to, and whether it is said aloud. NULL: none. */
static struct fired *fired_of(struct window *window, struct key *key, const struct moment *moment,
			      struct signal *signal)
{
	struct fired *fired = key->fired;
	weir_time first = moment->time;

	signal->update = true;
	if (moment->final) {
		while (fired && fired->window != moment->start)
			fired = fired->older;
		signal->silent = !fired;
		return fired ? fired : key->fired;
	}
	if (fired_quiet(window, key, moment->time)) {
		window->suppressed++;
		window->shop->stats.suppressed++;
		signal->silent = true;
		return fired;
	}
	window->fired++;
	window->shop->stats.signals++;
	signal->update = false;
	cell_first(&window->plan, &key->cell, moment->cursor, &first);
	return fired_new(window, key, moment, first);
}

/* Whether the i-th value may be too small or is estimated. */
static struct series_told told_of(const struct window *window, struct key *key,
				  const struct moment *moment, unsigned i)
{
	const struct rule_aggregate *aggregate = &window->spec->compute[i];
	struct series_told told = {0};

	if (key->short_of || key->coarse)
		return (struct series_told){.estimated = true};
	if (aggregate->per < 0)
		return cell_told(&window->plan, &key->cell, moment->cursor, i);
	told.estimated = (key_groups(window, key)[aggregate->per].overflow != TIME_NONE &&
			  key_groups(window, key)[aggregate->per].overflow >= moment->start) ||
			 groups_estimated(window, key, moment->cursor, i);
	return told;
}

static int put_values(struct window *window, struct key *key, const struct moment *moment,
		      const struct judged *judged, struct signal *signal)
{
	unsigned len = window->plan.len;
	struct signal_value *values =
		arena_alloc(&window->shop->arena, (len + 1) * sizeof(*values));

	if (!values)
		return -ENOMEM;
	for (unsigned i = 0; i < len; i++) {
		const struct baseline_now *now = &judged->now[i];
		struct series_told told = told_of(window, key, moment, i);

		values[i] = (struct signal_value){.name = window->spec->compute[i].name,
						  .value = judged->values[i],
						  .unit = window->spec->compute[i].unit,
						  .threshold = window->threshold[i],
						  .estimated = told.estimated,
						  .error = told.error};
		if (window->scored[i] < 0 || !now->known || values[i].value.type != VALUE_NUMBER)
			continue;
		values[i].scored = true;
		values[i].mean = now->mean;
		values[i].deviation = now->deviation;
		values[i].zscore = baseline_zscore(now, values[i].value.number).number;
	}
	signal->values = values;
	signal->values_len = len;
	return 0;
}

static int put_sets(struct window *window, struct key *key, const struct moment *moment,
		    struct signal *signal)
{
	struct signal_set *sets =
		arena_alloc(&window->shop->arena, (window->plan.len + 1) * sizeof(*sets));

	if (!sets)
		return -ENOMEM;
	for (unsigned i = 0; i < window->plan.len; i++) {
		const struct plan_item *item = &window->plan.item[i];

		if (item->set < 0 || item->aggregate->kind != AGGREGATE_VALUES)
			continue;
		if (cell_values(&window->plan, &key->cell, moment->cursor, i, &window->shop->arena,
				&sets[signal->sets_len]))
			return -ENOMEM;
		sets[signal->sets_len++].whole &= !key->short_of;
	}
	signal->sets = sets;
	return 0;
}

static int put_evidence(struct window *window, struct key *key, const struct moment *moment,
			struct signal *signal)
{
	struct event *samples =
		arena_alloc(&window->shop->arena, SIGNAL_SAMPLES_MAX * sizeof(*samples));
	struct value *keys = arena_alloc(&window->shop->arena, RULE_FIELDS_MAX * sizeof(*keys));

	if (!samples || !keys)
		return -ENOMEM;
	key_values(&window->keys, key, keys);
	signal->samples = samples;
	signal->samples_len = samples_of(window, key, moment->start, moment->event, samples);
	signal->key_fields = window->spec->group_by.at;
	signal->keys = keys;
	signal->keys_len = window->spec->group_by.len;
	return 0;
}

/* What is said beyond that it was so. 0, or -ENOMEM. */
static int put_contents(struct window *window, struct key *key, const struct moment *moment,
			const struct judged *judged, struct signal *signal)
{
	if (window->bare)
		return 0;
	if (put_values(window, key, moment, judged, signal) ||
	    put_sets(window, key, moment, signal) || put_evidence(window, key, moment, signal))
		return -ENOMEM;
	signal->message = words_of_signal(&window->shop->arena, signal);
	return 0;
}

static double confidence_of(const struct window *window, const struct judged *judged)
{
	struct expr_env env = env_of(judged);
	struct value value;

	if (!window->spec->confidence)
		return 1;
	value = expr_eval(window->spec->confidence, &env);
	if (value.type != VALUE_NUMBER || value.number > 1)
		return 1;
	return value.number < 0 ? 0 : value.number;
}

static void put_times(struct window *window, const struct moment *moment, const struct fired *fired,
		      struct signal *signal)
{
	const struct signal_engine_ops *ops = window->shop->ops;

	memcpy(signal->id, fired->id, sizeof(signal->id));
	signal->start = fired->first;
	signal->time = moment->time;
	signal->emitted = window->shop->clock;
	signal->window_start = moment->start;
	signal->window_end = moment->end;
	signal->partial = cut_short(window);
	signal->severity = fired->severity;
	signal->coverage =
		ops->coverage ? ops->coverage(ops->context, moment->start, moment->end) : 1;
}

/* A filter on the rule: as if the window were not true. */
static bool is_filtered(struct window *window, const struct key *key, const struct judged *judged)
{
	const struct field_list *fields = &window->spec->group_by;
	struct value keys[RULE_FIELDS_MAX];

	if (!window->rule->signal_filters_len)
		return false;
	key_values(&window->keys, key, keys);
	return rule_drops_signal(window->shop->set, window->rule, fields->at, keys, fields->len,
				 judged->values);
}

void say(struct window *window, struct key *key, const struct moment *moment, struct judged *judged)
{
	struct signal signal = {.rule = window->rule};
	struct fired *fired;
	enum severity severity;

	judge_rest(window, key, moment, judged);
	if (is_filtered(window, key, judged))
		return;
	arena_reset(&window->shop->arena);
	fired = fired_of(window, key, moment, &signal);
	if (!fired)
		return;
	severity = severity_of(window, moment, judged);
	if (!signal.update || severity > fired->severity)
		fired->severity = severity;
	if (signal.silent && !window->listened)
		return;
	if (put_contents(window, key, moment, judged, &signal))
		return;
	put_times(window, moment, fired, &signal);
	signal.confidence = confidence_of(window, judged);
	window->shop->ops->signal(window->shop->ops->context, &signal);
}
