/* SPDX-License-Identifier: Apache-2.0 */
/* Types of lists: how each is read, an entry at a time, and written. */
#include <errno.h>
#include <string.h>

#include "config/keys.h"
#include "event/event.h"

#define LIST_MAX      4096 /* entries of one list */
#define ROLE_NAME_MAX 64

#define NETWORK_PATTERN "^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$"

static size_t texts_count(const char *const *texts)
{
	size_t n = 0;

	while (texts && texts[n])
		n++;
	return n;
}

/* Lists of texts are short (patterns, paths): each entry copies the array in the arena. */
static int texts_parse(struct config *config, const struct config_key *key, void *member,
		       const char *text)
{
	const char *const *old = *(const char *const **)member;
	size_t len = texts_count(old);
	const char **grown;

	(void)key;
	if (!*text)
		return -EINVAL;
	if (len >= LIST_MAX)
		return -ERANGE;
	grown = arena_alloc(&config->arena, (len + 2) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	if (len)
		memcpy(grown, old, len * sizeof(*grown));
	grown[len] = arena_text(&config->arena, text);
	if (!grown[len])
		return -ENOMEM;
	*(const char *const **)member = grown;
	return 0;
}

static void texts_clear(void *member)
{
	static const char *const none[] = {NULL};

	*(const char *const **)member = none;
}

static void texts_print(const struct config_key *key, const void *member, FILE *out)
{
	const char *const *texts = *(const char *const *const *)member;

	(void)key;
	fputc('[', out);
	for (size_t i = 0; texts && texts[i]; i++) {
		fputs(i ? ", " : "", out);
		config_print_text(texts[i], out);
	}
	fputc(']', out);
}

const struct config_type config_texts_type = {
	.expects = "a list of texts",
	.list = true,
	.parse = texts_parse,
	.clear = texts_clear,
	.print = texts_print,
};

static int networks_parse(struct config *config, const struct config_key *key, void *member,
			  const char *text)
{
	struct network_set *set = member;
	struct network network;

	(void)config;
	(void)key;
	if (network_parse(text, strlen(text), &network))
		return -EINVAL;
	return set->len >= LIST_MAX ? -ERANGE : network_set_add(set, &network);
}

static void networks_clear(void *member)
{
	network_set_free(member);
}

static void networks_print(const struct config_key *key, const void *member, FILE *out)
{
	const struct network_set *set = member;
	char text[ADDR_TEXT_MAX];

	(void)key;
	fputc('[', out);
	for (size_t i = 0; i < set->len; i++) {
		bool v4 = addr_is_v4(&set->at[i].base) && set->at[i].prefix >= 96;

		fprintf(out, "%s%s/%u", i ? ", " : "", addr_format(&set->at[i].base, text),
			set->at[i].prefix - (v4 ? 96u : 0u));
	}
	fputc(']', out);
}

const struct config_type config_networks_type = {
	.expects = "a list of networks or addresses such as 10.0.0.0/8 or fd00::1",
	.pattern = NETWORK_PATTERN,
	.list = true,
	.parse = networks_parse,
	.clear = networks_clear,
	.print = networks_print,
};

/* "eth0=xdp", "tc": the name of a hook stands behind the last '='. */
static const char *const hook_names[] = {
	[HOOK_AUTO] = "auto", [HOOK_TC] = "tc", [HOOK_XDP] = "xdp"};

static int hooks_parse(struct config *config, const struct config_key *key, void *member,
		       const char *text)
{
	__typeof__(config->hooks) *hooks = member;
	const char *equals = strrchr(text, '=');
	const char *name = equals ? equals + 1 : text;
	struct hook_rule *rule;

	(void)key;
	if (equals == text || hooks->len >= LIST_MAX)
		return equals == text ? -EINVAL : -ERANGE;
	for (size_t i = 0; i < sizeof(hook_names) / sizeof(hook_names[0]); i++) {
		if (strcmp(name, hook_names[i]))
			continue;
		rule = vec_add(hooks);
		if (!rule)
			return -ENOMEM;
		rule->hook = (enum hook_choice)i;
		if (equals)
			rule->pattern = arena_copy(&config->arena, text, (size_t)(equals - text));
		return equals && !rule->pattern ? -ENOMEM : 0;
	}
	return -EINVAL;
}

static void hooks_clear(void *member)
{
	__typeof__(((struct config *)0)->hooks) *hooks = member;

	vec_free(hooks);
}

static void hooks_print(const struct config_key *key, const void *member, FILE *out)
{
	const __typeof__(((struct config *)0)->hooks) *hooks = member;

	(void)key;
	fputc('[', out);
	for (size_t i = 0; i < hooks->len; i++) {
		const struct hook_rule *rule = &hooks->at[i];
		char text[256];

		snprintf(text, sizeof(text), "%s%s%s", rule->pattern ? rule->pattern : "",
			 rule->pattern ? "=" : "", hook_names[rule->hook]);
		fputs(i ? ", " : "", out);
		config_print_text(text, out);
	}
	fputc(']', out);
}

const struct config_type config_hooks_type = {
	.expects = "a list of auto, tc or xdp, with or without an interface before it: eth0=xdp",
	.pattern = "^(.+=)?(auto|tc|xdp)$",
	.list = true,
	.parse = hooks_parse,
	.clear = hooks_clear,
	.print = hooks_print,
};

/* ---- roles: a mapping from names to networks ---- */

typedef __typeof__(((struct config *)0)->roles) role_list;

static bool name_is_right(const char *name, size_t length)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";

	return length > 0 && length < ROLE_NAME_MAX && strspn(name, letters) >= length;
}

static struct config_role *role_of(struct config *config, role_list *roles, const char *name,
				   size_t length)
{
	struct config_role *role;

	vec_each (known, roles) {
		if (strlen(known->name) == length && !memcmp(known->name, name, length))
			return known;
	}
	name = arena_copy(&config->arena, name, length);
	role = name ? vec_add(roles) : NULL;
	if (role)
		role->name = name;
	return role;
}

/* Roles that only this configuration has: a field of roles has a bit for each. */
static size_t roles_own(const role_list *roles)
{
	size_t own = 0;

	vec_each (role, roles)
		own += !field_role_is_known(role->name, strlen(role->name));
	return own;
}

/* "backup=10.0.5.0/24" */
static int roles_parse(struct config *config, const struct config_key *key, void *member,
		       const char *text)
{
	role_list *roles = member;
	const char *equals = strchr(text, '=');
	struct config_role *role;
	struct network network;

	(void)key;
	if (!equals || !name_is_right(text, (size_t)(equals - text)) ||
	    network_parse(equals + 1, strlen(equals + 1), &network))
		return -EINVAL;
	role = role_of(config, roles, text, (size_t)(equals - text));
	if (!role)
		return -ENOMEM;
	if (roles_own(roles) > field_roles_room() || role->networks.len >= LIST_MAX)
		return -ERANGE;
	return network_set_add(&role->networks, &network);
}

static void roles_clear(void *member)
{
	role_list *roles = member;

	vec_each (role, roles)
		network_set_free(&role->networks);
	vec_free(roles);
}

static void roles_print(const struct config_key *key, const void *member, FILE *out)
{
	const role_list *roles = member;

	(void)key;
	fputc('{', out);
	for (size_t i = 0; i < roles->len; i++) {
		fprintf(out, "%s%s: ", i ? ", " : "", roles->at[i].name);
		config_networks_type.print(key, &roles->at[i].networks, out);
	}
	fputc('}', out);
}

const struct config_type config_roles_type = {
	.expects = "names of roles (small letters, digits, _ and -), each with a list of networks: "
		   "{backup: [10.0.5.0/24]}",
	.pattern = NETWORK_PATTERN,
	.name = "^[a-z0-9_-]{1,63}$",
	.list = true,
	.map = true,
	.parse = roles_parse,
	.clear = roles_clear,
	.print = roles_print,
};
