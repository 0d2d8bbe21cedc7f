/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DECODE_SHAPES_H
#define WEIR_DECODE_SHAPES_H

#include "decode/decoder.h"

/* Protocols that are told by name alone, by bytes that must agree with each other: lengths,
 * numbers of a small range. NULL: none; *perhaps is set where more bytes would tell. */
const char *shape_of(const struct glimpse *glimpse, bool *perhaps);
const char *shape_name(const char *name, size_t length); /* static, or NULL */

#endif
