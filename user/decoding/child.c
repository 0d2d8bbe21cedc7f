/* SPDX-License-Identifier: Apache-2.0 */
#include "decoding/child.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/heap.h"
#include "capture/live/payloads.h"
#include "confine/confine.h"
#include "decoding/wire.h"

/* Of its own, beside the ring: what decoders keep of conversations is bounded far below. */
#define MEMORY_MAX ((size_t)256 << 20)

/* Little waits in the ring without a word, so it is looked into by the clock: so often, until
 * nothing came for so long. Then it sleeps, and the engine, which wakes once a second, wakes it. */
#define LOOK_EVERY_MS 100
#define AWAKE_FOR     (2 * WEIR_SEC)
_Static_assert(AWAKE_FOR > DECODE_HOLD, "events that wait are told before it sleeps");

/* Records between two looks at the channel and the clock. */
#define ROUND 1024

#define TOTALS_EVERY WEIR_SEC

struct child {
	struct payload_ring *ring;
	struct decode *decode;
	struct wire_out *out;
	int epoll;
	uint64_t newest; /* boot time of the newest record, ns */
	weir_time heard; /* boot time at which the last records came */
	weir_time summed;
	bool summed_all; /* nothing has changed since */
	bool finishing;
	struct wire_totals totals; /* but for `decode` */
};

/* ---- to the engine ---- */

/* Never waits: what finds the channel full is lost, and counted. */
static void send_out(struct child *c)
{
	const uint8_t *bytes = wire_end(c->out, c->newest);

	if (wire_empty(c->out))
		return;
	if (send(CHILD_CHANNEL, bytes, c->out->length, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		c->totals.full += c->out->records;
	else
		c->totals.told += c->out->records;
	wire_begin(c->out);
}

static void on_event(void *context, const struct decode_origin *origin, struct event *event)
{
	struct child *c = context;

	if (wire_put_event(c->out, origin, event))
		return;
	send_out(c);
	if (!wire_put_event(c->out, origin, event))
		c->totals.too_long++;
}

static void on_protocol(void *context, const struct decode_origin *origin, const char *name)
{
	struct child *c = context;

	if (wire_put_protocol(c->out, origin, name))
		return;
	send_out(c);
	if (!wire_put_protocol(c->out, origin, name))
		c->totals.too_long++;
}

static void put_totals(struct child *c, weir_time now)
{
	c->totals.refused = c->out->refused;
	c->totals.ring_records = payload_ring_malformed(c->ring);
	decode_totals(c->decode, &c->totals.decode);
	send_out(c);
	wire_put_totals(c->out, &c->totals);
	send_out(c);
	c->summed = now;
}

/* ---- from the ring ---- */

static void on_payload(void *context, const struct payload_record *record)
{
	struct child *c = context;

	if (record->at > c->newest)
		c->newest = record->at;
	decode_payload(c->decode, record, record->bytes, (weir_time)record->at);
}

/* True: there is more. */
static bool read_ring(struct child *c)
{
	int took = payload_ring_consume_some(c->ring, ROUND);
	weir_time now = time_boot();

	decode_advance(c->decode, now);
	if (took > 0) {
		c->heard = now;
		c->summed_all = false;
	}
	send_out(c);
	if (now - c->summed >= TOTALS_EVERY && !c->summed_all)
		put_totals(c, now);
	return took == ROUND;
}

/* ---- the loop ---- */

static void hear_engine(struct child *c)
{
	uint8_t word;
	ssize_t n;

	while ((n = recv(CHILD_CHANNEL, &word, sizeof(word), MSG_DONTWAIT)) > 0)
		;
	if (n == 0 || errno != EAGAIN)
		c->finishing = true;
}

/* What a burst has left behind is given back; the last word on what was counted. */
static void fall_asleep(struct child *c)
{
	if (c->summed_all)
		return;
	put_totals(c, time_boot());
	c->summed_all = true;
	malloc_trim(0);
}

static int patience(struct child *c, bool more)
{
	if (more)
		return 0;
	if (time_boot() - c->heard < AWAKE_FOR)
		return LOOK_EVERY_MS;
	fall_asleep(c);
	return -1;
}

static void loop(struct child *c)
{
	struct epoll_event ready[2];
	bool more = false;

	while (!c->finishing) {
		epoll_wait(c->epoll, ready, 2, patience(c, more));
		hear_engine(c);
		more = read_ring(c);
	}
	while (read_ring(c))
		;
	decode_finish(c->decode);
	put_totals(c, time_boot());
}

/* ---- the beginning ---- */

static bool wait_for(int epoll, int fd)
{
	struct epoll_event event = {.events = EPOLLIN};

	return !epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static enum child_status open_all(struct child *c, const char *opening)
{
	const struct decode_options options = {.opening =
						       opening ? strtoull(opening, NULL, 10) : 0};
	const struct decode_ops ops = {on_event, on_protocol, c};

	if (payload_ring_open(&c->ring, CHILD_RING, on_payload, c))
		return CHILD_NO_RING;
	c->out = malloc(sizeof(*c->out));
	c->decode = decode_new(&options, &ops);
	if (!c->out || !c->decode)
		return CHILD_NO_MEMORY;
	c->out->refused = 0;
	wire_begin(c->out);
	c->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (c->epoll < 0 || !wait_for(c->epoll, CHILD_CHANNEL) ||
	    !wait_for(c->epoll, payload_ring_fd(c->ring)))
		return CHILD_NO_CHANNEL;
	close(CHILD_RING);
	return CHILD_DONE;
}

/* In this order: each step is one that the next would forbid. */
static enum child_status confine(struct child *c)
{
	struct wire_ready ready;
	int landlock = confine_files(NULL, 0);

	if (landlock < 0 || confine_privileges() || confine_limits(MEMORY_MAX, 0) ||
	    confine_calls_decoder(CHILD_CHANNEL))
		return CHILD_NOT_CONFINED;
	ready.landlock = (uint32_t)landlock;
	wire_put_ready(c->out, &ready);
	send_out(c);
	return CHILD_DONE;
}

/* Signals that are for the engine: it will hang up when it has done what it must. */
static void ignore_signals(void)
{
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
}

static bool started_by_engine(void)
{
	int type = 0;
	socklen_t length = sizeof(type);

	return !getsockopt(CHILD_CHANNEL, SOL_SOCKET, SO_TYPE, &type, &length) &&
	       type == SOCK_SEQPACKET;
}

const char *child_status_words(int status)
{
	static const char *const words[CHILD_STATUSES] = {
		[CHILD_DONE] = "left",
		[CHILD_NO_CHANNEL] = "had no channel to weir",
		[CHILD_NO_RING] = "could not map the ring of payload",
		[CHILD_NO_MEMORY] = "had no memory",
		[CHILD_NOT_CONFINED] = "could not confine itself, and decodes nothing then",
	};

	return status >= 0 && status < CHILD_STATUSES ? words[status] : NULL;
}

int decoding_child(const char *opening)
{
	struct child child = {.epoll = -1};
	enum child_status status;

	if (!started_by_engine())
		return CHILD_NO_CHANNEL;
	close_range(CHILD_RING + 1, ~0u, 0);
	prctl(PR_SET_NAME, "weir-decoding");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	ignore_signals();
	heap_stay_small();
	status = open_all(&child, opening);
	if (status)
		return status;
	decode_prepare();
	status = confine(&child);
	if (status)
		_exit(status);
	child.heard = time_boot();
	loop(&child);
	_exit(CHILD_DONE);
}
