/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/live/netlink.h"

#include <errno.h>
#include <string.h>

int netlink_dump(const struct netlink_dump *dump)
{
	static char bytes[NETLINK_BYTES];
	struct mnl_socket *socket = mnl_socket_open2(dump->bus, SOCK_CLOEXEC);
	struct nlmsghdr *request = mnl_nlmsg_put_header(bytes);
	ssize_t length = -1;
	int more = MNL_CB_ERROR, err;

	request->nlmsg_type = dump->type;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	request->nlmsg_seq = 1;
	memcpy(mnl_nlmsg_put_extra_header(request, dump->family_size), dump->family,
	       dump->family_size);
	if (socket && !mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) &&
	    mnl_socket_sendto(socket, request, request->nlmsg_len) >= 0) {
		do {
			length = mnl_socket_recvfrom(socket, bytes, sizeof(bytes));
			if (length > 0)
				more = mnl_cb_run(bytes, (size_t)length, 1,
						  mnl_socket_get_portid(socket), dump->each,
						  dump->context);
		} while (length > 0 && more > MNL_CB_STOP);
	}
	err = length < 0 || more < 0 ? -errno : 0;
	if (socket)
		mnl_socket_close(socket);
	return err;
}
