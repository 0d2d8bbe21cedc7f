/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cases/cases.h"

#define FILE_BYTES_MAX (4u << 20)
#define FOLDERS_DEEP   16

static const char *const endings[] = {".cases.yml", ".cases.yaml"};

static size_t ending_of(const char *path, const char *ending)
{
	size_t length = strlen(path), tail = strlen(ending);

	return length > tail && !strcmp(path + length - tail, ending) ? tail : 0;
}

static size_t cases_ending(const char *path)
{
	size_t tail = ending_of(path, endings[0]);

	return tail ? tail : ending_of(path, endings[1]);
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int folder_stat(const char *path, struct stat *status)
{
	char folder[PATH_MAX];

	snprintf(folder, sizeof(folder), "%.*s.", (int)(base_of(path) - path), path);
	return stat(folder, status);
}

/* Rules and cases may be named by different ways to one folder. */
static bool same_folder(const char *a, const char *b)
{
	struct stat of_a, of_b;

	if (base_of(a) - a == base_of(b) - b && !strncmp(a, b, (size_t)(base_of(a) - a)))
		return true;
	return !folder_stat(a, &of_a) && !folder_stat(b, &of_b) && of_a.st_dev == of_b.st_dev &&
	       of_a.st_ino == of_b.st_ino;
}

bool case_is_about(const char *cases_path, const char *rules_path)
{
	const char *cases = base_of(cases_path), *rules = base_of(rules_path);
	size_t stem = strlen(cases) - cases_ending(cases);

	return !strncmp(cases, rules, stem) &&
	       (!strcmp(rules + stem, ".yml") || !strcmp(rules + stem, ".yaml")) &&
	       same_folder(cases_path, rules_path);
}

static int fault(struct faults *faults, const char *path, struct item at, const char *words)
{
	struct place place = at.node ? item_place(at) : (struct place){.file = path};

	fault_add(faults, place, true, "%s", words);
	return -EINVAL;
}

static int file_read(struct case_file *file, struct faults *faults)
{
	FILE *in = fopen(file->path, "r");
	size_t length;

	file->text = in ? calloc(1, FILE_BYTES_MAX) : NULL;
	if (!file->text) {
		int err = errno;

		if (in)
			fclose(in);
		fault(faults, file->path, (struct item){0}, strerror(err));
		return -err;
	}
	length = fread(file->text, 1, FILE_BYTES_MAX, in);
	fclose(in);
	if (length == FILE_BYTES_MAX)
		return fault(faults, file->path, (struct item){0},
			     "more than 4 MiB of cases: make it several files");
	yaml_docs_read(&file->docs, file->path, file->text, length, faults);
	return 0;
}

static int shape_check(struct case_file *file, struct faults *faults)
{
	struct item root;

	if (file->docs.list.len != 1)
		return fault(faults, file->path, (struct item){0},
			     "one document with a list 'cases' would be right");
	root = yaml_root(file->docs.list.at[0]);
	file->cases = item_get(root, "cases");
	if (!item_is_list(file->cases) || !item_len(file->cases))
		return fault(faults, file->path, root, "no list 'cases': it would be right here");
	for (size_t i = 0; i < item_len(file->cases); i++) {
		struct item one = item_at(file->cases, i);

		if (!item_length(item_get(one, "name")))
			return fault(faults, file->path, one, "a case without 'name': give it one");
		if (!item_get(one, "expect").node)
			return fault(faults, file->path, one,
				     "a case without 'expect': a list of rules, or [], or none");
	}
	return 0;
}

int case_file_open(struct case_file *file, const char *path, struct faults *faults)
{
	size_t before = faults->fatal;
	int err;

	*file = (struct case_file){.path = path};
	err = file_read(file, faults);
	if (!err && faults->fatal > before)
		err = -EINVAL;
	err = err ? err : shape_check(file, faults);
	if (err)
		case_file_close(file);
	return err;
}

void case_file_close(struct case_file *file)
{
	yaml_docs_free(&file->docs);
	free(file->text);
	file->text = NULL;
}

/* ---- finding them ---- */

static int path_keep(struct case_paths *paths, const char *path)
{
	char **kept;

	vec_each (known, &paths->list)
		if (!strcmp(*known, path))
			return 0;
	kept = vec_add(&paths->list);
	if (!kept)
		return -ENOMEM;
	*kept = strdup(path);
	return *kept ? 0 : -ENOMEM;
}

static int folder_add(struct case_paths *paths, const char *folder, unsigned deep);

static int path_add(struct case_paths *paths, const char *path, unsigned deep)
{
	struct stat about;

	if (stat(path, &about))
		return -errno;
	if (S_ISDIR(about.st_mode))
		return deep < FOLDERS_DEEP ? folder_add(paths, path, deep + 1) : 0;
	return cases_ending(path) ? path_keep(paths, path) : 0;
}

static int folder_add(struct case_paths *paths, const char *folder, unsigned deep)
{
	struct dirent **names;
	int n = scandir(folder, &names, NULL, alphasort), err = 0;

	if (n < 0)
		return -errno;
	for (int i = 0; i < n; i++) {
		char path[4096];

		snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name);
		if (names[i]->d_name[0] != '.' && !err)
			err = path_add(paths, path, deep);
		free(names[i]);
	}
	free(names);
	return err;
}

/* Of a file of rules, the cases beside it. */
static int beside_add(struct case_paths *paths, const char *path)
{
	size_t tail = ending_of(path, ".yml");
	char beside[4096];

	tail = tail ? tail : ending_of(path, ".yaml");
	if (!tail)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		snprintf(beside, sizeof(beside), "%.*s%s", (int)(strlen(path) - tail), path,
			 endings[i]);
		if (!path_add(paths, beside, 0))
			return 0;
	}
	return -ENOENT;
}

int case_paths_add(struct case_paths *paths, const char *path)
{
	struct stat about;

	if (stat(path, &about))
		return -errno;
	if (S_ISDIR(about.st_mode) || cases_ending(path))
		return path_add(paths, path, 0);
	return beside_add(paths, path);
}

void case_paths_free(struct case_paths *paths)
{
	vec_each (path, &paths->list)
		free(*path);
	vec_free(&paths->list);
}
