/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/filter.h"

#include "rule/index.h"
#include "rule/modifier.h"
#include "rule/words.h"

/* Filters while they are loaded: which rules they are for, and what they ask there. */

static bool is_correlation(const struct draft *draft)
{
	return draft->rule.kind != RULE_BASE;
}

static bool all_not(const struct clause *clause)
{
	if (clause->kind == CLAUSE_NOT)
		return true;
	if (clause->kind != CLAUSE_AND)
		return false;
	for (unsigned i = 0; i < clause->kids; i++)
		if (clause->kid[i]->kind != CLAUSE_NOT)
			return false;
	return true;
}

/*
 * Sigma's specification writes a filter's condition as what goes ("selection"), and tools that add
 * it to the rule's own with `and` as what stays ("not selection"). Nobody allows all but a few, so
 * a condition of nothing but `not` says what stays.
 */
static struct clause *what_goes(struct load *load, struct clause *clause)
{
	return clause && all_not(clause) ? clause_not(load, clause) : clause;
}

static bool use_add(struct load *load, struct filter_uses *uses, unsigned filter,
		    const struct clause *clause)
{
	struct filter_use *use = vec_add(&uses->list);

	if (!load_memory(load, use))
		return false;
	use->filter = filter;
	use->computed = load->asked.computed;
	use->match = predicate_compile(clause, load->arena);
	return load_memory(load, use->match);
}

static bool temporal_asked(struct load *load, const struct draft *draft, const struct draft *target)
{
	return load_fault(
		load, draft->filter,
		"the filter asks for '%s', which is no key of '%s': fields that it groups "
		"by would be right",
		field_table[load->asked.event_field].name, target->rule.name);
}

/* What a correlation says, or the events that a window aggregates: by the names it asks for. */
static bool correlation_filter(struct load *load, struct draft *draft, struct draft *target)
{
	static const char *const others[] = {"rules", NULL};
	struct clause *clause;
	bool events;

	load->asked = (struct asked){.of = target};
	clause = what_goes(load, selections_clause(load, draft->filter, others));
	events = load->asked.events;
	if (clause && events && target->rule.kind == RULE_TEMPORAL)
		clause = temporal_asked(load, draft, target) ? clause : NULL;
	if (clause && events && load->asked.computed) {
		load_fault(load, draft->filter,
			   "the filter mixes '%s', a field of events, with values that '%s' "
			   "computes: one filter for each would be right",
			   field_table[load->asked.event_field].name, target->rule.name);
		clause = NULL;
	}
	load->asked.of = NULL;
	return clause && use_add(load, events ? &target->event_filters : &target->signal_filters,
				 draft->number, clause);
}

static bool base_filter(struct load *load, struct draft *draft, struct draft *target)
{
	static const char *const others[] = {"rules", NULL};
	struct clause *clause;

	load->asked = (struct asked){.of = NULL};
	load->services = target->rule.services;
	clause = what_goes(load, selections_clause(load, draft->filter, others));
	load->services = 0;
	return clause && use_add(load, &target->event_filters, draft->number, clause);
}

static bool filter_one(struct load *load, struct draft *draft, struct draft *target)
{
	if (target->out)
		return true;
	draft->filters++;
	load->reads = &target->rule.reads;
	if (!(is_correlation(target) ? correlation_filter(load, draft, target)
				     : base_filter(load, draft, target)))
		return false;
	field_set_join(&target->rule.reads, &draft->rule.reads);
	return true;
}

/* All base rules over the filter's events. */
static bool filter_any(struct load *load, struct draft *draft, struct item at)
{
	if (!draft->logsource.node)
		return load_fault(load, at,
				  "a filter of any rule needs a 'logsource': {category: network, "
				  "service: connection} would be right");
	vec_each (one, &load->drafts) {
		struct draft *target = *one;

		if (!target->filter.node && !is_correlation(target) &&
		    (target->rule.services & draft->rule.services) &&
		    !filter_one(load, draft, target))
			return false;
	}
	return true;
}

/* A filter for a rule that is not here does no harm, and is seldom what was meant. */
static void rule_unknown(struct load *load, struct item at)
{
	const char **names = arena_alloc(load->arena, (load->drafts.len + 1) * sizeof(*names));
	size_t len = 0;

	if (!load_memory(load, names))
		return;
	vec_each (one, &load->drafts) {
		if (!(*one)->filter.node && !(*one)->replaced && (*one)->rule.name)
			names[len++] = (*one)->rule.name;
	}
	if (!len)
		fault_add(load->faults, item_place(at), false,
			  "the filter is for rule '%s', which is not loaded: no rule is",
			  item_text(at));
	else
		fault_add(load->faults, item_place(at), false,
			  "the filter is for rule '%s', which is not loaded: the nearest is '%s'",
			  item_text(at), nearest_word(item_text(at), item_length(at), names));
}

static bool filter_listed(struct load *load, struct draft *draft, struct item list)
{
	size_t len = item_is_list(list) ? item_len(list) : 1;

	for (size_t i = 0; i < len; i++) {
		struct item one = item_is_list(list) ? item_at(list, i) : list;
		struct draft *target = draft_find(load, item_text(one), item_length(one));

		if (!item_is_text(one))
			return load_fault(load, one, "a rule's name or id would be right");
		if (!target)
			target = draft_find_shown(load, item_text(one), item_length(one));
		if (!target)
			rule_unknown(load, one);
		else if (!filter_one(load, draft, target))
			return false;
	}
	return true;
}

bool filter_read(struct load *load, struct draft *draft)
{
	struct item rules = item_get(draft->filter, "rules");
	bool any = item_is_text(rules) && (word_is(item_text(rules), item_length(rules), "any") ||
					   word_is(item_text(rules), item_length(rules), "all"));

	if (!item_is_map(draft->filter))
		return load_fault(load, draft->filter,
				  "filter is no map: 'rules', selections and a condition would be "
				  "right");
	if (!rules.node)
		return load_fault(load, draft->filter,
				  "the filter has no 'rules': a list of rules, or any, would be "
				  "right");
	if (draft->logsource.node && !logsource_read(load, draft->logsource, &draft->rule.services))
		return false;
	if (!(any ? filter_any(load, draft, rules) : filter_listed(load, draft, rules)))
		return false;
	if (!draft->filters)
		fault_add(load->faults, item_place(rules), false,
			  "the filter is for no rule that is loaded: it does nothing");
	return true;
}
