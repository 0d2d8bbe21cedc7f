/* SPDX-License-Identifier: Apache-2.0 */
#include "event/event.h"

/*
 * Roles that rules may ask for and recorded events may give although no address list names them.
 * Which roles a role is part of is told by its name (field_roles_close()).
 */
static const char *const always[] = {
	"backup",
	"backup_server",
	"backup_repository",
	"snapshot",
	"snapshot_repository",
	"dns",
	"ntp",
	"domain_controller",
	"file_server",
	"mail_server",
	"web_server",
	"database",
	"proxy",
	"vpn",
	"router",
	"printer",
	"hypervisor",
	"storage",
	"update",
	"scanner",
	"monitoring",
	"management",
	"jump_host",
	"build",
};

#define ALWAYS (sizeof(always) / sizeof(always[0]))

static struct {
	const char *name[ROLES_MAX];
	uint64_t closure[ROLES_MAX]; /* the role and those it is part of */
	size_t len;
} roles;

static bool same(const char *known, const char *name, size_t length)
{
	return strlen(known) == length && !memcmp(known, name, length);
}

/* "backup" of "backup_server". */
static bool part_of(const char *name, const char *whole)
{
	size_t length = strlen(whole);

	return !strncmp(name, whole, length) && (!name[length] || name[length] == '_');
}

int field_role_number(const char *name, size_t length)
{
	for (size_t i = 0; i < roles.len; i++)
		if (same(roles.name[i], name, length))
			return (int)i;
	return -1;
}

static void role_add(const char *name)
{
	if (roles.len < ROLES_MAX && field_role_number(name, strlen(name)) < 0)
		roles.name[roles.len++] = name;
}

void field_roles_set(const char *const *names, size_t count)
{
	roles.len = 0;
	for (size_t i = 0; i < count; i++)
		role_add(names[i]);
	for (size_t i = 0; i < ALWAYS; i++)
		role_add(always[i]);
	for (size_t i = 0; i < roles.len; i++) {
		roles.closure[i] = 0;
		for (size_t j = 0; j < roles.len; j++)
			if (part_of(roles.name[i], roles.name[j]))
				roles.closure[i] |= UINT64_C(1) << j;
	}
}

__attribute__((constructor)) static void roles_always(void)
{
	field_roles_set(NULL, 0);
}

const char *field_role_name(unsigned number)
{
	return number < roles.len ? roles.name[number] : NULL;
}

bool field_role_is_known(const char *name, size_t length)
{
	for (size_t i = 0; i < ALWAYS; i++)
		if (same(always[i], name, length))
			return true;
	return false;
}

size_t field_roles_room(void)
{
	return ROLES_MAX - ALWAYS;
}

uint64_t field_roles_close(uint64_t bits)
{
	uint64_t closed = 0;

	for (; bits; bits &= bits - 1)
		closed |= roles.closure[__builtin_ctzll(bits)];
	return closed;
}
