/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/flow/collect.h"

#include <errno.h>
#include <stdlib.h>

#include "flow/save.h"
#include "state/memory.h"

/* What one table knew, another one goes on with: what both would have said is the same. */

struct bench {
	struct collected got[2];
	struct flow_table *table[2];
	struct state_memory memory;
	unsigned loaded;
};

static void save_more(void *context, struct state_writer *writer, const struct flow *flow)
{
	(void)context;
	state_put_uint(writer, flow->generation + 1);
}

static bool load_more(void *context, struct state_reader *reader, struct flow *flow)
{
	struct bench *b = context;

	b->loaded++;
	return state_get_uint(reader) == flow->generation + 1;
}

static const char *protocol(const char *name, size_t length)
{
	return length == 3 && !memcmp(name, "tls", 3) ? "tls" : NULL;
}

static struct flow_keeper keeper_of(struct bench *b)
{
	return (struct flow_keeper){save_more, load_more, protocol, b};
}

static int setup(void **state)
{
	struct bench *b = test_calloc(1, sizeof(*b));

	for (int i = 0; i < 2; i++) {
		struct flow_ops ops = collect_ops(&b->got[i]);

		b->table[i] = flow_table_new(&ops);
		assert_non_null(b->table[i]);
	}
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;

	for (int i = 0; i < 2; i++) {
		flow_table_free(b->table[i]);
		vec_free(&b->got[i].events);
	}
	state_memory_free(&b->memory);
	test_free(b);
	return 0;
}

static struct flow *begin(struct bench *b, uint16_t sport, uint8_t proto, weir_time at)
{
	struct flow_start start = {.first = at};

	start.initiator = collect_key(&start.key, 1, sport, 2, 443, proto);
	flow_advance(b->table[0], at, NULL, NULL);
	return flow_begin(b->table[0], &start);
}

static void save(struct bench *b)
{
	struct flow_keeper keeper = keeper_of(b);
	struct state_writer *writer = malloc(sizeof(*writer));

	assert_int_equal(state_begin(writer, 1, state_memory_put, &b->memory), 0);
	flow_save(b->table[0], writer, &keeper);
	assert_int_equal(state_end(writer), 0);
	free(writer);
}

static int load(struct bench *b, const void *bytes, size_t length)
{
	struct flow_keeper keeper = keeper_of(b);
	struct state_image image;
	const char *words;
	int err = state_image_open(&image, bytes, length, &words);

	if (err)
		return err;
	err = flow_load(b->table[1], &image, &keeper);
	state_image_close(&image);
	return err;
}

/* One of each: undecided, established with counts told and untold, closed, unanswered, answered
 * once. */
static void begin_all(struct bench *b)
{
	struct flow *flow = begin(b, 1000, 6, T0);

	flow_add(b->table[0], flow, flow->initiator, 60, 0, TCP_FLAG_SYN, T0);
	flow = begin(b, 1001, 6, T0);
	flow_add(b->table[0], flow, flow->initiator, 60, 0, TCP_FLAG_SYN, T0);
	flow_decide(b->table[0], flow, FLOW_ESTABLISHED, T0 + WEIR_MSEC);
	flow_speaks(flow, "tls");
	flow_logs_in(flow);
	flow = begin(b, 1002, 6, T0);
	flow_add(b->table[0], flow, flow->initiator, 60, 0, TCP_FLAG_SYN, T0);
	flow_decide(b->table[0], flow, FLOW_CLOSED, T0 + WEIR_MSEC);
	flow = begin(b, 1003, 17, T0 + 2 * WEIR_SEC);
	flow_add(b->table[0], flow, flow->initiator, 90, 62, 0, T0 + 2 * WEIR_SEC);
	flow = begin(b, 1004, 17, T0 + 2 * WEIR_SEC);
	flow_add(b->table[0], flow, flow->initiator, 90, 62, 0, T0 + 2 * WEIR_SEC);
	flow_decide(b->table[0], flow, FLOW_ANSWERED, T0 + 2 * WEIR_SEC);
	flow_advance(b->table[0], T0 + 2 * WEIR_SEC + 10 * WEIR_MSEC, NULL, NULL);
}

static void go_on(struct flow_table *table)
{
	struct flow_start start;
	struct flow *flow;

	start.initiator = collect_key(&start.key, 1, 1001, 2, 443, 6);
	flow = flow_find(table, &start.key);
	assert_non_null(flow);
	flow_add(table, flow, !start.initiator, 1500, 1460, TCP_FLAG_ACK, T0 + 3 * WEIR_SEC);
	flow_advance(table, T0 + 30 * WEIR_SEC, NULL, NULL);
	flow_finish(table);
}

static int by_order(const void *left, const void *right)
{
	const struct event *a = left, *b = right;

	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	if (a->service != b->service)
		return a->service < b->service ? -1 : 1;
	return a->source_port < b->source_port ? -1 : a->source_port > b->source_port;
}

static void assert_same_events(struct collected *a, size_t from, struct collected *b)
{
	qsort(a->events.at + from, a->events.len - from, sizeof(struct event), by_order);
	qsort(b->events.at, b->events.len, sizeof(struct event), by_order);
	assert_int_equal(a->events.len - from, b->events.len);
	for (size_t i = 0; i < b->events.len; i++) {
		const struct event *x = &a->events.at[from + i], *y = &b->events.at[i];

		assert_int_equal(x->time, y->time);
		assert_int_equal(x->service, y->service);
		assert_memory_equal(x->present, y->present, sizeof(x->present));
		assert_int_equal(x->source_port, y->source_port);
		if (x->service != SERVICE_FLOW)
			continue;
		assert_int_equal(x->source_bytes, y->source_bytes);
		assert_int_equal(x->destination_bytes, y->destination_bytes);
		assert_int_equal(x->event_duration, y->event_duration);
		if (event_has(x, FIELD_FLOW_ENDED))
			assert_int_equal(x->flow_total_source_bytes, y->flow_total_source_bytes);
	}
}

static void another_says_what_it_would_have_said(void **state)
{
	struct bench *b = *state;
	struct flow_stats stats[2];
	size_t said;

	begin_all(b);
	said = b->got[0].events.len;
	save(b);
	assert_int_equal(load(b, b->memory.bytes, b->memory.length), 0);
	assert_int_equal(b->loaded, 5);
	assert_int_equal(b->got[1].events.len, 0);
	go_on(b->table[0]);
	go_on(b->table[1]);
	assert_same_events(&b->got[0], said, &b->got[1]);
	for (int i = 0; i < 2; i++)
		flow_stats(b->table[i], &stats[i]);
	assert_memory_equal(&stats[0], &stats[1], sizeof(stats[0]));
}

/* Who was asked answers: what the next one is told of it is that it ever did. */
static void services_that_answered_are_known(void **state)
{
	struct bench *b = *state;
	struct flow_start start = {.first = T0 + 4 * WEIR_SEC};

	begin_all(b);
	save(b);
	assert_int_equal(load(b, b->memory.bytes, b->memory.length), 0);
	start.initiator = collect_key(&start.key, 7, 7000, 2, 443, 6);
	assert_true(flow_begin(b->table[1], &start)->destination_answers);
}

static void what_cannot_be_is_refused(void **state)
{
	struct bench *b = *state;
	struct flow_keeper keeper = keeper_of(b);
	struct state_image image;
	const char *words;

	begin_all(b);
	save(b);
	assert_int_equal(load(b, b->memory.bytes, b->memory.length - 1), -EBADMSG);
	/* Cut behind the checksums: each shorter section is one that ends too early. */
	assert_int_equal(state_image_open(&image, b->memory.bytes, b->memory.length, &words), 0);
	while (--image.entries[0].length) {
		struct flow_ops ops = collect_ops(&b->got[1]);

		flow_table_free(b->table[1]);
		b->table[1] = flow_table_new(&ops);
		assert_int_equal(flow_load(b->table[1], &image, &keeper), -EBADMSG);
	}
	state_image_close(&image);
}

static void a_flow_twice_is_refused(void **state)
{
	struct bench *b = *state;

	begin_all(b);
	save(b);
	assert_int_equal(load(b, b->memory.bytes, b->memory.length), 0);
	assert_int_equal(load(b, b->memory.bytes, b->memory.length), -EBADMSG);
}

/* Whatever the other one says of its deadline: to the last moment of time are more intervals than
 * anyone can go through. */
static void none_waits_longer_than_here(void **state)
{
	struct bench *b = *state;
	struct flow *flow = begin(b, 1000, 6, T0);
	const struct event *last;

	flow->deadline = TIME_NEVER;
	save(b);
	assert_int_equal(load(b, b->memory.bytes, b->memory.length), 0);
	flow_finish(b->table[1]);
	last = &b->got[1].events.at[b->got[1].events.len - 1];
	assert_int_equal(last->service, SERVICE_CONNECTION);
	assert_int_equal(last->network_state, STATE_UNANSWERED);
	assert_in_range(last->time, T0, T0 + WEIR_MIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(another_says_what_it_would_have_said, setup,
						teardown),
		cmocka_unit_test_setup_teardown(services_that_answered_are_known, setup, teardown),
		cmocka_unit_test_setup_teardown(what_cannot_be_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(a_flow_twice_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(none_waits_longer_than_here, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
