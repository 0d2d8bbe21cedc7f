/* SPDX-License-Identifier: Apache-2.0 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/live/owners_inside.h"

#include "bpf/owner.skel.h"

/* The only file that knows the skeleton of the owner programs. */

static bool refuse(struct owners_kernel *kernel, const char *what, int err)
{
	const char *btf = access("/sys/kernel/btf/vmlinux", R_OK)
				  ? "; it has no type information (CONFIG_DEBUG_INFO_BTF)"
				  : "";

	snprintf(kernel->why, sizeof(kernel->why), "the kernel refuses %s: %s%s", what,
		 strerror(err < 0 ? -err : err), btf);
	owners_kernel_close(kernel);
	return false;
}

/* Links, which go with their descriptors: nothing stays attached after a kill, and what others have
 * at the root goes on beside them. */
static int attach(struct owners_kernel *kernel, struct bpf_program *program, int root)
{
	struct bpf_link *link;

	if (kernel->links_len == OWNERS_LINKS_MAX)
		return -E2BIG;
	if (bpf_program__type(program) == BPF_PROG_TYPE_RAW_TRACEPOINT)
		link = bpf_program__attach(program);
	else
		link = bpf_program__attach_cgroup(program, root);
	if (!link)
		return -errno;
	kernel->links[kernel->links_len++] = link;
	return 0;
}

static void note_maps(struct owners_kernel *kernel)
{
	kernel->sockets = bpf_map__fd(kernel->skeleton->maps.owner_sockets);
	kernel->listeners = bpf_map__fd(kernel->skeleton->maps.owner_listeners);
	kernel->losses = bpf_map__fd(kernel->skeleton->maps.owner_losses);
}

bool owners_kernel_open(struct owners_kernel *kernel, int root,
			int (*on_record)(void *context, void *data, size_t size), void *context)
{
	struct bpf_program *program;
	int err;

	kernel->skeleton = owner_bpf__open();
	if (!kernel->skeleton)
		return refuse(kernel, "the owner programs", errno);
	err = owner_bpf__load(kernel->skeleton);
	if (err)
		return refuse(kernel, "the owner programs", err);
	note_maps(kernel);
	kernel->ring = ring_buffer__new(bpf_map__fd(kernel->skeleton->maps.owner_records),
					on_record, context, NULL);
	if (!kernel->ring)
		return refuse(kernel, "the ring of processes", errno);
	bpf_object__for_each_program(program, kernel->skeleton->obj)
	{
		err = attach(kernel, program, root);
		if (err)
			return refuse(kernel, bpf_program__name(program), err);
	}
	return true;
}

void owners_kernel_close(struct owners_kernel *kernel)
{
	while (kernel->links_len)
		bpf_link__destroy(kernel->links[--kernel->links_len]);
	ring_buffer__free(kernel->ring);
	kernel->ring = NULL;
	owner_bpf__destroy(kernel->skeleton);
	kernel->skeleton = NULL;
}

static bool read_place(const struct owners_kernel *kernel, uint64_t cookie,
		       struct owner_socket *socket)
{
	uint32_t index = (uint32_t)cookie & (OWNERS_SOCKETS - 1);

	return !bpf_map_lookup_elem(kernel->sockets, &index, socket);
}

bool owners_kernel_socket(const struct owners_kernel *kernel, uint64_t cookie,
			  struct owner_socket *socket)
{
	struct owner_socket again;

	/* A program may be writing it: what reads the same twice is whole. */
	do {
		if (!read_place(kernel, cookie, socket) || !read_place(kernel, cookie, &again))
			return false;
	} while (memcmp(socket, &again, sizeof(again)) != 0);
	return socket->cookie == cookie || !bpf_map_lookup_elem(kernel->listeners, &cookie, socket);
}

void owners_kernel_seed(const struct owners_kernel *kernel, uint64_t cookie,
			const struct owner_socket *socket, bool listens)
{
	uint32_t index = (uint32_t)cookie & (OWNERS_SOCKETS - 1);

	struct owner_socket there;

	if (read_place(kernel, cookie, &there) && !there.cookie)
		bpf_map_update_elem(kernel->sockets, &index, socket, BPF_ANY);
	if (listens)
		bpf_map_update_elem(kernel->listeners, &cookie, socket, BPF_NOEXIST);
}

void owners_kernel_losses(const struct owners_kernel *kernel, uint64_t losses[OWNER_LOSSES])
{
	int cpus = libbpf_num_possible_cpus();
	uint64_t *values = calloc(cpus > 0 ? (size_t)cpus : 1, sizeof(*values));
	uint32_t i;
	int cpu;

	memset(losses, 0, OWNER_LOSSES * sizeof(*losses));
	for (i = 0; values && kernel->skeleton && i < OWNER_LOSSES; i++)
		if (!bpf_map_lookup_elem(kernel->losses, &i, values))
			for (cpu = 0; cpu < cpus; cpu++)
				losses[i] += values[cpu];
	free(values);
}
