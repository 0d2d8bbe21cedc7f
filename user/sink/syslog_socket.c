/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sockios.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "sink/syslog_channel.h"

/* Local socket, UDP and TCP. */

#define LOCAL_SOCKET "/dev/log"
#define SETTLE_MS    2 /* between two looks at what is under way */

const char *channel_port(const struct channel *channel)
{
	return channel->options->port ? channel->options->port : channel->ops->port;
}

int channel_error(const struct channel *channel, int err, const char *words, struct error *error)
{
	return error_set(error, EXIT_SYSTEM, err, "syslog server %s:%s: %s",
			 channel->options->server, channel_port(channel), words);
}

static int timeout_ms(const struct channel *channel)
{
	return channel->hurried ? CHANNEL_HURRIED_MS : CHANNEL_TIMEOUT_MS;
}

int channel_wait(const struct channel *channel, short events)
{
	struct pollfd fd = {.fd = channel->fd, .events = events};
	int ready;

	do
		ready = poll(&fd, 1, timeout_ms(channel));
	while (ready < 0 && errno == EINTR);
	if (!ready)
		return -ETIMEDOUT;
	return ready < 0 ? -errno : 0;
}

void channel_close(struct channel *channel)
{
	if (channel->fd >= 0)
		close(channel->fd);
	channel->fd = -1;
}

static void tell_own(const struct channel *channel)
{
	const struct network_options *network = &channel->options->network;
	uint64_t cookie = 0;
	socklen_t size = sizeof(cookie);

	if (network->own_socket && !getsockopt(channel->fd, SOL_SOCKET, SO_COOKIE, &cookie, &size))
		network->own_socket(network->context, cookie);
}

static int connect_wait(struct channel *channel, const struct addrinfo *to)
{
	socklen_t size = sizeof(int);
	int err;

	if (!connect(channel->fd, to->ai_addr, to->ai_addrlen))
		return 0;
	if (errno != EINPROGRESS)
		return -errno;
	err = channel_wait(channel, POLLOUT);
	if (err)
		return err;
	if (getsockopt(channel->fd, SOL_SOCKET, SO_ERROR, &err, &size))
		return -errno;
	return -err;
}

static int connect_one(struct channel *channel, const struct addrinfo *to)
{
	const unsigned timeout = CHANNEL_TIMEOUT_MS * 2;
	const int one = 1;
	int err;

	channel->fd = socket(to->ai_family, to->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
			     to->ai_protocol);
	if (channel->fd < 0)
		return -errno;
	tell_own(channel);
	if (to->ai_socktype == SOCK_STREAM) {
		setsockopt(channel->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		/* A receiver that went away without a word is found out. */
		setsockopt(channel->fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
		setsockopt(channel->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof(timeout));
	}
	err = connect_wait(channel, to);
	if (err)
		channel_close(channel);
	return err;
}

int channel_connect(struct channel *channel, int type, struct error *error)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = type};
	struct addrinfo *list = NULL;
	int err = getaddrinfo(channel->options->server, channel_port(channel), &hints, &list);

	if (err)
		return channel_error(channel, EHOSTUNREACH, gai_strerror(err), error);
	err = -EHOSTUNREACH;
	for (struct addrinfo *to = list; to && err; to = to->ai_next)
		err = connect_one(channel, to);
	freeaddrinfo(list);
	if (err)
		return channel_error(channel, -err, strerror(-err), error);
	return 0;
}

/* ---- local: what syslog(3) does, but it says when it cannot ---- */

static const char *local_path(const struct channel *channel)
{
	return channel->options->local_path ? channel->options->local_path : LOCAL_SOCKET;
}

static int local_error(const struct channel *channel, int err, struct error *error)
{
	return error_set(error, EXIT_SYSTEM, err,
			 "syslog socket %s: %s: is a syslog daemon or journald running?",
			 local_path(channel), strerror(err));
}

static int local_connect(struct channel *channel, int type)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int err;

	if (strlen(local_path(channel)) >= sizeof(to.sun_path))
		return -ENAMETOOLONG;
	strcpy(to.sun_path, local_path(channel));
	channel->fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (channel->fd < 0)
		return -errno;
	if (!connect(channel->fd, (struct sockaddr *)&to, sizeof(to)))
		return 0;
	err = -errno;
	channel_close(channel);
	return err;
}

static int local_open(struct channel *channel, struct error *error)
{
	int err = local_connect(channel, SOCK_DGRAM);

	channel->stream = err == -EPROTOTYPE;
	if (channel->stream)
		err = local_connect(channel, SOCK_STREAM);
	return err ? local_error(channel, -err, error) : 0;
}

/* All of it; -errno. */
static int send_all(struct channel *channel, const char *bytes, size_t length, int flags)
{
	int err = 0;

	while (length && !err) {
		ssize_t n = send(channel->fd, bytes, length, MSG_NOSIGNAL | flags);

		if (n >= 0) {
			bytes += n;
			length -= (size_t)n;
		} else if (errno == EAGAIN || errno == ENOBUFS) {
			err = channel_wait(channel, POLLOUT);
		} else if (errno != EINTR) {
			err = -errno;
		}
	}
	return err;
}

static int local_send(struct channel *channel, const char *message, size_t length,
		      struct error *error)
{
	int err = send_all(channel, message, length + channel->stream, 0);

	return err ? local_error(channel, -err, error) : 0;
}

const struct channel_ops channel_local = {
	.name = "local",
	.open = local_open,
	.send = local_send,
	.close = channel_close,
};

/* ---- UDP (RFC 5426): one message a datagram ---- */

static int udp_open(struct channel *channel, struct error *error)
{
	return channel_connect(channel, SOCK_DGRAM, error);
}

static int udp_send(struct channel *channel, const char *message, size_t length,
		    struct error *error)
{
	int err = send_all(channel, message, length, 0);

	return err ? channel_error(channel, -err, strerror(-err), error) : 0;
}

const struct channel_ops channel_udp = {
	.name = "udp",
	.structured = true,
	.port = "514",
	.open = udp_open,
	.send = udp_send,
	.close = channel_close,
};

/* ---- TCP (RFC 6587, 3.4.1: octet counting) ---- */

static int tcp_open(struct channel *channel, struct error *error)
{
	return channel_connect(channel, SOCK_STREAM, error);
}

/* A receiver that closed would swallow the next message: the first write to it still succeeds. */
static bool peer_gone(const struct channel *channel)
{
	char byte;
	ssize_t n = recv(channel->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

static int tcp_send(struct channel *channel, const char *message, size_t length,
		    struct error *error)
{
	char count[24];
	int err = peer_gone(channel) ? -EPIPE : 0;

	snprintf(count, sizeof(count), "%zu ", length);
	err = err ? err : send_all(channel, count, strlen(count), MSG_MORE);
	err = err ? err : send_all(channel, message, length, 0);
	return err ? channel_error(channel, -err, strerror(-err), error) : 0;
}

/* What the receiver's machine has not acknowledged is none of what was sent: a server that is
 * killed takes with it what lies there unread, but not what was under way. */
int channel_settle(struct channel *channel, struct error *error)
{
	int left, before = INT_MAX, waited = 0, err = 0;

	while (!err && !ioctl(channel->fd, SIOCOUTQ, &left) && left > 0) {
		waited = left < before ? 0 : waited + SETTLE_MS;
		before = left;
		if (waited >= timeout_ms(channel))
			err = -ETIMEDOUT;
		poll(NULL, 0, SETTLE_MS);
	}
	return err ? channel_error(channel, -err, "it does not read what it is sent", error) : 0;
}

static void tcp_close(struct channel *channel)
{
	if (channel->fd >= 0)
		shutdown(channel->fd, SHUT_WR);
	channel_close(channel);
}

const struct channel_ops channel_tcp = {
	.name = "tcp",
	.structured = true,
	.port = "514",
	.open = tcp_open,
	.send = tcp_send,
	.settle = channel_settle,
	.close = tcp_close,
};
