/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "sink/sink.h"
#include "sink/worker.h"

/* A sink that may wait, behind a queue: a pipe that nobody reads stops its thread, not the engine.
 */

#define QUEUE_DEFAULT 4096
#define TAKE_MS	      1000
#define STOP_MS	      2000
#define HANG_MS	      1000 /* in a pipe or terminal that nobody reads */

struct queued_sink {
	struct sink sink;
	struct worker worker;
	struct sink *inner;
};

static void give_up(struct queued_sink *s, struct out *out)
{
	if (!out)
		return;
	worker_lost(&s->worker, out, true);
	worker_count(&s->worker, 1, 0);
	out_drop(out);
}

static void queued_run(void *context)
{
	struct queued_sink *s = context;

	for (;;) {
		struct out *out = worker_take(&s->worker, TAKE_MS);

		if (!out && worker_stopping(&s->worker))
			break;
		/* Nothing more comes for now: who reads must not wait for a full buffer. */
		if (!out)
			s->inner->ops->flush(s->inner, 0);
		if (!out || worker_expired(&s->worker)) {
			give_up(s, out);
			continue;
		}
		s->inner->ops->write(s->inner, out);
		out_drop(out);
		worker_count(&s->worker, 1, 1);
	}
	s->inner->ops->close(s->inner);
}

static void queued_write(struct sink *sink, struct out *out)
{
	worker_put(&((struct queued_sink *)sink)->worker, out);
}

static int queued_flush(struct sink *sink, int timeout_ms)
{
	int most = timeout_ms < STOP_MS ? timeout_ms : STOP_MS;

	return worker_flush(&((struct queued_sink *)sink)->worker, most);
}

/* What the queue could not take, and what the sink behind it could not write. */
static json_t *queued_status(struct sink *sink)
{
	struct queued_sink *s = (struct queued_sink *)sink;
	json_t *status = worker_status(&s->worker), *inner = s->inner->ops->status(s->inner);
	json_int_t dropped = json_integer_value(json_object_get(status, "dropped")) +
			     json_integer_value(json_object_get(inner, "dropped"));

	json_object_set_new(status, "dropped", json_integer(dropped));
	json_object_update_missing(status, inner);
	json_decref(inner);
	return status;
}

static void queued_close(struct sink *sink)
{
	struct queued_sink *s = (struct queued_sink *)sink;

	char lost[160];

	if (!worker_stop(&s->worker, STOP_MS))
		return;
	if (worker_lost_text(&s->worker, lost, sizeof(lost)))
		log_error("%s: not written: %s", s->worker.name, lost);
	free(s);
}

static const struct sink_ops queued_ops = {
	.name = "stream",
	.write = queued_write,
	.flush = queued_flush,
	.status = queued_status,
	.close = queued_close,
};

int sink_queued(struct sink **sink, size_t queue, struct error *error)
{
	struct queued_sink *s = calloc(1, sizeof(*s));
	int err = -ENOMEM;

	if (s) {
		s->inner = *sink;
		s->sink = (struct sink){&queued_ops, s->inner->kinds};
		err = worker_start(&s->worker, s->inner->ops->name, queue ? queue : QUEUE_DEFAULT,
				   queued_run, s);
	}
	if (err) {
		free(s);
		return error_set(error, EXIT_SYSTEM, -err, "no thread for an output: %s",
				 strerror(-err));
	}
	s->worker.hang_ms = HANG_MS;
	*sink = &s->sink;
	return 0;
}
