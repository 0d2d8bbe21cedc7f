/* SPDX-License-Identifier: Apache-2.0 */
#include "event/packed.h"

#include <stdalign.h>
#include <stdlib.h>

#define WORDS ((FIELD_COUNT + 63) / 64)

/* Sizes in which room is handed out; what needs more is a piece of its own. */
static const size_t sizes[] = {192, 256, 384, 512, 768, 1024, 2048};
#define SIZES	     (sizeof(sizes) / sizeof(sizes[0]))
#define BLOCK_PIECES 256

struct packed {
	union {
		struct packed *next; /* while free */
		weir_time time;
	};
	struct block *block; /* NULL: a piece of its own */
	uint64_t present[WORDS];
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
};

static const uint8_t slot_sizes[FIELD_COUNT] = {
#define FIELD(id, type, member, name, words) [FIELD_##id] = sizeof(FIELD_C_##type),
#include "event/fields.def"
#undef FIELD
};

static uint64_t text_fields[WORDS];

__attribute__((constructor)) static void text_fields_mark(void)
{
	for (unsigned f = 0; f < FIELD_COUNT; f++)
		if (type_is_text(field_table[f].type))
			text_fields[f / 64] |= UINT64_C(1) << (f % 64);
}

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
}

/* ---- slots ---- */

/* Fields that are present side by side lie side by side in the event: [*first, *last] of the bits,
 * which are taken out. */
static inline void next_run(uint64_t *bits, unsigned word, unsigned *first, unsigned *last)
{
	unsigned from = (unsigned)__builtin_ctzll(*bits);
	uint64_t rest = ~(*bits >> from);
	unsigned length = rest ? (unsigned)__builtin_ctzll(rest) : 64;

	if (from + length >= 64) {
		length = 64 - from;
		*bits = 0;
	} else {
		*bits &= ~(((UINT64_C(1) << length) - 1) << from);
	}
	*first = word * 64 + from;
	*last = *first + length - 1;
}

static inline size_t run_length(unsigned first, unsigned last)
{
	size_t end = field_table[last].offset + (size_t)slot_sizes[last];

	/* The next run begins where any type may. */
	return (end - field_table[first].offset + 7) & ~(size_t)7;
}

static size_t slots_length(const struct event *event)
{
	size_t length = 0;

	for (unsigned word = 0; word < WORDS; word++) {
		uint64_t bits = event->present[word];
		unsigned first, last;

		while (bits) {
			next_run(&bits, word, &first, &last);
			length += run_length(first, last);
		}
	}
	return length;
}

static size_t texts_length(const struct event *event)
{
	size_t length = 0;

	for (unsigned word = 0; word < WORDS; word++) {
		uint64_t bits = event->present[word] & text_fields[word];

		for (; bits; bits &= bits - 1) {
			unsigned f = word * 64 + (unsigned)__builtin_ctzll(bits);

			length += ((const struct text *)event_slot(event, (enum field)f))->length;
		}
	}
	return length;
}

static char *put_slots(const struct event *event, char *to)
{
	for (unsigned word = 0; word < WORDS; word++) {
		uint64_t bits = event->present[word];
		unsigned first, last;

		while (bits) {
			next_run(&bits, word, &first, &last);
			memcpy(to, event_slot(event, (enum field)first),
			       field_table[last].offset + (size_t)slot_sizes[last] -
				       field_table[first].offset);
			to += run_length(first, last);
		}
	}
	return to;
}

static void put_texts(const struct event *event, char *to)
{
	for (unsigned word = 0; word < WORDS; word++) {
		uint64_t bits = event->present[word] & text_fields[word];

		for (; bits; bits &= bits - 1) {
			unsigned f = word * 64 + (unsigned)__builtin_ctzll(bits);
			const struct text *text = event_slot(event, (enum field)f);

			if (text->length)
				memcpy(to, text->at, text->length);
			to += text->length;
		}
	}
}

struct packed *packed_take(struct packed_store *store, const struct event *event)
{
	size_t slots = slots_length(event), texts = texts_length(event);
	struct packed *packed = room(store, sizeof(*packed) + slots + texts);

	if (!packed)
		return NULL;
	packed->waits = true;
	packed->time = event->time;
	packed->service = event->service;
	memcpy(packed->present, event->present, sizeof(packed->present));
	put_slots(event, packed->bytes);
	if (texts)
		put_texts(event, packed->bytes + slots);
	return packed;
}

static const char *get_slots(const struct packed *packed, struct event *event)
{
	const char *from = packed->bytes;

	for (unsigned word = 0; word < WORDS; word++) {
		uint64_t bits = packed->present[word];
		unsigned first, last;

		while (bits) {
			next_run(&bits, word, &first, &last);
			memcpy((char *)event + field_table[first].offset, from,
			       field_table[last].offset + (size_t)slot_sizes[last] -
				       field_table[first].offset);
			from += run_length(first, last);
		}
	}
	return from;
}

void packed_read(const struct packed *packed, struct event *event)
{
	const char *texts;

	event->time = packed->time;
	event->service = packed->service;
	memcpy(event->present, packed->present, sizeof(packed->present));
	texts = get_slots(packed, event);
	for (unsigned word = 0; word < WORDS; word++) {
		uint64_t bits = packed->present[word] & text_fields[word];

		for (; bits; bits &= bits - 1) {
			unsigned f = word * 64 + (unsigned)__builtin_ctzll(bits);
			struct text *text =
				(struct text *)(void *)((char *)event + field_table[f].offset);

			text->at = texts;
			texts += text->length;
		}
	}
}
