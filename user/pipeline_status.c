/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/live/owners.h"
#include "decoding/decoding.h"
#include "stages.h"

/* Events on which a regular expression of the rule, or of those that it refers to, was given up. */
static uint64_t gave_up(const struct ruleset *set, const struct rule *rule)
{
	uint64_t sum = set->tally[rule->index].gave_up;

	for (unsigned i = 0; i < rule->refs_len; i++)
		sum += set->tally[rule->refs[i]].gave_up;
	return sum;
}

static json_t *status_rules(const struct pipeline *p)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < p->rules->len; i++) {
		const struct rule *rule = &p->rules->rules[i];
		struct signal_rule_stats s;
		uint64_t detections = 0;

		if (rule->kind == RULE_BASE && rule->users_len)
			continue;
		signal_engine_rule_stats(p->signals, i, &s);
		correlate_rule_stats(p->correlate, i, &detections);
		json_array_append_new(
			list,
			json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
				  "id", rule->id, "name", rule->display, "level",
				  severity_name(rule->level), "signals", (json_int_t)s.fired,
				  "suppressed", (json_int_t)s.suppressed, "detections",
				  (json_int_t)detections, "keys", (json_int_t)s.keys, "bytes",
				  (json_int_t)s.bytes, "evicted_keys", (json_int_t)s.evicted,
				  "overflowed", (json_int_t)s.overflowed, "lost",
				  (json_int_t)s.lost, "regex_gave_up",
				  (json_int_t)gave_up(p->rules, rule)));
	}
	return list;
}

static json_t *status_filters(const struct pipeline *p)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < p->rules->filters_len; i++) {
		const struct rule_filter *filter = &p->rules->filters[i];

		json_array_append_new(list,
				      json_pack("{s:s, s:s, s:i, s:I}", "id", filter->id, "title",
						filter->title, "rules", (int)filter->rules,
						"suppressed", (json_int_t)filter->suppressed));
	}
	return list;
}

static json_t *status_flows(const struct pipeline *p)
{
	struct flow_stats s;

	flow_stats(p->flows, &s);
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "now",
			 (json_int_t)s.flows, "started", (json_int_t)s.started, "established",
			 (json_int_t)s.established, "rejected", (json_int_t)s.rejected,
			 "unanswered", (json_int_t)s.unanswered, "ended", (json_int_t)s.ended,
			 "midstream", (json_int_t)s.midstream, "own", (json_int_t)s.own, "nat",
			 (json_int_t)s.nat, "evicted", (json_int_t)s.evicted);
}

static json_t *status_engine(const struct pipeline *p)
{
	struct order_counts events;
	struct signal_engine_stats s;
	struct correlate_stats c;

	order_counts(p->order, p->flow_input, &events);
	signal_engine_stats(p->signals, &s);
	correlate_stats(p->correlate, &c);
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
			 "events", (json_int_t)events.events, "late", (json_int_t)events.late,
			 "held_ahead", (json_int_t)events.held_ahead, "hurried",
			 (json_int_t)events.hurried, "matched", (json_int_t)s.matched, "signals",
			 (json_int_t)s.signals, "keys", (json_int_t)s.keys, "evicted_keys",
			 (json_int_t)s.evicted_keys, "detections", (json_int_t)c.detections, "open",
			 (json_int_t)c.open, "dropped_signals", (json_int_t)c.dropped, "left_out",
			 (json_int_t)c.left_out, "lost", (json_int_t)p->lost);
}

/* What is learned is there while rules or outputs ask for it. */
static json_t *status_learned(const struct pipeline *p)
{
	const struct learn *learn = derive_learn(p->enrich.derive);
	const struct names *names = derive_names(p->enrich.derive);
	json_t *status = json_object();
	struct learn_stats l;
	struct names_stats n;

	if (learn) {
		learn_stats(learn, &l);
		json_object_update_new(
			status,
			json_pack("{s:f, s:I, s:I, s:I, s:I, s:I, s:I}", "progress", l.progress,
				  "destinations", (json_int_t)l.destinations, "pairs",
				  (json_int_t)l.pairs, "hosts", (json_int_t)l.hosts, "evicted",
				  (json_int_t)l.evicted, "refused", (json_int_t)l.refused, "bytes",
				  (json_int_t)l.bytes));
	}
	if (names) {
		names_stats(names, &n);
		json_object_update_new(status,
				       json_pack("{s:I, s:I, s:I}", "names", (json_int_t)n.names,
						 "evicted_names", (json_int_t)n.evicted,
						 "refused_names", (json_int_t)n.refused));
	}
	return status;
}

json_t *pipeline_status(struct pipeline *p)
{
	json_t *status = json_object(), *sinks = json_array(), *lists;
	bool degraded = pipeline_losing(p);

	if (p->live)
		json_object_set_new(status, "capture", live_status(p->live, &degraded));
	if (p->decoding)
		json_object_set_new(status, "decoding", decoding_status(p->decoding, &degraded));
	if (p->owners)
		json_object_set_new(status, "owners", owners_status(p->owners));
	json_object_set_new(status, "flows", status_flows(p));
	json_object_set_new(status, "learned", status_learned(p));
	if (p->threat && (lists = threat_status(p->threat, &degraded)))
		json_object_set_new(status, "threat", lists);
	json_object_set_new(status, "engine", status_engine(p));
	json_object_set_new(status, "rules", status_rules(p));
	json_object_set_new(status, "filters", status_filters(p));
	vec_each (sink, &p->sinks) {
		json_t *one = (*sink)->ops->status(*sink);

		json_object_set_new(one, "name", json_string((*sink)->ops->name));
		json_array_append_new(sinks, one);
		degraded = degraded || json_object_get(one, "error");
	}
	if (p->keeper) {
		json_t *state = pipeline_state_status(p);

		degraded = degraded || json_object_get(state, "error");
		json_object_set_new(status, "state", state);
	}
	json_object_set_new(status, "sinks", sinks);
	json_object_set_new(status, "health", json_string(degraded ? "degraded" : "healthy"));
	return status;
}
