/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <string.h>

#include "decode/quic_versions.h"

#define SECRET 32
#define TAG    16

/* To fetch an algorithm and to make its context costs more than to use it: once a thread. */
struct tools {
	EVP_MAC_CTX *hmac;
	EVP_CIPHER_CTX *ecb, *gcm;
};

static _Thread_local struct tools tools;

static EVP_MAC_CTX *hmac_new(void)
{
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *context = mac ? EVP_MAC_CTX_new(mac) : NULL;
	char digest[] = "SHA256";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};

	EVP_MAC_free(mac);
	if (!context || EVP_MAC_CTX_set_params(context, params))
		return context;
	EVP_MAC_CTX_free(context);
	return NULL;
}

static EVP_CIPHER_CTX *cipher_new(const EVP_CIPHER *cipher)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();

	if (context && EVP_CipherInit_ex(context, cipher, NULL, NULL, NULL, -1))
		return context;
	EVP_CIPHER_CTX_free(context);
	return NULL;
}

static bool ready(void)
{
	if (!tools.hmac)
		tools.hmac = hmac_new();
	if (!tools.ecb)
		tools.ecb = cipher_new(EVP_aes_128_ecb());
	if (!tools.gcm)
		tools.gcm = cipher_new(EVP_aes_128_gcm());
	return tools.hmac && tools.ecb && tools.gcm;
}

/* ---- keys ---- */

static bool hmac(const uint8_t *key, size_t key_length, const uint8_t *bytes, size_t length,
		 uint8_t out[SECRET])
{
	size_t written;

	return EVP_MAC_init(tools.hmac, key, key_length, NULL) &&
	       EVP_MAC_update(tools.hmac, bytes, length) &&
	       EVP_MAC_final(tools.hmac, out, &written, SECRET);
}

/*
 * HKDF-Expand-Label (RFC 8446, 7.1) of at most one digest: then HKDF-Expand (RFC 5869, 2.3) is one
 * HMAC. libcrypto's own HKDF fetches the digest anew each time, at several times the cost.
 */
static bool expand(const uint8_t secret[SECRET], const char *label, uint8_t *out, uint8_t length)
{
	size_t words = strlen(label);
	uint8_t info[32] = {0, length, (uint8_t)words}, block[SECRET];

	memcpy(info + 3, label, words);
	info[3 + words] = 0; /* no context */
	info[4 + words] = 1; /* the first block */
	if (!hmac(secret, SECRET, info, words + 5, block))
		return false;
	memcpy(out, block, length);
	return true;
}

static bool keys_of(const struct quic_version *version, const uint8_t secret[SECRET],
		    struct quic_keys *keys)
{
	return expand(secret, version->labels[0], keys->key, sizeof(keys->key)) &&
	       expand(secret, version->labels[1], keys->iv, sizeof(keys->iv)) &&
	       expand(secret, version->labels[2], keys->mask, sizeof(keys->mask));
}

bool quic_keys(uint32_t number, const struct quic_id *id, struct quic_keys keys[2])
{
	static const char *const labels[] = {"tls13 client in", "tls13 server in"};
	const struct quic_version *version = quic_version_of(number);
	uint8_t initial[SECRET], secret[SECRET];

	if (!version || !ready() || !hmac(version->salt, QUIC_SALT, id->bytes, id->length, initial))
		return false;
	for (int side = 0; side < 2; side++)
		if (!expand(initial, labels[side], secret, SECRET) ||
		    !keys_of(version, secret, &keys[side]))
			return false;
	return true;
}

/* ---- protection (RFC 9001, 5.3 and 5.4) ---- */

#define NUMBER_MAX 4 /* bytes of a packet number; what the sample is behind */

static bool sample_mask(const struct quic_keys *keys, const uint8_t *sample, uint8_t mask[16])
{
	int length;

	return EVP_EncryptInit_ex(tools.ecb, NULL, NULL, keys->mask, NULL) &&
	       EVP_CIPHER_CTX_set_padding(tools.ecb, 0) &&
	       EVP_EncryptUpdate(tools.ecb, mask, &length, sample, 16);
}

/* What is in the clear is proven too: the first byte and the number as they were before. */
static bool prove(uint8_t first, const uint8_t *packet, size_t to_number, const uint8_t *number,
		  int number_length)
{
	int length;

	return EVP_DecryptUpdate(tools.gcm, NULL, &length, &first, 1) &&
	       EVP_DecryptUpdate(tools.gcm, NULL, &length, packet + 1, (int)to_number - 1) &&
	       EVP_DecryptUpdate(tools.gcm, NULL, &length, number, number_length);
}

int quic_open(const struct quic_keys *keys, const struct quic_header *header, const uint8_t *packet,
	      uint8_t plain[QUIC_PLAIN_MAX])
{
	const uint8_t *at = packet + header->number;
	uint8_t mask[16], nonce[12], number[NUMBER_MAX], first, tag[TAG];
	int number_length, sealed, length, last;

	if (header->whole > header->number + QUIC_PLAIN_MAX ||
	    header->whole < header->number + NUMBER_MAX + TAG || !ready() ||
	    !sample_mask(keys, at + NUMBER_MAX, mask))
		return -1;
	first = packet[0] ^ (mask[0] & 0x0f);
	number_length = (first & 3) + 1;
	memcpy(nonce, keys->iv, sizeof(nonce));
	for (int i = 0; i < number_length; i++) {
		/* An Initial packet's number is small: what it is cut to is the whole. */
		number[i] = at[i] ^ mask[1 + i];
		nonce[12 - number_length + i] ^= number[i];
	}
	sealed = (int)(header->whole - header->number) - number_length - TAG;
	memcpy(tag, packet + header->whole - TAG, TAG);
	if (sealed < 0 || !EVP_DecryptInit_ex(tools.gcm, NULL, NULL, keys->key, nonce) ||
	    !prove(first, packet, header->number, number, number_length) ||
	    !EVP_DecryptUpdate(tools.gcm, plain, &length, at + number_length, sealed) ||
	    !EVP_CIPHER_CTX_ctrl(tools.gcm, EVP_CTRL_AEAD_SET_TAG, TAG, tag) ||
	    EVP_DecryptFinal_ex(tools.gcm, plain + length, &last) <= 0)
		return -1;
	return sealed;
}
