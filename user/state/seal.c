/* SPDX-License-Identifier: Apache-2.0 */
#include "state/seal.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define MAGIC	  "weir sealed 1\r\n"
#define MAGIC_LEN 16 /* with the zero behind it */
#define NONCE_LEN 12
#define TAG_LEN	  16
#define HEAD_LEN  (MAGIC_LEN + NONCE_LEN)
#define CHUNK	  (32 * 1024)

struct state_seal {
	EVP_CIPHER_CTX *context;
	uint8_t key[SEAL_KEY_BYTES];
	uint8_t nonce[NONCE_LEN];
	uint8_t buffer[CHUNK];
};

struct state_seal *state_seal_new(const uint8_t key[SEAL_KEY_BYTES])
{
	struct state_seal *seal = calloc(1, sizeof(*seal));

	if (!seal)
		return NULL;
	memcpy(seal->key, key, sizeof(seal->key));
	seal->context = EVP_CIPHER_CTX_new();
	if (seal->context &&
	    EVP_CipherInit_ex(seal->context, EVP_aes_256_gcm(), NULL, NULL, NULL, 1))
		return seal;
	state_seal_free(seal);
	return NULL;
}

void state_seal_free(struct state_seal *seal)
{
	if (!seal)
		return;
	EVP_CIPHER_CTX_free(seal->context);
	free(seal);
}

int state_seal_begin(struct state_seal *seal)
{
	if (getrandom(seal->nonce, sizeof(seal->nonce), 0) != (ssize_t)sizeof(seal->nonce))
		return -EIO;
	return EVP_EncryptInit_ex(seal->context, NULL, NULL, seal->key, seal->nonce) ? 0 : -EIO;
}

int state_seal_head(struct state_seal *seal, seal_put *put, void *context)
{
	int err = put(context, MAGIC, MAGIC_LEN);

	return err ? err : put(context, seal->nonce, NONCE_LEN);
}

int state_seal_more(struct state_seal *seal, const void *bytes, size_t length, seal_put *put,
		    void *context)
{
	const uint8_t *at = bytes;
	int err = 0;

	while (length && !err) {
		int n = length < CHUNK ? (int)length : CHUNK, made;

		if (!EVP_EncryptUpdate(seal->context, seal->buffer, &made, at, n))
			return -EIO;
		err = put(context, seal->buffer, (size_t)made);
		at += n;
		length -= (size_t)n;
	}
	return err;
}

int state_seal_tail(struct state_seal *seal, seal_put *put, void *context)
{
	uint8_t tag[TAG_LEN];
	int made;

	if (!EVP_EncryptFinal_ex(seal->context, seal->buffer, &made) ||
	    !EVP_CIPHER_CTX_ctrl(seal->context, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, tag))
		return -EIO;
	return put(context, tag, sizeof(tag));
}

bool state_is_sealed(const void *bytes, size_t length)
{
	return length >= HEAD_LEN + TAG_LEN && !memcmp(bytes, MAGIC, MAGIC_LEN);
}

int state_unseal(struct state_seal *seal, uint8_t *bytes, size_t *length)
{
	const uint8_t *from = bytes + HEAD_LEN;
	size_t left = *length - HEAD_LEN - TAG_LEN;
	uint8_t *to = bytes;
	int made;

	memcpy(seal->nonce, bytes + MAGIC_LEN, NONCE_LEN);
	if (!EVP_DecryptInit_ex(seal->context, NULL, NULL, seal->key, seal->nonce))
		return -EKEYREJECTED;
	while (left) {
		int n = left < CHUNK ? (int)left : CHUNK;

		if (!EVP_DecryptUpdate(seal->context, seal->buffer, &made, from, n))
			return -EKEYREJECTED;
		memcpy(to, seal->buffer, (size_t)made);
		to += made;
		from += n;
		left -= (size_t)n;
	}
	if (!EVP_CIPHER_CTX_ctrl(seal->context, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, (void *)from) ||
	    !EVP_DecryptFinal_ex(seal->context, seal->buffer, &made))
		return -EKEYREJECTED;
	*length = (size_t)(to - bytes);
	return 0;
}
