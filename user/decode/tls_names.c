/* SPDX-License-Identifier: Apache-2.0 */
/* What numbers of TLS are called. */
#include <stddef.h>

#include "decode/tls_hello.h"

static const struct {
	uint16_t number;
	const char *name;
} ciphers[] = {
#define CIPHER(number, name) {number, name},
#include "decode/tls_ciphers.def"
#undef CIPHER
};

const char *tls_cipher_name(uint16_t number)
{
	size_t from = 0, to = sizeof(ciphers) / sizeof(ciphers[0]);

	while (from < to) {
		size_t middle = (from + to) / 2;

		if (ciphers[middle].number == number)
			return ciphers[middle].name;
		if (ciphers[middle].number < number)
			from = middle + 1;
		else
			to = middle;
	}
	return NULL;
}

const char *tls_version_name(uint16_t number)
{
	static const char *const texts[] = {"3.0", "1.0", "1.1", "1.2", "1.3"};

	switch (number >> 8) {
	case 3:
		return (number & 0xff) < 5 ? texts[number & 0xff] : NULL;
	case 0x7f: /* drafts of RFC 8446: 0x7f00 and the draft's number */
	case 0xfb: /* the same, tried by Facebook */
		return "1.3";
	case 0: /* as SSL 2.0 had it; major version last */
		return number == 2 ? "2.0" : NULL;
	}
	return NULL;
}
