/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CAPTURE_BYTES_H
#define WEIR_CAPTURE_BYTES_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Numbers in a file that may be of the other byte order. */

static inline uint16_t get16(const uint8_t *at, bool swapped)
{
	uint16_t n;

	memcpy(&n, at, sizeof(n));
	return swapped ? __builtin_bswap16(n) : n;
}

static inline uint32_t get32(const uint8_t *at, bool swapped)
{
	uint32_t n;

	memcpy(&n, at, sizeof(n));
	return swapped ? __builtin_bswap32(n) : n;
}

static inline uint64_t get64(const uint8_t *at, bool swapped)
{
	uint64_t n;

	memcpy(&n, at, sizeof(n));
	return swapped ? __builtin_bswap64(n) : n;
}

static inline uint16_t get_be16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t get_be32(const uint8_t *at)
{
	return (uint32_t)get_be16(at) << 16 | get_be16(at + 2);
}

#endif
