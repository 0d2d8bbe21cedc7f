/* SPDX-License-Identifier: Apache-2.0 */
#include "decoding/decoding.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "decode/decoder.h"
#include "decoding/inside.h"

/* Messages that are taken at once; the others wait for their turn in the engine's loop. */
#define MESSAGES_MAX 64

/* A message that is younger than the flow stage is looked at again after this. */
#define AGAIN (25 * WEIR_MSEC)

/* ---- opening and closing ---- */

static int open_waiting(struct decoding *d)
{
	struct epoll_event event = {.events = EPOLLIN};

	d->epoll = epoll_create1(EPOLL_CLOEXEC);
	d->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (d->epoll < 0 || d->timer < 0 || epoll_ctl(d->epoll, EPOLL_CTL_ADD, d->timer, &event))
		return -errno;
	return 0;
}

int decoding_open(struct decoding **out, const struct decoding_options *options,
		  const struct decoding_ops *ops, struct error *error)
{
	struct decoding *d = calloc(1, sizeof(*d));
	int err = d ? 0 : -ENOMEM;

	if (d) {
		d->ops = *ops;
		d->options = *options;
		d->child.channel = d->epoll = d->timer = -1;
		d->due = TIME_NEVER;
		d->failed_at = TIME_NONE;
		d->message = malloc(WIRE_MESSAGE_MAX + 1);
		d->record = calloc(1, sizeof(*d->record));
		err = d->message && d->record ? open_waiting(d) : -ENOMEM;
		err = err ? err : gauge_open(&d->gauge, options->ring, options->ring_bytes);
	}
	if (err) {
		decoding_close(d);
		return error_set(error, EXIT_SYSTEM, -err, "cannot watch over decoding: %s",
				 strerror(-err));
	}
	*out = d;
	life_start(d);
	return 0;
}

void decoding_close(struct decoding *d)
{
	if (!d)
		return;
	if (d->child.pid)
		life_end(d);
	gauge_close(&d->gauge);
	if (d->timer >= 0)
		close(d->timer);
	if (d->epoll >= 0)
		close(d->epoll);
	free(d->message);
	free(d->record);
	free(d);
}

int decoding_fd(const struct decoding *d)
{
	return d->epoll;
}

/* ---- what it says ---- */

static void take_event(struct decoding *d)
{
	d->counts.events++;
	d->ops.event(d->ops.context, &d->record->origin, &d->record->event);
}

static void take_protocol(struct decoding *d)
{
	d->counts.protocols++;
	d->ops.protocol(d->ops.context, &d->record->origin, d->record->protocol);
}

/* False: it was out of turn. */
static bool take_record(struct decoding *d)
{
	const struct wire_record *record = d->record;

	if (d->child.ready == (record->kind == WIRE_READY))
		return false;
	switch (record->kind) {
	case WIRE_READY:
		d->child.ready = true;
		d->child.landlock = record->ready.landlock;
		break;
	case WIRE_EVENT:
		take_event(d);
		break;
	case WIRE_PROTOCOL:
		take_protocol(d);
		break;
	case WIRE_TOTALS:
		d->child.totals = record->totals;
		break;
	}
	return true;
}

/* False: the child was ended for it. */
static bool take_message(struct decoding *d)
{
	int found;

	while ((found = wire_next(&d->in, d->record)) > 0)
		if (!take_record(d)) {
			life_fail(d, &d->counts.malformed, "spoke out of turn");
			return false;
		}
	if (found < 0) {
		life_fail(d, &d->counts.malformed, "said what makes no sense: %s", d->in.fault);
		return false;
	}
	return true;
}

/* Whether there is a message now. Once the child is gone, or makes no sense, there is none. */
static bool receive(struct decoding *d)
{
	ssize_t n;

	if (d->waiting)
		return true;
	if (!d->child.pid)
		return false;
	n = recv(d->child.channel, d->message, WIRE_MESSAGE_MAX + 1, MSG_DONTWAIT | MSG_TRUNC);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		life_fail(d, NULL, "ended");
		return false;
	}
	if (wire_open(&d->in, d->message, (size_t)n, (uint64_t)time_boot())) {
		life_fail(d, &d->counts.malformed, "said what makes no sense: %s", d->in.fault);
		return false;
	}
	d->waiting = (size_t)n;
	return true;
}

static void take_messages(struct decoding *d, uint64_t told)
{
	for (int i = 0; i < MESSAGES_MAX && receive(d); i++) {
		if (d->in.newest > told) {
			life_listen(d, false);
			life_wake_in(d, AGAIN);
			return;
		}
		d->waiting = 0;
		if (!take_message(d))
			return;
	}
	if (d->child.pid)
		life_listen(d, true);
}

static void read_timer(struct decoding *d)
{
	uint64_t expirations;

	if (read(d->timer, &expirations, sizeof(expirations)) > 0)
		d->due = TIME_NEVER;
}

void decoding_run(struct decoding *d, uint64_t told)
{
	read_timer(d);
	take_messages(d, told);
	life_watch(d);
}

void decoding_tick(struct decoding *d)
{
	life_watch(d);
}

void decoding_finish(struct decoding *d)
{
	weir_time until = time_boot() + DECODING_FINISH;

	d->finishing = true;
	if (d->child.pid)
		shutdown(d->child.channel, SHUT_WR);
	while (d->child.pid) {
		struct pollfd wait = {.fd = d->child.channel, .events = POLLIN};
		weir_time left = until - time_boot();

		if (left <= 0 || poll(&wait, 1, (int)(left / WEIR_MSEC) + 1) < 0)
			break;
		take_messages(d, UINT64_MAX);
	}
}
