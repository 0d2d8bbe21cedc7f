/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "sink/sink.h"
#include "sink/syslog_output.h"
#include "sink/worker.h"

/* Announces detections, one line each: here to the local socket, from a thread of its own that
 * keeps at it; to a server in syslog_remote.c. */

#define QUEUE_DEFAULT 1024
#define LINE_DEFAULT  2048
#define FACILITY      "authpriv"
#define TAKE_MS	      1000
#define STORE_WAIT_MS 2000  /* for the store to have it; then it goes out all the same */
#define RETRY_MS      250   /* first wait after a failure; doubles up to … */
#define RETRY_MAX_MS  30000 /* … this */
#define STOP_MS	      3000
#define STOP_RETRY_MS 100 /* between attempts while stopping */

static const struct channel_ops *const transports[] = {
	[SYSLOG_LOCAL] = &channel_local,
	[SYSLOG_UDP] = &channel_udp,
	[SYSLOG_TCP] = &channel_tcp,
	[SYSLOG_TLS] = &channel_tls,
};

struct syslog_sink {
	struct sink sink;
	struct sink_ops ops; /* with the name */
	struct worker worker;
	struct syslog_output *output;
};

static int send_line(struct syslog_sink *s, size_t length, struct error *error)
{
	struct channel *channel = &s->output->channel;
	int err;

	channel->hurried = worker_stopping(&s->worker);
	err = channel->fd < 0 ? channel->ops->open(channel, error) : 0;
	err = err ? err : channel->ops->send(channel, s->output->line, length, error);
	if (err && err != -EMSGSIZE && channel->fd >= 0)
		channel->ops->close(channel);
	return err;
}

/* Until it is sent, or is hopeless. A receiver that closed while all was quiet is no fault: the
 * first failure on an old connection is tried again at once. */
static bool deliver(struct syslog_sink *s, size_t length)
{
	struct channel *channel = &s->output->channel;
	bool fresh = channel->fd < 0;
	int err, wait = RETRY_MS;
	struct error error;

	if (worker_expired(&s->worker))
		return false;
	while ((err = send_line(s, length, &error))) {
		if (err == -EMSGSIZE || worker_expired(&s->worker)) {
			worker_fault(&s->worker, error.text);
			return false;
		}
		if (!fresh) {
			fresh = true;
			continue;
		}
		worker_fault(&s->worker, error.text);
		if (worker_sleep(&s->worker, wait))
			usleep(STOP_RETRY_MS * 1000);
		wait = wait * 2 < RETRY_MAX_MS ? wait * 2 : RETRY_MAX_MS;
	}
	worker_well(&s->worker);
	return true;
}

static void announce(struct syslog_sink *s, struct out *out)
{
	struct syslog_output *o = s->output;
	size_t length;
	bool sent;

	out_await(out, STORE_WAIT_MS);
	length = o->write(&o->form, out, time_now(), o->line);
	sent = length && deliver(s, length);
	if (!sent)
		worker_lost(&s->worker, out, true);
	worker_count(&s->worker, 1, sent);
	out_drop(out);
}

static void syslog_run(void *context)
{
	struct syslog_sink *s = context;
	struct channel *channel = &s->output->channel;

	for (;;) {
		struct out *out = worker_take(&s->worker, TAKE_MS);

		if (out)
			announce(s, out);
		else if (worker_stopping(&s->worker))
			break;
	}
	if (channel->fd >= 0)
		channel->ops->close(channel);
}

static void syslog_write(struct sink *sink, struct out *out)
{
	if (out->kind == OUT_DETECTION && out->announce)
		worker_put(&((struct syslog_sink *)sink)->worker, out);
}

static int syslog_flush(struct sink *sink, int timeout_ms)
{
	return worker_flush(&((struct syslog_sink *)sink)->worker, timeout_ms);
}

static json_t *syslog_status(struct sink *sink)
{
	struct syslog_sink *s = (struct syslog_sink *)sink;
	json_t *status = worker_status(&s->worker);

	if (status)
		json_object_set_new(status, "transport", json_string(s->output->channel.ops->name));
	return status;
}

void syslog_output_free(struct syslog_output *o)
{
	if (!o)
		return;
	SSL_CTX_free(o->channel.context);
	arena_free(&o->arena);
	free(o->line);
	free(o);
}

static void syslog_close(struct sink *sink)
{
	struct syslog_sink *s = (struct syslog_sink *)sink;
	char lost[160];

	if (!worker_stop(&s->worker, STOP_MS))
		return;
	if (worker_lost_text(&s->worker, lost, sizeof(lost)))
		log_error("%s: not announced: %s", s->output->name, lost);
	syslog_output_free(s->output);
	free(s);
}

static const struct sink_ops syslog_ops = {
	.write = syslog_write,
	.flush = syslog_flush,
	.status = syslog_status,
	.close = syslog_close,
};

/* The caller's texts may go before the sink does. */
static bool keep_options(struct syslog_output *o, const struct syslog_options *options)
{
	const char **texts[] = {&o->options.server, &o->options.port, &o->options.ca_file,
				&o->options.local_path};

	o->options = *options;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (!*texts[i])
			continue;
		*texts[i] = arena_text(&o->arena, *texts[i]);
		if (!*texts[i])
			return false;
	}
	return true;
}

static int check_options(struct syslog_output *o, struct error *error)
{
	const char *facility = o->options.facility ? o->options.facility : FACILITY;

	o->form.facility = syslog_facility(facility);
	o->options.facility = NULL;
	if (o->form.facility < 0)
		return error_set(error, EXIT_INPUT, EINVAL,
				 "syslog: no facility %s: use authpriv, daemon, local0 to local7",
				 facility);
	if (o->options.transport != SYSLOG_LOCAL && !o->options.server)
		return error_set(error, EXIT_INPUT, EINVAL,
				 "syslog: %s needs a server: name it, or use the local socket",
				 o->channel.ops->name);
	if (o->form.max < SYSLOG_LINE_MIN)
		return error_set(error, EXIT_INPUT, EINVAL,
				 "syslog: a line of %zu bytes is too short: allow at least %d",
				 o->form.max, SYSLOG_LINE_MIN);
	return o->channel.ops->check ? o->channel.ops->check(&o->channel, error) : 0;
}

static int make(struct syslog_output *o, const struct syslog_options *options, struct error *error)
{
	char host[256] = "";

	o->channel = (struct channel){
		.ops = transports[options->transport], .options = &o->options, .fd = -1};
	gethostname(host, sizeof(host) - 1);
	o->form = (struct syslog_form){
		.structured = o->channel.ops->structured,
		.json = options->json,
		.pid = (int)getpid(),
		.host = arena_text(&o->arena, host),
		.max = options->max_line ? options->max_line : LINE_DEFAULT,
	};
	o->line = malloc(o->form.max + 1);
	if (!o->line || !o->form.host || !keep_options(o, options))
		return error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for syslog");
	return check_options(o, error);
}

/* Takes the output over, unless it fails. */
static int local_open(struct sink **sink, struct syslog_output *o, struct error *error)
{
	struct syslog_sink *s = calloc(1, sizeof(*s));
	int err = -ENOMEM;

	if (s) {
		s->ops = syslog_ops;
		s->ops.name = o->name;
		s->sink = (struct sink){&s->ops, 1u << OUT_DETECTION};
		s->output = o;
		err = worker_start(&s->worker, o->name,
				   o->options.queue ? o->options.queue : QUEUE_DEFAULT, syslog_run,
				   s);
	}
	if (err) {
		free(s);
		return error_set(error, EXIT_SYSTEM, -err, "no thread for %s: %s", o->name,
				 strerror(-err));
	}
	*sink = &s->sink;
	return 0;
}

static int output_make(struct syslog_output **output, const char *name,
		       const struct syslog_options *options, struct error *error)
{
	struct syslog_output *o = calloc(1, sizeof(*o));
	int err;

	if (!o)
		return error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for %s", name);
	o->name = name;
	o->write = syslog_line;
	err = make(o, options, error);
	if (err)
		syslog_output_free(o);
	else
		*output = o;
	return err;
}

int syslog_local_open(struct sink **sink, const char *name,
		      size_t (*write)(const struct syslog_form *form, const struct out *out,
				      weir_time now, char *line),
		      const struct syslog_options *options, struct error *error)
{
	struct syslog_output *o;
	int err = output_make(&o, name, options, error);

	if (err)
		return err;
	o->write = write;
	err = local_open(sink, o, error);
	if (err)
		syslog_output_free(o);
	return err;
}

int sink_syslog_open(struct sink **sink, const struct syslog_options *options, struct error *error)
{
	struct syslog_output *o;
	int err;

	if (options->transport == SYSLOG_LOCAL)
		return syslog_local_open(sink, "syslog", syslog_line, options, error);
	err = output_make(&o, "syslog", options, error);
	if (err)
		return err;
	err = syslog_remote_open(sink, o, error);
	if (err)
		syslog_output_free(o);
	return err;
}
