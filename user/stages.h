/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_STAGES_H
#define WEIR_STAGES_H

#include <pthread.h>

#include "correlate/correlate.h"
#include "decode/decode.h"
#include "enrich/derive.h"
#include "enrich/enrich.h"
#include "event/order.h"
#include "flow/answered.h"
#include "flow/flow.h"
#include "pipeline.h"
#include "signal/engine.h"
#include "signal/recorded.h"
#include "sink/evidence.h"
#include "sink/sink.h"
#include "threat/threat.h"

/* Who is who: what enrich and the event table read. */
struct pipeline_roles {
	VEC(struct enrich_role) list;
	VEC(const char *) names;
};

/* What was last told of an output or the state as `health`. */
struct told {
	bool failing;
	uint64_t lost, seen;  /* records: told, and known */
	weir_time at, losing; /* boot time when it was told, and when more were lost; 0: never */
};

/* The inside of the joined stages: what the files pipeline*.c share. */
struct pipeline {
	const struct config *config;
	struct pipeline_options options;
	struct live *live;
	const struct decoding *decoding; /* of the live source; NULL: nothing is decoded */
	struct owners *owners;		 /* NULL: nobody knows processes */
	/* in the order that data takes */
	struct flow_table *flows;
	struct decode *decode; /* NULL: done elsewhere, see pipeline_decoded() */
	struct order *order;
	uint32_t flow_input, own_input; /* of `order`: the flow stage, weir's own health */
	struct answered answered;	/* by recorded events */
	struct enrich enrich;
	struct threat *threat; /* NULL: no lists are asked for */
	struct ruleset *rules;
	struct signal_engine *signals;
	struct correlate *correlate;
	struct recorded *recorded;
	struct evidence *evidence;
	struct view *view;	 /* NULL: nobody looks */
	struct state_seal *seal; /* of the state, where something is private; NULL: none was ever */
	struct keeper *keeper;	 /* NULL: nothing is kept over restarts */
	VEC(struct sink *) sinks;
	VEC(struct told) told; /* one a sink, in their order */
	struct told state_told;
	struct pipeline_roles who;
	struct config *reloaded; /* its own: that of the last reload; NULL: there was none */
	char host[256];
	uint32_t kinds; /* that any sink wants */
	int worst;
	uint64_t lost; /* records that could not be made, for want of memory */
	/* sockets of weir's own that were made before the live source was open */
	pthread_mutex_t own_lock;
	VEC(uint64_t) own_sockets;
};

/* pipeline_health.c: tells what outputs and state failed in and lost since the last call; and
 * whether an output lost something within the last minute. */
void pipeline_health_tick(struct pipeline *p);
bool pipeline_losing(const struct pipeline *p);

/* pipeline_sinks.c: what leaves. */

/* Those of the configuration and of the options. 0, or -errno, said in `error` but for -ENOMEM. */
int pipeline_sinks_open(struct pipeline *p, struct error *error);
/* Lets what waits leave, and counts what does not. */
void pipeline_sinks_close(struct pipeline *p);

/* pipeline_privacy.c: what leaves of what is private (event/privacy.h), by the configuration. 0, or
 * -errno, said in `error` but for -ENOMEM. */
int pipeline_privacy_open(struct pipeline *p, struct error *error);
void pipeline_privacy_close(struct pipeline *p);

/* Whether some sink does. */
static inline bool pipeline_wants(const struct pipeline *p, enum record_kind_out kind)
{
	return p->kinds & (1u << kind);
}

/* To the sinks that want it; takes it over. NULL: it could not be made, and is counted. */
void pipeline_write(struct pipeline *p, struct out *out);

/* Puts the process of a flow on an event of it, if it is known; its texts live until the next call.
 */
void pipeline_attribute(struct pipeline *p, struct flow *flow, struct event *event);

/* pipeline_decode.c: what packets say. */

/* 0, or -ENOMEM. In a live pipeline a child decodes. */
int pipeline_decode_open(struct pipeline *p);
/* Of what the flow stage and the decoders say, once the rules are there. */
weir_time pipeline_lateness(const struct pipeline *p);

/* pipeline_engine.c: what one set of rules has made. */

/* What is derived for it, layer 1 and layer 2. */
struct pipeline_engine {
	struct derive *derive;
	struct signal_engine *signals;
	struct correlate *correlate;
};

/* 0, or -errno with `error` said (then it is empty). Borrows nothing of `config`. */
int pipeline_engine_make(struct pipeline *p, const struct config *config,
			 const struct ruleset *rules, struct pipeline_engine *engine,
			 struct error *error);
void pipeline_engine_free(struct pipeline_engine *engine);
/* It is the pipeline's now, in place of the one that was. */
void pipeline_engine_take(struct pipeline *p, struct pipeline_engine *engine);

/* A signal that another program made, at its place in the order of events. Borrowed. */
void pipeline_signal(struct pipeline *p, const struct signal *signal);

/* Of a configuration, whose addresses and names it borrows. 0, or -ENOMEM. */
int pipeline_roles_read(const struct config *config, struct pipeline_roles *roles);
void pipeline_roles_free(struct pipeline_roles *roles);
void pipeline_roles_set(const struct pipeline_roles *roles);		  /* for the event table */
void pipeline_roles_use(struct pipeline *p, const struct config *config); /* p->who, in enrich */

/* Services whose events somebody reads, a bit each. */
uint32_t pipeline_services(const struct pipeline *p);

/* pipeline_view.c: lets the view go when nobody looks any more; `now` is CLOCK_BOOTTIME. */
void pipeline_view_tick(struct pipeline *p, weir_time now);

/* pipeline_state.c: what is known, kept over restarts. */
struct keeper;

/* Where a snapshot is configured: goes on from it, if there is one that can be used; keeps it from
 * now on. 0, or -ENOMEM. */
int pipeline_state_open(struct pipeline *p);
void pipeline_state_tick(struct pipeline *p, weir_time now); /* CLOCK_BOOTTIME */
void pipeline_state_soon(struct pipeline *p);		     /* at the next tick */
/* The input is at its end; true: windows go on after the next start. */
bool pipeline_state_goes_on(struct pipeline *p);
/* Writes the last one, if the input came to its end. */
void pipeline_state_close(struct pipeline *p);
json_t *pipeline_state_status(const struct pipeline *p); /* NULL: nothing is kept */

/* All that the stages know, into memory: the caller's to free. 0, or -errno. */
struct state_memory;
int pipeline_state_write(struct pipeline *p, struct state_memory *memory);
/* And into fresh stages over other rules. 0, -EBADMSG or -ENOMEM. */
int pipeline_state_read(const struct pipeline_engine *to, const struct ruleset *rules,
			const void *bytes, size_t length, struct state_loaded *loaded);

#endif
