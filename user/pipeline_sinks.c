/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/log.h"
#include "stages.h"

#define FLUSH_MS	 5000
#define FLUSH_FAILING_MS 1000

void pipeline_write(struct pipeline *p, struct out *out)
{
	if (!out) {
		p->lost++;
		return;
	}
	vec_each (sink, &p->sinks)
		if ((*sink)->kinds & (1u << out->kind))
			(*sink)->ops->write(*sink, out);
	out_drop(out);
}

static int sink_add(struct pipeline *p, struct sink *sink, uint32_t kinds)
{
	struct sink **at = vec_add(&p->sinks);

	if (!at) {
		sink->ops->close(sink);
		return -ENOMEM;
	}
	*at = sink;
	if (kinds)
		sink->kinds = kinds;
	p->kinds |= sink->kinds;
	return 0;
}

/* A reader who stops must not stop the engine. */
static int sink_add_queued(struct pipeline *p, struct sink *sink, uint32_t kinds,
			   struct error *error)
{
	int err = sink_queued(&sink, 0, error);

	if (err) {
		sink->ops->close(sink);
		return err;
	}
	return sink_add(p, sink, kinds);
}

static uint32_t stream_kinds(bool signals, bool events)
{
	return 1u << OUT_DETECTION | (signals ? 1u << OUT_SIGNAL : 0) |
	       (events ? 1u << OUT_EVENT | 1u << OUT_HEALTH : 0);
}

static int open_streams(struct pipeline *p, struct error *error)
{
	const struct config *config = p->config;
	uint32_t kinds = stream_kinds(p->options.signals, p->options.events);
	struct sink *sink;
	int err = 0;

	if (p->options.form != OUTPUT_NONE) {
		err = p->options.form == OUTPUT_JSON ? sink_json_open(&sink, "-", kinds, error)
						     : sink_text_open(&sink, kinds, error);
		if (!err)
			err = p->options.live ? sink_add_queued(p, sink, kinds, error)
					      : sink_add(p, sink, kinds);
	}
	if (!err && p->options.live && config->json_path) {
		kinds = stream_kinds(config->json_signals, config->json_events);
		err = sink_json_open(&sink, config->json_path, kinds, error);
		err = err ? err : sink_add_queued(p, sink, kinds, error);
	}
	if (!err && p->options.live && config->elastic_file) {
		err = sink_bulk_open(&sink, config->elastic_file, &config->elastic.choice, error);
		err = err ? err : sink_add_queued(p, sink, sink->kinds, error);
	}
	if (!err && p->options.live && config->archive) {
		err = sink_archive_open(&sink, &config->archive_options, error);
		err = err ? err : sink_add_queued(p, sink, sink->kinds, error);
	}
	return err;
}

static struct network_options network_of(struct pipeline *p)
{
	struct network_options network = p->config->network;

	network.own_socket = pipeline_own_socket;
	network.context = p;
	return network;
}

static int open_stores(struct pipeline *p, struct error *error)
{
	const struct config *config = p->config;
	struct sqlite_options sqlite = {
		.path = p->options.database,
		/* An old capture is stored to be looked at, not to be aged away. */
		.keep_for = p->options.live ? config->keep_for : 0,
		.clock = p->options.live ? time_now : NULL,
		.patient = !p->options.live,
		.keep_bytes = config->keep_bytes,
		.all_flows = config->all_flows,
	};
	struct syslog_options syslog = config->syslog_options;
	struct sink *sink;
	int err = 0;

	if (sqlite.path) {
		err = sink_sqlite_open(&sink, &sqlite, error);
		err = err ? err : sink_add(p, sink, 0);
	}
	if (!err && p->options.live && config->syslog) {
		syslog.network = network_of(p);
		err = sink_syslog_open(&sink, &syslog, error);
		err = err ? err : sink_add(p, sink, 0);
	}
	return err;
}

/* Receivers elsewhere, each where it is configured: *sink stays NULL where it is not. */

static int open_webhook(const struct config *config, const struct network_options *network,
			struct sink **sink, struct error *error)
{
	const struct http_options *http = &config->webhook.http;

	if (!http->url && !http->url_file)
		return 0;
	return sink_webhook_open(sink, &config->webhook, network, error);
}

static int open_elastic(const struct config *config, const struct network_options *network,
			struct sink **sink, struct error *error)
{
	if (!config->elastic.http.url)
		return 0;
	return sink_elastic_open(sink, &config->elastic, network, error);
}

static int open_kafka(const struct config *config, const struct network_options *network,
		      struct sink **sink, struct error *error)
{
	if (!config->kafka.brokers)
		return 0;
	return sink_kafka_open(sink, &config->kafka, network, error);
}

static int open_journal(const struct config *config, const struct network_options *network,
			struct sink **sink, struct error *error)
{
	(void)network;
	if (!config->journal)
		return 0;
	return sink_journal_open(sink, &config->journal_options, error);
}

static int (*const remotes[])(const struct config *config, const struct network_options *network,
			      struct sink **sink, struct error *error) = {
	open_webhook,
	open_elastic,
	open_kafka,
	open_journal,
};

static int open_remotes(struct pipeline *p, struct error *error)
{
	const struct network_options network = network_of(p);
	int err = 0;

	if (!p->options.live)
		return 0;
	for (size_t i = 0; i < sizeof(remotes) / sizeof(remotes[0]) && !err; i++) {
		struct sink *sink = NULL;

		err = remotes[i](p->config, &network, &sink, error);
		if (!err && sink)
			err = sink_add(p, sink, 0);
	}
	return err;
}

int pipeline_sinks_open(struct pipeline *p, struct error *error)
{
	int err = open_stores(p, error);

	err = err ? err : open_remotes(p, error);
	return err ? err : open_streams(p, error);
}

static bool fails(struct sink *sink)
{
	json_t *status = sink->ops->status(sink);
	bool error = json_object_get(status, "error");

	json_decref(status);
	return error;
}

/* Lets what waits leave. One that refuses already is given less time: nobody waits for a stop.
 * False: it refuses, and what still waits is lost. */
static bool flush(struct sink *sink)
{
	bool failing = fails(sink);
	int patience = failing ? FLUSH_FAILING_MS : FLUSH_MS;

	if (!sink->ops->flush(sink, patience))
		return true;
	log_warn("%s did not take all within %d s: what is left may be lost", sink->ops->name,
		 patience / 1000);
	return !failing && !fails(sink);
}

/* Records that the sink did not take. */
static uint64_t sink_lost(struct sink *sink, bool flushed)
{
	json_t *status = sink->ops->status(sink);
	json_int_t lost = json_integer_value(json_object_get(status, "dropped")) +
			  json_integer_value(json_object_get(status, "failed"));

	if (!flushed)
		lost += json_integer_value(json_object_get(status, "queued"));
	json_decref(status);
	return (uint64_t)lost;
}

void pipeline_sinks_close(struct pipeline *p)
{
	vec_each (sink, &p->sinks) {
		bool flushed = flush(*sink);

		p->lost += sink_lost(*sink, flushed);
		(*sink)->ops->close(*sink);
	}
	vec_free(&p->sinks);
}
