/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/holders.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <net/if.h>
#include <unistd.h>

#include "attacher/filters.h"
#include "base/compat.h"

#define TCX_MAX 64 /* programs on one side of an interface: the kernel's own bound */

struct listing {
	struct grid grid;
	const char *interface, *hook;
	unsigned rows;
};

static void add(struct listing *listing, const char *name, uint32_t program)
{
	grid_add(&listing->grid, TINT_PLAIN, listing->interface);
	grid_add(&listing->grid, TINT_PLAIN, listing->hook);
	if (program)
		grid_addf(&listing->grid, TINT_PLAIN, "%s (program %u)", name, program);
	else
		grid_add(&listing->grid, TINT_PLAIN, name);
	listing->rows++;
}

static void add_program(struct listing *listing, uint32_t program)
{
	struct bpf_prog_info info = {0};
	__u32 size = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(program);

	if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &size) == 0 && info.name[0])
		add(listing, info.name, program);
	else
		add(listing, "a program without a name", program);
	if (fd >= 0)
		close(fd);
}

static void add_filter(void *context, const struct filter *filter)
{
	add(context, filter->name, filter->program);
}

static void add_tcx(struct listing *listing, unsigned ifindex, int side)
{
	__u32 ids[TCX_MAX];
	LIBBPF_OPTS(bpf_prog_query_opts, query, .prog_ids = ids, .prog_cnt = TCX_MAX);

	if (bpf_prog_query_opts((int)ifindex, (enum bpf_attach_type)side, &query))
		return; /* before 6.6 there is no such hook */
	for (__u32 i = 0; i < query.prog_cnt && i < TCX_MAX; i++)
		add_program(listing, ids[i]);
}

static void add_interface(struct listing *listing, const struct if_nameindex *interface)
{
	const struct filters_of of = {.ifindex = interface->if_index};
	__u32 xdp = 0;

	listing->interface = interface->if_name;
	listing->hook = "xdp";
	if (bpf_xdp_query_id((int)interface->if_index, 0, &xdp) == 0 && xdp)
		add_program(listing, xdp);
	listing->hook = "tcx ingress";
	add_tcx(listing, interface->if_index, COMPAT_BPF_TCX_INGRESS);
	listing->hook = "tcx egress";
	add_tcx(listing, interface->if_index, COMPAT_BPF_TCX_EGRESS);
	if (!filters_has_clsact(&of))
		return;
	listing->hook = "tc ingress";
	filters_list(&of, true, add_filter, listing);
	listing->hook = "tc egress";
	filters_list(&of, false, add_filter, listing);
}

void holders_print(const struct terminal *terminal)
{
	struct if_nameindex *all = if_nameindex();
	struct listing listing = {0};

	grid_begin(&listing.grid, 3);
	for (struct if_nameindex *one = all; one && one->if_index; one++)
		add_interface(&listing, one);
	if (listing.rows)
		fputs("\nHooks that somebody holds (weir leaves them alone and runs beside "
		      "them):\n",
		      terminal->out);
	else
		fputs("\nNobody holds a hook of any interface.\n", terminal->out);
	grid_end(&listing.grid, terminal, 2);
	if_freenameindex(all);
}
