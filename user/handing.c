/* SPDX-License-Identifier: Apache-2.0 */
#include "handing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "capture/live/hand.h"

/* From TAKE to DONE nobody reads what the programs tell: the tables hold it, but not for ever. */
#define HANDING_SECONDS 15

/* Who has an offer loads its programs meanwhile, and is then made room of by the next one. */
#define HANDING_TICKS 60

void handing_open(struct handing *handing, const struct handing_ops *ops)
{
	*handing = (struct handing){.ops = *ops, .fd = -1};
}

void handing_close(struct handing *handing)
{
	if (handing->fd >= 0)
		close(handing->fd);
	handing->fd = -1;
}

static void set_patience(int fd)
{
	const struct timeval patience = {.tv_sec = HANDING_SECONDS};

	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
}

void handing_begin(struct handing *handing, int fd)
{
	if (handing->fd >= 0) {
		hand_say(fd, HAND_NO, "another one is taking over already");
		close(fd);
		return;
	}
	set_patience(fd);
	handing->fd = fd;
	handing->ticks = 0;
	if (handing->ops.offer(handing->ops.context, fd))
		handing_close(handing);
}

/* In words of its own it is told why, and hung up on. */
static void give_up(struct handing *handing, const char *why)
{
	hand_say(handing->fd, HAND_NO, why);
	handing_close(handing);
}

static const char *words_of(int err)
{
	switch (err) {
	case -ECONNRESET:
	case -EPIPE:
		return "it ended in the middle of it";
	case -EAGAIN:
		return "it took too long";
	case -EBADMSG:
		return "it said what makes no sense";
	}
	return strerror(-err);
}

static void hand_over(struct handing *handing)
{
	struct hand_message message;
	int err = handing->ops.give(handing->ops.context, handing->fd);

	err = err ? err : hand_expect(handing->fd, &message, HAND_DONE, NULL, 0, 0);
	err = err ? err : hand_send(handing->fd, HAND_YOURS, NULL, 0, NULL, 0);
	handing->over = !err;
	if (err) {
		give_up(handing, words_of(err));
		handing->ops.go_on(handing->ops.context, words_of(err));
	} else {
		handing->ops.handed(handing->ops.context);
	}
}

void handing_run(struct handing *handing)
{
	struct hand_message message;
	int err;

	if (handing->fd < 0 || handing->over)
		return;
	err = hand_receive(handing->fd, &message);
	if (err) {
		handing_close(handing);
		return;
	}
	hand_drop(&message); /* none belongs here */
	if (message.kind == HAND_TAKE) {
		hand_over(handing);
	} else if (message.kind == HAND_LEAVE) {
		handing->over = true;
		handing->ops.leave(handing->ops.context, (const char *)message.body);
	} else {
		give_up(handing, "it said what makes no sense");
	}
}

void handing_tick(struct handing *handing)
{
	if (handing->fd >= 0 && !handing->over && ++handing->ticks > HANDING_TICKS)
		give_up(handing, "it took too long");
}
