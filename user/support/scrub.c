/* SPDX-License-Identifier: Apache-2.0 */
#include "support/scrub.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/vec.h"
#include "config/keys.h"
#include "event/event.h"

#define TOKEN_MAX  512	/* bytes of what is one word; more is taken out whole */
#define NAMES_MAX  4096 /* that are told from each other */
#define WORD_LEAST 4	/* bytes of a word of a secret: shorter ones are everywhere */

struct alias {
	const char *kind; /* "ip-private" */
	char *name;	  /* as it was, in lower case */
	unsigned number;
};

struct known {
	enum scrub_kind kind;
	char *word;
};

struct scrub {
	VEC(struct alias) aliases;
	VEC(struct known) known;
};

static const char *const kind_words[] = {
	[SCRUB_HOST] = "host",
	[SCRUB_USER] = "user",
	[SCRUB_SECRET] = "secret",
};

struct scrub *scrub_new(void)
{
	return calloc(1, sizeof(struct scrub));
}

void scrub_free(struct scrub *scrub)
{
	if (!scrub)
		return;
	vec_each (alias, &scrub->aliases)
		free(alias->name);
	vec_each (known, &scrub->known)
		free(known->word);
	vec_free(&scrub->aliases);
	vec_free(&scrub->known);
	free(scrub);
}

void scrub_know(struct scrub *scrub, enum scrub_kind kind, const char *word)
{
	struct known *known;

	if (!word || !*word || scrub->known.len >= NAMES_MAX)
		return;
	known = vec_add(&scrub->known);
	if (!known)
		return;
	*known = (struct known){kind, strdup(word)};
	if (!known->word)
		scrub->known.len--;
}

static bool in_name(char c)
{
	return isalnum((unsigned char)c) || (unsigned char)c >= 0x80 || strchr("_.-", c);
}

void scrub_know_all(struct scrub *scrub, enum scrub_kind kind, const char *text)
{
	static const char *const plain[] = {"http", "https", "none",	  "auto",
					    "true", "false", "localhost", NULL};
	char word[TOKEN_MAX];

	while (*text) {
		size_t length = 0;
		bool common = false;

		while (text[length] && in_name(text[length]))
			length++;
		snprintf(word, sizeof(word), "%.*s", (int)length, text);
		for (size_t i = 0; plain[i]; i++)
			common = common || !strcasecmp(word, plain[i]);
		if (length >= WORD_LEAST && !common)
			scrub_know(scrub, kind, word);
		text += length + (text[length] != '\0');
	}
}

/* ---- pseudonyms ---- */

static void put_alias(struct scrub *scrub, const char *kind, const char *name, FILE *out)
{
	struct alias *alias;
	unsigned number = 1;

	vec_each (one, &scrub->aliases) {
		if (strcmp(one->kind, kind))
			continue;
		if (!strcasecmp(one->name, name)) {
			fprintf(out, "%s-%u", kind, one->number);
			return;
		}
		number++;
	}
	alias = scrub->aliases.len < NAMES_MAX ? vec_add(&scrub->aliases) : NULL;
	if (!alias) {
		fprintf(out, "%s-of-many", kind);
		return;
	}
	*alias = (struct alias){kind, strdup(name), number};
	if (!alias->name)
		scrub->aliases.len--;
	fprintf(out, "%s-%u", kind, number);
}

/* Which address it is nobody needs to know; what kind of one, often. */
static const char *class_of(const struct addr *a)
{
	static const struct {
		const char *network, *kind;
	} classes[] = {
		{"127.0.0.0/8", "ip-loopback"},	  {"::1/128", "ip-loopback"},
		{"169.254.0.0/16", "ip-link"},	  {"fe80::/10", "ip-link"},
		{"10.0.0.0/8", "ip-private"},	  {"172.16.0.0/12", "ip-private"},
		{"192.168.0.0/16", "ip-private"}, {"100.64.0.0/10", "ip-private"},
		{"fc00::/7", "ip-private"},	  {"224.0.0.0/4", "ip-multicast"},
		{"ff00::/8", "ip-multicast"},
	};

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		struct network network;

		if (!network_parse(classes[i].network, strlen(classes[i].network), &network) &&
		    network_has(&network, a))
			return classes[i].kind;
	}
	return "ip-public";
}

static bool put_address(struct scrub *scrub, const char *word, FILE *out)
{
	char text[ADDR_TEXT_MAX];
	struct addr a;

	if (!strcmp(word, "::") || !strcmp(word, "0.0.0.0") || addr_parse(word, strlen(word), &a))
		return false;
	put_alias(scrub, class_of(&a), addr_format(&a, text), out);
	return true;
}

static bool is_mac(const char *word)
{
	if (strlen(word) != 17)
		return false;
	for (int i = 0; i < 17; i++)
		if (i % 3 == 2 ? word[i] != ':' && word[i] != '-'
			       : !isxdigit((unsigned char)word[i]))
			return false;
	return true;
}

/* Ends of names of files and units, which no domain has. */
static bool is_file(const char *end)
{
	static const char *const ends[] = {
		"yaml",	   "yml",   "json",    "db",	"sock",	  "socket", "log",  "conf",
		"key",	   "pem",   "crt",     "so",	"state",  "gz",	    "zst",  "txt",
		"pid",	   "md",    "c",       "h",	"o",	  "py",	    "sh",   "rules",
		"service", "slice", "scope",   "mount", "target", "timer",  "pcap", "pcapng",
		"csv",	   "tsv",   "tmp",     "new",	"wal",	  "shm",    "mmdb", "d",
		"bpf",	   "bad",   "journal", NULL,
	};

	for (size_t i = 0; ends[i]; i++)
		if (!strcasecmp(end, ends[i]))
			return true;
	return false;
}

/* Names of fields, and of keys of the configuration or sections of them. */
static bool is_ours(const char *word)
{
	size_t length = strlen(word);

	if (field_find(word, length) != FIELD_NONE)
		return true;
	for (size_t i = 0; i < config_keys_len; i++)
		if (!strncmp(config_keys[i].name, word, length) &&
		    strchr(".", config_keys[i].name[length]))
			return true;
	return false;
}

static bool is_domain(const char *word)
{
	const char *end = strrchr(word, '.');

	if (!end || end == word || strlen(end + 1) < 2 || strstr(word, "..") || is_file(end + 1))
		return false;
	for (const char *c = end + 1; *c; c++)
		if (!isalpha((unsigned char)*c) && (unsigned char)*c < 0x80 && *c != '-')
			return false;
	return isalpha((unsigned char)end[1]) && !is_ours(word);
}

static bool put_known(struct scrub *scrub, const char *word, FILE *out)
{
	vec_each (known, &scrub->known) {
		if (strcasecmp(known->word, word))
			continue;
		put_alias(scrub, kind_words[known->kind], word, out);
		return true;
	}
	return false;
}

/* Of a word that is none as a whole the parts: user-alice.slice. */
static void put_parts(struct scrub *scrub, const char *word, FILE *out)
{
	char part[TOKEN_MAX];

	while (*word) {
		size_t length = strcspn(word, "._-");

		snprintf(part, sizeof(part), "%.*s", (int)length, word);
		if (!put_known(scrub, part, out))
			fputs(part, out);
		word += length;
		if (*word)
			fputc(*word++, out);
	}
}

/* A word of letters, digits, '.', '-' and '_'. */
static void put_name(struct scrub *scrub, const char *word, FILE *out)
{
	if (put_known(scrub, word, out))
		return;
	if (put_address(scrub, word, out))
		return;
	if (is_domain(word))
		put_alias(scrub, kind_words[SCRUB_HOST], word, out);
	else
		put_parts(scrub, word, out);
}

/* A word that may have ':' and '%' too: an address, with a port or a zone, or several words. */
static void put_word(struct scrub *scrub, char *word, FILE *out)
{
	char *colon;

	if (is_mac(word)) {
		put_alias(scrub, "mac", word, out);
		return;
	}
	while (*word) {
		if (put_address(scrub, word, out))
			return;
		colon = strpbrk(word, ":%");
		if (!colon) {
			put_name(scrub, word, out);
			return;
		}
		if (strchr(word, '%') && *colon == ':') /* fe80::1%eth0 */
			colon = strchr(word, '%');
		{
			char joint = *colon;

			*colon = '\0';
			if (!put_address(scrub, word, out))
				put_name(scrub, word, out);
			fputc(joint, out);
			word = colon + 1;
		}
	}
}

/* What stands before the last '@' is a user, or with a password. */
static void put_token(struct scrub *scrub, char *token, FILE *out)
{
	size_t length = strlen(token);
	char tail[TOKEN_MAX] = "", *at;

	if (put_known(scrub, token, out))
		return;
	/* The end of a sentence is no part of its last word. */
	while (length && strchr(".:-", token[length - 1]) && !is_mac(token) &&
	       !(length > 1 && token[length - 1] == ':' && token[length - 2] == ':'))
		length--;
	snprintf(tail, sizeof(tail), "%s", token + length);
	token[length] = '\0';
	at = strrchr(token, '@');
	if (at) {
		*at = '\0';
		put_alias(scrub, kind_words[SCRUB_USER], token, out);
		fputc('@', out);
		token = at + 1;
	}
	put_word(scrub, token, out);
	fputs(tail, out);
}

void scrub_text(struct scrub *scrub, const char *text, FILE *out)
{
	char token[TOKEN_MAX];

	while (*text) {
		size_t length = 0;

		while (text[length] && (in_name(text[length]) || strchr(":%@", text[length])))
			length++;
		if (length >= sizeof(token)) {
			fputs("(a long word)", out);
		} else if (length) {
			memcpy(token, text, length);
			token[length] = '\0';
			put_token(scrub, token, out);
		} else {
			fputc(*text, out);
			length = 1;
		}
		text += length;
	}
}

static char *scrubbed(struct scrub *scrub, const char *text)
{
	char *made = NULL;
	size_t size;
	FILE *out = open_memstream(&made, &size);

	if (!out)
		return NULL;
	scrub_text(scrub, text, out);
	fclose(out);
	return made;
}

static json_t *json_of(struct scrub *scrub, const char *text)
{
	char *made = scrubbed(scrub, text);
	json_t *json = made ? json_string(made) : NULL;

	free(made);
	return json;
}

static json_t *object_of(struct scrub *scrub, const json_t *value)
{
	json_t *object = json_object(), *member;
	const char *key;

	json_object_foreach((json_t *)value, key, member)
	{
		char *name = scrubbed(scrub, key);
		bool whole = strstr(key, "command_line");

		if (name)
			json_object_set_new(object, name,
					    whole ? json_string("(removed)")
						  : scrub_json(scrub, member));
		free(name);
	}
	return object;
}

json_t *scrub_json(struct scrub *scrub, const json_t *value)
{
	json_t *array, *member;
	size_t i;

	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return object_of(scrub, value);
	case JSON_ARRAY:
		array = json_array();
		json_array_foreach(value, i, member)
			json_array_append_new(array, scrub_json(scrub, member));
		return array;
	case JSON_STRING:
		return json_of(scrub, json_string_value(value));
	case JSON_INTEGER:
	case JSON_REAL:
	case JSON_TRUE:
	case JSON_FALSE:
	case JSON_NULL:
		break;
	}
	return json_deep_copy(value);
}
