/* SPDX-License-Identifier: Apache-2.0 */
#include "process/cgroups.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/table.h"

/* A file handle of kernfs, which cgroup2 is made of: FILEID_KERNFS, and the id as 8 bytes. */
#define HANDLE_KERNFS 0xfe

struct cgroup {
	uint64_t id;
	TAILQ_ENTRY(cgroup) age; /* the longest not asked for first */
	bool service;
	char path[]; /* empty: not known */
};

struct cgroups {
	cgroups_find_fn *find;
	void *context;
	struct table by_id;
	TAILQ_HEAD(, cgroup) age;
};

struct cgroups *cgroups_new(cgroups_find_fn *find, void *context)
{
	struct cgroups *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->find = find;
	c->context = context;
	table_init(&c->by_id, sizeof(uint64_t), offsetof(struct cgroup, id));
	TAILQ_INIT(&c->age);
	return c;
}

static void drop(struct cgroups *c, struct cgroup *cgroup)
{
	table_remove(&c->by_id, cgroup);
	TAILQ_REMOVE(&c->age, cgroup, age);
	free(cgroup);
}

void cgroups_free(struct cgroups *c)
{
	struct cgroup *first;

	if (!c)
		return;
	while ((first = TAILQ_FIRST(&c->age)))
		drop(c, first);
	table_free(&c->by_id);
	free(c);
}

/* "…/ssh.service" and what is below it, but not a user's manager, "user@1000.service". */
static bool names_service(const char *path)
{
	static const char suffix[] = ".service";

	while (*path) {
		size_t length = strcspn(++path, "/");

		if (length > sizeof(suffix) - 1 && strncmp(path, "user@", 5) != 0 &&
		    !strncmp(path + length - (sizeof(suffix) - 1), suffix, sizeof(suffix) - 1))
			return true;
		if (!strncmp(path, "user@", 5))
			return false;
		path += length;
	}
	return false;
}

static struct cgroup *learn(struct cgroups *c, uint64_t id)
{
	struct cgroup *cgroup;
	char path[PATH_MAX];

	if (c->find(c->context, id, path))
		return NULL;
	cgroup = malloc(sizeof(*cgroup) + strlen(path) + 1);
	if (!cgroup)
		return NULL;
	cgroup->id = id;
	cgroup->service = names_service(path);
	strcpy(cgroup->path, path);
	if (c->by_id.count >= CGROUPS_MAX)
		drop(c, TAILQ_FIRST(&c->age));
	if (table_insert(&c->by_id, cgroup)) {
		free(cgroup);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&c->age, cgroup, age);
	return cgroup;
}

static struct cgroup *known_of(struct cgroups *c, uint64_t id)
{
	struct cgroup *cgroup = table_find(&c->by_id, &id);

	if (!id)
		return NULL;
	if (!cgroup)
		return learn(c, id);
	TAILQ_REMOVE(&c->age, cgroup, age);
	TAILQ_INSERT_TAIL(&c->age, cgroup, age);
	return cgroup;
}

const char *cgroups_path(struct cgroups *c, uint64_t id)
{
	const struct cgroup *cgroup = known_of(c, id);

	return cgroup && cgroup->path[0] ? cgroup->path : NULL;
}

bool cgroups_is_service(struct cgroups *c, uint64_t id)
{
	const struct cgroup *cgroup = known_of(c, id);

	return cgroup && cgroup->service;
}

/* ---- the kernel's word ---- */

static void path_of_fd(int fd, char path[PATH_MAX])
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, PATH_MAX - 1);
	path[n > 0 ? n : 0] = '\0';
}

void cgroups_root_path(int mount, char root[PATH_MAX])
{
	path_of_fd(mount, root);
}

void cgroups_read_path(int mount, const char *root, uint64_t id, char path[PATH_MAX])
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + sizeof(uint64_t)];
	} h = {.handle = {.handle_bytes = sizeof(id), .handle_type = HANDLE_KERNFS}};
	size_t above = strlen(root);
	int fd;

	path[0] = '\0';
	memcpy(h.handle.f_handle, &id, sizeof(id));
	fd = open_by_handle_at(mount, &h.handle, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return;
	path_of_fd(fd, path);
	close(fd);
	if (strncmp(path, root, above) != 0) {
		path[0] = '\0';
		return;
	}
	memmove(path, path + above, strlen(path + above) + 1);
	if (!path[0])
		strcpy(path, "/");
}

int cgroups_open_root(void)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent entry;
	char line[4096];
	int fd = -ENOENT;

	if (!mounts)
		return -errno;
	while (fd < 0 && getmntent_r(mounts, &entry, line, sizeof(line))) {
		if (strcmp(entry.mnt_type, "cgroup2") != 0)
			continue;
		fd = open(entry.mnt_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			fd = -errno;
	}
	endmntent(mounts);
	return fd;
}
