/* SPDX-License-Identifier: Apache-2.0 */
/* The data of records as text: addresses, names, and what is text already. */
#include "decode/dns_answers.h"

#include <arpa/inet.h>
#include <string.h>

#include "decode/dns_name.h"
#include "decode/dns_types.h"
#include "decode/reader.h"
#include "event/event.h"

void dns_answers_clear(struct dns_answers *a)
{
	a->count = a->left_out = a->records = 0;
	a->bytes = a->ttl = 0;
	a->used = 0;
}

/* Whole or not at all: a part of an address is another one. */
static void add(struct dns_answers *a, const char *text, size_t length)
{
	char *to = a->text + a->used;

	if (length + 1 > sizeof(a->text) - a->used) {
		a->left_out++;
		return;
	}
	if (a->count++)
		*to++ = TEXTS_JOINT;
	for (size_t i = 0; i < length; i++)
		to[i] = text[i] == TEXTS_JOINT ? ' ' : text[i];
	a->used = (size_t)(to - a->text) + length;
}

static void add_addresses(struct dns_answers *a, int family, const uint8_t *at, size_t size)
{
	size_t each = family == AF_INET ? 4 : 16;
	char text[INET6_ADDRSTRLEN];

	for (; size >= each; at += each, size -= each) {
		inet_ntop(family, at, text, sizeof(text));
		add(a, text, strlen(text));
	}
}

static int add_name(struct dns_answers *a, const uint8_t *m, size_t length, size_t at)
{
	char name[DNS_NAME_TEXT];
	int n = dns_name_read(m, length, &at, name);

	if (n > 0)
		add(a, name, (size_t)n);
	return n < 0 ? n : DNS_NAME_OK;
}

/* Character strings of a TXT, one behind the other. */
static void add_strings(struct dns_answers *a, const uint8_t *at, size_t size)
{
	struct reader_bytes r = bytes_of(at, size);
	char text[4096];
	size_t used = 0;

	while (bytes_left(&r)) {
		size_t n = bytes_u8(&r);

		if (n > bytes_left(&r))
			n = bytes_left(&r);
		if (n > sizeof(text) - used)
			n = sizeof(text) - used;
		if (!n && used == sizeof(text))
			break;
		memcpy(text + used, bytes_take(&r, n), n);
		used += n;
	}
	add(a, text, used);
}

/* SVCB and HTTPS (RFC 9460): the target, unless it is the name itself, and hints of addresses. */
static int add_service(struct dns_answers *a, const uint8_t *m, size_t length, size_t at,
		       size_t size)
{
	size_t end = at + size, name = at + 2;
	struct reader_bytes r;
	int fault;

	if (size < 3)
		return DNS_NAME_SHORT;
	fault = m[name] ? add_name(a, m, length, name) : 0;
	if (!fault)
		fault = dns_name_skip(m, length, &name);
	if (fault || name > end)
		return fault ? fault : DNS_NAME_SHORT;
	r = bytes_of(m + name, end - name);
	while (bytes_left(&r) && !r.failed) {
		uint16_t key = bytes_u16(&r);
		struct reader_bytes value = bytes_part(&r, bytes_u16(&r));

		if (key == 4)
			add_addresses(a, AF_INET, value.at, bytes_left(&value));
		if (key == 6)
			add_addresses(a, AF_INET6, value.at, bytes_left(&value));
	}
	return r.failed ? DNS_NAME_SHORT : 0;
}

int dns_answers_add(struct dns_answers *a, const uint8_t *m, size_t length, uint16_t type,
		    size_t at, size_t size)
{
	switch (type) {
	case DNS_A:
	case DNS_AAAA:
		if (size != (type == DNS_A ? 4u : 16u))
			return size ? DNS_NAME_SHORT : 0; /* none: a prerequisite of an update */
		add_addresses(a, type == DNS_A ? AF_INET : AF_INET6, m + at, size);
		return 0;
	case DNS_NS:
	case DNS_CNAME:
	case DNS_SOA:
	case DNS_PTR:
	case DNS_DNAME:
		return size ? add_name(a, m, length, at) : 0;
	case DNS_MX:
		return size ? size < 3 ? DNS_NAME_SHORT : add_name(a, m, length, at + 2) : 0;
	case DNS_SRV:
		return size ? size < 7 ? DNS_NAME_SHORT : add_name(a, m, length, at + 6) : 0;
	case DNS_TXT:
	case DNS_SPF:
		add_strings(a, m + at, size);
		return 0;
	case DNS_SVCB:
	case DNS_HTTPS:
		return size ? add_service(a, m, length, at, size) : 0;
	case DNS_NULL:
		add(a, (const char *)m + at, size);
		return 0;
	}
	return 0;
}

/* NB: flags and an address each (RFC 1002, 4.2.13). */
int nbns_answers_add(struct dns_answers *a, const uint8_t *m, size_t length, uint16_t type,
		     size_t at, size_t size)
{
	if (type == NBNS_NBSTAT)
		return 0;
	if (type != NBNS_NB)
		return dns_answers_add(a, m, length, type, at, size);
	for (; size >= 6; at += 6, size -= 6)
		add_addresses(a, AF_INET, m + at + 2, 4);
	return 0;
}
