/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "correlate/inside.h"

static void to_users(struct correlate *correlate, const struct rule *rule,
		     struct evidence *evidence)
{
	for (unsigned i = 0; i < rule->users_len; i++)
		if (correlate->temporal[rule->users[i]])
			temporal_signal(correlate->temporal[rule->users[i]], evidence);
}

/* A temporal rule said something: evidence for those over it, in time before what comes next. */
static void on_temporal(void *context, const struct signal *signal)
{
	struct correlate *correlate = context;
	struct evidence *evidence;

	if (correlate->ops.signal)
		correlate->ops.signal(correlate->ops.context, signal);
	if (!signal->rule->users_len)
		return;
	evidence = evidence_copy(&correlate->pool, signal);
	if (!evidence)
		return;
	to_users(correlate, signal->rule, evidence);
	evidence_drop(&correlate->pool, evidence);
}

/* How long after its time a signal of the rule's refs may be said: a window's may come a window
 * after its events, and so on down the chain. `late` has it of all rules before this one. */
static weir_time late_of(const struct rule *rule, const weir_time *late)
{
	weir_time most = 0;

	for (unsigned i = 0; i < rule->refs_len; i++)
		if (late[rule->refs[i]] > most)
			most = late[rule->refs[i]];
	return most;
}

static int make_temporals(struct correlate *correlate)
{
	const struct ruleset *set = correlate->set;
	const struct temporal_ops said = {on_temporal, correlate};
	weir_time *late = calloc((size_t)set->len + 1, sizeof(*late));
	int err = late ? 0 : -ENOMEM;

	for (unsigned i = 0; !err && i < set->len; i++) {
		const struct rule *rule = &set->rules[i];

		late[i] = late_of(rule, late);
		switch (rule->kind) {
		case RULE_BASE:
			break;
		case RULE_WINDOW:
			late[i] += rule->window.timespan + rule->window.gap;
			break;
		case RULE_TEMPORAL:
			correlate->temporal[i] =
				temporal_new(rule, late[i], &correlate->lives, &said);
			err = correlate->temporal[i] ? 0 : -ENOMEM;
			late[i] += rule->temporal.timespan;
			break;
		}
	}
	free(late);
	return err;
}

struct correlate *correlate_new(const struct ruleset *set, const struct correlate_ops *ops)
{
	struct correlate *correlate = calloc(1, sizeof(*correlate));

	if (!correlate)
		return NULL;
	correlate->set = set;
	correlate->ops = *ops;
	correlate->temporal = calloc((size_t)set->len + 1, sizeof(struct temporal *));
	correlate->lives = (struct lives){.ops = &correlate->ops,
					  .stats = &correlate->stats,
					  .pool = &correlate->pool,
					  .arena = &correlate->arena,
					  .buffer = &correlate->buffer,
					  .fired = calloc((size_t)set->len + 1, sizeof(uint64_t))};
	lives_init(&correlate->lives);
	correlate->lives.set = set;
	if (!correlate->temporal || !correlate->lives.fired || make_temporals(correlate))
		goto out;
	return correlate;
out:
	correlate_free(correlate);
	return NULL;
}

void correlate_free(struct correlate *correlate)
{
	if (!correlate)
		return;
	for (unsigned i = 0; correlate->temporal && i < correlate->set->len; i++)
		temporal_free(correlate->temporal[i]);
	free(correlate->temporal);
	lives_free(&correlate->lives);
	free(correlate->lives.fired);
	free(correlate->buffer.at);
	arena_free(&correlate->arena);
	pool_free(&correlate->pool);
	free(correlate);
}

/* A signal that is strong enough alone. */
static void raise_alone(struct correlate *correlate, const struct evidence *evidence)
{
	const struct signal *signal = &evidence->signal;
	const char *names[RULE_FIELDS_MAX];
	struct holding holding = {.rule = signal->rule,
				  .now = signal->emitted,
				  .names = names,
				  .fields = signal->key_fields,
				  .keys = signal->keys,
				  .keys_len = signal->keys_len,
				  .evidence = &evidence,
				  .evidence_len = 1,
				  .severity = signal->severity,
				  .confidence = signal->confidence,
				  .coverage = signal->coverage,
				  .message = signal->message};

	if (signal->rule->kind == RULE_BASE)
		holding.suppress = signal->rule->single.suppress;
	else if (signal->rule->window.suppress == SUPPRESS_WHILE_TRUE)
		holding.suppress = signal->rule->window.timespan;
	else
		holding.suppress = signal->rule->window.suppress;
	for (unsigned i = 0; i < signal->keys_len; i++)
		names[i] = field_table[signal->key_fields[i]].name;
	lives_hold(&correlate->lives, &holding);
}

void correlate_signal(struct correlate *correlate, const struct signal *signal)
{
	const struct rule *rule = signal->rule;
	struct evidence *evidence;

	correlate->stats.signals++;
	lives_advance(&correlate->lives, signal->emitted);
	if (!rule->raise && !rule->users_len)
		return;
	evidence = evidence_copy(&correlate->pool, signal);
	if (!evidence)
		return;
	arena_reset(&correlate->arena);
	if (rule->raise)
		raise_alone(correlate, evidence);
	to_users(correlate, rule, evidence);
	evidence_drop(&correlate->pool, evidence);
}

void correlate_watermark(struct correlate *correlate, weir_time watermark)
{
	if (watermark == TIME_NEVER) {
		lives_end(&correlate->lives);
		return;
	}
	lives_advance(&correlate->lives, watermark);
	for (unsigned i = 0; i < correlate->set->len; i++)
		if (correlate->temporal[i])
			temporal_advance(correlate->temporal[i], watermark);
}

void correlate_stats(const struct correlate *correlate, struct correlate_stats *stats)
{
	*stats = correlate->stats;
}

void correlate_rule_stats(const struct correlate *correlate, unsigned rule, uint64_t *fired)
{
	*fired = rule < correlate->set->len ? correlate->lives.fired[rule] : 0;
}
