/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/window_save.h"

#include <errno.h>
#include <stdlib.h>

#include "signal/cell_save.h"

/*
 * A window rule in a snapshot: what it counted, who was forgotten, its keys from the oldest of each
 * list on, and the evidence. Where keys are scheduled, and what cursors sum up, follows from these.
 */

#define WINDOW_VERSION 2

/* ---- out ---- */

static void fired_save(const struct fired *fired, struct state_writer *w)
{
	for (; fired; fired = fired->older) {
		state_put_uint(w, 1);
		state_put_int(w, fired->window);
		state_put_int(w, fired->window_end);
		state_put_int(w, fired->first);
		state_put_int(w, fired->said);
		state_put_uint(w, fired->severity);
		state_put_text(w, fired->id);
	}
	state_put_uint(w, 0);
}

static void previous_save(const struct previous *previous, struct state_writer *w)
{
	state_put_uint(w, previous->known);
	if (!previous->known)
		return;
	state_put_int(w, previous->time);
	item_save(w, &previous->item);
	tuple_save(w, previous->tuple);
}

static void key_save(const struct window *window, const struct key *key, struct state_writer *w)
{
	item_save(w, &key->item);
	state_put_uint(w, key->asleep);
	tuple_save(w, key->kept);
	state_put_uint(w, key->created);
	state_put_int(w, key->last);
	state_put_int(w, key->close_at);
	state_put_int(w, key->true_until);
	state_put_uint(w, key->short_of);
	state_put_uint(w, key->coarse);
	state_put_uint(w, key->holds);
	fired_save(key->fired, w);
	for (unsigned i = 0; i < window->scoreds; i++)
		usual_save(&key_baselines(window, key)[i], w);
	if (window->scoreds)
		state_put_int(w, *key_aligned(window, key));
	if (window->spec->previous.len)
		previous_save(key_previous(window, key), w);
	cell_save(&window->plan, &key->cell, w);
	groups_save(window, key, w);
}

static void keys_save(const struct window *window, const struct key_list *list,
		      struct state_writer *w)
{
	for (uint32_t k = list->oldest; k; k = key_at(&window->keys, k)->newer) {
		state_put_uint(w, 1);
		key_save(window, key_at(&window->keys, k), w);
	}
	state_put_uint(w, 0);
}

void window_save(const struct window *window, struct state_writer *w)
{
	state_section(w, "window", window->rule->id, window->rule->fingerprint, WINDOW_VERSION);
	state_put_uint(w, window->fired);
	state_put_uint(w, window->suppressed);
	state_put_uint(w, window->lost);
	state_put_uint(w, window->overflowed);
	state_put_uint(w, window->keys.evicted);
	state_put_uint(w, window->keys.created);
	admission_save(&window->keys.admission, w);
	keys_save(window, &window->keys.single, w);
	keys_save(window, &window->keys.many, w);
	samples_save(window, w);
}

/* ---- in ---- */

static int fired_load(struct window *window, struct key *key, struct state_reader *r)
{
	struct fired **end = &key->fired;

	while (state_get_bool(r)) {
		struct fired *fired = pool_get(&window->pool, sizeof(*fired));

		if (!fired)
			return -ENOMEM;
		fired->window = state_get_time(r);
		fired->window_end = state_get_time(r);
		fired->first = state_get_time(r);
		fired->said = state_get_time(r);
		fired->severity = (enum severity)state_get_below(r, SEVERITY_COUNT - 1);
		state_get_text(r, fired->id, sizeof(fired->id));
		*end = fired;
		end = &fired->older;
	}
	return 0;
}

static int previous_load(struct window *window, struct previous *previous, struct state_reader *r)
{
	int err;

	if (!state_get_bool(r))
		return 0;
	previous->time = state_get_time(r);
	item_load(r, &previous->item);
	err = tuple_load(&window->pool, &previous->item, &window->spec->previous, r,
			 &previous->tuple);
	previous->known = !err && !r->bad;
	return err;
}

/* Windows are walked step by step: no cursor may stand where its walk would take for ever. */
static bool near(const struct window *window, const struct key *key, weir_time at)
{
	const struct rule_window *spec = window->spec;
	weir_time span = 2 * (spec->timespan + spec->every + spec->gap) + 1;

	return at == TIME_NONE || (at >= key->last - span && at <= key->last + span);
}

static bool times_sound(const struct window *window, const struct key *key,
			const weir_time start[CURSORS])
{
	return near(window, key, start[CURSOR_CLOSE]) && near(window, key, start[CURSOR_EARLY]) &&
	       (key->close_at == TIME_NEVER || near(window, key, key->close_at));
}

/* What the key has beyond its cell. */
static int key_rows_load(struct window *window, struct key *key, struct state_reader *r)
{
	struct usual_memory memory = teach_memory(window);
	int err;

	key->created = state_get_uint(r);
	key->last = state_get_time(r);
	key->close_at = state_get_timer(r);
	key->true_until = state_get_timer(r);
	key->short_of = state_get_bool(r);
	key->coarse = state_get_bool(r);
	key->holds = state_get_bool(r);
	err = fired_load(window, key, r);
	for (unsigned i = 0; i < window->scoreds && !err; i++)
		err = usual_load(&key_baselines(window, key)[i], &memory, r);
	if (window->scoreds)
		*key_aligned(window, key) = state_get_timer(r);
	if (!err && window->spec->previous.len)
		err = previous_load(window, key_previous(window, key), r);
	return err;
}

static int key_fill(struct window *window, struct key *key, struct state_reader *r)
{
	weir_time start[CURSORS], close_at;
	int err;

	window_key_begin(window, key);
	err = key_rows_load(window, key, r);
	close_at = key->close_at;
	err = err ? err : cell_load(&window->plan, &key->cell, r, start);
	err = err ? err : groups_load(window, key, r);
	r->bad |= !err && !r->bad && !times_sound(window, key, start);
	key->close_at = TIME_NEVER;
	if (err || r->bad)
		return err;
	for (unsigned c = 0; c < CURSORS; c++)
		if (start[c] != TIME_NONE)
			window_seek(window, key, c, start[c]);
	if (close_at == TIME_NEVER)
		return 0;
	if (window->ops->schedule)
		return window->ops->schedule(window, key, close_at) ? 0 : -ENOMEM;
	r->bad = true;
	return 0;
}

static int key_load(struct window *window, bool single, struct state_reader *r, struct key **key)
{
	struct tuple *kept;
	struct item item;
	bool asleep;
	int err;

	item_load(r, &item);
	asleep = state_get_bool(r);
	err = tuple_load(&window->pool, &item, &window->spec->group_by, r, &kept);
	if (err || r->bad)
		return err;
	*key = keys_restore(&window->keys, &item, kept, single, asleep);
	if (!*key) {
		tuple_drop(&window->pool, kept);
		r->bad = true; /* twice the same; or there is no memory */
		return 0;
	}
	return key_fill(window, *key, r);
}

typedef VEC(struct key *) key_vec;

static int keys_load(struct window *window, bool single, struct state_reader *r, key_vec *keys)
{
	int err = 0;

	while (!err && state_get_bool(r)) {
		struct key **key = vec_add(keys);

		err = key ? key_load(window, single, r, key) : -ENOMEM;
		r->bad |= keys->len > window->keys.max;
	}
	return err;
}

static int by_creation(const void *a, const void *b)
{
	const struct key *x = *(struct key *const *)a, *y = *(struct key *const *)b;

	return (x->created > y->created) - (x->created < y->created);
}

int window_load(struct window *window, struct state_reader *r)
{
	key_vec keys = {0};
	int err;

	if (r->version != WINDOW_VERSION)
		return -EBADMSG;
	window->fired = state_get_uint(r);
	window->suppressed = state_get_uint(r);
	window->lost = state_get_uint(r);
	window->overflowed = state_get_uint(r);
	window->keys.evicted = state_get_uint(r);
	window->keys.created = state_get_uint(r);
	err = admission_load(&window->keys.admission, r);
	err = err ? err : keys_load(window, true, r, &keys);
	err = err ? err : keys_load(window, false, r, &keys);
	if (!err && !r->bad) {
		if (keys.len)
			qsort(keys.at, keys.len, sizeof(*keys.at), by_creation);
		err = samples_load(window, keys.at, keys.len, r);
	}
	vec_free(&keys);
	window->tidy_at = TIME_NONE;
	return err ? err : state_done(r) ? 0 : -EBADMSG;
}
