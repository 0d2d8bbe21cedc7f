/* SPDX-License-Identifier: Apache-2.0 */
#include "event/doers.h"

#include <stdlib.h>

#include "base/hash.h"

/* They are side by side in the field table. */
#define FIRST FIELD_USER_NAME
#define LAST  FIELD_ORCHESTRATOR_LABEL

static struct field_set doer_fields;

#define WORDS (sizeof(doer_fields.bits) / sizeof(doer_fields.bits[0]))

struct doer {
	uint32_t holders;
	struct field_set present;
	char bytes[]; /* slots_put() */
};

__attribute__((constructor)) static void doer_fields_mark(void)
{
	for (enum field f = FIRST; f <= LAST; f++)
		field_set_add(&doer_fields, f);
}

void doer_give(struct doer *doer)
{
	if (doer && !--doer->holders)
		free(doer);
}

void doers_forget(struct doers *doers)
{
	for (size_t i = 0; i < DOERS; i++) {
		doer_give(doers->of[i]);
		doers->of[i] = NULL;
	}
}

/* The event's fields in two parts. False: none is of a doer. */
static bool divide(const struct event *event, struct field_set *of_doer, struct field_set *own)
{
	uint64_t any = 0;

	for (size_t i = 0; i < WORDS; i++) {
		of_doer->bits[i] = event->present[i] & doer_fields.bits[i];
		own->bits[i] = event->present[i] & ~doer_fields.bits[i];
		any |= of_doer->bits[i];
	}
	return any;
}

static struct doer **place_of(struct doers *doers, const struct event *event)
{
	const struct text *entity = &event->process_entity_id;
	uint64_t hash = 0;

	if (event_has(event, FIELD_PROCESS_ENTITY_ID))
		hash = hash_bytes(entity->at, entity->length);
	return &doers->of[hash & (DOERS - 1)];
}

static struct doer *doer_new(const struct event *event, const struct field_set *present)
{
	size_t length = slots_length(present) + slots_texts_length(event, present);
	struct doer *doer = malloc(sizeof(*doer) + length);

	if (!doer)
		return NULL;
	doer->holders = 1;
	doer->present = *present;
	slots_put(event, present, doer->bytes);
	return doer;
}

struct doer *doer_take(struct doers *doers, const struct event *event, struct field_set *own)
{
	struct field_set present;
	struct doer **place, *doer;

	if (!divide(event, &present, own))
		return NULL;
	place = place_of(doers, event);
	doer = *place;
	if (!doer || memcmp(&doer->present, &present, sizeof(present)) ||
	    !slots_same(doer->bytes, &present, event)) {
		doer = doer_new(event, &present);
		if (!doer) { /* each for itself, then */
			memcpy(own, event->present, sizeof(*own));
			return NULL;
		}
		doer_give(*place);
		*place = doer;
	}
	doer->holders++;
	return doer;
}

void doer_read(const struct doer *doer, struct event *event)
{
	for (size_t i = 0; i < WORDS; i++)
		event->present[i] |= doer->present.bits[i];
	slots_get(doer->bytes, &doer->present, event);
}
