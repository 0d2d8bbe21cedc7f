/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/literals.h"

#include <stdlib.h>

#define GRAM 4
#define ANCHOR_MAX                                                                                 \
	64	      /* bytes at an end that are hashed: what is longer is told apart by memcmp   \
		       */
#define SIEVE_LOAD 32 /* bits of the filter a literal: one position in so many is looked up */

/* A literal under the hash of its bytes that are filed. */
struct filed {
	struct literal literal;
	uint64_t hash;
	uint16_t offset; /* of those bytes within it */
};

/* Sorted by hash; `first` finds the beginning of a hash's run. */
struct shelf {
	struct filed *filed;
	uint32_t len, cells; /* cells: a power of two */
	uint32_t *first;     /* index into filed plus one, by hash */
	uint64_t *sieve;     /* one bit a hash */
	uint32_t sieve_bits; /* a power of two */
};

enum place { AT_START, AT_END, WHOLE, ANYWHERE, PLACES = ANYWHERE + GRAM };

struct literals {
	struct shelf shelf[PLACES]; /* ANYWHERE + n: by n + 1 bytes */
	uint64_t lengths[PLACES];   /* of AT_START and AT_END: bit n - 1, of n bytes */
	bool roam;
};

#define HASH_START UINT64_C(0xcbf29ce484222325)

/* FNV-1a; literals are no outsider's to choose, and a hit is compared in full. */
static uint64_t hash_byte(uint64_t hash, char byte)
{
	return (hash ^ (uint8_t)byte) * UINT64_C(0x100000001b3);
}

static uint64_t hash_spread(uint64_t hash)
{
	return hash ^ hash >> 29;
}

static uint64_t hash_start(const char *at, size_t length)
{
	uint64_t hash = HASH_START;

	for (size_t i = 0; i < length; i++)
		hash = hash_byte(hash, at[i]);
	return hash;
}

/* From the last byte to the first, so that each longer end goes on where the last one stopped. */
static uint64_t hash_end(const char *at, size_t length)
{
	uint64_t hash = HASH_START;

	while (length-- > 0)
		hash = hash_byte(hash, at[length]);
	return hash;
}

static uint64_t hash_gram(uint32_t gram)
{
	uint64_t hash = gram * UINT64_C(0x9e3779b97f4a7c15);

	return hash ^ hash >> 32;
}

/* The least `n` bytes of a load; texts are padded. */
static uint32_t gram_at(const char *at, unsigned n)
{
	uint32_t gram;

	memcpy(&gram, at, sizeof(gram));
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return n == GRAM ? gram : gram & ((1u << (8 * n)) - 1);
#else
	return n == GRAM ? gram : gram >> (8 * (GRAM - n));
#endif
}

/* How often a byte stands in names, paths and addresses, roughly: 0 seldom. */
static unsigned commonness(uint8_t byte)
{
	static const char order[] = "qzjxkwvybfghupmdlncirsatoe";
	const char *at;

	if (byte >= 'a' && byte <= 'z') {
		at = strchr(order, byte);
		return 3 + (unsigned)(at - order) / 3;
	}
	if (byte >= '0' && byte <= '9')
		return 5;
	return strchr("/.\\ -", byte) && byte ? 9 : 1;
}

/* Where the rarest gram of a literal begins. */
static uint16_t rarest(const struct literal *literal, unsigned n)
{
	unsigned best = 0, least = ~0u;

	for (unsigned i = 0; i + n <= literal->length; i++) {
		unsigned sum = 0;

		for (unsigned k = 0; k < n; k++)
			sum += commonness((uint8_t)literal->at[i + k]);
		if (sum < least) {
			least = sum;
			best = i;
		}
	}
	return (uint16_t)best;
}

static unsigned anchor_length(const struct literal *literal)
{
	return literal->length < ANCHOR_MAX ? literal->length : ANCHOR_MAX;
}

/* Where a literal is filed, and under what. An empty one is in every text: never filed. */
static enum place file_under(const struct literal *literal, struct filed *filed)
{
	unsigned n = literal->length < GRAM ? literal->length : GRAM;
	char padded[GRAM] = {0};

	*filed = (struct filed){.literal = *literal};
	switch ((enum pattern_open)literal->open) {
	case PATTERN_WHOLE:
		filed->hash = hash_spread(hash_start(literal->at, anchor_length(literal)));
		return WHOLE;
	case PATTERN_OPEN_END:
		filed->hash = hash_spread(hash_start(literal->at, anchor_length(literal)));
		return AT_START;
	case PATTERN_OPEN_START:
		filed->hash =
			hash_spread(hash_end(literal->at + literal->length - anchor_length(literal),
					     anchor_length(literal)));
		return AT_END;
	case PATTERN_OPEN_BOTH:
		break;
	}
	filed->offset = rarest(literal, n);
	memcpy(padded, literal->at + filed->offset, n);
	filed->hash = hash_gram(gram_at(padded, n));
	return (enum place)(ANYWHERE + n - 1);
}

static int by_hash(const void *a, const void *b)
{
	const struct filed *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return (x->literal.means > y->literal.means) - (x->literal.means < y->literal.means);
}

static uint32_t sieve_at(const struct shelf *shelf, uint64_t hash)
{
	return (uint32_t)(hash >> 32) & (shelf->sieve_bits - 1);
}

static bool shelf_finish(struct shelf *shelf, struct arena *arena)
{
	if (!shelf->len)
		return true;
	qsort(shelf->filed, shelf->len, sizeof(*shelf->filed), by_hash);
	for (shelf->cells = 4; shelf->cells < 2 * shelf->len;)
		shelf->cells *= 2;
	for (shelf->sieve_bits = 256; shelf->sieve_bits < SIEVE_LOAD * shelf->len;)
		shelf->sieve_bits *= 2;
	shelf->first = arena_alloc(arena, shelf->cells * sizeof(*shelf->first));
	shelf->sieve = arena_alloc(arena, shelf->sieve_bits / 8);
	if (!shelf->first || !shelf->sieve)
		return false;
	for (uint32_t i = 0; i < shelf->len; i++) {
		uint64_t hash = shelf->filed[i].hash;
		uint32_t cell = (uint32_t)hash, bit = sieve_at(shelf, hash);

		if (i && shelf->filed[i - 1].hash == hash)
			continue;
		while (shelf->first[cell % shelf->cells])
			cell++;
		shelf->first[cell % shelf->cells] = i + 1;
		shelf->sieve[bit / 64] |= UINT64_C(1) << (bit % 64);
	}
	return true;
}

const struct literals *literals_build(const struct literal *literals, size_t len,
				      struct arena *arena)
{
	struct literals *set = arena_alloc(arena, sizeof(*set));
	uint32_t room[PLACES] = {0};
	struct filed filed;

	if (!set)
		return NULL;
	for (size_t i = 0; i < len; i++)
		if (literals[i].length)
			room[file_under(&literals[i], &filed)]++;
	for (unsigned p = 0; p < PLACES; p++) {
		set->shelf[p].filed = arena_alloc(arena, (room[p] + 1) * sizeof(filed));
		if (!set->shelf[p].filed)
			return NULL;
		set->roam |= p >= ANYWHERE && room[p];
	}
	for (size_t i = 0; i < len; i++) {
		enum place place;

		if (!literals[i].length)
			continue;
		place = file_under(&literals[i], &filed);
		set->shelf[place].filed[set->shelf[place].len++] = filed;
		set->lengths[place] |= UINT64_C(1) << (anchor_length(&literals[i]) - 1);
	}
	for (unsigned p = 0; p < PLACES; p++)
		if (!shelf_finish(&set->shelf[p], arena))
			return NULL;
	return set;
}

void literals_each(const struct literals *set, bool (*hit)(void *context, uint32_t means),
		   void *context)
{
	for (unsigned p = 0; p < PLACES; p++)
		for (uint32_t i = 0; i < set->shelf[p].len; i++)
			if (hit(context, set->shelf[p].filed[i].literal.means))
				return;
}

struct search {
	const char *text;
	size_t length;
	bool (*hit)(void *context, uint32_t means);
	void *context;
};

/* All literals of a hash that stand where their filed bytes were found, at `at`. */
static bool try_run(const struct shelf *shelf, uint64_t hash, const struct search *s, size_t at,
		    enum place place)
{
	uint32_t cell = (uint32_t)hash, i;

	while ((i = shelf->first[cell % shelf->cells]) && shelf->filed[i - 1].hash != hash)
		cell++;
	for (; i && i <= shelf->len && shelf->filed[i - 1].hash == hash; i++) {
		const struct filed *f = &shelf->filed[i - 1];
		size_t length = f->literal.length, from = at - f->offset;

		if (place == AT_END)
			from = s->length - length;
		if (length > s->length || f->offset > at || from > s->length - length ||
		    (place == WHOLE && length != s->length))
			continue;
		if (!memcmp(s->text + from, f->literal.at, length) &&
		    s->hit(s->context, f->literal.means))
			return true;
	}
	return false;
}

static bool sifted(const struct shelf *shelf, uint64_t hash)
{
	uint32_t bit = sieve_at(shelf, hash);

	return shelf->sieve[bit / 64] >> (bit % 64) & 1;
}

static bool find_anchored(const struct literals *set, const struct search *s, enum place place)
{
	const struct shelf *shelf = &set->shelf[place];
	uint64_t lengths = set->lengths[place], hash = HASH_START;
	size_t done = 0;

	for (; lengths; lengths &= lengths - 1) {
		size_t length = (size_t)__builtin_ctzll(lengths) + 1;
		uint64_t spread;

		if (length > s->length)
			break;
		for (; done < length; done++)
			hash = hash_byte(hash, place == AT_END ? s->text[s->length - 1 - done]
							       : s->text[done]);
		spread = hash_spread(hash);
		if (sifted(shelf, spread) && try_run(shelf, spread, s, 0, place))
			return true;
	}
	return false;
}

static bool find_whole(const struct literals *set, const struct search *s)
{
	size_t length = s->length < ANCHOR_MAX ? s->length : ANCHOR_MAX;
	uint64_t hash;

	if (!length || !(set->lengths[WHOLE] >> (length - 1) & 1))
		return false;
	hash = hash_spread(hash_start(s->text, length));
	return sifted(&set->shelf[WHOLE], hash) && try_run(&set->shelf[WHOLE], hash, s, 0, WHOLE);
}

static bool find_grams(const struct shelf *shelf, const struct search *s, unsigned n)
{
	for (size_t i = 0; i + n <= s->length; i++) {
		uint64_t hash = hash_gram(gram_at(s->text + i, n));

		if (sifted(shelf, hash) && try_run(shelf, hash, s, i, ANYWHERE))
			return true;
	}
	return false;
}

bool literals_find(const struct literals *set, const char *text, size_t length,
		   bool (*hit)(void *context, uint32_t means), void *context)
{
	const struct search s = {text, length, hit, context};

	if (find_whole(set, &s) || find_anchored(set, &s, AT_START) ||
	    find_anchored(set, &s, AT_END))
		return true;
	for (unsigned n = 1; set->roam && n <= GRAM; n++)
		if (set->shelf[ANYWHERE + n - 1].len &&
		    find_grams(&set->shelf[ANYWHERE + n - 1], &s, n))
			return true;
	return false;
}
