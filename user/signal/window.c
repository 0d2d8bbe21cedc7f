/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/window.h"

#include <stdlib.h>

/* Registers of estimated sets: 32 MiB a rule. */
#define SKETCHES_A_RULE ((32 << 20) / sizeof(struct sketch_part))

/* Series, and what they are summed up in. */
#define SERIES_A_RULE (64 << 20)

/* All that a rule holds beyond the entries of max_keys keys: more panes, sets, inner groups, kept
 * texts. Beyond it keys go by the written order. */
#define BYTES_A_RULE (UINT64_C(256) << 20)

const struct window_ops *window_ops_of(enum window_type type)
{
	switch (type) {
	case WINDOW_TUMBLING: /* a hop of one timespan */
	case WINDOW_HOP:
		return &hop_ops;
	case WINDOW_SLIDING:
		return &sliding_ops;
	case WINDOW_SESSION:
		return &session_ops;
	}
	return NULL;
}

static void release(void *context, struct key *key)
{
	struct window *window = context;

	window->ops->forget(window, key);
	fired_free(window, key);
	samples_free(key);
	groups_free(window, key);
	cell_free(&window->plan, &key->cell);
	teach_free(window, key);
	if (window->spec->previous.len)
		previous_free(window, key);
}

static size_t key_size(struct window *window)
{
	window->rows = offsetof(struct key, cell) + window->plan.cell_size;
	return window->rows + window->spec->per_len * sizeof(struct group_list) +
	       window->outers * AGGREGATE_WORDS_MAX * sizeof(double) +
	       window->scoreds * sizeof(struct usual) + (window->scoreds ? sizeof(weir_time) : 0) +
	       (window->spec->previous.len ? sizeof(struct previous) : 0);
}

void window_key_begin(struct window *window, struct key *key)
{
	for (unsigned per = 0; per < window->spec->per_len; per++)
		key_groups(window, key)[per].overflow = TIME_NONE;
	key->close_at = TIME_NEVER;
	key->true_until = TIME_NONE;
	for (unsigned i = 0; i < window->scoreds; i++)
		usual_begin(&key_baselines(window, key)[i]);
	if (window->scoreds)
		*key_aligned(window, key) = TIME_NONE;
	cell_init(&window->plan, &key->cell);
}

static bool needs_baseline(const struct rule_window *spec, int computed)
{
	if (expr_needs_baseline(spec->having, computed))
		return true;
	for (unsigned i = 0; i < spec->levels_len; i++)
		if (expr_needs_baseline(spec->levels[i].when, computed))
			return true;
	return spec->confidence && expr_needs_baseline(spec->confidence, computed);
}

/* A filter may ask for values that grow: asked early it would be done with a window that it does
 * not take when its values are final. */
static bool filters_values(const struct rule *rule)
{
	for (unsigned i = 0; i < rule->signal_filters_len; i++)
		if (rule->signal_filters[i].computed)
			return true;
	return false;
}

/* Lives with the engine. NULL: nothing is compared with it. */
static const char *threshold_of(struct window *window, int computed)
{
	char text[THRESHOLD_MAX], *kept;

	if (!expr_threshold(window->spec->having, computed, text))
		return NULL;
	kept = pool_get(&window->shop->pool, strlen(text) + 1);
	return kept ? strcpy(kept, text) : NULL;
}

static void look_at_values(struct window *window)
{
	const struct rule_window *spec = window->spec;

	for (unsigned i = 0; i < spec->compute_len; i++) {
		const struct rule_aggregate *aggregate = &spec->compute[i];

		window->grows[i] = aggregate->grows;
		window->asked[i] = expr_reads(spec->having, (int)i) || needs_baseline(spec, (int)i);
		window->threshold[i] = threshold_of(window, (int)i);
		window->outer[i] = aggregate->per >= 0 ? (int)window->outers++ : -1;
		window->scored[i] = needs_baseline(spec, (int)i) ? (int)window->scoreds++ : -1;
	}
	window->early = !filters_values(window->rule) &&
			expr_fires_early(spec->having, window->grows, spec->compute_len);
	window->bounds_len =
		expr_bounds(spec->having, window->grows, window->bounds, WINDOW_BOUNDS_MAX);
	window->waits = !window->early || window->scoreds ||
			!expr_grows(spec->having, window->grows, spec->compute_len);
}

static void make_plans(struct window *window)
{
	const struct rule_window *spec = window->spec;
	struct workshop *shop = window->shop;

	window->space = (struct distinct_space){
		.pool = &window->pool,
		.buffer = &shop->buffer,
		.max = spec->max_distinct ? (uint32_t)spec->max_distinct : 1,
		.sketches_left = SKETCHES_A_RULE,
	};
	window->series = (struct series_space){
		.pool = &window->pool,
		.buffer = &shop->buffer,
		.scratch = &shop->scratch,
		.bytes_left = SERIES_A_RULE,
		.max = window->space.max,
		.timespan = spec->type == WINDOW_SESSION ? 0 : spec->timespan,
	};
	plan_init(&window->plan, spec->compute, spec->compute_len, &window->space, &window->series);
	for (unsigned per = 0; per < spec->per_len; per++) {
		plan_init(&window->per_plan[per], spec->per[per].compute,
			  spec->per[per].compute_len, &window->space, &window->series);
		table_init(&window->groups[per], sizeof(uint64_t) + sizeof(struct item), 0);
	}
}

static bool same_fields(const struct field_list *a, const struct field_list *b)
{
	return a->len == b->len && !memcmp(a->at, b->at, a->len * sizeof(a->at[0]));
}

/* False without memory. */
static bool find_keying(struct window *window)
{
	struct workshop *shop = window->shop;
	struct keying *more;

	for (window->keying = 0; window->keying < shop->keyings_len; window->keying++)
		if (same_fields(shop->keyings[window->keying].fields, &window->spec->group_by))
			return true;
	more = realloc(shop->keyings, (shop->keyings_len + 1) * sizeof(*more));
	if (!more)
		return false;
	shop->keyings = more;
	more[shop->keyings_len++] = (struct keying){.fields = &window->spec->group_by};
	return true;
}

struct window *window_new(struct workshop *shop, const struct ruleset *set, const struct rule *rule)
{
	struct window *window = calloc(1, sizeof(*window));

	(void)set;
	if (!window)
		return NULL;
	window->rule = rule;
	window->spec = &rule->window;
	window->shop = shop;
	window->ops = window_ops_of(rule->window.type);
	window->due = TIME_NEVER;
	window->tidy_at = TIME_NEVER;
	window->listened = rule->raise || rule->users_len;
	window->bare = !window->listened && shop->ops->bare;
	window->rules = calloc(rule->refs_len + 1, sizeof(*window->rules));
	window->env.rules = window->rules;
	look_at_values(window);
	make_plans(window);
	keys_init(&window->keys, &window->pool, &shop->buffer, &window->spec->group_by,
		  key_size(window), window->spec->max_keys);
	window->keys.max_bytes =
		BYTES_A_RULE + (uint64_t)window->spec->max_keys * window->keys.roster.entry_size;
	window->keys.release = release;
	window->keys.context = window;
	if (!window->rules || !find_keying(window) ||
	    (window->ops->open && window->ops->open(window))) {
		window_free(window);
		return NULL;
	}
	return window;
}

void window_free(struct window *window)
{
	if (!window)
		return;
	keys_free(&window->keys);
	for (unsigned per = 0; per < window->spec->per_len; per++)
		table_free(&window->groups[per]);
	if (window->ops->close)
		window->ops->close(window);
	pool_free(&window->pool);
	free(window->samples.at);
	free(window->rules);
	free(window);
}

void window_stats(const struct window *window, struct signal_rule_stats *stats)
{
	*stats = (struct signal_rule_stats){
		.fired = window->fired,
		.suppressed = window->suppressed,
		.keys = window->keys.roster.count,
		.bytes = window->pool.bytes + roster_bytes(&window->keys.roster) +
			 admission_bytes(&window->keys.admission) + window->samples.cap,
		.evicted = window->keys.evicted,
		.overflowed = window->overflowed,
		.lost = window->lost + window->space.refused + window->series.refused,
	};
	for (unsigned per = 0; per < window->spec->per_len; per++)
		stats->bytes += table_bytes(&window->groups[per]);
}

void window_seek(struct window *window, struct key *key, enum cell_cursor which, weir_time start)
{
	if (start <= key->cell.start[which] && key->cell.start[which] != TIME_NONE)
		return;
	cell_seek(&window->plan, &key->cell, which, start);
	if (window->spec->per_len)
		groups_seek(window, key, which, start);
}

void window_trim(struct window *window, struct key *key, weir_time start)
{
	if (!cell_panes(&key->cell) || cell_oldest(&window->plan, &key->cell) >= start)
		return;
	for (unsigned c = 0; c < CURSORS; c++)
		if (key->cell.start[c] != TIME_NONE)
			window_seek(window, key, c, start);
	cell_trim(&window->plan, &key->cell, start);
	if (window->spec->per_len)
		groups_trim(window, key, start);
}

void window_unused(struct window *window, struct key *key, enum cell_cursor which)
{
	if (key->cell.start[which] == TIME_NONE)
		return;
	cell_unused(&window->plan, &key->cell, which);
	if (window->spec->per_len)
		groups_unused(window, key, which);
}

void window_add(struct window *window, struct key *key, const struct event *event, weir_time pane)
{
	if (cell_pane(&window->plan, &key->cell, pane, event->time)) {
		key->short_of = true;
		window->lost++;
		return;
	}
	cell_add(&window->plan, &key->cell, &window->env);
	if (window->spec->per_len)
		groups_add(window, key, event, pane);
}

struct value window_value(struct window *window, struct key *key, enum cell_cursor which,
			  unsigned i)
{
	return window->outer[i] >= 0 ? groups_value(window, key, which, i)
				     : cell_value(&window->plan, &key->cell, which, i);
}

/* Of the early cursor's window; null if it does more than grow. */
static struct value growing(struct window *window, struct key *key, unsigned i)
{
	const struct plan_item *item = &window->plan.item[i];

	if (window->grows[i] && window->outer[i] < 0)
		return cell_value(&window->plan, &key->cell, CURSOR_EARLY, i);
	if (window->grows[i] && item->ops->words)
		return item->ops->value(key_outer(window, key) +
					window->outer[i] * AGGREGATE_WORDS_MAX);
	return (struct value){.type = VALUE_NULL};
}

/* Most events make nothing true: a look at few numbers shows it. */
static bool reaches_bound(struct window *window, struct key *key)
{
	for (int i = 0; i < window->bounds_len; i++) {
		const struct expr_bound *bound = &window->bounds[i];
		struct value value = growing(window, key, (unsigned)bound->computed);

		if (value.type == VALUE_NUMBER &&
		    (bound->strict ? value.number > bound->number : value.number >= bound->number))
			return true;
	}
	return window->bounds_len < 0;
}

bool window_fires(struct window *window, struct key *key)
{
	struct value values[RULE_COMPUTE_MAX];
	struct expr_env env = {.computed = values};

	if (!reaches_bound(window, key))
		return false;
	for (unsigned i = 0; i < window->plan.len; i++)
		values[i] = growing(window, key, i);
	return expr_truth_early(window->spec->having, &env, window->grows) == 1;
}

/* What a key has learned does not end with its windows. */
static bool learns(const struct window *window)
{
	return window->scoreds || window->spec->previous.len;
}

/*
 * Whether a key must be known beyond its windows: it learns, or was quiet when they had all passed.
 * Asked of that moment, and not of the clock, which moves by events here and by watermarks there:
 * who is known decides who is evicted.
 */
static bool remembered(const struct window *window, const struct key *key)
{
	const struct rule_window *spec = window->spec;

	if (learns(window))
		return true;
	return key->fired && spec->suppress != SUPPRESS_WHILE_TRUE &&
	       key->last - key->fired->said + spec->timespan + spec->gap < spec->suppress;
}

static void lay_down(struct window *window, struct key *key)
{
	window->ops->forget(window, key);
	samples_free(key);
	groups_free(window, key);
	cell_free(&window->plan, &key->cell);
	keys_sleep(&window->keys, key);
}

void window_forget(struct window *window)
{
	struct key *key;

	while ((key = keys_stale(&window->keys, TIME_NEVER))) {
		if (learns(window))
			lay_down(window, key);
		else
			keys_remove(&window->keys, key);
	}
	while (!learns(window) && (key = keys_sleeping(&window->keys, TIME_NEVER)))
		keys_remove(&window->keys, key);
	for (uint32_t k = window->keys.single.oldest; k; k = key_at(&window->keys, k)->newer)
		fired_free(window, key_at(&window->keys, k));
	for (uint32_t k = window->keys.many.oldest; k; k = key_at(&window->keys, k)->newer)
		fired_free(window, key_at(&window->keys, k));
	admission_free(&window->keys.admission);
}

/* How long a key's windows live after its last event. */
static weir_time lifetime(const struct window *window)
{
	return window->spec->timespan + window->spec->gap;
}

static void tidy(struct window *window)
{
	weir_time clock = window->shop->clock, before = clock - lifetime(window);
	weir_time asleep = learns(window) ? TIME_NEVER : window->spec->suppress;
	struct key *key;

	while ((key = keys_stale(&window->keys, before))) {
		if (remembered(window, key))
			lay_down(window, key);
		else
			keys_remove(&window->keys, key);
	}
	while (!learns(window) && (key = keys_sleeping(&window->keys, clock - asleep)))
		keys_remove(&window->keys, key);
	window->tidy_at = keys_next(&window->keys, lifetime(window) + 1, asleep);
}

bool window_tidy(struct window *window)
{
	if (window->shop->clock >= window->tidy_at)
		tidy(window);
	return window->keys.roster.count;
}

static void keying_make(const struct window *window, const struct event *event,
			struct keying *keying)
{
	keying->known = tuple_item(&window->shop->buffer, event, &window->spec->group_by, false,
				   &keying->item);
	keying->hash = roster_hash(&window->keys.roster, &keying->item);
}

static const struct keying *keying_of(struct window *window, const struct event *event)
{
	struct keying *keying = &window->shop->keyings[window->keying];

	if (keying->event == window->shop->event)
		return keying;
	keying->event = window->shop->event;
	keying_make(window, event, keying);
	return keying;
}

void window_expect(struct window *window, const struct event *event)
{
	roster_expect(&window->keys.roster, keying_of(window, event)->hash);
}

void window_expect_key(struct window *window)
{
	roster_expect_entry(&window->keys.roster, window->shop->keyings[window->keying].hash);
}

void window_keyed(struct window *window, const struct event *event, const struct event *keyed)
{
	const struct keying *keying;
	struct keying own;
	struct key *key;
	bool fresh;

	if (keyed == event) {
		keying = keying_of(window, event);
	} else {
		keying_make(window, keyed, &own);
		keying = &own;
	}
	if (!keying->known) {
		window->shop->stats.skipped_null_key++;
		return;
	}
	window_tidy(window);
	key = keys_touch(&window->keys, &keying->item, keying->hash, keyed, &fresh);
	if (!key) {
		window->lost++;
		return;
	}
	if (fresh)
		window_key_begin(window, key);
	if (event->time + lifetime(window) < window->tidy_at)
		window->tidy_at = event->time + lifetime(window) + 1;
	window->env.event = event;
	if (window->spec->previous.len)
		previous_read(window, key);
	window->ops->event(window, key, event);
	if (window->spec->previous.len)
		previous_keep(window, key, event);
	if (!key->single && !window->bare)
		sample_keep(window, key, event, event->time - window->spec->timespan);
}

void window_event(struct window *window, const struct event *event, const bool *matched)
{
	if (window->spec->by_ref) {
		aliased_event(window, event, matched);
		return;
	}
	for (unsigned i = 0; i < window->rule->refs_len; i++)
		window->rules[i] = matched[window->rule->refs[i]];
	window_keyed(window, event, event);
}
