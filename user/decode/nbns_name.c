/* SPDX-License-Identifier: Apache-2.0 */
/* Names of NetBIOS as DNS messages carry them (RFC 1001, 14.1). */
#include <stdio.h>
#include <string.h>

#include "decode/dns_name.h"

enum { HALVES = 32, NAME = 15 };

/* Each letter is half a byte. */
static int decode(const char *text, size_t length, uint8_t name[NAME + 1])
{
	if (length < HALVES || (length > HALVES && text[HALVES] != '.'))
		return 0;
	for (int i = 0; i < HALVES; i++) {
		unsigned half = (unsigned)text[i] - 'A';

		if (half > 15)
			return 0;
		name[i / 2] = (uint8_t)(i & 1 ? name[i / 2] | half : half << 4);
	}
	return 1;
}

int nbns_name_read(const uint8_t *message, size_t length, size_t *offset, char text[DNS_NAME_TEXT])
{
	int n = dns_name_read(message, length, offset, text);
	char whole[DNS_NAME_TEXT];
	uint8_t name[NAME + 1];
	size_t used = 0, kept = NAME;

	if (n < 0 || !decode(text, (size_t)n, name))
		return n;
	while (kept && (name[kept - 1] == ' ' || name[kept - 1] == 0))
		kept--;
	for (size_t i = 0; i < kept; i++) {
		const char *form =
			name[i] > ' ' && name[i] < 0x7f && name[i] != '\\' ? "%c" : "\\%03u";

		used += (size_t)snprintf(whole + used, sizeof(whole) - used, form, name[i]);
	}
	used += (size_t)snprintf(whole + used, sizeof(whole) - used, "<%02x>", name[NAME]);
	if (used + (size_t)n - HALVES > sizeof(whole))
		return n;
	memcpy(whole + used, text + HALVES, (size_t)n - HALVES);
	used += (size_t)n - HALVES;
	memcpy(text, whole, used);
	return (int)used;
}
