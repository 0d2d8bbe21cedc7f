/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "signal/inside.h"

/* Order: timers by (time, rule, creation of the key), then events in their order, each through the
 * rules in the order of the set. Signals that windows count come behind what was due or came at
 * the time when they were said. */

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

static double absent_share(const struct absence *absence, unsigned len, weir_time start,
			   weir_time end)
{
	double absent = 0;

	for (unsigned i = 0; end > start && i < len; i++) {
		weir_time from = absence[i].from > start ? absence[i].from : start;
		weir_time until = absence[i].until < end ? absence[i].until : end;

		absent += from < until ? (double)(until - from) / (double)(end - start) : 0;
	}
	return absent;
}

/* What was seen of the packets while weir ran, of the time that it ran. */
static double coverage(void *context, weir_time start, weir_time end)
{
	struct signal_engine *engine = context;
	struct workshop *shop = &engine->shop;
	double seen =
		engine->ops.coverage ? engine->ops.coverage(engine->ops.context, start, end) : 1;

	if (shop->elsewhere)
		return seen;
	return seen * (1 - absent_share(shop->absence, shop->absences, start, end));
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
	engine->inner = (struct signal_engine_ops){on_signal, coverage, engine, ops->bare};
	engine->shop.set = set;
	engine->shop.ops = &engine->inner;
	engine->shop.clock = TIME_NONE;
	engine->window = calloc(len, sizeof(struct window *));
	engine->single = calloc(len, sizeof(struct single *));
	engine->matched = calloc(len, sizeof(*engine->matched));
	engine->matches = calloc(len, sizeof(*engine->matches));
	engine->stamp = calloc(len, sizeof(*engine->stamp));
	engine->touched = calloc(len, sizeof(*engine->touched));
	engine->counted = calloc(len, sizeof(*engine->counted));
	engine->keyed = calloc(len, sizeof(*engine->keyed));
	engine->listed = calloc(len, sizeof(*engine->listed));
	if (!engine->window || !engine->single || !engine->matched || !engine->matches ||
	    !engine->stamp || !engine->touched || !engine->counted || !engine->keyed ||
	    !engine->listed || agenda_init(&engine->agenda, set->len))
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
	free(engine->keyed);
	free(engine->listed);
	agenda_free(&engine->agenda);
	free(engine->shop.buffer.at);
	free(engine->shop.numbers.at);
	free(engine->shop.scratch.at);
	arena_free(&engine->shop.arena);
	free(engine->shop.packed.sample);
	free(engine->shop.keyings);
	pool_free(&engine->shop.pool);
	free(engine);
}

/* What the window's event or timer has changed. */
static void note(struct signal_engine *engine, unsigned rule)
{
	agenda_set(&engine->agenda, rule, engine->window[rule]->due);
}

/* The rule has keys now, to be looked after as time goes on. */
static void list(struct signal_engine *engine, unsigned rule)
{
	if (engine->listed[rule])
		return;
	engine->listed[rule] = true;
	engine->keyed[engine->keyed_len++] = rule;
}

void engine_resume(struct signal_engine *engine, unsigned rule)
{
	if (engine->window[rule])
		note(engine, rule);
	list(engine, rule);
}

static void window_takes(struct signal_engine *engine, unsigned rule, const struct event *event)
{
	if (rule_drops_event(engine->set, &engine->set->rules[rule], event))
		return;
	window_event(engine->window[rule], event, engine->matches);
	note(engine, rule);
	list(engine, rule);
}

/* Windows over signals, in the order in which these were said. A signal of a window that the
 * input's end cut short counts at that window's end: else it would come before windows that have
 * closed. */
static void run_chain(struct signal_engine *engine)
{
	struct chained *chained;

	while ((chained = chain_take(&engine->chain))) {
		const struct rule *rule = &engine->set->rules[chained->rule];

		chained->event.time = engine->turn;
		engine->shop.event++;
		engine->matches[rule->index] = true;
		for (unsigned u = 0; u < rule->users_len; u++)
			if (engine->window[rule->users[u]])
				window_takes(engine, rule->users[u], &chained->event);
		engine->matches[rule->index] = false;
		chain_drop(&engine->shop.pool, chained);
	}
}

/* All timers due at or before `until`. Closing at the end of the input is said to be now. */
static void run_timers(struct signal_engine *engine, weir_time until)
{
	for (;;) {
		unsigned rule;
		weir_time due = agenda_first(&engine->agenda, &rule);
		bool runs = due <= until && due != TIME_NEVER;

		if (engine->chain.first && (!runs || due > engine->turn)) {
			run_chain(engine);
			continue;
		}
		if (!runs)
			return;
		engine->turn = due;
		if (!engine->shop.ended)
			engine->shop.clock = due;
		engine->window[rule]->ops->timer(engine->window[rule]);
		note(engine, rule);
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
		if (!engine->single[rule->index])
			continue;
		single_event(engine->single[rule->index], event);
		list(engine, rule->index);
	}
}

static void one_event(struct signal_engine *engine, const struct event *event)
{
	unsigned matched, touched = 0;

	engine->shop.stats.events++;
	engine->shop.event++;
	if (event->service >= 32 || !(engine->set->services >> event->service & 1))
		return;
	if (event_has(event, FIELD_OWN) && event->weir_own) /* counted, in no rule */
		return;
	matched = rule_match(engine->set, event, engine->matched);
	if (!matched)
		return;
	engine->shop.stats.matched++;
	base_rules(engine, event, matched, &touched);
	for (unsigned i = 0; touched > 1 && i < touched; i++)
		window_expect(engine->window[engine->touched[i]], event);
	for (unsigned i = 0; touched > 1 && i < touched; i++)
		window_expect_key(engine->window[engine->touched[i]]);
	for (unsigned i = 0; i < touched; i++)
		window_takes(engine, engine->touched[i], event);
	for (unsigned i = 0; i < matched; i++)
		engine->matches[engine->matched[i]] = false;
}

void signal_engine_event(struct signal_engine *engine, const struct event *event)
{
	engine->busy = true;
	run_timers(engine, event->time);
	engine->shop.clock = engine->turn = event->time;
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
	run_timers(engine, signal->emitted);
	if (signal->emitted > engine->shop.clock)
		engine->shop.clock = signal->emitted;
	engine->turn = engine->shop.clock;
	chain_add(&engine->chain, &engine->shop.pool, signal);
	run_chain(engine);
	engine->busy = false;
}

/* Keys whose time has passed. Rules that have none left are not looked after any more. */
static void tidy(struct signal_engine *engine)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < engine->keyed_len; i++) {
		unsigned rule = engine->keyed[i];

		engine->listed[rule] = engine->window[rule] ? window_tidy(engine->window[rule])
							    : single_tidy(engine->single[rule]);
		if (engine->listed[rule])
			engine->keyed[kept++] = rule;
	}
	engine->keyed_len = kept;
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
	tidy(engine);
}

void signal_engine_rule_stats(const struct signal_engine *engine, unsigned rule,
			      struct signal_rule_stats *stats)
{
	*stats = (struct signal_rule_stats){0};
	if (rule >= engine->set->len)
		return;
	if (engine->window[rule])
		window_stats(engine->window[rule], stats);
	else if (engine->single[rule])
		single_stats(engine->single[rule], stats);
}

void signal_engine_stats(const struct signal_engine *engine, struct signal_engine_stats *stats)
{
	*stats = engine->shop.stats;
	stats->bytes = engine->shop.pool.bytes;
	stats->lost = engine->chain.lost;
	for (unsigned i = 0; i < engine->set->len; i++) {
		struct signal_rule_stats rule;

		signal_engine_rule_stats(engine, i, &rule);
		stats->keys += rule.keys;
		stats->bytes += rule.bytes;
		stats->evicted_keys += rule.evicted;
		stats->lost += rule.lost;
	}
}
