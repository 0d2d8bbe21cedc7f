/* SPDX-License-Identifier: Apache-2.0 */
#include "visitor/spaces.h"

#include <ctype.h>
#include <dirent.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define ALL	   "all"
#define OF_PROCESS "pid:"

static const struct spaces_roots usual = {"/run/netns", "/proc"};

struct finding {
	struct spaces *spaces;
	struct spaces excluded; /* with this process's own */
	const char *const *patterns;
	const struct spaces_roots *roots;
};

/* ---- one of them ---- */

static bool is_in(const struct spaces *spaces, const struct stat *file)
{
	vec_each (space, &spaces->found)
		if (space->inode == file->st_ino && space->device == file->st_dev)
			return true;
	return false;
}

static void add(struct spaces *spaces, const char *name, const char *path, const struct stat *file)
{
	struct space *space;

	if (is_in(spaces, file))
		return;
	space = spaces->found.len < SPACES_MAX ? vec_add(&spaces->found) : NULL;
	if (!space) {
		spaces->left_out++;
		return;
	}
	snprintf(space->name, sizeof(space->name), "%s", name);
	snprintf(space->path, sizeof(space->path), "%s", path);
	space->device = file->st_dev;
	space->inode = file->st_ino;
}

static void consider(struct finding *finding, const char *name, const char *path)
{
	struct stat file;

	if (!stat(path, &file) && !is_in(&finding->excluded, &file))
		add(finding->spaces, name, path, &file);
}

/* ---- by name ---- */

enum choice { UNSAID, WANTED, EXCLUDED };

static enum choice choose(const char *const *patterns, const char *name)
{
	enum choice choice = UNSAID;

	for (; *patterns; patterns++) {
		if (**patterns == '!') {
			if (!fnmatch(*patterns + 1, name, 0))
				return EXCLUDED;
		} else if (!strcmp(*patterns, ALL) || !fnmatch(*patterns, name, 0)) {
			choice = WANTED;
		}
	}
	return choice;
}

/* Calls for each entry of a folder that is not hidden. */
static void each_entry(struct finding *finding, const char *folder,
		       void (*each)(struct finding *finding, const char *name))
{
	DIR *entries = opendir(folder);
	struct dirent *entry;

	while (entries && (entry = readdir(entries)))
		if (entry->d_name[0] != '.')
			each(finding, entry->d_name);
	if (entries)
		closedir(entries);
}

static void name_path(const struct finding *finding, const char *name, char path[SPACE_PATH_MAX])
{
	snprintf(path, SPACE_PATH_MAX, "%s/%.200s", finding->roots->names, name);
}

static void exclude_name(struct finding *finding, const char *name)
{
	char path[SPACE_PATH_MAX];
	struct stat file;

	name_path(finding, name, path);
	if (choose(finding->patterns, name) == EXCLUDED && !stat(path, &file))
		add(&finding->excluded, name, path, &file);
}

static void take_name(struct finding *finding, const char *name)
{
	char path[SPACE_PATH_MAX];

	name_path(finding, name, path);
	if (choose(finding->patterns, name) == WANTED)
		consider(finding, name, path);
}

/* ---- by process ---- */

static void process_path(const struct finding *finding, const char *pid, char path[SPACE_PATH_MAX])
{
	snprintf(path, SPACE_PATH_MAX, "%s/%.20s/ns/net", finding->roots->processes, pid);
}

static void take_process(struct finding *finding, const char *pid)
{
	char path[SPACE_PATH_MAX], name[SPACE_NAME_MAX];

	if (!isdigit((unsigned char)*pid))
		return;
	process_path(finding, pid, path);
	snprintf(name, sizeof(name), OF_PROCESS "%.20s", pid);
	consider(finding, name, path);
}

static void exclude_own(struct finding *finding)
{
	char path[SPACE_PATH_MAX];
	struct stat file;

	process_path(finding, "self", path);
	if (!stat(path, &file))
		add(&finding->excluded, "", path, &file);
}

/* ---- all ---- */

void spaces_find(struct spaces *spaces, const char *const *patterns,
		 const struct spaces_roots *roots)
{
	struct finding finding = {
		.spaces = spaces, .patterns = patterns, .roots = roots ? roots : &usual};

	spaces->found.len = spaces->left_out = 0;
	exclude_own(&finding);
	each_entry(&finding, finding.roots->names, exclude_name);
	each_entry(&finding, finding.roots->names, take_name);
	for (; *patterns; patterns++) {
		if (!strncmp(*patterns, OF_PROCESS, sizeof(OF_PROCESS) - 1))
			take_process(&finding, *patterns + sizeof(OF_PROCESS) - 1);
		else if (!strcmp(*patterns, ALL))
			each_entry(&finding, finding.roots->processes, take_process);
	}
	spaces_free(&finding.excluded);
}

void spaces_free(struct spaces *spaces)
{
	vec_free(&spaces->found);
}
