/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "sink/document.h"
#include "sink/relay.h"

/*
 * Records as messages of Kafka (librdkafka): a topic a kind, the id as key. The producer is
 * idempotent and wants all replicas' word (acks=all); a message that got it is finished with. One
 * batch is under way at a time, so that order holds over failures.
 */

#define BATCH	    1000
#define BATCH_BYTES (4u << 20)
#define POLL_MS	    50
#define FLUSH_MS    200 /* for what is on its way when it is given up */

struct delivery {
	enum { UNDER_WAY, DELIVERED, TOO_LARGE, FAILED } state;
};

struct kafka {
	struct kafka_options options;
	struct network_options network;
	rd_kafka_t *producer; /* the deliverer's; NULL: to be made */
	/* The batch under way. What is told of an older one is none of it. */
	uint32_t turn;
	struct delivery deliveries[BATCH];
	size_t open;   /* not told of yet */
	char why[400]; /* what librdkafka said last */
};

static const char *topic_of(const struct kafka *k, enum record_kind_out kind)
{
	switch (kind) {
	case OUT_DETECTION:
		return k->options.detections;
	case OUT_SIGNAL:
		return k->options.signals;
	case OUT_EVENT:
		return k->options.flows;
	case OUT_FLOW:
	case OUT_HEALTH:
	case OUT_KINDS:
		break;
	}
	return NULL;
}

static struct document_choice choice_of(const struct kafka_options *options)
{
	return (struct document_choice){.signals = options->signals, .flows = options->flows};
}

static bool kafka_wants(void *context, const struct out *out)
{
	const struct kafka *k = context;
	const struct document_choice choice = choice_of(&k->options);

	return topic_of(k, out->kind) && document_chosen(&choice, out);
}

static bool kafka_encode(void *context, struct out *out, struct arena *arena,
			 struct spool_record *record)
{
	struct document document;

	(void)context;
	if (!document_of(out, arena, &document))
		return false;
	record->id = document.id;
	record->body = document.json;
	record->length = document.length;
	return true;
}

/* ---- what librdkafka tells ---- */

static void on_told(rd_kafka_t *producer, const rd_kafka_message_t *message, void *context)
{
	struct kafka *k = context;
	uintptr_t mark = (uintptr_t)message->_private;
	struct delivery *delivery = &k->deliveries[mark & 0xffffffff];

	(void)producer;
	if (mark >> 32 != k->turn || delivery->state != UNDER_WAY)
		return;
	k->open--;
	if (!message->err)
		delivery->state = DELIVERED;
	else if (message->err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
		delivery->state = TOO_LARGE;
	else
		delivery->state = FAILED;
	if (message->err && (delivery->state == TOO_LARGE || !*k->why))
		snprintf(k->why, sizeof(k->why), "%s", rd_kafka_err2str(message->err));
}

static void on_error(rd_kafka_t *producer, int err, const char *reason, void *context)
{
	struct kafka *k = context;

	(void)producer;
	(void)err;
	snprintf(k->why, sizeof(k->why), "%s", reason);
}

/* What it has to say comes as errors; its log goes nowhere else. */
static void on_log(const rd_kafka_t *producer, int level, const char *facility, const char *text)
{
	(void)producer;
	(void)level;
	(void)facility;
	(void)text;
}

static int on_socket(int domain, int type, int protocol, void *context)
{
	const struct kafka *k = context;
	uint64_t cookie = 0;
	socklen_t size = sizeof(cookie);
	int fd = socket(domain, type | SOCK_CLOEXEC, protocol);

	if (fd >= 0 && k->network.own_socket &&
	    !getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size))
		k->network.own_socket(k->network.context, cookie);
	return fd;
}

/* ---- the producer ---- */

static int set(rd_kafka_conf_t *conf, const char *name, const char *value, struct error *error)
{
	char why[200];

	if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) == RD_KAFKA_CONF_OK)
		return 0;
	return error_set(error, EXIT_INPUT, EINVAL, "kafka: %s", why);
}

/* "name=value" of kafka.options. */
static int set_option(rd_kafka_conf_t *conf, const char *option, struct error *error)
{
	size_t length = strcspn(option, "=");
	char name[128];

	snprintf(name, sizeof(name), "%.*s", (int)length, option);
	return set(conf, name, option[length] ? option + length + 1 : "", error);
}

static rd_kafka_conf_t *conf_of(struct kafka *k, struct error *error)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char timeout[24];
	int err;

	snprintf(timeout, sizeof(timeout), "%lld", (long long)(k->options.timeout / WEIR_MSEC));
	err = set(conf, "bootstrap.servers", k->options.brokers, error);
	err = err ? err : set(conf, "client.id", "weir", error);
	err = err ? err : set(conf, "enable.idempotence", "true", error);
	err = err ? err : set(conf, "acks", "all", error);
	err = err ? err : set(conf, "linger.ms", "5", error);
	err = err ? err : set(conf, "message.timeout.ms", timeout, error);
	for (const char *const *option = k->options.options; !err && option && *option; option++)
		err = set_option(conf, *option, error);
	if (err) {
		rd_kafka_conf_destroy(conf);
		return NULL;
	}
	rd_kafka_conf_set_dr_msg_cb(conf, on_told);
	rd_kafka_conf_set_error_cb(conf, on_error);
	rd_kafka_conf_set_log_cb(conf, on_log);
	rd_kafka_conf_set_socket_cb(conf, on_socket);
	rd_kafka_conf_set_opaque(conf, k);
	return conf;
}

static int make_producer(struct kafka *k, struct error *error)
{
	rd_kafka_conf_t *conf = conf_of(k, error);
	char why[200];

	if (!conf)
		return -EINVAL;
	k->producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	if (k->producer)
		return 0;
	rd_kafka_conf_destroy(conf);
	return error_set(error, EXIT_INPUT, EINVAL, "kafka: %s", why);
}

/* What is not told of by now is not delivered, as far as anybody knows. */
static void drop_producer(struct kafka *k)
{
	if (!k->producer)
		return;
	rd_kafka_purge(k->producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
	rd_kafka_flush(k->producer, FLUSH_MS);
	rd_kafka_destroy(k->producer);
	k->producer = NULL;
}

/* ---- a batch ---- */

static void produce(struct kafka *k, const struct spool_record *record, size_t index)
{
	const char *topic = topic_of(k, record->kind);
	void *mark = (void *)((uintptr_t)k->turn << 32 | index);
	rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;

	k->deliveries[index].state = UNDER_WAY;
	if (topic)
		err = rd_kafka_producev(k->producer, RD_KAFKA_V_TOPIC(topic),
					RD_KAFKA_V_KEY(record->id, strlen(record->id)),
					RD_KAFKA_V_VALUE((void *)record->body, record->length),
					RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
					RD_KAFKA_V_OPAQUE(mark), RD_KAFKA_V_END);
	if (!err) {
		k->open++;
		return;
	}
	/* A topic that is no longer configured takes nothing. */
	k->deliveries[index].state =
		!topic || err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ? TOO_LARGE : FAILED;
	snprintf(k->why, sizeof(k->why), "%s",
		 topic ? rd_kafka_err2str(err) : "no topic for what waits is configured");
}

static size_t settle(struct kafka *k, struct spool_batch *batch)
{
	size_t done = 0;

	while (done < batch->list.len &&
	       (k->deliveries[done].state == DELIVERED || k->deliveries[done].state == TOO_LARGE)) {
		batch->list.at[done].refused = k->deliveries[done].state == TOO_LARGE;
		done++;
	}
	return done;
}

static bool any_refused(const struct spool_batch *batch, size_t done)
{
	for (size_t i = 0; i < done; i++)
		if (batch->list.at[i].refused)
			return true;
	return false;
}

static void kafka_deliver(void *context, struct relay *relay, struct spool_batch *batch,
			  struct relay_outcome *outcome)
{
	struct kafka *k = context;
	char why[200];

	if (!k->producer && make_producer(k, &outcome->error))
		return;
	*k->why = '\0';
	k->turn++;
	k->open = 0;
	for (size_t i = 0; i < batch->list.len; i++)
		produce(k, &batch->list.at[i], i);
	while (k->open && !relay_expired(relay))
		rd_kafka_poll(k->producer, POLL_MS);
	outcome->done = settle(k, batch);
	if (outcome->done < batch->list.len || any_refused(batch, outcome->done))
		error_set(&outcome->error, EXIT_SYSTEM, EIO, "kafka: %s: %s", k->options.brokers,
			  *k->why ? k->why : "it does not answer");
	/* A producer that says so cannot be used any more. */
	if (k->open || rd_kafka_fatal_error(k->producer, why, sizeof(why)))
		drop_producer(k);
}

static void kafka_tell(void *context, json_t *status)
{
	const struct kafka *k = context;

	json_object_set_new(status, "brokers", json_string(k->options.brokers));
}

static void kafka_free(void *context)
{
	struct kafka *k = context;

	drop_producer(k);
	free(k);
}

int sink_kafka_open(struct sink **sink, const struct kafka_options *options,
		    const struct network_options *network, struct error *error)
{
	const struct document_choice choice = choice_of(options);
	struct kafka *k = calloc(1, sizeof(*k));
	rd_kafka_conf_t *conf;
	int err;
	static const struct relay_ops ops = {
		"kafka",      BATCH,	     BATCH_BYTES, kafka_wants,
		kafka_encode, kafka_deliver, kafka_tell,  kafka_free,
	};
	const struct relay_options relay = {
		&ops,
		k,
		document_kinds(&choice),
		options->queue,
		{network->spool, "kafka", network->spool_bytes},
	};

	if (!k)
		return error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for kafka");
	k->options = *options;
	k->network = *network;
	/* What is wrong with the options is told at the start. */
	conf = conf_of(k, error);
	if (conf)
		rd_kafka_conf_destroy(conf);
	err = conf ? relay_open(sink, &relay, error) : -EINVAL;
	if (err)
		kafka_free(k);
	return err;
}
