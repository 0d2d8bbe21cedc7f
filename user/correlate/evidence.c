/* SPDX-License-Identifier: Apache-2.0 */
#include "correlate/evidence.h"

/* The block is measured and filled by the same walk: first without memory, then with it. */
struct writer {
	char *base; /* NULL: only measures */
	size_t used;
};

static void *take(struct writer *w, const void *from, size_t size)
{
	void *at = w->base ? w->base + w->used : NULL;

	if (at && size)
		memcpy(at, from, size);
	w->used += (size + 7) & ~(size_t)7;
	return at;
}

static const char *take_string(struct writer *w, const char *text)
{
	return text ? take(w, text, strlen(text) + 1) : NULL;
}

static void take_text(struct writer *w, struct text *text, const struct text *from)
{
	const char *at = take(w, from->at, from->length);

	if (text)
		text->at = at;
}

static struct value *take_values(struct writer *w, const struct value *values, size_t len)
{
	struct value *at = take(w, values, len * sizeof(*values));

	for (size_t i = 0; i < len; i++)
		if (values[i].type == VALUE_TEXT)
			take_text(w, at ? &at[i].text : NULL, &values[i].text);
	return at;
}

static struct signal_value *take_computed(struct writer *w, const struct signal *from)
{
	struct signal_value *at = take(w, from->values, from->values_len * sizeof(*at));

	for (unsigned i = 0; i < from->values_len; i++) {
		const struct signal_value *value = &from->values[i];
		const char *name = take_string(w, value->name);
		const char *threshold = take_string(w, value->threshold);

		if (at) {
			at[i].name = name;
			at[i].threshold = threshold;
		}
		if (value->value.type == VALUE_TEXT)
			take_text(w, at ? &at[i].value.text : NULL, &value->value.text);
	}
	return at;
}

static struct signal_set *take_sets(struct writer *w, const struct signal *from)
{
	struct signal_set *at = take(w, from->sets, from->sets_len * sizeof(*at));

	for (unsigned i = 0; i < from->sets_len; i++) {
		const struct signal_set *set = &from->sets[i];
		const struct value *values =
			take_values(w, set->at, (size_t)set->len * set->fields.len);

		const uint32_t *past =
			take(w, set->past.slot, set->past.cap * sizeof(*set->past.slot));

		if (at) {
			at[i].at = values;
			at[i].past.slot = past;
		}
	}
	return at;
}

static struct event *take_samples(struct writer *w, const struct signal *from)
{
	struct event *at = take(w, from->samples, from->samples_len * sizeof(*at));

	for (unsigned i = 0; i < from->samples_len; i++) {
		for (int f = 0; f < FIELD_COUNT; f++) {
			if (!type_is_text(field_table[f].type) || !event_has(&from->samples[i], f))
				continue;
			take_text(w, at ? (struct text *)event_slot(&at[i], f) : NULL,
				  event_slot(&from->samples[i], f));
		}
	}
	return at;
}

static size_t write_all(struct evidence *to, const struct signal *from)
{
	struct writer w = {.base = (char *)to, .used = sizeof(*to)};
	struct signal copy = *from;

	copy.key_fields = take(&w, from->key_fields, from->keys_len * sizeof(*from->key_fields));
	copy.keys = take_values(&w, from->keys, from->keys_len);
	copy.values = take_computed(&w, from);
	copy.sets = take_sets(&w, from);
	copy.samples = take_samples(&w, from);
	copy.message = take_string(&w, from->message);
	if (to)
		to->signal = copy;
	return w.used;
}

struct evidence *evidence_copy(struct pool *pool, const struct signal *signal)
{
	size_t size = write_all(NULL, signal);
	struct evidence *evidence = pool_take(pool, size); /* and written whole */

	if (!evidence)
		return NULL;
	*evidence = (struct evidence){.size = size, .references = 1};
	write_all(evidence, signal);
	return evidence;
}

struct evidence *evidence_keep(struct evidence *evidence)
{
	evidence->references++;
	return evidence;
}

void evidence_drop(struct pool *pool, struct evidence *evidence)
{
	if (evidence && --evidence->references == 0)
		pool_put(pool, evidence, evidence->size);
}

const struct signal_set *evidence_set(const struct evidence *evidence, unsigned computed)
{
	for (unsigned i = 0; i < evidence->signal.sets_len; i++)
		if (evidence->signal.sets[i].computed == computed)
			return &evidence->signal.sets[i];
	return NULL;
}

struct value evidence_field(const struct signal *signal, enum field field)
{
	if (field == FIELD_NONE)
		return (struct value){.type = VALUE_NULL};
	for (unsigned i = 0; i < signal->keys_len; i++)
		if (signal->key_fields[i] == field)
			return signal->keys[i];
	if (signal->rule->kind == RULE_BASE && signal->samples_len)
		return value_of_field(&signal->samples[signal->samples_len - 1], field);
	return (struct value){.type = VALUE_NULL};
}
