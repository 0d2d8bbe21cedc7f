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

/* CROWDED: too large together with others, for a broker's bound holds for what librdkafka put into
 * one set, not for a message. */
enum delivery { UNDER_WAY, DELIVERED, CROWDED, REFUSED, FAILED };

struct kafka {
	struct kafka_options options;
	struct network_options network;
	rd_kafka_t *producer; /* the deliverer's; NULL: to be made */
	/* The batch under way. What is told of an older one is none of it. */
	uint32_t turn;
	enum delivery deliveries[BATCH];
	size_t open;	 /* not told of yet */
	size_t together; /* so many were sent at once, */
	bool failed;	 /* and one of them failed */
	char why[320];	 /* a message was not taken; no text: none was, or nobody answered */
	/* What is wrong with the connections. Kept until a message gets through, because the same
	 * is told once in 30 s only. */
	char down[320];
	/* Delivered, while one before them was not: numbers, rising. They do not go out again. */
	uint64_t ahead[BATCH];
	size_t ahead_len;
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

/* It has several words for a topic that is not there, or that this user may not see. */
static const char *words_of(rd_kafka_resp_err_t err)
{
	if (err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
	    err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC || err == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION)
		return "it does not exist, or is not shown to this user";
	return rd_kafka_err2str(err);
}

/* A refusal is for good, and so said before what is tried again. */
static void because(struct kafka *k, const char *topic, rd_kafka_resp_err_t err, bool refused)
{
	if (refused || !*k->why)
		snprintf(k->why, sizeof(k->why), "topic %s: %s", topic, words_of(err));
}

static bool is_size(rd_kafka_resp_err_t err)
{
	return err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
	       err == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE;
}

static enum delivery became(struct kafka *k, const rd_kafka_message_t *message)
{
	const char *topic = rd_kafka_topic_name(message->rkt);

	if (!message->err) {
		*k->down = '\0';
		return DELIVERED;
	}
	if (is_size(message->err) && k->together > 1)
		return CROWDED;
	/* That time ran out says nothing: what is wrong with the connections says more. */
	if (message->err != RD_KAFKA_RESP_ERR__MSG_TIMED_OUT)
		because(k, topic, message->err, is_size(message->err));
	k->failed |= !is_size(message->err);
	return is_size(message->err) ? REFUSED : FAILED;
}

static void on_told(rd_kafka_t *producer, const rd_kafka_message_t *message, void *context)
{
	struct kafka *k = context;
	uintptr_t mark = (uintptr_t)message->_private;
	enum delivery *delivery = &k->deliveries[mark & 0xffffffff];

	(void)producer;
	if (mark >> 32 != k->turn || *delivery != UNDER_WAY)
		return;
	k->open--;
	*delivery = became(k, message);
}

static void on_error(rd_kafka_t *producer, int err, const char *reason, void *context)
{
	struct kafka *k = context;
	const char *extra;

	(void)producer;
	/* It comes behind what is wrong with each of them. */
	if (err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && *k->down)
		return;
	/* Without " (after 0ms in state CONNECT, 3 identical …)": the same is logged once. */
	extra = strstr(reason, " (after ");
	snprintf(k->down, sizeof(k->down), "%.*s",
		 extra ? (int)(extra - reason) : (int)strlen(reason), reason);
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
	const long long ms = k->options.timeout / WEIR_MSEC;
	char timeout[24], propagation[24];
	int err;

	/* A topic that is not there is told as that before time runs out. */
	snprintf(timeout, sizeof(timeout), "%lld", ms);
	snprintf(propagation, sizeof(propagation), "%lld", ms / 2);
	err = set(conf, "bootstrap.servers", k->options.brokers, error);
	err = err ? err : set(conf, "client.id", "weir", error);
	err = err ? err : set(conf, "enable.idempotence", "true", error);
	err = err ? err : set(conf, "acks", "all", error);
	err = err ? err : set(conf, "linger.ms", "5", error);
	err = err ? err : set(conf, "message.timeout.ms", timeout, error);
	err = err ? err : set(conf, "topic.metadata.propagation.max.ms", propagation, error);
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
	rd_kafka_resp_err_t err;

	/* A topic that is no longer configured takes nothing. */
	if (!topic) {
		k->deliveries[index] = REFUSED;
		snprintf(k->why, sizeof(k->why), "no topic for what waits is configured");
		return;
	}
	k->deliveries[index] = UNDER_WAY;
	err = rd_kafka_producev(k->producer, RD_KAFKA_V_TOPIC(topic),
				RD_KAFKA_V_KEY(record->id, strlen(record->id)),
				RD_KAFKA_V_VALUE((void *)record->body, record->length),
				RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_OPAQUE(mark),
				RD_KAFKA_V_END);
	if (!err) {
		k->open++;
		return;
	}
	k->deliveries[index] = is_size(err) ? REFUSED : FAILED;
	k->failed |= !is_size(err);
	because(k, topic, err, is_size(err));
}

static bool any(const struct kafka *k, size_t from, size_t to, enum delivery state)
{
	for (size_t i = from; i < to; i++)
		if (k->deliveries[i] == state)
			return true;
	return false;
}

/* Sends those that are in that state, from there on, `most` of them; returns where the next is. */
static size_t send_some(struct kafka *k, struct relay *relay, const struct spool_batch *batch,
			enum delivery state, size_t from, size_t most)
{
	size_t i = from;

	k->failed = false;
	for (k->together = 0; i < batch->list.len && k->together < most; i++) {
		if (k->deliveries[i] != state)
			continue;
		produce(k, &batch->list.at[i], i);
		k->together++;
	}
	while (k->open && !relay_expired(relay))
		rd_kafka_poll(k->producer, POLL_MS);
	return i;
}

/* What was too large together goes again, in order: half as many at once until they fit, or one is
 * alone; then twice as many. */
static void send_parted(struct kafka *k, struct relay *relay, const struct spool_batch *batch)
{
	size_t most = (batch->list.len + 1) / 2, from = 0, next;

	k->failed = false; /* of others */
	while (from < batch->list.len && !k->open && !k->failed) {
		next = send_some(k, relay, batch, CROWDED, from, most);
		if (any(k, from, next, CROWDED)) {
			most = (most + 1) / 2;
			continue;
		}
		from = next;
		most *= 2;
	}
}

/* What got through the last time is none of it any more. */
static void begin(struct kafka *k, const struct spool_batch *batch)
{
	size_t ahead = 0;

	*k->why = '\0';
	k->turn++;
	k->open = 0;
	for (size_t i = 0; i < batch->list.len; i++) {
		uint64_t number = batch->list.at[i].number;

		while (ahead < k->ahead_len && k->ahead[ahead] < number)
			ahead++;
		k->deliveries[i] =
			ahead < k->ahead_len && k->ahead[ahead] == number ? DELIVERED : FAILED;
	}
}

/* How many from the front on are finished with. */
static size_t settle(struct kafka *k, struct spool_batch *batch)
{
	size_t done = 0;

	while (done < batch->list.len &&
	       (k->deliveries[done] == DELIVERED || k->deliveries[done] == REFUSED)) {
		batch->list.at[done].refused = k->deliveries[done] == REFUSED;
		done++;
	}
	k->ahead_len = 0;
	for (size_t i = done; i < batch->list.len; i++)
		if (k->deliveries[i] == DELIVERED)
			k->ahead[k->ahead_len++] = batch->list.at[i].number;
	return done;
}

static void kafka_deliver(void *context, struct relay *relay, struct spool_batch *batch,
			  struct relay_outcome *outcome)
{
	struct kafka *k = context;
	const size_t len = batch->list.len;
	char why[200];

	if (!k->producer && make_producer(k, &outcome->error))
		return;
	begin(k, batch);
	send_some(k, relay, batch, FAILED, 0, len);
	send_parted(k, relay, batch);
	outcome->done = settle(k, batch);
	if (outcome->done < len || any(k, 0, outcome->done, REFUSED))
		error_set(&outcome->error, EXIT_SYSTEM, EIO, "kafka: %s: %s", k->options.brokers,
			  *k->why    ? k->why
			  : *k->down ? k->down
				     : "it does not answer");
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
