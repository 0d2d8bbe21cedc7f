/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "sink/relay.h"
#include "sink/syslog_output.h"

/* Announces detections to a server, one line each. None of the transports says that a line was
 * read: by UDP one is finished with when it is sent, by TCP and TLS when the server's machine has
 * acknowledged it. */

#define BATCH	    64
#define BATCH_BYTES (256u << 10)

static bool remote_wants(void *context, const struct out *out)
{
	(void)context;
	return out->kind == OUT_DETECTION && out->announce;
}

static bool remote_encode(void *context, struct out *out, struct arena *arena,
			  struct spool_record *record)
{
	struct syslog_output *o = context;

	(void)arena;
	record->id = out->id;
	record->body = o->line;
	record->length = syslog_line(&o->form, out, record->at, o->line);
	return record->length;
}

static void hang_up(struct channel *channel)
{
	if (channel->fd >= 0)
		channel->ops->close(channel);
}

/* A receiver that closed while all was quiet is no fault: what is first on an old connection is
 * tried again on a new one. */
static int send_line(struct channel *channel, struct relay *relay,
		     const struct spool_record *record, bool first, struct error *error)
{
	bool old = channel->fd >= 0;
	int err;

	channel->hurried = relay_stopping(relay);
	err = old ? 0 : channel->ops->open(channel, error);
	err = err ? err : channel->ops->send(channel, record->body, record->length, error);
	if (!err || err == -EMSGSIZE)
		return err;
	hang_up(channel);
	return old && first ? send_line(channel, relay, record, false, error) : err;
}

static int send_lines(struct channel *channel, struct relay *relay, struct spool_batch *batch,
		      struct relay_outcome *outcome, size_t *sent)
{
	int err = 0;

	vec_each (record, &batch->list) {
		if (relay_expired(relay))
			return error_set(&outcome->error, EXIT_SYSTEM, ECANCELED,
					 "syslog: weir stops");
		err = send_line(channel, relay, record, !*sent, &outcome->error);
		if (err && err != -EMSGSIZE)
			return err;
		record->refused = err == -EMSGSIZE;
		++*sent;
	}
	return channel->ops->settle ? channel->ops->settle(channel, &outcome->error) : 0;
}

static void remote_deliver(void *context, struct relay *relay, struct spool_batch *batch,
			   struct relay_outcome *outcome)
{
	struct syslog_output *o = context;
	size_t sent = 0;
	int err;

	err = send_lines(&o->channel, relay, batch, outcome, &sent);
	if (err)
		hang_up(&o->channel);
	outcome->done = err && o->channel.ops->settle ? 0 : sent;
}

static void remote_tell(void *context, json_t *status)
{
	const struct syslog_output *o = context;

	json_object_set_new(status, "transport", json_string(o->channel.ops->name));
}

static void remote_free(void *context)
{
	struct syslog_output *o = context;

	hang_up(&o->channel);
	syslog_output_free(o);
}

static const struct relay_ops remote_ops = {
	.name = "syslog",
	.records = BATCH,
	.bytes = BATCH_BYTES,
	.wants = remote_wants,
	.encode = remote_encode,
	.deliver = remote_deliver,
	.tell = remote_tell,
	.free = remote_free,
};

int syslog_remote_open(struct sink **sink, struct syslog_output *o, struct error *error)
{
	const struct network_options *network = &o->options.network;
	const struct relay_options relay = {
		&remote_ops,
		o,
		1u << OUT_DETECTION,
		o->options.queue,
		{network->spool, "syslog", network->spool_bytes},
	};

	return relay_open(sink, &relay, error);
}
