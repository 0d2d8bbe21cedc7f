/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_QUIC_SEAL_H
#define TESTS_QUIC_SEAL_H

#include <openssl/evp.h>
#include <string.h>

#include "decode/quic_packet.h"

/* What an endpoint does: the decoder only opens. */

#define QUIC_SEAL_MORE 64 /* bytes beside the frames, at most */

static inline size_t quic_put_header(uint8_t *out, const struct quic_id *to, size_t frames,
				     uint8_t number)
{
	size_t whole = 1 + frames + 16, at = 6 + (size_t)to->length;

	memcpy(out, "\xc0\0\0\0\1", 5);
	out[5] = to->length;
	memcpy(out + 6, to->bytes, to->length);
	out[at++] = 0; /* no source identifier */
	out[at++] = 0; /* no token */
	out[at++] = (uint8_t)(0x40 | whole >> 8);
	out[at++] = (uint8_t)whole;
	out[at++] = number;
	return at;
}

/* Writes an Initial packet of version 1 with these frames (at least 3 bytes, under 16 KiB): keys
 * of `side` from the identifier `from`, sent to `to`. Its length. */
static inline size_t quic_seal(const struct quic_id *from, int side, const struct quic_id *to,
			       uint8_t number, const uint8_t *frames, size_t length, uint8_t *out)
{
	size_t at = quic_put_header(out, to, length, number);
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	uint8_t mask[16], nonce[12];
	struct quic_keys keys[2];
	int n;

	if (!c || !quic_keys(1, from, keys))
		return 0;
	memcpy(nonce, keys[side].iv, 12);
	nonce[11] ^= number;
	EVP_EncryptInit_ex(c, EVP_aes_128_gcm(), NULL, keys[side].key, nonce);
	EVP_EncryptUpdate(c, NULL, &n, out, (int)at);
	EVP_EncryptUpdate(c, out + at, &n, frames, (int)length);
	EVP_EncryptFinal_ex(c, out + at + length, &n);
	EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, 16, out + at + length);
	EVP_EncryptInit_ex(c, EVP_aes_128_ecb(), NULL, keys[side].mask, NULL);
	EVP_EncryptUpdate(c, mask, &n, out + at + 3, 16); /* 4 bytes from the number's first */
	out[0] ^= mask[0] & 0xf;
	out[at - 1] ^= mask[1];
	EVP_CIPHER_CTX_free(c);
	return at + length + 16;
}

#endif
