/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "confine/confine.h"

#define PATIENCE_MS 5000 /* how long a patient writer waits for a worker that fails */
#define HANG_MS	    5000 /* a disk, a server */

static void cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attributes);
	pthread_condattr_destroy(&attributes);
}

void worker_free(struct worker *w)
{
	pthread_cond_destroy(&w->filled);
	pthread_cond_destroy(&w->moved);
	pthread_mutex_destroy(&w->lock);
	lanes_free(w->lanes);
}

static void *worker_main(void *context)
{
	struct worker *w = context;

	confine_thread(0);
	w->run(w->context);
	pthread_mutex_lock(&w->lock);
	w->ended = true;
	pthread_cond_broadcast(&w->moved);
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

int worker_start(struct worker *w, const char *name, size_t capacity, void (*run)(void *context),
		 void *context)
{
	sigset_t all, old;
	int err = ENOMEM;

	*w = (struct worker){.name = name, .hang_ms = HANG_MS, .run = run, .context = context};
	pthread_mutex_init(&w->lock, NULL);
	cond_init(&w->filled);
	cond_init(&w->moved);
	w->lanes = lanes_new(capacity);
	if (w->lanes) {
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &old);
		err = pthread_create(&w->thread, NULL, worker_main, w);
		pthread_sigmask(SIG_SETMASK, &old, NULL);
	}
	if (err)
		worker_free(w);
	return -err;
}

/* Under the lock. */
static void drop(struct worker *w, struct out *out)
{
	w->dropped++;
	w->lost[out->kind]++;
	out_drop(out);
}

/* Likewise. */
static bool put(struct worker *w, struct out *out)
{
	struct out *victim = NULL;

	out_keep(out);
	if (w->stopping || !lanes_put(w->lanes, out, &victim)) {
		out_drop(out);
		return false;
	}
	if (victim) {
		drop(w, victim);
		w->done++;
	}
	w->put++;
	pthread_cond_signal(&w->filled);
	return true;
}

bool worker_put(struct worker *w, struct out *out)
{
	bool taken;

	pthread_mutex_lock(&w->lock);
	taken = put(w, out);
	if (!taken)
		drop(w, out_keep(out));
	pthread_mutex_unlock(&w->lock);
	return taken;
}

bool worker_put_patient(struct worker *w, struct out *out)
{
	struct timespec until = time_deadline(PATIENCE_MS * WEIR_MSEC);
	bool taken;

	pthread_mutex_lock(&w->lock);
	while (!(taken = put(w, out)) && !w->stopping) {
		if (!w->failing)
			until = time_deadline(PATIENCE_MS * WEIR_MSEC);
		if (pthread_cond_timedwait(&w->moved, &w->lock, &until) && w->failing)
			break;
	}
	if (!taken)
		drop(w, out_keep(out));
	pthread_mutex_unlock(&w->lock);
	return taken;
}

int worker_flush(struct worker *w, int timeout_ms)
{
	struct timespec until = time_deadline(timeout_ms * WEIR_MSEC);
	uint64_t all;
	int err = 0;

	pthread_mutex_lock(&w->lock);
	all = w->put;
	while (w->done < all && !err)
		err = pthread_cond_timedwait(&w->moved, &w->lock, &until);
	err = w->done < all ? -ETIMEDOUT : 0;
	pthread_mutex_unlock(&w->lock);
	return err;
}

bool worker_end(struct worker *w, int timeout_ms)
{
	struct timespec until = time_deadline((timeout_ms + w->hang_ms) * WEIR_MSEC);
	bool ended;
	int err = 0;

	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	w->stop_by = time_monotonic() + timeout_ms * WEIR_MSEC;
	pthread_cond_broadcast(&w->filled);
	pthread_cond_broadcast(&w->moved);
	while (!w->ended && !err)
		err = pthread_cond_timedwait(&w->moved, &w->lock, &until);
	ended = w->ended;
	pthread_mutex_unlock(&w->lock);
	if (!ended) {
		log_error("%s does not come back from the system: left as it is", w->name);
		pthread_detach(w->thread);
		return false;
	}
	pthread_join(w->thread, NULL);
	return true;
}

bool worker_stop(struct worker *w, int timeout_ms)
{
	if (!worker_end(w, timeout_ms))
		return false;
	worker_free(w);
	return true;
}

bool worker_failing(struct worker *w)
{
	bool failing;

	pthread_mutex_lock(&w->lock);
	failing = w->failing;
	pthread_mutex_unlock(&w->lock);
	return failing;
}

static const char *const kind_names[OUT_KINDS] = {
	[OUT_EVENT] = "events", [OUT_SIGNAL] = "signals", [OUT_DETECTION] = "detections",
	[OUT_FLOW] = "flows",	[OUT_HEALTH] = "health",
};

/* Under the lock: what was lost, of the kinds that any was lost of. */
static json_t *lost_json(const struct worker *w)
{
	json_t *lost = json_object();

	for (unsigned i = 0; i < OUT_KINDS; i++)
		if (w->lost[i])
			json_object_set_new(lost, kind_names[i],
					    json_integer((json_int_t)w->lost[i]));
	return lost;
}

json_t *worker_status(struct worker *w)
{
	json_t *status;

	pthread_mutex_lock(&w->lock);
	status = json_pack("{s:I, s:I, s:I, s:I, s:o}", "written", (json_int_t)w->written,
			   "dropped", (json_int_t)w->dropped, "failed", (json_int_t)w->failed,
			   "queued", (json_int_t)(w->put - w->done), "lost", lost_json(w));
	if (status && w->failing)
		json_object_set_new(status, "error", json_string(w->error));
	pthread_mutex_unlock(&w->lock);
	return status;
}

void worker_lost_kind(struct worker *w, enum record_kind_out kind, uint64_t records, bool failed)
{
	pthread_mutex_lock(&w->lock);
	*(failed ? &w->failed : &w->dropped) += records;
	w->lost[kind] += records;
	pthread_mutex_unlock(&w->lock);
}

void worker_lost(struct worker *w, const struct out *out, bool failed)
{
	worker_lost_kind(w, out->kind, 1, failed);
}

bool worker_lost_text(const struct worker *w, char *text, size_t size)
{
	size_t used = 0;

	for (unsigned i = OUT_KINDS; i-- > 0;)
		if (w->lost[i] && used < size)
			used += (size_t)snprintf(text + used, size - used, "%s%s %llu",
						 used ? ", " : "", kind_names[i],
						 (unsigned long long)w->lost[i]);
	return used > 0;
}

struct out *worker_try(struct worker *w)
{
	struct out *out;

	pthread_mutex_lock(&w->lock);
	out = lanes_take(w->lanes);
	pthread_mutex_unlock(&w->lock);
	return out;
}

struct out *worker_take(struct worker *w, int timeout_ms)
{
	struct timespec until = time_deadline(timeout_ms * WEIR_MSEC);
	struct out *out;
	int err = 0;

	pthread_mutex_lock(&w->lock);
	while (!(out = lanes_take(w->lanes)) && !w->stopping && !w->poked && !err)
		err = pthread_cond_timedwait(&w->filled, &w->lock, &until);
	w->poked = false;
	pthread_mutex_unlock(&w->lock);
	return out;
}

void worker_poke(struct worker *w)
{
	pthread_mutex_lock(&w->lock);
	w->poked = true;
	pthread_cond_signal(&w->filled);
	pthread_mutex_unlock(&w->lock);
}

bool worker_stopping(struct worker *w)
{
	bool stopping;

	pthread_mutex_lock(&w->lock);
	stopping = w->stopping;
	pthread_mutex_unlock(&w->lock);
	return stopping;
}

bool worker_expired(struct worker *w)
{
	bool expired;

	pthread_mutex_lock(&w->lock);
	expired = w->stopping && time_monotonic() > w->stop_by;
	pthread_mutex_unlock(&w->lock);
	return expired;
}

/* Records that come meanwhile wake it too, and it goes on sleeping. */
bool worker_sleep(struct worker *w, int ms)
{
	struct timespec until = time_deadline(ms * WEIR_MSEC);
	bool stopping;
	int err = 0;

	pthread_mutex_lock(&w->lock);
	while (!w->stopping && !err)
		err = pthread_cond_timedwait(&w->filled, &w->lock, &until);
	stopping = w->stopping;
	pthread_mutex_unlock(&w->lock);
	return stopping;
}

void worker_count(struct worker *w, uint64_t records, uint64_t written)
{
	pthread_mutex_lock(&w->lock);
	w->done += records;
	w->written += written;
	pthread_cond_broadcast(&w->moved);
	pthread_mutex_unlock(&w->lock);
}

void worker_fault(struct worker *w, const char *text)
{
	bool news;

	pthread_mutex_lock(&w->lock);
	news = !w->failing || strcmp(w->error, text) != 0;
	w->failing = true;
	snprintf(w->error, sizeof(w->error), "%s", text);
	pthread_mutex_unlock(&w->lock);
	if (news)
		log_error("%s", text);
}

void worker_well(struct worker *w)
{
	bool news;

	pthread_mutex_lock(&w->lock);
	news = w->failing;
	w->failing = false;
	pthread_mutex_unlock(&w->lock);
	if (news)
		log_info("%s: well again", w->name);
}
