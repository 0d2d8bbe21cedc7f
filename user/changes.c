/* SPDX-License-Identifier: Apache-2.0 */
#include "changes.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDERS_DEEP 16 /* as rules are looked for */

struct changes {
	int fd;
	int folders[CHANGES_FOLDERS]; /* what the kernel calls them */
	size_t watched, left_out;
	weir_time first, last; /* change that was not told yet; TIME_NONE: there is none */
};

struct changes *changes_open(void)
{
	struct changes *changes = calloc(1, sizeof(*changes));

	if (!changes)
		return NULL;
	changes->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	changes->first = changes->last = TIME_NONE;
	if (changes->fd >= 0)
		return changes;
	free(changes);
	return NULL;
}

void changes_close(struct changes *changes)
{
	if (!changes)
		return;
	close(changes->fd);
	free(changes);
}

/* ---- what is watched ---- */

static void note_folder(struct changes *changes, int folder)
{
	for (size_t i = 0; i < changes->watched; i++)
		if (changes->folders[i] == folder)
			return;
	changes->folders[changes->watched++] = folder;
}

static void watch_folder(struct changes *changes, const char *path)
{
	const uint32_t what = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_CLOSE_WRITE |
			      IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

	int folder = changes->watched < CHANGES_FOLDERS ? inotify_add_watch(changes->fd, path, what)
							: -1;

	if (folder < 0)
		changes->left_out++;
	else
		note_folder(changes, folder);
}

/* What begins with a dot is not read, and so not watched: of a ConfigMap the link "..data" is what
 * changes, and stands in the folder itself. */
static void watch_below(struct changes *changes, const char *path, unsigned depth)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	char inner[PATH_MAX];
	struct stat status;

	watch_folder(changes, path);
	while (folder && depth < FOLDERS_DEEP && (entry = readdir(folder))) {
		int length = snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);

		if (entry->d_name[0] != '.' && length < (int)sizeof(inner) &&
		    !stat(inner, &status) && S_ISDIR(status.st_mode))
			watch_below(changes, inner, depth + 1);
	}
	if (folder)
		closedir(folder);
}

void changes_watch(struct changes *changes, const char *path)
{
	struct stat status;
	const char *slash;
	char parent[PATH_MAX];

	if (!path)
		return;
	if (!stat(path, &status) && S_ISDIR(status.st_mode)) {
		watch_below(changes, path, 0);
		return;
	}
	slash = strrchr(path, '/');
	snprintf(parent, sizeof(parent), "%.*s", slash ? (int)(slash - path) + 1 : 1,
		 slash ? path : ".");
	if (!stat(parent, &status) && S_ISDIR(status.st_mode))
		watch_folder(changes, parent);
}

void changes_forget(struct changes *changes)
{
	int fresh = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fresh < 0)
		return;
	close(changes->fd);
	changes->fd = fresh;
	changes->watched = changes->left_out = 0;
}

/* ---- what has happened ---- */

static bool ends_with(const char *name, const char *end)
{
	size_t length = strlen(name), tail = strlen(end);

	return length >= tail && !strcmp(name + length - tail, end);
}

/* Editors' own files, and others that are no configuration and no rules, say nothing. A folder may
 * hold some. */
static bool counts(const struct inotify_event *event)
{
	if (!event->len || event->mask & (IN_ISDIR | IN_Q_OVERFLOW))
		return !(event->mask & IN_IGNORED);
	return !strcmp(event->name, "..data") || ends_with(event->name, ".yml") ||
	       ends_with(event->name, ".yaml");
}

static bool read_events(struct changes *changes)
{
	_Alignas(struct inotify_event) char room[16384];
	bool any = false;
	ssize_t n;

	while ((n = read(changes->fd, room, sizeof(room))) > 0)
		for (char *at = room; at < room + n;) {
			const struct inotify_event *event = (const struct inotify_event *)at;

			any |= counts(event);
			at += sizeof(*event) + event->len;
		}
	return any;
}

bool changes_due(struct changes *changes, weir_time now)
{
	if (read_events(changes)) {
		changes->last = now;
		if (changes->first == TIME_NONE)
			changes->first = now;
	}
	if (changes->first == TIME_NONE ||
	    (now - changes->last < CHANGES_STILL && now - changes->first < CHANGES_MOST))
		return false;
	changes->first = changes->last = TIME_NONE;
	return true;
}

void changes_counts(const struct changes *changes, size_t *watched, size_t *left_out)
{
	*watched = changes->watched;
	*left_out = changes->left_out;
}
