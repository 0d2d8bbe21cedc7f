/* SPDX-License-Identifier: Apache-2.0 */
#include "decoding/gauge.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

/* kernel/bpf/ringbuf.c: the reader's place has the first page of the map, the writer's the second.
 */
int gauge_open(struct gauge *gauge, int map, size_t ring)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *read, *written;
	int err;

	read = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	if (read == MAP_FAILED)
		return -errno;
	written = mmap(NULL, page, PROT_READ, MAP_SHARED, map, (off_t)page);
	if (written == MAP_FAILED) {
		err = -errno;
		munmap(read, page);
		return err;
	}
	*gauge = (struct gauge){written, read, page, ring};
	return 0;
}

void gauge_close(struct gauge *gauge)
{
	if (!gauge->page)
		return;
	munmap(gauge->read, gauge->page);
	munmap((void *)gauge->written, gauge->page);
	*gauge = (struct gauge){0};
}

uint64_t gauge_written(const struct gauge *gauge)
{
	return __atomic_load_n(gauge->written, __ATOMIC_ACQUIRE);
}

uint64_t gauge_read(const struct gauge *gauge)
{
	return __atomic_load_n(gauge->read, __ATOMIC_ACQUIRE);
}

uint64_t gauge_discard(struct gauge *gauge)
{
	uint64_t written = gauge_written(gauge), waits = written - gauge_read(gauge);

	__atomic_store_n(gauge->read, written, __ATOMIC_RELEASE);
	return waits <= gauge->ring ? waits : 0;
}
