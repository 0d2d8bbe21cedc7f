/* SPDX-License-Identifier: Apache-2.0 */
#include "correlate/match.h"

static bool select_ref(struct match *match, unsigned ref)
{
	const struct rule_temporal *t = &match->rule->temporal;
	const struct ref_signals *known = &match->refs[ref];

	match->in[ref] = arena_alloc(match->arena, (known->len + 1) * sizeof(*match->in[ref]));
	if (!match->in[ref])
		return false;
	for (unsigned i = 0; i < known->len; i++) {
		const struct signal *signal = &known->at[i]->signal;

		if (signal->time > match->anchor || match->anchor - signal->time > t->timespan)
			continue;
		if ((int)signal->severity < t->min_severity[ref])
			continue;
		match->in[ref][match->in_len[ref]++] = known->at[i];
	}
	match->holds[ref] = match->in_len[ref] > 0;
	return true;
}

const struct evidence *match_newest(const struct match *match, unsigned ref)
{
	const struct evidence *newest = NULL;

	for (unsigned i = 0; i < match->in_len[ref]; i++)
		if (!newest || match->in[ref][i]->signal.time >= newest->signal.time)
			newest = match->in[ref][i];
	return newest;
}

static struct value severity_of(void *context, int ref)
{
	const struct match *match = context;
	struct value worst = {.type = VALUE_NULL};

	for (unsigned i = 0; i < match->in_len[ref]; i++) {
		double severity = match->in[ref][i]->signal.severity;

		if (worst.type == VALUE_NULL || severity > worst.number)
			worst = (struct value){.type = VALUE_NUMBER, .number = severity};
	}
	return worst;
}

static struct value remote_of(void *context, int ref, int computed)
{
	const struct evidence *newest = match_newest(context, (unsigned)ref);

	if (!newest || (unsigned)computed >= newest->signal.values_len)
		return (struct value){.type = VALUE_NULL};
	return newest->signal.values[computed].value;
}

/* The set of a ref is the union over its signals: what it saw within the timespan. */
static void add_union(const struct match *match, struct shared *shared, unsigned set, unsigned ref,
		      unsigned computed)
{
	for (unsigned i = 0; i < match->in_len[ref]; i++) {
		const struct signal_set *one = evidence_set(match->in[ref][i], computed);

		if (one)
			shared_add(shared, set, one);
	}
}

/* That something is in common stands on a fingerprint: the chance that it does so wrongly. */
static void note_wrong(struct match *match, const struct shared *shared, unsigned sets)
{
	double wrong = shared_wrong(shared, sets);

	if (wrong > match->common_wrong)
		match->common_wrong = wrong;
}

static struct value common_of(void *context, const int *refs, const int *computed, int sets)
{
	struct match *match = context;
	struct shared shared;
	double count;

	if (sets > SHARED_SETS_MAX)
		return (struct value){.type = VALUE_NULL};
	shared_init(&shared, match->arena, match->buffer);
	for (int i = 0; i < sets; i++)
		add_union(match, &shared, (unsigned)i, (unsigned)refs[i], (unsigned)computed[i]);
	shared_ask(&shared);
	count = shared_count(&shared, (unsigned)sets);
	note_wrong(match, &shared, (unsigned)sets);
	shared_free(&shared);
	return (struct value){.type = VALUE_NUMBER, .number = count};
}

static struct expr_env env_of(struct match *match)
{
	return (struct expr_env){.rules = match->holds,
				 .severity = severity_of,
				 .remote = remote_of,
				 .common = common_of,
				 .context = match};
}

static bool together(struct match *match)
{
	const struct rule_temporal *t = &match->rule->temporal;
	struct expr_env env = env_of(match);
	unsigned held = 0;

	if (t->condition)
		return expr_truth(t->condition, &env) == 1;
	for (unsigned ref = 0; ref < match->rule->refs_len; ref++)
		held += match->holds[ref] == 1;
	return held >= (t->require ? t->require : match->rule->refs_len);
}

/* One signal of each ref that holds, in the order of the refs, each not before the last. */
static bool in_order(const struct match *match)
{
	weir_time after = TIME_NONE;

	for (unsigned ref = 0; ref < match->rule->refs_len; ref++) {
		weir_time next = TIME_NEVER;

		if (!match->holds[ref])
			continue;
		for (unsigned i = 0; i < match->in_len[ref]; i++) {
			weir_time time = match->in[ref][i]->signal.time;

			if (time >= after && time < next)
				next = time;
		}
		if (next == TIME_NEVER)
			return false;
		after = next;
	}
	return true;
}

static unsigned add_sets(const struct match *match, struct shared *shared, const int *by_ref)
{
	unsigned sets = 0;

	for (unsigned ref = 0; ref < match->rule->refs_len; ref++)
		if (match->holds[ref] && by_ref[ref] >= 0)
			add_union(match, shared, sets++, ref, (unsigned)by_ref[ref]);
	return sets;
}

static bool keep_common(struct match *match, struct shared *shared, unsigned sets, unsigned width)
{
	unsigned count;
	struct value *at;

	shared_ask(shared);
	count = shared_count(shared, sets);
	note_wrong(match, shared, sets);
	at = arena_alloc(match->arena, ((size_t)count * width + 1) * sizeof(*match->common));

	if (!at)
		return false;
	match->common = at;
	match->common_len = count * width;
	match->common_width = width;
	vec_each (tuple, &shared->list) {
		if ((*tuple)->sets != (sets >= 32 ? UINT32_MAX : (UINT32_C(1) << sets) - 1))
			continue;
		memcpy(at, (*tuple)->at, width * sizeof(*at));
		at += width;
	}
	return count > 0;
}

static bool share(struct match *match)
{
	const struct rule_temporal *t = &match->rule->temporal;
	struct shared shared;
	bool met = true;
	unsigned sets;

	if (t->common.len) {
		shared_init(&shared, match->arena, match->buffer);
		sets = add_sets(match, &shared, t->common_set);
		met = sets > 1 && keep_common(match, &shared, sets, t->common.len);
		shared_free(&shared);
	}
	if (met && t->differ.len) {
		shared_init(&shared, match->arena, match->buffer);
		sets = add_sets(match, &shared, t->differ_set);
		met = sets > 1 && shared_differ(&shared, sets);
		shared_free(&shared);
	}
	return met;
}

static void rate(struct match *match)
{
	const struct rule_temporal *t = &match->rule->temporal;
	struct expr_env env = env_of(match);
	enum severity worst = match->rule->level;

	match->severity = match->rule->level;
	match->coverage = match->confidence = 1;
	for (unsigned ref = 0; ref < match->rule->refs_len; ref++) {
		for (unsigned i = 0; i < match->in_len[ref]; i++) {
			const struct signal *signal = &match->in[ref][i]->signal;

			if (signal->severity > worst)
				worst = signal->severity;
			if (signal->coverage < match->coverage)
				match->coverage = signal->coverage;
		}
	}
	if (!t->levels_len)
		match->severity = worst;
	for (unsigned i = t->levels_len; i-- > 0;)
		if (expr_truth(t->levels[i].when, &env) == 1)
			match->severity = t->levels[i].severity;
	if (t->confidence) {
		struct value v = expr_eval(t->confidence, &env);

		if (v.type == VALUE_NUMBER)
			match->confidence = v.number < 0 ? 0 : v.number > 1 ? 1 : v.number;
	}
}

bool match_find(struct match *match)
{
	for (unsigned ref = 0; ref < match->rule->refs_len; ref++)
		if (!select_ref(match, ref))
			return false;
	if (!together(match) || (match->rule->temporal.ordered && !in_order(match)) ||
	    !share(match))
		return false;
	rate(match);
	return true;
}
