/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/fold.h"

#include <inttypes.h>

#define WORDS_MAX 64

/* What is no text, written into `words`. */
static size_t write_field(const struct event *e, enum field f, char words[WORDS_MAX])
{
	const void *slot = event_slot(e, f);
	const char *name = NULL;

	switch ((enum field_type)field_table[f].type) {
	case TYPE_ADDR:
		addr_format(slot, words);
		return strlen(words);
	case TYPE_COUNT:
		return (size_t)snprintf(words, WORDS_MAX, "%" PRIu64, *(const uint64_t *)slot);
	case TYPE_REAL:
		return (size_t)snprintf(words, WORDS_MAX, "%.15g", *(const double *)slot);
	case TYPE_TIME:
	case TYPE_DURATION:
		return (size_t)snprintf(words, WORDS_MAX, "%" PRId64, *(const int64_t *)slot);
	case TYPE_BOOL:
		name = *(const bool *)slot ? "true" : "false";
		break;
	case TYPE_ENUM:
		name = field_enum_name(f, *(const uint16_t *)slot);
		break;
	case TYPE_ROLES:
		if (*(const uint64_t *)slot)
			name = field_role_name((unsigned)__builtin_ctzll(*(const uint64_t *)slot));
		break;
	case TYPE_TEXT:
	case TYPE_TEXTS:
		break;
	}
	snprintf(words, WORDS_MAX, "%s", name ? name : "");
	return strlen(words);
}

/* Eight bytes at once: the carry of an addition into each byte's highest bit says what lies above
 * a bound. */
static uint64_t fold_word(uint64_t word)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), high = 0x80 * ones;
	uint64_t low = word & ~high;
	uint64_t from_a = low + (0x80 - 'A') * ones, past_z = low + (0x7f - 'Z') * ones;

	return word | (~word & high & (from_a ^ past_z)) >> 2;
}

static void fold(char *to, const char *from, size_t length)
{
	size_t i = 0;

	for (; i + sizeof(uint64_t) <= length; i += sizeof(uint64_t)) {
		uint64_t word;

		memcpy(&word, from + i, sizeof(word));
		word = fold_word(word);
		memcpy(to + i, &word, sizeof(word));
	}
	for (; i < length; i++)
		to[i] = pattern_lower(from[i]);
}

/* The words of what is no text have no other place to stand. */
static struct subject written(struct folds *folds, const struct event *e, enum field f)
{
	char words[WORDS_MAX];
	size_t length = write_field(e, f, words);
	char *at = folds->bytes + folds->used;

	if (folds->used + length > FOLD_BYTES)
		return (struct subject){"", "", 0};
	fold(at, words, length);
	folds->made[f] = folds->event;
	folds->at[f] = folds->used;
	folds->length[f] = (uint32_t)length;
	folds->used += (uint32_t)length;
	return (struct subject){at, at, length};
}

struct subject folds_get(struct folds *folds, const struct event *event, enum field field)
{
	const struct text *text = event_slot(event, field);
	bool is_text = type_is_text(field_table[field].type);
	char *at = folds->bytes + folds->at[field];

	if (folds->made[field] == folds->event)
		return (struct subject){is_text ? text->at : at, at, folds->length[field]};
	if (!is_text)
		return written(folds, event, field);
	if (text->length > FOLD_BYTES - folds->used)
		return (struct subject){text->at, NULL, text->length};
	at = folds->bytes + folds->used;
	fold(at, text->at, text->length);
	folds->made[field] = folds->event;
	folds->at[field] = folds->used;
	folds->length[field] = text->length;
	folds->used += text->length;
	return (struct subject){text->at, at, text->length};
}
