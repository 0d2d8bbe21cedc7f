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

struct clause *test_new(struct load *load, enum test_kind kind, enum field field)
{
	struct clause *clause = clause_new(load, CLAUSE_TEST, 0);

	if (clause) {
		clause->test.kind = kind;
		clause->test.field = field;
	}
	return clause;
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

/* ---- addresses ---- */

static bool read_network(struct load *load, const struct selector *s, const struct wanted *wanted,
			 struct network *network)
{
	if (network_parse(wanted->text, wanted->length, network))
		return load_fault(load, wanted->item, "'%s' is no %s: %s would be right",
				  wanted->text, s->cidr ? "network" : "address",
				  s->cidr ? "10.0.0.0/8" : "10.0.0.1");
	return s->cidr || network->prefix == 128 ||
	       load_fault(load, wanted->item, "'%s' is a network: '%s|cidr' would be right",
			  wanted->text, subject_name(load, s->field));
}

/* Addresses in binary; those with a wildcard as they are written. */
static struct clause *addr_clause(struct load *load, const struct selector *s,
				  const struct wanteds *wanteds)
{
	struct clause *kids[2];
	struct network *networks = arena_alloc(load->arena, wanteds->len * sizeof(*networks));
	struct wanteds written = {.len = 0};

	kids[0] = test_new(load, TEST_NETWORK, s->field);
	written.at = arena_alloc(load->arena, wanteds->len * sizeof(*written.at));
	if (!kids[0] || !load_memory(load, networks) || !load_memory(load, written.at))
		return NULL;
	kids[0]->test.networks = networks;
	for (unsigned i = 0; i < wanteds->len; i++) {
		const struct wanted *wanted = &wanteds->at[i];

		/* Public rules ask for an empty address where they mean none. */
		if (!s->cidr &&
		    (!wanted->length || pattern_has_wildcard(wanted->text, wanted->length)))
			written.at[written.len++] = *wanted;
		else if (!read_network(load, s, wanted, &networks[kids[0]->test.len++]))
			return NULL;
	}
	if (!written.len)
		return kids[0];
	kids[1] = text_clause(load, s, &written);
	if (!kids[1] || written.len == wanteds->len)
		return kids[1];
	return joined(load, false, kids, 2);
}

/* ---- names ---- */

static const char *name_of(enum field field, unsigned number)
{
	if (field_table[field].type == TYPE_ROLES)
		return number < 64 ? field_role_name(number) : NULL;
	return field_enum_name(field, number);
}

static bool name_wrong(struct load *load, const struct selector *s, const struct wanted *wanted)
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
	return load_fault(load, wanted->item, "%s is never '%s': the nearest value is '%s'",
			  subject_name(load, s->field), wanted->text,
			  nearest_word(wanted->text, wanted->length, names));
}

/* Marks every number whose name the value means; patterns are tried on all names now. */
static bool add_names(struct load *load, const struct selector *s, const struct wanted *wanted,
		      struct test *test)
{
	struct regex *regex = s->regex ? regex_of(load, s, wanted) : NULL;
	struct pattern pattern;
	bool any = false;
	int number;

	if (s->regex && !regex)
		return false;
	if (!pattern_compile(&pattern, wanted->text, wanted->length, s->open, s->cased,
			     load->arena))
		return load_memory(load, NULL);
	for (unsigned n = 0; n < 256; n++) {
		const char *name = name_of(s->field, n);
		struct subject subject = {name, NULL, name ? strlen(name) : 0};

		if (name && (regex ? regex_search(regex, name, subject.length) == REGEX_YES
				   : pattern_match(&pattern, &subject))) {
			test->named[n / 64] |= UINT64_C(1) << (n % 64);
			any = true;
		}
	}
	number = any || s->regex || field_table[s->field].type == TYPE_ROLES
			 ? -1
			 : field_enum_number(s->field, wanted->text, wanted->length);
	if (number >= 0 && number < 256) {
		test->named[number / 64] |= UINT64_C(1) << (number % 64);
		any = true;
	}
	return any || name_wrong(load, s, wanted);
}

static struct clause *named_clause(struct load *load, const struct selector *s,
				   const struct wanteds *wanteds)
{
	struct clause *clause = test_new(load, TEST_NAMED, s->field);

	if (!clause)
		return NULL;
	for (unsigned i = 0; i < wanteds->len; i++)
		if (!add_names(load, s, &wanteds->at[i], &clause->test))
			return NULL;
	clause->test.len = wanteds->len;
	return clause;
}

/* ---- numbers ---- */

static enum unit unit_of(const struct load *load, const struct selector *s)
{
	if (s->field >= FIELD_COMPUTED)
		return load->asked.of->rule.window.compute[s->field - FIELD_COMPUTED].unit;
	return s->part == PART_NONE ? field_unit(s->field) : UNIT_NONE;
}

static bool number_value(struct load *load, const struct selector *s, const struct wanted *wanted,
			 double *number)
{
	bool negative = wanted->length && *wanted->text == '-';
	enum unit unit, own = unit_of(load, s);
	weir_time at;

	if (own == UNIT_TIME && !time_parse(wanted->text, wanted->length, &at)) {
		*number = (double)at;
		return true;
	}
	if (literal_number(wanted->text + negative, wanted->length - negative, number, &unit))
		return load_fault(load, wanted->item, "%s is a number: '%s' is none",
				  subject_name(load, s->field), wanted->text);
	if (negative)
		*number = -*number;
	if (unit != UNIT_NONE && unit != own)
		return load_fault(load, wanted->item, "%s is counted in %s: '%s' is not",
				  subject_name(load, s->field),
				  unit_name(own) ? unit_name(own) : "ones", wanted->text);
	return true;
}

static int compare_numbers(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static struct clause *number_clause(struct load *load, const struct selector *s,
				    const struct wanteds *wanteds)
{
	struct clause *clause = test_new(load, TEST_EQUAL, s->field);
	double *numbers = arena_alloc(load->arena, wanteds->len * sizeof(*numbers));

	if (!clause || !load_memory(load, numbers))
		return NULL;
	for (unsigned i = 0; i < wanteds->len; i++)
		if (!number_value(load, s, &wanteds->at[i], &numbers[i]))
			return NULL;
	clause->test.part = s->part;
	if (s->compares && wanteds->len != 1) {
		load_fault(load, wanteds->at[0].item, "one bound and not a list would be right");
		return NULL;
	}
	if (s->compares) {
		clause->test.kind = s->compare;
		clause->test.bound = numbers[0];
		return clause;
	}
	qsort(numbers, wanteds->len, sizeof(*numbers), compare_numbers);
	clause->test.numbers = numbers;
	clause->test.len = wanteds->len;
	return clause;
}

/* A number is also what it looks like: 80* is 80, 8080 and 8000. */
static struct clause *count_clause(struct load *load, const struct selector *s,
				   const struct wanteds *wanteds)
{
	for (unsigned i = 0; i < wanteds->len && s->field < FIELD_COMPUTED; i++)
		if (!wanteds->at[i].length ||
		    pattern_has_wildcard(wanteds->at[i].text, wanteds->at[i].length))
			return text_clause(load, s, wanteds);
	return number_clause(load, s, wanteds);
}

static struct clause *truth_clause(struct load *load, const struct selector *s,
				   const struct wanteds *wanteds)
{
	struct clause *clause = test_new(load, TEST_TRUTH, s->field);

	if (!clause)
		return NULL;
	if (wanteds->len != 1) {
		load_fault(load, wanteds->at[0].item,
			   "true or false, and not a list, would be right");
		return NULL;
	}
	return read_bool(load, wanteds->at[0].item, &clause->test.truth) ? clause : NULL;
}

typedef struct clause *(*clause_of)(struct load *load, const struct selector *s,
				    const struct wanteds *wanteds);

static const clause_of by_type[] = {
	[TYPE_ADDR] = addr_clause,   [TYPE_TEXT] = text_clause,	      [TYPE_TEXTS] = text_clause,
	[TYPE_ENUM] = named_clause,  [TYPE_COUNT] = count_clause,     [TYPE_REAL] = count_clause,
	[TYPE_TIME] = number_clause, [TYPE_DURATION] = number_clause, [TYPE_BOOL] = truth_clause,
	[TYPE_ROLES] = named_clause,
};

static bool is_named(const struct load *load, enum field field)
{
	enum field_type type = field == FIELD_NONE ? TYPE_TEXT : subject_type(load, field);

	return type == TYPE_ENUM || type == TYPE_ROLES;
}

static struct clause *typed_clause(struct load *load, const struct selector *s,
				   const struct wanteds *wanteds)
{
	bool named = is_named(load, s->field);

	if (s->regex && !named)
		return regex_clause(load, s, wanteds);
	if (s->field == FIELD_NONE || (s->text && !named))
		return text_clause(load, s, wanteds);
	if (s->compares)
		return number_clause(load, s, wanteds);
	if (s->cidr)
		return addr_clause(load, s, wanteds);
	return by_type[subject_type(load, s->field)](load, s, wanteds);
}

/* ---- a whole line ---- */

static struct clause *exists_clause(struct load *load, const struct selector *s, struct item value)
{
	struct clause *clause = test_new(load, TEST_EXISTS, s->field);
	bool wanted;

	if (!clause || !read_bool(load, value, &wanted))
		return NULL;
	return wanted ? clause : clause_not(load, clause);
}

static struct clause *reference_clause(struct load *load, const struct selector *s,
				       const struct wanteds *wanteds)
{
	struct clause *clause = clause_new(load, s->all ? CLAUSE_AND : CLAUSE_OR, wanteds->len);

	for (unsigned i = 0; clause && i < wanteds->len; i++) {
		const struct wanted *wanted = &wanteds->at[i];
		struct clause *kid = test_new(load, TEST_REFERENCE, s->field);

		if (!kid || !field_named(load, wanted->item, wanted->text, wanted->length,
					 &kid->test.other))
			return NULL;
		kid->test.open = (uint8_t)s->open;
		kid->test.cased = s->cased;
		clause->kid[i] = kid;
	}
	return clause;
}

/* Every value a clause of its own. */
static struct clause *all_clause(struct load *load, const struct selector *s,
				 const struct wanteds *wanteds)
{
	struct clause *clause = clause_new(load, CLAUSE_AND, wanteds->len);

	for (unsigned i = 0; clause && i < wanteds->len; i++) {
		struct wanteds one = {&wanteds->at[i], 1};

		clause->kid[i] = typed_clause(load, s, &one);
		if (!clause->kid[i])
			return NULL;
	}
	return clause;
}

/* `all` is of the values as they stand: what one placeholder stands for is any of it. */
static struct clause *all_expanded(struct load *load, const struct selector *s, struct item value)
{
	size_t len = item_is_list(value) ? item_len(value) : 1;
	struct clause *clause = clause_new(load, CLAUSE_AND, (unsigned)len);

	for (size_t i = 0; clause && i < len; i++) {
		struct wanteds wanteds = {.len = 0};

		if (!wanted_expand(load, item_is_list(value) ? item_at(value, i) : value, &wanteds))
			return NULL;
		clause->kid[i] = typed_clause(load, s, &wanteds);
		if (!clause->kid[i])
			return NULL;
	}
	return clause;
}

static bool value_add(struct load *load, const struct selector *s, struct item one,
		      struct wanteds *wanteds)
{
	struct wanteds own = {.len = 0};
	struct wanted *grown;

	if (!s->expand) {
		wanteds->at[wanteds->len++] =
			(struct wanted){item_text(one), item_length(one), one};
		return true;
	}
	if (!wanted_expand(load, one, &own))
		return false;
	grown = arena_alloc(load->arena, (wanteds->len + own.len + 1) * sizeof(*grown));
	if (!load_memory(load, grown))
		return false;
	memcpy(grown, wanteds->at, wanteds->len * sizeof(*grown));
	memcpy(grown + wanteds->len, own.at, own.len * sizeof(*grown));
	*wanteds = (struct wanteds){grown, wanteds->len + own.len};
	return true;
}

/* Splits null off, which is no value of any type, from the rest. */
static bool values_read(struct load *load, const struct selector *s, struct item value,
			struct wanteds *wanteds, bool *null)
{
	size_t len = item_is_list(value) ? item_len(value) : 1;

	wanteds->at = arena_alloc(load->arena, (len ? len : 1) * sizeof(*wanteds->at));
	if (!load_memory(load, wanteds->at))
		return false;
	if (!len)
		return load_fault(load, value, "an empty list matches nothing: leave it out");
	for (size_t i = 0; i < len; i++) {
		struct item one = item_is_list(value) ? item_at(value, i) : value;

		if (!item_is_text(one))
			return load_fault(load, one, "a value or a list of values would be right");
		if (item_is_null(one) && s->field != FIELD_NONE)
			*null = true;
		else if (!value_add(load, s, one, wanteds))
			return false;
	}
	return true;
}

/* neq asks for a value that differs: a missing one does not. */
static struct clause *differing(struct load *load, const struct selector *s, struct clause *clause,
				bool null)
{
	struct clause *kids[2] = {clause_not(load, clause), test_new(load, TEST_EXISTS, s->field)};

	return kids[0] && kids[1] ? joined(load, true, kids, null ? 1 : 2) : NULL;
}

/* A keyword is looked for in every text. */
static void read_all_texts(struct load *load)
{
	for (int f = 0; f < FIELD_COUNT; f++)
		if (type_is_text(field_table[f].type))
			field_set_add(load->reads, (enum field)f);
}

struct clause *selector_clause(struct load *load, const struct selector *s, struct item value)
{
	struct wanteds wanteds = {.len = 0};
	struct clause *kids[2], *clause;
	bool null = false, truth;
	unsigned len = 0;

	if (s->derived) {
		clause = read_bool(load, value, &truth) ? derived_clause(load, s->derived, truth)
							: NULL;
		return s->differs ? clause_not(load, clause) : clause;
	}
	if (s->field == FIELD_NONE)
		read_all_texts(load);
	if (s->exists)
		return exists_clause(load, s, value);
	if (!values_read(load, s, value, &wanteds, &null))
		return NULL;
	if (null && (s->open || s->compares || s->cidr || s->regex || s->encodings_len)) {
		load_fault(load, value, "null has no text or size: a value would be right");
		return NULL;
	}
	if (null) {
		kids[len] = clause_not(load, test_new(load, TEST_EXISTS, s->field));
		if (!kids[len++])
			return NULL;
	}
	if (wanteds.len) {
		kids[len] = s->reference	  ? reference_clause(load, s, &wanteds)
			    : s->all && s->expand ? all_expanded(load, s, value)
			    : s->all		  ? all_clause(load, s, &wanteds)
						  : typed_clause(load, s, &wanteds);
		if (!kids[len++])
			return NULL;
	}
	clause = joined(load, s->all, kids, len);
	return s->differs && clause ? differing(load, s, clause, null) : clause;
}
