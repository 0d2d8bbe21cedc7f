/* SPDX-License-Identifier: Apache-2.0 */
#include "event/archive.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define ENDING ".jsonl.zst"

bool archive_path(const char *folder, weir_time hour, unsigned number, char path[ARCHIVE_PATH_MAX])
{
	time_t seconds = (time_t)(hour / WEIR_SEC);
	char name[32], part[16] = "";
	struct tm tm;
	int length;

	gmtime_r(&seconds, &tm);
	strftime(name, sizeof(name), "%Y%m%dT%H", &tm);
	if (number)
		snprintf(part, sizeof(part), ".%u", number);
	length = snprintf(path, ARCHIVE_PATH_MAX, "%s/%s%s" ENDING, folder, name, part);
	return length < ARCHIVE_PATH_MAX;
}

/* The hour and number that a name says; false: it is none of ours. */
static bool read_name(const char *name, weir_time *hour, unsigned *number)
{
	struct tm tm = {0};
	const char *rest = strptime(name, "%Y%m%dT%H", &tm);
	char *end;

	*number = 0;
	if (!rest || rest - name != 11)
		return false;
	*hour = (weir_time)timegm(&tm) * WEIR_SEC;
	if (!strcmp(rest, ENDING))
		return true;
	if (*rest != '.' || rest[1] < '1' || rest[1] > '9')
		return false;
	*number = (unsigned)strtoul(rest + 1, &end, 10);
	return !strcmp(end, ENDING) && *number < ARCHIVE_PARTS;
}

static int by_hour(const void *a, const void *b)
{
	const struct archive_file *x = a, *y = b;

	if (x->hour != y->hour)
		return x->hour < y->hour ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

static int add(const char *folder, const char *name, struct archive_files *files)
{
	struct archive_file *file, found = {0};
	struct stat st;

	if (!read_name(name, &found.hour, &found.number))
		return 0;
	if (asprintf(&found.path, "%s/%s", folder, name) < 0)
		return -ENOMEM;
	if (stat(found.path, &st) || !S_ISREG(st.st_mode)) {
		free(found.path);
		return 0;
	}
	file = vec_add(&files->list);
	if (!file) {
		free(found.path);
		return -ENOMEM;
	}
	*file = found;
	file->size = (uint64_t)st.st_size;
	return 0;
}

int archive_list(const char *folder, struct archive_files *files, struct error *error)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	int err = 0;

	if (!dir)
		return error_set(error, errno == EACCES ? EXIT_SYSTEM : EXIT_INPUT, errno,
				 "%s: %s: a folder of kept events", folder, strerror(errno));
	while (!err && (entry = readdir(dir)))
		err = add(folder, entry->d_name, files);
	closedir(dir);
	if (err)
		return error_set(error, EXIT_SYSTEM, -err, "no memory for the files of %s", folder);
	if (files->list.len)
		qsort(files->list.at, files->list.len, sizeof(*files->list.at), by_hour);
	return 0;
}

void archive_files_free(struct archive_files *files)
{
	vec_each (file, &files->list)
		free(file->path);
	vec_free(&files->list);
}
