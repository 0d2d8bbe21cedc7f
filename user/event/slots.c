/* SPDX-License-Identifier: Apache-2.0 */
#include "event/slots.h"

static const uint8_t slot_sizes[FIELD_COUNT] = {
#define FIELD(id, type, subject, member, name, words) [FIELD_##id] = sizeof(FIELD_C_##type),
#include "event/fields.def"
#undef FIELD
};

#define WORDS (sizeof(((struct field_set *)NULL)->bits) / sizeof(uint64_t))

static struct field_set text_fields;

__attribute__((constructor)) static void text_fields_mark(void)
{
	for (unsigned f = 0; f < FIELD_COUNT; f++)
		if (type_is_text(field_table[f].type))
			field_set_add(&text_fields, (enum field)f);
}

/* Fields that are in the mask side by side lie side by side in the event: [*first, *last] of the
 * bits, which are taken out. */
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

static inline size_t run_bytes(unsigned first, unsigned last)
{
	return field_table[last].offset + (size_t)slot_sizes[last] - field_table[first].offset;
}

/* The next run begins where any type may. */
static inline size_t run_length(unsigned first, unsigned last)
{
	return (run_bytes(first, last) + 7) & ~(size_t)7;
}

size_t slots_length(const struct field_set *mask)
{
	size_t length = 0;

	for (unsigned word = 0; word < WORDS; word++) {
		uint64_t bits = mask->bits[word];
		unsigned first, last;

		while (bits) {
			next_run(&bits, word, &first, &last);
			length += run_length(first, last);
		}
	}
	return length;
}

size_t slots_texts_length(const struct event *event, const struct field_set *mask)
{
	size_t length = 0;

	for (unsigned word = 0; word < WORDS; word++) {
		uint64_t bits = mask->bits[word] & text_fields.bits[word];

		for (; bits; bits &= bits - 1) {
			unsigned f = word * 64 + (unsigned)__builtin_ctzll(bits);

			length += ((const struct text *)event_slot(event, (enum field)f))->length;
		}
	}
	return length;
}

static char *put_slots(const struct event *event, const struct field_set *mask, char *to)
{
	for (unsigned word = 0; word < WORDS; word++) {
		uint64_t bits = mask->bits[word];
		unsigned first, last;

		while (bits) {
			next_run(&bits, word, &first, &last);
			memcpy(to, event_slot(event, (enum field)first), run_bytes(first, last));
			to += run_length(first, last);
		}
	}
	return to;
}

void slots_put(const struct event *event, const struct field_set *mask, char *to)
{
	to = put_slots(event, mask, to);
	for (unsigned word = 0; word < WORDS; word++) {
		uint64_t bits = mask->bits[word] & text_fields.bits[word];

		for (; bits; bits &= bits - 1) {
			unsigned f = word * 64 + (unsigned)__builtin_ctzll(bits);
			const struct text *text = event_slot(event, (enum field)f);

			if (text->length)
				memcpy(to, text->at, text->length);
			to += text->length;
		}
	}
}

static const char *get_slots(const char *from, const struct field_set *mask, struct event *event)
{
	for (unsigned word = 0; word < WORDS; word++) {
		uint64_t bits = mask->bits[word];
		unsigned first, last;

		while (bits) {
			next_run(&bits, word, &first, &last);
			memcpy((char *)event + field_table[first].offset, from,
			       run_bytes(first, last));
			from += run_length(first, last);
		}
	}
	return from;
}

void slots_get(const char *from, const struct field_set *mask, struct event *event)
{
	const char *texts = get_slots(from, mask, event);

	for (unsigned word = 0; word < WORDS; word++) {
		uint64_t bits = mask->bits[word] & text_fields.bits[word];

		for (; bits; bits &= bits - 1) {
			unsigned f = word * 64 + (unsigned)__builtin_ctzll(bits);
			struct text *text =
				(struct text *)(void *)((char *)event + field_table[f].offset);

			text->at = texts;
			texts += text->length;
		}
	}
}

/* The slot of `field` in both; a text's bytes in `bytes` are at *texts, which moves behind them. */
static bool slot_same(unsigned field, const char *slot, const char **texts,
		      const struct event *event)
{
	const void *other = event_slot(event, (enum field)field);
	const struct text *text = other;
	const char *at = *texts;
	struct text own;

	if (!type_is_text(field_table[field].type))
		return !memcmp(slot, other, slot_sizes[field]);
	memcpy(&own, slot, sizeof(own));
	*texts += own.length;
	return own.length == text->length && (!own.length || !memcmp(at, text->at, own.length));
}

bool slots_same(const char *bytes, const struct field_set *mask, const struct event *event)
{
	const char *texts = bytes + slots_length(mask);

	for (unsigned word = 0; word < WORDS; word++) {
		uint64_t bits = mask->bits[word];
		unsigned first, last;

		while (bits) {
			next_run(&bits, word, &first, &last);
			for (unsigned f = first; f <= last; f++) {
				size_t at = field_table[f].offset - field_table[first].offset;

				if (!slot_same(f, bytes + at, &texts, event))
					return false;
			}
			bytes += run_length(first, last);
		}
	}
	return true;
}
