/* SPDX-License-Identifier: Apache-2.0 */
#include "event/packed.h"

#include <stdalign.h>
#include <stdlib.h>

#include "event/doers.h"
#include "event/slots.h"

/* Sizes in which room is handed out; what needs more is a piece of its own. */
static const size_t sizes[] = {192, 256, 320, 384, 448, 512, 768, 1024, 2048};
#define SIZES	     (sizeof(sizes) / sizeof(sizes[0]))
#define BLOCK_PIECES 256

struct packed {
	union {
		struct packed *next; /* while free */
		weir_time time;
	};
	struct block *block; /* NULL: a piece of its own */
	struct doer *doer;   /* NULL: nothing is known of one */
	struct field_set present;
	uint16_t service;
	bool waits;
	alignas(8) char bytes[];
};

/* Pieces of one size come by the block, large enough to be given back to the system whole after a
 * burst. */
struct block {
	struct block *next;
	uint32_t taken;
	uint32_t size; /* its index */
	alignas(16) char pieces[];
};

struct size_class {
	struct block *blocks;
	struct packed *free;
	size_t made, taken, peak; /* pieces; peak: most taken since the last shrink */
};

struct packed_store {
	struct size_class classes[SIZES];
	struct doers doers;
};

struct packed_store *packed_store_new(void)
{
	return calloc(1, sizeof(struct packed_store));
}

void packed_store_free(struct packed_store *store)
{
	if (!store)
		return;
	for (size_t i = 0; i < SIZES; i++) {
		while (store->classes[i].blocks) {
			struct block *next = store->classes[i].blocks->next;

			free(store->classes[i].blocks);
			store->classes[i].blocks = next;
		}
	}
	doers_forget(&store->doers);
	free(store);
}

/* ---- room ---- */

static struct packed *piece(struct block *block, size_t i)
{
	return (struct packed *)(void *)(block->pieces + i * sizes[block->size]);
}

static void offer(struct size_class *class, struct packed *packed)
{
	packed->waits = false;
	packed->next = class->free;
	class->free = packed;
}

static bool block_add(struct packed_store *store, size_t size)
{
	struct size_class *class = &store->classes[size];
	struct block *block = malloc(sizeof(*block) + BLOCK_PIECES * sizes[size]);

	if (!block)
		return false;
	*block = (struct block){.next = class->blocks, .size = (uint32_t)size};
	class->blocks = block;
	class->made += BLOCK_PIECES;
	for (size_t i = BLOCK_PIECES; i--;) {
		piece(block, i)->block = block;
		offer(class, piece(block, i));
	}
	return true;
}

static struct packed *room(struct packed_store *store, size_t length)
{
	struct size_class *class;
	struct packed *packed;
	size_t size = 0;

	while (size < SIZES && sizes[size] < length)
		size++;
	if (size == SIZES) {
		packed = malloc(length);
		if (packed)
			packed->block = NULL;
		return packed;
	}
	class = &store->classes[size];
	if (!class->free && !block_add(store, size))
		return NULL;
	packed = class->free;
	class->free = packed->next;
	packed->block->taken++;
	if (++class->taken > class->peak)
		class->peak = class->taken;
	return packed;
}

void packed_give(struct packed_store *store, struct packed *packed)
{
	struct size_class *class;

	doer_give(packed->doer);
	if (!packed->block) {
		free(packed);
		return;
	}
	class = &store->classes[packed->block->size];
	packed->block->taken--;
	class->taken--;
	offer(class, packed);
}

static void class_shrink(struct size_class *class)
{
	struct block **at = &class->blocks;

	while (*at) {
		struct block *block = *at;

		if (block->taken || class->made - BLOCK_PIECES < class->peak) {
			at = &block->next;
			continue;
		}
		*at = block->next;
		class->made -= BLOCK_PIECES;
		free(block);
	}
	class->free = NULL;
	for (struct block *block = class->blocks; block; block = block->next)
		for (size_t i = BLOCK_PIECES; i--;)
			if (!piece(block, i)->waits)
				offer(class, piece(block, i));
	class->peak = class->taken;
}

void packed_store_shrink(struct packed_store *store)
{
	for (size_t i = 0; i < SIZES; i++)
		class_shrink(&store->classes[i]);
	doers_forget(&store->doers);
}

/* ---- events ---- */

struct packed *packed_take(struct packed_store *store, const struct event *event)
{
	struct field_set own;
	struct doer *doer = doer_take(&store->doers, event, &own);
	size_t length = slots_length(&own) + slots_texts_length(event, &own);
	struct packed *packed = room(store, sizeof(*packed) + length);

	if (!packed) {
		doer_give(doer);
		return NULL;
	}
	packed->waits = true;
	packed->time = event->time;
	packed->doer = doer;
	packed->service = event->service;
	packed->present = own;
	slots_put(event, &own, packed->bytes);
	return packed;
}

void packed_read(const struct packed *packed, struct event *event)
{
	event->time = packed->time;
	event->service = packed->service;
	memcpy(event->present, &packed->present, sizeof(event->present));
	slots_get(packed->bytes, &packed->present, event);
	if (packed->doer)
		doer_read(packed->doer, event);
}
