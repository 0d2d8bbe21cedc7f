/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Real sockets over a veth pair with offloads: what the ring has is what was sent. Buffers are not
 * linear there, and hold up to 64 KiB, which BPF_PROG_TEST_RUN never shows.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/live/live.h"
#include "capture/live/payloads.h"
#include "flow/flow.h"

#define STREAM	(256 * 1024)
#define MESSAGE 20000
#define OPENING 16384 /* several pieces of one buffer */
#define TALK	5555
#define QUERY	53

enum side { CLIENT, SERVER };

static uint8_t said[2][STREAM];
static pid_t peer; /* 0: no veth pair here */

/* ---- the other end ---- */

static bool exchange(int fd, enum side own)
{
	static uint8_t heard[STREAM];
	size_t out = 0, in = 0;

	while (out < STREAM || in < STREAM) {
		ssize_t n =
			out < STREAM ? send(fd, said[own] + out, STREAM - out, MSG_DONTWAIT) : 0;

		if (n > 0)
			out += (size_t)n;
		n = in < STREAM ? recv(fd, heard + in, STREAM - in, out < STREAM ? MSG_DONTWAIT : 0)
				: 0;
		if (n == 0 && in < STREAM)
			return false;
		if (n > 0)
			in += (size_t)n;
	}
	return !memcmp(heard, said[!own], STREAM);
}

static struct sockaddr_in address(uint16_t port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_port = htons(port),
				    .sin_addr.s_addr = htonl(0x0a630002)};
}

static int bound(int type, uint16_t port)
{
	struct sockaddr_in at = address(port);
	int fd = socket(AF_INET, type, 0), yes = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)))
		exit(1);
	return fd;
}

static void echo_datagrams(int fd)
{
	static uint8_t message[65536];
	struct sockaddr_in from;

	for (;;) {
		socklen_t size = sizeof(from);
		ssize_t n = recvfrom(fd, message, sizeof(message), 0, (void *)&from, &size);

		if (n > 0)
			sendto(fd, message, (size_t)n, 0, (void *)&from, size);
	}
}

static void serve(int ready)
{
	int listener, datagrams;

	while (system(
		"ip addr add 10.99.0.2/24 dev pl-b 2>/dev/null && ip link set pl-b mtu 1500 up"))
		usleep(10000);
	listener = bound(SOCK_STREAM, TALK);
	datagrams = bound(SOCK_DGRAM, QUERY);
	listen(listener, 8);
	if (!fork())
		echo_datagrams(datagrams);
	if (write(ready, "", 1) != 1)
		exit(1);
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		exchange(fd, SERVER);
		close(fd);
	}
}

static int open_peer(void **state)
{
	int apart[2], ready[2];
	char command[256], byte;

	(void)state;
	for (size_t i = 0; i < STREAM; i++) {
		said[CLIENT][i] = (uint8_t)(i * 31 + (i >> 8) * 7 + 3);
		said[SERVER][i] = (uint8_t)(i * 17 + (i >> 8) * 5 + 101);
	}
	if (unshare(CLONE_NEWNET) || pipe(apart) || pipe(ready))
		return 0;
	peer = fork();
	if (!peer) {
		setpgid(0, 0);
		if (unshare(CLONE_NEWNET) || write(apart[1], "", 1) != 1)
			exit(1);
		serve(ready[1]);
	}
	close(ready[1]);
	snprintf(command, sizeof(command),
		 "ip link add pl-a mtu 1500 type veth peer name pl-b netns %d 2>/dev/null && "
		 "ip addr add 10.99.0.1/24 dev pl-a && ip link set pl-a up",
		 (int)peer);
	if (read(apart[0], &byte, 1) == 1 && !system(command) && read(ready[0], &byte, 1) == 1)
		return 0;
	kill(-peer, SIGKILL);
	waitpid(peer, NULL, 0);
	peer = 0;
	return 0;
}

static int close_peer(void **state)
{
	(void)state;
	if (peer) {
		kill(-peer, SIGKILL);
		waitpid(peer, NULL, 0);
	}
	return 0;
}

/* ---- what the ring has ---- */

struct taken {
	const struct live *live;
	uint8_t bytes[2][OPENING];
	uint8_t have[2][OPENING]; /* how often each came */
	size_t message;		  /* bytes of the message of MESSAGE bytes, both ways */
	unsigned messages;	  /* whole ones */
	unsigned arp, wrong;
	weir_time at;
};

static void take_stretch(struct taken *t, const struct payload_record *r)
{
	enum side side = r->direction == r->initiator ? CLIENT : SERVER;
	uint32_t offset = r->seq + r->offset - r->start;

	if (!r->started || offset + r->length > OPENING) {
		t->wrong++;
		return;
	}
	memcpy(t->bytes[side] + offset, r->bytes, r->length);
	for (uint32_t i = 0; i < r->length; i++)
		t->have[side][offset + i]++;
}

static void take_message(struct taken *t, const struct payload_record *r)
{
	if (r->wire != MESSAGE || r->offset != t->message % MESSAGE ||
	    memcmp(r->bytes, said[CLIENT] + r->offset, r->length))
		t->wrong++;
	t->message += r->length;
	t->messages += r->last;
}

static void take(void *context, const struct payload_record *r)
{
	struct taken *t = context;

	t->at = live_time(t->live, r->at);
	if (r->kind == PAYLOAD_ARP)
		t->arp += r->length == 28;
	else if (r->key.proto == IPPROTO_TCP)
		take_stretch(t, r);
	else if (r->key.proto == IPPROTO_UDP)
		take_message(t, r);
}

/* ---- the tests ---- */

static void talk(void)
{
	struct sockaddr_in at = address(TALK);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_true(exchange(fd, CLIENT));
	close(fd);
}

/* One datagram there and back, in buffers of its size: the devices take it whole. */
static void ask(void)
{
	static uint8_t answer[MESSAGE];
	struct sockaddr_in at = address(QUERY);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char command[256];

	snprintf(command, sizeof(command),
		 "ip link set pl-a mtu 65535 && nsenter -t %d --net ip link set pl-b mtu 65535",
		 (int)peer);
	assert_int_equal(system(command), 0);
	assert_int_equal(sendto(fd, said[CLIENT], MESSAGE, 0, (struct sockaddr *)&at, sizeof(at)),
			 MESSAGE);
	assert_int_equal(recv(fd, answer, sizeof(answer), 0), MESSAGE);
	close(fd);
}

static weir_time wall(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (weir_time)now.tv_sec * WEIR_SEC + now.tv_nsec;
}

static void check(const struct taken *t, bool messages)
{
	assert_int_equal(t->wrong, 0);
	for (int side = 0; side < 2; side++) {
		for (size_t i = 0; i < OPENING; i++)
			if (t->have[side][i] != 1)
				fail_msg("byte %zu of side %d came %d times", i, side,
					 t->have[side][i]);
		assert_memory_equal(t->bytes[side], said[side], OPENING);
	}
	assert_true(t->arp >= 2);
	assert_int_equal(t->message, messages ? 2 * MESSAGE : 0);
	assert_int_equal(t->messages, messages ? 2 : 0);
	assert_true(wall() - t->at < 60 * WEIR_SEC && t->at <= wall());
}

static void no_event(void *context, const struct event *event)
{
	(void)context, (void)event;
}

static json_int_t number(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

/* `weir status` says what was copied, and that nothing was lost by it. */
static void check_status(struct live *live, bool messages)
{
	const struct flow_ops ops = {.event = no_event, .interval = WEIR_SEC, .max_flows = 1024};
	struct flow_table *flows = flow_table_new(&ops);
	json_t *status, *payload, *reason;
	size_t i;

	assert_non_null(flows);
	live_poll(live, flows);
	status = live_status(live, NULL);
	payload = json_object_get(status, "payload");
	assert_true(json_is_true(json_object_get(payload, "copied")));
	assert_int_equal(number(payload, "opening_bytes"), OPENING);
	assert_true(number(payload, "records") >= 8);
	assert_true(number(payload, "bytes") >= 2 * OPENING + (messages ? 2 * MESSAGE : 0));
	assert_int_equal(json_array_size(json_object_get(payload, "not_sent")), 4);
	json_array_foreach(json_object_get(payload, "not_sent"), i, reason)
		assert_int_equal(number(reason, "packets") + number(reason, "bytes"), 0);
	json_decref(status);
	live_close(live, flows);
	flow_table_free(flows);
}

static void watch(enum hook_choice hook, bool messages)
{
	const char *const interfaces[] = {"pl-a", NULL};
	const struct hook_rule rule = {NULL, hook};
	const struct live_options options = {
		.interfaces = interfaces,
		.hooks = &rule,
		.hooks_len = 1,
		.slots = 16384,
		.payload = {.wanted = true, .opening = OPENING},
	};
	struct taken *taken = calloc(1, sizeof(*taken));
	struct payload_ring *ring;
	struct error error = {0};
	struct live *live;

	assert_non_null(taken);
	if (!peer) {
		free(taken);
		print_message("skipped: cannot make a veth pair here\n");
		skip();
	}
	if (live_open(&live, &options, &error))
		fail_msg("%s", error.text);
	/* Now, not before: loading may take as long as the peer takes to ask for us again. */
	assert_int_equal(system("ip neigh flush dev pl-a"), 0);
	taken->live = live;
	assert_int_equal(payload_ring_open(&ring, live_payload_ring(live), take, taken), 0);
	talk();
	if (messages)
		ask();
	assert_true(payload_ring_consume(ring) > 0);
	assert_int_equal(payload_ring_malformed(ring), 0);
	check(taken, messages);
	payload_ring_close(ring);
	check_status(live, messages);
	free(taken);
}

/* First: XDP on a veth bounds its MTU. */
static void test_xdp(void **state)
{
	(void)state;
	watch(HOOK_XDP, false);
}

static void test_tc(void **state)
{
	(void)state;
	watch(HOOK_TC, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_xdp),
		cmocka_unit_test(test_tc),
	};

	return cmocka_run_group_tests(tests, open_peer, close_peer);
}
