/* SPDX-License-Identifier: Apache-2.0 */
#include "metrics/listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/trust.h"

#define UNIX	"unix:"
#define BACKLOG 16

static int parse_unix(const char *path, struct listen_address *address)
{
	struct sockaddr_un *un = &address->socket.un;

	if (path[0] != '/' || strlen(path) >= sizeof(un->sun_path))
		return -EINVAL;
	un->sun_family = AF_UNIX;
	strcpy(un->sun_path, path);
	address->length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1);
	return 0;
}

static int parse_port(const char *text, in_port_t *port)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || !number || number > UINT16_MAX)
		return -EINVAL;
	*port = htons((uint16_t)number);
	return 0;
}

static void put_v4(const struct addr *addr, in_port_t port, struct listen_address *address)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&address->socket;

	in->sin_family = AF_INET;
	in->sin_port = port;
	memcpy(&in->sin_addr, addr->byte + 12, sizeof(in->sin_addr));
	address->length = sizeof(*in);
}

static void put_v6(const struct addr *addr, in_port_t port, struct listen_address *address)
{
	struct sockaddr_in6 *in = (struct sockaddr_in6 *)&address->socket;

	in->sin6_family = AF_INET6;
	in->sin6_port = port;
	memcpy(&in->sin6_addr, addr->byte, sizeof(in->sin6_addr));
	address->length = sizeof(*in);
}

/* "127.0.0.1:9477", "[::1]:9477": of IPv6 the brackets say where the port begins. */
static int parse_tcp(const char *text, struct listen_address *address)
{
	const char *colon = strrchr(text, ':');
	bool brackets = text[0] == '[';
	const char *from = text + brackets, *to = colon ? colon - brackets : NULL;
	struct addr addr;
	in_port_t port;

	if (!colon || to <= from || (brackets && *to != ']') ||
	    (!brackets && memchr(from, ':', (size_t)(to - from))))
		return -EINVAL;
	if (parse_port(colon + 1, &port) || addr_parse(from, (size_t)(to - from), &addr))
		return -EINVAL;
	if (brackets)
		put_v6(&addr, port, address);
	else
		put_v4(&addr, port, address);
	return 0;
}

int listen_parse(const char *text, struct listen_address *address)
{
	memset(address, 0, sizeof(*address));
	if (!strncmp(text, UNIX, strlen(UNIX)))
		return parse_unix(text + strlen(UNIX), address);
	return parse_tcp(text, address);
}

bool listen_is_local(const struct listen_address *address)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address->socket;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address->socket;

	switch (address->socket.any.sa_family) {
	case AF_INET:
		return ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	case AF_INET6:
		return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
	}
	return true;
}

/* ---- opening ---- */

/* A socket that a killed weir left is in the way; one that answers is somebody's. */
static void remove_dead(const struct listen_address *address)
{
	const char *path = address->socket.un.sun_path;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat st;

	if (fd < 0)
		return;
	if (connect(fd, &address->socket.any, address->length) && errno == ECONNREFUSED &&
	    !lstat(path, &st) && S_ISSOCK(st.st_mode))
		unlink(path);
	close(fd);
}

static int open_unix(struct listener *listener, gid_t group)
{
	const struct listen_address *address = &listener->address;
	const char *path = address->socket.un.sun_path;

	remove_dead(address);
	if (bind(listener->fd, &address->socket.any, address->length))
		return -errno;
	/* Who is in the group asks for the status, too. */
	if (group != (gid_t)-1 && lchown(path, (uid_t)-1, group) && errno != EPERM)
		return -errno;
	if (chmod(path, 0660) || lstat(path, &listener->file))
		return -errno;
	return 0;
}

static int open_tcp(const struct listener *listener)
{
	const int yes = 1;

	setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	setsockopt(listener->fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof(yes));
	if (listener->address.socket.any.sa_family == AF_INET6)
		setsockopt(listener->fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes));
	return bind(listener->fd, &listener->address.socket.any, listener->address.length) ? -errno
											   : 0;
}

/* A socket in a folder where everybody may write could be swapped. */
static bool believed(const struct listen_address *address, char why[TRUST_WHY_MAX])
{
	char folder[sizeof(address->socket.un.sun_path)];
	char *slash;

	if (address->socket.any.sa_family != AF_UNIX)
		return true;
	strcpy(folder, address->socket.un.sun_path);
	slash = strrchr(folder, '/');
	slash[slash == folder] = '\0';
	return trust_path(folder, why);
}

int listener_open(struct listener *listener, const char *text, gid_t group, struct error *error)
{
	char why[TRUST_WHY_MAX];
	int err, family;

	listener->fd = -1;
	if (listen_parse(text, &listener->address))
		return error_set(error, EXIT_INPUT, EINVAL, "metrics.listen: '%s' is no address",
				 text);
	if (!believed(&listener->address, why))
		return error_set(error, EXIT_INPUT, EPERM, "metrics.listen: the folder of %s %s",
				 text, why);
	family = listener->address.socket.any.sa_family;
	listener->fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	err = listener->fd < 0 ? -errno : 0;
	if (!err)
		err = family == AF_UNIX ? open_unix(listener, group) : open_tcp(listener);
	if (!err && listen(listener->fd, BACKLOG))
		err = -errno;
	if (!err)
		return 0;
	listener_close(listener);
	return error_set(error, EXIT_SYSTEM, -err,
			 "metrics.listen: cannot listen on %s: %s: is it another program's, or is "
			 "its folder missing?",
			 text, strerror(-err));
}

/* Numbers of files that are gone are given again: the time of its making counts too. */
static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

void listener_close(struct listener *listener)
{
	const char *path = listener->address.socket.un.sun_path;
	struct stat st;

	if (listener->fd < 0)
		return;
	close(listener->fd);
	listener->fd = -1;
	if (listener->address.socket.any.sa_family == AF_UNIX && !lstat(path, &st) &&
	    is_same(&st, &listener->file))
		unlink(path);
}
