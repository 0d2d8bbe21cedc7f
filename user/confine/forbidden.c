/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/socket.h>

#include "confine/inside.h"

int calls_add(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t count)
{
	int err = 0;

	for (size_t i = 0; i < count && !err; i++)
		err = seccomp_rule_add(filter, action, calls[i], 0);
	return err;
}

static const int forbidden[] = {
	/* programs and other processes */
	SCMP_SYS(execve),
	SCMP_SYS(execveat),
#ifndef __SANITIZE_ADDRESS__ /* which looks for leaks by it */
	SCMP_SYS(ptrace),
#endif
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(process_madvise),
	SCMP_SYS(kcmp),
	SCMP_SYS(setns),
	SCMP_SYS(unshare),
	/* other rights */
	SCMP_SYS(setuid),
	SCMP_SYS(setgid),
	SCMP_SYS(setresuid),
	SCMP_SYS(setresgid),
	SCMP_SYS(setgroups),
	SCMP_SYS(chroot),
	SCMP_SYS(keyctl),
	SCMP_SYS(add_key),
	SCMP_SYS(request_key),
	/* the system */
	SCMP_SYS(mount),
	SCMP_SYS(umount2),
	SCMP_SYS(pivot_root),
	SCMP_SYS(move_mount),
	SCMP_SYS(open_tree),
	SCMP_SYS(fsopen),
	SCMP_SYS(fsmount),
	SCMP_SYS(fspick),
	SCMP_SYS(perf_event_open),
	SCMP_SYS(userfaultfd),
	SCMP_SYS(io_uring_setup),
	SCMP_SYS(io_uring_enter),
	SCMP_SYS(io_uring_register),
	SCMP_SYS(init_module),
	SCMP_SYS(finit_module),
	SCMP_SYS(delete_module),
	SCMP_SYS(kexec_load),
	SCMP_SYS(kexec_file_load),
	SCMP_SYS(reboot),
	SCMP_SYS(swapon),
	SCMP_SYS(swapoff),
	SCMP_SYS(sethostname),
	SCMP_SYS(setdomainname),
	SCMP_SYS(settimeofday),
	SCMP_SYS(clock_settime),
	SCMP_SYS(clock_adjtime),
	SCMP_SYS(adjtimex),
	SCMP_SYS(acct),
	SCMP_SYS(quotactl),
	SCMP_SYS(mknod),
	SCMP_SYS(mknodat),
	SCMP_SYS(fanotify_init),
	SCMP_SYS(personality),
	SCMP_SYS(ioperm),
	SCMP_SYS(iopl),
};

int calls_add_forbidden(scmp_filter_ctx filter, uint32_t action)
{
	return CALLS_ADD(filter, action, forbidden);
}

int calls_refuse_families(scmp_filter_ctx filter, uint32_t action)
{
	int err = seccomp_rule_add(filter, action, SCMP_SYS(socket), 1,
				   SCMP_A0(SCMP_CMP_GT, AF_NETLINK));

	for (scmp_datum_t family = 0; family < AF_NETLINK && !err; family++)
		if (family != AF_UNIX && family != AF_INET && family != AF_INET6)
			err = seccomp_rule_add(filter, action, SCMP_SYS(socket), 1,
					       SCMP_A0(SCMP_CMP_EQ, family));
	return err;
}
