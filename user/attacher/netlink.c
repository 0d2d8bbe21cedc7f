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

static int converse(struct mnl_socket *socket, struct nlmsghdr *request, mnl_cb_t each,
		    void *context)
{
	char bytes[NETLINK_BYTES]; /* its own: what is called for each message may ask too */
	uint32_t number;
	int more = MNL_CB_OK, err = send_request(socket, request);

	number = numbers;
	while (!err && more > MNL_CB_STOP) {
		ssize_t length = receive(socket, bytes);

		if (length > 0)
			more = mnl_cb_run(bytes, (size_t)length, number,
					  mnl_socket_get_portid(socket), each, context);
		if (length <= 0 || more < 0)
			err = -errno;
	}
	return err;
}

int netlink_dump(const struct netlink_dump *dump)
{
	char room[MNL_NLMSG_HDRLEN + NETLINK_FAMILY_MAX] = {0};
	struct nlmsghdr *request = mnl_nlmsg_put_header(room);
	struct mnl_socket *socket = dump->over;
	int err = 0;

	request->nlmsg_type = dump->type;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	memcpy(mnl_nlmsg_put_extra_header(request, dump->family_size), dump->family,
	       dump->family_size);
	if (socket)
		forget_answers(socket);
	else
		socket = mnl_socket_open2(dump->bus, SOCK_CLOEXEC);
	if (!socket || (!dump->over && mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID)))
		err = -errno;
	err = err ? err : converse(socket, request, dump->each, dump->context);
	if (socket && !dump->over)
		mnl_socket_close(socket);
	return err;
}

int netlink_change(struct mnl_socket *over, struct nlmsghdr *request, uint16_t flags)
{
	forget_answers(over);
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	return converse(over, request, NULL, NULL);
}
