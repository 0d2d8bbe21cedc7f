/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

#include "rule/modifier.h"
#include "rule/words.h"

/*
 * condition = and { "or" and } ; and = not { "and" not } ; not = "not" not | term ;
 * term = "(" condition ")" | ("1" | "any" | "all") "of" ("them" | pattern) | selection .
 */

#define DEPTH_MAX 64
#define KIDS_MAX  256

struct reader {
	struct load *load;
	struct item item;
	const char *text, *at, *word; /* word: the current token, `length` long; 0 at the end */
	size_t length;
	struct selection *selections;
	unsigned len, depth;
};

static struct clause *wrong(struct reader *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static struct clause *wrong(struct reader *r, const char *format, ...)
{
	struct place place = item_text_place(r->item);
	char words[256];
	va_list args;

	place.column += (unsigned)(r->word - r->text);
	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	fault_add(r->load->faults, place, true, "%s", words);
	return NULL;
}

static void next(struct reader *r)
{
	while (isspace((unsigned char)*r->at))
		r->at++;
	r->word = r->at;
	if (*r->at == '(' || *r->at == ')')
		r->at++;
	else
		while (*r->at && !isspace((unsigned char)*r->at) && !strchr("()", *r->at))
			r->at++;
	r->length = (size_t)(r->at - r->word);
}

static bool take(struct reader *r, const char *word)
{
	if (!word_is(r->word, r->length, word))
		return false;
	next(r);
	return true;
}

static struct clause *read_or(struct reader *r);

/* "sel*" against a name; `them` is every name that does not begin with an underscore. */
static bool name_fits(const struct reader *r, const char *word, size_t length, const char *name)
{
	const struct subject subject = {name, NULL, strlen(name)};
	struct pattern pattern;

	if (word_is(word, length, "them"))
		return *name != '_';
	return pattern_compile(&pattern, word, length, PATTERN_WHOLE, true, r->load->arena) &&
	       pattern_match(&pattern, &subject);
}

static struct clause *read_of(struct reader *r, bool all)
{
	struct clause *clause;
	unsigned fit = 0;

	if (!take(r, "of"))
		return wrong(r, "'of' is missing: '%s of them' would be right", all ? "all" : "1");
	if (!r->length)
		return wrong(r, "the condition ends too early: 'them' or a pattern is missing");
	clause = clause_new(r->load, all ? CLAUSE_AND : CLAUSE_OR, r->len);
	if (!clause)
		return NULL;
	for (unsigned i = 0; i < r->len; i++)
		if (name_fits(r, r->word, r->length, r->selections[i].name)) {
			r->selections[i].used = true;
			clause->kid[fit++] = r->selections[i].clause;
		}
	if (!fit)
		return wrong(r, "no selection is named like '%.*s'", (int)r->length, r->word);
	clause->kids = fit;
	next(r);
	return clause;
}

static struct clause *read_name(struct reader *r)
{
	const char *names[KIDS_MAX + 1];
	unsigned i = 0;

	for (; i < r->len; i++) {
		struct selection *s = &r->selections[i];

		names[i < KIDS_MAX ? i : KIDS_MAX - 1] = s->name;
		if (strlen(s->name) == r->length && !memcmp(s->name, r->word, r->length)) {
			s->used = true;
			next(r);
			return s->clause;
		}
	}
	names[i < KIDS_MAX ? i : KIDS_MAX] = NULL;
	if (*r->word == '|')
		return wrong(r, "'|' aggregations are of old Sigma: a correlation would be right");
	return wrong(r, "unknown selection '%.*s': the nearest is '%s'", (int)r->length, r->word,
		     nearest_word(r->word, r->length, names));
}

static struct clause *read_term(struct reader *r)
{
	struct clause *clause;

	if (!r->length)
		return wrong(r, "the condition ends too early: a selection's name is missing");
	if (take(r, "(")) {
		clause = read_or(r);
		if (clause && !take(r, ")"))
			return wrong(r, "')' is missing");
		return clause;
	}
	if (take(r, "1") || take(r, "any"))
		return read_of(r, false);
	if (take(r, "all"))
		return read_of(r, true);
	if (word_is(r->word, r->length, "and") || word_is(r->word, r->length, "or") ||
	    word_is(r->word, r->length, ")"))
		return wrong(r, "unexpected '%.*s': a selection's name would be right",
			     (int)r->length, r->word);
	return read_name(r);
}

static struct clause *read_not(struct reader *r)
{
	struct clause *clause;

	if (!take(r, "not"))
		return read_term(r);
	if (++r->depth > DEPTH_MAX)
		return wrong(r, "nested too deep: at most %d levels", DEPTH_MAX);
	clause = clause_not(r->load, read_not(r));
	r->depth--;
	return clause;
}

static struct clause *read_joined(struct reader *r, const char *word, enum clause_kind kind,
				  struct clause *(*one)(struct reader *))
{
	struct clause *kids[KIDS_MAX], *clause;
	unsigned len = 0;

	do {
		if (len == KIDS_MAX)
			return wrong(r, "more than %d in a row: split the condition", KIDS_MAX);
		kids[len] = one(r);
		if (!kids[len++])
			return NULL;
	} while (take(r, word));
	if (len == 1)
		return kids[0];
	clause = clause_new(r->load, kind, len);
	if (clause)
		memcpy(clause->kid, kids, sizeof(*kids) * len);
	return clause;
}

static struct clause *read_and(struct reader *r)
{
	return read_joined(r, "and", CLAUSE_AND, read_not);
}

static struct clause *read_or(struct reader *r)
{
	struct clause *clause;

	if (++r->depth > DEPTH_MAX)
		return wrong(r, "nested too deep: at most %d levels", DEPTH_MAX);
	clause = read_joined(r, "or", CLAUSE_OR, read_and);
	r->depth--;
	return clause;
}

struct clause *condition_read(struct load *load, struct item item, struct selection *selections,
			      unsigned len)
{
	struct reader r = {.load = load, .item = item, .selections = selections, .len = len};
	struct clause *clause;

	if (!item_is_text(item)) {
		load_fault(load, item, "condition is no text: 'selection and not filter' would be");
		return NULL;
	}
	r.text = r.at = item_text(item);
	next(&r);
	clause = read_or(&r);
	if (clause && *r.word == '|')
		return wrong(&r, "'|' aggregations are of old Sigma: a correlation would be right");
	if (clause && r.length)
		return wrong(&r, "unexpected '%.*s': 'and', 'or' or the end would be right",
			     (int)r.length, r.word);
	return clause;
}
