/* SPDX-License-Identifier: Apache-2.0 */
#include "correlate/signal_save.h"

#include <errno.h>

#define VALUES_MAX 1024 /* of a signal that another program made too */

static void fields_save(struct state_writer *w, const struct field_list *fields)
{
	state_put_uint(w, fields->len);
	for (unsigned i = 0; i < fields->len; i++)
		field_save(w, fields->at[i]);
}

static void fields_load(struct state_reader *r, struct field_list *fields)
{
	fields->len = (unsigned)state_get_below(r, RULE_FIELDS_MAX);
	for (unsigned i = 0; i < fields->len; i++)
		fields->at[i] = field_load(r);
}

static void computed_save(struct state_writer *w, const struct signal_value *value)
{
	state_put_text(w, value->name);
	value_save(w, &value->value);
	state_put_uint(w, value->unit);
	state_put_text(w, value->threshold);
	state_put_uint(w, value->scored);
	state_put_uint(w, value->estimated);
	if (!value->scored)
		return;
	state_put_real(w, value->zscore);
	state_put_real(w, value->mean);
	state_put_real(w, value->deviation);
}

static void set_save(struct state_writer *w, const struct signal_set *set)
{
	state_put_uint(w, set->computed);
	fields_save(w, &set->fields);
	state_put_uint(w, set->whole);
	state_put_uint(w, set->len);
	for (size_t i = 0; i < (size_t)set->len * set->fields.len; i++)
		value_save(w, &set->at[i]);
	state_put_uint(w, set->past.cap);
	state_put_uint(w, set->past.count);
	state_put_raw(w, set->past.slot, set->past.cap * sizeof(*set->past.slot));
}

static void times_save(struct state_writer *w, const struct signal *s)
{
	state_put_int(w, s->start);
	state_put_int(w, s->time);
	state_put_int(w, s->emitted);
	state_put_int(w, s->window_start);
	state_put_int(w, s->window_end);
	state_put_uint(w, s->update);
	state_put_uint(w, s->silent);
	state_put_uint(w, s->partial);
	state_put_uint(w, s->severity);
	state_put_real(w, s->confidence);
	state_put_real(w, s->coverage);
}

void signal_save(struct state_writer *w, const struct signal *s)
{
	state_put_uint(w, s->rule->index);
	state_put_text(w, s->id);
	state_put_text(w, s->message);
	times_save(w, s);
	state_put_uint(w, s->keys_len);
	for (unsigned i = 0; i < s->keys_len; i++) {
		field_save(w, s->key_fields[i]);
		value_save(w, &s->keys[i]);
	}
	state_put_uint(w, s->values_len);
	for (unsigned i = 0; i < s->values_len; i++)
		computed_save(w, &s->values[i]);
	state_put_uint(w, s->sets_len);
	for (unsigned i = 0; i < s->sets_len; i++)
		set_save(w, &s->sets[i]);
	state_put_uint(w, s->samples_len);
	for (unsigned i = 0; i < s->samples_len; i++)
		event_save(w, &s->samples[i]);
}

/* As a string of the arena; "" is NULL where `none`. */
static int text_load(struct state_reader *r, struct arena *arena, bool none, const char **text)
{
	size_t length;
	const char *at = state_get_bytes(r, &length);

	*text = none && !length ? NULL : arena_copy(arena, at ? at : "", length);
	return *text || (none && !length) ? 0 : -ENOMEM;
}

static int computed_load(struct state_reader *r, struct arena *arena, struct signal_value *value)
{
	if (text_load(r, arena, false, &value->name))
		return -ENOMEM;
	value_load(r, &value->value);
	value->unit = (enum unit)state_get_below(r, UNIT_SET);
	if (text_load(r, arena, true, &value->threshold))
		return -ENOMEM;
	value->scored = state_get_bool(r);
	value->estimated = state_get_bool(r);
	if (!value->scored)
		return 0;
	value->zscore = state_get_real(r);
	value->mean = state_get_real(r);
	value->deviation = state_get_real(r);
	return 0;
}

static int past_load(struct state_reader *r, struct arena *arena, struct past_seen *past)
{
	uint32_t *slot;

	past->cap = (uint32_t)state_get_count(r, UINT32_MAX / 2);
	past->count = (uint32_t)state_get_count(r, UINT32_MAX / 2);
	if (past->cap > (size_t)(r->end - r->at) / sizeof(*slot)) {
		r->bad = true;
		past->cap = past->count = 0;
	}
	slot = arena_alloc(arena, (past->cap + 1) * sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	state_get_raw(r, slot, past->cap * sizeof(*slot));
	past->slot = slot;
	r->bad |= !past_is_sound(past);
	return 0;
}

static int set_load(struct state_reader *r, struct arena *arena, struct signal_set *set)
{
	struct value *at;
	size_t len;

	set->computed = (unsigned)state_get_below(r, RULE_COMPUTE_MAX - 1);
	fields_load(r, &set->fields);
	set->whole = state_get_bool(r);
	set->len = (unsigned)state_get_count(r, UINT32_MAX);
	len = (size_t)set->len * set->fields.len;
	if (len > (size_t)(r->end - r->at)) { /* a value is a byte at least */
		r->bad = true;
		len = set->len = 0;
	}
	at = arena_alloc(arena, (len + 1) * sizeof(*at));
	if (!at)
		return -ENOMEM;
	for (size_t i = 0; i < len; i++)
		value_load(r, &at[i]);
	set->at = at;
	return past_load(r, arena, &set->past);
}

static void times_load(struct state_reader *r, struct signal *s)
{
	s->start = state_get_time(r);
	s->time = state_get_time(r);
	s->emitted = state_get_time(r);
	s->window_start = state_get_time(r);
	s->window_end = state_get_time(r);
	s->update = state_get_bool(r);
	s->silent = state_get_bool(r);
	s->partial = state_get_bool(r);
	s->severity = (enum severity)state_get_below(r, SEVERITY_COUNT - 1);
	s->confidence = state_get_share(r);
	s->coverage = state_get_share(r);
}

static int keys_load(struct state_reader *r, struct arena *arena, struct signal *s)
{
	size_t len = state_get_count(r, 2 * RULE_FIELDS_MAX);
	enum field *fields = arena_alloc(arena, (len + 1) * sizeof(*fields));
	struct value *keys = arena_alloc(arena, (len + 1) * sizeof(*keys));

	if (!fields || !keys)
		return -ENOMEM;
	for (size_t i = 0; i < len; i++) {
		fields[i] = field_load(r);
		value_load(r, &keys[i]);
		if (fields[i] == FIELD_NONE) /* a version that had another */
			s->rule = NULL;
	}
	s->key_fields = fields;
	s->keys = keys;
	s->keys_len = (unsigned)len;
	return 0;
}

static int lists_load(struct state_reader *r, struct arena *arena, struct signal *s)
{
	struct signal_value *values;
	struct signal_set *sets;
	struct event *samples;

	s->values_len = (unsigned)state_get_count(r, VALUES_MAX);
	s->values = values = arena_alloc(arena, (s->values_len + 1) * sizeof(*values));
	for (unsigned i = 0; values && i < s->values_len; i++)
		if (computed_load(r, arena, &values[i]))
			return -ENOMEM;
	s->sets_len = (unsigned)state_get_count(r, RULE_COMPUTE_MAX);
	s->sets = sets = arena_alloc(arena, (s->sets_len + 1) * sizeof(*sets));
	for (unsigned i = 0; sets && i < s->sets_len; i++)
		if (set_load(r, arena, &sets[i]))
			return -ENOMEM;
	s->samples_len = (unsigned)state_get_count(r, SIGNAL_SAMPLES_MAX);
	s->samples = samples = arena_alloc(arena, (s->samples_len + 1) * sizeof(*samples));
	for (unsigned i = 0; samples && i < s->samples_len; i++)
		event_load(r, &samples[i]);
	return values && sets && samples ? 0 : -ENOMEM;
}

int signal_load(struct state_reader *r, const struct rule_map *rules, struct arena *arena,
		struct signal *s)
{
	*s = (struct signal){.rule = rule_load(r, rules)};
	state_get_text(r, s->id, sizeof(s->id));
	if (text_load(r, arena, false, &s->message))
		return -ENOMEM;
	times_load(r, s);
	if (keys_load(r, arena, s))
		return -ENOMEM;
	return lists_load(r, arena, s);
}
