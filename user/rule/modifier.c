/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/modifier.h"

#include "rule/words.h"

#define BIT(type) (1u << (type))
#define TEXTS	  (BIT(TYPE_TEXT) | BIT(TYPE_TEXTS) | BIT(TYPE_ADDR) | BIT(TYPE_ENUM) | BIT(TYPE_ROLES))
#define NUMBERS	  (BIT(TYPE_COUNT) | BIT(TYPE_REAL) | BIT(TYPE_TIME) | BIT(TYPE_DURATION))
#define ANY	  (~0u)

static void set_contains(struct selector *s)
{
	s->open = PATTERN_OPEN_START | PATTERN_OPEN_END;
	s->text = true;
}

static void set_startswith(struct selector *s)
{
	s->open = PATTERN_OPEN_END;
	s->text = true;
}

static void set_endswith(struct selector *s)
{
	s->open = PATTERN_OPEN_START;
	s->text = true;
}

static void set_all(struct selector *s)
{
	s->all = true;
}

static void set_exists(struct selector *s)
{
	s->exists = true;
}

static void set_cased(struct selector *s)
{
	s->cased = true;
}

static void set_neq(struct selector *s)
{
	s->differs = true;
}

static void set_cidr(struct selector *s)
{
	s->cidr = true;
}

static void set_compare(struct selector *s, enum test_kind kind)
{
	s->compares = true;
	s->compare = kind;
}

static void set_lt(struct selector *s)
{
	set_compare(s, TEST_LESS);
}

static void set_lte(struct selector *s)
{
	set_compare(s, TEST_AT_MOST);
}

static void set_gt(struct selector *s)
{
	set_compare(s, TEST_MORE);
}

static void set_gte(struct selector *s)
{
	set_compare(s, TEST_AT_LEAST);
}

/* What stands alone, beside nothing of its kind: how values are compared. */
#define ALONE true

static const struct modifier {
	const char *name;
	void (*set)(struct selector *selector);
	unsigned types; /* of fields that it has a meaning for */
	bool alone;
	const char *needs;
} modifiers[] = {
	{"contains", set_contains, TEXTS, ALONE, "text"},
	{"startswith", set_startswith, TEXTS, ALONE, "text"},
	{"endswith", set_endswith, TEXTS, ALONE, "text"},
	{"cidr", set_cidr, BIT(TYPE_ADDR), ALONE, "an address"},
	{"lt", set_lt, NUMBERS, ALONE, "a number"},
	{"lte", set_lte, NUMBERS, ALONE, "a number"},
	{"gt", set_gt, NUMBERS, ALONE, "a number"},
	{"gte", set_gte, NUMBERS, ALONE, "a number"},
	{"exists", set_exists, ANY, ALONE, NULL},
	{"all", set_all, ANY, false, NULL},
	{"neq", set_neq, ANY, false, NULL},
	{"cased", set_cased, TEXTS, false, "text"},
};

#define SUPPORTED "contains startswith endswith cidr lt lte gt gte exists all neq cased"

/* Sigma 2.1 has them, this release does not. */
static const char *const later[] = {
	"re",	   "i",	      "m",    "s",	 "base64", "base64offset", "utf16",
	"utf16le", "utf16be", "wide", "windash", "expand", "fieldref",	   "minute",
	"hour",	   "day",     "week", "month",	 "year",   NULL,
};

static bool modifier_unknown(struct load *load, struct item key, const char *name, size_t length)
{
	const char *names[sizeof(modifiers) / sizeof(modifiers[0]) + 1] = {NULL};

	for (size_t i = 0; later[i]; i++)
		if (word_is(name, length, later[i]))
			return load_fault(
				load, key,
				"modifier '%.*s' is not in this release: supported are " SUPPORTED,
				(int)length, name);
	for (size_t i = 0; i < sizeof(modifiers) / sizeof(modifiers[0]); i++)
		names[i] = modifiers[i].name;
	return load_fault(load, key,
			  "unknown modifier '%.*s': the nearest is '%s', supported are " SUPPORTED,
			  (int)length, name, nearest_word(name, length, names));
}

static bool modifier_apply(struct load *load, struct item key, const char *name, size_t length,
			   struct selector *s, bool *alone)
{
	const struct modifier *m = modifiers;
	size_t i = 0;

	while (i < sizeof(modifiers) / sizeof(modifiers[0]) && !word_is(name, length, m[i].name))
		i++;
	if (i == sizeof(modifiers) / sizeof(modifiers[0]))
		return modifier_unknown(load, key, name, length);
	m += i;
	if (!(m->types & BIT(field_table[s->field].type)))
		return load_fault(load, key, "'%s' needs %s: %s is none", m->name, m->needs,
				  field_table[s->field].name);
	if (m->alone && *alone)
		return load_fault(load, key,
				  "'%s' cannot stand beside another way to compare: one "
				  "of them would be right",
				  m->name);
	*alone |= m->alone;
	m->set(s);
	return true;
}

bool selector_read(struct load *load, struct item key, struct selector *selector)
{
	const char *text = item_text(key), *end = text + item_length(key), *bar;
	bool alone = false;

	*selector = (struct selector){.field = FIELD_NONE};
	if (!item_is_text(key) || !item_length(key))
		return load_fault(load, key, "a field's name is missing");
	bar = memchr(text, '|', item_length(key));
	if (!field_named(load, key, text, (size_t)((bar ? bar : end) - text), &selector->field))
		return false;
	while (bar) {
		const char *name = bar + 1;

		bar = memchr(name, '|', (size_t)(end - name));
		if (!modifier_apply(load, key, name, (size_t)((bar ? bar : end) - name), selector,
				    &alone))
			return false;
	}
	return true;
}
