/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/relay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/log.h"

#define QUEUE_DEFAULT  1024
#define TAKE_MS	       1000
#define SYNC_EVERY     WEIR_SEC
#define STORE_WAIT_MS  2000 /* for the store to have it; then it goes out all the same */
#define BEGIN_AGAIN_MS 50   /* while another weir has the spool still … */
#define BEGIN_TRIES    200  /* … so often; then without it */
#define WAIT_FIRST_MS  500
#define STOP_MS	       3000 /* to put what waits into the spool */
#define STOP_SEND_MS   1000 /* for a delivery that is under way */
#define HANG_MS	       6000 /* in the resolver, or for a receiver that does not read */
#define LOOK_MS	       10

struct relay {
	struct sink sink;
	struct sink_ops ops; /* with the name */
	struct relay_options options;
	struct spool *spool;
	struct worker filler;	  /* queue to spool; counts */
	struct worker deliverer;  /* spool to receiver */
	struct arena arena;	  /* the filler's */
	struct spool_batch batch; /* the deliverer's */
	weir_time synced;
	uint64_t told[OUT_KINDS]; /* what the spool dropped, as far as it is counted */
	bool begun;
};

bool relay_expired(struct relay *relay)
{
	return worker_expired(&relay->deliverer);
}

bool relay_stopping(struct relay *relay)
{
	return worker_stopping(&relay->deliverer);
}

/* ---- filling ---- */

static void fill_one(struct relay *r, struct out *out)
{
	struct spool_record record = {.at = time_now(), .kind = out->kind};
	int err = -ENOMEM;

	if (out->kind == OUT_DETECTION)
		out_await(out, STORE_WAIT_MS);
	if (r->options.ops->encode(r->options.context, out, &r->arena, &record))
		err = spool_put(r->spool, &record);
	if (err)
		worker_lost(&r->filler, out, err == -EMSGSIZE);
	worker_count(&r->filler, 1, 0);
	arena_reset(&r->arena);
	out_drop(out);
	worker_poke(&r->deliverer);
}

/* What the spool let go since this was last asked. */
static void count_dropped(struct relay *r, const struct spool_stats *stats)
{
	for (unsigned i = 0; i < OUT_KINDS; i++) {
		worker_lost_kind(&r->filler, (enum record_kind_out)i,
				 stats->dropped[i] - r->told[i], false);
		r->told[i] = stats->dropped[i];
	}
}

static void look_after(struct relay *r)
{
	weir_time now = time_monotonic();
	struct spool_stats stats;
	char text[320];

	if (now - r->synced < SYNC_EVERY)
		return;
	r->synced = now;
	spool_sync(r->spool);
	spool_stats(r->spool, &stats);
	count_dropped(r, &stats);
	if (!stats.error) {
		if (r->begun)
			worker_well(&r->filler);
		return;
	}
	snprintf(text, sizeof(text), "%s: spool %s: %s: what comes waits in memory",
		 r->options.ops->name, spool_folder(r->spool), strerror(stats.error));
	worker_fault(&r->filler, text);
}

/* A weir that has it is about to leave its place to this one; what comes waits in the queue. */
static void begin(struct relay *r)
{
	struct error error;
	int err, tries = 0;

	while ((err = spool_begin(r->spool, &error)) == -EAGAIN && tries++ < BEGIN_TRIES)
		if (worker_sleep(&r->filler, BEGIN_AGAIN_MS))
			break;
	r->begun = !err;
	if (err == -EAGAIN)
		error_set(&error, EXIT_SYSTEM, EBUSY,
			  "%s: spool %s is another weir's: give this one a spool.path of its own; "
			  "what comes waits in memory",
			  r->options.ops->name, spool_folder(r->spool));
	if (err)
		worker_fault(&r->filler, error.text);
	worker_poke(&r->deliverer);
}

static void filler_run(void *context)
{
	struct relay *r = context;

	begin(r);
	for (;;) {
		struct out *out = worker_take(&r->filler, TAKE_MS);

		if (out)
			fill_one(r, out);
		else if (worker_stopping(&r->filler))
			break;
		look_after(r);
	}
	arena_free(&r->arena);
}

/* ---- delivering ---- */

int relay_wait(unsigned failures, uint32_t random)
{
	unsigned doublings = failures > 16 ? 16 : failures - 1;
	uint64_t most = (uint64_t)WAIT_FIRST_MS << doublings;

	if (most > RELAY_WAIT_MAX_MS)
		most = RELAY_WAIT_MAX_MS;
	return (int)(most - random % (most / 2));
}

static int wait_for(unsigned failures, unsigned asked)
{
	uint32_t random = 0;
	int own;

	(void)!getrandom(&random, sizeof(random), GRND_NONBLOCK);
	own = relay_wait(failures, random);
	if (asked > RELAY_ASKED_MAX_S)
		asked = RELAY_ASKED_MAX_S;
	return own > (int)asked * 1000 ? own : (int)asked * 1000;
}

/* What is finished with leaves the spool, counted by what became of it. */
static void finish(struct relay *r, size_t done)
{
	uint64_t written = 0;

	if (!done)
		return;
	for (size_t i = 0; i < done; i++) {
		const struct spool_record *record = &r->batch.list.at[i];

		if (record->refused)
			worker_lost_kind(&r->filler, record->kind, 1, true);
		written += !record->refused;
	}
	spool_done(r->spool, r->batch.list.at[done - 1].number);
	worker_count(&r->filler, 0, written);
}

/* One batch, or a wait for one. False: it is to be waited before the next, so many ms. */
static bool deliver(struct relay *r, unsigned *failures, int *wait)
{
	const struct relay_ops *ops = r->options.ops;
	struct relay_outcome outcome = {0};

	ops->deliver(r->options.context, r, &r->batch, &outcome);
	finish(r, outcome.done);
	if (outcome.done == r->batch.list.len) {
		*failures = 0;
		if (*outcome.error.text)
			worker_fault(&r->deliverer, outcome.error.text);
		else
			worker_well(&r->deliverer);
		return true;
	}
	*failures = outcome.done ? 1 : *failures + 1;
	worker_fault(&r->deliverer, outcome.error.text);
	*wait = wait_for(*failures, outcome.asked);
	return false;
}

static void deliverer_run(void *context)
{
	struct relay *r = context;
	const struct relay_ops *ops = r->options.ops;
	unsigned failures = 0;
	int wait;

	while (!worker_stopping(&r->deliverer)) {
		if (!spool_peek(r->spool, &r->batch, ops->records, ops->bytes))
			worker_take(&r->deliverer, TAKE_MS);
		else if (!deliver(r, &failures, &wait))
			worker_sleep(&r->deliverer, wait);
	}
	spool_batch_free(&r->batch);
}

/* ---- the engine's side ---- */

static void relay_write(struct sink *sink, struct out *out)
{
	struct relay *r = (struct relay *)sink;

	if (r->options.ops->wants(r->options.context, out))
		worker_put(&r->filler, out);
}

/* Delivered, or on the disk and the receiver away: then it goes out after the next start. */
static int relay_flush(struct sink *sink, int timeout_ms)
{
	struct relay *r = (struct relay *)sink;
	weir_time until = time_monotonic() + timeout_ms * WEIR_MSEC;
	struct spool_stats stats;

	if (worker_flush(&r->filler, timeout_ms))
		return -ETIMEDOUT;
	for (;;) {
		bool late = time_monotonic() >= until;

		spool_stats(r->spool, &stats);
		if (!stats.records || (late && spool_folder(r->spool) && !stats.memory))
			return 0;
		if (late)
			return -ETIMEDOUT;
		if (worker_failing(&r->deliverer))
			until = 0;
		usleep(LOOK_MS * 1000);
	}
}

static json_t *spool_json(struct relay *r)
{
	const char *folder = spool_folder(r->spool);
	struct spool_stats stats;
	uint64_t dropped = 0;
	char text[TIME_TEXT_MAX];
	json_t *json;

	spool_stats(r->spool, &stats);
	for (unsigned i = 0; i < OUT_KINDS; i++)
		dropped += stats.dropped[i];
	json = json_pack("{s:s, s:I, s:I, s:I, s:I, s:b}", "folder", folder ? folder : "none",
			 "records", (json_int_t)stats.records, "bytes", (json_int_t)stats.bytes,
			 "dropped", (json_int_t)dropped, "cut_bytes", (json_int_t)stats.cut_bytes,
			 "memory", stats.memory);
	if (json && stats.oldest != TIME_NONE)
		json_object_set_new(json, "oldest", json_string(time_format(stats.oldest, text)));
	return json;
}

static json_t *relay_status(struct sink *sink)
{
	struct relay *r = (struct relay *)sink;
	json_t *status = worker_status(&r->filler), *other = worker_status(&r->deliverer), *error;

	error = json_object_get(other, "error");
	if (error)
		json_object_set(status, "error", error);
	json_decref(other);
	json_object_set_new(status, "spool", spool_json(r));
	if (r->options.ops->tell)
		r->options.ops->tell(r->options.context, status);
	return status;
}

static void relay_free(struct relay *r)
{
	spool_close(r->spool);
	free(r);
}

/* What is not on the disk and not delivered is lost. */
static void say_end(struct relay *r)
{
	struct spool_stats stats;
	char lost[160];

	spool_stats(r->spool, &stats);
	count_dropped(r, &stats);
	if (worker_lost_text(&r->filler, lost, sizeof(lost)))
		log_error("%s: not sent: %s", r->options.ops->name, lost);
	if (stats.records && stats.memory)
		log_error("%s: some of %llu records waited in memory alone, and are lost",
			  r->options.ops->name, (unsigned long long)stats.records);
	else if (stats.records)
		log_info("%s: %llu records wait in %s for the next start", r->options.ops->name,
			 (unsigned long long)stats.records, spool_folder(r->spool));
}

/* A thread that hangs in the system keeps what it uses. */
static void relay_close(struct sink *sink)
{
	struct relay *r = (struct relay *)sink;
	const struct relay_ops *ops = r->options.ops;
	void *context = r->options.context;
	bool filled = worker_end(&r->filler, STOP_MS);

	if (!worker_end(&r->deliverer, STOP_SEND_MS) || !filled)
		return;
	say_end(r);
	worker_free(&r->filler);
	worker_free(&r->deliverer);
	relay_free(r);
	ops->free(context);
}

/* The one that the other pokes is there first; it counts there only what the other has put. */
static int start_threads(struct relay *r)
{
	const char *name = r->options.ops->name;
	size_t queue = r->options.queue ? r->options.queue : QUEUE_DEFAULT;
	int err = worker_start(&r->deliverer, name, 1, deliverer_run, r);

	if (err)
		return err;
	r->deliverer.hang_ms = HANG_MS;
	err = worker_start(&r->filler, name, queue, filler_run, r);
	if (err)
		worker_stop(&r->deliverer, 0);
	return err;
}

static const struct sink_ops relay_sink_ops = {
	.write = relay_write,
	.flush = relay_flush,
	.status = relay_status,
	.close = relay_close,
};

int relay_open(struct sink **sink, const struct relay_options *options, struct error *error)
{
	struct relay *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for %s",
				 options->ops->name);
	r->options = *options;
	r->ops = relay_sink_ops;
	r->ops.name = options->ops->name;
	r->sink = (struct sink){&r->ops, options->kinds};
	err = spool_open(&r->spool, &options->spool, error);
	if (err) {
		free(r);
		return err;
	}
	err = start_threads(r);
	if (err) {
		relay_free(r);
		return error_set(error, EXIT_SYSTEM, -err, "no thread for %s: %s",
				 options->ops->name, strerror(-err));
	}
	*sink = &r->sink;
	return 0;
}
