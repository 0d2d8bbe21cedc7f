/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/live/hand.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HAND_MAGIC 0x686f6577u /* another byte order is another magic */

struct hand_head {
	uint32_t magic;
	uint16_t kind;
	uint16_t length; /* of the body */
	uint32_t fds;
};

union rights {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int) * HAND_FDS_MAX)];
};

/* ---- out ---- */

static void put_rights(struct msghdr *message, union rights *rights, const int *fds, unsigned count)
{
	struct cmsghdr *head;

	memset(rights, 0, sizeof(*rights));
	message->msg_control = rights->bytes;
	message->msg_controllen = CMSG_SPACE(sizeof(int) * count);
	head = CMSG_FIRSTHDR(message);
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int) * count);
	memcpy(CMSG_DATA(head), fds, sizeof(int) * count);
}

int hand_send(int fd, enum hand_kind kind, const void *body, size_t length, const int *fds,
	      unsigned fds_len)
{
	struct hand_head head = {HAND_MAGIC, (uint16_t)kind, (uint16_t)length, fds_len};
	struct iovec parts[] = {{&head, sizeof(head)}, {(void *)body, length}};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
	union rights rights;
	ssize_t sent;

	if (length > HAND_BODY_MAX || fds_len > HAND_FDS_MAX)
		return -EMSGSIZE;
	if (fds_len)
		put_rights(&message, &rights, fds, fds_len);
	do
		sent = sendmsg(fd, &message, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return -errno;
	/* It is less than any socket's room. */
	return (size_t)sent == sizeof(head) + length ? 0 : -EIO;
}

int hand_say(int fd, enum hand_kind kind, const char *why)
{
	size_t length = strlen(why);

	return hand_send(fd, kind, why, length < HAND_BODY_MAX ? length : HAND_BODY_MAX, NULL, 0);
}

/* ---- in ---- */

static void take_rights(struct msghdr *from, struct hand_message *message)
{
	for (struct cmsghdr *head = CMSG_FIRSTHDR(from); head; head = CMSG_NXTHDR(from, head)) {
		unsigned count;

		if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
			continue;
		count = (unsigned)((head->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		for (unsigned i = 0; i < count && message->fds_len < HAND_FDS_MAX; i++)
			memcpy(&message->fds[message->fds_len++], CMSG_DATA(head) + i * sizeof(int),
			       sizeof(int));
	}
}

/* Once the first byte is there the others are on their way. */
static int read_whole(int fd, void *to, size_t length)
{
	ssize_t n;

	if (!length)
		return 0;
	do
		n = recv(fd, to, length, MSG_WAITALL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == length ? 0 : -EBADMSG;
}

static int read_head(int fd, struct hand_head *head, struct hand_message *message)
{
	struct iovec part = {head, sizeof(*head)};
	union rights rights;
	struct msghdr from = {.msg_iov = &part,
			      .msg_iovlen = 1,
			      .msg_control = rights.bytes,
			      .msg_controllen = sizeof(rights)};
	ssize_t n;

	do
		n = recvmsg(fd, &from, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	take_rights(&from, message);
	if (n == 0)
		return -ECONNRESET;
	/* What the kernel could not deliver is missing: too many, or no descriptors are left. */
	if (from.msg_flags & MSG_CTRUNC)
		return -EBADMSG;
	return read_whole(fd, (char *)head + n, sizeof(*head) - (size_t)n);
}

static bool is_sane(const struct hand_head *head, const struct hand_message *message)
{
	return head->magic == HAND_MAGIC && head->kind >= HAND_OFFER && head->kind <= HAND_LEAVE &&
	       head->length <= HAND_BODY_MAX && head->fds == message->fds_len;
}

int hand_receive(int fd, struct hand_message *message)
{
	struct hand_head head = {0};
	int err;

	message->fds_len = 0;
	message->length = 0;
	err = read_head(fd, &head, message);
	if (!err && !is_sane(&head, message))
		err = -EBADMSG;
	if (!err)
		err = read_whole(fd, message->body, head.length);
	if (err) {
		hand_drop(message);
		return err;
	}
	message->kind = (enum hand_kind)head.kind;
	message->length = head.length;
	message->body[head.length] = '\0';
	return 0;
}

int hand_expect(int fd, struct hand_message *message, enum hand_kind kind, void *body,
		size_t length, unsigned fds)
{
	int err = hand_receive(fd, message);

	if (err)
		return err;
	if (message->kind == kind && message->length == length && message->fds_len == fds) {
		if (length)
			memcpy(body, message->body, length);
		return 0;
	}
	hand_drop(message);
	return message->kind == HAND_NO ? -ECANCELED : -EBADMSG;
}

void hand_drop(struct hand_message *message)
{
	for (unsigned i = 0; i < message->fds_len; i++)
		close(message->fds[i]);
	message->fds_len = 0;
}
