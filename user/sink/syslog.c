/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "sink/sink.h"
#include "sink/syslog_channel.h"
#include "sink/syslog_line.h"
#include "sink/worker.h"

/* Announces detections, one line each, from a thread of its own that keeps at it. */

#define QUEUE_DEFAULT 1024
#define LINE_DEFAULT  2048
#define FACILITY      "authpriv"
#define TAKE_MS	      1000
#define STORE_WAIT_MS 2000  /* for the store to have it; then it goes out all the same */
#define RETRY_MS      250   /* first wait after a failure; doubles up to … */
#define RETRY_MAX_MS  30000 /* … this */
#define STOP_MS	      3000
#define STOP_RETRY_MS 100 /* between attempts while stopping */
#define STOP_SEND_MS  500 /* for a receiver that does not read, while stopping */

static const struct channel_ops *const transports[] = {
	[SYSLOG_LOCAL] = &channel_local,
	[SYSLOG_UDP] = &channel_udp,
	[SYSLOG_TCP] = &channel_tcp,
	[SYSLOG_TLS] = &channel_tls,
};

struct syslog_sink {
	struct sink sink;
	struct worker worker;
	struct arena arena; /* the options' texts */
	struct syslog_options options;
	struct syslog_form form;
	struct channel channel; /* the thread's */
	char *line;
};

static int send_line(struct syslog_sink *s, size_t length, struct error *error)
{
	struct channel *channel = &s->channel;
	int err = channel->fd < 0 ? channel->ops->open(channel, error) : 0;

	err = err ? err : channel->ops->send(channel, s->line, length, error);
	if (err && err != -EMSGSIZE && channel->fd >= 0)
		channel->ops->close(channel);
	return err;
}

/* Until it is sent, or is hopeless. A receiver that closed while all was quiet is no fault: the
 * first failure on an old connection is tried again at once. */
static bool deliver(struct syslog_sink *s, size_t length)
{
	bool fresh = s->channel.fd < 0;
	int err, wait = RETRY_MS;
	struct error error;

	if (worker_expired(&s->worker))
		return false;
	if (worker_stopping(&s->worker))
		s->channel.timeout_ms = STOP_SEND_MS;
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
	size_t length;
	bool sent;

	out_await(out, STORE_WAIT_MS);
	length = syslog_line(&s->form, out, time_now(), s->line);
	sent = length && deliver(s, length);
	if (!sent)
		worker_lost(&s->worker, out, true);
	worker_count(&s->worker, 1, sent);
	out_drop(out);
}

static void syslog_run(void *context)
{
	struct syslog_sink *s = context;

	for (;;) {
		struct out *out = worker_take(&s->worker, TAKE_MS);

		if (out)
			announce(s, out);
		else if (worker_stopping(&s->worker))
			break;
	}
	if (s->channel.fd >= 0)
		s->channel.ops->close(&s->channel);
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
		json_object_set_new(status, "transport", json_string(s->channel.ops->name));
	return status;
}

static void syslog_free(struct syslog_sink *s)
{
	SSL_CTX_free(s->channel.context);
	arena_free(&s->arena);
	free(s->line);
	free(s);
}

static void syslog_close(struct sink *sink)
{
	struct syslog_sink *s = (struct syslog_sink *)sink;
	char lost[160];

	if (!worker_stop(&s->worker, STOP_MS))
		return;
	if (worker_lost_text(&s->worker, lost, sizeof(lost)))
		log_error("syslog: not announced: %s", lost);
	syslog_free(s);
}

static const struct sink_ops syslog_ops = {
	.name = "syslog",
	.write = syslog_write,
	.flush = syslog_flush,
	.status = syslog_status,
	.close = syslog_close,
};

/* The caller's texts may go before the sink does. */
static bool keep_options(struct syslog_sink *s, const struct syslog_options *options)
{
	const char **texts[] = {&s->options.server, &s->options.port, &s->options.ca_file,
				&s->options.local_path};

	s->options = *options;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (!*texts[i])
			continue;
		*texts[i] = arena_text(&s->arena, *texts[i]);
		if (!*texts[i])
			return false;
	}
	return true;
}

static int check_options(struct syslog_sink *s, struct error *error)
{
	const char *facility = s->options.facility ? s->options.facility : FACILITY;

	s->form.facility = syslog_facility(facility);
	s->options.facility = NULL;
	if (s->form.facility < 0)
		return error_set(error, EXIT_INPUT, EINVAL,
				 "syslog: no facility %s: use authpriv, daemon, local0 to local7",
				 facility);
	if (s->options.transport != SYSLOG_LOCAL && !s->options.server)
		return error_set(error, EXIT_INPUT, EINVAL,
				 "syslog: %s needs a server: name it, or use the local socket",
				 s->channel.ops->name);
	if (s->form.max < SYSLOG_LINE_MIN)
		return error_set(error, EXIT_INPUT, EINVAL,
				 "syslog: a line of %zu bytes is too short: allow at least %d",
				 s->form.max, SYSLOG_LINE_MIN);
	return s->channel.ops->check ? s->channel.ops->check(&s->channel, error) : 0;
}

static int make(struct syslog_sink *s, const struct syslog_options *options, struct error *error)
{
	char host[256] = "";

	s->sink = (struct sink){&syslog_ops, 1u << OUT_DETECTION};
	s->channel = (struct channel){
		.ops = transports[options->transport], .options = &s->options, .fd = -1};
	gethostname(host, sizeof(host) - 1);
	s->form = (struct syslog_form){
		.structured = s->channel.ops->structured,
		.json = options->json,
		.pid = (int)getpid(),
		.host = arena_text(&s->arena, host),
		.max = options->max_line ? options->max_line : LINE_DEFAULT,
	};
	s->line = malloc(s->form.max + 1);
	if (!s->line || !s->form.host || !keep_options(s, options))
		return error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for syslog");
	return check_options(s, error);
}

int sink_syslog_open(struct sink **sink, const struct syslog_options *options, struct error *error)
{
	struct syslog_sink *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for syslog");
	err = make(s, options, error);
	if (!err) {
		err = worker_start(&s->worker, "syslog",
				   options->queue ? options->queue : QUEUE_DEFAULT, syslog_run, s);
		if (err)
			error_set(error, EXIT_SYSTEM, -err, "no thread for syslog: %s",
				  strerror(-err));
	}
	if (err) {
		syslog_free(s);
		return err;
	}
	*sink = &s->sink;
	return 0;
}
