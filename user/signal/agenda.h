/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SIGNAL_AGENDA_H
#define WEIR_SIGNAL_AGENDA_H

#include "base/time.h"

/*
 * Which rule's timer is due next: a heap by (time, rule), so that the rules that wait for nothing
 * cost nothing. Of the rules 0 to `rules` - 1 each has one time, TIME_NEVER at first.
 */
struct agenda_line {
	weir_time time;
	unsigned rule;
};

struct agenda {
	struct agenda_line *heap;
	unsigned len;
	unsigned *place; /* by rule: 1 + where it stands in the heap; 0: it waits for nothing */
};

int agenda_init(struct agenda *agenda, unsigned rules); /* 0, or -ENOMEM */
void agenda_free(struct agenda *agenda);

void agenda_set(struct agenda *agenda, unsigned rule, weir_time time);

/* TIME_NEVER: nobody waits. Else *rule is who does; of several the first rule. */
static inline weir_time agenda_first(const struct agenda *agenda, unsigned *rule)
{
	if (!agenda->len)
		return TIME_NEVER;
	*rule = agenda->heap[0].rule;
	return agenda->heap[0].time;
}

#endif
