/* SPDX-License-Identifier: Apache-2.0 */
#include "procfs/line.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- what nobody waits for ---- */

/* What the one before was asked and has not answered is lost. */
static void forget_asked(struct procfs *p)
{
	for (size_t i = 0; i < PROCFS_AHEAD_MAX; i++)
		if (p->ahead[i].state == AHEAD_ASKED)
			p->ahead[i].state = AHEAD_FREE;
}

/* Each lane is told; one of them counts. */
static void on_ready(struct procfs *p, enum procfs_lane lane, struct unpack *from)
{
	struct procfs_ready ready;

	if (!take_bytes(from, &ready, sizeof(ready))) {
		p->lines[lane].malformed++;
		return;
	}
	p->life[lane] = ready.life;
	if (lane != LANE_PROCESSES)
		return;
	p->lives.pid = ready.pid;
	if (ready.life <= 1)
		return;
	forget_asked(p);
	kept_lives_restarted(&p->lives, &procfs_kept_words, ready.status);
}

/* True: it was asked for ahead. */
static bool keep(struct procfs *p, const struct procfs_answer *answer, struct unpack from)
{
	for (size_t i = 0; i < PROCFS_AHEAD_MAX; i++) {
		struct procfs_ahead *ahead = &p->ahead[i];

		if (ahead->state != AHEAD_ASKED || ahead->number != answer->number)
			continue;
		ahead->state = AHEAD_ANSWERED;
		ahead->result = answer->result;
		if (!answer->result && !take_process(&from, &ahead->facts)) {
			p->lines[LANE_PROCESSES].malformed++;
			ahead->result = -EAGAIN;
		}
		return true;
	}
	return false;
}

static int lose(struct kept_line *line)
{
	line->gone = true;
	return -EPIPE;
}

/* ---- asking ---- */

/* Something may have come that was not waited for any more. */
static void look(struct procfs *p, enum procfs_lane lane)
{
	struct unpack from;
	int result, fd;
	bool more;

	line_await(p, lane, 0, 0, &from, &result, &more, lane == LANE_FILES ? &fd : NULL);
}

uint32_t line_ask(struct procfs *p, enum procfs_lane lane, struct procfs_ask ask,
		  const char *const *texts, size_t count)
{
	struct kept_line *line = &p->lines[lane];
	struct packet packet;

	if (line->behind && !line->gone)
		look(p, lane);
	if (line->behind || line->gone) {
		line->unasked++;
		return 0;
	}
	ask.number = kept_line_number(line);
	packet.length = 0;
	packet.full = false;
	put_bytes(&packet, &ask, sizeof(ask));
	for (size_t i = 0; i < count; i++)
		put_text(&packet, texts[i]);
	if (packet.full ||
	    send(line->channel, packet.bytes, packet.length, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		line->unasked++;
		return 0;
	}
	line->asked++;
	return ask.number;
}

enum got { GOT_OTHER, GOT_IT, GOT_READY };

/* What a message is. A descriptor that nobody asked for is closed. */
static enum got sort(struct procfs *p, enum procfs_lane lane, uint32_t number, struct unpack *from,
		     struct procfs_answer *answer, int *fd)
{
	struct kept_line *line = &p->lines[lane];

	if (!take_bytes(from, answer, sizeof(*answer))) {
		line->malformed++;
	} else {
		line->behind = false;
		if (!answer->number && answer->question == PROCFS_READY)
			on_ready(p, lane, from);
		if (!answer->number)
			return GOT_READY;
		if (lane == LANE_PROCESSES)
			keep(p, answer, *from);
		if (answer->number == number)
			return GOT_IT;
	}
	if (fd && *fd >= 0)
		close(*fd);
	return GOT_OTHER;
}

int line_await(struct procfs *p, enum procfs_lane lane, uint32_t number, weir_time patience,
	       struct unpack *from, int *result, bool *more, int *fd)
{
	struct kept_line *line = &p->lines[lane];
	weir_time began = time_monotonic();
	struct procfs_answer answer;

	while (!line->gone) {
		ssize_t n = kept_line_receive(line, p->bytes[lane], PROCFS_MESSAGE, fd);

		if (n == -EAGAIN) {
			if (kept_line_wait(line, began + patience))
				continue;
			line->behind = line->behind || number;
			break;
		}
		if (n <= 0)
			return lose(line);
		*from = (struct unpack){p->bytes[lane], p->bytes[lane] + n};
		switch (sort(p, lane, number, from, &answer, fd)) {
		case GOT_IT:
			kept_line_waited(line, time_monotonic() - began);
			*result = answer.result;
			*more = answer.more == 1;
			return 0;
		case GOT_READY:
			if (p->life[lane] > 1 &&
			    number) /* it may be lost with the one that ended */
				return -EAGAIN;
			break;
		case GOT_OTHER:
			break;
		}
	}
	line->unanswered += number != 0;
	kept_line_waited(line, time_monotonic() - began);
	return line->gone ? -EPIPE : -EAGAIN;
}
