/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/agenda.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

int agenda_init(struct agenda *agenda, unsigned rules)
{
	*agenda = (struct agenda){
		.heap = calloc((size_t)rules + 1, sizeof(*agenda->heap)),
		.place = calloc((size_t)rules + 1, sizeof(*agenda->place)),
	};
	if (agenda->heap && agenda->place)
		return 0;
	agenda_free(agenda);
	return -ENOMEM;
}

void agenda_free(struct agenda *agenda)
{
	free(agenda->heap);
	free(agenda->place);
	*agenda = (struct agenda){0};
}

static bool before(const struct agenda_line *a, const struct agenda_line *b)
{
	return a->time != b->time ? a->time < b->time : a->rule < b->rule;
}

static void put(struct agenda *agenda, unsigned at, struct agenda_line line)
{
	agenda->heap[at] = line;
	agenda->place[line.rule] = at + 1;
}

/* The line goes where it belongs, from the free place `at`. */
static void sift(struct agenda *agenda, unsigned at, struct agenda_line line)
{
	unsigned kid;

	for (; at && before(&line, &agenda->heap[(at - 1) / 2]); at = (at - 1) / 2)
		put(agenda, at, agenda->heap[(at - 1) / 2]);
	while ((kid = at * 2 + 1) < agenda->len) {
		if (kid + 1 < agenda->len && before(&agenda->heap[kid + 1], &agenda->heap[kid]))
			kid++;
		if (!before(&agenda->heap[kid], &line))
			break;
		put(agenda, at, agenda->heap[kid]);
		at = kid;
	}
	put(agenda, at, line);
}

static void take_out(struct agenda *agenda, unsigned rule)
{
	unsigned at = agenda->place[rule] - 1;
	struct agenda_line last = agenda->heap[--agenda->len];

	agenda->place[rule] = 0;
	if (at < agenda->len)
		sift(agenda, at, last);
}

void agenda_set(struct agenda *agenda, unsigned rule, weir_time time)
{
	unsigned place = agenda->place[rule];
	struct agenda_line line = {.time = time, .rule = rule};

	if (place && agenda->heap[place - 1].time == time)
		return;
	if (time != TIME_NEVER)
		sift(agenda, place ? place - 1 : agenda->len++, line);
	else if (place)
		take_out(agenda, rule);
}
