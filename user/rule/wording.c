/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/modifier.h"

/* Values that are looked for as text: patterns and regular expressions. */

#define QUICK_MIN 8 /* patterns in one test from which looking for all at once is faster */

/* All forms of all values; the patterns' number is told. */
static struct pattern *patterns_of(struct load *load, const struct selector *s,
				   const struct wanteds *wanteds, unsigned *len)
{
	struct forms forms = {.list = {0}};
	struct pattern *patterns = NULL;
	unsigned open = s->field == FIELD_NONE ? PATTERN_OPEN_BOTH : s->open;
	bool good = true;

	for (unsigned i = 0; i < wanteds->len && good; i++) {
		struct forms own = {.list = {0}};

		good = forms_make(load, s, &wanteds->at[i], &own);
		vec_each (form, &own.list) {
			struct elements *slot = good ? vec_add(&forms.list) : NULL;

			if (slot)
				*slot = *form;
			good = good && load_memory(load, slot);
		}
		vec_free(&own.list);
	}
	if (good)
		patterns = arena_alloc(load->arena, (forms.list.len + 1) * sizeof(*patterns));
	good = good && load_memory(load, patterns);
	for (*len = 0; good && *len < forms.list.len; (*len)++)
		good = load_memory(load, pattern_make(&patterns[*len], &forms.list.at[*len], open,
						      s->cased, load->arena)
						 ? patterns
						 : NULL);
	vec_free(&forms.list);
	return good ? patterns : NULL;
}

/* Many plain texts are looked for at once. */
static bool quicken(struct load *load, struct test *test)
{
	struct literal *literals;

	if (test->len < QUICK_MIN)
		return true;
	for (unsigned i = 0; i < test->len; i++)
		if (test->patterns[i].glob || test->patterns[i].cased ||
		    !test->patterns[i].literal_len)
			return true;
	literals = arena_alloc(load->arena, test->len * sizeof(*literals));
	if (!load_memory(load, literals))
		return false;
	for (unsigned i = 0; i < test->len; i++)
		literals[i] =
			(struct literal){test->patterns[i].literal, test->patterns[i].literal_len,
					 test->patterns[i].open, i};
	test->quick = literals_build(literals, test->len, load->arena);
	return load_memory(load, test->quick);
}

struct clause *text_clause(struct load *load, const struct selector *s,
			   const struct wanteds *wanteds)
{
	struct clause *clause =
		test_new(load, s->field == FIELD_NONE ? TEST_KEYWORD : TEST_TEXT, s->field);

	if (!clause)
		return NULL;
	clause->test.patterns = patterns_of(load, s, wanteds, &clause->test.len);
	return clause->test.patterns && quicken(load, &clause->test) ? clause : NULL;
}

struct regex *regex_of(struct load *load, const struct selector *s, const struct wanted *wanted)
{
	const struct regex_options options = {s->ignore_case, s->multiline, s->dot_all};
	struct regex **slot = vec_add(&load->regexes->list);
	char words[160];
	size_t where;

	if (!load_memory(load, slot))
		return NULL;
	*slot = regex_new(wanted->text, wanted->length, &options, words, sizeof(words), &where);
	if (!*slot)
		load_fault(load, wanted->item, "not a regular expression: %s at byte %zu of it",
			   words, where);
	return *slot;
}

struct clause *regex_clause(struct load *load, const struct selector *s,
			    const struct wanteds *wanteds)
{
	struct clause *clause =
		test_new(load, s->field == FIELD_NONE ? TEST_KEYREGEX : TEST_REGEX, s->field);
	struct regex **regexes = arena_alloc(load->arena, wanteds->len * sizeof(*regexes));

	if (!clause || !load_memory(load, regexes))
		return NULL;
	clause->test.regexes = regexes;
	for (; clause->test.len < wanteds->len; clause->test.len++) {
		regexes[clause->test.len] = regex_of(load, s, &wanteds->at[clause->test.len]);
		if (!regexes[clause->test.len])
			return NULL;
	}
	return clause;
}
