/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <stdio.h>

#include <errno.h>
#include <stdlib.h>

#include "event/order.h"
#include "state/memory.h"

struct seen {
	char text[4096]; /* "e1.0 w5 …": events and watermarks, in seconds */
	unsigned events;
	struct event last;
	bool sorted;
};

static void saw_event(void *context, struct event *event)
{
	struct seen *seen = context;
	size_t length = strlen(seen->text);

	if (seen->events++ && (event->time < seen->last.time))
		seen->sorted = false;
	seen->last = *event;
	if (length < sizeof(seen->text) - 64)
		snprintf(seen->text + length, sizeof(seen->text) - length, "%lld/%u ",
			 (long long)(event->time / WEIR_SEC), event->input);
}

static void saw_watermark(void *context, weir_time watermark)
{
	(void)context;
	(void)watermark;
}

static struct order *open_order(struct seen *seen)
{
	const struct order_ops ops = {saw_event, saw_watermark, seen};

	*seen = (struct seen){.sorted = true};
	return order_new(&ops);
}

static void push(struct order *order, uint32_t input, weir_time seconds)
{
	struct event event = {.time = seconds * WEIR_SEC};

	assert_int_equal(order_push(order, input, &event), 0);
}

static void events_leave_by_time_then_input_then_arrival(void **state)
{
	struct seen seen;
	struct order *order = open_order(&seen);
	uint32_t a = (uint32_t)order_input(order, 10 * WEIR_SEC);
	uint32_t b = (uint32_t)order_input(order, 10 * WEIR_SEC);

	(void)state;
	push(order, b, 3);
	push(order, a, 3);
	push(order, a, 1);
	push(order, b, 2);
	assert_int_equal(seen.events, 0);
	order_end(order, a);
	order_end(order, b);
	assert_string_equal(seen.text, "1/0 2/1 3/0 3/1 ");
	order_free(order);
}

static void the_slowest_input_holds_the_watermark(void **state)
{
	struct seen seen;
	struct order *order = open_order(&seen);
	uint32_t fast = (uint32_t)order_input(order, 0), slow = (uint32_t)order_input(order, 0);

	(void)state;
	push(order, fast, 100);
	assert_int_equal(seen.events, 0);
	push(order, slow, 50);
	assert_int_equal(seen.events, 0); /* 50 itself may still have a twin */
	push(order, slow, 60);
	assert_string_equal(seen.text, "50/1 ");
	order_end(order, slow);
	assert_string_equal(seen.text, "50/1 60/1 ");
	order_end(order, fast);
	assert_int_equal(seen.events, 3);
	order_free(order);
}

static void late_events_are_counted_and_dropped(void **state)
{
	struct order_counts counts;
	struct seen seen;
	struct order *order = open_order(&seen);
	uint32_t input = (uint32_t)order_input(order, 5 * WEIR_SEC);

	(void)state;
	push(order, input, 100);
	push(order, input, 95); /* as old as the watermark: not late */
	push(order, input, 94);
	order_end(order, input);
	order_counts(order, input, &counts);
	assert_int_equal(counts.late, 1);
	assert_string_equal(seen.text, "95/0 100/0 ");
	order_free(order);
}

/* Processes are read as they come, connections once a second: after a stall of 10 s the newest of
 * the former come before the oldest of the latter. */
static void what_an_input_has_not_promised_is_not_late(void **state)
{
	struct order_counts counts;
	struct seen seen;
	struct order *order = open_order(&seen);
	uint32_t input = (uint32_t)order_input(order, 2 * WEIR_SEC);

	(void)state;
	order_promises(order, input);
	order_advance(order, input, 100 * WEIR_SEC);
	push(order, input, 111);
	push(order, input, 101);
	assert_int_equal(seen.events, 0);
	order_advance(order, input, 111 * WEIR_SEC);
	assert_string_equal(seen.text, "101/0 ");
	push(order, input, 108);
	order_end(order, input);
	order_counts(order, input, &counts);
	assert_int_equal(counts.late, 1);
	assert_string_equal(seen.text, "101/0 111/0 ");
	order_free(order);
}

static void one_wild_time_moves_nothing(void **state)
{
	struct order_counts counts;
	struct seen seen;
	struct order *order = open_order(&seen);
	uint32_t input = (uint32_t)order_input(order, 0);

	(void)state;
	push(order, input, 100);
	push(order, input, 1000000);
	push(order, input, 101);
	order_counts(order, input, &counts);
	assert_int_equal(counts.held_ahead, 1);
	assert_int_equal(counts.late, 0);
	push(order, input, 1000001); /* a second one agrees: a gap, not a mistake */
	push(order, input, 1000002);
	assert_int_equal(seen.events, 4);
	order_end(order, input);
	assert_int_equal(seen.events, 5);
	assert_true(seen.sorted);
	order_free(order);
}

static void texts_outlive_their_input(void **state)
{
	char line[] = "a fact";
	char words[] = "in words, more of them than have room where a few letters would";
	struct event event = {.time = WEIR_SEC};
	struct seen seen;
	struct order *order = open_order(&seen);
	uint32_t input = (uint32_t)order_input(order, 10 * WEIR_SEC);

	(void)state;
	event_set(&event, EVENT_ACTION, event_action, ((struct text){line, 6}));
	event_set(&event, MESSAGE, message, ((struct text){words, sizeof(words) - 1}));
	assert_int_equal(order_push(order, input, &event), 0);
	memset(line, 'x', 6);
	memset(words, 'x', sizeof(words) - 1);
	order_end(order, input);
	assert_memory_equal(seen.last.event_action.at, "a fact", 6);
	assert_memory_equal(seen.last.message.at, "in words, more of them than", 27);
	order_free(order);
}

static void clocks_move_it_too(void **state)
{
	struct seen seen;
	struct order *order = open_order(&seen);
	uint32_t input = (uint32_t)order_input(order, 3 * WEIR_SEC);

	(void)state;
	push(order, input, 10);
	order_advance(order, input, 13 * WEIR_SEC);
	assert_int_equal(seen.events, 0);
	order_advance(order, input, 14 * WEIR_SEC);
	assert_int_equal(seen.events, 1);
	order_free(order);
}

static void any_order_in_gives_one_order_out(void **state)
{
	struct seen seen;
	struct order *order = open_order(&seen);
	uint32_t input = (uint32_t)order_input(order, 50 * WEIR_SEC);
	unsigned random = 7;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		random = random * 1103515245 + 12345;
		push(order, input, i / 4 + (weir_time)(random >> 16) % 50);
	}
	order_end(order, input);
	assert_int_equal(seen.events, 20000);
	assert_true(seen.sorted);
	order_free(order);
}

static void a_burst_leaves_nothing_behind(void **state)
{
	struct seen seen;
	struct order *order = open_order(&seen);
	uint32_t input = (uint32_t)order_input(order, 10 * WEIR_SEC);

	(void)state;
	for (int i = 0; i < 1000; i++)
		push(order, input, 100);
	order_shrink(order); /* in use: nothing to give back */
	order_advance(order, input, 200 * WEIR_SEC);
	order_shrink(order);
	order_shrink(order);
	for (int i = 0; i < 1000; i++)
		push(order, input, 300);
	order_end(order, input);
	assert_int_equal(seen.events, 2000);
	order_free(order);
}

/* What waits goes into another stage, and leaves it as it would have left the first. */
static void what_waits_is_handed_over(void **state)
{
	static const int seconds[] = {101, 103, 102, 103, 90, 103, 104, 95};
	struct state_writer *writer = malloc(sizeof(*writer));
	struct state_memory memory = {0};
	struct state_image image;
	struct seen first, second;
	struct order *from = open_order(&first), *to = open_order(&second), *bad;
	uint32_t a = (uint32_t)order_input(from, 2 * WEIR_SEC);
	uint32_t b = (uint32_t)order_input(to, 2 * WEIR_SEC);
	const char *words;

	(void)state;
	order_promises(from, a);
	order_promises(to, b);
	order_advance(from, a, 100 * WEIR_SEC);
	for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++)
		push(from, a, seconds[i]);
	assert_int_equal(first.events, 0);
	assert_int_equal(state_begin(writer, 1, state_memory_put, &memory), 0);
	order_save(from, a, writer);
	assert_int_equal(state_end(writer), 0);
	assert_int_equal(state_image_open(&image, memory.bytes, memory.length, &words), 0);
	assert_int_equal(order_load(to, b, &image), 0);
	order_end(from, a);
	order_end(to, b);
	assert_string_equal(first.text, second.text);
	assert_true(second.sorted);
	bad = open_order(&second);
	order_input(bad, 0);
	image.entries[0].length--;
	assert_int_equal(order_load(bad, 0, &image), -EBADMSG);
	image.entries_len = 0;
	assert_int_equal(order_load(bad, 0, &image), -EBADMSG);
	state_image_close(&image);
	state_memory_free(&memory);
	free(writer);
	order_free(bad);
	order_free(from);
	order_free(to);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_leave_by_time_then_input_then_arrival),
		cmocka_unit_test(the_slowest_input_holds_the_watermark),
		cmocka_unit_test(late_events_are_counted_and_dropped),
		cmocka_unit_test(what_an_input_has_not_promised_is_not_late),
		cmocka_unit_test(one_wild_time_moves_nothing),
		cmocka_unit_test(texts_outlive_their_input),
		cmocka_unit_test(clocks_move_it_too),
		cmocka_unit_test(a_burst_leaves_nothing_behind),
		cmocka_unit_test(any_order_in_gives_one_order_out),
		cmocka_unit_test(what_waits_is_handed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
