/* SPDX-License-Identifier: Apache-2.0 */
/* The filter of the process that looks into others. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "confine/confine.h"
#include "confine/inside.h"

static const int procfs_calls[] = {
	/* files: read, never written */
	SCMP_SYS(openat2),
	SCMP_SYS(open_by_handle_at),
	SCMP_SYS(read),
	SCMP_SYS(pread64),
	SCMP_SYS(lseek),
	SCMP_SYS(readlink),
	SCMP_SYS(readlinkat),
	SCMP_SYS(stat),
	SCMP_SYS(lstat),
	SCMP_SYS(fstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(statx),
	SCMP_SYS(access),
	SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2),
	SCMP_SYS(getdents64),
	SCMP_SYS(fadvise64),
	/* descriptors of others */
	SCMP_SYS(pidfd_open),
	SCMP_SYS(pidfd_getfd),
	SCMP_SYS(getsockopt),
	SCMP_SYS(getsockname),
	/* the clock, threads */
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(timer_settime),
	SCMP_SYS(sysinfo),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(exit),
};

/* What would make, cut or change a file is not opened so. */
static int to_read_only(scmp_filter_ctx filter)
{
	const scmp_datum_t writes = O_ACCMODE | O_CREAT | O_TRUNC;
	int err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
				   SCMP_A2(SCMP_CMP_MASKED_EQ, writes, 0));

	return err ? err
		   : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(open), 1,
				      SCMP_A1(SCMP_CMP_MASKED_EQ, writes, 0));
}

/* Memory that holds no code, and is no file's to write through. */
static int own_memory(scmp_filter_ctx filter)
{
	int err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
				   SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
				   SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_SHARED, 0));

	return err ? err
		   : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
				      SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
}

/* A descriptor is asked about itself; who gets signals by it is not set. */
static int questions_of_descriptors(scmp_filter_ctx filter)
{
	static const scmp_datum_t asked[] = {F_GETFD, F_SETFD, F_GETFL};
	int err = 0;

	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]) && !err; i++)
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
				       SCMP_A1(SCMP_CMP_EQ, asked[i]));
	return err;
}

/* Messages over the channels alone. They stay open: a copy of another's socket gets no number of
 * theirs. */
static int channels(scmp_filter_ctx filter, int first, int last)
{
	int err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(close), 1,
				   SCMP_A0(SCMP_CMP_GT, (scmp_datum_t)last));

	for (int fd = first; fd <= last && !err; fd++) {
		const scmp_datum_t channel = (scmp_datum_t)fd;

		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(sendmsg), 1,
				       SCMP_A0(SCMP_CMP_EQ, channel));
		if (!err)
			err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(recvfrom), 1,
					       SCMP_A0(SCMP_CMP_EQ, channel));
	}
	return err;
}

int confine_calls_procfs(int first, int last)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int err;

	if (!filter)
		return -ENOMEM;
	err = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	err = err ? err : calls_allow_self(filter);
	err = err ? err : CALLS_ADD(filter, SCMP_ACT_ALLOW, procfs_calls);
	err = err ? err : to_read_only(filter);
	err = err ? err : own_memory(filter);
	err = err ? err : questions_of_descriptors(filter);
	err = err ? err : channels(filter, first, last);
	err = err ? err : calls_allow_abort(filter);
	err = err ? err : seccomp_load(filter);
	seccomp_release(filter);
	return err;
}

int confine_calls_keeper(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int err;

	if (!filter)
		return -ENOMEM;
	err = calls_add_forbidden(filter, SCMP_ACT_KILL_PROCESS);
	err = err ? err : seccomp_load(filter);
	seccomp_release(filter);
	return err;
}
