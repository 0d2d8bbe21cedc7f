/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/live/instance.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/compat.h"

/* Users of the control socket at once: a few `weir status` and `weir top`. */
#define INSTANCE_BACKLOG 16

static socklen_t instance_address(struct sockaddr_un *address)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(address->sun_path + 1, INSTANCE_NAME, sizeof(INSTANCE_NAME) - 1);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + sizeof(INSTANCE_NAME));
}

int instance_connect(unsigned seconds)
{
	const struct timeval patience = {.tv_sec = seconds};
	struct sockaddr_un address;
	socklen_t length = instance_address(&address);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), err;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (!connect(fd, (struct sockaddr *)&address, length))
		return fd;
	err = -errno;
	close(fd);
	return err;
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

static int try_to_take(void)
{
	struct sockaddr_un address;
	socklen_t length = instance_address(&address);
	int fd, err;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (!bind(fd, (struct sockaddr *)&address, length) && !listen(fd, INSTANCE_BACKLOG))
		return fd;
	err = errno;
	close(fd);
	return -err;
}

int instance_take(struct error *error)
{
	int fd = try_to_take();

	if (fd >= 0)
		return fd;
	if (fd == -EADDRINUSE)
		return instance_refused(error);
	return error_set(error, EXIT_SYSTEM, -fd, "no control socket: %s", strerror(-fd));
}

bool instance_is(int fd)
{
	struct sockaddr_un own, address;
	socklen_t length = instance_address(&own), size = sizeof(address);

	return !getsockname(fd, (struct sockaddr *)&address, &size) && size == length &&
	       !memcmp(&own, &address, length);
}

/* unix_listen() notes who calls it, each time. */
int instance_own(int fd)
{
	return listen(fd, INSTANCE_BACKLOG) ? -errno : 0;
}

/* ---- from another weir ---- */

#define LEAVE_SECONDS 10   /* for its answer, and then until it counts no more */
#define LEAVE_LOOK_US 1000 /* between two tries */

/* By its connection, where the kernel knows how (6.5): a process in another namespace has no number
 * here. */
static int watch_process(int fd, pid_t pid)
{
	int process = -1;
	socklen_t size = sizeof(process);

	if (!getsockopt(fd, SOL_SOCKET, COMPAT_SO_PEERPIDFD, &process, &size))
		return process;
	return pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
}

/* True if it said that it leaves. It hangs up behind its answer. */
static bool ask_to_leave(pid_t *holder, int *process)
{
	static const char request[] = INSTANCE_LEAVE "\n";
	socklen_t size = sizeof(struct ucred);
	struct ucred peer = {0};
	char answer[256] = "";
	size_t used = 0;
	ssize_t n = 0;
	int fd = instance_connect(LEAVE_SECONDS);

	if (fd < 0)
		return false;
	if (!getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) &&
	    send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) > 0)
		while (used < sizeof(answer) - 1 &&
		       (n = recv(fd, answer + used, sizeof(answer) - 1 - used, 0)) > 0)
			used += (size_t)n;
	answer[used] = '\0';
	*holder = peer.pid;
	*process = watch_process(fd, peer.pid);
	close(fd);
	return strstr(answer, "\"" INSTANCE_LEAVING "\"");
}

int instance_take_over(bool asked, int *process, struct error *error)
{
	int fd = try_to_take();
	pid_t holder = 0;

	*process = -1;
	if (fd == -EADDRINUSE) {
		if (!asked && !ask_to_leave(&holder, process))
			return error_set(error, EXIT_SYSTEM, EADDRINUSE,
					 "the weir that runs here (pid %d) does not make room for "
					 "another: stop it first",
					 (int)holder);
		for (int i = 0; fd == -EADDRINUSE && i < LEAVE_SECONDS * 1000000 / LEAVE_LOOK_US;
		     i++) {
			usleep(LEAVE_LOOK_US);
			fd = try_to_take();
		}
	}
	if (fd >= 0)
		return fd;
	return error_set(error, EXIT_SYSTEM, -fd, "no control socket: %s", strerror(-fd));
}
