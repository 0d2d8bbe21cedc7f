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

/* SHA-1 (libcrypto); for identifiers that others compute too, never for secrets. */
void hash_sha1(const void *bytes, size_t length, uint8_t digest[20]);

#define UUID_TEXT_MAX 37

/* UUIDv5 (RFC 9562, 5.5) of `name` under weir's own namespace. */
void uuid_v5(const void *name, size_t length, char text[UUID_TEXT_MAX]);

#endif
