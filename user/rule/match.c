/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "rule/literal.h"
#include "rule/modifier.h"
#include "rule/words.h"

/* Values of a selection, typed by their field. */

struct clause *clause_new(struct load *load, enum clause_kind kind, unsigned kids)
{
	struct clause *clause = arena_alloc(load->arena, sizeof(*clause));

	if (!load_memory(load, clause))
		return NULL;
	clause->kind = kind;
	clause->kids = kids;
	if (kids) {
		clause->kid = arena_alloc(load->arena, sizeof(*clause->kid) * kids);
		if (!load_memory(load, clause->kid))
			return NULL;
	}
	return clause;
}

struct clause *clause_not(struct load *load, struct clause *inner)
{
	struct clause *clause = inner ? clause_new(load, CLAUSE_NOT, 1) : NULL;

	if (clause)
		clause->kid[0] = inner;
	return clause;
}

static struct clause *test_new(struct load *load, enum test_kind kind, enum field field)
{
	struct clause *clause = clause_new(load, CLAUSE_TEST, 0);

	if (clause) {
		clause->test.kind = kind;
		clause->test.field = field;
	}
	return clause;
}

/* The values of a list, or the one value. */
struct values {
	struct item *at;
	unsigned len;
};

static bool add_pattern(struct load *load, const struct selector *s, struct item value,
			struct test *test)
{
	struct pattern *patterns = (struct pattern *)test->patterns;

	return load_memory(load, pattern_compile(&patterns[test->len++], item_text(value),
						 item_length(value), s->open, s->cased, load->arena)
					 ? patterns
					 : NULL);
}

static struct clause *text_clause(struct load *load, const struct selector *s,
				  const struct values *values)
{
	struct clause *clause = test_new(load, TEST_TEXT, s->field);
	struct pattern *patterns = arena_alloc(load->arena, values->len * sizeof(*patterns));

	if (!clause || !load_memory(load, patterns))
		return NULL;
	clause->test.patterns = patterns;
	for (unsigned i = 0; i < values->len; i++)
		if (!add_pattern(load, s, values->at[i], &clause->test))
			return NULL;
	return clause;
}

static bool read_network(struct load *load, const struct selector *s, struct item value,
			 struct network *network)
{
	const char *text = item_text(value);

	if (network_parse(text, item_length(value), network))
		return load_fault(load, value, "'%s' is no %s: %s would be right", text,
				  s->cidr ? "network" : "address",
				  s->cidr ? "10.0.0.0/8" : "10.0.0.1");
	return s->cidr || network->prefix == 128 ||
	       load_fault(load, value, "'%s' is a network: '%s|cidr' would be right", text,
			  field_table[s->field].name);
}

/* Addresses in binary; those with a wildcard as they are written. */
static struct clause *addr_clause(struct load *load, const struct selector *s,
				  const struct values *values)
{
	struct clause *clause = test_new(load, TEST_NETWORK, s->field), *both;
	struct network *networks = arena_alloc(load->arena, values->len * sizeof(*networks));
	struct values written = {.len = 0};

	written.at = arena_alloc(load->arena, values->len * sizeof(*written.at));
	if (!clause || !load_memory(load, networks) || !load_memory(load, written.at))
		return NULL;
	for (unsigned i = 0; i < values->len; i++) {
		struct item value = values->at[i];

		if (!s->cidr && pattern_has_wildcard(item_text(value), item_length(value)))
			written.at[written.len++] = value;
		else if (!read_network(load, s, value, &networks[clause->test.len++]))
			return NULL;
	}
	clause->test.networks = networks;
	if (!written.len)
		return clause;
	if (written.len == values->len)
		return text_clause(load, s, &written);
	both = clause_new(load, CLAUSE_OR, 2);
	if (!both)
		return NULL;
	both->kid[0] = clause;
	both->kid[1] = text_clause(load, s, &written);
	return both->kid[1] ? both : NULL;
}

static const char *name_of(enum field field, unsigned number)
{
	if (field_table[field].type == TYPE_ROLES)
		return number < 64 ? field_role_name(number) : NULL;
	return field_enum_name(field, number);
}

static bool name_wrong(struct load *load, const struct selector *s, struct item value)
{
	const char *names[257];
	size_t len = 0;

	/* A role that is not configured is nobody's; which are is not the rule's business. */
	if (field_table[s->field].type == TYPE_ROLES)
		return true;
	for (unsigned n = 0; n < 256; n++)
		if (name_of(s->field, n))
			names[len++] = name_of(s->field, n);
	names[len] = NULL;
	return load_fault(load, value, "%s is never '%s': the nearest value is '%s'",
			  field_table[s->field].name, item_text(value),
			  nearest_word(item_text(value), item_length(value), names));
}

/* Marks every number whose name the value means; patterns are tried on all names now. */
static bool add_names(struct load *load, const struct selector *s, struct item value,
		      struct test *test)
{
	struct pattern pattern;
	bool any = false;
	int number;

	if (!pattern_compile(&pattern, item_text(value), item_length(value), s->open, s->cased,
			     load->arena))
		return load_memory(load, NULL);
	for (unsigned n = 0; n < 256; n++) {
		const char *name = name_of(s->field, n);

		if (name && pattern_match(&pattern, name, strlen(name))) {
			test->named[n / 64] |= UINT64_C(1) << (n % 64);
			any = true;
		}
	}
	number = any || field_table[s->field].type == TYPE_ROLES
			 ? -1
			 : field_enum_number(s->field, item_text(value), item_length(value));
	if (number >= 0 && number < 256) {
		test->named[number / 64] |= UINT64_C(1) << (number % 64);
		any = true;
	}
	return any || name_wrong(load, s, value);
}

static struct clause *named_clause(struct load *load, const struct selector *s,
				   const struct values *values)
{
	struct clause *clause = test_new(load, TEST_NAMED, s->field);

	if (!clause)
		return NULL;
	for (unsigned i = 0; i < values->len; i++)
		if (!add_names(load, s, values->at[i], &clause->test))
			return NULL;
	clause->test.len = values->len;
	return clause;
}

static bool number_value(struct load *load, enum field field, struct item value, double *number)
{
	const char *text = item_text(value);
	bool negative = *text == '-';
	enum unit unit, own = field_unit(field);
	weir_time at;

	if (own == UNIT_TIME && !time_parse(text, item_length(value), &at)) {
		*number = (double)at;
		return true;
	}
	if (literal_number(text + negative, item_length(value) - negative, number, &unit))
		return load_fault(load, value, "%s is a number: '%s' is none",
				  field_table[field].name, text);
	if (negative)
		*number = -*number;
	if (unit != UNIT_NONE && unit != own)
		return load_fault(load, value, "%s is counted in %s: '%s' is not",
				  field_table[field].name, unit_name(own) ? unit_name(own) : "ones",
				  text);
	return true;
}

static int compare_numbers(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static struct clause *number_clause(struct load *load, const struct selector *s,
				    const struct values *values)
{
	struct clause *clause = test_new(load, TEST_EQUAL, s->field);
	double *numbers = arena_alloc(load->arena, values->len * sizeof(*numbers));

	if (!clause || !load_memory(load, numbers))
		return NULL;
	for (unsigned i = 0; i < values->len; i++)
		if (!number_value(load, s->field, values->at[i], &numbers[i]))
			return NULL;
	if (s->compares && values->len != 1) {
		load_fault(load, values->at[0], "one bound and not a list would be right");
		return NULL;
	}
	if (s->compares) {
		clause->test.kind = s->compare;
		clause->test.bound = numbers[0];
		return clause;
	}
	qsort(numbers, values->len, sizeof(*numbers), compare_numbers);
	clause->test.numbers = numbers;
	clause->test.len = values->len;
	return clause;
}

static struct clause *truth_clause(struct load *load, const struct selector *s,
				   const struct values *values)
{
	struct clause *clause = test_new(load, TEST_TRUTH, s->field);

	if (!clause)
		return NULL;
	if (values->len != 1) {
		load_fault(load, values->at[0], "true or false, and not a list, would be right");
		return NULL;
	}
	return read_bool(load, values->at[0], &clause->test.truth) ? clause : NULL;
}

typedef struct clause *(*clause_of)(struct load *load, const struct selector *s,
				    const struct values *values);

static const clause_of by_type[] = {
	[TYPE_ADDR] = addr_clause,   [TYPE_TEXT] = text_clause,	      [TYPE_TEXTS] = text_clause,
	[TYPE_ENUM] = named_clause,  [TYPE_COUNT] = number_clause,    [TYPE_REAL] = number_clause,
	[TYPE_TIME] = number_clause, [TYPE_DURATION] = number_clause, [TYPE_BOOL] = truth_clause,
	[TYPE_ROLES] = named_clause,
};

static struct clause *typed_clause(struct load *load, const struct selector *s,
				   const struct values *values)
{
	if (s->text && field_table[s->field].type == TYPE_ADDR)
		return text_clause(load, s, values);
	return by_type[field_table[s->field].type](load, s, values);
}

static struct clause *exists_clause(struct load *load, const struct selector *s, struct item value)
{
	struct clause *clause = test_new(load, TEST_EXISTS, s->field);
	bool wanted;

	if (!clause || !read_bool(load, value, &wanted))
		return NULL;
	return wanted ? clause : clause_not(load, clause);
}

/* One clause of several: all of them, or any. */
static struct clause *joined(struct load *load, bool all, struct clause *const *kids, unsigned len)
{
	struct clause *clause;

	if (len == 1)
		return kids[0];
	clause = clause_new(load, all ? CLAUSE_AND : CLAUSE_OR, len);
	if (clause)
		memcpy(clause->kid, kids, sizeof(*kids) * len);
	return clause;
}

/* Every value a clause of its own. */
static struct clause *all_clause(struct load *load, const struct selector *s,
				 const struct values *values)
{
	struct clause *clause = clause_new(load, CLAUSE_AND, values->len);

	for (unsigned i = 0; clause && i < values->len; i++) {
		struct values one = {&values->at[i], 1};

		clause->kid[i] = typed_clause(load, s, &one);
		if (!clause->kid[i])
			return NULL;
	}
	return clause;
}

/* Splits null off, which is no value of any type, from the rest. */
static bool values_read(struct load *load, struct item value, struct values *values, bool *null)
{
	size_t len = item_is_list(value) ? item_len(value) : 1;

	values->at = arena_alloc(load->arena, (len ? len : 1) * sizeof(*values->at));
	if (!load_memory(load, values->at))
		return false;
	if (!len)
		return load_fault(load, value, "an empty list matches nothing: leave it out");
	for (size_t i = 0; i < len; i++) {
		struct item one = item_is_list(value) ? item_at(value, i) : value;

		if (!item_is_text(one))
			return load_fault(load, one, "a value or a list of values would be right");
		if (item_is_null(one))
			*null = true;
		else
			values->at[values->len++] = one;
	}
	return true;
}

struct clause *selector_clause(struct load *load, const struct selector *s, struct item value)
{
	struct values values = {.len = 0};
	struct clause *kids[2], *clause;
	bool null = false;
	unsigned len = 0;

	if (s->exists)
		return exists_clause(load, s, value);
	if (!values_read(load, value, &values, &null))
		return NULL;
	if (null && (s->open || s->compares || s->cidr)) {
		load_fault(load, value, "null has no text or size: a value would be right");
		return NULL;
	}
	if (null) {
		kids[len] = clause_not(load, test_new(load, TEST_EXISTS, s->field));
		if (!kids[len++])
			return NULL;
	}
	if (values.len) {
		kids[len] = s->all ? all_clause(load, s, &values) : typed_clause(load, s, &values);
		if (!kids[len++])
			return NULL;
	}
	clause = joined(load, s->all, kids, len);
	if (!s->differs || !clause)
		return clause;
	/* neq asks for a value that differs: a missing one does not. */
	kids[0] = clause_not(load, clause);
	kids[1] = test_new(load, TEST_EXISTS, s->field);
	return kids[0] && kids[1] ? joined(load, true, kids, null ? 1 : 2) : NULL;
}
