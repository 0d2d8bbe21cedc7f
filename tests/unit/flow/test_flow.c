/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/flow/collect.h"

/* The flow stage by its calls: when which event is made, and that all sums are whole. */

struct bench {
	struct collected got;
	struct flow_table *table;
};

static int setup_with(void **state, void (*change)(struct flow_ops *ops))
{
	struct bench *b = test_calloc(1, sizeof(*b));
	struct flow_ops ops = collect_ops(&b->got);

	if (change)
		change(&ops);
	b->table = flow_table_new(&ops);
	assert_non_null(b->table);
	*state = b;
	return 0;
}

static int setup(void **state)
{
	return setup_with(state, NULL);
}

static int teardown(void **state)
{
	struct bench *b = *state;

	flow_table_free(b->table);
	vec_free(&b->got.events);
	test_free(b);
	return 0;
}

static struct flow *begin(struct bench *b, uint16_t sport, uint16_t dport, uint8_t proto,
			  weir_time at, uint8_t marks)
{
	struct flow_start start = {.first = at, .marks = marks};

	start.initiator = collect_key(&start.key, 1, sport, 2, dport, proto);
	flow_advance(b->table, at, NULL, NULL);
	return flow_begin(b->table, &start);
}

static void add(struct bench *b, struct flow *flow, bool answer, uint32_t bytes, weir_time at)
{
	flow_advance(b->table, at, NULL, NULL);
	flow_add(b->table, flow, flow->initiator ^ answer, bytes, bytes / 2, 0, at);
}

static const struct event *get(struct bench *b, enum event_service service, size_t n)
{
	const struct event *e = collected(&b->got, service, n);

	assert_non_null(e);
	return e;
}

static void test_attempt_bears_the_first_packet(void **state)
{
	struct bench *b = *state;
	struct flow *f = begin(b, 40000, 22, 6, T0 + 5, 0);
	const struct event *e = get(b, SERVICE_ATTEMPT, 0);
	struct addr source = addr_from_v4(htonl(0x0a000001));

	assert_ptr_equal(flow_find(b->table, &f->key), f);
	assert_int_equal(e->time, T0 + 5);
	assert_int_equal(e->event_start, T0 + 5);
	assert_true(addr_equal(&e->source_ip, &source));
	assert_int_equal(e->source_port, 40000);
	assert_int_equal(e->destination_port, 22);
	assert_int_equal(e->network_transport, 6);
	assert_false(event_has(e, FIELD_SOURCE_BYTES));
	assert_false(event_has(e, FIELD_NETWORK_STATE));
	assert_true(event_has(e, FIELD_DESTINATION_ANSWERED));
	assert_false(e->destination_answered);
	assert_int_equal(b->got.events.len, 1);
}

static void test_connection_once(void **state)
{
	struct bench *b = *state;
	struct flow *f = begin(b, 40000, 22, 6, T0, 0);
	const struct event *e;

	flow_decide(b->table, f, FLOW_ANSWERED, T0 + 10);
	assert_int_equal(collected_count(&b->got, SERVICE_CONNECTION), 0);
	flow_decide(b->table, f, FLOW_ESTABLISHED, T0 + 20);
	flow_decide(b->table, f, FLOW_CLOSED, T0 + 30);
	flow_decide(b->table, f, FLOW_ESTABLISHED, T0 + 40);
	flow_advance(b->table, T0 + WEIR_MIN, NULL, NULL);
	assert_int_equal(collected_count(&b->got, SERVICE_CONNECTION), 1);
	e = get(b, SERVICE_CONNECTION, 0);
	assert_int_equal(e->time, T0 + 20);
	assert_int_equal(e->event_start, T0);
	assert_int_equal(e->event_duration, 20);
	assert_int_equal(e->network_state, STATE_ESTABLISHED);
	assert_false(e->tcp_half_open);
}

static void test_unanswered_at_five_seconds_exactly(void **state)
{
	struct bench *b = *state;
	const struct event *e;

	begin(b, 40000, 22, 6, T0 + 123, 0);
	flow_advance(b->table, T0 + 5 * WEIR_SEC, NULL, NULL);
	assert_int_equal(collected_count(&b->got, SERVICE_CONNECTION), 0);
	flow_advance(b->table, T0 + 6 * WEIR_SEC, NULL, NULL);
	e = get(b, SERVICE_CONNECTION, 0);
	assert_int_equal(e->time, T0 + 123 + 5 * WEIR_SEC);
	assert_int_equal(e->network_state, STATE_UNANSWERED);
	assert_false(event_has(e, FIELD_EVENT_DURATION));
}

/* The interval's end has not come, but the answer has: too late by its own time. */
static void test_late_answer_is_unanswered(void **state)
{
	struct bench *b = *state;
	struct flow *f = begin(b, 40000, 53, 17, T0 + 100 * WEIR_MSEC, 0);

	flow_decide(b->table, f, FLOW_ESTABLISHED, T0 + 5 * WEIR_SEC + 100 * WEIR_MSEC);
	assert_int_equal(collected_count(&b->got, SERVICE_CONNECTION), 1);
	assert_int_equal(get(b, SERVICE_CONNECTION, 0)->network_state, STATE_UNANSWERED);
	assert_int_equal(get(b, SERVICE_CONNECTION, 0)->time, T0 + 5 * WEIR_SEC + 100 * WEIR_MSEC);
}

static void test_half_open(void **state)
{
	struct bench *b = *state;
	struct flow *f = begin(b, 40000, 22, 6, T0, 0);

	flow_decide(b->table, f, FLOW_ANSWERED, T0 + 1);
	flow_advance(b->table, T0 + 6 * WEIR_SEC, NULL, NULL);
	assert_int_equal(get(b, SERVICE_CONNECTION, 0)->network_state, STATE_ESTABLISHED);
	assert_true(get(b, SERVICE_CONNECTION, 0)->tcp_half_open);
	assert_int_equal(get(b, SERVICE_CONNECTION, 0)->time, T0 + 5 * WEIR_SEC);
}

static void test_udp_answer_decides(void **state)
{
	struct bench *b = *state;
	struct flow *f = begin(b, 40000, 53, 17, T0, 0);

	flow_decide(b->table, f, FLOW_ANSWERED, T0 + 7);
	assert_int_equal(get(b, SERVICE_CONNECTION, 0)->network_state, STATE_ESTABLISHED);
	assert_int_equal(get(b, SERVICE_CONNECTION, 0)->time, T0 + 7);
}

static void begin_to(struct bench *b, const char *address, uint8_t marks)
{
	struct flow_start start = {.first = T0, .marks = marks};
	struct addr s = addr_from_v4(htonl(0x0a000001)), d;

	assert_int_equal(addr_parse(address, strlen(address), &d), 0);
	start.initiator =
		flow_key_canonical(&start.key, s.byte, d.byte, htons(5353), htons(5353), 17);
	assert_non_null(flow_begin(b->table, &start));
}

static void test_multicast_is_never_unanswered(void **state)
{
	struct bench *b = *state;

	begin_to(b, "224.0.0.251", 0);
	begin_to(b, "255.255.255.255", 0);
	begin_to(b, "ff02::fb", 0);
	begin_to(b, "10.0.0.255", FLOW_CAST);
	flow_advance(b->table, T0 + WEIR_HOUR, NULL, NULL);
	assert_int_equal(collected_count(&b->got, SERVICE_ATTEMPT), 4);
	assert_int_equal(collected_count(&b->got, SERVICE_CONNECTION), 0);
	begin_to(b, "10.0.0.255", 0);
	flow_advance(b->table, T0 + 2 * WEIR_HOUR, NULL, NULL);
	assert_int_equal(collected_count(&b->got, SERVICE_CONNECTION), 1);
}

static void test_midstream_and_error_make_no_attempt(void **state)
{
	struct bench *b = *state;
	struct flow *f = begin(b, 40000, 22, 6, T0, FLOW_MIDSTREAM);

	flow_decide(b->table, f, FLOW_ESTABLISHED, T0 + 1);
	begin(b, 3, 1, 1, T0, FLOW_ERROR);
	flow_advance(b->table, T0 + WEIR_MIN, NULL, NULL);
	flow_finish(b->table);
	assert_int_equal(collected_count(&b->got, SERVICE_ATTEMPT), 0);
	assert_int_equal(collected_count(&b->got, SERVICE_CONNECTION), 0);
	assert_int_equal(collected_count(&b->got, SERVICE_FLOW), 2);
}

/* The source saw the server's packet first. */
static void test_midstream_initiator_by_service(void **state)
{
	struct bench *b = *state;
	struct flow *f = begin(b, 443, 80, 6, T0, FLOW_MIDSTREAM);

	assert_int_equal(ntohs(f->key.port[!f->initiator]), 80); /* both are: as the source says */
	f = begin(b, 8080, 1500, 6, T0, FLOW_MIDSTREAM);
	assert_int_equal(ntohs(f->key.port[f->initiator]), 1500);
	f = begin(b, 1500, 8080, 6, T0, FLOW_MIDSTREAM);
	assert_int_equal(ntohs(f->key.port[f->initiator]), 1500);
}

static void test_flow_intervals(void **state)
{
	struct bench *b = *state;
	struct flow *f = begin(b, 40000, 22, 6, T0 + 100, 0);
	const struct event *e;

	flow_decide(b->table, f, FLOW_ESTABLISHED, T0 + 150);
	add(b, f, false, 100, T0 + 100);
	add(b, f, true, 60, T0 + WEIR_SEC - 1);
	assert_int_equal(collected_count(&b->got, SERVICE_FLOW), 0);
	add(b, f, false, 50, T0 + WEIR_SEC); /* the boundary belongs to the next */
	add(b, f, false, 50, T0 + 4 * WEIR_SEC + 7);
	flow_advance(b->table, T0 + 20 * WEIR_SEC, NULL, NULL);
	assert_int_equal(collected_count(&b->got, SERVICE_FLOW), 3);
	e = get(b, SERVICE_FLOW, 0);
	assert_int_equal(e->time, T0 + WEIR_SEC);
	assert_int_equal(e->event_start, T0 + 100);
	assert_int_equal(e->source_bytes, 100);
	assert_int_equal(e->source_payload_bytes, 50);
	assert_int_equal(e->destination_bytes, 60);
	assert_int_equal(e->destination_packets, 1);
	assert_int_equal(e->network_state, STATE_ESTABLISHED);
	assert_false(event_has(e, FIELD_FLOW_ENDED));
	e = get(b, SERVICE_FLOW, 1);
	assert_int_equal(e->time, T0 + 2 * WEIR_SEC);
	assert_int_equal(e->event_start, T0 + WEIR_SEC);
	assert_int_equal(e->source_bytes, 50);
	assert_int_equal(e->destination_bytes, 0);
	assert_int_equal(get(b, SERVICE_FLOW, 2)->time, T0 + 5 * WEIR_SEC);
	assert_int_equal(get(b, SERVICE_FLOW, 2)->event_start, T0 + 4 * WEIR_SEC + 7);
}

static void test_ended_has_totals(void **state)
{
	struct bench *b = *state;
	struct flow *f = begin(b, 40000, 22, 6, T0, 0);
	const struct event *e;

	flow_decide(b->table, f, FLOW_ESTABLISHED, T0);
	add(b, f, false, 100, T0);
	flow_decide(b->table, f, FLOW_CLOSED, T0 + WEIR_SEC);
	add(b, f, true, 60, T0 + WEIR_SEC + 1);
	flow_advance(b->table, T0 + 6 * WEIR_SEC, NULL, NULL);
	assert_int_equal(collected_count(&b->got, SERVICE_FLOW), 2);
	flow_advance(b->table, T0 + 7 * WEIR_SEC, NULL, NULL); /* 5 s after its interval's end */
	e = get(b, SERVICE_FLOW, 2);
	assert_int_equal(e->time, T0 + 7 * WEIR_SEC);
	assert_true(e->flow_ended);
	assert_int_equal(e->source_bytes, 0);
	assert_false(event_has(e, FIELD_EVENT_START));
	assert_int_equal(e->flow_total_source_bytes, 100);
	assert_int_equal(e->flow_total_destination_bytes, 60);
	assert_int_equal(e->flow_total_source_packets, 1);
	assert_int_equal(e->event_duration, WEIR_SEC + 1);
	assert_int_equal(b->got.forgotten, 1);
}

/* Counters as the live source reads them: only growth counts. */
static void test_absolute_counts(void **state)
{
	struct bench *b = *state;
	struct flow *f = begin(b, 40000, 22, 17, T0 + 3, 0);
	unsigned s = f->initiator;
	struct flow_counts now = {0};
	const uint8_t flags[2] = {0};
	struct flow_stats stats;

	now.bytes[s] = 500, now.packets[s] = 5, now.payload[s] = 400;
	flow_count(b->table, f, &now, flags, T0 + 900);
	flow_count(b->table, f, &now, flags, T0 + 950);
	now.bytes[s] = 100; /* an older reading */
	flow_count(b->table, f, &now, flags, T0 + 960);
	flow_advance(b->table, T0 + WEIR_SEC, NULL, NULL);
	now.bytes[s] = 501, now.packets[s] = 6;
	flow_count(b->table, f, &now, flags, T0 + WEIR_SEC + 1);
	flow_end(b->table, f);
	assert_int_equal(collected_count(&b->got, SERVICE_FLOW), 2);
	assert_int_equal(get(b, SERVICE_FLOW, 0)->source_bytes, 500);
	assert_int_equal(get(b, SERVICE_FLOW, 0)->event_start, T0 + 3);
	assert_int_equal(get(b, SERVICE_FLOW, 1)->source_bytes, 1);
	assert_int_equal(get(b, SERVICE_FLOW, 1)->flow_total_source_packets, 6);
	flow_stats(b->table, &stats);
	assert_int_equal(stats.told.bytes[0], 501);
	assert_int_equal(stats.flows, 0);
	assert_int_equal(stats.ended, 1);
}

static void test_own_and_silent_make_no_events(void **state)
{
	struct bench *b = *state;
	struct flow_start start = {.first = T0, .own = true};
	struct flow_stats stats;
	struct flow *f;

	start.initiator = collect_key(&start.key, 1, 1, 2, 2, 17);
	f = flow_begin(b->table, &start);
	flow_add(b->table, f, start.initiator, 77, 0, 0, T0);
	flow_finish(b->table);
	assert_int_equal(b->got.events.len, 0);
	f = begin(b, 9, 9, 17, T0, 0);
	f->silent = true;
	add(b, f, false, 11, T0);
	flow_finish(b->table);
	assert_int_equal(b->got.events.len, 1); /* the attempt, before it was known */
	flow_stats(b->table, &stats);
	assert_int_equal(stats.untold.bytes[0], 88);
	assert_int_equal(stats.told.bytes[0], 0);
	assert_int_equal(stats.own, 1);
	assert_int_equal(stats.nat, 1);
}

static void test_missed_first_packets(void **state)
{
	struct bench *b = *state;
	struct flow_start start = {.first = T0, .missed = 5000};
	const struct event *e;

	start.initiator = collect_key(&start.key, 0, 0, 2, 80, 6);
	assert_null(flow_begin(b->table, &start));
	e = get(b, SERVICE_ATTEMPT, 0);
	assert_int_equal(e->event_count, 5000);
	assert_int_equal(e->destination_port, 80);
	assert_false(event_has(e, FIELD_SOURCE_IP));
	assert_null(flow_find(b->table, &start.key));
}

static void test_destination_answered(void **state)
{
	struct bench *b = *state;
	struct flow *f = begin(b, 1000, 53, 17, T0, 0);

	flow_decide(b->table, f, FLOW_ESTABLISHED, T0 + 1);
	assert_false(get(b, SERVICE_CONNECTION, 0)->destination_answered);
	begin(b, 1001, 53, 17, T0 + 2, 0);
	assert_true(get(b, SERVICE_ATTEMPT, 1)->destination_answered);
	begin(b, 1001, 53, 6, T0 + 2, 0);
	begin(b, 1001, 54, 17, T0 + 2, 0);
	assert_false(get(b, SERVICE_ATTEMPT, 2)->destination_answered);
	assert_false(get(b, SERVICE_ATTEMPT, 3)->destination_answered);
}

static void live(struct flow_ops *ops)
{
	ops->ready = T0;
}

static int setup_live(void **state)
{
	return setup_with(state, live);
}

static void test_answers_after_the_start_are_midstream(void **state)
{
	struct bench *b = *state;
	struct flow *f = begin(b, 53, 50000, 17, T0 + WEIR_SEC, 0);

	assert_true(f->marks & FLOW_MIDSTREAM);
	assert_int_equal(ntohs(f->key.port[f->initiator]), 50000);
	f = begin(b, 50001, 53, 17, T0 + WEIR_SEC, 0); /* a question */
	assert_false(f->marks & FLOW_MIDSTREAM);
	f = begin(b, 53, 50002, 17, T0 + WEIR_MIN, 0);
	assert_false(f->marks & FLOW_MIDSTREAM);
}

static void small(struct flow_ops *ops)
{
	ops->max_flows = 3;
}

static int setup_small(void **state)
{
	return setup_with(state, small);
}

static void test_eviction_tells_all(void **state)
{
	struct bench *b = *state;
	struct flow_stats stats;
	struct flow *first = begin(b, 1, 80, 17, T0, 0);
	struct flow_key key = first->key;
	struct sums sums;

	add(b, first, false, 10, T0);
	add(b, begin(b, 2, 80, 17, T0 + 1, 0), false, 20, T0 + 1);
	add(b, begin(b, 3, 80, 17, T0 + 2, 0), false, 40, T0 + 2);
	flow_advance(b->table, T0 + WEIR_SEC, NULL, NULL);
	add(b, first, false, 80, T0 + WEIR_SEC + 1); /* the least recently changed is 2 now */
	add(b, begin(b, 4, 80, 17, T0 + WEIR_SEC + 2, 0), false, 160, T0 + WEIR_SEC + 2);
	assert_ptr_equal(flow_find(b->table, &key), first);
	flow_stats(b->table, &stats);
	assert_int_equal(stats.evicted, 1);
	assert_int_equal(stats.flows, 3);
	assert_int_equal(get(b, SERVICE_FLOW, 3)->source_port, 2);
	assert_true(get(b, SERVICE_FLOW, 3)->flow_ended);
	flow_finish(b->table);
	sums = collected_sums(&b->got);
	assert_int_equal(sums.bytes[0], 310);
	assert_int_equal(sums.packets[0], 5);
	assert_int_equal(b->got.forgotten, 4);
}

static void few_fleeting(struct flow_ops *ops)
{
	ops->max_fleeting = 3;
}

static int setup_few_fleeting(void **state)
{
	return setup_with(state, few_fleeting);
}

/* However many come that nobody answers, those that were answered stay. */
static void test_flood_evicts_its_like(void **state)
{
	struct bench *b = *state;
	struct flow_key kept[2], newest;
	struct flow_stats stats;
	struct flow *flow = begin(b, 1, 80, 6, T0, 0);

	kept[0] = flow->key;
	flow_decide(b->table, flow, FLOW_ESTABLISHED, T0);
	flow = begin(b, 2, 53, 17, T0, 0);
	kept[1] = flow->key;
	flow_decide(b->table, flow, FLOW_ESTABLISHED, T0);
	for (unsigned i = 0; i < 40; i++) {
		flow = begin(b, (uint16_t)(1000 + i), 80, i % 2 ? 6 : 17, T0 + i, 0);
		newest = flow->key;
		if (i % 4 == 0) /* one exchange with an invented source */
			flow_decide(b->table, flow, FLOW_ANSWERED, T0 + i);
	}
	flow_stats(b->table, &stats);
	assert_int_equal(stats.flows, 5);
	assert_int_equal(stats.evicted, 37);
	assert_non_null(flow_find(b->table, &kept[0]));
	assert_non_null(flow_find(b->table, &kept[1]));
	assert_non_null(flow_find(b->table, &newest));
}

/* A number has its attempt already. */
static void test_numbered_makes_no_attempt(void **state)
{
	struct bench *b = *state;
	struct flow_start start = {.key = begin(b, 1, 80, 6, T0, 0)->key, .first = T0};

	assert_null(collected(&b->got, SERVICE_ATTEMPT, 1));
	start.key.port[0] = start.key.port[1] = 7;
	start.numbered = true;
	assert_non_null(flow_begin(b->table, &start));
	assert_null(collected(&b->got, SERVICE_ATTEMPT, 1));
}

static void test_finish(void **state)
{
	struct bench *b = *state;
	struct flow *f = begin(b, 1, 80, 6, T0, 0);
	const struct event *e;

	flow_decide(b->table, f, FLOW_ESTABLISHED, T0 + 1);
	add(b, f, false, 100, T0 + 1);
	f = begin(b, 2, 80, 6, T0 + 2 * WEIR_SEC + 5, 0);
	add(b, f, false, 40, T0 + 2 * WEIR_SEC + 5);
	flow_finish(b->table);
	/* Each flow's last event at the end of the input's last interval, with its outcome. */
	assert_int_equal(collected_count(&b->got, SERVICE_FLOW), 3);
	for (size_t i = 1; i < 3; i++) {
		e = get(b, SERVICE_FLOW, i);
		assert_true(e->flow_ended);
		assert_int_equal(e->time, T0 + 3 * WEIR_SEC);
		assert_int_equal(e->network_state,
				 e->source_port == 2 ? STATE_UNANSWERED : STATE_ESTABLISHED);
	}
	assert_int_equal(get(b, SERVICE_CONNECTION, 1)->time, T0 + 7 * WEIR_SEC + 5);
	assert_int_equal(get(b, SERVICE_CONNECTION, 1)->network_state, STATE_UNANSWERED);
	flow_finish(b->table); /* nothing is left */
	assert_int_equal(collected_count(&b->got, SERVICE_FLOW), 3);
}

static size_t expired_count;

static void expired(void *context, struct flow *flow)
{
	struct bench *b = context;

	if (++expired_count == 2) /* the first is ended later by its source */
		flow_end(b->table, flow);
}

static void test_expired_is_the_sources_to_end(void **state)
{
	struct bench *b = *state;
	struct flow *f = begin(b, 1, 80, 17, T0, 0), *g;

	g = begin(b, 2, 80, 17, T0, 0);
	expired_count = 0;
	flow_advance(b->table, T0 + 31 * WEIR_SEC - 1, expired, b);
	assert_int_equal(expired_count, 0);
	flow_advance(b->table, T0 + 31 * WEIR_SEC, expired, b);
	flow_advance(b->table, T0 + 90 * WEIR_SEC, expired, b);
	assert_int_equal(expired_count, 2);
	(void)g;
	add(b, f, false, 10, T0 + 90 * WEIR_SEC); /* it was not over after all */
	flow_advance(b->table, T0 + 121 * WEIR_SEC, expired, b);
	assert_int_equal(expired_count, 3);
	flow_end(b->table, f);
	assert_int_equal(collected_sums(&b->got).bytes[0], 10);
	assert_int_equal(b->got.forgotten, 0);
}

static void test_gap_of_years_costs_nothing(void **state)
{
	struct bench *b = *state;
	weir_time at = T0;

	for (int i = 0; i < 1000; i++, at += 365 * WEIR_DAY / 100) {
		struct flow *f = begin(b, (uint16_t)(1000 + i), 80, 6, at, 0);

		flow_decide(b->table, f, FLOW_ESTABLISHED, at);
		add(b, f, false, 1, at);
	}
	flow_finish(b->table);
	assert_int_equal(collected_sums(&b->got).bytes[0], 1000);
	/* One for its interval and one for its end, 2 h later, whatever the gap; the last has one.
	 */
	assert_int_equal(collected_count(&b->got, SERVICE_FLOW), 1999);
	assert_int_equal(get(b, SERVICE_FLOW, 1)->time, T0 + WEIR_SEC + 2 * WEIR_HOUR);
}

static void test_before_the_epoch(void **state)
{
	struct bench *b = *state;
	struct flow *f = begin(b, 1, 80, 17, -10 * WEIR_SEC - 1, 0);

	add(b, f, false, 5, -10 * WEIR_SEC - 1);
	flow_advance(b->table, 0, NULL, NULL);
	assert_int_equal(get(b, SERVICE_FLOW, 0)->time, -10 * WEIR_SEC);
	assert_int_equal(get(b, SERVICE_CONNECTION, 0)->time, -5 * WEIR_SEC - 1);
}

static void unwanted(struct flow_ops *ops)
{
	ops->services = 1u << SERVICE_CONNECTION;
}

static int setup_unwanted(void **state)
{
	return setup_with(state, unwanted);
}

static void test_unwanted_services(void **state)
{
	struct bench *b = *state;
	struct flow_stats stats;
	struct flow *f = begin(b, 1, 80, 17, T0, 0);

	add(b, f, false, 5, T0);
	flow_decide(b->table, f, FLOW_ESTABLISHED, T0);
	flow_finish(b->table);
	assert_int_equal(b->got.events.len, 1);
	assert_int_equal(b->got.events.at[0].service, SERVICE_CONNECTION);
	flow_stats(b->table, &stats);
	assert_int_equal(stats.told.bytes[0], 5);
}

static void test_nat_fields(void **state)
{
	struct bench *b = *state;
	struct flow_nat nat = {.source_port = 7, .destination_port = 8};
	struct flow *f = begin(b, 1, 80, 6, T0, 0);

	f->nat = &nat;
	add(b, f, false, 5, T0);
	flow_finish(b->table);
	assert_int_equal(get(b, SERVICE_FLOW, 0)->nat_source_port, 7);
	assert_int_equal(get(b, SERVICE_FLOW, 0)->nat_destination_port, 8);
	assert_true(event_has(get(b, SERVICE_FLOW, 0), FIELD_NAT_DESTINATION_IP));
	assert_false(event_has(get(b, SERVICE_ATTEMPT, 0), FIELD_NAT_SOURCE_IP));
}

#define TEST(f)	      cmocka_unit_test_setup_teardown(f, setup, teardown)
#define TEST_ON(s, f) cmocka_unit_test_setup_teardown(f, s, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_attempt_bears_the_first_packet),
		TEST(test_connection_once),
		TEST(test_unanswered_at_five_seconds_exactly),
		TEST(test_late_answer_is_unanswered),
		TEST(test_half_open),
		TEST(test_udp_answer_decides),
		TEST(test_multicast_is_never_unanswered),
		TEST(test_midstream_and_error_make_no_attempt),
		TEST(test_midstream_initiator_by_service),
		TEST(test_flow_intervals),
		TEST(test_ended_has_totals),
		TEST(test_absolute_counts),
		TEST(test_own_and_silent_make_no_events),
		TEST(test_missed_first_packets),
		TEST(test_destination_answered),
		TEST_ON(setup_live, test_answers_after_the_start_are_midstream),
		TEST_ON(setup_small, test_eviction_tells_all),
		TEST_ON(setup_few_fleeting, test_flood_evicts_its_like),
		TEST(test_numbered_makes_no_attempt),
		TEST(test_finish),
		TEST(test_expired_is_the_sources_to_end),
		TEST(test_gap_of_years_costs_nothing),
		TEST(test_before_the_epoch),
		TEST_ON(setup_unwanted, test_unwanted_services),
		TEST(test_nat_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
