/* SPDX-License-Identifier: Apache-2.0 */
/* ${NAME} in values: what a container is told by its environment. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/state.h"

#define NAME_LETTERS   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789"
#define NAME_MAX_BYTES 128
#define EXPANDED_MAX   (64u << 10) /* bytes of one value */

/* What stands between "${" and "}": a name, and what there is without it. */
struct expansion {
	char name[NAME_MAX_BYTES];
	const char *otherwise; /* behind ":-"; NULL: nothing stands there */
	size_t otherwise_length;
	size_t length; /* with the braces */
};

/* `at` begins with "${". */
static bool expansion_read(const char *at, struct expansion *expansion)
{
	size_t length = strspn(at + 2, NAME_LETTERS);
	const char *rest = at + 2 + length;

	*expansion = (struct expansion){0};
	if (!length || length >= sizeof(expansion->name) || (at[2] >= '0' && at[2] <= '9'))
		return false;
	memcpy(expansion->name, at + 2, length);
	if (rest[0] == ':' && rest[1] == '-') {
		expansion->otherwise = rest + 2;
		expansion->otherwise_length = strcspn(expansion->otherwise, "}");
		rest = expansion->otherwise + expansion->otherwise_length;
	}
	expansion->length = (size_t)(rest - at) + 1;
	return *rest == '}';
}

bool config_is_expansion(const char *text)
{
	struct expansion expansion;

	return !strncmp(text, "${", 2) && expansion_read(text, &expansion) &&
	       !text[expansion.length];
}

/* 0, or -EINVAL with `why`. */
static int expand_one(const struct expansion *expansion, FILE *out, struct error *why)
{
	const char *value = getenv(expansion->name);

	if (value && (*value || !expansion->otherwise))
		fputs(value, out);
	else if (expansion->otherwise)
		fwrite(expansion->otherwise, 1, expansion->otherwise_length, out);
	else
		return error_set(why, EXIT_INPUT, EINVAL,
				 "${%s} is not in the environment: set it, or give ${%s:-what to "
				 "use without it}",
				 expansion->name, expansion->name);
	return 0;
}

static int expand_all(const char *text, FILE *out, struct error *why)
{
	struct expansion expansion;
	int err = 0;

	while (*text && !err) {
		if (!strncmp(text, "$${", 3)) {
			fputs("${", out);
			text += 3;
		} else if (strncmp(text, "${", 2) != 0) {
			fputc(*text++, out);
		} else if (expansion_read(text, &expansion)) {
			err = expand_one(&expansion, out, why);
			text += expansion.length;
		} else {
			err = error_set(why, EXIT_INPUT, EINVAL,
					"'%.60s' is no expansion: give ${NAME}, ${NAME:-default}, "
					"or $${ for the letters themselves",
					text);
		}
	}
	return err;
}

int config_expand(struct arena *arena, const char *text, const char **expanded, struct error *why)
{
	char *made = NULL;
	size_t length = 0;
	FILE *out;
	int err;

	*expanded = text;
	if (!strstr(text, "${"))
		return 0;
	out = open_memstream(&made, &length);
	if (!out)
		return error_set(why, EXIT_SYSTEM, ENOMEM, "out of memory");
	err = expand_all(text, out, why);
	if (fclose(out) && !err)
		err = error_set(why, EXIT_SYSTEM, ENOMEM, "out of memory");
	if (!err && length > EXPANDED_MAX)
		err = error_set(why, EXIT_INPUT, E2BIG,
				"'%.60s' is too long with what the environment says: give at most "
				"64 KiB",
				text);
	if (!err) {
		*expanded = arena_copy(arena, made, length);
		if (!*expanded)
			err = error_set(why, EXIT_SYSTEM, ENOMEM, "out of memory");
	}
	free(made);
	return err;
}
