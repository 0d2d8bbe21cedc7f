/* SPDX-License-Identifier: Apache-2.0 */
/* Which files a configuration is read from, in which order: the file, then its drop-ins. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "config/state.h"

#define DROP_INS_MAX 1024

static bool has_ending(const char *name, const char *ending)
{
	size_t length = strlen(name), of = strlen(ending);

	return length > of && !strcmp(name + length - of, ending);
}

/* Hidden files are editors', and the links by which Kubernetes changes a volume at once. */
static int is_drop_in(const struct dirent *entry)
{
	return entry->d_name[0] != '.' &&
	       (has_ending(entry->d_name, ".yaml") || has_ending(entry->d_name, ".yml"));
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* "/etc/weir/weir.d" of "/etc/weir/weir.yaml"; false for a file with another ending. */
static bool folder_of(const char *file, char folder[PATH_MAX])
{
	size_t length = strlen(file);

	if (!has_ending(file, ".yaml") && !has_ending(file, ".yml"))
		return false;
	while (file[length - 1] != '.')
		length--;
	return (size_t)snprintf(folder, PATH_MAX, "%.*sd", (int)length, file) < PATH_MAX;
}

bool config_folder(const struct config *config, char *folder)
{
	return folder_of(config_file(config), folder);
}

static int folder_fault(const char *folder, int code, struct faults *faults)
{
	struct place at = {.file = arena_text(&faults->arena, folder)};

	fault_add(faults, at, true, "cannot read the folder (%s): make it readable, or remove it",
		  strerror(code));
	return code == EACCES || code == EIO || code == ENOMEM ? -code : -EINVAL;
}

static int read_named(struct config_state *state, const char *folder, struct dirent **names,
		      int count, struct faults *faults)
{
	int err = 0;

	if (count > DROP_INS_MAX)
		return folder_fault(folder, E2BIG, faults);
	for (int i = 0; i < count; i++) {
		char path[PATH_MAX];
		int one = -ENAMETOOLONG;

		if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name) <
		    sizeof(path))
			one = config_read(state, path, faults);
		err = err ? err : one; /* what is wrong in the others is told too */
	}
	return err;
}

int config_read_drop_ins(struct config_state *state, const char *file, struct faults *faults)
{
	char folder[PATH_MAX];
	struct dirent **names = NULL;
	int count, err;

	if (!folder_of(file, folder))
		return 0;
	count = scandir(folder, &names, is_drop_in, by_bytes);
	if (count < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0
							   : folder_fault(folder, errno, faults);
	err = read_named(state, folder, names, count, faults);
	for (int i = 0; i < count; i++)
		free(names[i]);
	free(names);
	return err;
}
