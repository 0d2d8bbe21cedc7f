/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/record.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "event/escape.h"
#include "event/json.h"
#include "sink/record_json.h"

#define WORD_MAX 256 /* bytes of a key that lines show */

static struct out *out_new(enum record_kind_out kind)
{
	struct out *out = calloc(1, sizeof(*out));

	if (!out)
		return NULL;
	atomic_init(&out->references, 1);
	atomic_init(&out->owing, false);
	out->kind = kind;
	out->made = time_monotonic();
	return out;
}

struct out *out_keep(struct out *out)
{
	atomic_fetch_add(&out->references, 1);
	return out;
}

void out_drop(struct out *out)
{
	if (!out || atomic_fetch_sub(&out->references, 1) != 1)
		return;
	for (unsigned i = 0; i < out->evidence_len; i++)
		out_drop(out->evidence[i]);
	arena_free(&out->arena);
	free(out);
}

/* Few records are ever waited for: one lock and one condition serve all. */
static pthread_mutex_t settle_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t settled;

__attribute__((constructor)) static void settled_init(void)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&settled, &attributes);
	pthread_condattr_destroy(&attributes);
}

void out_owe(struct out *out)
{
	atomic_store(&out->owing, true);
}

void out_settle(struct out *out)
{
	pthread_mutex_lock(&settle_lock);
	atomic_store(&out->owing, false);
	pthread_cond_broadcast(&settled);
	pthread_mutex_unlock(&settle_lock);
}

void out_await(struct out *out, int timeout_ms)
{
	int64_t until = out->made + timeout_ms * WEIR_MSEC;
	struct timespec ts = {until / WEIR_SEC, until % WEIR_SEC};

	pthread_mutex_lock(&settle_lock);
	while (atomic_load(&out->owing))
		if (pthread_cond_timedwait(&settled, &settle_lock, &ts))
			break;
	pthread_mutex_unlock(&settle_lock);
}

/* The object as one line in the arena; takes it over. NULL without memory. */
static const char *line_of(struct out *out, json_t *object, size_t flags, size_t *length)
{
	char *line = object ? json_dumps(object, flags) : NULL;
	const char *copy = NULL;

	json_decref(object);
	if (line) {
		size_t n = strlen(line);

		copy = arena_copy(&out->arena, line, n);
		if (length)
			*length = n;
	}
	free(line);
	return copy;
}

static const char *text_of(struct out *out, const char *text)
{
	char *clean;

	if (!text)
		return NULL;
	if (escape_clean(text, strlen(text)))
		return arena_text(&out->arena, text);
	clean = arena_alloc(&out->arena, strlen(text) * ESCAPE_GROWTH + 1);
	if (clean)
		escape_bytes(text, strlen(text), false, clean);
	return clean;
}

/* The stream's text in the arena; frees it. */
static const char *text_taken(struct out *out, FILE *stream, char **text)
{
	const char *copy = NULL;

	if (!fclose(stream) && *text)
		copy = arena_text(&out->arena, *text);
	free(*text);
	return copy;
}

/* A word of "key=word" lines: in quotes where it would not be one word, with a backslash before
 * quotes and backslashes then. A long one is cut: the record has it whole, and what stands behind
 * it in a line must not be pushed out. */
static void put_word(FILE *stream, const char *bytes, size_t length)
{
	char clean[WORD_MAX * ESCAPE_GROWTH + 1];
	bool cut = length > WORD_MAX;

	escape_bytes(bytes, cut ? utf8_cut(bytes, length, WORD_MAX) : length, false, clean);
	if (*clean && !strpbrk(clean, " \"=")) {
		fputs(clean, stream);
	} else {
		putc('"', stream);
		for (const char *c = clean; *c; c++) {
			if (*c == '"' || *c == '\\')
				putc('\\', stream);
			putc(*c, stream);
		}
		putc('"', stream);
	}
	if (cut)
		fputs("…", stream);
}

static void put_value(FILE *stream, const struct value *value)
{
	char text[ADDR_TEXT_MAX];

	switch ((enum value_type)value->type) {
	case VALUE_NULL:
		fputs("null", stream);
		break;
	case VALUE_BOOL:
		fputs(value->truth ? "true" : "false", stream);
		break;
	case VALUE_NUMBER:
		fprintf(stream, "%.15g", value->number);
		break;
	case VALUE_TEXT:
		put_word(stream, value->text.at, value->text.length);
		break;
	case VALUE_ADDR:
		fputs(addr_format(&value->addr, text), stream);
		break;
	}
}

/* "source.ip=10.0.0.5 destination.port=22" */
static const char *keys_text(struct out *out, const struct record_keys *keys)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return NULL;
	for (unsigned i = 0; i < keys->len; i++) {
		char hash[PRIVACY_TEXT_MAX];
		struct value key = record_key(keys, i, hash);

		fprintf(stream, "%s%s=", i ? " " : "", record_key_name(keys, i));
		put_value(stream, &key);
	}
	return text_taken(out, stream, &text);
}

static bool named_before(const struct detection *d, unsigned i)
{
	const char *name = rule_output_name(d->signals[i]->rule);

	for (unsigned j = 0; j < i; j++)
		if (!strcmp(rule_output_name(d->signals[j]->rule), name))
			return true;
	return false;
}

static const char *signal_names(struct out *out, const struct detection *d)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return NULL;
	for (unsigned i = 0; i < d->signals_len; i++)
		if (!named_before(d, i))
			fprintf(stream, "%s%s", i ? "," : "",
				rule_output_name(d->signals[i]->rule));
	return text_taken(out, stream, &text);
}

static void fill_rule(struct out *out, const struct rule *rule, const char *host)
{
	out->rule_id = text_of(out, rule->id);
	out->rule_name = text_of(out, rule_output_name(rule));
	out->title = text_of(out, rule->title);
	out->tactic = text_of(out, rule->tactic);
	out->technique = text_of(out, rule->technique);
	out->host = text_of(out, host);
}

/* The record whole, or nothing. */
static struct out *whole(struct out *out)
{
	if (out->json && out->keys_json && out->keys_text && out->id && out->rule_name &&
	    out->message && (out->kind != OUT_SIGNAL || out->values_json))
		return out;
	out_drop(out);
	return NULL;
}

static void fill_keys(struct out *out, const struct record_keys *keys)
{
	out->keys_json = line_of(out, record_keys(keys), RECORD_JSON_FORM, NULL);
	out->keys_text = keys_text(out, keys);
}

struct out *out_signal(const struct signal *s, const char *host)
{
	const struct record_keys keys = {s->rule, s->key_fields, NULL, s->keys, s->keys_len};
	struct out *out = out_new(OUT_SIGNAL);

	if (!out)
		return NULL;
	fill_rule(out, s->rule, host);
	fill_keys(out, &keys);
	out->update = s->update;
	out->id = arena_text(&out->arena, s->id);
	out->severity = s->severity;
	out->confidence = s->confidence;
	out->coverage = s->coverage;
	out->first = time_shown(s->window_start);
	out->last = time_shown(s->window_end);
	out->at = time_shown(s->time);
	out->count = 1;
	out->values_json = line_of(out, record_values(s), RECORD_JSON_FORM, NULL);
	out->message = text_of(out, s->message ? s->message : s->rule->title);
	out->json = line_of(out, record_signal(s, host), RECORD_JSON_FORM, &out->json_length);
	return whole(out);
}

static bool fill_evidence(struct out *out, const struct detection *d, const char *host)
{
	const char **ids = arena_alloc(&out->arena, (d->signals_len + 1) * sizeof(*ids));

	out->signal_ids = ids;
	out->evidence = arena_alloc(&out->arena, (d->signals_len + 1) * sizeof(*out->evidence));
	out->signal_names = signal_names(out, d);
	if (!ids || !out->evidence || !out->signal_names)
		return false;
	for (unsigned i = 0; i < d->signals_len; i++) {
		struct out *signal = out_signal(d->signals[i], host);

		if (!signal)
			return false;
		out->evidence[out->evidence_len++] = signal;
		ids[i] = signal->id;
	}
	return true;
}

struct out *out_detection(const struct detection *d, const char *host)
{
	const struct record_keys keys = {d->rule, d->key_fields, d->key_names, d->keys,
					 d->keys_len};
	struct out *out = out_new(OUT_DETECTION);

	if (!out)
		return NULL;
	fill_rule(out, d->rule, host);
	fill_keys(out, &keys);
	out->change = d->change;
	out->announce = d->announce;
	out->id = arena_text(&out->arena, d->id);
	out->severity = d->severity;
	out->confidence = d->confidence;
	out->coverage = d->coverage;
	out->state = d->change == DETECTION_CLOSED ? "closed" : "open";
	out->first = time_shown(d->first);
	out->last = out->at = time_shown(d->last);
	out->count = d->count;
	out->message = text_of(out, d->message ? d->message : d->rule->title);
	if (fill_evidence(out, d, host))
		out->json = line_of(out, record_detection(d, host), RECORD_JSON_FORM,
				    &out->json_length);
	return whole(out);
}

static struct out *event_record(enum record_kind_out kind, const struct event *event,
				const char *host)
{
	struct out *out = out_new(kind);

	if (!out)
		return NULL;
	out->event = *event;
	out->at = out->last = time_shown(event->time);
	out->first =
		time_shown(event_has(event, FIELD_EVENT_START) ? event->event_start : event->time);
	out->count = event_has(event, FIELD_EVENT_COUNT) ? event->event_count : 1;
	out->coverage = event_has(event, FIELD_COVERAGE) ? event->weir_coverage : 1;
	out->host = text_of(out, host);
	if (event_has(event, FIELD_MESSAGE)) {
		char *text = arena_copy(&out->arena, event->message.at, event->message.length);

		out->message = text_of(out, text);
	}
	/* Numbers of an event read back exactly: all 17 digits. */
	out->json = line_of(out, event_to_json(event), JSON_COMPACT, &out->json_length);
	if (!event_keep(&out->event, &out->arena) && out->json)
		return out;
	out_drop(out);
	return NULL;
}

static struct out *leaving_record(enum record_kind_out kind, const struct event *event,
				  const char *host)
{
	struct leaving leaving;
	struct out *out = NULL;

	if (!leaving_make(&leaving, event))
		out = event_record(kind, &leaving.event, host);
	leaving_free(&leaving);
	return out;
}

struct out *out_event(const struct event *event, const char *host)
{
	return leaving_record(OUT_EVENT, event, host);
}

struct out *out_flow(const struct event *event, const char *host)
{
	return leaving_record(OUT_FLOW, event, host);
}
