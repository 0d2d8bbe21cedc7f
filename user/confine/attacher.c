/* SPDX-License-Identifier: Apache-2.0 */
/* The filter of the process that attaches. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/netlink.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "confine/confine.h"
#include "confine/inside.h"

static const int attacher_calls[] = {
	/* netlink, and messages; the sockets are such, or the channel */
	SCMP_SYS(bind),
	SCMP_SYS(getsockname),
	SCMP_SYS(getsockopt),
	SCMP_SYS(setsockopt),
	SCMP_SYS(sendto),
	SCMP_SYS(sendmsg),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	/* the clock */
	SCMP_SYS(time),
	SCMP_SYS(alarm),
	SCMP_SYS(setitimer),
#ifdef __SANITIZE_ADDRESS__
	SCMP_SYS(sched_yield),
#endif
};

/* The kernel reads 32 bits of a command, the filter compares 64. */
static const scmp_datum_t attacher_bpf[] = {BPF_LINK_CREATE, BPF_LINK_UPDATE,
					    BPF_OBJ_GET_INFO_BY_FD};

static const scmp_datum_t attacher_protocols[] = {NETLINK_ROUTE, NETLINK_NETFILTER};

static int bpf_commands(scmp_filter_ctx filter)
{
	int err = 0;

	for (size_t i = 0; i < sizeof(attacher_bpf) / sizeof(attacher_bpf[0]) && !err; i++)
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(bpf), 1,
				       SCMP_A0(SCMP_CMP_EQ, attacher_bpf[i]));
	return err;
}

/* A descriptor is copied; who gets signals by it is not set. */
static int copies(scmp_filter_ctx filter)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
				SCMP_A1(SCMP_CMP_EQ, F_DUPFD_CLOEXEC));
}

static int sockets(scmp_filter_ctx filter, int channel)
{
	int err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(close), 1,
				   SCMP_A0(SCMP_CMP_GT, (scmp_datum_t)channel));

	for (size_t i = 0; i < sizeof(attacher_protocols) / sizeof(attacher_protocols[0]) && !err;
	     i++)
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
				       SCMP_A0(SCMP_CMP_EQ, AF_NETLINK),
				       SCMP_A2(SCMP_CMP_EQ, attacher_protocols[i]));
	return err;
}

int confine_calls_attacher(int channel)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int err;

	if (!filter)
		return -ENOMEM;
	err = calls_allow_self(filter);
	err = err ? err : CALLS_ADD(filter, SCMP_ACT_ALLOW, attacher_calls);
	err = err ? err : bpf_commands(filter);
	err = err ? err : sockets(filter, channel);
	err = err ? err : copies(filter);
	err = err ? err : calls_allow_memory(filter);
	err = err ? err : calls_allow_abort(filter);
	err = err ? err : seccomp_load(filter);
	seccomp_release(filter);
	return err;
}
