/* SPDX-License-Identifier: Apache-2.0 */
#include "attacher/netlink.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

static uint32_t numbers; /* of requests: an answer that came too late is none to the next */

/* The kernel answers before send() returns; more of a long list as we read. */
#define ANSWER_MS 1000

static ssize_t receive(struct mnl_socket *socket, char *bytes)
{
	struct pollfd wait = {.fd = mnl_socket_get_fd(socket), .events = POLLIN};

	if (poll(&wait, 1, ANSWER_MS) == 0) {
		errno = ETIMEDOUT;
		return -1;
	}
	return mnl_socket_recvfrom(socket, bytes, NETLINK_BYTES);
}

/* What an earlier request left unread. */
static void forget_answers(struct mnl_socket *socket)
{
	char rest;

	while (recv(mnl_socket_get_fd(socket), &rest, sizeof(rest), MSG_DONTWAIT) > 0)
		;
}

/* With an address (as mnl does it): else the kernel asks what rights the socket's opener had. */
static int send_request(struct mnl_socket *socket, struct nlmsghdr *request)
{
	request->nlmsg_seq = ++numbers;
	return mnl_socket_sendto(socket, request, request->nlmsg_len) < 0 ? -errno : 0;
}

/* `number`: the request's, or 0: none other was made here. */
static int hear(struct mnl_socket *socket, uint32_t number, mnl_cb_t each, void *context)
{
	char bytes[NETLINK_BYTES]; /* its own: what is called for each message may ask too */
	int more = MNL_CB_OK, err = 0;

	while (!err && more > MNL_CB_STOP) {
		ssize_t length = receive(socket, bytes);

		if (length > 0)
			more = mnl_cb_run(bytes, (size_t)length, number,
					  number ? mnl_socket_get_portid(socket) : 0, each,
					  context);
		if (length <= 0 || more < 0)
			err = -errno;
	}
	return err;
}

static int converse(struct mnl_socket *socket, struct nlmsghdr *request, mnl_cb_t each,
		    void *context)
{
	int err = send_request(socket, request);

	return err ? err : hear(socket, numbers, each, context);
}

#define DUMP_BYTES (MNL_NLMSG_HDRLEN + NETLINK_FAMILY_MAX)

static struct nlmsghdr *dump_request(const struct netlink_dump *dump, char room[DUMP_BYTES])
{
	struct nlmsghdr *request;

	memset(room, 0, DUMP_BYTES);
	request = mnl_nlmsg_put_header(room);
	request->nlmsg_type = dump->type;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	memcpy(mnl_nlmsg_put_extra_header(request, dump->family_size), dump->family,
	       dump->family_size);
	return request;
}

int netlink_ask(const struct netlink_dump *dump, struct mnl_socket **out)
{
	struct mnl_socket *socket = mnl_socket_open2(dump->bus, SOCK_CLOEXEC);
	char room[DUMP_BYTES];
	int err = socket ? 0 : -errno;

	if (!err && mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID))
		err = -errno;
	err = err ? err : send_request(socket, dump_request(dump, room));
	if (!err)
		*out = socket;
	else if (socket)
		mnl_socket_close(socket);
	return err;
}

int netlink_read(struct mnl_socket *socket, mnl_cb_t each, void *context)
{
	return hear(socket, 0, each, context);
}

int netlink_dump(const struct netlink_dump *dump)
{
	struct mnl_socket *socket;
	char room[DUMP_BYTES];
	int err;

	if (dump->over) {
		forget_answers(dump->over);
		return converse(dump->over, dump_request(dump, room), dump->each, dump->context);
	}
	err = netlink_ask(dump, &socket);
	if (err)
		return err;
	err = netlink_read(socket, dump->each, dump->context);
	mnl_socket_close(socket);
	return err;
}

int netlink_change(struct mnl_socket *over, struct nlmsghdr *request, uint16_t flags)
{
	forget_answers(over);
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	return converse(over, request, NULL, NULL);
}
