/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "signal/window_save.h"

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
	struct sample *next;	      /* newer one of the key; of the newest the oldest */
	struct key *key;
	weir_time time;
	uint64_t record;
	uint32_t input;
	uint32_t size; /* of the block */
	uint16_t service;
	uint64_t present[(FIELD_COUNT + 63) / 64];
	uint8_t byte[]; /* slots of the fields present, in their order; then the texts' bytes */
};

/* By field: the size of its slot. */
static const uint8_t slot_size[FIELD_COUNT] = {
#define FIELD(id, type, member, name, words) sizeof(((struct event *)NULL)->member),
#include "event/fields.def"
#undef FIELD
};

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

/* Slots are few kinds of small: no call for each. */
static void copy_slot(uint8_t *to, const uint8_t *from, uint8_t size)
{
	if (size == 8)
		memcpy(to, from, 8);
	else if (size == 16)
		memcpy(to, from, 16);
	else if (size == 2)
		memcpy(to, from, 2);
	else
		*to = *from;
}

static size_t size_for(const struct event *event, size_t *slots)
{
	size_t size = 0, texts = 0;
	enum field f;

	each_field(event->present, f)
	{
		size += slot_size[f];
		if (type_is_text(field_table[f].type))
			texts += ((const struct text *)event_slot(event, f))->length;
	}
	*slots = size;
	return sizeof(struct sample) + size + texts;
}

static void pack_text(const struct text *from, uint8_t *slot, uint8_t **text)
{
	struct text own = {(const char *)*text, from->length};

	if (own.length)
		memcpy(*text, from->at, own.length);
	*text += own.length;
	memcpy(slot, &own, sizeof(own));
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
		if (type_is_text(field_table[f].type))
			pack_text(event_slot(event, f), slot, &text);
		else
			copy_slot(slot, event_slot(event, f), slot_size[f]);
		slot += slot_size[f];
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
		memcpy((char *)event + field_table[f].offset, slot, slot_size[f]);
		slot += slot_size[f];
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

static void drop_first(struct window *window, struct key *key)
{
	struct sample *first = key->samples->next;

	list_remove(window, first);
	key->samples->next = first->next;
	key->sampled = first->next->time;
	if (--key->samples_len == 0)
		key->samples = NULL;
	pool_put(&window->pool, first, first->size);
}

static void add_last(struct key *key, struct sample *sample)
{
	if (!key->samples) {
		sample->next = sample;
		key->sampled = sample->time;
	} else {
		sample->next = key->samples->next;
		key->samples->next = sample;
	}
	key->samples = sample;
	key->samples_len++;
}

/* As the newest of its key and of the rule. False: no memory. */
static bool sample_add(struct window *window, struct key *key, const struct event *event)
{
	size_t slots, size = size_for(event, &slots);
	struct sample *sample = pool_get(&window->pool, size);

	if (!sample)
		return false;
	sample->size = (uint32_t)size;
	sample->key = key;
	pack(sample, event, slots);
	add_last(key, sample);
	list_add(window, sample);
	return true;
}

/* Those that are too old wait until their place is needed. */
void sample_keep(struct window *window, struct key *key, const struct event *event, weir_time since)
{
	if (event->service == SERVICE_SIGNAL) /* no traffic: it has evidence of its own */
		return;
	while (key->samples_len == SIGNAL_SAMPLES_MAX && key->sampled < since)
		drop_first(window, key);
	if (key->samples_len == SIGNAL_SAMPLES_MAX)
		return;
	if (window->samples.len == SAMPLES_A_RULE)
		drop_first(window, window->samples.oldest->key);
	sample_add(window, key, event);
}

void samples_free(struct window *window, struct key *key)
{
	while (key->samples)
		drop_first(window, key);
}

unsigned samples_of(const struct key *key, weir_time since, const struct event *now,
		    struct event out[SIGNAL_SAMPLES_MAX])
{
	const struct sample *sample = key->samples ? key->samples->next : NULL;
	unsigned len = 0;

	for (unsigned i = 0; i < key->samples_len && len < SIGNAL_SAMPLES_MAX - 1; i++) {
		if (sample->time >= since)
			unpack(sample, &out[len++]);
		sample = sample->next;
	}
	if (!now || now->service == SERVICE_SIGNAL)
		return len;
	if (len && out[len - 1].time == now->time && out[len - 1].record == now->record)
		return len;
	out[len++] = *now;
	return len;
}

void samples_save(const struct window *window, struct state_writer *w)
{
	struct event event;

	state_put_uint(w, window->samples.len);
	for (const struct sample *sample = window->samples.oldest; sample; sample = sample->newer) {
		unpack(sample, &event);
		state_put_uint(w, sample->key->created);
		event_save(w, &event);
	}
}

static struct key *key_created(struct key *const *keys, size_t len, uint64_t created)
{
	size_t low = 0, high = len;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (keys[middle]->created < created)
			low = middle + 1;
		else
			high = middle;
	}
	return low < len && keys[low]->created == created ? keys[low] : NULL;
}

int samples_load(struct window *window, struct key *const *keys, size_t len, struct state_reader *r)
{
	for (size_t samples = state_get_count(r, SAMPLES_A_RULE); samples && !r->bad; samples--) {
		struct key *key = key_created(keys, len, state_get_uint(r));
		struct event event;

		event_load(r, &event);
		if (!key || key->samples_len == SIGNAL_SAMPLES_MAX)
			r->bad = true;
		else if (!r->bad && !sample_add(window, key, &event))
			return -ENOMEM;
	}
	return 0;
}
