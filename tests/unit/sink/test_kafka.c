/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "sink/sink.h"
#include "unit/sink/counters.h"
#include "unit/sink/sample.h"

/* Against the brokers that librdkafka has for tests: they speak the protocol over sockets. */

static rd_kafka_t *host;
static rd_kafka_mock_cluster_t *cluster;

static int begin(void **state)
{
	char why[200];

	(void)state;
	host = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), why, sizeof(why));
	cluster = host ? rd_kafka_mock_cluster_new(host, 1) : NULL;
	return cluster ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	rd_kafka_mock_cluster_destroy(cluster);
	rd_kafka_destroy(host);
	return 0;
}

static struct sink *opened(const char *const *more)
{
	static struct kafka_options options;
	const struct network_options network = {0};
	struct sink *sink = NULL;
	struct error error;

	options = (struct kafka_options){
		.brokers = rd_kafka_mock_cluster_bootstraps(cluster),
		.detections = "weir.detections",
		.signals = "weir.signals",
		.options = more,
		.timeout = 2 * WEIR_SEC,
	};
	if (sink_kafka_open(&sink, &options, &network, &error))
		fail_msg("%s", error.text);
	return sink;
}

static void send_detection(struct sink *sink, unsigned number, const char *message)
{
	struct sample s;
	struct out *out;

	sample_init(&s);
	s.detection.message = message ? message : s.detection.message;
	snprintf(s.detection.id, sizeof(s.detection.id), "%08u-3333-5333-8333-333333333333",
		 number);
	out = out_detection(&s.detection, "web1");
	sink->ops->write(sink, out);
	out_drop(out);
}

static void send_signal(struct sink *sink)
{
	struct sample s;
	struct out *out;

	sample_init(&s);
	out = out_signal(&s.signals[0], "web1");
	sink->ops->write(sink, out);
	out_drop(out);
}

static bool reaches(struct sink *sink, const char *name, json_int_t value)
{
	return counter_reaches(sink, name, value, 3000);
}

static rd_kafka_t *reader(void)
{
	rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_t *consumer;
	char why[200];

	rd_kafka_conf_set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(cluster),
			  NULL, 0);
	rd_kafka_conf_set(conf, "group.id", "test", NULL, 0);
	rd_kafka_conf_set(conf, "auto.offset.reset", "earliest", NULL, 0);
	consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
	assert_non_null(consumer);
	for (int i = 0; i < 4; i++) /* the mock's partitions */
		rd_kafka_topic_partition_list_add(topics, "weir.detections", i)->offset = 0;
	rd_kafka_assign(consumer, topics);
	rd_kafka_topic_partition_list_destroy(topics);
	return consumer;
}

static bool has_another(rd_kafka_t *consumer)
{
	rd_kafka_message_t *message = rd_kafka_consumer_poll(consumer, 1000);
	bool has = message && !message->err;

	if (message)
		rd_kafka_message_destroy(message);
	return has;
}

/* So many messages and no more, each JSON with its key as event.id; the sum of the numbers of their
 * ids. */
static unsigned read_back(unsigned messages)
{
	rd_kafka_t *consumer = reader();
	unsigned sum = 0;

	for (int tries = 0; messages && tries < 200; tries++) {
		rd_kafka_message_t *message = rd_kafka_consumer_poll(consumer, 100);
		json_t *json;

		if (message && !message->err) {
			json = json_loadb(message->payload, message->len, 0, NULL);
			assert_non_null(json);
			assert_memory_equal(json_string_value(json_object_get(json, "event.id")),
					    message->key, message->key_len);
			sum += (unsigned)atoi(message->key);
			messages--;
			json_decref(json);
		}
		if (message)
			rd_kafka_message_destroy(message);
	}
	assert_int_equal(messages, 0);
	assert_false(has_another(consumer));
	rd_kafka_consumer_close(consumer);
	rd_kafka_destroy(consumer);
	return sum;
}

static void messages_arrive(void **state)
{
	struct sink *sink = opened(NULL);

	(void)state;
	for (unsigned i = 1; i <= 100; i++)
		send_detection(sink, i, NULL);
	assert_true(reaches(sink, "written", 100));
	assert_int_equal(read_back(100), 5050);
	sink->ops->close(sink);
}

static void one_that_is_too_large_is_counted(void **state)
{
	static const char *const small[] = {"message.max.bytes=8000", NULL};
	static char message[20000];
	struct sink *sink = opened(small);

	(void)state;
	memset(message, 'a', sizeof(message) - 1);
	send_detection(sink, 1, NULL);
	send_detection(sink, 2, message);
	send_detection(sink, 3, NULL);
	assert_true(reaches(sink, "written", 2));
	assert_int_equal(counter(sink, "failed"), 1);
	sink->ops->close(sink);
}

#define PRODUCE 0 /* the number of the request */

/* A broker's bound holds for the set that librdkafka made: it refuses all of it. */
static void a_set_that_is_too_large_goes_in_parts(void **state)
{
	struct sink *sink = opened(NULL);

	(void)state;
	send_detection(sink, 1, NULL);
	assert_true(reaches(sink, "written", 1));
	/* While the second is under way the others gather. */
	rd_kafka_mock_broker_set_rtt(cluster, 1, 1000);
	send_detection(sink, 2, NULL);
	usleep(500000);
	for (unsigned i = 3; i <= 42; i++)
		send_detection(sink, i, NULL);
	rd_kafka_mock_push_request_errors(cluster, PRODUCE, 2, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
					  RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
	assert_true(reaches(sink, "written", 2));
	rd_kafka_mock_broker_set_rtt(cluster, 1, 0);
	assert_true(reaches(sink, "written", 42));
	assert_int_equal(counter(sink, "failed"), 0);
	assert_int_equal(read_back(42), 42 * 43 / 2);
	sink->ops->close(sink);
}

static void one_alone_that_a_broker_refuses_is_counted(void **state)
{
	struct sink *sink = opened(NULL);

	(void)state;
	send_detection(sink, 1, NULL);
	assert_true(reaches(sink, "written", 1));
	rd_kafka_mock_push_request_errors(cluster, PRODUCE, 1,
					  RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
	send_detection(sink, 2, NULL);
	assert_true(reaches(sink, "failed", 1));
	assert_true(comes_to_say(sink, "topic weir.detections: ", 2000));
	send_detection(sink, 3, NULL);
	assert_true(reaches(sink, "written", 2));
	assert_int_equal(read_back(2), 4);
	sink->ops->close(sink);
}

static void a_topic_that_is_missing_is_named_and_doubles_no_other(void **state)
{
	struct sink *sink = opened(NULL);

	(void)state;
	rd_kafka_mock_topic_set_error(cluster, "weir.signals",
				      RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
	send_signal(sink);
	send_detection(sink, 1, NULL);
	send_detection(sink, 2, NULL);
	assert_true(comes_to_say(sink, "topic weir.signals: ", 2000));
	usleep(6000000); /* tried again several times */
	assert_true(says(sink, "topic weir.signals: "));
	assert_int_equal(counter(sink, "written"), 0);
	rd_kafka_mock_topic_set_error(cluster, "weir.signals", RD_KAFKA_RESP_ERR_NO_ERROR);
	assert_true(reaches(sink, "written", 3));
	assert_int_equal(counter(sink, "failed"), 0);
	assert_int_equal(read_back(2), 3);
	sink->ops->close(sink);
}

static void brokers_that_are_gone_come_back(void **state)
{
	struct sink *sink = opened(NULL);

	(void)state;
	send_detection(sink, 1, NULL);
	assert_true(reaches(sink, "written", 1));
	rd_kafka_mock_broker_set_down(cluster, 1);
	send_detection(sink, 2, NULL);
	send_detection(sink, 3, NULL);
	/* librdkafka says it once, and then that all brokers are down and that time ran out. */
	assert_true(comes_to_say(sink, "refused", 2000));
	for (int i = 0; i < 120; i++) {
		assert_true(says(sink, "refused"));
		usleep(100000);
	}
	assert_int_equal(counter(sink, "written"), 1);
	rd_kafka_mock_broker_set_up(cluster, 1);
	assert_true(reaches(sink, "written", 3));
	assert_int_equal(counter(sink, "failed") + counter(sink, "dropped"), 0);
	sink->ops->close(sink);
}

static void an_option_that_is_none_is_told(void **state)
{
	static const char *const wrong[] = {"no.such.option=1", NULL};
	const struct kafka_options options = {
		.brokers = "localhost", .options = wrong, .timeout = WEIR_SEC};
	const struct network_options network = {0};
	struct sink *sink;
	struct error error;

	(void)state;
	assert_true(sink_kafka_open(&sink, &options, &network, &error) < 0);
	assert_non_null(strstr(error.text, "no.such.option"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(messages_arrive),
		TEST(one_that_is_too_large_is_counted),
		TEST(a_set_that_is_too_large_goes_in_parts),
		TEST(one_alone_that_a_broker_refuses_is_counted),
		TEST(a_topic_that_is_missing_is_named_and_doubles_no_other),
		TEST(brokers_that_are_gone_come_back),
		cmocka_unit_test(an_option_that_is_none_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
