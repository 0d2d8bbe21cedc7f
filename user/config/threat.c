/* SPDX-License-Identifier: Apache-2.0 */
/* threat.lists: paths, or sections with a path and more. */
#include <errno.h>
#include <string.h>

#include "config/keys.h"

typedef __typeof__(((struct config *)0)->threat_lists) threat_lists;

#define MAX_AGE_DEFAULT (30 * WEIR_DAY)

static bool is_text(const char *value)
{
	return *value;
}

static int level_of(const char *value)
{
	for (int level = THREAT_LOW; level <= THREAT_CRITICAL; level++)
		if (!strcmp(threat_level_name((enum threat_level)level), value))
			return level;
	return -1;
}

static bool is_level(const char *value)
{
	return level_of(value) >= 0;
}

static bool is_format(const char *value)
{
	return !strcmp(value, "auto") || threat_format_is_known(value);
}

static bool age_of(const char *value, weir_time *age)
{
	*age = 0;
	return !strcmp(value, "never") || (!duration_parse(value, strlen(value), age) && *age > 0);
}

static bool is_age(const char *value)
{
	weir_time age;

	return age_of(value, &age);
}

static bool is_flag(const char *value)
{
	return !strcmp(value, "true") || !strcmp(value, "false");
}

enum part { PART_PATH, PART_NAME, PART_LEVEL, PART_FORMAT, PART_COLUMN, PART_MAX_AGE, PART_ALL };

static const struct config_part parts[] = {
	[PART_PATH] = {"path", "the path of a file or folder", is_text},
	[PART_NAME] = {"name", "a name", is_text},
	[PART_LEVEL] = {"level", "low, medium, high or critical", is_level},
	[PART_FORMAT] = {"format", "auto, text, csv or json", is_format},
	[PART_COLUMN] = {"column", "the name of a column, or its number from 1 on", is_text},
	[PART_MAX_AGE] = {"max_age", "a duration such as 30d, or 'never'", is_age},
	[PART_ALL] = {"all", "true or false", is_flag},
	{NULL, NULL, NULL},
};

/* "name=value"; its part and value, or -1. */
static int part_of(const char *line, const char **value)
{
	for (int i = 0; parts[i].name; i++) {
		size_t length = strlen(parts[i].name);

		*value = line + length + 1;
		if (!strncmp(line, parts[i].name, length) && line[length] == '=')
			return i;
	}
	return -1;
}

static int take(struct threat_list_options *list, enum part part, const char *value)
{
	if (!parts[part].accepts(value))
		return -EINVAL;
	switch (part) {
	case PART_PATH:
		list->path = value;
		break;
	case PART_NAME:
		list->name = value;
		break;
	case PART_LEVEL:
		list->level = (enum threat_level)level_of(value);
		break;
	case PART_FORMAT:
		list->format = value;
		break;
	case PART_COLUMN:
		list->column = value;
		break;
	case PART_MAX_AGE:
		age_of(value, &list->max_age);
		break;
	case PART_ALL:
		list->all = !strcmp(value, "true");
		break;
	}
	return 0;
}

/* "/etc/feeds/c2.csv.gz" is called c2. */
static const char *name_of(struct config *config, const char *path)
{
	size_t length = strlen(path);
	const char *from;

	while (length > 1 && path[length - 1] == '/')
		length--;
	from = memrchr(path, '/', length);
	from = from ? from + 1 : path;
	length -= (size_t)(from - path);
	if (length > 1)
		length = strcspn(from + 1, "./") + 1;
	return arena_copy(&config->arena, from, length);
}

static int read_lines(struct threat_list_options *list, char *text)
{
	for (char *line = text, *next; line; line = next) {
		const char *value;
		int part;

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		part = part_of(line, &value);
		if (part < 0 || take(list, (enum part)part, value))
			return -EINVAL;
	}
	return list->path ? 0 : -EINVAL;
}

static int threat_parse(struct config *config, const struct config_key *key, void *member,
			const char *text)
{
	struct threat_list_options list = {
		.format = "auto", .level = THREAT_MEDIUM, .max_age = MAX_AGE_DEFAULT};
	threat_lists *lists = member;
	char *kept = arena_text(&config->arena, text);
	const char *value;

	(void)key;
	if (!kept)
		return -ENOMEM;
	if (part_of(text, &value) < 0)
		list.path = *kept ? kept : NULL;
	else if (read_lines(&list, kept))
		return -EINVAL;
	if (!list.path)
		return -EINVAL;
	if (lists->len >= THREAT_LISTS_MAX)
		return -ERANGE;
	if (!list.name)
		list.name = name_of(config, list.path);
	if (!list.name || !vec_add(lists))
		return -ENOMEM;
	lists->at[lists->len - 1] = list;
	return 0;
}

static void threat_clear(void *member)
{
	threat_lists *lists = member;

	vec_free(lists);
}

static void print_list(const struct threat_list_options *list, FILE *out)
{
	char age[TIME_TEXT_MAX];

	fputs("{path: ", out);
	config_print_text(list->path, out);
	fputs(", name: ", out);
	config_print_text(list->name, out);
	fprintf(out, ", level: %s, format: %s", threat_level_name(list->level), list->format);
	if (list->column) {
		fputs(", column: ", out);
		config_print_text(list->column, out);
	}
	fprintf(out, ", max_age: %s",
		list->max_age ? duration_format(list->max_age, age) : "never");
	fputs(list->all ? ", all: true}" : "}", out);
}

static void threat_print(const struct config_key *key, const void *member, FILE *out)
{
	const threat_lists *lists = member;

	(void)key;
	fputc('[', out);
	for (size_t i = 0; i < lists->len; i++) {
		fputs(i ? ", " : "", out);
		print_list(&lists->at[i], out);
	}
	fputc(']', out);
}

struct threat_options config_threat_options(const struct config *config)
{
	return (struct threat_options){.lists = config->threat_lists.at,
				       .len = config->threat_lists.len,
				       .max = config->threat_max};
}

const struct config_type config_threat_lists_type = {
	.expects =
		"a list of paths, or of {path: FILE, name: NAME, level: low|medium|high|critical, "
		"format: auto|text|csv|json, column: NAME, max_age: 30d}",
	.list = true,
	.parts = parts,
	.parse = threat_parse,
	.clear = threat_clear,
	.print = threat_print,
};
