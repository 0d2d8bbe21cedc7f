/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>

#include "base/nearest.h"
#include "rule/literal.h"
#include "rule/load.h"
#include "rule/predicate.h"
#include "rule/words.h"

bool load_fault(struct load *load, struct item at, const char *format, ...)
{
	char words[512];
	va_list args;

	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	fault_add(load->faults, item_place(at), true, "%s", words);
	return false;
}

bool load_memory(struct load *load, const void *memory)
{
	if (!memory)
		fault_add(load->faults, (struct place){NULL, 0, 0}, true, "out of memory");
	return memory != NULL;
}

static bool unknown_key(struct load *load, struct item key, const char *what,
			const struct key *keys)
{
	const char *names[64];
	size_t len = 0;

	for (const struct key *k = keys; k->name && len < 63; k++)
		names[len++] = k->name;
	names[len] = NULL;
	if (!item_is_text(key))
		return load_fault(load, key, "a key of %s is no text", what);
	return load_fault(load, key, "unknown key '%s' in %s: the nearest is '%s'", item_text(key),
			  what, nearest_word(item_text(key), item_length(key), names));
}

/* Sigma lets a document have keys of its own: what is near none of the known ones is no mistake. */
static bool custom_key(struct load *load, struct item key, const struct key *keys)
{
	struct nearest nearest = {.wrong = item_text(key)};

	for (const struct key *k = keys; k->name; k++)
		nearest_offer(&nearest, k->name);
	if (!item_is_text(key) || nearest_likely(&nearest))
		return false;
	fault_add(load->faults, item_place(key), false,
		  "key '%s' is none of Sigma's: weir makes nothing of it", item_text(key));
	return true;
}

static bool key_twice(struct item map, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (!strcmp(item_text(item_key(map, j)), item_text(item_key(map, i))))
			return true;
	return false;
}

static bool keys_of(struct load *load, struct item map, const char *what, const struct key *keys,
		    void *into, bool custom)
{
	bool good = true;

	if (!item_is_map(map))
		return load_fault(load, map, "%s is no map: 'key: value' lines would be right",
				  what);
	for (size_t i = 0; i < item_len(map); i++) {
		struct item key = item_key(map, i);
		const struct key *k = keys;

		while (k->name && strcmp(k->name, item_text(key)))
			k++;
		if (custom && !k->name && custom_key(load, key, keys))
			continue;
		if (!k->name || !item_is_text(key))
			good = unknown_key(load, key, what, keys);
		else if (key_twice(map, i))
			good = load_fault(load, key, "'%s' stands twice in %s: once would be right",
					  k->name, what);
		else if (k->read && !k->read(load, item_value(map, i), into))
			good = false;
	}
	for (const struct key *k = keys; k->name; k++)
		if (k->required && !item_get(map, k->name).node)
			good = load_fault(load, map, "%s has no '%s'", what, k->name);
	return good;
}

bool keys_read(struct load *load, struct item map, const char *what, const struct key *keys,
	       void *into)
{
	return keys_of(load, map, what, keys, into, false);
}

bool keys_read_custom(struct load *load, struct item map, const char *what, const struct key *keys,
		      void *into)
{
	return keys_of(load, map, what, keys, into, true);
}

bool read_text(struct load *load, struct item item, const char **text)
{
	if (!item_is_text(item) || item_is_null(item))
		return load_fault(load, item, "not a text: one line of text would be right");
	*text = arena_copy(load->arena, item_text(item), item_length(item));
	return load_memory(load, *text);
}

bool read_texts(struct load *load, struct item item, const char *const **texts)
{
	size_t len = item_is_list(item) ? item_len(item) : 1;
	const char **list = arena_alloc(load->arena, (len + 1) * sizeof(*list));

	if (!load_memory(load, list))
		return false;
	if (!item_is_list(item) && !item_is_text(item))
		return load_fault(load, item, "not a list of texts");
	for (size_t i = 0; i < len; i++)
		if (!read_text(load, item_is_list(item) ? item_at(item, i) : item, &list[i]))
			return false;
	*texts = list;
	return true;
}

bool read_bool(struct load *load, struct item item, bool *value)
{
	const char *text = item_text(item);

	*value = word_is(text, item_length(item), "true");
	if (item_is_text(item) && (*value || word_is(text, item_length(item), "false")))
		return true;
	return load_fault(load, item, "'%s' is no truth value: true or false would be right", text);
}

bool read_duration(struct load *load, struct item item, weir_time *duration)
{
	if (item_is_text(item) && !duration_parse(item_text(item), item_length(item), duration) &&
	    *duration > 0)
		return true;
	return load_fault(load, item, "'%s' is no duration: 90s, 5m, 1h or 7d would be right",
			  item_text(item));
}

bool read_number(struct load *load, struct item item, double *number, enum unit *unit)
{
	const char *text = item_text(item);
	bool negative = *text == '-';

	if (!item_is_text(item) ||
	    literal_number(text + negative, item_length(item) - negative, number, unit))
		return load_fault(load, item,
				  "'%s' is no number: 20, 1.5, 50MB or 5m would be right", text);
	if (negative)
		*number = -*number;
	return true;
}

bool read_count(struct load *load, struct item item, size_t least, size_t most, size_t *count)
{
	enum unit unit = UNIT_NONE;
	double number;

	if (item_is_text(item) &&
	    !literal_number(item_text(item), item_length(item), &number, &unit) &&
	    unit == UNIT_NONE && number >= (double)least && number <= (double)most &&
	    number == (double)(size_t)number) {
		*count = (size_t)number;
		return true;
	}
	return load_fault(load, item, "'%s' is no count: a whole number from %zu to %zu would be",
			  item_text(item), least, most);
}

bool read_severity(struct load *load, struct item item, enum severity *severity)
{
	static const char *const names[] = {"informational", "low",	 "medium",
					    "high",	     "critical", NULL};
	unsigned index;

	if (!read_word(load, item, "level", names, &index))
		return false;
	*severity = (enum severity)index;
	return true;
}

bool read_word(struct load *load, struct item item, const char *what, const char *const *words,
	       unsigned *index)
{
	for (*index = 0; item_is_text(item) && words[*index]; (*index)++)
		if (word_is(item_text(item), item_length(item), words[*index]))
			return true;
	return load_fault(load, item, "unknown %s '%s': the nearest is '%s'", what, item_text(item),
			  nearest_word(item_text(item), item_length(item), words));
}

static bool computed_named(const struct load *load, const char *name, size_t length,
			   enum field *field)
{
	const struct rule *rule = &load->asked.of->rule;

	for (unsigned i = 0; rule->kind == RULE_WINDOW && i < rule->window.compute_len; i++)
		if (strlen(rule->window.compute[i].name) == length &&
		    !memcmp(rule->window.compute[i].name, name, length)) {
			*field = (enum field)(FIELD_COMPUTED + i);
			return true;
		}
	for (unsigned i = 0; rule->kind == RULE_WINDOW && i < rule->window.group_by.len; i++)
		if (rule->window.key_names[i] && word_is(name, length, rule->window.key_names[i])) {
			*field = rule->window.group_by.at[i];
			return true;
		}
	for (unsigned i = 0; rule->kind == RULE_TEMPORAL && i < rule->temporal.aliases_len; i++)
		if (strlen(rule->temporal.aliases[i].name) == length &&
		    !memcmp(rule->temporal.aliases[i].name, name, length)) {
			*field = rule->temporal.aliases[i].by_ref[0];
			return true;
		}
	return false;
}

/* What a filter on a correlation asks for: a value that it computes, a key, or a field of events.
 */
static bool asked_named(struct load *load, const char *name, size_t length, enum field *field)
{
	if (computed_named(load, name, length, field)) {
		load->asked.computed |= *field >= FIELD_COMPUTED;
		return true;
	}
	*field = field_find(name, length);
	if (*field == FIELD_NONE)
		return false;
	if (!rule_has_key(&load->asked.of->rule, *field)) {
		field_set_add(load->reads, *field);
		load->asked.events = true;
		load->asked.event_field = *field;
	}
	return true;
}

bool field_named(struct load *load, struct item at, const char *name, size_t length,
		 enum field *field)
{
	if (load->asked.of && asked_named(load, name, length, field)) {
		if (*field < FIELD_COUNT)
			field_set_add(load->reads, *field);
		return true;
	}
	*field = source_field(load->services, name, length);
	if (*field != FIELD_NONE) {
		field_set_add(load->reads, *field);
		return true;
	}
	load->foreign++;
	return load_fault(load, at, "unknown field '%.*s': the nearest is '%s'", (int)length, name,
			  field_nearest(name, length));
}

bool read_field(struct load *load, struct item item, enum field *field)
{
	if (!item_is_text(item) || !item_length(item))
		return load_fault(load, item, "not a field's name");
	return field_named(load, item, item_text(item), item_length(item), field);
}

bool read_fields(struct load *load, struct item item, struct field_list *fields)
{
	size_t len = item_is_list(item) ? item_len(item) : 1;

	if (len > RULE_FIELDS_MAX)
		return load_fault(load, item, "%zu fields: at most %d would be right", len,
				  RULE_FIELDS_MAX);
	for (fields->len = 0; fields->len < len; fields->len++) {
		struct item one = item_is_list(item) ? item_at(item, fields->len) : item;
		enum field *at = &fields->at[fields->len];

		if (!read_field(load, one, at))
			return false;
		for (unsigned i = 0; i < fields->len; i++)
			if (fields->at[i] == *at)
				return load_fault(load, one, "field '%s' stands twice",
						  item_text(one));
	}
	return true;
}

static const char *const type_words[] = {
	[VALUE_NULL] = "anything",   [VALUE_BOOL] = "a truth value such as 'x > 3'",
	[VALUE_NUMBER] = "a number", [VALUE_TEXT] = "text",
	[VALUE_ADDR] = "an address",
};

bool read_expr(struct load *load, struct item item, const struct expr_scope *scope,
	       enum value_type type, const struct expr **expr)
{
	size_t before = load->faults->fatal;
	const char *text;

	if (!read_text(load, item, &text))
		return false;
	*expr = expr_compile(text, item_text_place(item), scope, load->arena, load->faults);
	if (!*expr && load->faults->fatal == before)
		return load_memory(load, NULL);
	if (*expr && type != VALUE_NULL && expr_type(*expr) != type)
		return load_fault(load, item, "'%s' has the wrong type: %s would be right", text,
				  type_words[type]);
	return *expr != NULL;
}
