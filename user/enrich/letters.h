/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_ENRICH_LETTERS_H
#define WEIR_ENRICH_LETTERS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * How far a label of a name is from what people write (docs/enrichment.md has the measures and how
 * they were tried). Letters are taken without case throughout. Pure functions.
 */

/* Bits over the frequencies of its characters. */
double letters_entropy(const char *text, size_t length);

/* It looks like encoded data: hex, base32, base36 or base64. */
bool letters_encoded(const char *text, size_t length);

/* It holds bytes that are no text in any script: data as they are, in an alphabet of bytes. */
bool letters_raw(const char *text, size_t length);

/* It looks like a name that a program made up from random letters. */
bool letters_random(const char *text, size_t length);

#endif
