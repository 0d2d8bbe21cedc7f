/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>

#include "rule/lex.h"
#include "rule/load.h"
#include "rule/words.h"

/*
 * compute: named aggregates.
 * aggregate = kind [ "(" [ arguments ] [ "where" expression ] ")" ] [ "where" expression ] .
 */

/* What a kind's value counts. */
enum unit_rule {
	COUNTS_EVENTS,
	COUNTS_VALUES,
	COUNTS_FIELD, /* as its field, or its inner value */
	COUNTS_SET,
	COUNTS_TIME,
	COUNTS_NOTHING,
};

static const struct {
	const char *name;
	unsigned least, most; /* fields */
	bool number;	      /* of a number */
	bool inner;	      /* over inner groups too */
	enum unit_rule unit;
} kinds[AGGREGATE_KINDS] = {
	[AGGREGATE_COUNT] = {"count", 0, 0, false, true, COUNTS_EVENTS},
	[AGGREGATE_SUM] = {"sum", 1, 1, true, true, COUNTS_FIELD},
	[AGGREGATE_AVG] = {"avg", 1, 1, true, true, COUNTS_FIELD},
	[AGGREGATE_MIN] = {"min", 1, 1, true, true, COUNTS_FIELD},
	[AGGREGATE_MAX] = {"max", 1, 1, true, true, COUNTS_FIELD},
	[AGGREGATE_DISTINCT] = {"distinct", 1, RULE_FIELDS_MAX, false, true, COUNTS_VALUES},
	[AGGREGATE_VALUES] = {"values", 1, RULE_FIELDS_MAX, false, false, COUNTS_SET},
	[AGGREGATE_STDDEV] = {"stddev", 1, 1, true, true, COUNTS_FIELD},
	[AGGREGATE_CV] = {"cv", 1, 1, true, true, COUNTS_NOTHING},
	[AGGREGATE_MEDIAN] = {"median", 1, 1, true, true, COUNTS_FIELD},
	[AGGREGATE_MAD] = {"mad", 1, 1, true, true, COUNTS_FIELD},
	[AGGREGATE_PERCENTILE] = {"percentile", 1, 1, true, true, COUNTS_FIELD},
	[AGGREGATE_FIRST] = {"first", 1, 1, false, false, COUNTS_FIELD},
	[AGGREGATE_LAST] = {"last", 1, 1, false, false, COUNTS_FIELD},
	[AGGREGATE_ENTROPY] = {"entropy", 1, RULE_FIELDS_MAX, false, true, COUNTS_NOTHING},
	[AGGREGATE_INTERVAL_MEAN] = {"interval_mean", 0, 0, false, false, COUNTS_TIME},
	[AGGREGATE_INTERVAL_CV] = {"interval_cv", 0, 0, false, false, COUNTS_NOTHING},
	[AGGREGATE_BEACON] = {"beacon", 1, 1, true, false, COUNTS_NOTHING},
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
		if (a->inner < 0 || per->compute[a->inner].kind == AGGREGATE_VALUES ||
		    per->compute[a->inner].type != VALUE_NUMBER) {
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

static bool wrong_type(struct reader *r, enum field f, const char *needed)
{
	fault_add(r->load->faults, lex_place(&r->lex), true, "%s() needs %s: %s is none",
		  kinds[r->aggregate->kind].name, needed, field_table[f].name);
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
		r->load->foreign++;
		fault_add(r->load->faults, lex_place(&r->lex), true,
			  "unknown field '%.*s': the nearest is '%s'", (int)t->length, t->at,
			  field_nearest(t->at, t->length));
		return false;
	}
	if (kinds[r->aggregate->kind].number && !field_is_number(f))
		return wrong_type(r, f, "a number");
	if (kinds[r->aggregate->kind].unit == COUNTS_FIELD && field_table[f].type == TYPE_TEXTS)
		return wrong_type(r, f, "one value");
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

/* percentile's second argument. */
static bool percent_read(struct reader *r)
{
	const struct token *t = &r->lex.token;

	if (r->aggregate->kind != AGGREGATE_PERCENTILE)
		return true;
	if (!token_take(r, ","))
		return wrong(r, "',' and a number such as 95");
	if (t->kind != TOKEN_NUMBER || t->unit != UNIT_NONE || t->number <= 0 || t->number > 100)
		return wrong(r, "a number above 0, up to 100");
	r->aggregate->percent = t->number;
	lex_next(&r->lex);
	return true;
}

static bool fields_read(struct reader *r)
{
	if (!kinds[r->aggregate->kind].most)
		return true;
	do {
		if (!field_read(r))
			return false;
	} while (r->aggregate->fields.len < kinds[r->aggregate->kind].most && token_take(r, ","));
	return true;
}

static bool arguments_read(struct reader *r)
{
	int inner = 0;

	if (r->lex.token.kind == TOKEN_WORD && !token_is(&r->lex.token, "where"))
		inner = inner_read(r);
	if (inner < 0 || (!inner && !fields_read(r)))
		return false;
	return percent_read(r);
}

/* Computed values of the inner group that `where` is asked of. */
static int inner_computed(void *context, const char *name, size_t length,
			  const struct rule_aggregate **aggregate)
{
	const struct rule_per *per = context;
	int i = inner_find(per, name, length);

	if (i >= 0)
		*aggregate = &per->compute[i];
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

static enum unit counted_unit(const struct reader *r)
{
	const struct rule_aggregate *a = r->aggregate;

	if (a->per >= 0)
		return a->inner < 0 ? distinct_unit(&r->scope->per[a->per].by) : UNIT_NONE;
	return a->kind == AGGREGATE_COUNT ? count_unit(r->scope->draft->rule.services)
					  : distinct_unit(&a->fields);
}

static enum unit compute_unit(const struct reader *r)
{
	const struct rule_aggregate *a = r->aggregate;

	switch (kinds[a->kind].unit) {
	case COUNTS_EVENTS:
	case COUNTS_VALUES:
		return counted_unit(r);
	case COUNTS_FIELD:
		return a->inner >= 0 ? r->scope->per[a->per].compute[a->inner].unit
				     : field_unit(a->fields.at[0]);
	case COUNTS_SET:
		return UNIT_SET;
	case COUNTS_TIME:
		return UNIT_DURATION;
	case COUNTS_NOTHING:
		break;
	}
	return UNIT_NONE;
}

/* How far apart times are is a duration. */
static enum unit spread_unit(const struct rule_aggregate *a, enum unit unit)
{
	bool spread = a->kind == AGGREGATE_STDDEV || a->kind == AGGREGATE_MAD;

	return spread && unit == UNIT_TIME ? UNIT_DURATION : unit;
}

static enum value_type compute_type(const struct rule_aggregate *a)
{
	bool any = a->kind == AGGREGATE_FIRST || a->kind == AGGREGATE_LAST;

	return any ? field_value_type(a->fields.at[0]) : VALUE_NUMBER;
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
	case AGGREGATE_DISTINCT:
		return !per; /* two inner values may become alike */
	case AGGREGATE_COUNT:
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
	case AGGREGATE_STDDEV:
	case AGGREGATE_CV:
	case AGGREGATE_MEDIAN:
	case AGGREGATE_MAD:
	case AGGREGATE_PERCENTILE:
	case AGGREGATE_FIRST:
	case AGGREGATE_LAST:
	case AGGREGATE_ENTROPY:
	case AGGREGATE_INTERVAL_MEAN:
	case AGGREGATE_INTERVAL_CV:
	case AGGREGATE_BEACON:
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
		return wrong(r, "'where' or ')'");
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
	a->type = compute_type(a);
	a->unit = spread_unit(a, compute_unit(r));
	a->grows = compute_grows(r);
	return true;
}

bool name_allowed(struct load *load, struct item key, const char *what)
{
	static const char *const taken[] = {
		"and",	"or",	"not", "in",   "where", "case", "when",
		"then", "else", "end", "true", "false", "null", NULL,
	};
	const char *name = item_text(key);
	bool has_meaning = expr_is_function(name, item_length(key));

	for (size_t i = 0; name[i]; i++)
		if (!isalpha((unsigned char)name[i]) && name[i] != '_' &&
		    (!i || !isdigit((unsigned char)name[i])))
			return load_fault(load, key,
					  "'%s' is no name of a %s: letters, digits and "
					  "_ would be right",
					  name, what);
	for (size_t i = 0; taken[i] && !has_meaning; i++)
		has_meaning = word_is(name, item_length(key), taken[i]);
	if (has_meaning)
		return load_fault(load, key,
				  "'%s' has a meaning in expressions: another name would be right",
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
