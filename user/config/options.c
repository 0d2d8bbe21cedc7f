/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "config/keys.h"

/* Options that are handed on to a library: a mapping from its names to its values, kept as texts
 * "name=value". */

#define OPTIONS_MAX    256
#define NAME_MAX_BYTES 64

static bool name_is_right(const char *name, size_t length)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";

	return length > 0 && length < NAME_MAX_BYTES && strspn(name, letters) >= length;
}

static int options_parse(struct config *config, const struct config_key *key, void *member,
			 const char *text)
{
	const char *const *old = *(const char *const **)member, *equals = strchr(text, '=');
	const char **grown;
	size_t len = 0;

	(void)key;
	if (!equals || !name_is_right(text, (size_t)(equals - text)))
		return -EINVAL;
	while (old && old[len])
		len++;
	if (len >= OPTIONS_MAX)
		return -ERANGE;
	grown = arena_alloc(&config->arena, (len + 2) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	if (len)
		memcpy(grown, old, len * sizeof(*grown));
	grown[len] = arena_text(&config->arena, text);
	*(const char *const **)member = grown;
	return grown[len] ? 0 : -ENOMEM;
}

static void options_clear(void *member)
{
	static const char *const none[] = {NULL};

	*(const char *const **)member = none;
}

static void options_print(const struct config_key *key, const void *member, FILE *out)
{
	const char *const *texts = *(const char *const *const *)member;

	(void)key;
	fputc('{', out);
	for (size_t i = 0; texts && texts[i]; i++) {
		size_t length = strcspn(texts[i], "=");

		fprintf(out, "%s%.*s: ", i ? ", " : "", (int)length, texts[i]);
		config_print_text(texts[i] + length + 1, out);
	}
	fputc('}', out);
}

const struct config_type config_options_type = {
	.expects = "names of options, each with its value: {sasl.username: weir}",
	.name = "^[a-z0-9._-]{1,63}$",
	.list = true,
	.map = true,
	.parse = options_parse,
	.clear = options_clear,
	.print = options_print,
};
