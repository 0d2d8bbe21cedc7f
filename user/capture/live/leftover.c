/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/live/leftover.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "attacher/filters.h"
#include "attacher/hook.h"
#include "base/log.h"
#include "bpf/table.h"

#define IDENTITY_NAME	  "identity"
#define ATTACHMENTS_NAME  "attachments"
#define MAPS_OF_A_PROGRAM 64

struct found {
	struct filter filter;
	bool ingress, made_clsact;
};

struct search {
	uint32_t ifindex;
	bool ingress;
	VEC(struct found) found;
};

static bool read_identity(int map)
{
	struct identity identity;
	__u32 zero = 0;

	return !bpf_map_lookup_elem(map, &zero, &identity) && identity.magic == WEIR_MAGIC;
}

static bool read_made_clsact(int map, uint32_t ifindex)
{
	struct attachment attachment;

	return !bpf_map_lookup_elem(map, &ifindex, &attachment) &&
	       attachment.flags & ATTACHMENT_MADE_CLSACT;
}

/* What the program's maps say: whether it is weir's, and whether its weir made the qdisc. */
static bool look_at_maps(const __u32 *ids, __u32 count, struct search *search, struct found *found)
{
	bool ours = false;
	__u32 i;

	for (i = 0; i < count; i++) {
		struct bpf_map_info info = {0};
		__u32 size = sizeof(info);
		int map = bpf_map_get_fd_by_id(ids[i]);

		if (map < 0)
			continue;
		if (!bpf_obj_get_info_by_fd(map, &info, &size)) {
			if (!strcmp(info.name, IDENTITY_NAME) &&
			    info.value_size == sizeof(struct identity))
				ours = read_identity(map);
			else if (!strcmp(info.name, ATTACHMENTS_NAME) &&
				 info.value_size == sizeof(struct attachment))
				found->made_clsact = read_made_clsact(map, search->ifindex);
		}
		close(map);
	}
	return ours;
}

static bool is_ours(const struct filter *filter, struct search *search, struct found *found)
{
	__u32 ids[MAPS_OF_A_PROGRAM];
	struct bpf_prog_info info = {.nr_map_ids = MAPS_OF_A_PROGRAM, .map_ids = (uintptr_t)ids};
	__u32 size = sizeof(info);
	int program = filter->program ? bpf_prog_get_fd_by_id(filter->program) : -1, err;

	/* Without CAP_SYS_ADMIN nobody is told of others' programs: by its name and our handle,
	 * since no other weir runs in this network namespace. */
	if (program < 0)
		return filter->program && errno == EPERM && filter->handle == CLSACT_HANDLE &&
		       !strncmp(filter->name, PROGRAM_PREFIX, sizeof(PROGRAM_PREFIX) - 1);
	err = bpf_obj_get_info_by_fd(program, &info, &size);
	close(program);
	if (err || strncmp(info.name, PROGRAM_PREFIX, sizeof(PROGRAM_PREFIX) - 1) != 0)
		return false;
	if (info.nr_map_ids > MAPS_OF_A_PROGRAM)
		info.nr_map_ids = MAPS_OF_A_PROGRAM;
	return look_at_maps(ids, info.nr_map_ids, search, found);
}

static void on_filter(void *context, const struct filter *filter)
{
	struct search *search = context;
	struct found found = {.filter = *filter, .ingress = search->ingress}, *kept;

	if (!is_ours(filter, search, &found))
		return;
	kept = vec_add(&search->found);
	if (kept)
		*kept = found;
}

static unsigned remove_found(uint32_t ifindex, const struct found *found)
{
	LIBBPF_OPTS(bpf_tc_hook, tc, .ifindex = (int)ifindex,
		    .attach_point = found->ingress ? BPF_TC_INGRESS : BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = found->filter.handle,
		    .priority = found->filter.priority);

	return !bpf_tc_detach(&tc, &options);
}

static unsigned remove_from(const struct interface *interface)
{
	const struct filters_of of = {.ifindex = interface->ifindex};
	struct search search = {.ifindex = interface->ifindex};
	bool made_clsact = false;
	unsigned removed = 0;
	int side;

	for (side = 0; side < 2; side++) {
		search.ingress = side == 0;
		filters_list(&of, search.ingress, on_filter, &search);
	}
	vec_each (found, &search.found) {
		removed += remove_found(interface->ifindex, found);
		made_clsact |= found->made_clsact;
	}
	if (made_clsact)
		clsact_remove_if_empty(interface->ifindex);
	vec_free(&search.found);
	return removed;
}

unsigned leftover_remove(const struct interfaces *interfaces)
{
	const struct interface *interface;
	unsigned removed = 0;
	size_t cursor = 0;

	while ((interface = table_next(&interfaces->by_index, &cursor)))
		removed += remove_from(interface);
	if (removed)
		log_info("removed %u filter%s that an earlier weir left", removed,
			 removed == 1 ? "" : "s");
	return removed;
}
