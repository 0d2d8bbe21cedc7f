/* SPDX-License-Identifier: Apache-2.0 */
/* Landlock, by its system calls: the C library has no functions for them. */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine/confine.h"

/* Of linux/landlock.h, where the installed one is older than the kernel; a kernel that is older
 * takes zeroes for what it does not know. */
struct ruleset {
	uint64_t files, net, scoped;
};

enum {
	ACCESS_EXECUTE = 1 << 0,
	ACCESS_WRITE_FILE = 1 << 1,
	ACCESS_READ_FILE = 1 << 2,
	ACCESS_READ_DIR = 1 << 3,
	ACCESS_REMOVE_FILE = 1 << 5,
	ACCESS_MAKE_DIR = 1 << 7,
	ACCESS_MAKE_REG = 1 << 8,
	ACCESS_REFER = 1 << 13,	      /* version 2 */
	ACCESS_TRUNCATE = 1 << 14,    /* version 3 */
	ACCESS_IOCTL_DEV = 1 << 15,   /* version 5 */
	ACCESS_FIRST = (1 << 13) - 1, /* all of version 1 */
	NET_CONNECT = 2,	      /* TCP; version 4 */
	NET_BIND_AND_CONNECT = 3,
	RULE_NET_PORT = 2,
	SCOPE_ABSTRACT_SOCKETS = 1, /* version 6 */
};

static uint64_t all_access(unsigned version)
{
	uint64_t access = ACCESS_FIRST;

	if (version >= 2)
		access |= ACCESS_REFER;
	if (version >= 3)
		access |= ACCESS_TRUNCATE;
	if (version >= 5)
		access |= ACCESS_IOCTL_DEV;
	return access;
}

static unsigned landlock_version(void)
{
	long version =
		syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return version > 0 ? (unsigned)version : 0;
}

static uint64_t access_of(const struct confine_path *path, int fd, uint64_t all)
{
	uint64_t access = ACCESS_READ_FILE | ACCESS_READ_DIR;
	struct stat st;

	if (path->write)
		access |= ACCESS_WRITE_FILE | ACCESS_REMOVE_FILE | ACCESS_MAKE_DIR |
			  ACCESS_MAKE_REG | ACCESS_TRUNCATE | ACCESS_REFER;
	/* What only folders have is refused for anything else. */
	if (!fstat(fd, &st) && !S_ISDIR(st.st_mode))
		access &= ACCESS_READ_FILE | ACCESS_WRITE_FILE | ACCESS_TRUNCATE;
	return access & all;
}

static int allow(int ruleset, const struct confine_path *path, uint64_t all)
{
	struct landlock_path_beneath_attr rule = {0};
	int err = 0, fd;

	if (!path->path)
		return 0;
	fd = open(path->path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	rule.parent_fd = fd;
	rule.allowed_access = access_of(path, fd, all);
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0))
		err = -errno;
	close(fd);
	return err;
}

/* Of linux/landlock.h, likewise. */
struct port_rule {
	uint64_t allowed, port;
};

static int allow_port(int ruleset, uint16_t port)
{
	const struct port_rule rule = {NET_CONNECT, port};

	return syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &rule, 0) ? -errno : 0;
}

static int restrict_self(int ruleset)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    syscall(SYS_landlock_restrict_self, ruleset, 0))
		return -errno;
	return 0;
}

int confine_files(const struct confine_path *paths, size_t count)
{
	return confine_files_and_port(paths, count, 0);
}

int confine_files_and_port(const struct confine_path *paths, size_t count, uint16_t port)
{
	unsigned version = landlock_version();
	const struct ruleset handled = {
		.files = all_access(version),
		.net = version >= 4 ? NET_BIND_AND_CONNECT : 0,
		.scoped = version >= 6 ? SCOPE_ABSTRACT_SOCKETS : 0,
	};
	int ruleset, err = 0;

	if (!version)
		return 0;
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof(handled), 0);
	if (ruleset < 0)
		return -errno;
	for (size_t i = 0; i < count && !err; i++)
		err = allow(ruleset, &paths[i], handled.files);
	if (port && handled.net)
		err = err ? err : allow_port(ruleset, port);
	err = err ? err : restrict_self(ruleset);
	close(ruleset);
	return err ? err : (int)version;
}

void confine_probe(struct confinement *has)
{
	/* A filter of nothing at all is refused for its address where there are filters. */
	has->calls = prctl(PR_SET_SECCOMP, 2 /* SECCOMP_MODE_FILTER */, NULL, 0, 0) == -1 &&
		     errno == EFAULT;
	has->files = landlock_version();
}
