/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "correlate/inside.h"
#include "signal/words.h"

static size_t pair_size(const struct temporal *temporal)
{
	return sizeof(struct pair) + temporal->rule->refs_len * sizeof(struct ref_signals);
}

struct temporal *temporal_new(const struct rule *rule, weir_time late, struct lives *lives,
			      const struct temporal_ops *ops)
{
	const struct rule_temporal *t = &rule->temporal;
	struct temporal *temporal = calloc(1, sizeof(*temporal));

	if (!temporal)
		return NULL;
	temporal->rule = rule;
	temporal->lives = lives;
	temporal->ops = *ops;
	temporal->keep = t->timespan + late;
	table_init(&temporal->table, sizeof(struct item), offsetof(struct pair, item));
	for (unsigned i = 0; i < t->group_by.len; i++) {
		temporal->fields[temporal->keys_len] = t->group_by.at[i];
		temporal->names[temporal->keys_len++] = field_table[t->group_by.at[i]].name;
	}
	for (unsigned i = 0; i < t->aliases_len; i++) {
		temporal->fields[temporal->keys_len] = FIELD_NONE;
		temporal->names[temporal->keys_len++] = t->aliases[i].name;
	}
	if (t->common.len)
		temporal->common_name = field_table[t->common.at[0]].name;
	return temporal;
}

static void pair_unlink(struct temporal *temporal, struct pair *pair)
{
	*(pair->older ? &pair->older->newer : &temporal->oldest) = pair->newer;
	*(pair->newer ? &pair->newer->older : &temporal->newest) = pair->older;
}

static void pair_link(struct temporal *temporal, struct pair *pair)
{
	pair->older = temporal->newest;
	pair->newer = NULL;
	*(temporal->newest ? &temporal->newest->newer : &temporal->oldest) = pair;
	temporal->newest = pair;
}

static void drop_oldest(struct temporal *temporal)
{
	struct pair *pair = temporal->oldest;

	pair_unlink(temporal, pair);
	table_remove(&temporal->table, pair);
	for (unsigned ref = 0; ref < temporal->rule->refs_len; ref++)
		for (unsigned i = 0; i < pair->refs[ref].len; i++)
			evidence_drop(temporal->lives->pool, pair->refs[ref].at[i]);
	pool_put(temporal->lives->pool, pair, pair_size(temporal));
}

void temporal_free(struct temporal *temporal)
{
	if (!temporal)
		return;
	while (temporal->oldest)
		drop_oldest(temporal);
	table_free(&temporal->table);
	free(temporal);
}

void temporal_advance(struct temporal *temporal, weir_time now)
{
	while (temporal->oldest && now - temporal->oldest->arrived > temporal->keep)
		drop_oldest(temporal);
}

static int ref_of(const struct rule *rule, const struct rule *of)
{
	for (unsigned i = 0; i < rule->refs_len; i++)
		if (rule->refs[i] == of->index)
			return (int)i;
	return -1;
}

static void keys_of(const struct temporal *temporal, unsigned ref, const struct signal *signal,
		    struct value keys[LIFE_NAMES_MAX])
{
	const struct rule_temporal *t = &temporal->rule->temporal;
	unsigned len = 0;

	for (unsigned i = 0; i < t->group_by.len; i++)
		keys[len++] = evidence_field(signal, t->group_by.at[i]);
	for (unsigned i = 0; i < t->aliases_len; i++)
		keys[len++] = evidence_field(signal, t->aliases[i].by_ref[ref]);
}

static struct pair *pair_of(struct temporal *temporal, const struct item *item, weir_time now)
{
	struct pair *pair = table_find(&temporal->table, item);

	if (pair) {
		pair_unlink(temporal, pair);
	} else {
		if (temporal->table.count >= TEMPORAL_KEYS_MAX) {
			drop_oldest(temporal);
			temporal->lives->stats->evicted_keys++;
		}
		pair = pool_get(temporal->lives->pool, pair_size(temporal));
		if (!pair)
			return NULL;
		pair->item = *item;
		if (table_insert(&temporal->table, pair)) {
			pool_put(temporal->lives->pool, pair, pair_size(temporal));
			return NULL;
		}
	}
	pair->arrived = now;
	pair_link(temporal, pair);
	return pair;
}

struct pair *temporal_pair(struct temporal *temporal, unsigned ref, const struct signal *signal,
			   weir_time arrived)
{
	struct value keys[LIFE_NAMES_MAX];
	struct item item;

	keys_of(temporal, ref, signal, keys);
	if (!tuple_values_item(temporal->lives->buffer, keys, temporal->keys_len, &item))
		return NULL;
	return pair_of(temporal, &item, arrived);
}

static void forget_at(struct temporal *temporal, struct ref_signals *refs, unsigned at)
{
	evidence_drop(temporal->lives->pool, refs->at[at]);
	refs->len--;
	memmove(&refs->at[at], &refs->at[at + 1], (refs->len - at) * sizeof(refs->at[0]));
}

/* Keeps the newest state of each signal; of too many the one with the least time goes. */
static void keep_newest(struct temporal *temporal, struct pair *pair, struct ref_signals *refs,
			struct evidence *evidence)
{
	unsigned oldest = 0;

	for (unsigned i = 0; i < refs->len; i++) {
		if (strcmp(refs->at[i]->signal.id, evidence->signal.id)) {
			if (refs->at[i]->signal.time < refs->at[oldest]->signal.time)
				oldest = i;
			continue;
		}
		evidence_drop(temporal->lives->pool, refs->at[i]);
		refs->at[i] = evidence_keep(evidence);
		return;
	}
	if (refs->len == MATCH_SIGNALS_MAX) {
		forget_at(temporal, refs, oldest);
		pair->dropped++;
		temporal->lives->stats->dropped++;
	}
	refs->at[refs->len++] = evidence_keep(evidence);
}

/* The newest signal that has this one within its look-back: usually the newest of all. */
static weir_time anchor_of(const struct temporal *temporal, const struct pair *pair,
			   const struct signal *signal)
{
	weir_time last = signal->time + temporal->rule->temporal.timespan, anchor = signal->time;

	for (unsigned ref = 0; ref < temporal->rule->refs_len; ref++) {
		for (unsigned i = 0; i < pair->refs[ref].len; i++) {
			weir_time time = pair->refs[ref].at[i]->signal.time;

			if (time <= last && time > anchor)
				anchor = time;
		}
	}
	return anchor;
}

static void prune(struct temporal *temporal, struct pair *pair, weir_time now)
{
	for (unsigned ref = 0; ref < temporal->rule->refs_len; ref++)
		for (unsigned i = pair->refs[ref].len; i-- > 0;)
			if (now - pair->refs[ref].at[i]->signal.time > temporal->keep)
				forget_at(temporal, &pair->refs[ref], i);
}

static const char *key_words(const struct temporal *temporal, const struct match *match,
			     const struct value *keys, unsigned i)
{
	return words_of_plain(match->arena, rule_key_privacy(temporal->rule, temporal->fields, i),
			      &keys[i], UNIT_NONE);
}

static const char *part_words(const struct temporal *temporal, const struct match *match,
			      const struct value *keys, const struct summary_part *part)
{
	const struct evidence *newest;

	switch (part->kind) {
	case SUMMARY_TEXT:
		return part->text;
	case SUMMARY_FIELD:
		for (unsigned i = 0; i < temporal->keys_len; i++)
			if (temporal->fields[i] == part->field)
				return key_words(temporal, match, keys, i);
		return "";
	case SUMMARY_ALIAS:
		return key_words(temporal, match, keys,
				 temporal->rule->temporal.group_by.len + part->alias);
	case SUMMARY_COMMON:
		return why_list(match->arena, &temporal->rule->temporal.common, match->common,
				match->common_len, match->common_width);
	case SUMMARY_REMOTE:
		newest = match_newest(match, part->ref);
		if (!newest || part->computed >= newest->signal.values_len)
			return "?";
		return words_of_computed(match->arena, &newest->signal, part->computed);
	case SUMMARY_COMPUTED: /* of window rules only */
		break;
	}
	return "";
}

static const char *message_of(const struct temporal *temporal, const struct match *match,
			      const struct value *keys)
{
	const struct rule *rule = temporal->rule;
	const char *text = rule->summary_len ? "" : rule->title;

	for (unsigned i = 0; i < rule->summary_len; i++)
		text = words_join(match->arena, text,
				  part_words(temporal, match, keys, &rule->summary[i]));
	for (unsigned i = 0; !rule->summary_len && i < temporal->keys_len; i++)
		text = words_join(match->arena, words_join(match->arena, text, i ? ", " : ": "),
				  key_words(temporal, match, keys, i));
	return text;
}

/* An alias is, outside of its rule, the field that it stands for in the first of the rules. */
static void outer_fields(const struct temporal *temporal, enum field fields[LIFE_NAMES_MAX])
{
	const struct rule_temporal *t = &temporal->rule->temporal;

	for (unsigned i = 0; i < temporal->keys_len; i++)
		fields[i] = i < t->group_by.len ? temporal->fields[i]
						: t->aliases[i - t->group_by.len].by_ref[0];
}

/* What the rule says now, as evidence for the rules over it. */
static void say(struct temporal *temporal, const struct match *match, const struct held *held,
		weir_time now)
{
	const struct rule *rule = temporal->rule;
	const struct detection *d = held->detection;
	const struct evidence *newest = NULL;
	enum field fields[LIFE_NAMES_MAX];
	struct signal signal = {.rule = rule,
				.key_fields = fields,
				.keys = d->keys,
				.keys_len = temporal->keys_len,
				.start = d->first,
				.time = match->anchor,
				.emitted = now,
				.window_start = d->first,
				.window_end = match->anchor,
				.update = !held->raised,
				.silent = !held->news,
				.severity = d->severity,
				.confidence = d->confidence,
				.coverage = d->coverage,
				.message = d->message};

	outer_fields(temporal, fields);
	memcpy(signal.id, d->id, sizeof(signal.id));
	for (unsigned ref = 0; ref < rule->refs_len; ref++) {
		const struct evidence *one = match_newest(match, ref);

		if (one && (!newest || one->signal.time > newest->signal.time))
			newest = one;
	}
	signal.samples = newest ? newest->signal.samples : NULL;
	signal.samples_len = newest ? newest->signal.samples_len : 0;
	temporal->ops.signal(temporal->ops.context, &signal);
}

static void hold(struct temporal *temporal, struct match *match, const struct value *keys,
		 const struct pair *pair, const struct evidence *arrived)
{
	weir_time now = arrived->signal.emitted;
	const struct evidence **all;
	struct held held;
	unsigned len = 0;
	struct holding holding = {.rule = temporal->rule,
				  .now = now,
				  .suppress = temporal->rule->temporal.suppress,
				  .names = temporal->names,
				  .fields = temporal->fields,
				  .keys = keys,
				  .keys_len = temporal->keys_len,
				  .common = match->common,
				  .common_len = match->common_len,
				  .common_width = match->common_width,
				  .common_wrong = match->common_wrong,
				  .common_name = temporal->common_name,
				  .arrived = arrived,
				  .dropped = pair->dropped,
				  .severity = match->severity,
				  .confidence = match->confidence,
				  .coverage = match->coverage};

	all = arena_alloc(match->arena,
			  temporal->rule->refs_len * MATCH_SIGNALS_MAX * sizeof(struct evidence *));
	if (!all)
		return;
	for (unsigned ref = 0; ref < temporal->rule->refs_len; ref++)
		for (unsigned i = 0; i < match->in_len[ref]; i++)
			all[len++] = match->in[ref][i];
	holding.evidence = all;
	holding.evidence_len = len;
	holding.message = message_of(temporal, match, keys);
	held = lives_hold(temporal->lives, &holding);
	if (held.detection && (temporal->rule->users_len || !temporal->rule->raise))
		say(temporal, match, &held, now);
}

/* A filter on the rule: as if it were not met. */
static bool is_filtered(const struct temporal *temporal, const struct value *keys)
{
	enum field fields[LIFE_NAMES_MAX];

	if (!temporal->rule->signal_filters_len)
		return false;
	outer_fields(temporal, fields);
	return rule_drops_signal(temporal->lives->set, temporal->rule, fields, keys,
				 temporal->keys_len, NULL);
}

void temporal_signal(struct temporal *temporal, struct evidence *evidence)
{
	const struct signal *signal = &evidence->signal;
	struct lives *lives = temporal->lives;
	int ref = ref_of(temporal->rule, signal->rule);
	struct value keys[LIFE_NAMES_MAX];
	struct match match = {
		.rule = temporal->rule, .arena = lives->arena, .buffer = lives->buffer};
	struct pair *pair;

	if (ref < 0)
		return;
	pair = temporal_pair(temporal, (unsigned)ref, signal, signal->emitted);
	if (!pair)
		return;
	keys_of(temporal, (unsigned)ref, signal, keys);
	prune(temporal, pair, signal->emitted);
	keep_newest(temporal, pair, &pair->refs[ref], evidence);
	match.refs = pair->refs;
	match.anchor = anchor_of(temporal, pair, signal);
	if (match_find(&match) && !is_filtered(temporal, keys))
		hold(temporal, &match, keys, pair, evidence);
}
