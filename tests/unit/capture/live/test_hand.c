/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "capture/live/hand.h"

/* Messages of a hand-over between processes that do not trust each other. */

struct pair {
	int end[2];
	unsigned open; /* descriptors of this process, before */
};

static unsigned count_open(void)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned count = 0;

	assert_non_null(folder);
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

static int setup(void **state)
{
	static struct pair pair;
	const struct timeval patience = {.tv_usec = 20000};

	pair.open = count_open();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair.end), 0);
	setsockopt(pair.end[1], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	*state = &pair;
	return 0;
}

static int teardown(void **state)
{
	struct pair *pair = *state;

	if (pair->end[0] >= 0)
		close(pair->end[0]);
	close(pair->end[1]);
	assert_int_equal(count_open(), pair->open); /* whatever came with it */
	return 0;
}

static void descriptors_and_words_arrive(void **state)
{
	struct pair *pair = *state;
	const int fds[] = {pair->end[0], pair->end[1], pair->end[0]};
	const struct hand_offer offer = {.layout = 77, .maps = 3, .version = "1.2"};
	struct hand_message message;
	struct hand_offer got;

	assert_int_equal(hand_send(pair->end[0], HAND_OFFER, &offer, sizeof(offer), fds, 3), 0);
	assert_int_equal(hand_say(pair->end[0], HAND_NO, "not now"), 0);
	assert_int_equal(hand_expect(pair->end[1], &message, HAND_OFFER, &got, sizeof(got), 3), 0);
	assert_memory_equal(&offer, &got, sizeof(got));
	for (unsigned i = 0; i < 3; i++)
		assert_true(fcntl(message.fds[i], F_GETFD) & FD_CLOEXEC);
	hand_drop(&message);
	assert_int_equal(hand_expect(pair->end[1], &message, HAND_YOURS, NULL, 0, 0), -ECANCELED);
	assert_string_equal(message.body, "not now");
	assert_int_equal(hand_receive(pair->end[1], &message), -EAGAIN);
	close(pair->end[0]);
	pair->end[0] = -1;
	assert_int_equal(hand_receive(pair->end[1], &message), -ECONNRESET);
}

static void as_many_as_fit(void **state)
{
	struct pair *pair = *state;
	struct hand_message message;
	int fds[HAND_FDS_MAX + 1];
	char body[HAND_BODY_MAX + 1] = "";

	for (unsigned i = 0; i <= HAND_FDS_MAX; i++)
		fds[i] = pair->end[0];
	assert_int_equal(
		hand_send(pair->end[0], HAND_LINKS, body, HAND_BODY_MAX, fds, HAND_FDS_MAX), 0);
	assert_int_equal(hand_receive(pair->end[1], &message), 0);
	assert_int_equal(message.fds_len, HAND_FDS_MAX);
	assert_int_equal(message.length, HAND_BODY_MAX);
	hand_drop(&message);
	assert_int_equal(hand_send(pair->end[0], HAND_LINKS, NULL, 0, fds, HAND_FDS_MAX + 1),
			 -EMSGSIZE);
	assert_int_equal(hand_send(pair->end[0], HAND_LINKS, body, HAND_BODY_MAX + 1, NULL, 0),
			 -EMSGSIZE);
}

/* What is not expected brings nothing: its descriptors are closed. */
static void another_message_is_none(void **state)
{
	struct pair *pair = *state;
	struct hand_message message;
	struct hand_state body;

	hand_send(pair->end[0], HAND_STATE, &(struct hand_state){0}, sizeof(body), pair->end, 1);
	assert_int_equal(hand_expect(pair->end[1], &message, HAND_STATE, &body, sizeof(body), 2),
			 -EBADMSG);
	hand_send(pair->end[0], HAND_STATE, &body, sizeof(body) - 1, pair->end, 2);
	assert_int_equal(hand_expect(pair->end[1], &message, HAND_STATE, &body, sizeof(body), 2),
			 -EBADMSG);
	hand_send(pair->end[0], HAND_DONE, NULL, 0, NULL, 0);
	assert_int_equal(hand_expect(pair->end[1], &message, HAND_TAKE, NULL, 0, 0), -EBADMSG);
}

struct head {
	uint32_t magic;
	uint16_t kind, length;
	uint32_t fds;
};

static void send_raw(struct pair *pair, const void *bytes, size_t length)
{
	assert_int_equal(send(pair->end[0], bytes, length, 0), length);
}

static void what_makes_no_sense_is_refused(void **state)
{
	static const struct head wrong[] = {
		{0x12345678, HAND_TAKE, 0, 0},
		{0x686f6577, 0, 0, 0},
		{0x686f6577, HAND_LEAVE + 1, 0, 0},
		{0x686f6577, HAND_NO, HAND_BODY_MAX + 1, 0},
		{0x686f6577, HAND_TAKE, 0, 1},
		/* and none */ {0x686f6577, HAND_TAKE, 0, 1u << 31},
	};
	struct pair *pair = *state;
	struct hand_message message;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		send_raw(pair, &wrong[i], sizeof(wrong[i]));
		assert_int_equal(hand_receive(pair->end[1], &message), -EBADMSG);
		assert_int_equal(message.fds_len, 0);
	}
	send_raw(pair, "{\"error\":\"unknown request\"}\n", 28);
	assert_int_equal(hand_receive(pair->end[1], &message), -EBADMSG);
}

static void what_ends_too_early_is_refused(void **state)
{
	const struct head head = {0x686f6577, HAND_NO, 10, 0};
	struct pair *pair = *state;
	struct hand_message message;

	send_raw(pair, &head, sizeof(head));
	send_raw(pair, "short", 5);
	shutdown(pair->end[0], SHUT_WR);
	assert_int_equal(hand_receive(pair->end[1], &message), -EBADMSG);
}

static void a_head_in_pieces_is_waited_for(void **state)
{
	const struct head head = {0x686f6577, HAND_TAKE, 0, 0};
	struct pair *pair = *state;
	struct hand_message message;

	send_raw(pair, &head, 3);
	assert_int_equal(hand_receive(pair->end[1], &message), -EAGAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(descriptors_and_words_arrive, setup, teardown),
		cmocka_unit_test_setup_teardown(as_many_as_fit, setup, teardown),
		cmocka_unit_test_setup_teardown(another_message_is_none, setup, teardown),
		cmocka_unit_test_setup_teardown(what_makes_no_sense_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(what_ends_too_early_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(a_head_in_pieces_is_waited_for, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
