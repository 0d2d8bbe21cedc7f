/* SPDX-License-Identifier: Apache-2.0 */
#include "control.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for the whole answer in the socket, so that a slow caller cannot hold up the engine. */
#define ANSWER_MAX  (4 << 20)
#define REQUEST_MAX 256
#define LISTENER    CONTROL_CALLERS /* its number in the epoll */

struct caller {
	int fd; /* -1: nobody */
	unsigned ticks;
	size_t length;
	char request[REQUEST_MAX];
};

struct control {
	struct control_ops ops;
	int epoll, listener;
	struct caller callers[CONTROL_CALLERS];
};

static bool watch(struct control *control, int fd, uint32_t number)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = number};

	return !epoll_ctl(control->epoll, EPOLL_CTL_ADD, fd, &event);
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
	if (control->epoll < 0 || !watch(control, listener, LISTENER)) {
		control_close(control);
		return NULL;
	}
	return control;
}

static void hang_up(struct caller *caller)
{
	if (caller->fd >= 0)
		close(caller->fd);
	caller->fd = -1;
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

static bool allowed(int fd)
{
	struct ucred peer;
	socklen_t length = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length))
		return false;
	return peer.uid == 0 || peer.uid == geteuid();
}

static void send_all(int fd, const char *text, size_t length)
{
	int room = ANSWER_MAX;

	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	while (length) {
		ssize_t sent = send(fd, text, length, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent <= 0)
			return;
		text += sent;
		length -= (size_t)sent;
	}
}

static void answer(struct control *control, struct caller *caller)
{
	const char *request = caller->request[0] ? caller->request : "status";
	json_t *object = control->ops.answer(control->ops.context, request);
	char *text = json_dumps(object, JSON_COMPACT);

	if (text) {
		send_all(caller->fd, text, strlen(text));
		send_all(caller->fd, "\n", 1);
	}
	free(text);
	json_decref(object);
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
	answer(control, longest);
	return longest;
}

static void take_caller(struct control *control)
{
	int fd = accept4(control->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct caller *caller;

	if (fd < 0)
		return;
	if (!allowed(fd)) {
		close(fd);
		return;
	}
	caller = place(control);
	*caller = (struct caller){.fd = fd};
	if (!watch(control, fd, (uint32_t)(caller - control->callers)))
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
		else if (control->callers[number].fd >= 0)
			listen_to(control, &control->callers[number]);
	}
}

void control_tick(struct control *control)
{
	for (unsigned i = 0; i < CONTROL_CALLERS; i++)
		if (control->callers[i].fd >= 0 && ++control->callers[i].ticks >= CONTROL_TICKS)
			answer(control, &control->callers[i]);
}
