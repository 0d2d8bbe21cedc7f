/* SPDX-License-Identifier: Apache-2.0 */
/* Names of users: the host's passwd(5), read again when it has changed. Others (LDAP, systemd's
 * dynamic ones) would have to be asked for, and whoever is asked may take long to answer. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/table.h"
#include "host/inside.h"
#include "host/root.h"

#define USERS_MAX   65536
#define USERS_BYTES (16u << 20)
#define CHECK_EACH  WEIR_SEC
#define NAME_MAX_OF 64 /* longer ones are no names of Linux users */

struct user {
	uint32_t uid;
	char name[];
};

struct users {
	struct table table;
	weir_time checked;
	struct stat read; /* the file as it was read */
};

/* Systems that are images keep their own users in the second. */
static const char *const files[] = {"etc/passwd", "usr/lib/passwd"};

struct users *users_new(void)
{
	struct users *users = calloc(1, sizeof(*users));

	if (!users)
		return NULL;
	users->checked = TIME_NONE;
	table_init(&users->table, sizeof(uint32_t), offsetof(struct user, uid));
	return users;
}

static void forget(struct users *users)
{
	size_t cursor = 0;

	for (struct user *user; (user = table_next(&users->table, &cursor));)
		free(user);
	table_free(&users->table);
}

void users_free(struct users *users)
{
	if (!users)
		return;
	forget(users);
	free(users);
}

/* name:password:uid:… The first with a number has its name, as getpwuid() has it. */
static void take_line(void *context, char *text, size_t length)
{
	struct users *users = context;
	char *password = strchr(text, ':'), *number = password ? strchr(password + 1, ':') : NULL;
	size_t name = password ? (size_t)(password - text) : 0;
	unsigned long uid;
	struct user *user;
	char *end;

	(void)length;
	if (!number || !name || name > NAME_MAX_OF || users->table.count >= USERS_MAX)
		return;
	errno = 0;
	uid = strtoul(number + 1, &end, 10);
	if (*end != ':' || end == number + 1 || errno || uid > UINT32_MAX)
		return;
	user = malloc(sizeof(*user) + name + 1);
	if (!user)
		return;
	user->uid = (uint32_t)uid;
	memcpy(user->name, text, name);
	user->name[name] = '\0';
	if (table_find(&users->table, &user->uid) || table_insert(&users->table, user))
		free(user);
}

static void read_files(struct users *users, const struct host_root *root)
{
	uint64_t budget = USERS_BYTES;

	forget(users);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		int fd = host_open(root, files[i], S_IFREG, NULL);

		if (fd < 0)
			continue;
		host_lines(fd, &budget, take_line, users);
		close(fd);
	}
}

static bool changed(const struct stat *a, const struct stat *b)
{
	return a->st_ino != b->st_ino || a->st_dev != b->st_dev || a->st_size != b->st_size ||
	       a->st_mtim.tv_sec != b->st_mtim.tv_sec || a->st_mtim.tv_nsec != b->st_mtim.tv_nsec;
}

static void refresh(struct users *users, const char *path)
{
	struct stat now = {0};
	struct host_root root;
	int fd;

	if (host_root_open(&root, path))
		return;
	root.whole = true;
	fd = host_open(&root, files[0], S_IFREG, &now);
	if (fd >= 0)
		close(fd);
	if (!users->table.count || changed(&now, &users->read)) {
		read_files(users, &root);
		users->read = now;
	}
	host_root_close(&root);
}

const char *host_user(struct host_facts *facts, uint32_t uid)
{
	struct users *users = facts->users;
	weir_time now = facts->clock();
	const struct user *user;

	if (users->checked == TIME_NONE || now - users->checked >= CHECK_EACH) {
		users->checked = now;
		refresh(users, facts->root);
	}
	user = table_find(&users->table, &uid);
	return user ? user->name : NULL;
}

void users_stats(const struct users *users, struct host_stats *stats)
{
	stats->users = users->table.count;
}
