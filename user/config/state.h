/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CONFIG_STATE_H
#define WEIR_CONFIG_STATE_H

#include "config/keys.h"

/* Where the value of one key came from. */
enum origin {
	ORIGIN_DEFAULT,
	ORIGIN_FILE,
	ORIGIN_COMMAND,
};

struct config_origin {
	enum origin origin;
	unsigned line;	  /* in the file */
	const char *file; /* of ORIGIN_FILE; in the configuration's arena */
};

/* What config_load() makes: the configuration and what only its makers need. */
struct config_state {
	struct config config;	       /* first: a struct config * points here */
	struct config_origin *origins; /* by index of config_keys */
	const char *path;	       /* of the file, whether it is there or not */
};

/*
 * Enters one value, "name=value" for a mapping. The first entry of a list from a new origin takes
 * away what was there. On failure `why` says "what was wrong: what would be right".
 */
int config_enter(struct config_state *state, size_t key, struct config_origin origin,
		 const char *text, struct error *why);

/* An empty list, or a mapping without entries, from that origin. */
void config_enter_none(struct config_state *state, size_t key, struct config_origin origin);

/* Reads a YAML file into the state (file.c). 0, -EINVAL with faults, -EACCES and the like. */
int config_read(struct config_state *state, const char *path, struct faults *faults);

/* Reads those of the folder beside a file, weir.d of weir.yaml, in the order of their names
 * (files.c); a key that stands in several is as the last says. The same errors. */
int config_read_drop_ins(struct config_state *state, const char *file, struct faults *faults);

/*
 * A value with what the environment says in the place of each ${NAME} and ${NAME:-default} (also
 * where NAME is empty); "$${" is "${" (expand.c). *expanded is `text` itself or in the arena.
 * -EINVAL, -E2BIG, -ENOMEM with `why`.
 */
int config_expand(struct arena *arena, const char *text, const char **expanded, struct error *why);
/* Whether it is one expansion and nothing else. */
bool config_is_expansion(const char *text);

#endif
