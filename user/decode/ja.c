/* SPDX-License-Identifier: Apache-2.0 */
/* Fingerprints of hellos, as others compute them too. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "decode/tls_hello.h"

/* Three lists of TLS_LIST_MAX numbers of at most five digits, and some. */
#define TEXT_ROOM (4 * TLS_LIST_MAX * 6 + 32)

struct written {
	char text[TEXT_ROOM];
	size_t used;
};

static const char hex_digits[] = "0123456789abcdef";

/* Some hundred numbers a connection: snprintf() would be most of what a hello costs. */
static void decimal(struct written *w, unsigned n)
{
	char digits[5];
	unsigned used = 0;

	do
		digits[used++] = (char)('0' + n % 10);
	while (n /= 10);
	while (used)
		w->text[w->used++] = digits[--used];
}

static void hexadecimal(struct written *w, unsigned n)
{
	for (int shift = 12; shift >= 0; shift -= 4)
		w->text[w->used++] = hex_digits[n >> shift & 15];
}

static void numbers(struct written *w, const struct tls_list *list,
		    void (*write)(struct written *w, unsigned n), char joint)
{
	for (unsigned i = 0; i < list->len; i++) {
		if (i)
			w->text[w->used++] = joint;
		write(w, list->at[i]);
	}
}

/* The first `digits` hexadecimal digits of a digest. */
static void digest(enum digest kind, const struct written *w, unsigned digits, char *text)
{
	uint8_t bytes[DIGEST_BYTES_MAX];

	hash_digest(kind, w->text, w->used, bytes);
	for (unsigned i = 0; i < digits; i++)
		text[i] = hex_digits[bytes[i / 2] >> (i % 2 ? 0 : 4) & 15];
	text[digits] = 0;
}

void ja3_client(const struct tls_hello *hello, char text[JA3_TEXT])
{
	struct written w = {.used = 0};

	decimal(&w, hello->legacy);
	w.text[w.used++] = ',';
	numbers(&w, &hello->ciphers, decimal, '-');
	w.text[w.used++] = ',';
	numbers(&w, &hello->extensions, decimal, '-');
	w.text[w.used++] = ',';
	numbers(&w, &hello->groups, decimal, '-');
	w.text[w.used++] = ',';
	numbers(&w, &hello->formats, decimal, '-');
	digest(DIGEST_MD5, &w, 32, text);
}

void ja3_server(const struct tls_hello *hello, char text[JA3_TEXT])
{
	struct written w = {.used = 0};

	decimal(&w, hello->legacy);
	w.text[w.used++] = ',';
	numbers(&w, &hello->ciphers, decimal, '-');
	w.text[w.used++] = ',';
	numbers(&w, &hello->extensions, decimal, '-');
	digest(DIGEST_MD5, &w, 32, text);
}

static int by_number(const void *a, const void *b)
{
	return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

static struct tls_list sorted(const struct tls_list *list, bool extensions)
{
	struct tls_list s = {.len = 0};

	for (unsigned i = 0; i < list->len; i++)
		if (!extensions || (list->at[i] != 0 && list->at[i] != 16))
			s.at[s.len++] = list->at[i];
	qsort(s.at, s.len, sizeof(s.at[0]), by_number);
	return s;
}

static const char *version(uint16_t v)
{
	switch (v) {
	case 0x0304:
		return "13";
	case 0x0303:
		return "12";
	case 0x0302:
		return "11";
	case 0x0301:
		return "10";
	case 0x0300:
		return "s3";
	}
	return "00";
}

/* The first and the last character of the first protocol; of what is not letters or digits, of
 * their hexadecimal form. */
static void alpn_ends(const struct tls_hello *hello, char ends[3])
{
	const char *stop = memchr(hello->alpn, TEXTS_JOINT, hello->alpn_length);
	size_t length = stop ? (size_t)(stop - hello->alpn) : hello->alpn_length;
	unsigned first, last;

	strcpy(ends, "00");
	if (!length)
		return;
	first = (unsigned char)hello->alpn[0];
	last = (unsigned char)hello->alpn[length - 1];
	if (first < 128 && last < 128 && isalnum((int)first) && isalnum((int)last)) {
		ends[0] = (char)first;
		ends[1] = (char)last;
		return;
	}
	ends[0] = hex_digits[first >> 4];
	ends[1] = hex_digits[last & 15];
}

static unsigned at_most_99(unsigned n)
{
	return n > 99 ? 99 : n;
}

void ja4_client(const struct tls_hello *hello, char transport, char text[JA4_TEXT])
{
	struct tls_list ciphers = sorted(&hello->ciphers, false);
	struct tls_list extensions = sorted(&hello->extensions, true);
	char ends[3], a[13] = "000000000000", b[13] = "000000000000";
	struct written w = {.used = 0};
	bool named = false;

	for (unsigned i = 0; i < hello->extensions.len; i++)
		named |= hello->extensions.at[i] == 0;
	numbers(&w, &ciphers, hexadecimal, ',');
	if (ciphers.len)
		digest(DIGEST_SHA256, &w, 12, a);
	w.used = 0;
	numbers(&w, &extensions, hexadecimal, ',');
	if (hello->signatures.len) {
		w.text[w.used++] = '_';
		numbers(&w, &hello->signatures, hexadecimal, ',');
	}
	if (extensions.len)
		digest(DIGEST_SHA256, &w, 12, b);
	alpn_ends(hello, ends);
	snprintf(text, JA4_TEXT, "%c%s%c%02u%02u%s_%s_%s", transport, version(hello->version),
		 named ? 'd' : 'i', at_most_99(hello->ciphers.len),
		 at_most_99(hello->extensions.len), ends, a, b);
}
