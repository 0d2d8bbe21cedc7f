/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only program of a guest that has no others: loads all of weir's into the kernel, with all
 * that can be switched on, says its cases as tests do, and powers off. Linked for itself.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bpf/settings.h"

#include "bpf/clock.skel.h"
#include "bpf/owner.skel.h"
#include "bpf/weir.skel.h"

static void tell(const struct bpf_object *object, int err)
{
	const struct bpf_program *program;

	bpf_object__for_each_program(program, object)
	{
		struct bpf_prog_info info = {0};
		__u32 size = sizeof(info);

		if (err || bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size))
			printf("not ok load/%s — %s\n", bpf_program__name(program),
			       strerror(err ? -err : errno));
		else
			printf("ok load/%s\n    %u bytes of machine code\n",
			       bpf_program__name(program), info.jited_prog_len);
	}
}

static void load(struct bpf_object *object)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object) bpf_program__set_autoload(program, true);
	tell(object, bpf_object__load(object));
}

static void load_all(void)
{
	struct weir_bpf *weir = weir_bpf__open();
	struct owner_bpf *owner = owner_bpf__open();
	struct clock_bpf *clock = clock_bpf__open();
	struct settings *settings;

	if (!weir || !owner || !clock) {
		printf("not ok open — %s\n", strerror(errno));
		return;
	}
	settings = (struct settings *)&weir->rodata->settings;
	settings->payload = settings->xdp_load_bytes = settings->cgroup_id = 1;
	bpf_program__set_flags(weir->progs.weir_xdp, BPF_F_XDP_HAS_FRAGS);
	load(clock->obj);
	load(weir->obj);
	load(owner->obj);
}

int main(void)
{
	struct utsname name;

	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("proc", "/proc", "proc", 0, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	uname(&name);
	printf("guest: kernel %s %s\n", name.release, name.machine);
	load_all();
	printf("guest: done\n");
	sync();
	if (getpid() == 1)
		reboot(RB_POWER_OFF);
	return 0;
}
