/* SPDX-License-Identifier: Apache-2.0 */
/* What is read in packets, by a process of its own. */
#include "starter/starter.h"
#include "watch.h"

static void on_decoded(void *context, const struct decode_origin *origin, struct event *event)
{
	struct watch *watch = context;

	event->time = live_time(watch->live, (uint64_t)event->time);
	pipeline_decoded(watch->pipeline, origin, event);
}

static void on_spoken(void *context, const struct decode_origin *origin, const char *protocol)
{
	struct watch *watch = context;

	pipeline_spoken(watch->pipeline, origin, protocol);
}

int watch_decoding_open(struct watch *watch, const struct config *config, struct error *error)
{
	const struct decoding_options options = {
		.ring = live_payload_ring(watch->live),
		.ring_bytes = live_payload_ring_bytes(watch->live),
		.opening = config->payload.opening,
		.spawn = starter_spawn,
		.context = privilege_starter(watch->privilege),
	};
	const struct decoding_ops ops = {on_decoded, on_spoken, watch_health, watch};
	int err;

	if (options.ring < 0)
		return 0;
	err = decoding_open(&watch->decoding, &options, &ops, error);
	pipeline_decoding(watch->pipeline, watch->decoding);
	return err;
}

void watch_decoding_close(struct watch *watch)
{
	if (watch->decoding)
		decoding_finish(watch->decoding);
	pipeline_decoding(watch->pipeline, NULL);
	decoding_close(watch->decoding);
}
