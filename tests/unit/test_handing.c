/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capture/live/hand.h"
#include "handing.h"

/* The side that gives: at whichever step the other one ends, it goes on, or is over: never both. */

struct bench {
	struct handing handing;
	int other;
	int offered, given, kept, handed, left;
	int refuse; /* what give() says */
	char why[160];
};

static int on_offer(void *context, int fd)
{
	((struct bench *)context)->offered++;
	return hand_send(fd, HAND_OFFER, NULL, 0, NULL, 0);
}

/* The other one answers what it has said already: nobody waits for anybody. */
static int on_give(void *context, int fd)
{
	struct bench *b = context;

	(void)fd;
	b->given++;
	return b->refuse;
}

static void on_go_on(void *context, const char *why)
{
	struct bench *b = context;

	b->kept++;
	snprintf(b->why, sizeof(b->why), "%s", why);
}

static void on_handed(void *context)
{
	((struct bench *)context)->handed++;
}

static void on_leave(void *context, const char *why)
{
	struct bench *b = context;

	b->left++;
	snprintf(b->why, sizeof(b->why), "%s", why);
}

static int setup(void **state)
{
	static struct bench bench;
	const struct handing_ops ops = {on_offer, on_give, on_go_on, on_handed, on_leave, &bench};
	int ends[2];

	bench = (struct bench){0};
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	bench.other = ends[1];
	handing_open(&bench.handing, &ops);
	handing_begin(&bench.handing, ends[0]);
	assert_int_equal(bench.offered, 1);
	*state = &bench;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;

	handing_close(&b->handing);
	if (b->other >= 0)
		close(b->other);
	return 0;
}

static void hear(struct bench *b, enum hand_kind kind)
{
	struct hand_message message;

	assert_int_equal(hand_receive(b->other, &message), 0);
	assert_int_equal(message.kind, kind);
}

static void end(struct bench *b)
{
	close(b->other);
	b->other = -1;
}

static void say(struct bench *b, enum hand_kind kind)
{
	assert_int_equal(hand_send(b->other, kind, NULL, 0, NULL, 0), 0);
}

static void all_is_handed_over(void **state)
{
	struct bench *b = *state;
	char byte;

	hear(b, HAND_OFFER);
	say(b, HAND_TAKE);
	say(b, HAND_DONE);
	handing_run(&b->handing);
	hear(b, HAND_YOURS);
	assert_int_equal(b->given + b->handed, 2);
	assert_int_equal(b->kept + b->left, 0);
	/* The end comes when all is stored. */
	handing_run(&b->handing);
	assert_int_equal(recv(b->other, &byte, 1, MSG_DONTWAIT), -1);
	handing_close(&b->handing);
	assert_int_equal(recv(b->other, &byte, 1, MSG_DONTWAIT), 0);
}

static void who_ends_after_the_offer_has_nothing(void **state)
{
	struct bench *b = *state;

	end(b);
	handing_run(&b->handing);
	assert_int_equal(b->given + b->kept + b->handed + b->left, 0);
	assert_int_equal(b->handing.fd, -1);
}

static void who_ends_with_the_state_has_nothing(void **state)
{
	struct bench *b = *state;

	say(b, HAND_TAKE);
	end(b);
	handing_run(&b->handing);
	assert_int_equal(b->kept, 1);
	assert_int_equal(b->handed, 0);
	assert_string_equal(b->why, "it ended in the middle of it");
}

/* It said that it has all, and is not there to hear that it may go on. */
static void who_ends_before_the_last_word_has_nothing(void **state)
{
	struct bench *b = *state;

	say(b, HAND_TAKE);
	say(b, HAND_DONE);
	end(b);
	handing_run(&b->handing);
	assert_int_equal(b->kept, 1);
	assert_int_equal(b->handed, 0);
}

static void nonsense_gets_a_no(void **state)
{
	struct bench *b = *state;

	hear(b, HAND_OFFER);
	say(b, HAND_TAKE);
	say(b, HAND_LINKS);
	handing_run(&b->handing);
	assert_int_equal(b->kept, 1);
	hear(b, HAND_NO);
}

static void what_cannot_be_given_is_kept(void **state)
{
	struct bench *b = *state;

	b->refuse = -ENOSPC;
	say(b, HAND_TAKE);
	handing_run(&b->handing);
	assert_int_equal(b->kept, 1);
	assert_string_equal(b->why, strerror(ENOSPC));
}

static void one_may_want_the_place_only(void **state)
{
	struct bench *b = *state;

	assert_int_equal(hand_say(b->other, HAND_LEAVE, "another layout"), 0);
	handing_run(&b->handing);
	assert_int_equal(b->left, 1);
	assert_int_equal(b->given, 0);
	assert_string_equal(b->why, "another layout");
}

static void one_at_a_time_but_not_for_ever(void **state)
{
	struct bench *b = *state;
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	handing_begin(&b->handing, ends[0]);
	assert_int_equal(b->offered, 1);
	close(ends[1]);
	for (int i = 0; i < 61; i++)
		handing_tick(&b->handing);
	hear(b, HAND_OFFER);
	hear(b, HAND_NO);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	handing_begin(&b->handing, ends[0]);
	assert_int_equal(b->offered, 2);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_is_handed_over, setup, teardown),
		cmocka_unit_test_setup_teardown(who_ends_after_the_offer_has_nothing, setup,
						teardown),
		cmocka_unit_test_setup_teardown(who_ends_with_the_state_has_nothing, setup,
						teardown),
		cmocka_unit_test_setup_teardown(who_ends_before_the_last_word_has_nothing, setup,
						teardown),
		cmocka_unit_test_setup_teardown(nonsense_gets_a_no, setup, teardown),
		cmocka_unit_test_setup_teardown(what_cannot_be_given_is_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(one_may_want_the_place_only, setup, teardown),
		cmocka_unit_test_setup_teardown(one_at_a_time_but_not_for_ever, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
