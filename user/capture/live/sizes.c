/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/live/sizes.h"

#include <bpf/libbpf.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf/flow.h"

#define FLOW_BYTES	    300 /* hash entry, hot and cold slot, free stack: measured */
#define MEMORY_PART	    50	/* one fiftieth: 2 % */
#define SLOTS_A_PAGE	    (4096u / sizeof(struct flow_slot))
#define HALF_OPEN_MIN	    65536u
#define HALF_OPEN_A_CPU	    1024u
#define RING_BYTES_DEFAULT  (4u << 20)
#define PAYLOAD_RING_PART   2048
#define PAYLOAD_RING_MIN    (1u << 20)
#define PAYLOAD_RING_MAX    (4u << 20) /* a quarter of a second at the default budget */
#define MEMORY_IF_NOT_KNOWN (UINT64_C(1) << 30)

uint32_t sizes_slots(uint64_t memory)
{
	uint64_t slots = memory / MEMORY_PART / FLOW_BYTES;

	if (slots < SLOTS_MIN)
		return SLOTS_MIN;
	if (slots > SLOTS_MAX)
		return SLOTS_MAX;
	return (uint32_t)(slots - slots % SLOTS_A_PAGE);
}

uint32_t sizes_half_open(unsigned cpus)
{
	uint64_t entries = (uint64_t)cpus * HALF_OPEN_A_CPU;

	if (entries > SLOTS_MAX)
		return SLOTS_MAX;
	return entries > HALF_OPEN_MIN ? (uint32_t)entries : HALF_OPEN_MIN;
}

size_t sizes_ring(size_t asked)
{
	size_t bytes = RING_BYTES_MIN;

	if (!asked)
		return RING_BYTES_DEFAULT;
	while (bytes < asked && bytes < (SIZE_MAX >> 2) && bytes < (1u << 30))
		bytes *= 2;
	return bytes;
}

size_t sizes_payload_ring(uint64_t memory)
{
	size_t bytes = PAYLOAD_RING_MIN;

	while (bytes < PAYLOAD_RING_MAX && bytes < memory / PAYLOAD_RING_PART)
		bytes *= 2;
	return bytes;
}

static uint64_t memory_total(const char *proc)
{
	char path[PATH_MAX], line[256];
	unsigned long long kib = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/meminfo", proc);
	file = fopen(path, "re");
	if (!file)
		return MEMORY_IF_NOT_KNOWN;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "MemTotal: %llu kB", &kib) == 1)
			break;
	fclose(file);
	return kib ? kib * 1024 : MEMORY_IF_NOT_KNOWN;
}

/* One limit file; UINT64_MAX where it is not there or says "max". */
static uint64_t limit_in(const char *folder, const char *name)
{
	char path[2 * PATH_MAX];
	unsigned long long bytes = 0;
	FILE *file;
	bool some;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "re");
	if (!file)
		return UINT64_MAX;
	some = fscanf(file, "%llu", &bytes) == 1;
	fclose(file);
	return some && bytes ? bytes : UINT64_MAX;
}

/* The least limit of a cgroup and of all above it. */
static uint64_t limit_of(const char *mount, const char *path, const char *name)
{
	char folder[PATH_MAX];
	uint64_t least = UINT64_MAX;
	size_t root = strlen(mount);
	int length = snprintf(folder, sizeof(folder), "%s%s", mount, path);

	if (length < 0 || (size_t)length >= sizeof(folder))
		return least;
	for (;;) {
		uint64_t limit = limit_in(folder, name);
		char *slash;

		if (limit < least)
			least = limit;
		slash = strrchr(folder, '/');
		if (!slash || (size_t)(slash - folder) < root)
			return least;
		*slash = '\0';
	}
}

/* Where a cgroup hierarchy is mounted: v2, or v1 with the memory controller. */
static bool mount_of(const char *proc, bool v2, char mount[PATH_MAX])
{
	char path[PATH_MAX], line[4096], at[PATH_MAX];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "%s/self/mountinfo", proc);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file)) {
		char *kind = strstr(line, " - ");

		if (!kind || sscanf(line, "%*s %*s %*s %*s %4095s", at) != 1)
			continue;
		if (v2)
			found = !strncmp(kind, " - cgroup2 ", 11);
		else
			found = !strncmp(kind, " - cgroup ", 10) && strstr(kind, "memory");
	}
	fclose(file);
	if (found)
		memcpy(mount, at, sizeof(at));
	return found;
}

static uint64_t cgroup_limit(const char *proc)
{
	char path[PATH_MAX], line[PATH_MAX + 64], mount[PATH_MAX];
	uint64_t least = UINT64_MAX;
	FILE *file;

	snprintf(path, sizeof(path), "%s/self/cgroup", proc);
	file = fopen(path, "re");
	if (!file)
		return least;
	while (fgets(line, sizeof(line), file)) {
		/* "id:controllers:/path"; v2 has id 0 and no controllers */
		char *controllers = strchr(line, ':'), *own;
		uint64_t limit = UINT64_MAX;
		bool v2;

		own = controllers ? strchr(controllers + 1, ':') : NULL;
		if (!own)
			continue;
		*own++ = '\0';
		own[strcspn(own, "\n")] = '\0';
		v2 = !controllers[1];
		if ((v2 || strstr(controllers, "memory")) && mount_of(proc, v2, mount))
			limit = limit_of(mount, strcmp(own, "/") ? own : "",
					 v2 ? "memory.max" : "memory.limit_in_bytes");
		if (limit < least)
			least = limit;
	}
	fclose(file);
	return least;
}

uint64_t sizes_memory(const char *proc, int *by_cgroup)
{
	uint64_t total = memory_total(proc), limit = cgroup_limit(proc);

	*by_cgroup = limit < total;
	return limit < total ? limit : total;
}

/* Nobody reads: the least that the kernel takes. */
static void choose_payload_ring(struct sizes *sizes, const struct live_payload *payload)
{
	int by_cgroup;

	if (!payload->wanted)
		sizes->payload_ring = RING_BYTES_MIN;
	else if (payload->ring_bytes)
		sizes->payload_ring = sizes_ring(payload->ring_bytes);
	else
		sizes->payload_ring = sizes_payload_ring(sizes_memory("/proc", &by_cgroup));
}

void sizes_choose(struct sizes *sizes, const struct live_options *options)
{
	int cpus = libbpf_num_possible_cpus(), by_cgroup;

	*sizes = (struct sizes){
		.slots = options->slots,
		.half_open = options->half_open,
		.ring_bytes = sizes_ring(options->ring_bytes),
	};
	choose_payload_ring(sizes, &options->payload);
	if (!sizes->half_open)
		sizes->half_open = sizes_half_open(cpus > 0 ? (unsigned)cpus : 1);
	if (sizes->slots) {
		snprintf(sizes->why, sizeof(sizes->why), "as configured");
		return;
	}
	sizes->memory = sizes_memory("/proc", &by_cgroup);
	sizes->slots = sizes_slots(sizes->memory);
	snprintf(sizes->why, sizeof(sizes->why), "2 %% of %llu MiB, %s",
		 (unsigned long long)(sizes->memory >> 20),
		 by_cgroup ? "the cgroup's limit" : "the machine's memory");
}
