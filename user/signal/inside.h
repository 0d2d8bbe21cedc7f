/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SIGNAL_INSIDE_H
#define WEIR_SIGNAL_INSIDE_H

#include "signal/agenda.h"
#include "signal/chain.h"
#include "signal/single.h"

/* What the engine keeps: shared by what runs it and what saves it; nobody else includes it. */

struct signal_engine {
	const struct ruleset *set;
	struct signal_engine_ops ops, inner; /* the caller's; what windows call */
	struct workshop shop;
	struct chain chain;
	bool busy;	/* what waits in the chain is run when what is at hand is done */
	weir_time turn; /* whose turn it is: the clock, and past the input's end on and on */
	bool *counted;	/* by rule: a window counts its signals */
	struct window **window; /* by rule; NULL: no window rule */
	struct single **single; /* by rule; NULL: not by itself */
	unsigned *matched;	/* indexes of base rules, of the event at hand */
	bool *matches;		/* by rule, of the event at hand */
	uint64_t *stamp;	/* by rule: the event that it saw last */
	unsigned *touched;	/* window rules of the event at hand */
	struct agenda agenda;	/* window rules by when they are due */
	unsigned *keyed;	/* rules that have keys */
	unsigned keyed_len;
	bool *listed; /* by rule: it is among them */
};

/* The rule has what was loaded: it is looked after, and its timer runs. */
void engine_resume(struct signal_engine *engine, unsigned rule);

#endif
