/* SPDX-License-Identifier: Apache-2.0 */
#include "correlate/shared.h"

#include <math.h>

void shared_init(struct shared *shared, struct arena *arena, struct tuple_buffer *buffer)
{
	*shared = (struct shared){.arena = arena, .buffer = buffer};
	table_init(&shared->table, sizeof(struct item), offsetof(struct shared_tuple, item));
}

void shared_free(struct shared *shared)
{
	table_free(&shared->table);
	vec_free(&shared->list);
	vec_free(&shared->pasts);
}

static struct shared_tuple *tuple_of(struct shared *shared, const struct value *at, unsigned len)
{
	struct shared_tuple *tuple, **room;
	struct item item;

	if (!tuple_values_item(shared->buffer, at, len, &item))
		return NULL;
	tuple = table_find(&shared->table, &item);
	if (tuple)
		return tuple;
	tuple = arena_alloc(shared->arena, sizeof(*tuple));
	room = tuple ? vec_add(&shared->list) : NULL;
	if (!room)
		return NULL;
	tuple->item = item;
	tuple->at = at;
	*room = tuple;
	return table_insert(&shared->table, tuple) ? NULL : tuple;
}

void shared_add(struct shared *shared, unsigned set, const struct signal_set *from)
{
	struct shared_past *past;

	for (unsigned i = 0; i < from->len; i++) {
		struct shared_tuple *tuple =
			tuple_of(shared, from->at + (size_t)i * from->fields.len, from->fields.len);

		if (tuple)
			tuple->sets |= UINT32_C(1) << set;
	}
	if (!from->past.count)
		return;
	past = vec_add(&shared->pasts);
	if (past)
		*past = (struct shared_past){&from->past, set};
}

static void ask_one(struct shared *shared, const struct shared_past *in)
{
	vec_each (at, &shared->list) {
		struct shared_tuple *tuple = *at;

		if (tuple->sets >> in->set & 1)
			continue;
		shared->wrong += past_rate(in->past);
		if (!past_has(in->past, past_print(item_fixed_hash(&tuple->item))))
			continue;
		tuple->sets |= UINT32_C(1) << in->set;
		tuple->taken = true;
	}
}

void shared_ask(struct shared *shared)
{
	vec_each (in, &shared->pasts)
		ask_one(shared, in);
}

static uint32_t all_of(unsigned sets)
{
	return sets >= 32 ? UINT32_MAX : (UINT32_C(1) << sets) - 1;
}

unsigned shared_count(const struct shared *shared, unsigned sets)
{
	unsigned count = 0;

	vec_each (tuple, &shared->list)
		count += (*tuple)->sets == all_of(sets);
	return count;
}

double shared_wrong(const struct shared *shared, unsigned sets)
{
	vec_each (tuple, &shared->list)
		if ((*tuple)->taken && (*tuple)->sets == all_of(sets))
			return -expm1(-shared->wrong);
	return 0;
}

/* A matching of sets to tuples by augmenting paths (Kuhn 1955). */
struct matching {
	const struct shared *shared;
	int tuple_of[SHARED_SETS_MAX]; /* index in the list; -1: none yet */
	uint32_t tried;
};

static bool augment(struct matching *m, unsigned set, unsigned sets)
{
	m->tried |= UINT32_C(1) << set;
	for (size_t i = 0; i < m->shared->list.len; i++) {
		unsigned holder = 0;

		if (!(m->shared->list.at[i]->sets >> set & 1))
			continue;
		while (holder < sets && m->tuple_of[holder] != (int)i)
			holder++;
		if (holder < sets && (m->tried >> holder & 1))
			continue;
		if (holder == sets || augment(m, holder, sets)) {
			m->tuple_of[set] = (int)i;
			return true;
		}
	}
	return false;
}

bool shared_differ(const struct shared *shared, unsigned sets)
{
	struct matching m = {.shared = shared};

	for (unsigned set = 0; set < sets; set++)
		m.tuple_of[set] = -1;
	for (unsigned set = 0; set < sets; set++) {
		m.tried = 0;
		if (!augment(&m, set, sets))
			return false;
	}
	return true;
}
