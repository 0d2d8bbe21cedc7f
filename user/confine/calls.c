/* SPDX-License-Identifier: Apache-2.0 */
/* Filters of system calls. */
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "confine/confine.h"
#include "confine/inside.h"

/* ---- what every process does with itself ---- */

static const int self_calls[] = {
	SCMP_SYS(brk),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(futex),
	SCMP_SYS(getrandom),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(exit_group),
#ifdef __SANITIZE_ADDRESS__ /* its words, and its stacks */
	SCMP_SYS(write),
	SCMP_SYS(sigaltstack),
#endif
};

int calls_allow_self(scmp_filter_ctx filter)
{
	return CALLS_ADD(filter, SCMP_ACT_ALLOW, self_calls);
}

int calls_allow_memory(scmp_filter_ctx filter)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
				SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
				SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS));
}

int calls_allow_abort(scmp_filter_ctx filter)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 2,
				SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()),
				SCMP_A2(SCMP_CMP_EQ, SIGABRT));
}

/* ---- who reads what strangers say ---- */

static const int common_calls[] = {
	SCMP_SYS(epoll_wait),  SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2),
	SCMP_SYS(exit),	       SCMP_SYS(close),
#ifdef __SANITIZE_ADDRESS__
	SCMP_SYS(sched_yield),
#endif
};

/* Libraries try these where they need not, and go on without. */
static const int common_files[] = {
	SCMP_SYS(open),	     SCMP_SYS(openat),	   SCMP_SYS(access),
	SCMP_SYS(faccessat), SCMP_SYS(stat),	   SCMP_SYS(newfstatat),
	SCMP_SYS(readlink),  SCMP_SYS(readlinkat), SCMP_SYS(lstat),
};

static int add_common(scmp_filter_ctx filter)
{
	int err = calls_allow_self(filter);

	err = err ? err : CALLS_ADD(filter, SCMP_ACT_ALLOW, common_calls);
	err = err ? err : CALLS_ADD(filter, SCMP_ACT_ERRNO(EACCES), common_files);
	err = err ? err : calls_allow_memory(filter);
	return err ? err : calls_allow_abort(filter);
}

/* ---- a decoder ---- */

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

int confine_calls_decoder(int channel)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int err;

	if (!filter)
		return -ENOMEM;
	err = add_common(filter);
	err = err ? err : decoder_channel(filter, channel);
	err = err ? err : seccomp_load(filter);
	seccomp_release(filter);
	return err;
}

/* ---- who serves HTTP ---- */

/* On sockets that are there or are accepted: none is made, connected or bound. */
static const int server_calls[] = {
	SCMP_SYS(accept),     SCMP_SYS(accept4),     SCMP_SYS(recvfrom),    SCMP_SYS(recvmsg),
	SCMP_SYS(sendmsg),    SCMP_SYS(writev),	     SCMP_SYS(shutdown),    SCMP_SYS(setsockopt),
	SCMP_SYS(getsockopt), SCMP_SYS(getpeername), SCMP_SYS(getsockname), SCMP_SYS(epoll_ctl),
	SCMP_SYS(poll),	      SCMP_SYS(ppoll),	     SCMP_SYS(lseek),	    SCMP_SYS(pread64),
	SCMP_SYS(read),
};

/* Whether a descriptor waits. */
static int server_flags(scmp_filter_ctx filter)
{
	int err = 0;

	for (scmp_datum_t command = F_GETFD; command <= F_SETFL && !err; command++)
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
				       SCMP_A1(SCMP_CMP_EQ, command));
	return err;
}

/* To who is connected, and nobody else. */
static int server_send(scmp_filter_ctx filter)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(sendto), 1,
				SCMP_A4(SCMP_CMP_EQ, 0));
}

int confine_calls_server(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int err;

	if (!filter)
		return -ENOMEM;
	err = add_common(filter);
	err = err ? err : CALLS_ADD(filter, SCMP_ACT_ALLOW, server_calls);
	err = err ? err : server_flags(filter);
	err = err ? err : server_send(filter);
	err = err ? err : seccomp_load(filter);
	seccomp_release(filter);
	return err;
}

/* ---- who enters namespaces ---- */

static const int visitor_calls[] = {
	SCMP_SYS(open),	      SCMP_SYS(openat),	      SCMP_SYS(close),		 SCMP_SYS(fstat),
	SCMP_SYS(newfstatat), SCMP_SYS(stat),	      SCMP_SYS(ioctl),		 SCMP_SYS(setns),
	SCMP_SYS(getdents64), SCMP_SYS(bind),	      SCMP_SYS(setsockopt),	 SCMP_SYS(recvfrom),
	SCMP_SYS(recv),	      SCMP_SYS(sendmsg),      SCMP_SYS(sendto),		 SCMP_SYS(send),
	SCMP_SYS(brk),	      SCMP_SYS(mmap),	      SCMP_SYS(munmap),		 SCMP_SYS(mremap),
	SCMP_SYS(madvise),    SCMP_SYS(futex),	      SCMP_SYS(getrandom),	 SCMP_SYS(fcntl),
	SCMP_SYS(exit_group), SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall),
#ifdef __SANITIZE_ADDRESS__
	SCMP_SYS(write),      SCMP_SYS(sigaltstack),
#endif
};

int confine_calls_visitor(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int err;

	if (!filter)
		return -ENOMEM;
	err = CALLS_ADD(filter, SCMP_ACT_ALLOW, visitor_calls);
	err = err ? err
		  : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
				     SCMP_A0(SCMP_CMP_EQ, AF_NETLINK));
	err = err ? err : seccomp_load(filter);
	seccomp_release(filter);
	return err;
}

/* ---- a replay ---- */

static const int replay_denied[] = {
	SCMP_SYS(socket), SCMP_SYS(socketpair),	 SCMP_SYS(connect),	      SCMP_SYS(bind),
	SCMP_SYS(listen), SCMP_SYS(accept),	 SCMP_SYS(accept4),	      SCMP_SYS(bpf),
	SCMP_SYS(capset), SCMP_SYS(pidfd_getfd), SCMP_SYS(open_by_handle_at),
};

int confine_calls_replay(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int err;

	if (!filter)
		return -ENOMEM;
	err = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	err = err ? err : calls_add_forbidden(filter, SCMP_ACT_ERRNO(EPERM));
	err = err ? err : CALLS_ADD(filter, SCMP_ACT_ERRNO(EPERM), replay_denied);
	err = err ? err : seccomp_load(filter);
	seccomp_release(filter);
	return err;
}

/* ---- a client of one server ---- */

static const int client_denied[] = {
	SCMP_SYS(bind),	      SCMP_SYS(listen), SCMP_SYS(accept),      SCMP_SYS(accept4),
	SCMP_SYS(bpf),	      SCMP_SYS(capset), SCMP_SYS(pidfd_getfd), SCMP_SYS(open_by_handle_at),
	SCMP_SYS(pidfd_open),
};

int confine_calls_client(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int err;

	if (!filter)
		return -ENOMEM;
	err = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	err = err ? err : calls_add_forbidden(filter, SCMP_ACT_ERRNO(EPERM));
	err = err ? err : CALLS_ADD(filter, SCMP_ACT_ERRNO(EPERM), client_denied);
	err = err ? err : calls_refuse_families(filter, SCMP_ACT_ERRNO(EPERM));
	err = err ? err : seccomp_load(filter);
	seccomp_release(filter);
	return err;
}
