/* SPDX-License-Identifier: Apache-2.0 */
/* What is in force, and the sample: both YAML, both from the table of keys. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "config/state.h"

#define ORIGIN_COLUMN 48

void config_print_text(const char *text, FILE *out)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_./-";

	if (*text && strspn(text, plain) == strlen(text) && strcmp(text, "null") &&
	    (*text != '-' || !text[1])) {
		fputs(*text == '-' ? "\"-\"" : text, out);
		return;
	}
	fputc('"', out);
	for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
		if (*at == '"' || *at == '\\')
			fprintf(out, "\\%c", *at);
		else if (*at < 0x20 || *at == 0x7f)
			fprintf(out, "\\x%02x", *at);
		else
			fputc(*at, out);
	}
	fputc('"', out);
}

/* Opens the sections of a key that the one before it was not in; returns its last part. */
static const char *open_section(size_t key, FILE *out, unsigned *indent)
{
	const char *name = config_keys[key].name;
	const char *dot = strrchr(name, '.');
	size_t length = dot ? (size_t)(dot - name) + 1 : 0;

	*indent = dot ? 4 : 0;
	if (dot && (!key || strncmp(config_keys[key - 1].name, name, length)))
		fprintf(out, "%.*s:\n", (int)length - 1, name);
	return dot ? dot + 1 : name;
}

static void print_origin(const struct config_origin *origin, FILE *out)
{
	switch (origin->origin) {
	case ORIGIN_DEFAULT:
		fputs("  # default\n", out);
		return;
	case ORIGIN_FILE:
		fprintf(out, "  # %s:%u\n", origin->file, origin->line);
		return;
	case ORIGIN_COMMAND:
		fputs("  # command line\n", out);
		return;
	}
}

/* The value as it is printed; the caller's to free. */
static char *value_text(const struct config *config, const struct config_key *key)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	key->type->print(key, (const char *)config + key->offset, out);
	fclose(out);
	return text;
}

const char *config_differs(const struct config *a, const struct config *b, size_t *cursor)
{
	while (*cursor < config_keys_len) {
		const struct config_key *key = &config_keys[(*cursor)++];
		char *one = value_text(a, key), *other = value_text(b, key);
		bool differs = !key->live && one && other && strcmp(one, other);

		free(one);
		free(other);
		if (differs)
			return key->name;
	}
	return NULL;
}

static void print_all(const struct config *config, FILE *out,
		      void (*secret)(void *context, const char *value), void *context)
{
	const struct config_state *state = (const struct config_state *)config;

	for (size_t i = 0; i < config_keys_len; i++) {
		const struct config_key *key = &config_keys[i];
		unsigned indent;
		const char *name = open_section(i, out, &indent);
		char *text = NULL;
		size_t size;
		FILE *line = open_memstream(&text, &size);

		if (!line)
			return;
		fprintf(line, "%*s%s: ", (int)indent, "", name);
		if (secret && key->secret && state->origins[i].origin != ORIGIN_DEFAULT) {
			char *value = value_text(config, key);

			secret(context, value ? value : "");
			free(value);
			fputs("(removed)", line);
		} else {
			key->type->print(key, (const char *)config + key->offset, line);
		}
		fclose(line);
		fprintf(out, "%-*s", ORIGIN_COLUMN, text);
		print_origin(&state->origins[i], out);
		free(text);
	}
}

void config_print(const struct config *config, FILE *out)
{
	print_all(config, out, NULL, NULL);
}

void config_print_public(const struct config *config, FILE *out,
			 void (*secret)(void *context, const char *value), void *context)
{
	print_all(config, out, secret, context);
}

/* The default as YAML: a list's words in brackets. */
static void print_fallback(const struct config_key *key, FILE *out)
{
	const char *at = key->fallback;
	bool first = true;

	if (!key->type->list) {
		config_print_text(at, out);
		return;
	}
	fputc(key->type->map ? '{' : '[', out);
	for (at += strspn(at, " "); *at; at += strspn(at, " ")) {
		size_t length = strcspn(at, " ");
		char word[256];

		snprintf(word, sizeof(word), "%.*s", (int)length, at);
		fputs(first ? "" : ", ", out);
		config_print_text(word, out);
		first = false;
		at += length;
	}
	fputc(key->type->map ? '}' : ']', out);
}

static void print_words(const char *words, unsigned indent, FILE *out)
{
	while (*words) {
		size_t length = strcspn(words, "\n");

		fprintf(out, "%*s# %.*s\n", (int)indent, "", (int)length, words);
		words += length + (words[length] == '\n');
	}
}

void config_sample(FILE *out)
{
	fputs("# weir's configuration. Every key is optional and stands here with its default, "
	      "behind "
	      "a '#'.\n"
	      "# 'weir check' says what is wrong in it, 'weir run --print-config' what is in "
	      "force.\n",
	      out);
	for (size_t i = 0; i < config_keys_len; i++) {
		const struct config_key *key = &config_keys[i];
		char expects[400];
		unsigned indent;
		const char *name;

		/* One empty line before each key, above the section that it opens. */
		fputc('\n', out);
		name = open_section(i, out, &indent);
		print_words(key->words, indent, out);
		fprintf(out, "%*s# Takes %s.\n", (int)indent, "",
			config_expects(key, expects, sizeof(expects)));
		fprintf(out, "%*s#%s: ", (int)indent, "", name);
		print_fallback(key, out);
		fputc('\n', out);
	}
}

void config_document(FILE *out)
{
	for (size_t i = 0; i < config_keys_len; i++) {
		const struct config_key *key = &config_keys[i];
		char expects[400];

		fprintf(out, "### `%s`\n\n", key->name);
		fprintf(out, "%s\n\n", key->words);
		fprintf(out, "Takes %s. Default: `", config_expects(key, expects, sizeof(expects)));
		print_fallback(key, out);
		fputs("`\n\n", out);
	}
}
