/* SPDX-License-Identifier: Apache-2.0 */
#include "threat/threat.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "base/time.h"
#include "confine/confine.h"
#include "threat/set.h"

#define LOOK_SECONDS 2 /* between two looks at the files; two alike, and it is read */

struct threat {
	struct threat_set *current; /* the engine's; the thread reads it while `ready` is empty */
	/* between both, under the lock */
	pthread_mutex_t lock;
	pthread_cond_t woken;
	struct threat_set *ready;  /* whole, for the engine to take */
	struct threat_set *wanted; /* options to read all lists by; NULL: as they are */
	bool stopping, watched;
	pthread_t thread;
};

static void wait_for_work(struct threat *threat)
{
	struct timespec until = time_deadline(LOOK_SECONDS * WEIR_SEC);

	pthread_cond_clockwait(&threat->woken, &threat->lock, CLOCK_MONOTONIC, &until);
}

/* The set to read lists into, where some have changed; NULL: none has. */
static struct threat_set *changed_set(const struct threat_set *current,
				      struct threat_signature *seen)
{
	struct threat_options options;
	struct threat_set *next;

	if (!threat_set_changed(current, seen))
		return NULL;
	options = threat_set_options(current);
	next = threat_set_new(&options);
	free((void *)options.lists);
	return next;
}

/* Reads what is to be read; NULL: nothing, or it could not. */
static struct threat_set *read_anew(struct threat_set *wanted, const struct threat_set *current,
				    struct threat_signature *seen)
{
	struct threat_set *next = wanted ? wanted : changed_set(current, seen);

	if (!next || !threat_set_read(next, current, wanted))
		return next;
	log_warn("threat lists: no memory to read them anew: those from before are used");
	threat_set_free(next);
	return NULL;
}

/* While `ready` is empty nobody changes `current`. */
static void *watch_lists(void *context)
{
	struct threat *threat = context;
	struct threat_signature seen[THREAT_LISTS_MAX] = {{0}};

	confine_thread(0);
	pthread_mutex_lock(&threat->lock);
	while (!threat->stopping) {
		struct threat_set *wanted, *next;

		wait_for_work(threat);
		if (threat->ready || threat->stopping)
			continue;
		wanted = threat->wanted;
		threat->wanted = NULL;
		pthread_mutex_unlock(&threat->lock);
		next = read_anew(wanted, threat->current, seen);
		pthread_mutex_lock(&threat->lock);
		threat->ready = next;
	}
	pthread_mutex_unlock(&threat->lock);
	return NULL;
}

struct threat *threat_open(const struct threat_options *options)
{
	struct threat *threat = calloc(1, sizeof(*threat));

	if (!threat)
		return NULL;
	pthread_mutex_init(&threat->lock, NULL);
	pthread_cond_init(&threat->woken, NULL);
	threat->current = threat_set_new(options);
	if (!threat->current || threat_set_read(threat->current, NULL, true)) {
		threat_close(threat);
		return NULL;
	}
	return threat;
}

void threat_close(struct threat *threat)
{
	if (!threat)
		return;
	if (threat->watched) {
		pthread_mutex_lock(&threat->lock);
		threat->stopping = true;
		pthread_cond_signal(&threat->woken);
		pthread_mutex_unlock(&threat->lock);
		pthread_join(threat->thread, NULL);
	}
	threat_set_free(threat->current);
	threat_set_free(threat->ready);
	threat_set_free(threat->wanted);
	pthread_cond_destroy(&threat->woken);
	pthread_mutex_destroy(&threat->lock);
	free(threat);
}

int threat_watch(struct threat *threat)
{
	int err = pthread_create(&threat->thread, NULL, watch_lists, threat);

	threat->watched = !err;
	return -err;
}

int threat_again(struct threat *threat, const struct threat_options *options)
{
	struct threat_set *wanted = threat_set_new(options);

	if (!wanted)
		return -ENOMEM;
	pthread_mutex_lock(&threat->lock);
	threat_set_free(threat->wanted);
	threat->wanted = wanted;
	pthread_cond_signal(&threat->woken);
	pthread_mutex_unlock(&threat->lock);
	return 0;
}

void threat_take(struct threat *threat)
{
	struct threat_set *old = NULL;

	/* The thread holds it for moments only; a second later will do. */
	if (pthread_mutex_trylock(&threat->lock))
		return;
	if (threat->ready) {
		old = threat->current;
		threat->current = threat->ready;
		threat->ready = NULL;
	}
	pthread_mutex_unlock(&threat->lock);
	if (old)
		log_info("threat lists: %zu indicators after reading anew",
			 threat->current->table.len);
	threat_set_free(old);
}

/* ---- matching ---- */

struct search {
	const struct threat_set *set;
	weir_time at;
	const struct threat_entry *best;
};

/* A shorter prefix or name comes first, so that what is found later says more. */
static void on_found(void *context, const struct threat_entry *entry)
{
	struct search *search = context;
	const struct threat_set_list *lists = search->set->lists;

	if (entry->until && search->at > (weir_time)entry->until * WEIR_MIN)
		return;
	if (!search->best ||
	    lists[entry->list].options.level > lists[search->best->list].options.level ||
	    (entry->list == search->best->list && entry->size > search->best->size))
		search->best = entry;
}

bool threat_match(const struct threat *threat, const struct indicator *indicator, weir_time at,
		  struct threat_hit *hit)
{
	struct search search = {.set = threat->current, .at = at};
	const struct threat_set_list *list;

	threat_table_find(&threat->current->table, indicator, on_found, &search);
	if (!search.best)
		return false;
	list = &threat->current->lists[search.best->list];
	*hit = (struct threat_hit){
		.list = &list->options,
		.entry = search.best,
		.changed = list->list.signature.changed,
		.stale = threat_is_stale(list, at),
	};
	return true;
}

bool threat_has(const struct threat *threat, enum indicator_kind kind)
{
	return threat->current->table.kinds[kind];
}

void threat_sizes(const struct threat *threat, size_t *indicators, size_t *bytes)
{
	*indicators = threat->current->table.len;
	*bytes = threat_table_bytes(&threat->current->table);
}

/* ---- status ---- */

static uint64_t refused(const struct threat_counts *counts)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < HARM_COUNT; i++)
		sum += counts->refused[i];
	return sum;
}

static json_t *list_status(const struct threat_set_list *list, bool *degraded)
{
	const struct threat_counts *c = &list->list.counts;
	weir_time now = time_now(), changed = list->list.signature.changed;
	bool stale = list->read && threat_is_stale(list, now);
	json_t *status =
		json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "name", list->options.name,
			  "level", threat_level_name(list->options.level), "indicators",
			  (json_int_t)threat_counts_all(c), "refused", (json_int_t)refused(c),
			  "not_understood", (json_int_t)c->not_understood, "of_others",
			  (json_int_t)c->of_others, "no_room", (json_int_t)c->no_room);

	for (unsigned i = 0; i < INDICATOR_KINDS; i++)
		if (c->entries[i])
			json_object_set_new(status, indicator_plural((enum indicator_kind)i),
					    json_integer((json_int_t)c->entries[i]));
	if (list->read)
		json_object_set_new(
			status, "age_days",
			json_real(now > changed ? (double)(now - changed) / WEIR_DAY : 0));
	json_object_set_new(status, "stale", json_boolean(stale));
	if (list->list.error[0])
		json_object_set_new(status, "error", json_string(list->list.error));
	*degraded = *degraded || stale || list->list.error[0];
	return status;
}

json_t *threat_status(const struct threat *threat, bool *degraded)
{
	const struct threat_set *set = threat->current;
	json_t *lists;

	if (!set->len)
		return NULL;
	lists = json_array();
	for (size_t i = 0; i < set->len; i++)
		json_array_append_new(lists, list_status(&set->lists[i], degraded));
	return json_pack("{s:I, s:I, s:o}", "indicators", (json_int_t)set->table.len, "bytes",
			 (json_int_t)threat_table_bytes(&set->table), "lists", lists);
}
