/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/dns_name.h"

#include <string.h>

#define NAME_WIRE_MAX 255

static size_t put(char *text, uint8_t c)
{
	if (c == '.' || c == '\\') {
		text[0] = '\\';
		text[1] = (char)c;
		return 2;
	}
	if (c > ' ' && c < 0x7f) {
		text[0] = (char)c;
		return 1;
	}
	text[0] = '\\';
	text[1] = (char)('0' + c / 100);
	text[2] = (char)('0' + c / 10 % 10);
	text[3] = (char)('0' + c % 10);
	return 4;
}

int dns_name_read(const uint8_t *message, size_t length, size_t *offset, char text[DNS_NAME_TEXT])
{
	size_t at = *offset, lowest = *offset, wire = 1, used = 0;
	int jumped = 0;

	for (;;) {
		uint8_t n;

		if (at >= length)
			return DNS_NAME_SHORT;
		n = message[at];
		if ((n & 0xc0) == 0xc0) {
			size_t to;

			if (at + 1 >= length)
				return DNS_NAME_SHORT;
			to = (size_t)(n & 0x3f) << 8 | message[at + 1];
			if (!jumped)
				*offset = at + 2;
			jumped = 1;
			/* Only ever further back: so it comes to an end. */
			if (to >= lowest)
				return DNS_NAME_POINTER;
			at = lowest = to;
			continue;
		}
		if (n & 0xc0)
			return DNS_NAME_LABEL;
		at++;
		if (!n)
			break;
		if (at + n > length)
			return DNS_NAME_SHORT;
		wire += n + 1u;
		if (wire > NAME_WIRE_MAX)
			return DNS_NAME_LONG;
		if (used)
			text[used++] = '.';
		for (unsigned i = 0; i < n; i++)
			used += put(text + used, message[at + i]);
		at += n;
	}
	if (!jumped)
		*offset = at;
	if (!used)
		text[used++] = '.';
	return (int)used;
}

int dns_name_skip(const uint8_t *message, size_t length, size_t *offset)
{
	size_t at = *offset;

	for (;;) {
		uint8_t n;

		if (at >= length)
			return DNS_NAME_SHORT;
		n = message[at];
		if ((n & 0xc0) == 0xc0) {
			if (at + 1 >= length)
				return DNS_NAME_SHORT;
			if (((size_t)(n & 0x3f) << 8 | message[at + 1]) >= *offset)
				return DNS_NAME_POINTER;
			at += 2;
			break;
		}
		if (n & 0xc0)
			return DNS_NAME_LABEL;
		at += n + 1u;
		if (at - *offset > NAME_WIRE_MAX)
			return DNS_NAME_LONG;
		if (!n)
			break;
	}
	if (at > length)
		return DNS_NAME_SHORT;
	*offset = at;
	return DNS_NAME_OK;
}
