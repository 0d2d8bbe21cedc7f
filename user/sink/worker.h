/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SINK_WORKER_H
#define WEIR_SINK_WORKER_H

#include <jansson.h>
#include <pthread.h>

#include "sink/lanes.h"

/*
 * A thread behind a bounded queue of records: what a sink needs that may have to wait. The engine
 * puts and never waits. What a full queue drops is counted, by kind; what is most important is
 * dropped last and goes first (lanes.h).
 */
struct worker {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t filled, moved; /* for the worker; for who waits for it */
	const char *name;
	int hang_ms; /* beyond its time to stop: then it hangs in a system call */
	void (*run)(void *context);
	void *context;
	/* under the lock */
	struct lanes *lanes;
	uint64_t put, done; /* records taken in; finished with, whatever became of them */
	uint64_t written, dropped, failed;
	uint64_t lost[OUT_KINDS]; /* dropped and failed, by kind */
	bool stopping, failing, ended, poked;
	int64_t stop_by; /* CLOCK_MONOTONIC, ns; once stopping */
	char error[512]; /* while failing */
};

/* Starts the thread, with all signals blocked: `run` is called once and returns when
 * worker_take() gives NULL and worker_stopping(). 0, or -errno. */
int worker_start(struct worker *worker, const char *name, size_t capacity,
		 void (*run)(void *context), void *context);

/* ---- the engine's side ---- */

/* Takes a reference of its own. False: no room, counted. */
bool worker_put(struct worker *worker, struct out *out);
/* The same, but waits for room as long as the worker is not failing. */
bool worker_put_patient(struct worker *worker, struct out *out);
/* -ETIMEDOUT if not all that was put before is finished with. */
int worker_flush(struct worker *worker, int timeout_ms);
/* Lets the thread finish, at most `timeout_ms`, and frees. False: it hangs in the system, and its
 * memory must be left to it. */
bool worker_stop(struct worker *worker, int timeout_ms);
/* The two halves of it, for threads that use one another's. */
bool worker_end(struct worker *worker, int timeout_ms);
void worker_free(struct worker *worker);
/* True between worker_fault() and worker_well(). */
bool worker_failing(struct worker *worker);
/* {written, dropped, failed, queued, lost: {detections, signals, …}[, error]}: a new reference. */
json_t *worker_status(struct worker *worker);

/* ---- the thread's side ---- */

/* The next record, the caller's reference; NULL after `timeout_ms`, when it is time to end, or
 * when it was poked. */
struct out *worker_take(struct worker *worker, int timeout_ms);
/* Any thread: there is something else to do. */
void worker_poke(struct worker *worker);
struct out *worker_try(struct worker *worker);
bool worker_stopping(struct worker *worker);
/* True once stopping for as long as worker_stop() allows: give up. */
bool worker_expired(struct worker *worker);
/* Sleeps; woken early, and true, when it is time to end. */
bool worker_sleep(struct worker *worker, int ms);
/* Finished with `records`, of which `written` reached their end; the others were given to
 * worker_lost(). */
void worker_count(struct worker *worker, uint64_t records, uint64_t written);
/* One that will not reach its end: `failed`, or else dropped for want of room. */
void worker_lost(struct worker *worker, const struct out *out, bool failed);
void worker_lost_kind(struct worker *worker, enum record_kind_out kind, uint64_t records,
		      bool failed);
/* "detections 2, flows 7" into `text`; false: nothing was lost. After worker_stop() too. */
bool worker_lost_text(const struct worker *worker, char *text, size_t size);
/* Says the fault once, when it begins or changes; and once that it is over. */
void worker_fault(struct worker *worker, const char *text);
void worker_well(struct worker *worker);

#endif
