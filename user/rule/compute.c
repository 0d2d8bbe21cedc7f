/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>

#include "rule/lex.h"
#include "rule/load.h"
#include "rule/words.h"

/*
 * compute: named aggregates.
 * aggregate = kind [ "(" [ arguments ] [ "where" expression ] ")" ] [ "where" expression ] .
 */

static const struct {
	const char *name;
	unsigned least, most; /* fields */
	bool number;	      /* of a number */
	bool inner;	      /* over inner groups too */
} kinds[AGGREGATE_KINDS] = {
	[AGGREGATE_COUNT] = {"count", 0, 0, false, true},
	[AGGREGATE_SUM] = {"sum", 1, 1, true, true},
	[AGGREGATE_AVG] = {"avg", 1, 1, true, true},
	[AGGREGATE_MIN] = {"min", 1, 1, true, true},
	[AGGREGATE_MAX] = {"max", 1, 1, true, true},
	[AGGREGATE_DISTINCT] = {"distinct", 1, RULE_FIELDS_MAX, false, false},
	[AGGREGATE_VALUES] = {"values", 1, RULE_FIELDS_MAX, false, false},
};

static const char *const later[] = {
	"stddev",     "cv",	 "median",	  "mad",	 "first",  "last",
	"percentile", "entropy", "interval_mean", "interval_cv", "beacon", NULL,
};

struct reader {
	const struct compute_scope *scope;
	struct load *load;
	struct lex lex;
	const char *text;
	struct rule_aggregate *aggregate;
};

static bool wrong(struct reader *r, const char *expected)
{
	const struct token *t = &r->lex.token;

	if (t->kind == TOKEN_END)
		fault_add(r->load->faults, lex_place(&r->lex), true,
			  "the aggregate ends too early: %s is missing", expected);
	else
		fault_add(r->load->faults, lex_place(&r->lex), true,
			  "unexpected '%.*s': %s would be right", (int)t->length, t->at, expected);
	return false;
}

static bool kind_read(struct reader *r)
{
	const char *names[AGGREGATE_KINDS + 1] = {NULL};
	const struct token *t = &r->lex.token;

	if (t->kind != TOKEN_WORD)
		return wrong(r, "an aggregate such as count or sum(source.bytes)");
	for (unsigned i = 0; i < AGGREGATE_KINDS; i++) {
		names[i] = kinds[i].name;
		if (word_is(t->at, t->length, kinds[i].name)) {
			r->aggregate->kind = (enum aggregate_kind)i;
			lex_next(&r->lex);
			return true;
		}
	}
	for (size_t i = 0; later[i]; i++)
		if (word_is(t->at, t->length, later[i])) {
			fault_add(r->load->faults, lex_place(&r->lex), true,
				  "aggregate '%s' is not in this release: count sum avg min max "
				  "distinct values are",
				  later[i]);
			return false;
		}
	fault_add(r->load->faults, lex_place(&r->lex), true,
		  "unknown aggregate '%.*s': the nearest is '%s'", (int)t->length, t->at,
		  nearest_word(t->at, t->length, names));
	return false;
}

static int per_find(const struct reader *r, const char *name, size_t length)
{
	if (!r->scope->inner)
		for (unsigned i = 0; i < r->scope->per_len; i++)
			if (strlen(r->scope->per[i].name) == length &&
			    !memcmp(r->scope->per[i].name, name, length))
				return (int)i;
	return -1;
}

static int inner_find(const struct rule_per *per, const char *name, size_t length)
{
	for (unsigned i = 0; i < per->compute_len; i++)
		if (strlen(per->compute[i].name) == length &&
		    !memcmp(per->compute[i].name, name, length))
			return (int)i;
	return -1;
}

/* "dst" or "dst.ports": 1 taken, 0 no inner group's name, -1 wrong. */
static int inner_read(struct reader *r)
{
	const struct token *t = &r->lex.token;
	const char *dot = memchr(t->at, '.', t->length);
	size_t head = dot ? (size_t)(dot - t->at) : t->length;
	struct rule_aggregate *a = r->aggregate;
	const struct rule_per *per;

	a->per = per_find(r, t->at, head);
	if (a->per < 0)
		return 0;
	per = &r->scope->per[a->per];
	if (!kinds[a->kind].inner || (a->kind == AGGREGATE_COUNT) != !dot) {
		wrong(r, a->kind == AGGREGATE_COUNT ? "the inner group's name alone"
			 : kinds[a->kind].inner	    ? "a value of the inner group"
						    : "a field");
		return -1;
	}
	if (dot) {
		a->inner = inner_find(per, dot + 1, t->length - head - 1);
		if (a->inner < 0 || per->compute[a->inner].kind == AGGREGATE_VALUES) {
			wrong(r, "a number that the inner group computes");
			return -1;
		}
	}
	lex_next(&r->lex);
	return 1;
}

bool field_is_number(enum field f)
{
	switch ((enum field_type)field_table[f].type) {
	case TYPE_COUNT:
	case TYPE_REAL:
	case TYPE_TIME:
	case TYPE_DURATION:
		return true;
	case TYPE_ADDR:
	case TYPE_TEXT:
	case TYPE_TEXTS:
	case TYPE_ENUM:
	case TYPE_BOOL:
	case TYPE_ROLES:
		break;
	}
	return false;
}

static bool field_read(struct reader *r)
{
	const struct token *t = &r->lex.token;
	struct field_list *fields = &r->aggregate->fields;
	enum field f;

	if (t->kind != TOKEN_WORD)
		return wrong(r, "a field's name");
	f = field_find(t->at, t->length);
	if (f == FIELD_NONE) {
		r->load->unknown_fields++;
		fault_add(r->load->faults, lex_place(&r->lex), true,
			  "unknown field '%.*s': the nearest is '%s'", (int)t->length, t->at,
			  field_nearest(t->at, t->length));
		return false;
	}
	if (kinds[r->aggregate->kind].number && !field_is_number(f)) {
		fault_add(r->load->faults, lex_place(&r->lex), true,
			  "%s() needs a number: %s is none", kinds[r->aggregate->kind].name,
			  field_table[f].name);
		return false;
	}
	if (fields->len == RULE_FIELDS_MAX)
		return wrong(r, "fewer fields");
	fields->at[fields->len++] = f;
	field_set_add(r->load->reads, f);
	lex_next(&r->lex);
	return true;
}

static bool token_take(struct reader *r, const char *word)
{
	if (!token_is(&r->lex.token, word))
		return false;
	lex_next(&r->lex);
	return true;
}

static bool arguments_read(struct reader *r)
{
	int inner = 0;

	if (r->lex.token.kind == TOKEN_WORD && !token_is(&r->lex.token, "where"))
		inner = inner_read(r);
	if (inner)
		return inner > 0;
	if (r->aggregate->kind == AGGREGATE_COUNT)
		return true;
	do {
		if (!field_read(r))
			return false;
	} while (token_take(r, ","));
	return true;
}

/* Computed values of the inner group that `where` is asked of. */
static int inner_computed(void *context, const char *name, size_t length, enum unit *unit)
{
	const struct rule_per *per = context;
	int i = inner_find(per, name, length);

	if (i >= 0)
		*unit = per->compute[i].unit;
	return i;
}

/* `where` up to `end` of the text. */
static bool where_read(struct reader *r, size_t end)
{
	struct rule_aggregate *a = r->aggregate;
	const char *names[RULE_COMPUTE_MAX + RULE_REFS_MAX + 1] = {NULL};
	size_t from = r->lex.token.offset, before = r->load->faults->fatal;
	struct expr_scope scope = event_scope(r->scope->draft, names);
	char *text = arena_copy(r->load->arena, r->text + from, end > from ? end - from : 0);
	struct rule_per *per = a->per >= 0 ? (struct rule_per *)&r->scope->per[a->per] : NULL;

	if (per) {
		scope = (struct expr_scope){
			.context = per, .computed = inner_computed, .names = names};
		for (unsigned i = 0; i < per->compute_len; i++)
			names[i] = per->compute[i].name;
		names[per->compute_len] = NULL;
	}
	if (!load_memory(r->load, text))
		return false;
	a->where = expr_compile(text, lex_place(&r->lex), &scope, r->load->arena, r->load->faults);
	if (a->where && expr_type(a->where) != VALUE_BOOL) {
		fault_add(r->load->faults, lex_place(&r->lex), true,
			  "'%s' is no truth value: a comparison would be right", text);
		return false;
	}
	return a->where || r->load->faults->fatal > before || load_memory(r->load, NULL);
}

enum unit distinct_unit(const struct field_list *f)
{
	bool first = field_table[f->at[0]].type == TYPE_ADDR;

	if (f->len == 1 && first)
		return UNIT_HOSTS;
	if (f->len == 1 && strstr(field_table[f->at[0]].name, ".port"))
		return UNIT_PORTS;
	return f->len == 2 && (first || field_table[f->at[1]].type == TYPE_ADDR) ? UNIT_ENDPOINTS
										 : UNIT_NONE;
}

static enum unit compute_unit(const struct reader *r)
{
	const struct rule_aggregate *a = r->aggregate;

	if (a->inner >= 0)
		return r->scope->per[a->per].compute[a->inner].unit;
	if (a->per >= 0)
		return distinct_unit(&r->scope->per[a->per].by);
	if (a->kind == AGGREGATE_VALUES)
		return UNIT_SET;
	if (a->kind == AGGREGATE_COUNT)
		return count_unit(r->scope->draft->rule.services);
	return a->kind == AGGREGATE_DISTINCT ? distinct_unit(&a->fields)
					     : field_unit(a->fields.at[0]);
}

/* What can only grow while events come. */
static bool compute_grows(const struct reader *r)
{
	const struct rule_aggregate *a = r->aggregate;
	const struct rule_per *per = a->per >= 0 ? &r->scope->per[a->per] : NULL;
	bool grows[RULE_COMPUTE_MAX] = {false};
	bool inner = true;

	for (unsigned i = 0; per && i < per->compute_len; i++)
		grows[i] = per->compute[i].grows;
	if (per && a->where && !expr_grows(a->where, grows, per->compute_len))
		return false;
	if (a->inner >= 0)
		inner = grows[a->inner];
	switch (a->kind) {
	case AGGREGATE_COUNT:
	case AGGREGATE_DISTINCT:
	case AGGREGATE_VALUES:
		return true;
	case AGGREGATE_MAX:
		return inner;
	case AGGREGATE_SUM:
		/* What grows began at zero: no inner value that grows is negative but a maximum. */
		return per ? inner && per->compute[a->inner].kind != AGGREGATE_MAX
			   : field_table[a->fields.at[0]].type == TYPE_COUNT;
	case AGGREGATE_AVG:
	case AGGREGATE_MIN:
	case AGGREGATE_KINDS:
		break;
	}
	return false;
}

static bool aggregate_end(struct reader *r, bool bracket)
{
	size_t length = strlen(r->text);

	while (length && isspace((unsigned char)r->text[length - 1]))
		length--;
	if (bracket && token_take(r, "where")) {
		if (!length || r->text[length - 1] != ')')
			return wrong(r, "')' at the end");
		return where_read(r, length - 1);
	}
	if (bracket && !token_is(&r->lex.token, ")"))
		return wrong(r, "',', 'where' or ')'");
	if (bracket)
		lex_next(&r->lex);
	if (token_take(r, "where"))
		return where_read(r, length);
	return r->lex.token.kind == TOKEN_END || wrong(r, "'where' or the end");
}

static bool aggregate_read(struct reader *r)
{
	struct rule_aggregate *a = r->aggregate;
	bool bracket;

	a->per = a->inner = -1;
	if (!kind_read(r))
		return false;
	bracket = token_take(r, "(");
	if (!bracket && kinds[a->kind].least)
		return wrong(r, "'(' and a field");
	if (bracket && !token_is(&r->lex.token, ")") && !arguments_read(r))
		return false;
	if (a->per < 0 &&
	    (a->fields.len < kinds[a->kind].least || a->fields.len > kinds[a->kind].most))
		return wrong(r, kinds[a->kind].most > 1 ? "one field or more" : "one field");
	if (!aggregate_end(r, bracket))
		return false;
	a->unit = compute_unit(r);
	a->grows = compute_grows(r);
	return true;
}

bool name_allowed(struct load *load, struct item key, const char *what)
{
	static const char *const taken[] = {
		"and",	  "or",	      "not",	  "in",	    "where", "case", "when",
		"then",	  "else",     "end",	  "true",   "false", "null", "known",
		"zscore", "baseline", "severity", "common", "cidr",  NULL,
	};
	const char *name = item_text(key);

	for (size_t i = 0; name[i]; i++)
		if (!isalpha((unsigned char)name[i]) && name[i] != '_' &&
		    (!i || !isdigit((unsigned char)name[i])))
			return load_fault(load, key,
					  "'%s' is no name of a %s: letters, digits and "
					  "_ would be right",
					  name, what);
	for (size_t i = 0; taken[i]; i++)
		if (word_is(name, item_length(key), taken[i]))
			return load_fault(load, key,
					  "'%s' has a meaning in expressions: another "
					  "name would be right",
					  name);
	if (!*name || field_find(name, item_length(key)) != FIELD_NONE)
		return load_fault(load, key, "'%s' is a field: a %s needs a name of its own", name,
				  what);
	return true;
}

bool compute_read(const struct compute_scope *scope, struct item map,
		  struct rule_aggregate *compute, unsigned max, unsigned *len)
{
	struct load *load = scope->load;

	if (!item_is_map(map))
		return load_fault(load, map, "compute is no map: 'name: count' would be right");
	for (size_t i = 0; i < item_len(map); i++) {
		struct item key = item_key(map, i), value = item_value(map, i);
		struct reader r = {.scope = scope, .load = load};

		if (!name_allowed(load, key, "computed value"))
			return false;
		for (unsigned j = 0; j < *len; j++)
			if (!strcmp(compute[j].name, item_text(key)))
				return load_fault(load, key,
						  "'%s' is computed twice: another name "
						  "would be right",
						  item_text(key));
		if (*len == max)
			return load_fault(load, key, "more than %u computed values", max);
		r.aggregate = &compute[*len];
		if (!read_text(load, key, &r.aggregate->name) || !read_text(load, value, &r.text))
			return false;
		lex_start(&r.lex, r.text, strlen(r.text), item_text_place(value));
		if (!aggregate_read(&r))
			return false;
		(*len)++;
	}
	return true;
}

enum unit count_unit(uint32_t services)
{
	uint32_t connections = 1u << SERVICE_ATTEMPT | 1u << SERVICE_CONNECTION;

	return services && !(services & ~connections) ? UNIT_CONNECTIONS : UNIT_EVENTS;
}
