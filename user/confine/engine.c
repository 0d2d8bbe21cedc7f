/* SPDX-License-Identifier: Apache-2.0 */
/* The filter of the process that does nearly everything, and its last words. */
#include <errno.h>
#include <linux/bpf.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "confine/confine.h"
#include "confine/inside.h"

/* A call that is refused ends the process, and the process says so first. */
#define REFUSED SCMP_ACT_TRAP

/* ---- bpf(2), by its command ---- */

/* What makes, pins, fetches or attaches programs, maps and links. The others work on descriptors
 * that are open. */
static const int bpf_refused[] = {
	BPF_MAP_CREATE,	      BPF_PROG_LOAD,	       BPF_OBJ_PIN,
	BPF_OBJ_GET,	      BPF_PROG_ATTACH,	       BPF_PROG_DETACH,
	BPF_PROG_GET_NEXT_ID, BPF_PROG_GET_FD_BY_ID,   BPF_MAP_GET_NEXT_ID,
	BPF_MAP_GET_FD_BY_ID, BPF_RAW_TRACEPOINT_OPEN, BPF_BTF_LOAD,
	BPF_BTF_GET_FD_BY_ID, BPF_TASK_FD_QUERY,       BPF_BTF_GET_NEXT_ID,
	BPF_LINK_CREATE,      BPF_LINK_UPDATE,	       BPF_LINK_GET_FD_BY_ID,
	BPF_LINK_GET_NEXT_ID, BPF_ENABLE_STATS,	       BPF_ITER_CREATE,
};

/* The last command that weir knows; the kernel reads 32 bits, the filter compares 64. */
#define BPF_LAST 34 /* BPF_LINK_DETACH */

static int refuse_bpf(scmp_filter_ctx filter)
{
	int err = 0;

	for (size_t i = 0; i < sizeof(bpf_refused) / sizeof(int) && !err; i++)
		err = seccomp_rule_add(filter, REFUSED, SCMP_SYS(bpf), 1,
				       SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)bpf_refused[i]));
	return err ? err
		   : seccomp_rule_add(filter, REFUSED, SCMP_SYS(bpf), 1,
				      SCMP_A0(SCMP_CMP_GT, BPF_LAST));
}

/* ---- the rest ---- */

/* Threads and copies of itself, but in no namespace of their own. What clone3(2) is asked for
 * cannot be seen: the C library takes clone(2) then. */
static int refuse_namespaces(scmp_filter_ctx filter)
{
	static const scmp_datum_t kinds[] = {CLONE_NEWNS,  CLONE_NEWCGROUP, CLONE_NEWUTS,
					     CLONE_NEWIPC, CLONE_NEWUSER,   CLONE_NEWPID,
					     CLONE_NEWNET};
	int err = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && !err; i++)
		err = seccomp_rule_add(filter, REFUSED, SCMP_SYS(clone), 1,
				       SCMP_A0(SCMP_CMP_MASKED_EQ, kinds[i], kinds[i]));
	return err;
}

/* Memory that is written holds no code: libraries that want it go on without. */
static int refuse_code(scmp_filter_ctx filter)
{
	const scmp_datum_t both = PROT_WRITE | PROT_EXEC;
	int err = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(mmap), 1,
				   SCMP_A2(SCMP_CMP_MASKED_EQ, both, both));

	err = err ? err
		  : seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(mprotect), 1,
				     SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC));
	return err ? err
		   : seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(pkey_mprotect), 1,
				      SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC));
}

/* Who takes the process over must not take its last words away. */
static int refuse_silence(scmp_filter_ctx filter)
{
	return seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(rt_sigaction), 2,
				SCMP_A0(SCMP_CMP_MASKED_EQ, UINT32_MAX, SIGSYS),
				SCMP_A1(SCMP_CMP_NE, 0));
}

/* ---- last words ---- */

#define ENDED 128 /* and the signal: as a shell tells it */

/* In a signal handler: no library but system calls. The signal is the default's again by now; the
 * first process of a container is not ended by it, and leaves. */
static void on_refused(int signal, siginfo_t *info, void *context)
{
	char line[] = "weir: made a system call that it may not (number      ): it ends\n";
	char *digit = strrchr(line, ')');
	unsigned call = (unsigned)info->si_syscall;
	sigset_t own;

	(void)context;
	do {
		*--digit = (char)('0' + call % 10);
		call /= 10;
	} while (call && digit[-1] == ' ');
	(void)!write(STDERR_FILENO, line, sizeof(line) - 1);
	sigemptyset(&own);
	sigaddset(&own, signal);
	sigprocmask(SIG_UNBLOCK, &own, NULL);
	kill(getpid(), signal);
	_exit(ENDED + signal);
}

static int listen_for_refusal(void)
{
	struct sigaction action = {.sa_sigaction = on_refused,
				   .sa_flags = SA_SIGINFO | (int)SA_RESETHAND};

	return sigaction(SIGSYS, &action, NULL) ? -errno : 0;
}

/* Descriptors of other processes, and files (cgroups) by their number: another process does that
 * (procfs/). */
static const int looking[] = {SCMP_SYS(pidfd_getfd), SCMP_SYS(open_by_handle_at)};

int confine_calls_engine(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int err;

	if (!filter)
		return -ENOMEM;
	err = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	err = err ? err : calls_add_forbidden(filter, REFUSED);
	err = err ? err : CALLS_ADD(filter, REFUSED, looking);
	err = err ? err : refuse_bpf(filter);
	err = err ? err : calls_refuse_families(filter, REFUSED);
	err = err ? err : refuse_namespaces(filter);
	err = err ? err : refuse_code(filter);
	err = err ? err : refuse_silence(filter);
	err = err ? err : listen_for_refusal();
	err = err ? err : seccomp_load(filter);
	seccomp_release(filter);
	return err;
}
