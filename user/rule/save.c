/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/save.h"

#include <errno.h>
#include <stdlib.h>

#define RULES_VERSION 1

void value_save(struct state_writer *w, const struct value *value)
{
	state_put_uint(w, value->type);
	switch ((enum value_type)value->type) {
	case VALUE_NULL:
		return;
	case VALUE_BOOL:
		state_put_uint(w, value->truth);
		return;
	case VALUE_NUMBER:
		state_put_real(w, value->number);
		return;
	case VALUE_TEXT:
		state_put_bytes(w, value->text.at, value->text.length);
		return;
	case VALUE_ADDR:
		addr_save(w, &value->addr);
		return;
	}
}

void value_load(struct state_reader *r, struct value *value)
{
	size_t length;

	*value = (struct value){.type = (uint8_t)state_get_below(r, VALUE_ADDR)};
	switch ((enum value_type)value->type) {
	case VALUE_NULL:
		return;
	case VALUE_BOOL:
		value->truth = state_get_bool(r);
		return;
	case VALUE_NUMBER:
		value->number = state_get_real(r);
		return;
	case VALUE_TEXT:
		value->text.at = state_get_bytes(r, &length);
		value->text.length = (uint32_t)length;
		return;
	case VALUE_ADDR:
		addr_load(r, &value->addr);
		return;
	}
}

void ruleset_save(struct state_writer *w, const struct ruleset *set)
{
	state_section(w, "rules", "", 0, RULES_VERSION);
	state_put_uint(w, set->len);
	for (unsigned i = 0; i < set->len; i++) {
		state_put_text(w, set->rules[i].id);
		state_put_raw(w, &set->rules[i].fingerprint, sizeof(uint64_t));
	}
}

static const struct rule *rule_find(const struct ruleset *set, const char *id, size_t length,
				    size_t likely)
{
	for (size_t i = 0; i < set->len; i++) {
		/* Most often it has the same place. */
		const struct rule *rule = &set->rules[(likely + i) % set->len];

		if (strlen(rule->id) == length && !memcmp(rule->id, id, length))
			return rule;
	}
	return NULL;
}

static const struct rule *map_one(struct rule_map *map, struct state_reader *r,
				  const struct ruleset *set, size_t likely)
{
	size_t length;
	const char *id = state_get_bytes(r, &length);
	const struct rule *rule;
	uint64_t fingerprint;

	state_get_raw(r, &fingerprint, sizeof(fingerprint));
	rule = id ? rule_find(set, id, length, likely) : NULL;
	if (rule && rule->fingerprint == fingerprint) {
		map->known++;
		return rule;
	}
	map->changed += rule != NULL;
	map->gone += rule == NULL;
	return NULL;
}

int rule_map_load(struct rule_map *map, const struct state_image *image, const struct ruleset *set)
{
	struct state_reader r;
	size_t len;

	*map = (struct rule_map){0};
	if (!state_find(image, "rules", "", &r) || r.version != RULES_VERSION)
		return -EBADMSG;
	len = state_get_count(&r, SIZE_MAX);
	map->at = calloc(len + 1, sizeof(*map->at));
	if (!map->at)
		return -ENOMEM;
	for (; map->len < len; map->len++)
		map->at[map->len] = map_one(map, &r, set, map->len);
	if (state_done(&r))
		return 0;
	rule_map_free(map);
	return -EBADMSG;
}

void rule_map_free(struct rule_map *map)
{
	free(map->at);
	*map = (struct rule_map){0};
}

const struct rule *rule_load(struct state_reader *r, const struct rule_map *map)
{
	uint64_t index = state_get_uint(r);

	if (index < map->len)
		return map->at[index];
	r->bad = true;
	return NULL;
}

bool rule_section(const struct state_image *image, const char *kind, const struct rule *rule,
		  struct state_reader *reader)
{
	return state_find(image, kind, rule->id, reader) && reader->mark == rule->fingerprint;
}
