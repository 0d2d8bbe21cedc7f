/* SPDX-License-Identifier: Apache-2.0 */
/* Filters of system calls. */
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "confine/confine.h"

static int allow_all(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t count)
{
	int err = 0;

	for (size_t i = 0; i < count && !err; i++)
		err = seccomp_rule_add(filter, action, calls[i], 0);
	return err;
}

#define ALLOW_ALL(filter, action, calls)                                                           \
	allow_all(filter, action, calls, sizeof(calls) / sizeof((calls)[0]))

/* ---- a decoder ---- */

static const int decoder_calls[] = {
	SCMP_SYS(epoll_wait),	 SCMP_SYS(epoll_pwait),	 SCMP_SYS(epoll_pwait2),
	SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(restart_syscall),
	SCMP_SYS(brk),		 SCMP_SYS(munmap),	 SCMP_SYS(mremap),
	SCMP_SYS(madvise),	 SCMP_SYS(futex),	 SCMP_SYS(getrandom),
	SCMP_SYS(getpid),	 SCMP_SYS(gettid),	 SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),	 SCMP_SYS(exit),	 SCMP_SYS(exit_group),
	SCMP_SYS(close),
#ifdef __SANITIZE_ADDRESS__ /* its words, and its stacks */
	SCMP_SYS(write),	 SCMP_SYS(sigaltstack),	 SCMP_SYS(sched_yield),
#endif
};

/* Libraries try these where they need not, and go on without. */
static const int decoder_files[] = {
	SCMP_SYS(open),	     SCMP_SYS(openat),	   SCMP_SYS(access),
	SCMP_SYS(faccessat), SCMP_SYS(stat),	   SCMP_SYS(newfstatat),
	SCMP_SYS(readlink),  SCMP_SYS(readlinkat), SCMP_SYS(lstat),
};

/* Memory that is nobody else's and holds no code. */
static int decoder_memory(scmp_filter_ctx filter)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
				SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
				SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS));
}

/* A connected socket, and no address of another. */
static int decoder_channel(scmp_filter_ctx filter, int channel)
{
	int err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(sendto), 2,
				   SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)channel),
				   SCMP_A4(SCMP_CMP_EQ, 0));

	return err ? err
		   : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(recvfrom), 1,
				      SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)channel));
}

/* abort() ends only itself. */
static int decoder_abort(scmp_filter_ctx filter)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 2,
				SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()),
				SCMP_A2(SCMP_CMP_EQ, SIGABRT));
}

int confine_calls_decoder(int channel)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int err;

	if (!filter)
		return -ENOMEM;
	err = ALLOW_ALL(filter, SCMP_ACT_ALLOW, decoder_calls);
	err = err ? err : ALLOW_ALL(filter, SCMP_ACT_ERRNO(EACCES), decoder_files);
	err = err ? err : decoder_memory(filter);
	err = err ? err : decoder_channel(filter, channel);
	err = err ? err : decoder_abort(filter);
	err = err ? err : seccomp_load(filter);
	seccomp_release(filter);
	return err;
}

/* ---- a replay ---- */

static const int replay_denied[] = {
	/* programs and other processes */
	SCMP_SYS(execve),
	SCMP_SYS(execveat),
#ifndef __SANITIZE_ADDRESS__ /* which looks for leaks by it */
	SCMP_SYS(ptrace),
#endif
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(process_madvise),
	SCMP_SYS(pidfd_getfd),
	SCMP_SYS(kcmp),
	SCMP_SYS(setns),
	SCMP_SYS(unshare),
	/* the network */
	SCMP_SYS(socket),
	SCMP_SYS(socketpair),
	SCMP_SYS(connect),
	SCMP_SYS(bind),
	SCMP_SYS(listen),
	SCMP_SYS(accept),
	SCMP_SYS(accept4),
	/* other rights */
	SCMP_SYS(capset),
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
	SCMP_SYS(open_by_handle_at),
	SCMP_SYS(bpf),
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

int confine_calls_replay(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int err;

	if (!filter)
		return -ENOMEM;
	err = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	err = err ? err : ALLOW_ALL(filter, SCMP_ACT_ERRNO(EPERM), replay_denied);
	err = err ? err : seccomp_load(filter);
	seccomp_release(filter);
	return err;
}
