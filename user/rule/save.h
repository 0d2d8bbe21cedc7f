/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_RULE_SAVE_H
#define WEIR_RULE_SAVE_H

#include "event/save.h"
#include "rule/rule.h"

/* Rules and values in a snapshot. */

void value_save(struct state_writer *writer, const struct value *value);
/* Texts are borrowed from the image. */
void value_load(struct state_reader *reader, struct value *value);

/* The table of rules, by which the other sections name them (by index). One section. */
void ruleset_save(struct state_writer *writer, const struct ruleset *set);

/* Its reading: by index there the rule here of the same id and fingerprint; NULL: there is none, or
 * it is another rule now. */
struct rule_map {
	const struct rule **at;
	size_t len;
	unsigned known, changed, gone;
};

/* 0, -EBADMSG or -ENOMEM. */
int rule_map_load(struct rule_map *map, const struct state_image *image, const struct ruleset *set);
void rule_map_free(struct rule_map *map);

/* A rule by its index there; NULL as above, also where the index cannot be. */
const struct rule *rule_load(struct state_reader *reader, const struct rule_map *map);

/* Finds the section of a rule's own; false if there is none or it is of another definition. */
bool rule_section(const struct state_image *image, const char *kind, const struct rule *rule,
		  struct state_reader *reader);

#endif
