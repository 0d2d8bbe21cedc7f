/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/window.h"

/*
 * Contributing events that are kept as evidence: of a key the first ones of its look-back, from
 * its second event on (a key with a single event has it at hand when it speaks, or is one of a
 * million). Bounded a rule; the oldest make room.
 *
 * An event has room for all fields that there are and few of them: a sample holds those alone.
 */

#define SAMPLES_A_RULE 16384

struct sample {
	struct sample *older, *newer; /* of the rule, by time */
	struct sample *next;	      /* newer one of the key */
	struct key *key;
	weir_time time;
	uint64_t record;
	uint32_t input;
	uint32_t size; /* of the block */
	uint16_t service;
	uint64_t present[(FIELD_COUNT + 63) / 64];
	uint8_t byte[]; /* slots of the fields present, in their order; then the texts' bytes */
};

static size_t slot_size(enum field_type type)
{
	switch (type) {
	case TYPE_ADDR:
		return sizeof(struct addr);
	case TYPE_TEXT:
	case TYPE_TEXTS:
		return sizeof(struct text);
	case TYPE_ENUM:
		return sizeof(uint16_t);
	case TYPE_BOOL:
		return sizeof(bool);
	case TYPE_COUNT:
	case TYPE_REAL:
	case TYPE_TIME:
	case TYPE_DURATION:
	case TYPE_ROLES:
		return sizeof(uint64_t);
	}
	return 0;
}

/* Each field that is present, from `word` and `bits` on. */
static bool next_field(const uint64_t *present, unsigned *word, uint64_t *bits, enum field *field)
{
	while (!*bits) {
		if (++*word == (FIELD_COUNT + 63) / 64)
			return false;
		*bits = present[*word];
	}
	*field = (enum field)(*word * 64 + (unsigned)__builtin_ctzll(*bits));
	*bits &= *bits - 1;
	return true;
}

#define each_field(present, field)                                                                 \
	for (struct {                                                                              \
		     unsigned word;                                                                \
		     uint64_t bits;                                                                \
	     } at_ = {0, (present)[0]};                                                            \
	     next_field(present, &at_.word, &at_.bits, &field);)

static size_t size_for(const struct event *event, size_t *slots)
{
	size_t texts = 0;
	enum field f;

	*slots = 0;
	each_field(event->present, f)
	{
		*slots += slot_size(field_table[f].type);
		if (type_is_text(field_table[f].type))
			texts += ((const struct text *)event_slot(event, f))->length;
	}
	return sizeof(struct sample) + *slots + texts;
}

static void pack(struct sample *sample, const struct event *event, size_t slots)
{
	uint8_t *slot = sample->byte, *text = slot + slots;
	enum field f;

	sample->time = event->time;
	sample->record = event->record;
	sample->input = event->input;
	sample->service = event->service;
	memcpy(sample->present, event->present, sizeof(sample->present));
	each_field(event->present, f)
	{
		size_t size = slot_size(field_table[f].type);

		memcpy(slot, event_slot(event, f), size);
		if (type_is_text(field_table[f].type)) {
			struct text t = *(const struct text *)event_slot(event, f);

			if (t.length)
				memcpy(text, t.at, t.length);
			t.at = (const char *)text;
			text += t.length;
			memcpy(slot, &t, sizeof(t));
		}
		slot += size;
	}
}

static void unpack(const struct sample *sample, struct event *event)
{
	const uint8_t *slot = sample->byte;
	enum field f;

	*event = (struct event){.time = sample->time,
				.record = sample->record,
				.input = sample->input,
				.service = sample->service};
	memcpy(event->present, sample->present, sizeof(event->present));
	each_field(sample->present, f)
	{
		size_t size = slot_size(field_table[f].type);

		memcpy((char *)event + field_table[f].offset, slot, size);
		slot += size;
	}
}

static void list_remove(struct window *window, struct sample *sample)
{
	*(sample->older ? &sample->older->newer : &window->samples.oldest) = sample->newer;
	*(sample->newer ? &sample->newer->older : &window->samples.newest) = sample->older;
	window->samples.len--;
}

static void list_add(struct window *window, struct sample *sample)
{
	sample->older = window->samples.newest;
	sample->newer = NULL;
	*(window->samples.newest ? &window->samples.newest->newer : &window->samples.oldest) =
		sample;
	window->samples.newest = sample;
	window->samples.len++;
}

/* The key's oldest, which is the rule's oldest too if any of the key is. */
static void drop_first(struct window *window, struct key *key)
{
	struct sample *sample = key->samples;

	list_remove(window, sample);
	key->samples = sample->next;
	key->samples_len--;
	pool_put(&window->pool, sample, sample->size);
}

void sample_keep(struct window *window, struct key *key, const struct event *event, weir_time since)
{
	struct sample **end = &key->samples, *sample;
	size_t slots, size;

	if (event->service == SERVICE_SIGNAL) /* no traffic: it has evidence of its own */
		return;
	while (key->samples && key->samples->time < since)
		drop_first(window, key);
	if (key->samples_len == SIGNAL_SAMPLES_MAX)
		return;
	if (window->samples.len == SAMPLES_A_RULE)
		drop_first(window, window->samples.oldest->key);
	size = size_for(event, &slots);
	sample = pool_get(&window->pool, size);
	if (!sample)
		return;
	sample->size = (uint32_t)size;
	sample->key = key;
	pack(sample, event, slots);
	while (*end)
		end = &(*end)->next;
	*end = sample;
	key->samples_len++;
	list_add(window, sample);
}

void samples_free(struct window *window, struct key *key)
{
	while (key->samples)
		drop_first(window, key);
}

unsigned samples_of(const struct key *key, weir_time since, const struct event *now,
		    struct event out[SIGNAL_SAMPLES_MAX])
{
	unsigned len = 0;

	for (const struct sample *sample = key->samples; sample && len < SIGNAL_SAMPLES_MAX - 1;
	     sample = sample->next)
		if (sample->time >= since)
			unpack(sample, &out[len++]);
	if (!now || now->service == SERVICE_SIGNAL)
		return len;
	if (len && out[len - 1].time == now->time && out[len - 1].record == now->record)
		return len;
	out[len++] = *now;
	return len;
}
