/* SPDX-License-Identifier: Apache-2.0 */
#include "control.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for the whole answer in the socket, so that a slow caller cannot hold up the engine. */
#define ANSWER_MAX (4 << 20)

static int allowed(int fd)
{
	struct ucred peer;
	socklen_t length = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length))
		return 0;
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

void control_answer(int listener, json_t *answer)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	char *text = NULL;

	if (fd >= 0 && allowed(fd))
		text = json_dumps(answer, JSON_COMPACT);
	if (text) {
		send_all(fd, text, strlen(text));
		send_all(fd, "\n", 1);
	}
	free(text);
	json_decref(answer);
	if (fd >= 0)
		close(fd);
}
