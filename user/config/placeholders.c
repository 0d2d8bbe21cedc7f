/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "config/keys.h"

/* placeholders: a mapping from names to what they stand for in rules. */

#define NAME_MAX_BYTES 64
#define VALUES_MAX     10000

typedef __typeof__(((struct config *)0)->placeholders) placeholder_list;

static bool name_is_right(const char *name, size_t length)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-. ";

	return length > 0 && length < NAME_MAX_BYTES && strspn(name, letters) >= length;
}

static struct rule_placeholder *placeholder_of(struct config *config, placeholder_list *list,
					       const char *name, size_t length)
{
	struct rule_placeholder *placeholder;

	vec_each (known, list) {
		if (strlen(known->name) == length && !memcmp(known->name, name, length))
			return known;
	}
	name = arena_copy(&config->arena, name, length);
	placeholder = name ? vec_add(list) : NULL;
	if (placeholder)
		placeholder->name = name;
	return placeholder;
}

/* "Servers=srv*" */
static int placeholders_parse(struct config *config, const struct config_key *key, void *member,
			      const char *text)
{
	const char *equals = strchr(text, '=');
	struct rule_placeholder *placeholder;
	const char **values;
	size_t len = 0;

	(void)key;
	if (!equals || !name_is_right(text, (size_t)(equals - text)))
		return -EINVAL;
	placeholder = placeholder_of(config, member, text, (size_t)(equals - text));
	if (!placeholder)
		return -ENOMEM;
	while (placeholder->values && placeholder->values[len])
		len++;
	if (len >= VALUES_MAX)
		return -ERANGE;
	/* Grown by half, so that many values do not cost their square. */
	if (!len || (len >= 8 && !(len & (len - 1))) || len == 4) {
		values = arena_alloc(&config->arena, (2 * len + 5) * sizeof(*values));
		if (!values)
			return -ENOMEM;
		if (len)
			memcpy(values, placeholder->values, len * sizeof(*values));
		placeholder->values = values;
	}
	values = (const char **)placeholder->values;
	values[len] = arena_text(&config->arena, equals + 1);
	return values[len] ? 0 : -ENOMEM;
}

static void placeholders_clear(void *member)
{
	placeholder_list *list = member;

	vec_free(list);
}

static void placeholders_print(const struct config_key *key, const void *member, FILE *out)
{
	const placeholder_list *list = member;

	(void)key;
	fputc('{', out);
	for (size_t i = 0; i < list->len; i++) {
		fprintf(out, "%s%s: [", i ? ", " : "", list->at[i].name);
		for (size_t v = 0; list->at[i].values && list->at[i].values[v]; v++) {
			fputs(v ? ", " : "", out);
			config_print_text(list->at[i].values[v], out);
		}
		fputc(']', out);
	}
	fputc('}', out);
}

struct rule_options config_rule_options(const struct config *config)
{
	return (struct rule_options){.paths = config->rules,
				     .lenient = config->lenient,
				     .placeholders = config->placeholders.at,
				     .placeholders_len = config->placeholders.len};
}

const struct config_type config_placeholders_type = {
	.expects = "names, each with a list of values: {Servers: ['srv*', 'db*']}",
	.name = "^[A-Za-z0-9_. -]{1,63}$",
	.list = true,
	.map = true,
	.parse = placeholders_parse,
	.clear = placeholders_clear,
	.print = placeholders_print,
};
