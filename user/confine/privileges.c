/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine/confine.h"

/* More capabilities than any kernel has: the first that it does not know ends the loop. */
#define CAPABILITIES_MAX 64

static int drop_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

	/* Refused without CAP_SETPCAP: then no_new_privs alone keeps exec from giving any. */
	for (unsigned long i = 0; i < CAPABILITIES_MAX; i++)
		if (prctl(PR_CAPBSET_DROP, i, 0, 0, 0))
			break;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) && errno != EINVAL)
		return -errno;
	return syscall(SYS_capset, &header, none) ? -errno : 0;
}

int confine_privileges(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return -errno;
	return drop_capabilities();
}

static int limit(int what, rlim_t most)
{
	const struct rlimit both = {most, most};

	return setrlimit(what, &both) ? -errno : 0;
}

int confine_limits(size_t memory)
{
	int err = limit(RLIMIT_CORE, 0);

	err = err ? err : limit(RLIMIT_NOFILE, 0);
	err = err ? err : limit(RLIMIT_NPROC, 0);
	err = err ? err : limit(RLIMIT_FSIZE, 0);
#ifndef __SANITIZE_ADDRESS__ /* whose shadow is as large as the address space */
	if (memory)
		err = err ? err : limit(RLIMIT_DATA, memory);
#else
	(void)memory;
#endif
	return err;
}
