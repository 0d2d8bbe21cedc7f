/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/engine.h"

#include <stdlib.h>

#include "signal/chain.h"
#include "signal/single.h"

/* Order: timers by (time, rule, creation of the key), then events in their order, each through the
 * rules in the order of the set. Signals that windows count come behind what was due or came at
 * the time when they were said. */

struct signal_engine {
	const struct ruleset *set;
	struct signal_engine_ops ops, inner; /* the caller's; what windows call */
	struct workshop shop;
	struct chain chain;
	bool busy;		/* what waits in the chain is run when what is at hand is done */
	bool *counted;		/* by rule: a window counts its signals */
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

static void on_signal(void *context, const struct signal *signal)
{
	struct signal_engine *engine = context;

	if (engine->counted[signal->rule->index] && !signal->update)
		chain_add(&engine->chain, &engine->shop.pool, signal);
	engine->ops.signal(engine->ops.context, signal);
}

static double coverage(void *context, weir_time start, weir_time end)
{
	struct signal_engine *engine = context;

	return engine->ops.coverage(engine->ops.context, start, end);
}

/* Base rules' events are counted as such. */
static void find_counted(struct signal_engine *engine)
{
	for (unsigned i = 0; i < engine->set->len; i++) {
		const struct rule *rule = &engine->set->rules[i];

		for (unsigned u = 0; rule->kind != RULE_BASE && u < rule->users_len; u++)
			engine->counted[i] |=
				engine->set->rules[rule->users[u]].kind == RULE_WINDOW;
	}
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
	engine->inner =
		(struct signal_engine_ops){on_signal, ops->coverage ? coverage : NULL, engine};
	engine->shop.ops = &engine->inner;
	engine->shop.clock = TIME_NONE;
	engine->due = TIME_NEVER;
	engine->window = calloc(len, sizeof(struct window *));
	engine->single = calloc(len, sizeof(struct single *));
	engine->matched = calloc(len, sizeof(*engine->matched));
	engine->matches = calloc(len, sizeof(*engine->matches));
	engine->stamp = calloc(len, sizeof(*engine->stamp));
	engine->touched = calloc(len, sizeof(*engine->touched));
	engine->counted = calloc(len, sizeof(*engine->counted));
	if (!engine->window || !engine->single || !engine->matched || !engine->matches ||
	    !engine->stamp || !engine->touched || !engine->counted)
		goto out;
	find_counted(engine);
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
	free(engine->counted);
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

/* Windows over signals, in the order in which these were said. */
static void run_chain(struct signal_engine *engine)
{
	struct chained *chained;

	while ((chained = chain_take(&engine->chain))) {
		const struct rule *rule = &engine->set->rules[chained->rule];

		if (chained->event.time < engine->shop.clock)
			chained->event.time = engine->shop.clock;
		engine->matches[rule->index] = true;
		for (unsigned u = 0; u < rule->users_len; u++) {
			struct window *window = engine->window[rule->users[u]];

			if (!window)
				continue;
			window_event(window, &chained->event, engine->matches);
			if (window->due < engine->due)
				engine->due = window->due;
		}
		engine->matches[rule->index] = false;
		chain_drop(&engine->shop.pool, chained);
	}
}

/* All timers due at or before `until`. Closing at the end of the input is said to be now. */
static void run_timers(struct signal_engine *engine, weir_time until)
{
	for (;;) {
		struct window *window = engine->due <= until ? first_due(engine) : NULL;

		if (window && window->due > until)
			window = NULL;
		if (engine->chain.first && (!window || window->due > engine->shop.clock)) {
			run_chain(engine);
			continue;
		}
		if (!window)
			return;
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

static void one_event(struct signal_engine *engine, const struct event *event)
{
	unsigned matched, touched = 0;

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

void signal_engine_event(struct signal_engine *engine, const struct event *event)
{
	engine->busy = true;
	if (engine->due <= event->time)
		run_timers(engine, event->time);
	engine->shop.clock = event->time;
	one_event(engine, event);
	if (engine->chain.first)
		run_chain(engine);
	engine->busy = false;
}

void signal_engine_signal(struct signal_engine *engine, const struct signal *signal)
{
	bool counts = engine->counted[signal->rule->index] && !signal->update;

	if (!counts)
		return;
	if (engine->busy) {
		chain_add(&engine->chain, &engine->shop.pool, signal);
		return;
	}
	engine->busy = true;
	if (engine->due <= signal->emitted)
		run_timers(engine, signal->emitted);
	if (signal->emitted > engine->shop.clock)
		engine->shop.clock = signal->emitted;
	chain_add(&engine->chain, &engine->shop.pool, signal);
	run_chain(engine);
	engine->busy = false;
}

void signal_engine_watermark(struct signal_engine *engine, weir_time watermark)
{
	engine->shop.ended = watermark == TIME_NEVER;
	engine->busy = true;
	run_timers(engine, watermark);
	engine->busy = false;
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
	stats->bytes = engine->shop.pool.bytes;
	for (unsigned i = 0; i < engine->set->len; i++) {
		if (engine->window[i]) {
			stats->keys += engine->window[i]->keys.roster.count;
			stats->evicted_keys += engine->window[i]->keys.evicted;
			stats->bytes += window_bytes(engine->window[i]);
		}
		if (engine->single[i])
			stats->keys += single_keys(engine->single[i]);
	}
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
