/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/crypto.h>

#include "base/hash.h"
#include "decode/decode.h"

void decode_prepare(void)
{
	uint8_t digest[DIGEST_BYTES_MAX];

	OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CRYPTO_STRINGS, NULL);
	for (enum digest kind = DIGEST_MD5; kind <= DIGEST_SHA256; kind++)
		hash_digest(kind, "", 0, digest);
}
