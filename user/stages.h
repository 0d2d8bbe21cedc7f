/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_STAGES_H
#define WEIR_STAGES_H

#include <pthread.h>

#include "correlate/correlate.h"
#include "enrich/derive.h"
#include "enrich/enrich.h"
#include "event/order.h"
#include "flow/flow.h"
#include "pipeline.h"
#include "recorded.h"
#include "signal/engine.h"
#include "sink/evidence.h"
#include "sink/sink.h"

/* The inside of the joined stages: what pipeline.c and pipeline_status.c share. */
struct pipeline {
	const struct config *config;
	struct pipeline_options options;
	struct live *live;
	/* in the order that data takes */
	struct flow_table *flows;
	struct order *order;
	uint32_t flow_input, own_input; /* of `order`: the flow stage, weir's own health */
	struct enrich enrich;
	struct ruleset *rules;
	struct signal_engine *signals;
	struct correlate *correlate;
	struct recorded *recorded;
	struct evidence *evidence;
	VEC(struct sink *) sinks;
	/* what enrich and the event table read */
	VEC(struct enrich_role) roles;
	VEC(const char *) role_names;
	char host[256];
	uint32_t kinds; /* that any sink wants */
	int worst;
	uint64_t lost; /* records that could not be made, for want of memory */
	/* sockets of weir's own that were made before the live source was open */
	pthread_mutex_t own_lock;
	VEC(uint64_t) own_sockets;
};

#endif
