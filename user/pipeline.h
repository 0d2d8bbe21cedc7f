/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PIPELINE_H
#define WEIR_PIPELINE_H

#include <jansson.h>

#include "config/config.h"

/*
 * The stages in their order, joined (pipeline.c): what enters as flows or events leaves through the
 * sinks. The ways to feed it are commands of their own: run.c (this host), replay.c (files),
 * cases.c. Engine thread only.
 */
struct pipeline;
struct flow_table;
struct case_paths;
struct ruleset;
struct signal;
struct detection;

/* What goes to standard output. */
enum output_form { OUTPUT_NONE, OUTPUT_TEXT, OUTPUT_JSON };

/* Who hears all that the rules say, told or suppressed, beside the sinks. */
struct pipeline_tap {
	void (*signal)(void *context, const struct signal *signal);
	void (*detection)(void *context, const struct detection *detection);
	void *context;
};

struct pipeline_options {
	enum output_form form;
	bool signals, events; /* on standard output, beside detections */
	bool live;	      /* this host's own addresses and coverage count; syslog may be used */
	bool state_later;     /* live: pipeline_remember() reads the state */
	bool threat_lists; /* those of the configuration are read; live, again when they change */
	const char *database;		/* NULL: none */
	weir_time lateness;		/* of what the flow stage says */
	const struct pipeline_tap *tap; /* NULL: nobody; must outlive it */
};

/* Loads the rules and opens the sinks. 0, or -errno with `error` said (faults of rules are printed
 * where they are found). `config` must outlive it. */
int pipeline_open(struct pipeline **pipeline, const struct config *config,
		  const struct pipeline_options *options, struct error *error);

/* The end of all input: flows age out, what waits leaves, windows close as partial. */
void pipeline_finish(struct pipeline *pipeline);

/* Flushes and closes the sinks, frees everything. How many records were lost on the way, each told
 * where it happened. */
uint64_t pipeline_close(struct pipeline *pipeline);

/* Where captures and the live source put what they know of connections. */
struct flow_table *pipeline_flows(struct pipeline *pipeline);

/* Payload of a capture, for the decoders: `context` is the pipeline. */
struct payload_record;
void pipeline_payload(void *context, const struct payload_record *record, const uint8_t *bytes,
		      weir_time at);

/* What decoders say, wherever they run: an event with its 5-tuple, and what a flow speaks (by
 * decode_protocol()). `context` is the pipeline. */
struct decode_origin;
struct event;
void pipeline_decoded(void *context, const struct decode_origin *origin, struct event *event);
void pipeline_spoken(void *context, const struct decode_origin *origin, const char *protocol);

/* Whether somebody reads what decoders say, and the configuration lets them. */
bool pipeline_wants_payload(const struct pipeline *pipeline);

/* Decoding of the live source, for its status (NULL: there is none). Not the pipeline's. */
struct decoding;
void pipeline_decoding(struct pipeline *pipeline, const struct decoding *decoding);

/* The flow stage has been told everything before `at`. */
void pipeline_flows_advance(struct pipeline *pipeline, weir_time at);

/* No connections will come: what the flow stage says holds the watermark back no more. */
void pipeline_flows_end(struct pipeline *pipeline);

/* Another input of events; its number, or -ENOMEM. */
int pipeline_input(struct pipeline *pipeline, weir_time lateness);
void pipeline_event(struct pipeline *pipeline, uint32_t input, const struct event *event);
/* A signal of a rule that somebody else recorded: takes part in correlation at its time. */
struct recorded_signal;
void pipeline_recorded(struct pipeline *pipeline, uint32_t input,
		       const struct recorded_signal *signal);
void pipeline_input_end(struct pipeline *pipeline, uint32_t input);

/* What became of an input's events; that of the flow stage has a number too. */
struct order_counts;
void pipeline_input_counts(const struct pipeline *pipeline, uint32_t input,
			   struct order_counts *counts);
uint32_t pipeline_flows_input(const struct pipeline *pipeline);

/* Recorded signals that no rule could take. */
uint64_t pipeline_refused_signals(const struct pipeline *pipeline);

/* What weir says of itself: to rules and to the table `health`. */
void pipeline_health(struct pipeline *pipeline, weir_time at, const char *fact,
		     const char *message);

/* The live source, once it is open (NULL: closed again). */
void pipeline_live(struct pipeline *pipeline, struct live *live);

/* Who knows the processes of flows (NULL: nobody); must live until pipeline_close(). */
struct owners;
void pipeline_owners(struct pipeline *pipeline, struct owners *owners);

/* An event that the live source made of something else than packets. `context`: the pipeline. */
void pipeline_told(void *context, const struct event *event);

/* What became of a snapshot: rules that know what they knew; that changed, or are not here, and so
 * begin anew; open detections of these. */
struct state_loaded {
	unsigned known, changed, gone, left_out;
};

/* Takes rules, home networks and roles from another configuration; the windows go on. 0, and the
 * configuration is the pipeline's; or -errno: nothing has changed, and `faults` say why (none:
 * memory). */
int pipeline_reload(struct pipeline *pipeline, struct config *config, struct faults *faults,
		    struct state_loaded *loaded);

/* Where the state was not read when the pipeline was opened: reads it now, before the first event.
 */
void pipeline_remember(struct pipeline *pipeline);

/*
 * To the process that goes on in this one's place, and from the one before it: all that the stages
 * know, open flows and events that wait included. Giving changes nothing; afterwards either
 * pipeline_close() follows, without pipeline_finish(), or all goes on.
 */
struct state_writer;
struct state_image;
size_t pipeline_give_sections(const struct pipeline *pipeline);
void pipeline_give(void *pipeline, struct state_writer *writer);
/* Behind pipeline_live(). 0, -EBADMSG or -ENOMEM: then it is good for pipeline_close() only. */
int pipeline_take(struct pipeline *pipeline, const struct state_image *image);

/* Event time of what is remembered of an earlier run: what comes now is later. TIME_NONE: nothing
 * is. */
weir_time pipeline_earliest(const struct pipeline *pipeline);

/* Keeps what is known, about once a second; `now` is CLOCK_BOOTTIME. Children that it forks are its
 * own. */
void pipeline_tick(struct pipeline *pipeline, weir_time now);

/* Gives back the memory that a burst has left behind; every few seconds. */
void pipeline_shrink(struct pipeline *pipeline);

/* A socket that weir itself has opened: not to be watched. Any thread; `context`: the pipeline. */
void pipeline_own_socket(void *context, uint64_t cookie);

/* Everything `weir status` shows (a new reference). */
json_t *pipeline_status(struct pipeline *pipeline);

/* What moves now (view/view.h), a new reference; NULL without memory. The first call begins with
 * nothing. `now` is CLOCK_BOOTTIME. */
json_t *pipeline_top(struct pipeline *pipeline, weir_time now, size_t limit, const char *filter);

/* The worst detection raised so far (enum severity), -1: none. */
int pipeline_worst(const struct pipeline *pipeline);

struct replay_options {
	const char *const *files; /* ended by NULL; none if `archive` */
	bool archive;		  /* the kept events, in [since, until) */
	weir_time since, until;
	bool progress;		    /* a bar on standard error */
	bool json, signals, events; /* what goes to standard output, and how */
	bool summary;		    /* of each file, on standard error, at the end */
	weir_time sort_window;	    /* 0: by the kind of file */
	int fail_on;		    /* enum severity; -1: never */
};

struct run_options {
	/* Makes the configuration once more, for a reload: 0, or -errno with faults. */
	int (*configure)(struct config **config, struct faults *faults, void *context);
	void *context;
	bool take_over;	 /* another weir that runs here makes room once this one is prepared */
	bool *made_room; /* set when this one made room for another; NULL: nobody asks */
};

/* Watches this host until SIGTERM or SIGINT. Returns an exit status; errors are said. */
int pipeline_run(const struct config *config, const struct run_options *options);

/* Runs captures and recorded events through the same stages. Returns an exit status. */
int pipeline_replay(const struct config *config, const struct replay_options *options);

/* How `weir rules test` wants its cases run. */
struct cases_options {
	/* Makes the configuration that a case begins with; said if it fails. */
	int (*configure)(struct config **config, void *context);
	void *context;
	void (*faults)(const struct faults *faults); /* says them */
	bool all; /* every loaded rule must be tried, not only those that the files are about */
};

/* Runs cases that stand beside rules, each in stages of its own: a line a case on standard output,
 * what differs behind it. `set` is what the configuration's rules load to. An exit status. */
int pipeline_cases(const struct ruleset *set, const struct case_paths *paths,
		   const struct cases_options *options);

#endif
