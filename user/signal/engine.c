/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/engine.h"

#include <stdlib.h>

#include "signal/single.h"

/* Order: timers by (time, rule, creation of the key), then events in their order, each through the
 * rules in the order of the set. */

struct signal_engine {
	const struct ruleset *set;
	struct signal_engine_ops ops;
	struct workshop shop;
	struct window **window; /* by rule; NULL: no window rule */
	struct single **single; /* by rule; NULL: not by itself */
	unsigned *matched;	/* indexes of base rules, of the event at hand */
	bool *matches;		/* by rule, of the event at hand */
	uint64_t *stamp;	/* by rule: the event that it saw last */
	unsigned *touched;	/* window rules of the event at hand */
	weir_time due;		/* the least of the windows' */
};

static bool refers_temporal(const struct ruleset *set, const struct rule *rule)
{
	for (unsigned i = 0; i < rule->users_len; i++)
		if (set->rules[rule->users[i]].kind == RULE_TEMPORAL)
			return true;
	return false;
}

static int make_rule(struct signal_engine *engine, const struct rule *rule)
{
	switch (rule->kind) {
	case RULE_BASE:
		if (!rule->alone && !refers_temporal(engine->set, rule))
			return 0;
		engine->single[rule->index] = single_new(&engine->shop, engine->set, rule);
		return engine->single[rule->index] ? 0 : -1;
	case RULE_WINDOW:
		engine->window[rule->index] = window_new(&engine->shop, engine->set, rule);
		return engine->window[rule->index] ? 0 : -1;
	case RULE_TEMPORAL:
		break;
	}
	return 0;
}

struct signal_engine *signal_engine_new(const struct ruleset *set,
					const struct signal_engine_ops *ops)
{
	struct signal_engine *engine = calloc(1, sizeof(*engine));
	size_t len = (size_t)set->len + 1;

	if (!engine)
		return NULL;
	engine->set = set;
	engine->ops = *ops;
	engine->shop.ops = &engine->ops;
	engine->shop.clock = TIME_NONE;
	engine->due = TIME_NEVER;
	engine->window = calloc(len, sizeof(struct window *));
	engine->single = calloc(len, sizeof(struct single *));
	engine->matched = calloc(len, sizeof(*engine->matched));
	engine->matches = calloc(len, sizeof(*engine->matches));
	engine->stamp = calloc(len, sizeof(*engine->stamp));
	engine->touched = calloc(len, sizeof(*engine->touched));
	if (!engine->window || !engine->single || !engine->matched || !engine->matches ||
	    !engine->stamp || !engine->touched)
		goto out;
	for (unsigned i = 0; i < set->len; i++)
		if (make_rule(engine, &set->rules[i]))
			goto out;
	return engine;
out:
	signal_engine_free(engine);
	return NULL;
}

void signal_engine_free(struct signal_engine *engine)
{
	if (!engine)
		return;
	for (unsigned i = 0; i < engine->set->len; i++) {
		window_free(engine->window ? engine->window[i] : NULL);
		single_free(engine->single ? engine->single[i] : NULL);
	}
	free(engine->window);
	free(engine->single);
	free(engine->matched);
	free(engine->matches);
	free(engine->stamp);
	free(engine->touched);
	free(engine->shop.buffer.at);
	arena_free(&engine->shop.arena);
	pool_free(&engine->shop.pool);
	free(engine);
}

/* The window rule whose timer is due first; of several the first rule. NULL: none. */
static struct window *first_due(struct signal_engine *engine)
{
	struct window *first = NULL;

	for (unsigned i = 0; i < engine->set->len; i++) {
		struct window *window = engine->window[i];

		if (window && window->due != TIME_NEVER && (!first || window->due < first->due))
			first = window;
	}
	engine->due = first ? first->due : TIME_NEVER;
	return first;
}

/* All timers due at or before `until`. Closing at the end of the input is said to be now. */
static void run_timers(struct signal_engine *engine, weir_time until)
{
	struct window *window;

	while (engine->due <= until && (window = first_due(engine)) && window->due <= until) {
		if (!engine->shop.ended)
			engine->shop.clock = window->due;
		window->ops->timer(window);
	}
}

static void touch(struct signal_engine *engine, unsigned rule, unsigned *len)
{
	unsigned at = *len;

	if (!engine->window[rule] || engine->stamp[rule] == engine->shop.stats.events)
		return;
	engine->stamp[rule] = engine->shop.stats.events;
	for (; at && engine->touched[at - 1] > rule; at--)
		engine->touched[at] = engine->touched[at - 1];
	engine->touched[at] = rule;
	(*len)++;
}

static void base_rules(struct signal_engine *engine, const struct event *event, unsigned matched,
		       unsigned *touched)
{
	for (unsigned i = 0; i < matched; i++) {
		const struct rule *rule = &engine->set->rules[engine->matched[i]];

		engine->matches[rule->index] = true;
		for (unsigned u = 0; u < rule->users_len; u++)
			touch(engine, rule->users[u], touched);
		if (engine->single[rule->index])
			single_event(engine->single[rule->index], event);
	}
}

void signal_engine_event(struct signal_engine *engine, const struct event *event)
{
	unsigned matched, touched = 0;

	if (engine->due <= event->time)
		run_timers(engine, event->time);
	engine->shop.clock = event->time;
	engine->shop.stats.events++;
	if (event->service >= 32 || !(engine->set->services >> event->service & 1))
		return;
	if (event_has(event, FIELD_OWN) && event->weir_own) /* counted, in no rule */
		return;
	matched = rule_match(engine->set, event, engine->matched);
	if (!matched)
		return;
	engine->shop.stats.matched++;
	base_rules(engine, event, matched, &touched);
	for (unsigned i = 0; i < touched; i++) {
		struct window *window = engine->window[engine->touched[i]];

		window_event(window, event, engine->matches);
		if (window->due < engine->due)
			engine->due = window->due;
	}
	for (unsigned i = 0; i < matched; i++)
		engine->matches[engine->matched[i]] = false;
}

void signal_engine_watermark(struct signal_engine *engine, weir_time watermark)
{
	engine->shop.ended = watermark == TIME_NEVER;
	run_timers(engine, watermark);
	if (engine->shop.ended || watermark <= engine->shop.clock)
		return;
	engine->shop.clock = watermark;
	for (unsigned i = 0; i < engine->set->len; i++) {
		if (engine->window[i])
			window_tidy(engine->window[i]);
		if (engine->single[i])
			single_tidy(engine->single[i]);
	}
}

void signal_engine_stats(const struct signal_engine *engine, struct signal_engine_stats *stats)
{
	*stats = engine->shop.stats;
	for (unsigned i = 0; i < engine->set->len; i++) {
		if (engine->window[i]) {
			stats->keys += engine->window[i]->keys.table.count;
			stats->evicted_keys += engine->window[i]->keys.evicted;
		}
		if (engine->single[i])
			stats->keys += single_keys(engine->single[i]);
	}
	stats->bytes = engine->shop.pool.bytes;
}

void signal_engine_rule_stats(const struct signal_engine *engine, unsigned rule, uint64_t *fired,
			      uint64_t *suppressed)
{
	*fired = *suppressed = 0;
	if (rule >= engine->set->len)
		return;
	if (engine->window[rule]) {
		*fired = engine->window[rule]->fired;
		*suppressed = engine->window[rule]->suppressed;
	} else if (engine->single[rule]) {
		single_counts(engine->single[rule], fired, suppressed);
	}
}
