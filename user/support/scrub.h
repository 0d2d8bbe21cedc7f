/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SUPPORT_SCRUB_H
#define WEIR_SUPPORT_SCRUB_H

#include <jansson.h>
#include <stdio.h>

/*
 * Takes out of texts what says whose they are: IP and MAC addresses, domain names, and words that
 * are known to be names of hosts and users, or secrets. In the place of each stands a pseudonym
 * that is the same wherever the same stood: ip-private-1 (loopback link private multicast public),
 * mac-1, host-1, user-1, secret-1. What cannot be told from a name is taken for one.
 */
struct scrub;

enum scrub_kind { SCRUB_HOST, SCRUB_USER, SCRUB_SECRET };

struct scrub *scrub_new(void); /* NULL without memory */
void scrub_free(struct scrub *scrub);

/* A word of this machine's: without case, wherever it stands as a word of its own. */
void scrub_know(struct scrub *scrub, enum scrub_kind kind, const char *word);

/* All words of a text likewise, of four bytes at least. */
void scrub_know_all(struct scrub *scrub, enum scrub_kind kind, const char *text);

void scrub_text(struct scrub *scrub, const char *text, FILE *out);

/* All texts of a value, and the keys of its objects: a new reference, NULL without memory. What
 * stands under a name with `command_line` is taken out whole. */
json_t *scrub_json(struct scrub *scrub, const json_t *value);

#endif
