/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "signal/inside.h"
#include "signal/window_save.h"

/* Layer 1 in a snapshot: the clock, then a section for each rule that keeps something. */

#define ENGINE_VERSION 2

size_t signal_engine_sections(const struct signal_engine *engine)
{
	return 1 + 2 * (size_t)engine->set->len;
}

void signal_engine_save(const struct signal_engine *engine, struct state_writer *w)
{
	struct tuple_secret secret = tuple_secret_get();

	state_section(w, "engine", "", 0, ENGINE_VERSION);
	state_put_raw(w, &secret, sizeof(secret));
	state_put_int(w, engine->shop.clock);
	state_put_uint(w, engine->shop.absences);
	for (unsigned i = 0; i < engine->shop.absences; i++) {
		state_put_int(w, engine->shop.absence[i].from);
		state_put_int(w, engine->shop.absence[i].until);
	}
	state_put_uint(w, engine->chain.count);
	state_put_uint(w, engine->shop.stats.events);
	state_put_uint(w, engine->shop.stats.matched);
	state_put_uint(w, engine->shop.stats.skipped_null_key);
	state_put_uint(w, engine->shop.stats.signals);
	state_put_uint(w, engine->shop.stats.suppressed);
	for (unsigned i = 0; i < engine->set->len; i++) {
		if (engine->single[i])
			single_save(engine->single[i], w);
		if (engine->window[i])
			window_save(engine->window[i], w);
	}
}

static int rule_state_load(struct signal_engine *engine, unsigned i,
			   const struct state_image *image)
{
	const struct rule *rule = &engine->set->rules[i];
	struct state_reader r;
	int err = 0;

	if (engine->single[i] && rule_section(image, "single", rule, &r))
		err = single_load(engine->single[i], &r);
	else if (engine->window[i] && rule_section(image, "window", rule, &r))
		err = window_load(engine->window[i], &r);
	else
		return 0;
	if (!err)
		engine_resume(engine, i);
	return err;
}

static void absences_load(struct state_reader *r, struct workshop *shop)
{
	weir_time last = TIME_NONE;

	shop->absences = (unsigned)state_get_count(r, ABSENCES_MAX);
	for (unsigned i = 0; i < shop->absences; i++) {
		shop->absence[i].from = state_get_time(r);
		shop->absence[i].until = state_get_time(r);
		r->bad |= shop->absence[i].from < last ||
			  shop->absence[i].until <= shop->absence[i].from;
		last = shop->absence[i].until;
	}
}

int signal_engine_load(struct signal_engine *engine, const struct state_image *image)
{
	struct tuple_secret secret;
	struct state_reader r;
	int err = 0;

	if (!state_find(image, "engine", "", &r) || r.version != ENGINE_VERSION)
		return -EBADMSG;
	state_get_raw(&r, &secret, sizeof(secret));
	engine->shop.clock = state_get_timer(&r);
	absences_load(&r, &engine->shop);
	engine->chain.count = state_get_uint(&r);
	engine->shop.stats.events = state_get_uint(&r);
	engine->shop.stats.matched = state_get_uint(&r);
	engine->shop.stats.skipped_null_key = state_get_uint(&r);
	engine->shop.stats.signals = state_get_uint(&r);
	engine->shop.stats.suppressed = state_get_uint(&r);
	if (!state_done(&r) || engine->shop.clock == TIME_NEVER)
		return -EBADMSG;
	tuple_secret_set(secret);
	for (unsigned i = 0; !err && i < engine->set->len; i++)
		err = rule_state_load(engine, i, image);
	return err;
}

weir_time signal_engine_clock(const struct signal_engine *engine)
{
	return engine->shop.clock;
}

void signal_engine_absent(struct signal_engine *engine, weir_time now)
{
	struct workshop *shop = &engine->shop;
	weir_time from = shop->clock;

	if (from == TIME_NONE || now <= from)
		return;
	if (shop->absences && from < shop->absence[shop->absences - 1].until)
		from = shop->absence[shop->absences - 1].until;
	if (now <= from)
		return;
	if (shop->absences == ABSENCES_MAX) {
		shop->absence[1].from = shop->absence[0].from;
		memmove(&shop->absence[0], &shop->absence[1],
			--shop->absences * sizeof(shop->absence[0]));
	}
	shop->absence[shop->absences++] = (struct absence){from, now};
}

void signal_engine_forget(struct signal_engine *engine)
{
	for (unsigned i = 0; i < engine->set->len; i++) {
		if (engine->window[i])
			window_forget(engine->window[i]);
		if (engine->single[i])
			single_forget(engine->single[i]);
	}
	engine->shop.clock = TIME_NONE;
	engine->shop.elsewhere = true;
	engine->shop.stats = (struct signal_engine_stats){0};
}
