/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "signal/window_save.h"

/*
 * Contributing events that are kept as evidence: of a key the first ones of its look-back, from
 * its second event on (a key with a single event has it at hand when it speaks, or is one of a
 * million). When the first is too old the next ones are kept.
 *
 * A rule's samples are a log in a ring of bytes: the newest are written over the oldest, each knows
 * where its key's one before stands, and whether that is still there follows from how far the log
 * has come. So keeping one costs a copy, and forgetting it nothing. An event has room for all
 * fields that there are and few of them: a sample holds those alone, and is made once for all rules
 * that keep it.
 */

#define LOG_MIN 4096u
#define LOG_MAX (4u << 20) /* bytes a rule */

struct sample {
	uint64_t before; /* the key's one before: 1 + its place; 0: none */
	weir_time time;
	uint64_t record;
	uint32_t input;
	uint32_t size; /* with this header, a multiple of 8 */
	uint64_t service;
	uint64_t present[(FIELD_COUNT + 63) / 64];
	uint8_t byte[]; /* slots of the fields present, in their order; then the texts' bytes, whose
			 * slots point where they are from here */
};

/* By field: the size of its slot. */
static const uint8_t slot_size[FIELD_COUNT] = {
#define FIELD(id, type, subject, member, name, words) sizeof(((struct event *)NULL)->member),
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

#define each_present(present, field)                                                               \
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

	each_present (event->present, f) {
		size += slot_size[f];
		if (type_is_text(field_table[f].type))
			texts += ((const struct text *)event_slot(event, f))->length;
	}
	*slots = size;
	return (sizeof(struct sample) + size + texts + 7) / 8 * 8;
}

static void pack_text(struct sample *sample, const struct text *from, uint8_t *slot, size_t *texts)
{
	struct text own = {(const char *)(uintptr_t)*texts, from->length};

	if (own.length)
		memcpy(sample->byte + *texts, from->at, own.length);
	*texts += own.length;
	memcpy(slot, &own, sizeof(own));
}

static void pack(struct sample *sample, const struct event *event, size_t slots)
{
	uint8_t *slot = sample->byte;
	enum field f;

	sample->time = event->time;
	sample->record = event->record;
	sample->input = event->input;
	sample->service = event->service;
	memcpy(sample->present, event->present, sizeof(sample->present));
	each_present (event->present, f) {
		if (type_is_text(field_table[f].type))
			pack_text(sample, event_slot(event, f), slot, &slots);
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
				.service = (uint16_t)sample->service};
	memcpy(event->present, sample->present, sizeof(event->present));
	each_present (sample->present, f) {
		void *to = (char *)event + field_table[f].offset;

		memcpy(to, slot, slot_size[f]);
		if (type_is_text(field_table[f].type))
			((struct text *)to)->at =
				(const char *)sample->byte + (uintptr_t)((struct text *)to)->at;
		slot += slot_size[f];
	}
}

/* The event at hand as a sample, made when it is asked for first. NULL: no memory. */
static struct sample *packed(struct workshop *shop, const struct event *event)
{
	size_t slots, size;

	if (shop->packed.event == shop->event)
		return shop->packed.sample;
	size = size_for(event, &slots);
	if (size > LOG_MAX / 4) /* one would push out the rest */
		return NULL;
	if (size > shop->packed.cap) {
		struct sample *more = realloc(shop->packed.sample, size * 2);

		if (!more)
			return NULL;
		shop->packed.sample = more;
		shop->packed.cap = size * 2;
	}
	pack(shop->packed.sample, event, slots);
	shop->packed.sample->size = (uint32_t)size;
	shop->packed.event = shop->event;
	return shop->packed.sample;
}

static uint8_t *place(const struct sample_log *log, uint64_t at)
{
	return log->cap ? log->at + (at - log->base) % log->cap : log->at;
}

/* Whether it fits behind the newest, before the ring's end. */
static bool log_fits(const struct sample_log *log, size_t size)
{
	size_t taken = log->cap ? (log->end - log->base) % log->cap : 0;

	return size <= log->cap - taken && (taken || log->end == log->base);
}

/* The log has come to the ring's end: it begins anew, or goes on in a larger one if its first
 * samples are not too old. */
static void log_turn(struct sample_log *log, size_t size, weir_time since)
{
	size_t cap = log->cap ? log->cap * 2 : LOG_MIN;
	uint8_t *more;

	if (place(log, log->end) != log->at)
		log->end += log->cap - (log->end - log->base) % log->cap;
	if (log->cap >= LOG_MAX ||
	    (size <= log->cap && ((const struct sample *)log->at)->time < since))
		return;
	while (cap < size)
		cap *= 2;
	more = realloc(log->at, cap);
	if (!more)
		return;
	log->base = log->end - log->cap;
	log->at = more;
	log->cap = cap;
}

/* NULL: there is none, or it has been written over. */
static const struct sample *sample_at(const struct sample_log *log, uint64_t number)
{
	if (number <= log->base || log->end - (number - 1) > log->cap)
		return NULL;
	return (const struct sample *)place(log, number - 1);
}

static void sample_add(struct window *window, struct key *key, const struct event *event,
		       weir_time since)
{
	struct sample_log *log = &window->samples;
	const struct sample *sample = packed(window->shop, event);
	struct sample *own;

	if (!sample)
		return;
	if (!log_fits(log, sample->size))
		log_turn(log, sample->size, since);
	if (sample->size > log->cap)
		return;
	own = memcpy(place(log, log->end), sample, sample->size);
	own->before = key->samples;
	key->samples = log->end + 1;
	log->end += sample->size;
	if (!key->samples_len++)
		key->sampled = sample->time;
}

void sample_keep(struct window *window, struct key *key, const struct event *event, weir_time since)
{
	if (event->service == SERVICE_SIGNAL) /* no traffic: it has evidence of its own */
		return;
	if (key->samples_len == SIGNAL_SAMPLES_MAX) {
		if (key->sampled >= since)
			return;
		key->samples_len = 0;
	}
	sample_add(window, key, event, since);
}

void samples_free(struct key *key)
{
	key->samples = 0;
	key->samples_len = 0;
}

/* Those of the key since then, newest first: at most as many as were kept within a look-back. */
#define SAMPLES_ALIVE (2 * SIGNAL_SAMPLES_MAX)

static unsigned samples_since(const struct window *window, const struct key *key, weir_time since,
			      const struct sample *out[SAMPLES_ALIVE])
{
	const struct sample *sample = sample_at(&window->samples, key->samples);
	unsigned len = 0;

	for (; sample && sample->time >= since && len < SAMPLES_ALIVE;
	     sample = sample_at(&window->samples, sample->before))
		out[len++] = sample;
	return len;
}

unsigned samples_of(const struct window *window, const struct key *key, weir_time since,
		    const struct event *now, struct event out[SIGNAL_SAMPLES_MAX])
{
	const struct sample *kept[SAMPLES_ALIVE];
	unsigned left = samples_since(window, key, since, kept), len = 0;

	while (left && len < SIGNAL_SAMPLES_MAX - 1)
		unpack(kept[--left], &out[len++]);
	if (!now || now->service == SERVICE_SIGNAL)
		return len;
	if (len && out[len - 1].time == now->time && out[len - 1].record == now->record)
		return len;
	out[len++] = *now;
	return len;
}

/* A sample by its place in the log, which is its place in time. */
struct placed {
	uint64_t number;
	const struct key *key;
};
typedef VEC(struct placed) placed_vec;

static int by_place(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

static int places_find(const struct window *window, uint32_t oldest, placed_vec *found)
{
	const struct sample_log *log = &window->samples;
	const struct key *key = key_at(&window->keys, oldest);

	for (; key; key = key_at(&window->keys, key->newer)) {
		const struct sample *sample;
		uint64_t number = key->samples;

		for (unsigned i = 0; i < SAMPLES_ALIVE && (sample = sample_at(log, number)); i++) {
			struct placed *placed = vec_add(found);

			if (!placed)
				return -ENOMEM;
			*placed = (struct placed){number, key};
			number = sample->before;
		}
	}
	return 0;
}

static void kept_save(const struct window *window, uint32_t oldest, struct state_writer *w)
{
	const struct key *key = key_at(&window->keys, oldest);

	for (; key; key = key_at(&window->keys, key->newer)) {
		if (!key->samples_len)
			continue;
		state_put_uint(w, 1);
		state_put_uint(w, key->created);
		state_put_uint(w, key->samples_len);
		state_put_int(w, key->sampled);
	}
}

/* In the order of the log, so that the one that is loaded writes over the same ones first. It is
 * sorted in memory of its own: malloc() goes on working in a child that was forked. */
void samples_save(const struct window *window, struct state_writer *w)
{
	placed_vec found = {0};
	struct event event;

	if (places_find(window, window->keys.single.oldest, &found) ||
	    places_find(window, window->keys.many.oldest, &found))
		w->err = w->err ? w->err : -ENOMEM;
	if (found.len)
		qsort(found.at, found.len, sizeof(*found.at), by_place);
	vec_each (placed, &found) {
		unpack(sample_at(&window->samples, placed->number), &event);
		state_put_uint(w, 1);
		state_put_uint(w, placed->key->created);
		event_save(w, &event);
	}
	vec_free(&found);
	state_put_uint(w, 0);
	kept_save(window, window->keys.single.oldest, w);
	kept_save(window, window->keys.many.oldest, w);
	state_put_uint(w, 0);
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
	struct event event;
	struct key *key;

	while (state_get_bool(r)) {
		key = key_created(keys, len, state_get_uint(r));
		event_load(r, &event);
		r->bad |= !key;
		if (r->bad)
			break;
		window->shop->packed.event = UINT64_MAX;
		sample_add(window, key, &event, TIME_NONE);
	}
	window->shop->packed.event = UINT64_MAX;
	while (state_get_bool(r)) {
		key = key_created(keys, len, state_get_uint(r));
		r->bad |= !key;
		if (r->bad)
			break;
		key->samples_len = (uint8_t)state_get_below(r, SIGNAL_SAMPLES_MAX);
		key->sampled = state_get_time(r);
	}
	return 0;
}
