/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

/* Secrets of this process: set before main(), so that no thread sees them half made. */
static uint64_t seed[2];

__attribute__((constructor)) static void hash_seed(void)
{
	if (getrandom(seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		seed[0] = (uint64_t)(uintptr_t)&seed;
}

static uint64_t fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t load(const uint8_t *at, size_t length)
{
	uint64_t word = 0;

	if (length == sizeof(word)) /* most are whole words: no call */
		memcpy(&word, at, sizeof(word));
	else
		memcpy(&word, at, length);
	return word;
}

/* Multiply and fold (wyhash, Yi 2019), then MurmurHash3's finaliser, because the leading and the
 * trailing bits of a hash are used apart from each other. */
uint64_t hash_keyed(const void *bytes, size_t length, uint64_t a, uint64_t b)
{
	const uint8_t *at = bytes;
	size_t rest = length;
	uint64_t h = length ^ a;

	for (; rest > 16; rest -= 16, at += 16)
		h = fold(load(at, 8) ^ a, load(at + 8, 8) ^ h ^ b);
	h = rest > 8 ? fold(load(at, 8) ^ a, load(at + 8, rest - 8) ^ h ^ b)
		     : fold(load(at, rest) ^ a, h ^ b);
	h = (h ^ (h >> 33)) * UINT64_C(0xff51afd7ed558ccd);
	h = (h ^ (h >> 33)) * UINT64_C(0xc4ceb9fe1a85ec53);
	return h ^ (h >> 33);
}

uint64_t hash_bytes(const void *bytes, size_t length)
{
	return hash_keyed(bytes, length, seed[0], seed[1]);
}

/* For the whole life of the process. */
static EVP_MD *methods[DIGEST_SHA256 + 1];

static void find_methods(void)
{
	methods[DIGEST_MD5] = EVP_MD_fetch(NULL, "MD5", NULL);
	methods[DIGEST_SHA1] = EVP_MD_fetch(NULL, "SHA1", NULL);
	methods[DIGEST_SHA256] = EVP_MD_fetch(NULL, "SHA2-256", NULL);
}

static const EVP_MD *method_of(enum digest kind)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, find_methods);
	return methods[kind];
}

void hash_digest(enum digest kind, const void *bytes, size_t length,
		 uint8_t digest[DIGEST_BYTES_MAX])
{
	const EVP_MD *method = method_of(kind);

	memset(digest, 0, DIGEST_BYTES_MAX);
	if (method)
		EVP_Digest(bytes, length, digest, NULL, method, NULL);
}

/* weir's own namespace for UUIDv5: never changes, or replays would make twins of old records. */
static const uint8_t uuid_namespace[16] = {0x6f, 0x1c, 0x7e, 0x52, 0x0d, 0x3b, 0x4e, 0x0a,
					   0x9b, 0x61, 0x77, 0x65, 0x69, 0x72, 0x00, 0x01};

static void put_uuid(const uint8_t byte[16], char text[UUID_TEXT_MAX])
{
	static const char digits[] = "0123456789abcdef";

	for (unsigned i = 0; i < 16; i++) {
		*text++ = digits[byte[i] >> 4];
		*text++ = digits[byte[i] & 15];
		if (i == 3 || i == 5 || i == 7 || i == 9)
			*text++ = '-';
	}
	*text = '\0';
}

void uuid_v5(const void *name, size_t length, char text[UUID_TEXT_MAX])
{
	const EVP_MD *method = method_of(DIGEST_SHA1);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t d[20] = {0};

	if (context && method && EVP_DigestInit_ex(context, method, NULL)) {
		EVP_DigestUpdate(context, uuid_namespace, sizeof(uuid_namespace));
		EVP_DigestUpdate(context, name, length);
		EVP_DigestFinal_ex(context, d, NULL);
	}
	EVP_MD_CTX_free(context);
	d[6] = (d[6] & 0x0f) | 0x50;
	d[8] = (d[8] & 0x3f) | 0x80;
	put_uuid(d, text);
}
