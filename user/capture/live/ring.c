/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/live/ring.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * kernel/bpf/ringbuf.c: the reader's place has the first page of the map, the writer's the second,
 * then comes the data. Places are bytes ever read and written. A record is its length and flags
 * (u32, linux/bpf.h), a u32 of the kernel's own, then its bytes; each begins at a multiple of 8.
 */
#define HEADER BPF_RINGBUF_HDR_SZ

struct ring {
	uint64_t *read;
	const uint64_t *written;
	const uint8_t *data;
	size_t page, size;
	int epoll;
	ring_taker taker;
	void *context;
	uint8_t *whole; /* of a record that goes over the end */
	size_t room;
};

static size_t size_of(int fd)
{
	struct bpf_map_info info = {0};
	__u32 length = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &length) || info.type != BPF_MAP_TYPE_RINGBUF)
		return 0;
	return info.max_entries;
}

static int map_ring(struct ring *ring, int fd)
{
	void *at = mmap(NULL, ring->page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return -errno;
	ring->read = at;
	at = mmap(NULL, ring->page + ring->size, PROT_READ, MAP_SHARED, fd, (off_t)ring->page);
	if (at == MAP_FAILED)
		return -errno;
	ring->written = at;
	ring->data = (const uint8_t *)at + ring->page;
	return 0;
}

/* It keeps the map's file, whatever becomes of `fd`. */
static int wait_for(struct ring *ring, int fd)
{
	struct epoll_event event = {.events = EPOLLIN};

	ring->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (ring->epoll < 0 || epoll_ctl(ring->epoll, EPOLL_CTL_ADD, fd, &event))
		return -errno;
	return 0;
}

int ring_open(struct ring **out, int fd, ring_taker taker, void *context)
{
	struct ring *ring = calloc(1, sizeof(*ring));
	int err;

	if (!ring)
		return -ENOMEM;
	*ring = (struct ring){.page = (size_t)sysconf(_SC_PAGESIZE),
			      .size = size_of(fd),
			      .epoll = -1,
			      .taker = taker,
			      .context = context};
	err = ring->size ? map_ring(ring, fd) : -EINVAL;
	err = err ? err : wait_for(ring, fd);
	if (err) {
		ring_close(ring);
		return err;
	}
	*out = ring;
	return 0;
}

void ring_close(struct ring *ring)
{
	if (!ring)
		return;
	if (ring->written)
		munmap((void *)ring->written, ring->page + ring->size);
	if (ring->read)
		munmap(ring->read, ring->page);
	if (ring->epoll >= 0)
		close(ring->epoll);
	free(ring->whole);
	free(ring);
}

int ring_fd(const struct ring *ring)
{
	return ring->epoll;
}

/* `length` bytes from the ring's place `at` on, in one piece; NULL without memory. */
static const uint8_t *one_piece(struct ring *ring, size_t at, size_t length)
{
	size_t first = ring->size - at;

	if (length <= first)
		return ring->data + at;
	if (length > ring->room) {
		uint8_t *whole = realloc(ring->whole, length);

		if (!whole)
			return NULL;
		ring->whole = whole;
		ring->room = length;
	}
	memcpy(ring->whole, ring->data + at, first);
	memcpy(ring->whole + first, ring->data, length - first);
	return ring->whole;
}

static int give(struct ring *ring, size_t at, size_t length)
{
	const uint8_t *record = one_piece(ring, at, length);

	return record ? ring->taker(ring->context, (void *)record, length) : -ENOMEM;
}

int ring_consume(struct ring *ring)
{
	uint64_t read = *ring->read;
	int err = 0;

	while (err >= 0 && read < __atomic_load_n(ring->written, __ATOMIC_ACQUIRE)) {
		size_t at = read & (ring->size - 1) & ~(size_t)7;
		uint32_t header =
			__atomic_load_n((const uint32_t *)(ring->data + at), __ATOMIC_ACQUIRE);
		size_t length = header & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);

		if (header & BPF_RINGBUF_BUSY_BIT)
			break; /* not written to its end yet */
		if (length > ring->size - HEADER)
			return -EBADMSG;
		if (!(header & BPF_RINGBUF_DISCARD_BIT))
			err = give(ring, (at + HEADER) & (ring->size - 1), length);
		if (err == -ENOMEM)
			break;
		read += (HEADER + length + 7) & ~(uint64_t)7;
		/* At once: a writer that finds all read wakes us, and one that finds no room
		 * loses. */
		__atomic_store_n(ring->read, read, __ATOMIC_RELEASE);
	}
	return err < 0 ? err : 0;
}
