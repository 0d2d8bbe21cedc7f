/* SPDX-License-Identifier: Apache-2.0 */
#include "threat/set.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"

static const char *keep(struct arena *arena, const char *text, bool *lost)
{
	const char *kept = text ? arena_text(arena, text) : NULL;

	*lost = *lost || (text && !kept);
	return kept;
}

struct threat_set *threat_set_new(const struct threat_options *options)
{
	struct threat_set *set = calloc(1, sizeof(*set));
	bool lost = false;

	if (!set)
		return NULL;
	set->max = options->max;
	set->lists = calloc(options->len + 1, sizeof(*set->lists));
	for (size_t i = 0; set->lists && i < options->len && i < THREAT_LISTS_MAX; i++) {
		struct threat_list_options *list = &set->lists[set->len++].options;

		*list = options->lists[i];
		list->path = keep(&set->arena, list->path, &lost);
		list->name = keep(&set->arena, list->name, &lost);
		list->format = keep(&set->arena, list->format, &lost);
		list->column = keep(&set->arena, list->column, &lost);
	}
	if (!set->lists || lost) {
		threat_set_free(set);
		return NULL;
	}
	return set;
}

void threat_set_free(struct threat_set *set)
{
	if (!set)
		return;
	threat_table_free(&set->table);
	arena_free(&set->arena);
	free(set->lists);
	free(set);
}

struct threat_options threat_set_options(const struct threat_set *set)
{
	static const struct threat_options none;
	struct threat_options options = none;
	struct threat_list_options *lists = calloc(set->len + 1, sizeof(*lists));

	for (size_t i = 0; lists && i < set->len; i++)
		lists[i] = set->lists[i].options;
	options.lists = lists;
	options.len = lists ? set->len : 0;
	options.max = set->max;
	return options;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* What decides what is read of a list, and from where. */
static bool same_list(const struct threat_list_options *a, const struct threat_list_options *b)
{
	return same_text(a->path, b->path) && same_text(a->name, b->name) &&
	       same_text(a->format, b->format) && same_text(a->column, b->column) &&
	       a->all == b->all;
}

static int find_list(const struct threat_set *set, const struct threat_list_options *options)
{
	for (size_t i = 0; set && i < set->len; i++)
		if (same_list(&set->lists[i].options, options))
			return (int)i;
	return -1;
}

static bool is_same_file(const struct threat_set_list *old)
{
	struct threat_signature now;

	return !old->list.error[0] && !threat_list_look(old->options.path, &now) &&
	       now.hash == old->list.signature.hash;
}

/* What was read of it before; the reason why nothing newer was stays. */
static int take_over(struct threat_set *set, size_t number, const struct threat_set *old, int from)
{
	struct threat_set_list *list = &set->lists[number];
	struct threat_list tried = list->list;

	list->list = old->lists[from].list;
	list->read = old->lists[from].read;
	if (tried.error[0]) {
		memcpy(list->list.error, tried.error, sizeof(tried.error));
		list->list.signature = tried.signature;
		list->list.signature.changed = old->lists[from].list.signature.changed;
	}
	return threat_table_copy(&set->table, &old->table, (uint16_t)from, (uint16_t)number);
}

/* A list in a table of its own: one that is not whole leaves nothing behind. */
static int read_list(struct threat_set *set, size_t number, const struct domain_list *domains)
{
	struct threat_set_list *list = &set->lists[number];
	struct threat_table own = {0};
	size_t room = set->max > set->table.len ? set->max - set->table.len : 0;
	int err = threat_list_read(&list->options, (uint16_t)number, domains, room, &own,
				   &list->list);

	if (!err && set->table.len)
		err = threat_table_copy(&set->table, &own, (uint16_t)number, (uint16_t)number);
	else if (!err) {
		threat_table_free(&set->table);
		set->table = own;
		own = (struct threat_table){0};
	}
	threat_table_free(&own);
	if (!err)
		list->read = time_now();
	return err;
}

static void say(const struct threat_set_list *list, bool kept)
{
	const struct threat_counts *c = &list->list.counts;

	if (list->list.error[0])
		log_warn("threat list %s: %s%s", list->options.name, list->list.error,
			 kept ? ": what was read of it before is used" : "");
	if (list->read && threat_is_stale(list, time_now()))
		log_warn("threat list %s is stale: it was changed %lld days ago",
			 list->options.name,
			 (long long)((time_now() - list->list.signature.changed) / WEIR_DAY));
	if (c->no_room)
		log_warn("threat list %s: %llu indicators are left out: threat.max_indicators is "
			 "reached",
			 list->options.name, (unsigned long long)c->no_room);
}

int threat_set_read(struct threat_set *set, const struct threat_set *old, bool all)
{
	struct domain_list *domains = domain_list_open();
	int err = domains ? 0 : -ENOMEM;

	for (size_t i = 0; i < set->len && !err; i++) {
		int from = find_list(old, &set->lists[i].options), failed;

		if (from >= 0 && !all && is_same_file(&old->lists[from])) {
			err = take_over(set, i, old, from);
			continue;
		}
		failed = read_list(set, i, domains);
		if (failed && from >= 0)
			err = take_over(set, i, old, from);
		say(&set->lists[i], failed && from >= 0 && old->lists[from].read);
	}
	domain_list_close(domains);
	return err;
}

bool threat_set_changed(const struct threat_set *set, struct threat_signature *seen)
{
	bool changed = false;

	for (size_t i = 0; i < set->len; i++) {
		struct threat_signature now;

		if (threat_list_look(set->lists[i].options.path, &now))
			now = (struct threat_signature){0};
		changed = changed || (now.hash != set->lists[i].list.signature.hash &&
				      now.hash == seen[i].hash);
		seen[i] = now;
	}
	return changed;
}
