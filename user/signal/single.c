/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/single.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "signal/identity.h"
#include "signal/words.h"

#define SINGLE_KEYS_MAX 100000
#define SINGLE_VERSION	1 /* of its section in a snapshot */

/* By what a base rule that nothing refers to is quiet; null is a value. */
static const struct field_list SINGLE_FIELDS = {{FIELD_SOURCE_IP, FIELD_DESTINATION_IP}, 2};

struct quiet {
	struct item item;	     /* in single->table */
	struct quiet *older, *newer; /* by last event */
	weir_time last, said;
	char id[UUID_TEXT_MAX];
	weir_time start;
};

struct single {
	const struct rule *rule;
	struct workshop *shop;
	struct pool pool;
	bool alone; /* nothing refers to it, or somebody says generate */
	struct table table;
	struct quiet *oldest, *newest;
	uint64_t fired, suppressed, evicted;
};

struct single *single_new(struct workshop *shop, const struct ruleset *set, const struct rule *rule)
{
	struct single *single = calloc(1, sizeof(*single));

	(void)set;
	if (!single)
		return NULL;
	single->rule = rule;
	single->shop = shop;
	single->alone = rule->alone;
	table_init(&single->table, sizeof(struct item), offsetof(struct quiet, item));
	return single;
}

static void list_remove(struct single *single, struct quiet *quiet)
{
	*(quiet->older ? &quiet->older->newer : &single->oldest) = quiet->newer;
	*(quiet->newer ? &quiet->newer->older : &single->newest) = quiet->older;
}

static void list_add(struct single *single, struct quiet *quiet)
{
	quiet->older = single->newest;
	quiet->newer = NULL;
	*(single->newest ? &single->newest->newer : &single->oldest) = quiet;
	single->newest = quiet;
}

static void drop_oldest(struct single *single)
{
	struct quiet *quiet = single->oldest;

	list_remove(single, quiet);
	table_remove(&single->table, quiet);
	pool_put(&single->pool, quiet, sizeof(*quiet));
}

void single_free(struct single *single)
{
	if (!single)
		return;
	while (single->oldest)
		drop_oldest(single);
	table_free(&single->table);
	pool_free(&single->pool);
	free(single);
}

/* What was said for the same fields, or a new entry; NULL without memory. */
static struct quiet *quiet_of(struct single *single, const struct item *item)
{
	struct quiet *quiet = table_find(&single->table, item);

	if (quiet) {
		list_remove(single, quiet);
		list_add(single, quiet);
		return quiet;
	}
	if (single->table.count >= SINGLE_KEYS_MAX) {
		drop_oldest(single);
		single->evicted++;
	}
	quiet = pool_get(&single->pool, sizeof(*quiet));
	if (!quiet)
		return NULL;
	quiet->item = *item;
	quiet->said = TIME_NONE;
	if (table_insert(&single->table, quiet)) {
		pool_put(&single->pool, quiet, sizeof(*quiet));
		return NULL;
	}
	list_add(single, quiet);
	return quiet;
}

static int name_it(struct single *single, const struct event *event, const struct value *keys,
		   char id[UUID_TEXT_MAX])
{
	const char *names[RULE_FIELDS_MAX];
	char what[96];

	for (unsigned i = 0; i < SINGLE_FIELDS.len; i++)
		names[i] = field_table[SINGLE_FIELDS.at[i]].name;
	if (single->alone)
		snprintf(what, sizeof(what), "%" PRId64, event->time);
	else /* each event is one of its own */
		snprintf(what, sizeof(what), "[%" PRId64 ",%" PRIu32 ",%" PRIu64 "]", event->time,
			 event->input, event->record);
	return identity_make(&single->shop->arena,
			     &(struct identity){single->rule, single->rule->id, names,
						SINGLE_FIELDS.at, keys, SINGLE_FIELDS.len, what},
			     id);
}

/* By a rule. */
static bool is_taken(const struct single *single)
{
	return single->rule->raise || single->rule->users_len;
}

static void say_it(struct single *single, const struct event *event, struct signal *signal)
{
	const struct signal_engine_ops *ops = single->shop->ops;

	signal->rule = single->rule;
	signal->time = event->time;
	signal->emitted = single->shop->clock;
	signal->window_start = signal->window_end = event->time;
	signal->severity = single->rule->level;
	signal->confidence = 1;
	signal->coverage =
		ops->coverage ? ops->coverage(ops->context, event->time, event->time) : 1;
	signal->key_fields = SINGLE_FIELDS.at;
	signal->keys_len = SINGLE_FIELDS.len;
	if (is_taken(single) || !ops->bare) {
		signal->samples = event;
		signal->samples_len = 1;
		signal->message = words_of_signal(&single->shop->arena, signal);
	}
	ops->signal(ops->context, signal);
}

static bool alone(struct single *single, const struct event *event, struct signal *signal)
{
	struct item item;
	struct quiet *quiet;

	if (!tuple_item(&single->shop->buffer, event, &SINGLE_FIELDS, true, &item))
		return false;
	quiet = quiet_of(single, &item);
	if (!quiet)
		return false;
	quiet->last = event->time;
	if (quiet->said != TIME_NONE && event->time - quiet->said < single->rule->single.suppress) {
		single->suppressed++;
		single->shop->stats.suppressed++;
		signal->update = signal->silent = true;
		signal->start = quiet->start;
		memcpy(signal->id, quiet->id, sizeof(signal->id));
		return is_taken(single);
	}
	if (name_it(single, event, signal->keys, quiet->id))
		return false;
	single->fired++;
	single->shop->stats.signals++;
	quiet->said = quiet->start = signal->start = event->time;
	memcpy(signal->id, quiet->id, sizeof(signal->id));
	return true;
}

void single_event(struct single *single, const struct event *event)
{
	struct value keys[RULE_FIELDS_MAX];
	struct signal signal = {.keys = keys, .start = event->time};

	arena_reset(&single->shop->arena);
	for (unsigned i = 0; i < SINGLE_FIELDS.len; i++)
		keys[i] = value_of_field(event, SINGLE_FIELDS.at[i]);
	if (!single->alone) {
		signal.silent = true;
		if (!name_it(single, event, keys, signal.id))
			say_it(single, event, &signal);
		return;
	}
	single_tidy(single);
	if (alone(single, event, &signal))
		say_it(single, event, &signal);
}

bool single_tidy(struct single *single)
{
	while (single->oldest &&
	       single->shop->clock - single->oldest->said >= single->rule->single.suppress &&
	       single->shop->clock - single->oldest->last >= single->rule->single.suppress)
		drop_oldest(single);
	return single->table.count;
}

void single_forget(struct single *single)
{
	while (single->oldest)
		drop_oldest(single);
}

void single_save(const struct single *single, struct state_writer *w)
{
	state_section(w, "single", single->rule->id, single->rule->fingerprint, SINGLE_VERSION);
	state_put_uint(w, single->fired);
	state_put_uint(w, single->suppressed);
	state_put_uint(w, single->evicted);
	state_put_uint(w, single->table.count);
	for (const struct quiet *quiet = single->oldest; quiet; quiet = quiet->newer) {
		state_put_raw(w, &quiet->item, sizeof(quiet->item));
		state_put_int(w, quiet->last);
		state_put_int(w, quiet->said);
		state_put_int(w, quiet->start);
		state_put_text(w, quiet->id);
	}
}

int single_load(struct single *single, struct state_reader *r)
{
	if (r->version != SINGLE_VERSION)
		return -EBADMSG;
	single->fired = state_get_uint(r);
	single->suppressed = state_get_uint(r);
	single->evicted = state_get_uint(r);
	for (size_t len = state_get_count(r, SINGLE_KEYS_MAX); len && !r->bad; len--) {
		struct quiet *quiet;
		struct item item;

		state_get_raw(r, &item, sizeof(item));
		quiet = quiet_of(single, &item);
		if (!quiet)
			return -ENOMEM;
		quiet->last = state_get_time(r);
		quiet->said = state_get_timer(r);
		quiet->start = state_get_time(r);
		state_get_text(r, quiet->id, sizeof(quiet->id));
		r->bad |= quiet->said == TIME_NEVER;
	}
	return state_done(r) ? 0 : -EBADMSG;
}

void single_stats(const struct single *single, struct signal_rule_stats *stats)
{
	*stats = (struct signal_rule_stats){
		.fired = single->fired,
		.suppressed = single->suppressed,
		.keys = single->table.count,
		.bytes = single->pool.bytes + table_bytes(&single->table),
		.evicted = single->evicted,
	};
}
