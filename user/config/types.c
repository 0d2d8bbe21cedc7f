/* SPDX-License-Identifier: Apache-2.0 */
/* Types of single values: how each is read and written. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/keys.h"
#include "metrics/listen.h"

_Static_assert(sizeof(size_t) == 8 && sizeof(weir_time) == 8,
	       "numbers are kept in 1, 4 or 8 bytes");

/* ---- numbers, in members of 1, 4 or 8 bytes ---- */

void config_number_store(const struct config_key *key, void *member, uint64_t value)
{
	uint32_t small = (uint32_t)value;
	bool truth = value != 0;

	if (key->size == sizeof(truth))
		memcpy(member, &truth, sizeof(truth));
	else if (key->size == sizeof(small))
		memcpy(member, &small, sizeof(small));
	else
		memcpy(member, &value, sizeof(value));
}

static uint64_t number_load(const struct config_key *key, const void *member)
{
	uint32_t small;
	uint64_t value;

	if (key->size == sizeof(bool))
		return *(const bool *)member;
	if (key->size == sizeof(small)) {
		memcpy(&small, member, sizeof(small));
		return small;
	}
	memcpy(&value, member, sizeof(value));
	return value;
}

static int number_accept(const struct config_key *key, void *member, uint64_t value)
{
	if (value < key->least || (key->most && value > key->most))
		return -ERANGE;
	config_number_store(key, member, value);
	return 0;
}

/* The word that stands for 0 or NULL ("auto", "none"). */
static bool is_zero_word(const struct config_key *key, const char *text)
{
	return key->zero && !strcmp(text, key->zero);
}

static int digits_parse(const char **text, uint64_t *number)
{
	char *end;

	if (!isdigit((unsigned char)**text))
		return -EINVAL;
	errno = 0;
	*number = strtoull(*text, &end, 10);
	if (errno)
		return -ERANGE;
	*text = end;
	return 0;
}

static int whole_parse(const char *text, uint64_t *number)
{
	int err = digits_parse(&text, number);

	if (err)
		return err;
	return *text ? -EINVAL : 0;
}

/* A number by its own reader, or the word that stands for 0. */
static int number_parse(const struct config_key *key, void *member, const char *text,
			int (*read)(const char *text, uint64_t *number))
{
	uint64_t value;
	int err;

	if (is_zero_word(key, text)) {
		config_number_store(key, member, 0);
		return 0;
	}
	err = read(text, &value);
	return err ? err : number_accept(key, member, value);
}

static int count_parse(struct config *config, const struct config_key *key, void *member,
		       const char *text)
{
	(void)config;
	return number_parse(key, member, text, whole_parse);
}

static void count_print(const struct config_key *key, const void *member, FILE *out)
{
	uint64_t value = number_load(key, member);

	if (!value && key->zero)
		fputs(key->zero, out);
	else
		fprintf(out, "%llu", (unsigned long long)value);
}

const struct config_type config_count_type = {
	.expects = "a whole number",
	.pattern = "^[0-9]+$",
	.number = true,
	.parse = count_parse,
	.print = count_print,
};

static const struct byte_unit {
	const char *name;
	uint64_t size;
} byte_units[] = {
	{"TiB", UINT64_C(1) << 40},
	{"GiB", UINT64_C(1) << 30},
	{"MiB", UINT64_C(1) << 20},
	{"KiB", UINT64_C(1) << 10},
	{"TB", UINT64_C(1000000000000)},
	{"GB", UINT64_C(1000000000)},
	{"MB", UINT64_C(1000000)},
	{"KB", UINT64_C(1000)},
	{"kB", UINT64_C(1000)},
	{"B", 1},
	{"", 1},
};

#define BYTE_UNITS (sizeof(byte_units) / sizeof(byte_units[0]))

int config_bytes_parse(const char *text, uint64_t *bytes)
{
	uint64_t number;
	int err = digits_parse(&text, &number);

	if (err)
		return err;
	text += strspn(text, " ");
	for (size_t i = 0; i < BYTE_UNITS; i++)
		if (!strcmp(text, byte_units[i].name))
			return __builtin_mul_overflow(number, byte_units[i].size, bytes) ? -ERANGE
											 : 0;
	return -EINVAL;
}

static int bytes_parse(struct config *config, const struct config_key *key, void *member,
		       const char *text)
{
	(void)config;
	return number_parse(key, member, text, config_bytes_parse);
}

static void bytes_print(const struct config_key *key, const void *member, FILE *out)
{
	uint64_t value = number_load(key, member);

	if (!value && key->zero) {
		fputs(key->zero, out);
		return;
	}
	for (size_t i = 0; value && i < 4; i++)
		if (value % byte_units[i].size == 0) {
			fprintf(out, "%llu%s", (unsigned long long)(value / byte_units[i].size),
				byte_units[i].name);
			return;
		}
	fprintf(out, "%llu", (unsigned long long)value);
}

#define BYTES_PATTERN "^[0-9]+ *([KMGT]iB|[KMGT]B|kB|B)?$"

const struct config_type config_bytes_type = {
	.expects = "a size such as 4096, 8MiB or 1GB",
	.pattern = BYTES_PATTERN,
	.number = true,
	.parse = bytes_parse,
	.print = bytes_print,
};

static int power_of_two(const char *text, uint64_t *bytes)
{
	int err = config_bytes_parse(text, bytes);

	if (err)
		return err;
	return *bytes & (*bytes - 1) ? -EINVAL : 0;
}

static int power_parse(struct config *config, const struct config_key *key, void *member,
		       const char *text)
{
	(void)config;
	return number_parse(key, member, text, power_of_two);
}

const struct config_type config_power_type = {
	.expects = "a size that is a power of two, such as 8MiB",
	.pattern = BYTES_PATTERN,
	.number = true,
	.parse = power_parse,
	.print = bytes_print,
};

static int nanoseconds_parse(const char *text, uint64_t *number)
{
	weir_time value;
	int err = duration_parse(text, strlen(text), &value);

	if (!err)
		*number = (uint64_t)value;
	return err;
}

static int duration_read(struct config *config, const struct config_key *key, void *member,
			 const char *text)
{
	(void)config;
	return number_parse(key, member, text, nanoseconds_parse);
}

static void duration_print(const struct config_key *key, const void *member, FILE *out)
{
	uint64_t value = number_load(key, member);
	char text[TIME_TEXT_MAX];

	if (!value && key->zero)
		fputs(key->zero, out);
	else
		fputs(duration_format((weir_time)value, text), out);
}

const struct config_type config_duration_type = {
	.expects = "a duration such as 90s, 5m, 1h30m or 7d",
	.pattern = "^([0-9]+(ns|us|ms|s|m|h|d|w))+$",
	.parse = duration_read,
	.print = duration_print,
};

static int bool_parse(struct config *config, const struct config_key *key, void *member,
		      const char *text)
{
	static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};

	(void)config;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcasecmp(text, words[i])) {
			config_number_store(key, member, i & 1);
			return 0;
		}
	return -EINVAL;
}

static void bool_print(const struct config_key *key, const void *member, FILE *out)
{
	fputs(number_load(key, member) ? "true" : "false", out);
}

const struct config_type config_bool_type = {
	.expects = "true or false",
	.pattern = "^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|[Yy][Ee][Ss]|[Nn][Oo]|[Oo][Nn]|[Oo][Ff]"
		   "[Ff])$",
	.truth = true,
	.parse = bool_parse,
	.print = bool_print,
};

/* ---- one of several words ---- */

static const struct config_choice *choice_find(const struct config_key *key, const char *text)
{
	for (const struct config_choice *c = key->choices; c->name; c++)
		if (!strcmp(c->name, text))
			return c;
	return NULL;
}

static int choice_parse(struct config *config, const struct config_key *key, void *member,
			const char *text)
{
	const struct config_choice *choice = choice_find(key, text);

	(void)config;
	if (!choice)
		return -EINVAL;
	config_number_store(key, member, (uint64_t)choice->value);
	return 0;
}

static void choice_print(const struct config_key *key, const void *member, FILE *out)
{
	uint64_t value = number_load(key, member);

	for (const struct config_choice *c = key->choices; c->name; c++)
		if ((uint64_t)c->value == value) {
			fputs(c->name, out);
			return;
		}
}

const struct config_type config_choice_type = {
	.expects = "one of",
	.parse = choice_parse,
	.print = choice_print,
};

/* ---- texts ---- */

static int text_store(struct config *config, const char **member, const char *text)
{
	*member = text ? arena_text(&config->arena, text) : NULL;
	return text && !*member ? -ENOMEM : 0;
}

static int text_parse(struct config *config, const struct config_key *key, void *member,
		      const char *text)
{
	if (is_zero_word(key, text))
		return text_store(config, member, NULL);
	return *text ? text_store(config, member, text) : -EINVAL;
}

static void text_print(const struct config_key *key, const void *member, FILE *out)
{
	const char *text = *(const char *const *)member;

	config_print_text(text ? text : key->zero, out);
}

const struct config_type config_text_type = {
	.expects = "a text",
	.parse = text_parse,
	.print = text_print,
};

const struct config_type config_path_type = {
	.expects = "a path",
	.parse = text_parse,
	.print = text_print,
};

static int listen_text_parse(struct config *config, const struct config_key *key, void *member,
			     const char *text)
{
	struct listen_address address;

	if (is_zero_word(key, text))
		return text_store(config, member, NULL);
	return listen_parse(text, &address) ? -EINVAL : text_store(config, member, text);
}

const struct config_type config_listen_type = {
	.expects = "an address with a port, such as 127.0.0.1:9477 or [::1]:9477, or unix:PATH",
	.parse = listen_text_parse,
	.print = text_print,
};

static int choice_text_parse(struct config *config, const struct config_key *key, void *member,
			     const char *text)
{
	const struct config_choice *choice = choice_find(key, text);

	(void)config;
	if (!choice)
		return -EINVAL;
	*(const char **)member = choice->name;
	return 0;
}

const struct config_type config_choice_text_type = {
	.expects = "one of",
	.parse = choice_text_parse,
	.print = text_print,
};
