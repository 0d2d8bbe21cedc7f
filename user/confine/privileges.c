/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/capability.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/log.h"
#include "confine/confine.h"

#ifndef CAP_BPF
#define CAP_BPF 39
#endif

/* More capabilities than any kernel has: the first that it does not know ends the loop. */
#define CAPABILITIES_MAX 64

int confine_capabilities(uint64_t keep)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct set[_LINUX_CAPABILITY_U32S_3];

	/* Refused without CAP_SETPCAP: then no_new_privs alone keeps exec from giving any. */
	for (unsigned long i = 0; i < CAPABILITIES_MAX; i++)
		if (!(keep >> i & 1) && prctl(PR_CAPBSET_DROP, i, 0, 0, 0))
			break;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) && errno != EINVAL)
		return -errno;
	if (syscall(SYS_capget, &header, set))
		return -errno;
	for (unsigned i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		set[i].permitted &= (uint32_t)(keep >> (32 * i));
		set[i].effective = set[i].permitted;
		set[i].inheritable = 0;
	}
	return syscall(SYS_capset, &header, set) ? -errno : 0;
}

uint64_t confine_held(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct set[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, set))
		return 0;
	return set[0].effective | (uint64_t)set[1].effective << 32;
}

int confine_private(void)
{
	int err = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? -errno : 0;

#ifndef __SANITIZE_ADDRESS__ /* which looks for leaks as a debugger does */
	err = err ? err : prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) ? -errno : 0;
#endif
	return err;
}

int confine_privileges(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return -errno;
	return confine_capabilities(0);
}

/* c8644cd0efe7 ("bpf: refine kernel.unprivileged_bpf_disabled behaviour"): since then that setting
 * forbids to make maps and programs, no more to use what is open. */
uint64_t confine_use_maps(void)
{
	struct utsname name;
	unsigned major = 0, minor = 0;

	if (!uname(&name) && sscanf(name.release, "%u.%u", &major, &minor) == 2 &&
	    (major > 5 || (major == 5 && minor >= 19)))
		return 0;
	return UINT64_C(1) << CAP_BPF;
}

static atomic_bool threads_give_up;

void confine_threads(void)
{
	threads_give_up = true;
}

void confine_thread(uint64_t keep)
{
	if (threads_give_up && confine_capabilities(keep))
		log_warn("a thread keeps rights that it does not need: %s", strerror(errno));
}

static int limit(int what, rlim_t most)
{
	const struct rlimit both = {most, most};

	return setrlimit(what, &both) ? -errno : 0;
}

int confine_limits(size_t memory, unsigned descriptors)
{
	int err = limit(RLIMIT_NOFILE, descriptors);

	err = err ? err : limit(RLIMIT_NPROC, 0);
	err = err ? err : limit(RLIMIT_FSIZE, 0);
	return err ? err : confine_memory(memory);
}

int confine_memory(size_t memory)
{
	int err = limit(RLIMIT_CORE, 0);

#ifndef __SANITIZE_ADDRESS__ /* whose shadow is as large as the address space */
	if (memory)
		err = err ? err : limit(RLIMIT_DATA, memory);
#else
	(void)memory;
#endif
	return err;
}
