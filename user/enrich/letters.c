/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/letters.h"

#include <math.h>
#include <stdint.h>

#define ENCODED_LEAST	 20   /* characters */
#define ENCODED_ENTROPY	 0.7  /* of what the length and the alphabet allow */
#define ENCODED_DISORDER 0.25 /* of the places between characters */
#define HEX_ENTROPY	 0.6
#define RAW_LEAST	 3
#define RANDOM_LEAST	 10
#define RANDOM_PAIRS	 6
#define RANDOM_RARE	 0.4 /* of the pairs of letters */
#define RANDOM_DISORDER	 0.5

/*
 * By first letter, a bit a second letter: pairs that make up at least 1/2000 of those in the names
 * of 420,000 packages that people published (npm, PyPI): words of many languages, abbreviations,
 * products. What is not here is rare.
 */
static const uint32_t common_pairs[26] = {
	0x3febd6e, 0x1164911, 0x11edd9d, 0x1165f7f, 0x1eef87f, 0x11a4931, 0x01669d1,
	0x0184111, 0x2aef87f, 0x0040011, 0x0040111, 0x11cc91d, 0x014d917, 0x03ced7d,
	0x0fefd6f, 0x11ec999, 0x0100800, 0x13efd7d, 0x13cdd9d, 0x11ed9b5, 0x08eb95f,
	0x0100111, 0x0046111, 0x0088000, 0x00ca800, 0x0000010,
};

enum { LETTER = 1, DIGIT = 2, HEX = 4, BASE32 = 8, SYMBOL = 16 };

static unsigned class_of(char c)
{
	char low = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;

	if (low >= 'a' && low <= 'z')
		return LETTER | BASE32 | (low <= 'f' ? HEX : 0);
	if (low >= '0' && low <= '9')
		return DIGIT | HEX | (low >= '2' && low <= '7' ? BASE32 : 0);
	return low == '+' || low == '/' || low == '_' || low == '=' || low == '-' ? SYMBOL : 0;
}

static bool is_rare(char a, char b)
{
	return !(common_pairs[(a | 0x20) - 'a'] >> ((b | 0x20) - 'a') & 1);
}

/* What stands between neighbours. */
struct places {
	unsigned pairs; /* of letters */
	unsigned rare;	/* of those, ones that words hardly have */
	unsigned jumps; /* between a letter and a digit */
};

static struct places places_of(const char *text, size_t length)
{
	struct places places = {0};

	for (size_t i = 1; i < length; i++) {
		unsigned a = class_of(text[i - 1]), b = class_of(text[i]);

		if (a & b & LETTER) {
			places.pairs++;
			places.rare += is_rare(text[i - 1], text[i]);
		}
		places.jumps += (a & LETTER && b & DIGIT) || (a & DIGIT && b & LETTER);
	}
	return places;
}

double letters_entropy(const char *text, size_t length)
{
	unsigned counts[256] = {0};
	double bits = 0;

	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		counts[c >= 'A' && c <= 'Z' ? c | 0x20 : c]++;
	}
	for (unsigned c = 0; c < 256; c++)
		if (counts[c])
			bits -= counts[c] * log2(counts[c] / (double)length);
	return length ? bits / (double)length : 0;
}

/* The smallest alphabet that it fits in; 0: a character is in none. */
static unsigned alphabet_of(const char *text, size_t length, bool *digits)
{
	unsigned all = HEX | BASE32, any = 0;

	for (size_t i = 0; i < length; i++) {
		unsigned class = class_of(text[i]);

		if (!class)
			return 0;
		all &= class;
		any |= class;
	}
	*digits = any & DIGIT;
	return all & HEX ? 16 : all & BASE32 ? 32 : any & SYMBOL ? 38 : 36;
}

bool letters_encoded(const char *text, size_t length)
{
	bool digits;
	unsigned alphabet = length >= ENCODED_LEAST ? alphabet_of(text, length, &digits) : 0;
	double most = alphabet ? log2(length < alphabet ? (double)length : alphabet) : 0;
	struct places places;

	if (!alphabet)
		return false;
	if (alphabet == 16)
		return digits && letters_entropy(text, length) >= HEX_ENTROPY * most;
	if (letters_entropy(text, length) < ENCODED_ENTROPY * most)
		return false;
	places = places_of(text, length);
	return places.rare + places.jumps >= ENCODED_DISORDER * (double)(length - 1);
}

/* A byte that is no text: not of ASCII, and of no character in UTF-8. */
static unsigned strange_bytes(const unsigned char *text, size_t length)
{
	unsigned strange = 0;

	for (size_t i = 0; i < length;) {
		unsigned more = text[i] >= 0xf0 ? 3 : text[i] >= 0xe0 ? 2 : text[i] >= 0xc2 ? 1 : 0;
		size_t next = i + 1;

		while (next < length && next <= i + more && (text[next] & 0xc0) == 0x80)
			next++;
		strange += text[i] >= 0x80 && (!more || next != i + more + 1);
		i = next;
	}
	return strange;
}

bool letters_raw(const char *text, size_t length)
{
	return length >= ENCODED_LEAST &&
	       strange_bytes((const unsigned char *)text, length) >= RAW_LEAST;
}

bool letters_random(const char *text, size_t length)
{
	struct places places;

	/* Names in other scripts are written in an encoding of their own (RFC 5890). */
	if (length < RANDOM_LEAST || (length > 4 && text[2] == '-' && text[3] == '-'))
		return false;
	places = places_of(text, length);
	return (places.pairs >= RANDOM_PAIRS && places.rare >= RANDOM_RARE * places.pairs) ||
	       places.rare + places.jumps >= RANDOM_DISORDER * (double)(length - 1);
}
