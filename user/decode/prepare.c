/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "decode/decode.h"

void decode_prepare(void)
{
	const EVP_MD *const digests[] = {EVP_md5(), EVP_sha1(), EVP_sha256()};
	unsigned char digest[EVP_MAX_MD_SIZE];

	OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CRYPTO_STRINGS, NULL);
	for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++)
		EVP_Digest("", 0, digest, NULL, digests[i], NULL);
}
