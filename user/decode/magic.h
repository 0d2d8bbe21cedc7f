/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DECODE_MAGIC_H
#define WEIR_DECODE_MAGIC_H

#include <stddef.h>
#include <stdint.h>

#define MAGIC_BYTES 16 /* as many of a file's first bytes are wanted */

/* file.type by the first bytes of a content: static, NULL where they say nothing. */
const char *magic_type(const uint8_t *bytes, size_t length);

#endif
