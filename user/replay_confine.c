/* SPDX-License-Identifier: Apache-2.0 */
#include "replay_confine.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "confine/confine.h"
#include "decode/decode.h"

static char *parent(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return strdup(".");
	return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

/* Where the database and what SQLite puts beside it are written; NULL: nowhere. A link leads to
 * where the file is; a folder that is still to be made is made in the one above it. */
static char *folder_of(const char *database)
{
	char *file = database ? realpath(database, NULL) : NULL, *folder, *above;
	struct stat st;

	if (!database)
		return NULL;
	folder = parent(file ? file : database);
	free(file);
	if (!folder || !stat(folder, &st))
		return folder;
	above = parent(folder);
	free(folder);
	return above;
}

static void confine(struct replay_confined *confined, const char *database, const char *readable)
{
	char *folder = folder_of(database);
	const struct confine_path paths[] = {
		{readable, false},
		{folder, true},
#ifdef __SANITIZE_ADDRESS__ /* which looks for leaks there */
		{"/proc", false},
#endif
	};
	int version = confine_files(paths, sizeof(paths) / sizeof(paths[0]));

	confined->files = version > 0 ? (unsigned)version : 0;
	free(folder);
}

void replay_confine_files(struct replay_confined *confined, const char *database)
{
	*confined = (struct replay_confined){0};
	confine(confined, database, "/");
}

void replay_confine_rest(struct replay_confined *confined, const char *database, const char *folder)
{
	decode_prepare();
	if (confined->files)
		confine(confined, database, folder);
	confined->calls = !confine_calls_replay();
}

void replay_confine_say(const struct replay_confined *confined)
{
	json_t *object = json_pack("{s:{s:b, s:b}}", "confined", "files", confined->files > 0,
				   "calls", confined->calls);
	char *line = json_dumps(object, JSON_COMPACT);

	if (line)
		fprintf(stderr, "%s\n", line);
	free(line);
	json_decref(object);
}
