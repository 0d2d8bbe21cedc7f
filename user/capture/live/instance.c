/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/live/instance.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Users of the control socket at once: a few `weir status` and `weir top`. */
#define INSTANCE_BACKLOG 16

static socklen_t instance_address(struct sockaddr_un *address)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(address->sun_path + 1, INSTANCE_NAME, sizeof(INSTANCE_NAME) - 1);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + sizeof(INSTANCE_NAME));
}

pid_t instance_holder(void)
{
	struct sockaddr_un address;
	socklen_t length = instance_address(&address), size;
	struct ucred peer = {0};
	int fd, err = 0;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	size = sizeof(peer);
	if (connect(fd, (struct sockaddr *)&address, length))
		/* EAGAIN: there, but too busy to accept */
		err = errno == EAGAIN ? 0 : -errno;
	else if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size))
		err = -errno;
	close(fd);
	return err ? err : peer.pid;
}

static int instance_refused(struct error *error)
{
	pid_t holder = instance_holder();

	if (holder > 0)
		return error_set(error, EXIT_SYSTEM, EADDRINUSE,
				 "another weir (pid %d) watches this network namespace: stop it "
				 "first, or see `weir status`",
				 (int)holder);
	return error_set(error, EXIT_SYSTEM, EADDRINUSE,
			 "another weir watches this network namespace: stop it first, or see `weir "
			 "status`");
}

int instance_take(struct error *error)
{
	struct sockaddr_un address;
	socklen_t length = instance_address(&address);
	int fd, err;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_set(error, EXIT_SYSTEM, errno, "no control socket: %s",
				 strerror(errno));
	if (!bind(fd, (struct sockaddr *)&address, length) && !listen(fd, INSTANCE_BACKLOG))
		return fd;
	err = errno;
	close(fd);
	if (err == EADDRINUSE)
		return instance_refused(error);
	return error_set(error, EXIT_SYSTEM, err, "no control socket: %s", strerror(err));
}
