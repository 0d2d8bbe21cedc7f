/* SPDX-License-Identifier: Apache-2.0 */
#include "host/package.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/hash.h"

static const struct package_kind *const kinds[] = {
	&package_dpkg,
	&package_apk,
	&package_rpm,
	&package_pacman,
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* ---- folders that are links ---- */

static const char *const merged[] = {"bin",   "sbin",	"lib",	    "lib32",
				     "lib64", "libx32", "usr/sbin", "usr/lib64"};

/* The folder that `name` is a link to, if it is one within the root and without detours. */
static bool alias_of(const struct host_root *root, const char *name, struct folder_alias *alias)
{
	const char *slash = strrchr(name, '/');
	int parent = slash ? (int)(slash + 1 - name) : 0;
	char target[40];
	size_t length;

	if (!host_read_link(root, name, target, sizeof(target)) || strstr(target, ".."))
		return false;
	length = strlen(target);
	while (length > 1 && target[length - 1] == '/')
		target[--length] = '\0';
	if (target[0] == '/')
		snprintf(alias->to, sizeof(alias->to), "%s/", target);
	else
		snprintf(alias->to, sizeof(alias->to), "/%.*s%s/", parent, name, target);
	snprintf(alias->from, sizeof(alias->from), "/%s/", name);
	return true;
}

static void aliases_read(const struct host_root *root, struct package_index *index)
{
	for (size_t i = 0; i < sizeof(merged) / sizeof(merged[0]); i++)
		if (alias_of(root, merged[i], &index->aliases[index->aliases_len]))
			index->aliases_len++;
}

static bool unalias(const struct package_index *index, char path[PATH_MAX], size_t *length)
{
	for (size_t i = 0; i < index->aliases_len; i++) {
		const struct folder_alias *alias = &index->aliases[i];
		size_t from = strlen(alias->from), to = strlen(alias->to);

		if (*length < from || memcmp(path, alias->from, from) ||
		    *length - from + to >= PATH_MAX)
			continue;
		memmove(path + to, path + from, *length - from);
		memcpy(path, alias->to, to);
		*length = *length - from + to;
		return true;
	}
	return false;
}

/* The path as the kernel would say it. Links may lead to links (/sbin, /usr/sbin, /usr/bin). */
static bool canonical(const struct package_index *index, const char *path, size_t *length,
		      char to[PATH_MAX])
{
	if (!*length || *length >= PATH_MAX || path[0] != '/')
		return false;
	memcpy(to, path, *length);
	for (unsigned i = 0; i < 3 && unalias(index, to, length); i++)
		;
	return true;
}

/* ---- the index ---- */

int package_charge(struct package_index *index, uint64_t cost)
{
	if (cost > index->budget)
		return -EFBIG;
	index->budget -= cost;
	return 0;
}

void package_add(struct package_index *index, const char *path, size_t length)
{
	char whole[PATH_MAX];

	if (canonical(index, path, &length, whole))
		paths_add(&index->paths, whole, length);
}

bool package_has(const struct package_index *index, const char *path)
{
	char whole[PATH_MAX];
	size_t length = strlen(path);

	return canonical(index, path, &length, whole) && paths_has(&index->paths, whole, length);
}

static bool there(const struct host_root *root, const char *path, struct stat *facts)
{
	int place = host_open(root, path, 0, facts);

	if (place < 0)
		return false;
	close(place);
	return true;
}

static bool kind_there(const struct host_root *root, const struct package_kind *kind)
{
	struct stat facts;

	for (size_t i = 0; kind->marks[i]; i++)
		if (there(root, kind->marks[i], &facts))
			return true;
	return false;
}

void package_read(const struct host_root *root, struct package_index *index)
{
	index->budget = root->whole ? PACKAGE_BYTES_OWN : PACKAGE_BYTES_OTHER;
	aliases_read(root, index);
	for (size_t i = 0; i < KINDS; i++) {
		if (!kind_there(root, kinds[i]))
			continue;
		index->found = true;
		if (kinds[i]->read(root, index))
			index->partial = true;
	}
	index->partial |= index->paths.full;
}

void package_free(struct package_index *index)
{
	paths_free(&index->paths);
}

uint64_t package_stamp(const struct host_root *root)
{
	uint64_t stamp = 0;

	for (size_t i = 0; i < KINDS; i++) {
		for (size_t m = 0; kinds[i]->marks[m]; m++) {
			struct stat facts;
			uint64_t words[6] = {stamp};

			if (there(root, kinds[i]->marks[m], &facts)) {
				words[1] = facts.st_ino;
				words[2] = (uint64_t)facts.st_size;
				words[3] = (uint64_t)facts.st_mtim.tv_sec;
				words[4] = (uint64_t)facts.st_mtim.tv_nsec;
				words[5] = i << 8 | (m + 1);
			}
			stamp = hash_bytes(words, sizeof(words));
		}
	}
	return stamp;
}

/* ---- stores ---- */

/* Read-only images that snapd mounts, and folders that nothing but their managers writes to; the
 * mark shows that there is such a manager. Below a home folder anybody may write: not these. */
static const struct {
	const char *folder, *mark;
	unsigned long magic; /* of the file system; 0: any */
} stores[] = {
	{"/snap/", NULL, SQUASHFS_MAGIC},
	{"/var/lib/snapd/snap/", NULL, SQUASHFS_MAGIC},
	{"/var/lib/flatpak/app/", "var/lib/flatpak/repo/config", 0},
	{"/var/lib/flatpak/runtime/", "var/lib/flatpak/repo/config", 0},
	{"/nix/store/", "nix/var/nix/db/db.sqlite", 0},
	{"/gnu/store/", "var/guix/db/db.sqlite", 0},
};

static bool lies_on(const struct host_root *root, const char *path, unsigned long magic)
{
	int place = host_open(root, path, 0, NULL);
	struct statfs facts;
	bool is;

	if (place < 0)
		return false;
	is = !fstatfs(place, &facts) && (unsigned long)facts.f_type == magic;
	close(place);
	return is;
}

bool package_stored(const struct host_root *root, const char *path)
{
	for (size_t i = 0; i < sizeof(stores) / sizeof(stores[0]); i++) {
		struct stat facts;

		if (strncmp(path, stores[i].folder, strlen(stores[i].folder)))
			continue;
		return stores[i].mark ? there(root, stores[i].mark, &facts)
				      : lies_on(root, path + 1, stores[i].magic);
	}
	return false;
}
