/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_WATCH_H
#define WEIR_WATCH_H

#include "base/usage.h"
#include "capture/live/live.h"
#include "capture/live/owners.h"
#include "capture/login/logins.h"
#include "control.h"
#include "decoding/decoding.h"
#include "handing.h"
#include "kubernetes/kubernetes.h"
#include "metrics/metrics.h"
#include "pipeline.h"
#include "privilege.h"
#include "reload.h"

/*
 * The inside of `weir run`: what the files run*.c share. run.c opens and closes the parts,
 * run_loop.c waits for them, run_answers.c has the answers to who calls, run_decoding.c what is
 * read in packets, run_handing.c the way to the next weir. Engine thread only.
 */
#define POLL_INTERVAL WEIR_SEC

/* How late the polls are: capture was held up so long. */
struct lateness {
	weir_time due; /* event time */
	weir_time last, max;
	uint64_t over; /* 10 ms */
};

/* The loop of `weir run`: what it waits for, in the order of `struct watch.fds`. */
enum waited {
	WAIT_LIVE,
	WAIT_TIMER,
	WAIT_SIGNAL,
	WAIT_CONTROL,
	WAIT_DECODING,
	WAIT_METRICS,
	WAIT_KUBERNETES,
	WAIT_HANDING,
	WAITED
};

struct watch {
	const struct config *config; /* that it was started with */
	const struct run_options *options;
	const char *clean; /* why nothing is taken of another weir's; NULL: what it gives is */
	struct pipeline *pipeline;
	struct live *live;
	struct decoding *decoding;     /* NULL: nobody reads payload */
	struct kubernetes *kubernetes; /* NULL: nobody asks its API */
	struct owners *owners;
	struct logins *logins;
	struct control *control;
	struct metrics *metrics; /* NULL: nobody is told */
	struct handing handing;
	struct privilege *privilege;
	const char *log_files[LOGINS_FILES_MAX]; /* of log-ins, for whoever opens them */
	struct follow_opener opener;
	struct reloader *reloader;
	int epoll;
	int fds[WAITED];
	weir_time since;
	unsigned polls;
	struct lateness late;
	struct usage_marks marks; /* a minute apart */
	bool terminal;		  /* it was started from one */
	bool guarded;		  /* systemd ends what does not say that it goes on */
	bool stopping;
	bool handed; /* what is here is another process's */
};

/* run_loop.c */

/* Opens what is waited for, and who may call; sets the timer. 0, or -errno with `error` said. */
int watch_loop_open(struct watch *watch, struct error *error);
/* Until it is stopped. */
void watch_loop(struct watch *watch);
/* A descriptor of SIGTERM, SIGINT and SIGHUP, which do nothing else from now on. */
int watch_signals(void);
/* False: it cannot be waited for. One that is not there (-1) need not be. */
bool watch_wait_for(struct watch *watch, enum waited which, int fd);
void watch_live(struct watch *watch);	/* takes what the kernel has told */
void watch_logins(struct watch *watch); /* and what logs have */
/* To systemd (sd_notify(3)): "READY=1". Nothing where it did not start us. */
void watch_notify(const char *state);
void watch_health(void *context, const char *fact, const char *message); /* `context`: the watch */

/* run_answers.c */
json_t *watch_status(struct watch *watch);
/* To a request such as "top 100 ssh"; `context` is the watch. */
json_t *watch_answer(void *context, const char *request);
/* Ends, for another weir that takes this one's place. */
void watch_make_room(struct watch *watch);

/* run_decoding.c: 0, or -errno with `error` said. Nothing to read: nothing is opened. */
int watch_decoding_open(struct watch *watch, const struct config *config, struct error *error);
void watch_decoding_close(struct watch *watch);

/* run_handing.c */
void watch_handing_open(struct watch *watch);
void watch_handing(struct watch *watch); /* something came from the next weir */
/* Whether the request begins a conversation; then `fd` is its. `context`: the watch. */
bool watch_converse(void *context, const char *request, int fd);

#endif
