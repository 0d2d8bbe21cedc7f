/* SPDX-License-Identifier: Apache-2.0 */
#include "event/runs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HEAP RUNS_MAX

/* An empty run whose front was taken is begun anew past this many entries. */
#define RUN_COMPACT 4096

static bool before(const struct run_entry *a, const struct run_entry *b)
{
	if (a->time != b->time)
		return a->time < b->time;
	if (a->input != b->input)
		return a->input < b->input;
	return a->record < b->record;
}

/* ---- the heap ---- */

static int heap_push(struct runs *runs, const struct run_entry *entry)
{
	struct run_entry *at;
	size_t i;

	if (!vec_add(&runs->heap))
		return -ENOMEM;
	at = runs->heap.at;
	i = runs->heap.len - 1;
	for (; i && before(entry, &at[(i - 1) / 2]); i = (i - 1) / 2)
		at[i] = at[(i - 1) / 2];
	at[i] = *entry;
	return 0;
}

static void heap_pop(struct runs *runs)
{
	struct run_entry *at = runs->heap.at, moving = at[--runs->heap.len];
	size_t i = 0, len = runs->heap.len;

	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= len)
			break;
		if (child + 1 < len && before(&at[child + 1], &at[child]))
			child++;
		if (!before(&at[child], &moving))
			break;
		at[i] = at[child];
		i = child;
	}
	at[i] = moving;
}

/* ---- the runs ---- */

static int run_push(struct run *run, const struct run_entry *entry)
{
	if (run->head == run->len) {
		run->head = run->len = 0;
	} else if (run->len == run->cap && run->head >= run->len / 2 && run->head >= RUN_COMPACT) {
		memmove(run->at, run->at + run->head, (run->len - run->head) * sizeof(*run->at));
		run->len -= run->head;
		run->head = 0;
	}
	if (!vec_grow((void **)&run->at, &run->len, &run->cap, sizeof(*run->at)))
		return -ENOMEM;
	run->at[run->len - 1] = *entry;
	return 0;
}

static bool fits(const struct runs *runs, unsigned i, const struct run_entry *entry)
{
	if (runs->tail[i] != entry->time)
		return runs->tail[i] < entry->time;
	/* A time before all times: the run may be empty all the same. */
	return runs->run[i].head == runs->run[i].len ||
	       before(&runs->run[i].at[runs->run[i].len - 1], entry);
}

/* The run behind whose end it stands closest; an empty one if there is none; HEAP. */
static unsigned run_for(struct runs *runs, const struct run_entry *entry)
{
	unsigned best = HEAP;

	for (unsigned i = 0; i < runs->used; i++)
		if (runs->tail[i] <= entry->time && fits(runs, i, entry) &&
		    (best == HEAP || runs->tail[i] > runs->tail[best]))
			best = i;
	if (best != HEAP || runs->used == RUNS_MAX)
		return best;
	runs->tail[runs->used] = TIME_NONE;
	return runs->used++;
}

static const struct run_entry *front(const struct runs *runs, int which)
{
	if (which == HEAP)
		return runs->heap.len ? runs->heap.at : NULL;
	return runs->run[which].head < runs->run[which].len
		       ? &runs->run[which].at[runs->run[which].head]
		       : NULL;
}

int runs_push(struct runs *runs, const struct run_entry *entry)
{
	unsigned i = run_for(runs, entry);
	int err = i == HEAP ? heap_push(runs, entry) : run_push(&runs->run[i], entry);

	if (err)
		return err;
	if (i != HEAP)
		runs->tail[i] = entry->time;
	runs->len++;
	if (runs->first >= 0 && front(runs, runs->first) && before(entry, front(runs, runs->first)))
		runs->first = (int)i;
	else if (runs->len == 1)
		runs->first = (int)i;
	return 0;
}

static void find_first(struct runs *runs)
{
	const struct run_entry *least = front(runs, HEAP);

	runs->first = HEAP;
	for (unsigned i = 0; i < runs->used; i++) {
		const struct run_entry *entry = front(runs, (int)i);

		if (entry && (!least || before(entry, least))) {
			least = entry;
			runs->first = (int)i;
		}
	}
}

const struct run_entry *runs_first(struct runs *runs)
{
	if (!runs->len)
		return NULL;
	if (runs->first < 0)
		find_first(runs);
	return front(runs, runs->first);
}

void runs_pop(struct runs *runs)
{
	struct run *run;

	runs_first(runs);
	runs->len--;
	if (runs->first == HEAP) {
		heap_pop(runs);
	} else {
		run = &runs->run[runs->first];
		if (++run->head == run->len)
			runs->tail[runs->first] = TIME_NONE;
	}
	runs->first = -1;
}

void runs_shrink(struct runs *runs)
{
	for (unsigned i = 0; i < runs->used; i++) {
		struct run *run = &runs->run[i];

		if (run->head != run->len)
			continue;
		free(run->at);
		*run = (struct run){0};
	}
	if (!runs->heap.len) {
		vec_free(&runs->heap);
		runs->heap.at = NULL;
	}
	while (runs->used && runs->run[runs->used - 1].head == runs->run[runs->used - 1].len)
		runs->used--;
}

void runs_free(struct runs *runs)
{
	for (unsigned i = 0; i < RUNS_MAX; i++)
		free(runs->run[i].at);
	vec_free(&runs->heap);
	*runs = (struct runs){0};
}
