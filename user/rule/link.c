/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "rule/index.h"
#include "rule/load.h"
#include "rule/words.h"

/* Names to rules: references, their order, and who uses whom. */

static bool reference_unknown(struct load *load, const struct draft *draft, struct item at)
{
	const char **names = arena_alloc(load->arena, (load->drafts.len + 1) * sizeof(*names));
	size_t len = 0;

	if (!load_memory(load, names))
		return false;
	vec_each (one, &load->drafts) {
		if (*one != draft && !(*one)->replaced && (*one)->rule.name && !(*one)->filter.node)
			names[len++] = (*one)->rule.name;
	}
	if (!len)
		return load_fault(load, at, "unknown rule '%s': there is no other rule",
				  item_text(at));
	return load_fault(load, at, "unknown rule '%s': the nearest is '%s'", item_text(at),
			  nearest_word(item_text(at), item_length(at), names));
}

static bool reference_add(struct load *load, struct draft *draft, struct item at)
{
	struct draft *ref = draft_find(load, item_text(at), item_length(at));

	if (!item_is_text(at) || !ref)
		return reference_unknown(load, draft, at);
	for (unsigned i = 0; i < draft->refs_len; i++)
		if (draft->refs[i] == ref)
			return load_fault(load, at, "rule '%s' stands twice: once would be right",
					  ref->rule.name);
	if (draft->refs_len == RULE_REFS_MAX)
		return load_fault(load, at, "more than %d rules in one correlation", RULE_REFS_MAX);
	draft->ref_at[draft->refs_len] = at;
	draft->refs[draft->refs_len++] = ref;
	return true;
}

static bool references_read(struct load *load, struct draft *draft)
{
	struct item list = item_get(draft->correlation, "rules");
	size_t len = item_is_list(list) ? item_len(list) : list.node != NULL;

	/* That the key is missing is said with the other keys. */
	for (size_t i = 0; i < len; i++)
		if (!reference_add(load, draft, item_is_list(list) ? item_at(list, i) : list))
			return false;
	return !list.node || len || load_fault(load, list, "an empty list of rules");
}

/* Depth first: a rule that is met again while it is open refers to itself in the end. */
static bool circle_check(struct load *load, struct draft *draft, unsigned depth)
{
	bool good = true;

	draft->state = DRAFT_OPEN;
	for (unsigned i = 0; i < draft->refs_len && good; i++) {
		struct draft *ref = draft->refs[i];

		if (ref == draft)
			good = load_fault(load, draft->ref_at[i],
					  "'%s' refers to itself: a rule refers to rules that do "
					  "without it",
					  draft->rule.name);
		else if (ref->state == DRAFT_OPEN || depth > 1000)
			good = load_fault(load, draft->ref_at[i],
					  "'%s' and '%s' refer to each other in a circle: a rule "
					  "refers to rules that do without it",
					  draft->rule.name, ref->rule.name);
		else if (ref->state == DRAFT_NEW)
			good = circle_check(load, ref, depth + 1);
	}
	draft->state = DRAFT_DONE;
	return good;
}

bool links_resolve(struct load *load)
{
	bool good = true;

	vec_each (draft, &load->drafts) {
		if (!(*draft)->out && (*draft)->correlation.node &&
		    !references_read(load, *draft)) {
			(*draft)->out = true;
			good = false;
		}
	}
	vec_each (draft, &load->drafts) {
		if (!(*draft)->out && (*draft)->state == DRAFT_NEW &&
		    !circle_check(load, *draft, 0))
			return false;
	}
	return good;
}

static bool refs_placed(const struct draft *draft)
{
	for (unsigned i = 0; i < draft->refs_len; i++)
		if (!draft->refs[i]->placed)
			return false;
	return true;
}

static void place(struct ruleset *set, struct draft *draft)
{
	struct rule *rule = &set->rules[set->len];

	draft->placed = true;
	draft->rule.index = set->len++;
	draft->rule.refs_len = draft->refs_len;
	for (unsigned i = 0; i < draft->refs_len; i++)
		draft->rule.refs[i] = draft->refs[i]->rule.index;
	draft->rule.fingerprint = draft_fingerprint(draft);
	*rule = draft->rule;
}

static const struct filter_use *uses_copy(struct load *load, const struct filter_uses *uses)
{
	return uses->list.len
		       ? (struct filter_use *)arena_copy(load->arena, uses->list.at,
							 uses->list.len * sizeof(*uses->list.at))
		       : NULL;
}

/* The filters, and which rules ask them. */
static bool filters_place(struct load *load, struct ruleset *set)
{
	set->filters = arena_alloc(load->arena, (load->filters + 1) * sizeof(*set->filters));
	if (!load_memory(load, set->filters))
		return false;
	set->filters_len = load->filters;
	vec_each (one, &load->drafts) {
		struct draft *draft = *one;
		struct rule *rule = &draft->rule;

		if (draft->filter.node && !draft->out)
			set->filters[draft->number] = (struct rule_filter){
				rule->id, rule->title, rule->place, draft->filters, 0};
		rule->event_filters_len = (unsigned)draft->event_filters.list.len;
		rule->signal_filters_len = (unsigned)draft->signal_filters.list.len;
		rule->event_filters = uses_copy(load, &draft->event_filters);
		rule->signal_filters = uses_copy(load, &draft->signal_filters);
		if ((rule->event_filters_len && !rule->event_filters) ||
		    (rule->signal_filters_len && !rule->signal_filters))
			return load_memory(load, NULL);
	}
	return true;
}

/* Base rules, then windows and temporal rules in turn until all are there: each refers to those
 * before it only. There are no circles, and what refers to a rule that is out is out too. */
static void order(struct load *load, struct ruleset *set)
{
	unsigned before;

	do {
		before = set->len;
		for (int kind = RULE_BASE; kind <= RULE_TEMPORAL; kind++)
			vec_each (draft, &load->drafts)
				if (!(*draft)->out && !(*draft)->placed && !(*draft)->filter.node &&
				    (int)(*draft)->rule.kind == kind && refs_placed(*draft))
					place(set, *draft);
	} while (set->len > before);
}

static bool users_fill(struct load *load, struct ruleset *set)
{
	for (unsigned r = 0; r < set->len; r++)
		for (unsigned i = 0; i < set->rules[r].refs_len; i++)
			set->rules[set->rules[r].refs[i]].users_len++;
	for (unsigned r = 0; r < set->len; r++) {
		set->rules[r].users =
			arena_alloc(load->arena, (set->rules[r].users_len + 1) * sizeof(unsigned));
		if (!load_memory(load, set->rules[r].users))
			return false;
		set->rules[r].users_len = 0;
	}
	for (unsigned r = 0; r < set->len; r++)
		for (unsigned i = 0; i < set->rules[r].refs_len; i++) {
			struct rule *ref = &set->rules[set->rules[r].refs[i]];

			((unsigned *)ref->users)[ref->users_len++] = r;
		}
	return true;
}

/* What a rule makes when it does not say so itself. */
static bool raises(const struct ruleset *set, const struct rule *rule)
{
	if (rule->kind == RULE_BASE)
		return rule->alone && rule->level >= SEVERITY_HIGH;
	for (unsigned i = 0; i < rule->refs_len; i++)
		if (set->rules[rule->refs[i]].kind != RULE_BASE)
			return true;
	return false;
}

static void roles_fill(struct load *load, struct ruleset *set)
{
	vec_each (draft, &load->drafts) {
		struct rule *rule;

		if (!(*draft)->placed)
			continue;
		rule = &set->rules[(*draft)->rule.index];
		rule->alone |= rule->kind == RULE_BASE && !rule->users_len;
		for (unsigned i = 0; (*draft)->generate && i < rule->refs_len; i++)
			if (set->rules[rule->refs[i]].kind == RULE_BASE)
				set->rules[rule->refs[i]].alone = true;
	}
	vec_each (draft, &load->drafts) {
		struct rule *rule;

		if (!(*draft)->placed)
			continue;
		rule = &set->rules[(*draft)->rule.index];
		if (!(*draft)->raise_set)
			rule->raise = raises(set, rule);
		if (rule->kind == RULE_BASE)
			set->services |= rule->services;
	}
}

/* A field is read of the events that reach the rule, through whichever rules. */
static bool reads_fill(struct load *load, struct ruleset *set)
{
	uint32_t *services = arena_alloc(load->arena, (set->len + 1) * sizeof(*services));

	if (!load_memory(load, services))
		return false;
	for (unsigned r = 0; r < set->len; r++) {
		const struct rule *rule = &set->rules[r];

		services[r] = rule->kind == RULE_BASE ? rule->services : 0;
		for (unsigned i = 0; i < rule->refs_len; i++)
			services[r] |= services[rule->refs[i]];
		for (unsigned s = 0; s < SERVICE_COUNT; s++)
			if (services[r] >> s & 1)
				field_set_join(&set->reads[s], &rule->reads);
	}
	return true;
}

bool ruleset_link(struct load *load, struct ruleset *set)
{
	size_t len = 0;

	vec_each (draft, &load->drafts)
		len += !(*draft)->out;
	set->rules = arena_alloc(&set->arena, (len ? len : 1) * sizeof(*set->rules));
	if (!load_memory(load, set->rules))
		return false;
	if (!filters_place(load, set))
		return false;
	order(load, set);
	set->tally = arena_alloc(&set->arena, (set->len + 1) * sizeof(*set->tally));
	if (!load_memory(load, set->tally) || !users_fill(load, set))
		return false;
	roles_fill(load, set);
	if (!reads_fill(load, set))
		return false;
	set->index = rule_index_build(set);
	return load_memory(load, set->index);
}
