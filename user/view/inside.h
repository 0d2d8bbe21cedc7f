/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_VIEW_INSIDE_H
#define WEIR_VIEW_INSIDE_H

#include <sys/queue.h>

#include "base/table.h"
#include "view/view.h"

/* What the files of this room share: the table (view.c) and its JSON (json.c). */

/* By initiator; ports in host order, of ICMP 0. */
struct view_key {
	struct addr source, destination;
	uint16_t source_port, destination_port, transport;
};

/* What a connection moved in one second; [0] by the initiator. */
struct view_moved {
	weir_time second;
	uint64_t bytes[2], packets[2];
};

struct view_flow {
	struct view_key key;
	TAILQ_ENTRY(view_flow) place; /* in view.order */
	struct view_moved last;	  /* the second in which it moved last: it may be the open one */
	struct view_moved before; /* the one before that in which it moved */
	uint64_t total[2]; /* since it is in sight; when it has ended, of all its life; as above */
	int64_t duration;  /* ns, as the last event said */
	bool ended;
	uint64_t present[(FIELD_COUNT + 63) / 64]; /* of the event that `facts` are of */
	json_t *facts;				   /* NULL: without memory */
};

/* Sums of one second. */
struct view_rates {
	uint64_t sent, received, packets, attempts, connections, flows;
};

struct view {
	struct table flows;
	TAILQ_HEAD(, view_flow) order; /* by last movement */
	weir_time second;	       /* the open one, event time; TIME_NONE: nothing came yet */
	weir_time looked;	       /* CLOCK_BOOTTIME */
	struct view_rates open;
	struct view_rates history[VIEW_HISTORY]; /* a ring */
	uint64_t seconds;			 /* that are over */
	uint64_t left_out;			 /* flows */
};

#endif
