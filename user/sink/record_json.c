/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/record_json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "event/escape.h"
#include "event/json.h"

#define SET_SHOWN_MAX 32 /* values of a set that a record lists; weir.values.*.total says all */

/* Takes the value over; false without memory. NULL as value is such a failure. */
static bool put(json_t *object, const char *key, json_t *value)
{
	return !json_object_set_new(object, key, value);
}

static json_t *text_json(const char *text)
{
	return json_bytes(text, strlen(text));
}

/* True also if there is nothing to put. */
static bool put_text(json_t *object, const char *key, const char *text)
{
	return !text || put(object, key, text_json(text));
}

static bool put_time(json_t *object, const char *key, weir_time at)
{
	char text[TIME_TEXT_MAX];

	return put(object, key, json_string(time_format(time_shown(at), text)));
}

static json_t *number_json(double number)
{
	if (!isfinite(number))
		return json_null();
	if (floor(number) == number && fabs(number) <= 0x1p53)
		return json_integer((json_int_t)number);
	return json_real(number);
}

/* Several lines of text: newlines stay. */
static json_t *lines_json(const char *text)
{
	size_t length = strlen(text);
	char *clean = malloc(length * ESCAPE_GROWTH + 1);
	json_t *json = NULL;

	if (clean)
		json = json_stringn(clean, escape_bytes(text, length, true, clean));
	free(clean);
	return json;
}

static json_t *list_json(const char *const *list)
{
	json_t *array = json_array();

	for (; array && list && *list; list++) {
		if (json_array_append_new(array, text_json(*list))) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static bool put_list(json_t *object, const char *key, const char *const *list)
{
	return !list || !*list || put(object, key, list_json(list));
}

static json_t *value_json(const struct value *value)
{
	char text[ADDR_TEXT_MAX];

	switch ((enum value_type)value->type) {
	case VALUE_NULL:
		return json_null();
	case VALUE_BOOL:
		return json_boolean(value->truth);
	case VALUE_NUMBER:
		return number_json(value->number);
	case VALUE_TEXT:
		return json_bytes(value->text.at, value->text.length);
	case VALUE_ADDR:
		return json_string(addr_format(&value->addr, text));
	}
	return json_null();
}

/* Of a value of that field, as it may leave. */
static json_t *record_value(enum field field, const struct value *value)
{
	char hash[PRIVACY_TEXT_MAX];
	struct value shown = value_shown(field, value, hash);

	return value_json(&shown);
}

const char *record_key_name(const struct record_keys *keys, unsigned i)
{
	if (keys->names && keys->names[i])
		return keys->names[i];
	return field_table[keys->fields[i]].name;
}

struct value record_key(const struct record_keys *keys, unsigned i, char hash[PRIVACY_TEXT_MAX])
{
	return value_shown(rule_key_privacy(keys->rule, keys->fields, i), &keys->at[i], hash);
}

static json_t *key_json(const struct record_keys *keys, unsigned i)
{
	char hash[PRIVACY_TEXT_MAX];
	struct value key = record_key(keys, i, hash);

	return value_json(&key);
}

static bool put_keys(json_t *object, const struct record_keys *keys)
{
	for (unsigned i = 0; i < keys->len; i++)
		if (!put(object, record_key_name(keys, i), key_json(keys, i)))
			return false;
	return true;
}

json_t *record_keys(const struct record_keys *keys)
{
	json_t *object = json_object();

	if (object && put_keys(object, keys))
		return object;
	json_decref(object);
	return NULL;
}

/* "> 3 deviations (mean 10, deviation 3)": what the value was held against, and whence. */
static json_t *threshold_json(const struct signal_value *value)
{
	struct value mean = {.type = VALUE_NUMBER, .number = value->mean};
	struct value deviation = {.type = VALUE_NUMBER, .number = value->deviation};
	char a[64], b[64];

	if (!value->scored)
		return text_json(value->threshold);
	return json_sprintf("%s (mean %s, deviation %s)", value->threshold,
			    value_format(&mean, value->unit, a, sizeof(a)),
			    value_format(&deviation, value->unit, b, sizeof(b)));
}

static bool put_score(json_t *object, const struct signal_value *value)
{
	return put(object, "zscore", number_json(value->zscore)) &&
	       put(object, "mean", number_json(value->mean)) &&
	       put(object, "deviation", number_json(value->deviation));
}

/* A tuple of one field is that value, else an array. */
static json_t *tuple_json(const struct signal_set *set, unsigned i)
{
	const struct value *at = set->at + (size_t)i * set->fields.len;
	json_t *array;

	if (set->fields.len == 1)
		return record_value(set->fields.at[0], at);
	array = json_array();
	for (unsigned f = 0; array && f < set->fields.len; f++) {
		if (json_array_append_new(array, record_value(set->fields.at[f], &at[f]))) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static bool put_set(json_t *object, const struct signal_set *set)
{
	json_t *array = json_array();

	for (unsigned i = 0; array && i < set->len && i < SET_SHOWN_MAX; i++) {
		if (json_array_append_new(array, tuple_json(set, i))) {
			json_decref(array);
			return false;
		}
	}
	return put(object, "values", array) && put(object, "total", json_integer(set->len)) &&
	       (set->whole || put(object, "estimated", json_true()));
}

static const struct signal_set *set_of(const struct signal *signal, const char *name)
{
	if (signal->rule->kind != RULE_WINDOW)
		return NULL;
	for (unsigned i = 0; i < signal->sets_len; i++)
		if (!strcmp(signal->rule->window.compute[signal->sets[i].computed].name, name))
			return &signal->sets[i];
	return NULL;
}

static json_t *signal_value_json(const struct signal *signal, unsigned i)
{
	const struct signal_value *value = &signal->values[i];
	const struct signal_set *set = set_of(signal, value->name);
	json_t *object = json_object();
	bool ok = put(object, "value",
		      record_value(rule_computed_privacy(signal->rule, i), &value->value));

	ok = ok && put_text(object, "unit", unit_name(value->unit));
	ok = ok && (!value->threshold || put(object, "threshold", threshold_json(value)));
	ok = ok && (!value->scored || put_score(object, value));
	ok = ok && (!value->estimated || put(object, "estimated", json_true()));
	ok = ok && (!value->error || put(object, "error", json_real(value->error)));
	ok = ok && (!set || put_set(object, set));
	if (ok)
		return object;
	json_decref(object);
	return NULL;
}

json_t *record_values(const struct signal *signal)
{
	json_t *object = json_object();

	for (unsigned i = 0; object && i < signal->values_len; i++) {
		const struct signal_value *value = &signal->values[i];

		if (!value->name)
			continue;
		if (!put(object, value->name, signal_value_json(signal, i))) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

const char *rule_output_name(const struct rule *rule)
{
	if (rule->display)
		return rule->display;
	return rule->name ? rule->name : rule->title;
}

/* What signals and detections have alike, before their own parts and after. */
struct common {
	const char *id, *kind;
	weir_time at, start, end;
	const struct rule *rule;
	enum severity severity;
	double confidence;
	struct record_keys keys;
	const char *host;
};

static bool put_head(json_t *o, const struct common *c)
{
	return put_time(o, "@timestamp", c->at) && put_text(o, "event.id", c->id) &&
	       put_text(o, "event.kind", c->kind) && put_time(o, "event.start", c->start) &&
	       put_time(o, "event.end", c->end) && put_text(o, "rule.id", c->rule->id) &&
	       put_text(o, "rule.name", rule_output_name(c->rule)) &&
	       put_text(o, "rule.title", c->rule->title) &&
	       put_text(o, "weir.severity", severity_name(c->severity)) &&
	       put(o, "weir.confidence", json_real(c->confidence)) && put_keys(o, &c->keys);
}

static bool put_tail(json_t *o, const struct common *c, double coverage, const char *message)
{
	return put(o, "weir.coverage", json_real(coverage)) &&
	       put_text(o, "message", message ? message : c->rule->title) &&
	       put_text(o, "threat.tactic.id", c->rule->tactic) &&
	       put_text(o, "threat.technique.id", c->rule->technique) &&
	       put_text(o, "host.name", c->host);
}

json_t *record_signal(const struct signal *s, const char *host)
{
	const struct common common = {
		s->id,
		"signal",
		s->time,
		s->window_start,
		s->window_end,
		s->rule,
		s->severity,
		s->confidence,
		{s->rule, s->key_fields, NULL, s->keys, s->keys_len},
		host,
	};
	json_t *o = json_object();

	if (put_head(o, &common) && put(o, "weir.values", record_values(s)) &&
	    put_tail(o, &common, s->coverage, s->message) &&
	    (!s->partial || put(o, "weir.partial", json_true())))
		return o;
	json_decref(o);
	return NULL;
}

static json_t *evidence_json(const struct signal *s)
{
	json_t *o = json_object();

	if (put_text(o, "id", s->id) && put_text(o, "name", rule_output_name(s->rule)) &&
	    put_time(o, "time", s->time) && put_text(o, "severity", severity_name(s->severity)) &&
	    put(o, "values", record_values(s)) && put_text(o, "message", s->message))
		return o;
	json_decref(o);
	return NULL;
}

static json_t *signals_json(const struct detection *d)
{
	json_t *array = json_array();

	for (unsigned i = 0; array && i < d->signals_len; i++) {
		if (json_array_append_new(array, evidence_json(d->signals[i]))) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static bool same_tuple(const struct event *a, const struct event *b)
{
	char x[EVENT_TUPLE_MAX], y[EVENT_TUPLE_MAX];

	return !strcmp(event_tuple(a, x), event_tuple(b, y));
}

static bool taken(const struct event *event, const struct event **samples, unsigned len)
{
	for (unsigned i = 0; i < len; i++)
		if (same_tuple(event, samples[i]))
			return true;
	return false;
}

static void sort_by_time(const struct event **samples, unsigned len)
{
	for (unsigned i = 1; i < len; i++) {
		const struct event *event = samples[i];
		unsigned j = i;

		for (; j && samples[j - 1]->time > event->time; j--)
			samples[j] = samples[j - 1];
		samples[j] = event;
	}
}

/* The first of each signal, then the second of each, so that every signal is shown. */
unsigned record_samples(const struct detection *d, const struct event **samples, unsigned max)
{
	unsigned len = 0;

	for (unsigned turn = 0; turn < SIGNAL_SAMPLES_MAX; turn++) {
		for (unsigned i = 0; i < d->signals_len && len < max; i++) {
			const struct signal *s = d->signals[i];

			if (turn < s->samples_len && !taken(&s->samples[turn], samples, len))
				samples[len++] = &s->samples[turn];
		}
	}
	sort_by_time(samples, len);
	return len;
}

int leaving_make(struct leaving *leaving, const struct event *event)
{
	struct event *copy = &leaving->event;

	*copy = *event;
	leaving->hashes = (struct arena){0};
	if (!event_has(copy, FIELD_NETWORK_COMMUNITY_ID) && event_community_id(copy, leaving->id))
		event_set(copy, NETWORK_COMMUNITY_ID, network_community_id,
			  text_string(leaving->id));
	return privacy_event(copy, &leaving->hashes);
}

void leaving_free(struct leaving *leaving)
{
	arena_free(&leaving->hashes);
}

static json_t *sample_json(const struct event *event)
{
	struct leaving leaving;
	json_t *json = NULL;

	if (!leaving_make(&leaving, event))
		json = event_to_json(&leaving.event);
	leaving_free(&leaving);
	return json;
}

static json_t *samples_json(const struct detection *d)
{
	const struct event *samples[DETECTION_SAMPLES_MAX];
	unsigned len = record_samples(d, samples, DETECTION_SAMPLES_MAX);
	json_t *array = json_array();

	for (unsigned i = 0; array && i < len; i++) {
		if (json_array_append_new(array, sample_json(samples[i]))) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

/* Of the i-th of the values that the evidence shares: tuples, one after the other. */
static enum field common_field(const struct detection *d, unsigned i)
{
	const struct field_list *fields = &d->rule->temporal.common;

	if (d->rule->kind != RULE_TEMPORAL || !fields->len)
		return FIELD_NONE;
	return fields->at[i % fields->len];
}

static bool put_common_values(json_t *o, const struct detection *d)
{
	json_t *array;

	if (!d->common_len)
		return true;
	array = json_array();
	for (unsigned i = 0; array && i < d->common_len && i < SET_SHOWN_MAX; i++) {
		if (json_array_append_new(array, record_value(common_field(d, i), &d->common[i]))) {
			json_decref(array);
			return false;
		}
	}
	return put(o, "weir.common", array);
}

static bool put_common_wrong(json_t *o, const struct detection *d)
{
	return !(d->common_wrong > 0) || put(o, "weir.common_error", json_real(d->common_wrong));
}

/* What its signals measured, under "SIGNAL.value" where several have a name. */
static json_t *detection_values(const struct detection *d)
{
	json_t *all = json_object();

	for (unsigned i = 0; all && i < d->signals_len; i++) {
		const struct signal *s = d->signals[i];

		for (unsigned v = 0; v < s->values_len; v++) {
			char name[256];

			if (!s->values[v].name)
				continue;
			snprintf(name, sizeof(name), "%s.%s", rule_output_name(s->rule),
				 s->values[v].name);
			if (!put(all, name, signal_value_json(s, v))) {
				json_decref(all);
				return NULL;
			}
		}
	}
	return all;
}

static bool put_detection(json_t *o, const struct detection *d)
{
	bool closed = d->change == DETECTION_CLOSED;

	return put_text(o, "weir.state", closed ? "closed" : "open") &&
	       put(o, "weir.count", json_integer((json_int_t)d->count)) &&
	       put_common_values(o, d) && put_common_wrong(o, d) &&
	       put(o, "weir.signals", signals_json(d)) && put(o, "weir.samples", samples_json(d)) &&
	       put(o, "weir.actions", list_json(d->rule->actions)) &&
	       put_list(o, "weir.false_positives", d->rule->falsepositives) &&
	       put_list(o, "rule.reference", d->rule->references) &&
	       (!d->why || put(o, "weir.why", lines_json(d->why)));
}

json_t *record_detection(const struct detection *d, const char *host)
{
	const struct common common = {
		d->id,
		"alert",
		d->last,
		d->first,
		d->last,
		d->rule,
		d->severity,
		d->confidence,
		{d->rule, d->key_fields, d->key_names, d->keys, d->keys_len},
		host,
	};
	json_t *o = json_object();

	if (put_head(o, &common) && put(o, "weir.values", detection_values(d)) &&
	    put_tail(o, &common, d->coverage, d->message) && put_detection(o, d))
		return o;
	json_decref(o);
	return NULL;
}
