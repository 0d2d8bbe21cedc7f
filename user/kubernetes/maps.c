/* SPDX-License-Identifier: Apache-2.0 */
#include "kubernetes/maps.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "kubernetes/message.h"

/* Rules are not looked for in what begins with a dot. */
#define TRY   ".try"
#define STAGE ".stage"

#define FILE_MAX 128 /* a file's name */

struct map {
	char name[POD_TEXT_MAX + 1];
	uint64_t content; /* a keyed hash of what was told last */
	uint64_t round;
	bool stands;	 /* its folder is there */
	char fault[512]; /* "": it was taken */
};

struct maps {
	int folder;
	char *path;
	struct maps_ops ops;
	struct map *list;
	size_t len;
	uint64_t round, taken, refused, left_out;
};

/* ---- folders ---- */

static bool is_name(const char *name)
{
	size_t length = strlen(name);

	return length && length <= POD_TEXT_MAX && name[0] != '.' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") ==
		       length;
}

static bool is_file(const char *name)
{
	const char *dot = strrchr(name, '.');

	return is_name(name) && strlen(name) < FILE_MAX && dot &&
	       (!strcmp(dot, ".yml") || !strcmp(dot, ".yaml"));
}

static int open_folder(int at, const char *name)
{
	return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* The folder with its files; folders in it are none of ours. */
static void remove_folder(int at, const char *name)
{
	int fd = open_folder(at, name);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (folder && (entry = readdir(folder)))
		unlinkat(fd, entry->d_name, 0);
	if (folder)
		closedir(folder);
	unlinkat(at, name, AT_REMOVEDIR);
}

static int write_file(int at, const char *name, const char *text)
{
	int fd = openat(at, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	size_t length = strlen(text);
	int err = fd < 0 ? -errno : 0;

	if (!err && write(fd, text, length) != (ssize_t)length)
		err = errno ? -errno : -ENOSPC;
	if (!err && fsync(fd))
		err = -errno;
	if (fd >= 0)
		close(fd);
	return err;
}

static int write_try(const struct maps *maps, json_t *files)
{
	const char *name;
	json_t *text;
	int fd, err;

	remove_folder(maps->folder, TRY);
	if (mkdirat(maps->folder, TRY, 0700))
		return -errno;
	fd = open_folder(maps->folder, TRY);
	err = fd < 0 ? -errno : 0;
	json_object_foreach(files, name, text) err =
		err ? err : write_file(fd, name, json_string_value(text));
	if (fd >= 0)
		close(fd);
	return err;
}

/* ---- which there are ---- */

static struct map *find(const struct maps *maps, const char *name)
{
	for (size_t i = 0; i < maps->len; i++)
		if (!strcmp(maps->list[i].name, name))
			return &maps->list[i];
	return NULL;
}

static struct map *add(struct maps *maps, const char *name)
{
	struct map *map;

	if (maps->len >= MAPS_MAX) {
		maps->left_out++;
		return NULL;
	}
	map = &maps->list[maps->len++];
	*map = (struct map){.round = maps->round};
	snprintf(map->name, sizeof(map->name), "%s", name);
	return map;
}

static void drop(struct maps *maps, struct map *map)
{
	if (map->stands) {
		remove_folder(maps->folder, map->name);
		maps->ops.changed(maps->ops.context);
	}
	*map = maps->list[--maps->len];
}

/* Those of an earlier run: until the API says otherwise. */
static void read_folder(struct maps *maps)
{
	int fd = open_folder(maps->folder, ".");
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	struct stat status;

	while (folder && (entry = readdir(folder))) {
		struct map *map;

		if (!is_name(entry->d_name) ||
		    fstatat(maps->folder, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) ||
		    !S_ISDIR(status.st_mode))
			continue;
		map = add(maps, entry->d_name);
		if (map)
			map->stands = true;
	}
	if (folder)
		closedir(folder);
}

struct maps *maps_open(const char *folder, const struct maps_ops *ops, struct error *error)
{
	struct maps *maps = calloc(1, sizeof(*maps));
	int err = 0;

	if (maps) {
		maps->ops = *ops;
		maps->path = strdup(folder);
		maps->list = calloc(MAPS_MAX, sizeof(*maps->list));
		if (mkdir(folder, 0700) && errno != EEXIST)
			err = errno;
		maps->folder = open_folder(AT_FDCWD, folder);
		if (maps->folder < 0)
			err = errno;
	}
	if (maps && maps->path && maps->list && !err) {
		read_folder(maps);
		return maps;
	}
	maps_close(maps);
	error_set(error, EXIT_SYSTEM, err ? err : ENOMEM,
		  "kubernetes.rules_folder: %s: %s: a folder that weir may write would be right",
		  folder, strerror(err ? err : ENOMEM));
	return NULL;
}

void maps_close(struct maps *maps)
{
	if (!maps)
		return;
	if (maps->folder >= 0)
		close(maps->folder);
	free(maps->list);
	free(maps->path);
	free(maps);
}

/* ---- one ---- */

/* A folder of links to all others that stand, and to the one that is tried under its name. */
static int stage(const struct maps *maps, const struct map *map)
{
	char target[POD_TEXT_MAX + 8];
	int fd, err = 0;

	remove_folder(maps->folder, STAGE);
	if (mkdirat(maps->folder, STAGE, 0700))
		return -errno;
	fd = open_folder(maps->folder, STAGE);
	if (fd < 0)
		return -errno;
	for (size_t i = 0; i < maps->len && !err; i++) {
		const struct map *one = &maps->list[i];

		if (one != map && !one->stands)
			continue;
		snprintf(target, sizeof(target), "../%s", one == map ? TRY : one->name);
		err = symlinkat(target, fd, one->name) ? -errno : 0;
	}
	close(fd);
	return err;
}

static bool loads(const struct maps *maps, const struct map *map, struct error *error)
{
	char *staged = NULL;
	int err = stage(maps, map);
	bool good = false;

	if (!err && asprintf(&staged, "%s/" STAGE, maps->path) < 0)
		staged = NULL;
	if (staged)
		good = maps->ops.load(maps->ops.context, staged, error);
	else
		error_set(error, EXIT_SYSTEM, -err, "%s", strerror(err ? -err : ENOMEM));
	remove_folder(maps->folder, STAGE);
	free(staged);
	return good;
}

static void refuse(struct maps *maps, struct map *map, const char *words)
{
	maps->refused++;
	snprintf(map->fault, sizeof(map->fault), "%s", words);
	remove_folder(maps->folder, TRY);
	log_warn("ConfigMap %s is not taken, what it was before stays: %s", map->name, words);
}

static void try_map(struct maps *maps, struct map *map, json_t *files)
{
	struct error error = {0};
	int err = write_try(maps, files);

	if (err) {
		refuse(maps, map, strerror(-err));
		return;
	}
	if (!loads(maps, map, &error)) {
		refuse(maps, map, error.text);
		return;
	}
	if (renameat2(maps->folder, TRY, maps->folder, map->name,
		      map->stands ? RENAME_EXCHANGE : 0)) {
		refuse(maps, map, strerror(errno));
		return;
	}
	remove_folder(maps->folder, TRY);
	map->stands = true;
	maps->ops.changed(maps->ops.context);
	map->fault[0] = '\0';
	maps->taken++;
}

/* Of the names and texts, whatever their order. */
static uint64_t content_of(json_t *files)
{
	char *text = json_dumps(files, JSON_COMPACT | JSON_SORT_KEYS);
	uint64_t content = text ? hash_bytes(text, strlen(text)) | 1 : 0;

	free(text);
	return content;
}

static bool files_are_good(json_t *files)
{
	const char *name;
	json_t *text;

	if (!json_is_object(files) || json_object_size(files) > MAP_FILES_MAX)
		return false;
	json_object_foreach(files, name, text) if (!is_file(name) || !json_is_string(text) ||
						   strlen(json_string_value(text)) !=
							   json_string_length(text)) return false;
	return true;
}

bool maps_take(struct maps *maps, const json_t *message)
{
	const char *name = json_string_value(json_object_get(message, "map"));
	json_t *files = json_object_get(message, "files");
	struct map *map;
	uint64_t content;

	if (!name || !is_name(name) || !files_are_good(files))
		return false;
	map = find(maps, name);
	map = map ? map : add(maps, name);
	if (!map)
		return true;
	map->round = maps->round;
	content = content_of(files);
	if (content && content == map->content)
		return true;
	map->content = content;
	try_map(maps, map, files);
	return true;
}

bool maps_take_gone(struct maps *maps, const json_t *message)
{
	const char *name = json_string_value(json_object_get(message, "map_gone"));
	struct map *map = name ? find(maps, name) : NULL;

	if (map)
		drop(maps, map);
	return name;
}

void maps_begin(struct maps *maps)
{
	maps->round++;
}

void maps_end(struct maps *maps)
{
	for (size_t i = 0; i < maps->len;)
		if (maps->list[i].round == maps->round)
			i++;
		else
			drop(maps, &maps->list[i]);
}

json_t *maps_status(const struct maps *maps, bool *degraded)
{
	json_t *wrong = json_object();
	uint64_t stand = 0;

	for (size_t i = 0; i < maps->len; i++) {
		stand += maps->list[i].stands;
		if (!maps->list[i].fault[0])
			continue;
		json_object_set_new(wrong, maps->list[i].name, json_string(maps->list[i].fault));
		*degraded = true;
	}
	return json_pack("{s:I, s:I, s:I, s:I, s:o}", "maps", (json_int_t)stand, "taken",
			 (json_int_t)maps->taken, "refused", (json_int_t)maps->refused, "left_out",
			 (json_int_t)maps->left_out, "wrong", wrong);
}
