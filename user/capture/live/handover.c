/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/live/handover.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/live/hand.h"
#include "capture/live/instance.h"
#include "state/file.h"

/* For each of its messages. A large state takes a second; a process that was stopped, for ever. */
#define HANDOVER_SECONDS 30

static int say(char why[HANDOVER_WHY_MAX], int err, const char *what)
{
	snprintf(why, HANDOVER_WHY_MAX, "%.*s", HANDOVER_WHY_MAX - 1, what);
	return err;
}

/* ---- the offer ---- */

/* The name is anybody's who comes first: what he hands over is taken from root and our own user
 * only. */
static int check_peer(struct handover *handover, struct error *error)
{
	socklen_t size = sizeof(struct ucred);
	struct ucred peer;

	if (getsockopt(handover->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size))
		return error_set(error, EXIT_SYSTEM, errno, "who runs here cannot be known: %s",
				 strerror(errno));
	handover->pid = peer.pid;
	if (peer.uid == 0 || peer.uid == geteuid())
		return 0;
	return error_set(error, EXIT_SYSTEM, EPERM,
			 "the control socket of this network namespace is held by user %u (pid "
			 "%d), who is neither root nor weir's own: end that process first",
			 (unsigned)peer.uid, (int)peer.pid);
}

static bool keep_maps(struct handover *handover, struct hand_message *message)
{
	struct hand_offer offer;

	if (message->kind != HAND_OFFER || message->length != sizeof(offer) ||
	    message->fds_len != LAYOUT_MAPS)
		return false;
	memcpy(&offer, message->body, sizeof(offer));
	if (offer.format != HAND_FORMAT || offer.maps != LAYOUT_MAPS)
		return false;
	handover->maps.layout = offer.layout;
	memcpy(handover->maps.map, message->fds, sizeof(handover->maps.map));
	message->fds_len = 0;
	handover->offered = true;
	return true;
}

static const char *refusal(const struct hand_message *message)
{
	struct hand_offer offer = {0};

	if (message->length == sizeof(offer))
		memcpy(&offer, message->body, sizeof(offer));
	return offer.format == HAND_NOTHING
		       ? "other network namespaces that it watches are not handed over"
		       : "its state is of another version";
}

/* Without an answer that is one, the connection says no more. */
static int receive_offer(struct handover *handover, struct hand_message *message)
{
	static const char request[] = INSTANCE_HAND_OVER "\n";
	int err = 0;

	if (send(handover->fd, request, sizeof(request) - 1, MSG_NOSIGNAL) < 0)
		err = -errno;
	err = err ? err : hand_receive(handover->fd, message);
	if (err) {
		close(handover->fd);
		handover->fd = -1;
	}
	return err;
}

static int read_offer(struct handover *handover, char why[HANDOVER_WHY_MAX], struct error *error)
{
	struct hand_message message;
	int err = receive_offer(handover, &message);

	if (err) { /* -EBADMSG: that is what others say to a request that they do not know */
		say(why, 0,
		    err == -EBADMSG ? "it is of a version that cannot hand over"
				    : "it did not answer");
		return 0;
	}
	if (message.kind == HAND_NO)
		err = error_set(error, EXIT_SYSTEM, EBUSY,
				"the weir that runs here does not make room for another now: %s",
				(const char *)message.body);
	else if (!keep_maps(handover, &message))
		say(why, 0, refusal(&message));
	hand_drop(&message);
	return err;
}

int handover_ask(struct handover *handover, char why[HANDOVER_WHY_MAX], struct error *error)
{
	int err;

	*handover = (struct handover)HANDOVER_EMPTY;
	why[0] = '\0';
	handover->fd = instance_connect(HANDOVER_SECONDS);
	if (handover->fd < 0) {
		handover->fd = -1;
		return 0;
	}
	err = check_peer(handover, error);
	err = err ? err : read_offer(handover, why, error);
	if (err)
		handover_close(handover);
	return err;
}

/* ---- what it knows ---- */

static bool is_control_socket(int fd)
{
	int listens = 0;
	socklen_t size = sizeof(listens);

	return !getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) && listens &&
	       instance_is(fd);
}

/* Copied: who wrote it could still change it. */
static int read_state(struct handover *handover, int fd, uint64_t length,
		      char why[HANDOVER_WHY_MAX])
{
	const char *words;
	size_t read;
	int err = state_fd_read(fd, &handover->bytes, &read);

	if (!err && read != length)
		err = -EBADMSG;
	if (err)
		return say(why, err, "its state cannot be read");
	err = state_image_open(&handover->image, handover->bytes, read, &words);
	return err ? say(why, err, "its state is not whole") : 0;
}

static int take_state(struct handover *handover, uint32_t *links, char why[HANDOVER_WHY_MAX])
{
	struct hand_message message;
	struct hand_state state;
	int err = hand_expect(handover->fd, &message, HAND_STATE, &state, sizeof(state), 2);

	if (err == -ECANCELED)
		return say(why, err, (const char *)message.body);
	if (err)
		return say(why, err, "it did not give its state");
	err = read_state(handover, message.fds[0], state.length, why);
	if (!err && !is_control_socket(message.fds[1]))
		err = say(why, -EBADMSG, "what it gave is no control socket");
	if (!err) {
		handover->control = message.fds[1];
		message.fds[1] = message.fds[--message.fds_len];
		message.fds_len = 1;
		*links = state.links;
	}
	hand_drop(&message);
	return err;
}

/* Three a watched interface at most. */
static int take_links(struct handover *handover, uint32_t count, char why[HANDOVER_WHY_MAX])
{
	struct hand_message message;

	if (count > 3 * UINT16_MAX)
		return say(why, -EBADMSG, "it has more links than there can be");
	while (handover->links.len < count) {
		int err = hand_receive(handover->fd, &message);

		if (!err && (message.kind != HAND_LINKS || !message.fds_len ||
			     message.fds_len > count - handover->links.len)) {
			hand_drop(&message);
			err = -EBADMSG;
		}
		if (err)
			return say(why, err, "it did not give its links");
		for (unsigned i = 0; i < message.fds_len; i++) {
			int *link = vec_add(&handover->links);

			if (!link)
				close(message.fds[i]);
			else
				*link = message.fds[i];
			err = link ? err : -ENOMEM;
		}
		if (err)
			return say(why, err, "there is no memory for its links");
	}
	return 0;
}

int handover_take(struct handover *handover, char why[HANDOVER_WHY_MAX])
{
	uint32_t links = 0;
	int err = hand_send(handover->fd, HAND_TAKE, NULL, 0, NULL, 0);

	if (err)
		return say(why, err, "it is gone");
	err = take_state(handover, &links, why);
	return err ? err : take_links(handover, links, why);
}

/* ---- the end ---- */

int handover_done(struct handover *handover, char why[HANDOVER_WHY_MAX])
{
	struct hand_message message;
	int err = hand_send(handover->fd, HAND_DONE, NULL, 0, NULL, 0);

	if (!err)
		err = hand_expect(handover->fd, &message, HAND_YOURS, NULL, 0, 0);
	if (err == -ECANCELED)
		return say(why, err, (const char *)message.body);
	/* Whoever wants it back says so before he hangs up: this one is dead. */
	if (!err || err == -ECONNRESET || err == -EPIPE)
		return 0;
	return say(why, err, "it did not let go");
}

bool handover_decline(struct handover *handover, const char *why)
{
	return handover->fd >= 0 && !hand_say(handover->fd, HAND_LEAVE, why);
}

bool handover_await(struct handover *handover, weir_time most)
{
	struct pollfd end = {.fd = handover->fd, .events = POLLIN};
	weir_time until = time_boot() + most, left;
	char byte[64];

	while (handover->fd >= 0 && (left = until - time_boot()) > 0) {
		if (poll(&end, 1, (int)(left / WEIR_MSEC) + 1) <= 0)
			continue;
		if (recv(handover->fd, byte, sizeof(byte), MSG_DONTWAIT) <= 0)
			return true;
	}
	return handover->fd < 0;
}

void handover_close(struct handover *handover)
{
	for (size_t i = 0; handover->offered && i < LAYOUT_MAPS; i++)
		close(handover->maps.map[i]);
	vec_each (link, &handover->links)
		if (*link >= 0)
			close(*link);
	vec_free(&handover->links);
	state_image_close(&handover->image);
	free(handover->bytes);
	if (handover->control >= 0)
		close(handover->control);
	if (handover->fd >= 0)
		close(handover->fd);
	*handover = (struct handover)HANDOVER_EMPTY;
}
