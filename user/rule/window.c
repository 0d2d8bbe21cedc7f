/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/literal.h"
#include "rule/load.h"
#include "rule/words.h"

/* Correlations over the events of base rules, or the signals of others. */

#define INTO(into)	((struct correlation *)(into))
#define WINDOW(into)	(&INTO(into)->draft->rule.window)
#define MAX_KEYS	100000
#define MAX_DISTINCT	1024
#define MAX_GROUPS	1024
#define BASELINE_WARMUP 20

static bool on_window(struct load *load, struct item value, void *into)
{
	static const char *const words[] = {"sliding", "tumbling", "hop", "session", NULL};
	unsigned index;

	if (!read_word(load, value, "window", words, &index))
		return false;
	INTO(into)->window = value;
	WINDOW(into)->type = (enum window_type)index;
	return true;
}

static bool on_every(struct load *load, struct item value, void *into)
{
	INTO(into)->every = value;
	return read_duration(load, value, &WINDOW(into)->every);
}

static bool on_gap(struct load *load, struct item value, void *into)
{
	INTO(into)->gap = value;
	return read_duration(load, value, &WINDOW(into)->gap);
}

static bool on_per(struct load *load, struct item value, void *into)
{
	(void)load;
	INTO(into)->per = value;
	return true;
}

static bool on_compute(struct load *load, struct item value, void *into)
{
	(void)load;
	INTO(into)->compute = value;
	return true;
}

static bool on_having(struct load *load, struct item value, void *into)
{
	(void)load;
	INTO(into)->having = value;
	return true;
}

static bool on_warmup(struct load *load, struct item value, void *into)
{
	size_t warmup;

	if (!read_count(load, value, 1, 100000, &warmup))
		return false;
	WINDOW(into)->baseline.warmup = (unsigned)warmup;
	return true;
}

static bool on_mean(struct load *load, struct item value, void *into)
{
	enum unit unit;

	return read_number(load, value, &WINDOW(into)->baseline.mean, &unit);
}

static bool read_deviation(struct load *load, struct item value, double *number)
{
	enum unit unit;

	if (!read_number(load, value, number, &unit))
		return false;
	return *number > 0 || load_fault(load, value, "a deviation is greater than zero");
}

static bool on_stddev(struct load *load, struct item value, void *into)
{
	return read_deviation(load, value, &WINDOW(into)->baseline.stddev);
}

static bool on_floor(struct load *load, struct item value, void *into)
{
	return read_deviation(load, value, &WINDOW(into)->baseline.floor);
}

static const struct key baseline_keys[] = {
	{"warmup", on_warmup, false}, {"mean", on_mean, false}, {"stddev", on_stddev, false},
	{"floor", on_floor, false},   {NULL, NULL, false},
};

static bool on_baseline(struct load *load, struct item value, void *into)
{
	struct rule_baseline *baseline = &WINDOW(into)->baseline;
	bool mean = item_get(value, "mean").node, stddev = item_get(value, "stddev").node;

	baseline->used = true;
	if (!keys_read(load, value, "baseline", baseline_keys, into))
		return false;
	if (mean != stddev)
		return load_fault(load, value,
				  "baseline has '%s' alone: both mean and stddev, or "
				  "none, would be right",
				  mean ? "mean" : "stddev");
	baseline->prior = mean;
	return true;
}

static bool on_max_keys(struct load *load, struct item value, void *into)
{
	return read_count(load, value, 1, 10000000, &WINDOW(into)->max_keys);
}

static bool on_max_distinct(struct load *load, struct item value, void *into)
{
	return read_count(load, value, 1, 65536, &WINDOW(into)->max_distinct);
}

static const struct key weir_keys[] = {
	{"window", on_window, false},
	{"every", on_every, false},
	{"gap", on_gap, false},
	{"per", on_per, false},
	{"compute", on_compute, false},
	{"having", on_having, false},
	{"severity", on_severity, false},
	{"baseline", on_baseline, false},
	{"confidence", on_confidence, false},
	{"suppress", on_suppress, false},
	{"summary", on_summary, false},
	{"raise", on_raise, false},
	{"family", on_family, false},
	{"actions", on_actions, false},
	{"max_keys", on_max_keys, false},
	{"max_distinct", on_max_distinct, false},
	{NULL, NULL, false},
};

static int previous_find(void *context, enum field field)
{
	struct field_list *fields = &((struct draft *)context)->rule.window.previous;

	for (unsigned i = 0; i < fields->len; i++)
		if (fields->at[i] == field)
			return (int)i;
	if (fields->len == RULE_FIELDS_MAX)
		return -1;
	fields->at[fields->len] = field;
	return (int)fields->len++;
}

struct expr_scope event_scope(struct draft *draft, const char **names)
{
	for (unsigned i = 0; i < draft->refs_len; i++)
		names[i] = draft->refs[i]->rule.name;
	names[draft->refs_len] = NULL;
	return (struct expr_scope){
		.context = draft,
		.fields = true,
		.reads = &draft->rule.reads,
		.rule = ref_find,
		.previous = previous_find,
		.names = names,
	};
}

static int computed_find(void *context, const char *name, size_t length,
			 const struct rule_aggregate **aggregate)
{
	const struct rule_window *w = context;

	for (unsigned i = 0; i < w->compute_len; i++)
		if (strlen(w->compute[i].name) == length &&
		    !memcmp(w->compute[i].name, name, length)) {
			*aggregate = &w->compute[i];
			return (int)i;
		}
	return -1;
}

struct per_into {
	struct draft *draft;
	struct rule_per *per;
};

static bool on_by(struct load *load, struct item value, void *into)
{
	return read_fields(load, value, &((struct per_into *)into)->per->by);
}

static bool on_per_compute(struct load *load, struct item value, void *into)
{
	struct per_into *p = into;
	struct compute_scope scope = {.load = load, .draft = p->draft, .inner = true};

	return compute_read(&scope, value, p->per->compute, RULE_COMPUTE_MAX, &p->per->compute_len);
}

static bool on_max_groups(struct load *load, struct item value, void *into)
{
	return read_count(load, value, 1, 65536, &((struct per_into *)into)->per->max_groups);
}

static const struct key per_keys[] = {
	{"by", on_by, true},
	{"compute", on_per_compute, true},
	{"max_groups", on_max_groups, false},
	{NULL, NULL, false},
};

static bool per_read(struct load *load, struct draft *draft, struct item map)
{
	struct rule_window *w = &draft->rule.window;

	if (!item_is_map(map))
		return load_fault(load, map,
				  "per is no map: 'dst: {by: […], compute: {…}}' would be "
				  "right");
	for (size_t i = 0; i < item_len(map); i++) {
		struct rule_per *per = &w->per[w->per_len];
		struct per_into into = {draft, per};

		if (w->per_len == RULE_PER_MAX)
			return load_fault(load, item_key(map, i), "more than %d inner groups",
					  RULE_PER_MAX);
		per->max_groups = MAX_GROUPS;
		per->compute = arena_alloc(load->arena, RULE_COMPUTE_MAX * sizeof(*per->compute));
		if (!load_memory(load, per->compute) ||
		    !name_allowed(load, item_key(map, i), "group") ||
		    !read_text(load, item_key(map, i), &per->name) ||
		    !keys_read(load, item_value(map, i), "per", per_keys, &into))
			return false;
		w->per_len++;
	}
	return true;
}

static bool times_check(struct load *load, struct correlation *c)
{
	struct rule_window *w = &c->draft->rule.window;

	w->timespan = c->timespan;
	w->suppress = c->suppress_set		  ? c->suppress
		      : w->type == WINDOW_SLIDING ? SUPPRESS_WHILE_TRUE
						  : c->timespan;
	if (c->every.node && w->type != WINDOW_HOP)
		return load_fault(load, c->every,
				  "'every' is of hop windows: 'window: hop' would be "
				  "right");
	if (c->gap.node && w->type != WINDOW_SESSION)
		return load_fault(load, c->gap,
				  "'gap' is of session windows: 'window: session' "
				  "would be right");
	if (w->type == WINDOW_SESSION && !c->gap.node)
		return load_fault(load, c->window, "a session window needs 'gap'");
	if (w->type == WINDOW_HOP && !c->every.node)
		return load_fault(load, c->window, "a hop window needs 'every'");
	if (w->type == WINDOW_TUMBLING)
		w->every = w->timespan;
	if (w->type == WINDOW_HOP && w->timespan % w->every)
		return load_fault(load, c->every, "timespan %s is no multiple of every %s",
				  item_text(c->timespan_at), item_text(c->every));
	return true;
}

static bool history_check(struct rule_window *w)
{
	for (unsigned i = 0; i < w->compute_len; i++) {
		bool asked = expr_needs_baseline(w->having, (int)i) ||
			     (w->confidence && expr_needs_baseline(w->confidence, (int)i));

		for (unsigned l = 0; l < w->levels_len; l++)
			asked |= expr_needs_baseline(w->levels[l].when, (int)i);
		w->baseline.used |= asked;
	}
	return true;
}

static void names_fill(const struct rule_window *w, const char **names)
{
	for (unsigned i = 0; i < w->compute_len; i++)
		names[i] = w->compute[i].name;
	names[w->compute_len] = NULL;
}

static bool expressions_read(struct load *load, struct correlation *c)
{
	struct rule_window *w = &c->draft->rule.window;
	const char *names[RULE_COMPUTE_MAX + 2];
	struct expr_scope scope = {
		.context = w, .computed = computed_find, .baseline = true, .names = names};

	names_fill(w, names);
	if (!window_condition(load, c, &scope))
		return false;
	names_fill(w, names);
	if (c->severity.node && !levels_read(load, c->severity, &scope, w->levels, &w->levels_len))
		return false;
	if (c->confidence.node &&
	    !read_expr(load, c->confidence, &scope, VALUE_NUMBER, &w->confidence))
		return false;
	return history_check(w);
}

/* Of the fields that are read beyond the key at least one rule must have each. */
static bool fields_check(struct load *load, struct item at, const struct draft *draft,
			 const struct field_list *fields)
{
	for (unsigned k = 0; k < fields->len; k++) {
		unsigned i = 0;

		while (i < draft->refs_len && !rule_has_key(&draft->refs[i]->rule, fields->at[k]))
			i++;
		if (i == draft->refs_len &&
		    !key_check(load, at, &draft->refs[0]->rule, fields->at[k]))
			return false;
	}
	return true;
}

static bool inputs_check(struct load *load, const struct correlation *c)
{
	const struct rule_window *w = &c->draft->rule.window;

	for (unsigned i = 0; i < w->compute_len; i++)
		if (!fields_check(load, c->compute.node ? c->compute : c->condition, c->draft,
				  &w->compute[i].fields))
			return false;
	for (unsigned p = 0; p < w->per_len; p++) {
		if (!fields_check(load, c->per, c->draft, &w->per[p].by))
			return false;
		for (unsigned i = 0; i < w->per[p].compute_len; i++)
			if (!fields_check(load, c->per, c->draft, &w->per[p].compute[i].fields))
				return false;
	}
	return true;
}

static bool groups_read(struct load *load, struct correlation *c)
{
	struct rule_window *w = &c->draft->rule.window;
	struct compute_scope scope = {.load = load, .draft = c->draft, .per = w->per};

	if (!window_keys_read(load, c))
		return false;
	if (c->per.node && !per_read(load, c->draft, c->per))
		return false;
	scope.per_len = w->per_len;
	return !c->compute.node ||
	       compute_read(&scope, c->compute, w->compute, RULE_COMPUTE_MAX, &w->compute_len);
}

/* What its counts count: signals are of no service. */
static uint32_t services_of(const struct draft *draft)
{
	uint32_t services = 0;

	for (unsigned i = 0; i < draft->refs_len; i++) {
		if (draft->refs[i]->rule.kind != RULE_BASE)
			return 0;
		services |= draft->refs[i]->rule.services;
	}
	return services;
}

bool window_read(struct load *load, struct draft *draft)
{
	struct rule_window *w = &draft->rule.window;
	struct correlation c;

	w->type = WINDOW_SLIDING;
	w->max_keys = MAX_KEYS;
	w->max_distinct = MAX_DISTINCT;
	w->baseline.warmup = BASELINE_WARMUP;
	draft->rule.services = services_of(draft);
	return correlation_read(load, draft, &c) &&
	       (!draft->weir.node || keys_read(load, draft->weir, "weir", weir_keys, &c)) &&
	       times_check(load, &c) && groups_read(load, &c) && expressions_read(load, &c) &&
	       inputs_check(load, &c) && summary_read(load, draft);
}
