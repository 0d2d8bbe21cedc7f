/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_HASH_H
#define WEIR_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* Seeded with random bytes at start: an outsider cannot choose keys that collide. Nothing that can
 * be seen may depend on it. */
uint64_t hash_bytes(const void *bytes, size_t length);

/* The same under words of the caller's own: for what must come out alike in every run. */
uint64_t hash_keyed(const void *bytes, size_t length, uint64_t a, uint64_t b);

/* Digests of libcrypto; for identifiers that others compute too, never for secrets. Each is looked
 * up once a process: EVP_md5() and its like are looked up by name at every use. Any thread. */
enum digest { DIGEST_MD5, DIGEST_SHA1, DIGEST_SHA256 };

#define DIGEST_BYTES_MAX 32

/* Zeros where the library has no such digest, or without memory. */
void hash_digest(enum digest kind, const void *bytes, size_t length,
		 uint8_t digest[DIGEST_BYTES_MAX]);

#define UUID_TEXT_MAX 37

/* UUIDv5 (RFC 9562, 5.5) of `name` under weir's own namespace. */
void uuid_v5(const void *name, size_t length, char text[UUID_TEXT_MAX]);

#endif
