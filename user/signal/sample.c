/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/window.h"

/*
 * Contributing events that are kept as evidence: of a key the first ones of its look-back, from
 * its second event on (a key with a single event has it at hand when it speaks, or is one of a
 * million). Bounded a rule; the oldest make room.
 */

#define SAMPLES_A_RULE 16384

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

/* Takes the i-th sample from its key; the others keep their order. */
static void drop(struct window *window, struct key *key, unsigned i)
{
	struct sample *sample = key->sample[i];

	list_remove(window, sample);
	for (key->samples--; i < key->samples; i++)
		key->sample[i] = key->sample[i + 1];
	if (sample->text)
		pool_put(&window->shop->pool, sample->text, sample->text_size);
	pool_put(&window->shop->pool, sample, sizeof(*sample));
}

static void drop_oldest(struct window *window)
{
	struct key *key = window->samples.oldest->key;

	for (unsigned i = 0; i < key->samples; i++) {
		if (key->sample[i] == window->samples.oldest) {
			drop(window, key, i);
			return;
		}
	}
}

static struct text *text_slot(struct event *event, enum field field)
{
	return (struct text *)((char *)event + field_table[field].offset);
}

/* Makes the event's texts its own. False without memory. */
static bool own_texts(struct window *window, struct sample *sample)
{
	size_t size = 0;
	char *at;

	for (int f = 0; f < FIELD_COUNT; f++)
		if (type_is_text(field_table[f].type) && event_has(&sample->event, f))
			size += text_slot(&sample->event, f)->length;
	if (!size)
		return true;
	at = sample->text = pool_get(&window->shop->pool, size);
	if (!at)
		return false;
	sample->text_size = size;
	for (int f = 0; f < FIELD_COUNT; f++) {
		struct text *text = text_slot(&sample->event, f);

		if (!type_is_text(field_table[f].type) || !event_has(&sample->event, f) ||
		    !text->length)
			continue;
		text->at = memcpy(at, text->at, text->length);
		at += text->length;
	}
	return true;
}

void sample_keep(struct window *window, struct key *key, const struct event *event, weir_time since)
{
	struct sample *sample;

	if (event->service == SERVICE_SIGNAL) /* no traffic: it has evidence of its own */
		return;
	while (key->samples && key->sample[0]->event.time < since)
		drop(window, key, 0);
	if (key->samples == KEY_SAMPLES_MAX)
		return;
	if (window->samples.len == SAMPLES_A_RULE)
		drop_oldest(window);
	sample = pool_get(&window->shop->pool, sizeof(*sample));
	if (!sample)
		return;
	sample->event = *event;
	if (!own_texts(window, sample)) {
		pool_put(&window->shop->pool, sample, sizeof(*sample));
		return;
	}
	sample->key = key;
	key->sample[key->samples++] = sample;
	list_add(window, sample);
}

void samples_free(struct window *window, struct key *key)
{
	while (key->samples)
		drop(window, key, key->samples - 1);
}

unsigned samples_of(const struct key *key, weir_time since, const struct event *now,
		    struct event out[SIGNAL_SAMPLES_MAX])
{
	unsigned len = 0;

	for (unsigned i = 0; i < key->samples && len < SIGNAL_SAMPLES_MAX - 1; i++)
		if (key->sample[i]->event.time >= since)
			out[len++] = key->sample[i]->event;
	if (!now || now->service == SERVICE_SIGNAL)
		return len;
	if (len && out[len - 1].time == now->time && out[len - 1].record == now->record)
		return len;
	out[len++] = *now;
	return len;
}
