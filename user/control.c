/* SPDX-License-Identifier: Apache-2.0 */
#include "control.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_MAX 256
#define LISTENER    CONTROL_CALLERS /* its number in the epoll */

struct caller {
	int fd;		/* -1: nobody */
	bool all;	/* he may ask for everything */
	unsigned ticks; /* since he came, or was answered */
	size_t length;
	char request[REQUEST_MAX];
	char *answer; /* NULL: not yet */
	size_t left;  /* of it, at its end */
};

struct control {
	struct control_ops ops;
	int epoll, listener;
	struct caller callers[CONTROL_CALLERS];
	struct control_stats stats;
};

static bool watch(struct control *control, int how, int fd, uint32_t events, uint32_t number)
{
	struct epoll_event event = {.events = events, .data.u32 = number};

	return !epoll_ctl(control->epoll, how, fd, &event);
}

struct control *control_open(int listener, const struct control_ops *ops)
{
	struct control *control = calloc(1, sizeof(*control));

	if (!control)
		return NULL;
	control->ops = *ops;
	control->listener = listener;
	for (unsigned i = 0; i < CONTROL_CALLERS; i++)
		control->callers[i].fd = -1;
	control->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (control->epoll < 0 || !watch(control, EPOLL_CTL_ADD, listener, EPOLLIN, LISTENER)) {
		control_close(control);
		return NULL;
	}
	return control;
}

static void hang_up(struct caller *caller)
{
	if (caller->fd >= 0)
		close(caller->fd);
	free(caller->answer);
	*caller = (struct caller){.fd = -1};
}

void control_close(struct control *control)
{
	if (!control)
		return;
	for (unsigned i = 0; i < CONTROL_CALLERS; i++)
		hang_up(&control->callers[i]);
	if (control->epoll >= 0)
		close(control->epoll);
	free(control);
}

int control_fd(const struct control *control)
{
	return control->epoll;
}

void control_stats(const struct control *control, struct control_stats *stats)
{
	*stats = control->stats;
}

/* ---- who calls ---- */

#define GROUPS_MAX 1024 /* of a caller; of one who is in more the group does not count */

static bool in_group(int fd, gid_t gid, gid_t group)
{
	gid_t groups[GROUPS_MAX];
	socklen_t length = sizeof(groups);

	if (group == (gid_t)-1)
		return false;
	if (gid == group)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &length))
		return false;
	for (size_t i = 0; i < length / sizeof(groups[0]); i++)
		if (groups[i] == group)
			return true;
	return false;
}

/* False: he may ask for nothing. */
static bool identify(const struct control *control, int fd, bool *all)
{
	struct ucred peer;
	socklen_t length = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length))
		return false;
	*all = peer.uid == 0 || peer.uid == geteuid();
	return *all || in_group(fd, peer.gid, control->ops.group);
}

static bool may_ask(const struct control *control, const struct caller *caller, const char *request)
{
	const char *const *name = control->ops.for_group;
	size_t length = strcspn(request, " ");

	for (; !caller->all && name && *name; name++)
		if (strlen(*name) == length && !memcmp(*name, request, length))
			return true;
	return caller->all;
}

/* ---- answers ---- */

/* As much as he takes now; the rest when he takes more. */
static void send_on(struct control *control, struct caller *caller)
{
	size_t length = strlen(caller->answer);

	while (caller->left) {
		ssize_t sent = send(caller->fd, caller->answer + length - caller->left,
				    caller->left, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent < 0 && errno == EAGAIN &&
		    watch(control, EPOLL_CTL_MOD, caller->fd, EPOLLOUT,
			  (uint32_t)(caller - control->callers)))
			return;
		if (sent <= 0)
			break;
		caller->left -= (size_t)sent;
	}
	hang_up(caller);
}

/* `object` is taken over. */
static void answer_with(struct control *control, struct caller *caller, json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT);

	json_decref(object);
	if (!text || asprintf(&caller->answer, "%s\n", text) < 0) {
		caller->answer = NULL;
		hang_up(caller);
	} else {
		caller->left = strlen(caller->answer);
		caller->ticks = 0;
		send_on(control, caller);
	}
	free(text);
}

/* False: it is a request like others. */
static bool converse(struct control *control, struct caller *caller, const char *request)
{
	int fd = caller->fd;

	if (!caller->all || !control->ops.converse ||
	    !control->ops.converse(control->ops.context, request, fd))
		return false;
	control->stats.answered++;
	watch(control, EPOLL_CTL_DEL, fd, 0, 0);
	caller->fd = -1;
	hang_up(caller);
	return true;
}

static void answer(struct control *control, struct caller *caller)
{
	const char *request = caller->request[0] ? caller->request : "status";

	if (converse(control, caller, request))
		return;
	if (may_ask(control, caller, request)) {
		control->stats.answered++;
		answer_with(control, caller, control->ops.answer(control->ops.context, request));
		return;
	}
	control->stats.refused++;
	answer_with(control, caller,
		    json_pack("{s:s}", "error", "only root and weir's own user may ask for that"));
}

/* What he asked for, if anything, is left unread. */
static void refuse(struct control *control, int fd)
{
	static const char words[] = "{\"error\":\"it runs, and answers root and the members of the "
				    "group weir: try it with sudo\"}\n";

	control->stats.refused++;
	(void)!send(fd, words, sizeof(words) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(fd);
}

/* He did not take it in time. */
static void cut(struct control *control, struct caller *caller)
{
	control->stats.cut++;
	hang_up(caller);
}

/* A free place; if there is none, that of who waits longest. */
static struct caller *place(struct control *control)
{
	struct caller *longest = &control->callers[0];

	for (unsigned i = 0; i < CONTROL_CALLERS; i++) {
		if (control->callers[i].fd < 0)
			return &control->callers[i];
		if (control->callers[i].ticks > longest->ticks)
			longest = &control->callers[i];
	}
	if (!longest->answer)
		answer(control, longest);
	if (longest->fd >= 0)
		cut(control, longest);
	return longest;
}

static void take_caller(struct control *control)
{
	int fd = accept4(control->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct caller *caller;
	bool all;

	if (fd < 0)
		return;
	if (!identify(control, fd, &all)) {
		refuse(control, fd);
		return;
	}
	caller = place(control);
	*caller = (struct caller){.fd = fd, .all = all};
	if (!watch(control, EPOLL_CTL_ADD, fd, EPOLLIN, (uint32_t)(caller - control->callers)))
		hang_up(caller);
}

/* A line that is too long is answered as far as it goes: it is no request that is known. */
static void listen_to(struct control *control, struct caller *caller)
{
	size_t room = sizeof(caller->request) - 1 - caller->length;
	ssize_t n = recv(caller->fd, caller->request + caller->length, room, MSG_DONTWAIT);
	char *end;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		caller->length += (size_t)n;
	caller->request[caller->length] = '\0';
	end = strchr(caller->request, '\n');
	if (end)
		*end = '\0';
	if (end || n <= 0 || caller->length == sizeof(caller->request) - 1)
		answer(control, caller);
}

void control_run(struct control *control)
{
	struct epoll_event ready[CONTROL_CALLERS + 1];
	int n = epoll_wait(control->epoll, ready, CONTROL_CALLERS + 1, 0);

	for (int i = 0; i < n; i++) {
		uint32_t number = ready[i].data.u32;

		if (number == LISTENER)
			take_caller(control);
		else if (control->callers[number].answer)
			send_on(control, &control->callers[number]);
		else if (control->callers[number].fd >= 0)
			listen_to(control, &control->callers[number]);
	}
}

void control_tick(struct control *control)
{
	for (unsigned i = 0; i < CONTROL_CALLERS; i++) {
		struct caller *caller = &control->callers[i];

		if (caller->fd < 0)
			continue;
		caller->ticks++;
		if (caller->answer && caller->ticks >= CONTROL_PATIENCE)
			cut(control, caller);
		else if (!caller->answer && caller->ticks >= CONTROL_TICKS)
			answer(control, caller);
	}
}
