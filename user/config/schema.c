/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration as JSON Schema, so that an editor knows keys, values and what they mean. */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "config/state.h"

/* In the place of any value: what the environment says. */
#define EXPANSION     "\\$\\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\\}"
#define EXPANSION_REF "{s:s}", "$ref", "#/$defs/expansion"

/* `schemas` takes the references of what it is given. */
static void offer(json_t *schemas, json_t *schema)
{
	json_array_append_new(schemas, schema);
}

/* Any of several; one alone is itself. */
static json_t *any_of(json_t *schemas)
{
	json_t *one;

	if (json_array_size(schemas) != 1)
		return json_pack("{s:o}", "anyOf", schemas);
	one = json_incref(json_array_get(schemas, 0));
	json_decref(schemas);
	return one;
}

static json_t *number_schema(const struct config_key *key)
{
	json_t *schema =
		json_pack("{s:s, s:I}", "type", "integer", "minimum", (json_int_t)key->least);

	if (key->most && key->most <= INT64_MAX)
		json_object_set_new(schema, "maximum", json_integer((json_int_t)key->most));
	return schema;
}

/* A text with a pattern, or any that YAML may take for something else than a text. */
static json_t *text_schema(const char *pattern)
{
	if (pattern)
		return json_pack("{s:s, s:s}", "type", "string", "pattern", pattern);
	return json_pack("{s:[s,s,s]}", "type", "string", "number", "boolean");
}

static json_t *choices_schema(const struct config_choice *choices)
{
	json_t *names = json_array();

	for (; choices->name; choices++)
		json_array_append_new(names, json_string(choices->name));
	return json_pack("{s:o}", "enum", names);
}

/* One value, or one entry of a list. */
static json_t *value_schema(const struct config_key *key)
{
	const struct config_type *type = key->type;
	json_t *schemas = json_array();

	if (type->number)
		offer(schemas, number_schema(key));
	if (type->truth)
		offer(schemas, json_pack("{s:s}", "type", "boolean"));
	offer(schemas, key->choices ? choices_schema(key->choices) : text_schema(type->pattern));
	if (key->zero && type->pattern)
		offer(schemas, json_pack("{s:s}", "const", key->zero));
	if (key->choices || type->pattern)
		offer(schemas, json_pack(EXPANSION_REF));
	return any_of(schemas);
}

/* An entry that is a section. */
static json_t *parts_schema(const struct config_part *parts)
{
	json_t *properties = json_object();

	for (; parts->name; parts++) {
		json_t *part = text_schema(NULL);

		json_object_set_new(part, "description", json_string(parts->expects));
		json_object_set_new(properties, parts->name, part);
	}
	return json_pack("{s:s, s:o, s:b}", "type", "object", "properties", properties,
			 "additionalProperties", 0);
}

/* A list of entries, or one entry alone. */
static json_t *list_schema(const struct config_key *key)
{
	json_t *entries = json_array(), *entry;

	offer(entries, value_schema(key));
	if (key->type->parts)
		offer(entries, parts_schema(key->type->parts));
	entry = any_of(entries);
	return json_pack("{s:[O, {s:s, s:o}]}", "anyOf", entry, "type", "array", "items", entry);
}

static json_t *key_schema(const struct config_key *key)
{
	const struct config_type *type = key->type;
	json_t *schema = type->list ? list_schema(key) : value_schema(key);

	if (type->map)
		schema = json_pack("{s:s, s:{s:s}, s:o}", "type", "object", "propertyNames",
				   "pattern", type->name, "additionalProperties", schema);
	json_object_set_new(schema, "description", json_string(key->words));
	if (!type->list)
		json_object_set_new(schema, "default", json_string(key->fallback));
	return schema;
}

/* The properties of the section that a key stands in, made where there are none; *last is set to
 * the last part of the key's name. */
static json_t *section_of(json_t *properties, const char *name, const char **last)
{
	const char *dot;

	for (; (dot = strchr(name, '.')); name = dot + 1) {
		char part[64];
		json_t *section;

		snprintf(part, sizeof(part), "%.*s", (int)(dot - name), name);
		section = json_object_get(properties, part);
		if (!section) {
			section = json_pack("{s:[s,s], s:b, s:{}}", "type", "object", "null",
					    "additionalProperties", 0, "properties");
			json_object_set_new(properties, part, section);
		}
		properties = json_object_get(section, "properties");
	}
	*last = name;
	return properties;
}

int config_schema(FILE *out)
{
	json_t *properties = json_object(), *schema;
	int err;

	for (size_t i = 0; i < config_keys_len; i++) {
		const char *last;
		json_t *section = section_of(properties, config_keys[i].name, &last);

		json_object_set_new(section, last, key_schema(&config_keys[i]));
	}
	schema = json_pack("{s:s, s:s, s:{s:{s:s, s:s}}, s:[s,s], s:b, s:o}", "$schema",
			   "https://json-schema.org/draft/2020-12/schema", "title",
			   "weir " WEIR_VERSION ": weir.yaml and weir.d/*.yaml", "$defs",
			   "expansion", "type", "string", "pattern", EXPANSION, "type", "object",
			   "null", "additionalProperties", 0, "properties", properties);
	if (!schema)
		return -ENOMEM;
	err = json_dumpf(schema, out, JSON_INDENT(2)) ? -ENOMEM : 0;
	fputc('\n', out);
	json_decref(schema);
	return err;
}
