/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CONFIG_KEYS_H
#define WEIR_CONFIG_KEYS_H

#include <stdint.h>

#include "config/config.h"

/*
 * The one table of keys (keys.c) and the types of their values (types.c). The parser, the sample,
 * --print-config and docs/configuration.md come from it. A new key: one line in the table and its
 * member in struct config.
 */
struct config_key {
	const char *name; /* "syslog.server": sections are divided by '.' */
	const struct config_type *type;
	size_t offset, size; /* of its member in struct config */
	const char
		*fallback; /* the default, as written in the file; of a list, divided by spaces */
	const char
		*zero; /* a word that stands for 0 or NULL: "auto", "none"; NULL: there is none */
	uint64_t least, most; /* bounds of numbers, sizes and durations (ns); most 0: none */
	const struct config_choice *choices; /* of config_choice_type; ended by a NULL name */
	bool live;			     /* a reload changes it; all else takes a new start */
	bool secret;	   /* may hold secrets, or names of other hosts: no bug report has it */
	const char *words; /* what it is, with its unit; may have newlines */
};

struct config_choice {
	const char *name;
	int value;
};

/* A word in an entry that is a section of its own. */
struct config_part {
	const char *name;    /* NULL: the end */
	const char *expects; /* "a duration such as 7d, or 'never'" */
	bool (*accepts)(const char *value);
};

/* How values of one type are read and written. */
struct config_type {
	const char *expects; /* "a duration such as 90s, 5m or 7d" */
	/* What a text that is written for it looks like, as JSON Schema has regular expressions; of
	 * a list, each entry. NULL: any text. */
	const char *pattern;
	bool number;	  /* a number alone, within the key's bounds, is right too */
	bool truth;	  /* true and false are */
	const char *name; /* of the names of a mapping, as `pattern` */
	bool list;	  /* parse() adds one; clear() takes all away */
	bool map;	  /* a mapping of lists: parse() gets "name=value" */
	/* An entry of the list may be a section of these: parse() gets a line "name=value" each. */
	const struct config_part *parts;
	/* 0, -EINVAL, -ERANGE (outside the key's bounds), -ENOMEM */
	int (*parse)(struct config *config, const struct config_key *key, void *member,
		     const char *text);
	void (*clear)(void *member);
	void (*print)(const struct config_key *key, const void *member, FILE *out);
};

extern const struct config_type config_bool_type, config_count_type, config_bytes_type,
	config_power_type, config_duration_type, config_text_type, config_path_type,
	config_choice_type, config_choice_text_type, config_networks_type, config_texts_type,
	config_hooks_type, config_roles_type, config_placeholders_type, config_threat_lists_type,
	config_listen_type, config_options_type;

extern const struct config_key config_keys[];
extern const size_t config_keys_len;

/* Index in config_keys, or -1. */
int config_key_find(const char *name, size_t length);

static inline void *config_member(struct config *config, const struct config_key *key)
{
	return (char *)config + key->offset;
}

/* "auto, or a whole number, 1024 to 16777216": what the key would take, into `text`; returns it. */
char *config_expects(const struct config_key *key, char *text, size_t size);

/* Writes text as a YAML scalar, quoted where it must be. */
void config_print_text(const char *text, FILE *out);

/* Puts a number into a member of 1, 4 or 8 bytes. */
void config_number_store(const struct config_key *key, void *member, uint64_t value);

/* A size: "4096", "8MiB", "1GB". 0, or -EINVAL. */
int config_bytes_parse(const char *text, uint64_t *bytes);

#endif
