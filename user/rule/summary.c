/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>

#include "rule/load.h"
#include "rule/words.h"

/* "{source.ip} sent {sent}": text and names, which are looked up now and not when it is said. */

#define PARTS_MAX 64

struct reader {
	struct load *load;
	struct draft *draft;
	const char *text;
};

static bool wrong(struct reader *r, const char *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static bool wrong(struct reader *r, const char *at, const char *format, ...)
{
	struct place place = item_text_place(r->draft->summary);
	char words[256];
	va_list args;

	place.column += (unsigned)(at - r->text);
	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	fault_add(r->load->faults, place, true, "%s", words);
	return false;
}

static int computed_find(const struct rule *rule, const char *name, size_t length)
{
	for (unsigned i = 0; rule->kind == RULE_WINDOW && i < rule->window.compute_len; i++)
		if (strlen(rule->window.compute[i].name) == length &&
		    !memcmp(rule->window.compute[i].name, name, length))
			return (int)i;
	return -1;
}

static const struct field_list *group_of(const struct rule *rule)
{
	return rule->kind == RULE_WINDOW ? &rule->window.group_by : &rule->temporal.group_by;
}

static bool field_part(const struct rule *rule, const char *name, size_t length,
		       struct summary_part *part)
{
	enum field f = field_find(name, length);
	bool there = rule->kind == RULE_BASE && f != FIELD_NONE;

	for (unsigned i = 0; !there && rule->kind != RULE_BASE && i < group_of(rule)->len; i++)
		there = group_of(rule)->at[i] == f;
	if (there)
		*part = (struct summary_part){.kind = SUMMARY_FIELD, .field = f};
	return there;
}

static bool temporal_part(const struct draft *draft, const char *name, size_t length,
			  struct summary_part *part)
{
	const struct rule_temporal *t = &draft->rule.temporal;
	const char *dot = memchr(name, '.', length);
	size_t head = dot ? (size_t)(dot - name) : 0;
	int computed;

	if (word_is(name, length, "common") && t->common.len) {
		*part = (struct summary_part){.kind = SUMMARY_COMMON};
		return true;
	}
	for (unsigned i = 0; i < t->aliases_len; i++)
		if (word_is(name, length, t->aliases[i].name)) {
			*part = (struct summary_part){.kind = SUMMARY_ALIAS, .alias = i};
			return true;
		}
	for (unsigned i = 0; dot && i < draft->refs_len; i++) {
		const struct rule *rule = &draft->refs[i]->rule;

		if (strlen(rule->name) != head || memcmp(rule->name, name, head))
			continue;
		computed = computed_find(rule, dot + 1, length - head - 1);
		if (computed < 0)
			continue;
		*part = (struct summary_part){
			.kind = SUMMARY_REMOTE, .ref = i, .computed = (unsigned)computed};
		return true;
	}
	return false;
}

/* What may stand in braces, for the message. */
static const char *nearest(const struct draft *draft, const char *name, size_t length)
{
	const char *names[RULE_COMPUTE_MAX + 2 * RULE_FIELDS_MAX + 2];
	const struct rule *rule = &draft->rule;
	size_t len = 0;

	if (rule->kind == RULE_BASE)
		return field_nearest(name, length);
	for (unsigned i = 0; i < group_of(rule)->len; i++)
		names[len++] = field_table[group_of(rule)->at[i]].name;
	for (unsigned i = 0; rule->kind == RULE_WINDOW && i < rule->window.compute_len; i++)
		names[len++] = rule->window.compute[i].name;
	for (unsigned i = 0; rule->kind == RULE_TEMPORAL && i < rule->temporal.aliases_len; i++)
		names[len++] = rule->temporal.aliases[i].name;
	if (rule->kind == RULE_TEMPORAL && rule->temporal.common.len)
		names[len++] = "common";
	names[len] = NULL;
	return len ? nearest_word(name, length, names) : "text without braces";
}

/* An alias of a window is its key's field. */
static bool alias_part(const struct rule *rule, const char *name, size_t length,
		       struct summary_part *part)
{
	for (unsigned i = 0; i < rule->window.group_by.len; i++)
		if (rule->window.key_names[i] && word_is(name, length, rule->window.key_names[i])) {
			*part = (struct summary_part){.kind = SUMMARY_FIELD,
						      .field = rule->window.group_by.at[i]};
			return true;
		}
	return false;
}

static bool name_part(struct reader *r, const char *name, size_t length, struct summary_part *part)
{
	struct draft *draft = r->draft;
	int computed = computed_find(&draft->rule, name, length);

	if (computed >= 0) {
		*part = (struct summary_part){.kind = SUMMARY_COMPUTED,
					      .computed = (unsigned)computed};
		return true;
	}
	if (field_part(&draft->rule, name, length, part)) {
		field_set_add(&draft->rule.reads, part->field);
		return true;
	}
	if (draft->rule.kind == RULE_WINDOW && alias_part(&draft->rule, name, length, part))
		return true;
	if (draft->rule.kind == RULE_TEMPORAL && temporal_part(draft, name, length, part))
		return true;
	return wrong(r, name, "unknown name '%.*s' in the summary: the nearest is '%s'",
		     (int)length, name, nearest(draft, name, length));
}

static bool part_read(struct reader *r, const char **at, struct summary_part *part)
{
	const char *from = *at, *end;
	char *copy;

	if (*from == '{') {
		end = strchr(from, '}');
		if (!end)
			return wrong(r, from, "'{' without its '}'");
		*at = end + 1;
		return name_part(r, from + 1, (size_t)(end - from - 1), part);
	}
	end = from + strcspn(from, "{");
	copy = arena_copy(r->load->arena, from, (size_t)(end - from));
	*part = (struct summary_part){.kind = SUMMARY_TEXT, .text = copy};
	*at = end;
	return load_memory(r->load, copy);
}

bool summary_read(struct load *load, struct draft *draft)
{
	struct reader r = {.load = load, .draft = draft};
	struct summary_part *parts;
	const char *at;

	if (!draft->summary.node)
		return true;
	if (!read_text(load, draft->summary, &r.text))
		return false;
	parts = arena_alloc(load->arena, PARTS_MAX * sizeof(*parts));
	if (!load_memory(load, parts))
		return false;
	for (at = r.text; *at; draft->rule.summary_len++) {
		if (draft->rule.summary_len == PARTS_MAX)
			return wrong(&r, at, "a summary has at most %d parts", PARTS_MAX);
		if (!part_read(&r, &at, &parts[draft->rule.summary_len]))
			return false;
	}
	draft->rule.summary = parts;
	return true;
}
