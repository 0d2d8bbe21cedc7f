/* SPDX-License-Identifier: Apache-2.0 */
#include "base/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static atomic_bool demanded;
static uid_t program_owner;

/* Before there are threads. */
void trust_demand(void)
{
	struct stat program;

	program_owner = stat("/proc/self/exe", &program) ? 0 : program.st_uid;
	demanded = true;
}

bool trust_demanded(void)
{
	return demanded;
}

/* A folder in which everybody may write, but remove only his own (/tmp), is as good as another. */
static bool all_may_write(const struct stat *st)
{
	return (st->st_mode & S_IWOTH) && !(S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX)) &&
	       !S_ISCHR(st->st_mode) && !S_ISFIFO(st->st_mode);
}

static bool believe(const struct stat *st, char why[TRUST_WHY_MAX])
{
	if (st->st_uid != 0 && st->st_uid != geteuid() && st->st_uid != program_owner)
		snprintf(why, TRUST_WHY_MAX,
			 "belongs to user %u: weir takes root's or its own (chown root)",
			 (unsigned)st->st_uid);
	else if (all_may_write(st))
		snprintf(why, TRUST_WHY_MAX, "everybody may write it: chmod o-w would be right");
	else
		return true;
	return false;
}

bool trust_fd(int fd, char why[TRUST_WHY_MAX])
{
	struct stat st;

	return !demanded || fstat(fd, &st) || believe(&st, why);
}

bool trust_path(const char *path, char why[TRUST_WHY_MAX])
{
	struct stat st;

	if (!demanded || lstat(path, &st))
		return true;
	if (!S_ISLNK(st.st_mode))
		return believe(&st, why);
	snprintf(why, TRUST_WHY_MAX, "is a link: the name of the file itself would be right");
	return false;
}
