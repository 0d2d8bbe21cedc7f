/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/modifier.h"

#include "rule/words.h"

#define BIT(type) (1u << (type))
#define NUMBERS	  (BIT(TYPE_COUNT) | BIT(TYPE_REAL) | BIT(TYPE_TIME) | BIT(TYPE_DURATION))
#define PLAIN	  (BIT(TYPE_TEXT) | BIT(TYPE_TEXTS))
#define TEXTS                                                                                      \
	(PLAIN | BIT(TYPE_ADDR) | BIT(TYPE_ENUM) | BIT(TYPE_ROLES) | BIT(TYPE_COUNT) |             \
	 BIT(TYPE_REAL))
#define KEYWORDS BIT(31) /* no field at all */
#define ANY	 (~KEYWORDS)

static void set_contains(struct selector *s)
{
	s->open = PATTERN_OPEN_BOTH;
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

static void set_re(struct selector *s)
{
	s->regex = true;
}

static void set_i(struct selector *s)
{
	s->ignore_case = true;
}

static void set_m(struct selector *s)
{
	s->multiline = true;
}

static void set_s(struct selector *s)
{
	s->dot_all = true;
}

static void set_fieldref(struct selector *s)
{
	s->reference = true;
}

static void set_expand(struct selector *s)
{
	s->expand = true;
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

static void set_minute(struct selector *s)
{
	s->part = PART_MINUTE;
}

static void set_hour(struct selector *s)
{
	s->part = PART_HOUR;
}

static void set_day(struct selector *s)
{
	s->part = PART_DAY;
}

static void set_week(struct selector *s)
{
	s->part = PART_WEEK;
}

static void set_month(struct selector *s)
{
	s->part = PART_MONTH;
}

static void set_year(struct selector *s)
{
	s->part = PART_YEAR;
}

static void add_encoding(struct selector *s, enum encoding encoding)
{
	/* selector_read() has refused more. */
	s->encodings[s->encodings_len++] = encoding;
	s->text = true;
}

static void set_windash(struct selector *s)
{
	add_encoding(s, ENCODE_WINDASH);
}

static void set_utf16le(struct selector *s)
{
	add_encoding(s, ENCODE_UTF16LE);
}

static void set_utf16be(struct selector *s)
{
	add_encoding(s, ENCODE_UTF16BE);
}

static void set_utf16(struct selector *s)
{
	add_encoding(s, ENCODE_UTF16);
}

static void set_base64(struct selector *s)
{
	add_encoding(s, ENCODE_BASE64);
}

static void set_base64offset(struct selector *s)
{
	add_encoding(s, ENCODE_BASE64OFFSET);
}

/* Beside what a modifier makes sense. */
enum company {
	WITH_ANY,
	ALONE,	  /* how values are compared: one of these, not two */
	BEHIND_RE /* says how `re` compares */
};

static const struct modifier {
	const char *name;
	void (*set)(struct selector *selector);
	unsigned types; /* of fields that it has a meaning for */
	enum company company;
	const char *needs;
} modifiers[] = {
	{"contains", set_contains, TEXTS | KEYWORDS, ALONE, "text"},
	{"startswith", set_startswith, TEXTS, ALONE, "text"},
	{"endswith", set_endswith, TEXTS, ALONE, "text"},
	{"cidr", set_cidr, BIT(TYPE_ADDR) | PLAIN, ALONE, "an address"},
	{"re", set_re, TEXTS | KEYWORDS, ALONE, "text"},
	{"i", set_i, ANY | KEYWORDS, BEHIND_RE, NULL},
	{"m", set_m, ANY | KEYWORDS, BEHIND_RE, NULL},
	{"s", set_s, ANY | KEYWORDS, BEHIND_RE, NULL},
	{"lt", set_lt, NUMBERS | PLAIN, ALONE, "a number"},
	{"lte", set_lte, NUMBERS | PLAIN, ALONE, "a number"},
	{"gt", set_gt, NUMBERS | PLAIN, ALONE, "a number"},
	{"gte", set_gte, NUMBERS | PLAIN, ALONE, "a number"},
	{"exists", set_exists, ANY, ALONE, "a field"},
	{"all", set_all, ANY | KEYWORDS, WITH_ANY, NULL},
	{"neq", set_neq, ANY, WITH_ANY, "a field"},
	{"cased", set_cased, TEXTS | KEYWORDS, WITH_ANY, "text"},
	{"windash", set_windash, PLAIN | KEYWORDS, WITH_ANY, "text"},
	{"wide", set_utf16le, PLAIN | KEYWORDS, WITH_ANY, "text"},
	{"utf16le", set_utf16le, PLAIN | KEYWORDS, WITH_ANY, "text"},
	{"utf16be", set_utf16be, PLAIN | KEYWORDS, WITH_ANY, "text"},
	{"utf16", set_utf16, PLAIN | KEYWORDS, WITH_ANY, "text"},
	{"base64", set_base64, PLAIN | KEYWORDS, WITH_ANY, "text"},
	{"base64offset", set_base64offset, PLAIN | KEYWORDS, WITH_ANY, "text"},
	{"minute", set_minute, BIT(TYPE_TIME), WITH_ANY, "a time"},
	{"hour", set_hour, BIT(TYPE_TIME), WITH_ANY, "a time"},
	{"day", set_day, BIT(TYPE_TIME), WITH_ANY, "a time"},
	{"week", set_week, BIT(TYPE_TIME), WITH_ANY, "a time"},
	{"month", set_month, BIT(TYPE_TIME), WITH_ANY, "a time"},
	{"year", set_year, BIT(TYPE_TIME), WITH_ANY, "a time"},
	{"expand", set_expand, ANY | KEYWORDS, WITH_ANY, NULL},
	{"fieldref", set_fieldref, ANY, WITH_ANY, "a field"},
};

#define MODIFIERS (sizeof(modifiers) / sizeof(modifiers[0]))

static bool modifier_unknown(struct load *load, struct item key, const char *name, size_t length)
{
	const char *names[MODIFIERS + 1] = {NULL};

	for (size_t i = 0; i < MODIFIERS; i++)
		names[i] = modifiers[i].name;
	return load_fault(load, key, "unknown modifier '%.*s': the nearest is '%s'", (int)length,
			  name, nearest_word(name, length, names));
}

enum field_type subject_type(const struct load *load, enum field field)
{
	(void)load;
	return field >= FIELD_COMPUTED ? TYPE_REAL : (enum field_type)field_table[field].type;
}

const char *subject_name(const struct load *load, enum field field)
{
	if (field == FIELD_NONE)
		return "a keyword";
	return field >= FIELD_COMPUTED
		       ? load->asked.of->rule.window.compute[field - FIELD_COMPUTED].name
		       : field_table[field].name;
}

static unsigned type_bit(const struct load *load, const struct selector *s)
{
	if (s->derived)
		return BIT(TYPE_BOOL);
	return s->field == FIELD_NONE ? KEYWORDS : BIT(subject_type(load, s->field));
}

static bool modifier_apply(struct load *load, struct item key, const char *name, size_t length,
			   struct selector *s, bool *alone)
{
	const struct modifier *m = modifiers;
	size_t i = 0;

	while (i < MODIFIERS && !word_is(name, length, m[i].name))
		i++;
	if (i == MODIFIERS)
		return modifier_unknown(load, key, name, length);
	m += i;
	if (!(m->types & type_bit(load, s)))
		return load_fault(load, key, "'%s' needs %s: %s is none", m->name, m->needs,
				  s->derived ? s->derived->name : subject_name(load, s->field));
	if (m->company == ALONE && *alone)
		return load_fault(load, key,
				  "'%s' cannot stand beside another way to compare: one "
				  "of them would be right",
				  m->name);
	if (m->company == BEHIND_RE && !s->regex)
		return load_fault(load, key, "'%s' belongs behind 're': 're|%s' would be right",
				  m->name, m->name);
	if (s->encodings_len == ENCODINGS_MAX)
		return load_fault(load, key, "more than %d encodings of one value",
				  ENCODINGS_MAX - 1);
	*alone |= m->company == ALONE;
	m->set(s);
	return true;
}

/* What no single modifier can tell. */
static bool selector_check(struct load *load, struct item key, const struct selector *s)
{
	if (s->regex && s->encodings_len)
		return load_fault(load, key,
				  "an expression cannot be encoded: encoded values "
				  "without 're' would be right");
	if (s->field >= FIELD_COMPUTED && (s->text || s->regex || s->reference))
		return load_fault(load, key,
				  "'%s' is a computed number: a number, or lt, lte, gt "
				  "and gte, would be right",
				  subject_name(load, s->field));
	if (s->reference && (s->compares || s->cidr || s->regex || s->exists || s->encodings_len ||
			     s->expand || s->part != PART_NONE))
		return load_fault(load, key,
				  "'fieldref' compares two fields as they are: only "
				  "neq, cased, contains, startswith and endswith stand "
				  "beside it");
	if (s->part != PART_NONE && s->exists)
		return load_fault(load, key,
				  "a part of a time is a number: 'exists' is of the "
				  "time itself");
	return true;
}

/* The field of a name, or what else it means. */
static bool subject_read(struct load *load, struct item key, const char *name, size_t length,
			 struct selector *s)
{
	if (!length) /* keywords */
		return keywords_read(load);
	s->derived = derived_find(name, length);
	if (s->derived)
		return true;
	return field_named(load, key, name, length, &s->field);
}

bool selector_read(struct load *load, struct item key, struct selector *selector)
{
	const char *text = item_text(key), *end = text + item_length(key), *bar;
	bool alone = false;

	*selector = (struct selector){.field = FIELD_NONE, .part = PART_NONE};
	if (!item_is_text(key) || !item_length(key))
		return load_fault(load, key, "a field's name is missing");
	bar = memchr(text, '|', item_length(key));
	if (!subject_read(load, key, text, (size_t)((bar ? bar : end) - text), selector))
		return false;
	while (bar) {
		const char *name = bar + 1;

		bar = memchr(name, '|', (size_t)(end - name));
		if (!modifier_apply(load, key, name, (size_t)((bar ? bar : end) - name), selector,
				    &alone))
			return false;
	}
	return selector_check(load, key, selector);
}
