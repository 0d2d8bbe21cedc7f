/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TEST_ENRICH_MMDB_H
#define WEIR_TEST_ENRICH_MMDB_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/addr.h"

/*
 * Writes tiny MaxMind databases: https://maxmind.github.io/MaxMind-DB/, format 2.0, an IPv6 tree
 * with records of 24 bits, IPv4 at ::/96.
 */
#define MMDB_NODES 2048
#define MMDB_BYTES 4096

enum {
	MMDB_TEXT = 2,
	MMDB_REAL = 3,
	MMDB_SHORT = 5,
	MMDB_NUMBER = 6,
	MMDB_MAP = 7,
	MMDB_LONG = 9,
	MMDB_LIST = 11
};

struct mmdb {
	uint32_t record[MMDB_NODES][2]; /* 0: empty; even: node, odd: data offset, halved */
	uint32_t nodes;
	uint8_t data[MMDB_BYTES];
	size_t len;
};

static inline void mmdb_byte(struct mmdb *m, unsigned byte)
{
	m->data[m->len++] = (uint8_t)byte;
}

static inline void mmdb_head(struct mmdb *m, unsigned type, size_t size)
{
	unsigned first = size < 29 ? (unsigned)size : 29;

	mmdb_byte(m, (type > 7 ? 0 : type << 5) | first);
	if (type > 7)
		mmdb_byte(m, type - 7);
	if (size >= 29)
		mmdb_byte(m, (unsigned)(size - 29));
}

static inline void mmdb_text(struct mmdb *m, const char *text)
{
	mmdb_head(m, MMDB_TEXT, strlen(text));
	for (; *text; text++)
		mmdb_byte(m, (uint8_t)*text);
}

static inline void mmdb_number(struct mmdb *m, unsigned type, uint64_t number)
{
	mmdb_head(m, type, 4);
	for (int shift = 24; shift >= 0; shift -= 8)
		mmdb_byte(m, (uint8_t)(number >> shift));
}

static inline void mmdb_short(struct mmdb *m, unsigned number)
{
	mmdb_head(m, MMDB_SHORT, 2);
	mmdb_byte(m, number >> 8);
	mmdb_byte(m, number & 0xff);
}

static inline void mmdb_real(struct mmdb *m, double number)
{
	uint64_t bits;

	memcpy(&bits, &number, sizeof(bits));
	mmdb_head(m, MMDB_REAL, 8);
	for (int shift = 56; shift >= 0; shift -= 8)
		mmdb_byte(m, (uint8_t)(bits >> shift));
}

/* {"country": {"iso_code": …}, "location": {"latitude": …, "longitude": …}} */
static inline size_t mmdb_city(struct mmdb *m, const char *country, double lat, double lon)
{
	size_t at = m->len;

	mmdb_head(m, MMDB_MAP, 2);
	mmdb_text(m, "country");
	mmdb_head(m, MMDB_MAP, 1);
	mmdb_text(m, "iso_code");
	mmdb_text(m, country);
	mmdb_text(m, "location");
	mmdb_head(m, MMDB_MAP, 2);
	mmdb_text(m, "latitude");
	mmdb_real(m, lat);
	mmdb_text(m, "longitude");
	mmdb_real(m, lon);
	return at;
}

static inline size_t mmdb_system(struct mmdb *m, uint32_t number, const char *name)
{
	size_t at = m->len;

	mmdb_head(m, MMDB_MAP, 2);
	mmdb_text(m, "autonomous_system_number");
	mmdb_number(m, MMDB_NUMBER, number);
	mmdb_text(m, "autonomous_system_organization");
	mmdb_text(m, name);
	return at;
}

static inline void mmdb_add(struct mmdb *m, const char *network, size_t data)
{
	struct network n;
	uint32_t node = 0;

	network_parse(network, strlen(network), &n);
	if (addr_is_v4(&n.base))
		memset(n.base.byte, 0, 12);
	for (unsigned i = 0; i < n.prefix; i++) {
		uint32_t *record = &m->record[node][n.base.byte[i / 8] >> (7 - i % 8) & 1];

		if (i + 1u == n.prefix)
			*record = (uint32_t)data << 1 | 1;
		else if (!*record)
			*record = ++m->nodes << 1;
		node = *record >> 1;
	}
}

/* The tree's records as numbers: a node, node_count for nothing, beyond by 16 for data. */
static inline void mmdb_tree(const struct mmdb *m, FILE *out)
{
	uint32_t count = m->nodes + 1;

	for (uint32_t node = 0; node < count; node++)
		for (int side = 0; side < 2; side++) {
			uint32_t r = m->record[node][side];
			uint32_t n = !r ? count : r & 1 ? count + 16 + (r >> 1) : r >> 1;

			fputc((int)(n >> 16 & 0xff), out);
			fputc((int)(n >> 8 & 0xff), out);
			fputc((int)(n & 0xff), out);
		}
}

static inline void mmdb_write(struct mmdb *m, const char *path, const char *type)
{
	static const char zeroes[16], marker[] = "\xab\xcd\xefMaxMind.com";
	FILE *out = fopen(path, "w");

	mmdb_tree(m, out);
	fwrite(zeroes, 1, sizeof(zeroes), out);
	fwrite(m->data, 1, m->len, out);
	fwrite(marker, 1, sizeof(marker) - 1, out);
	m->len = 0;
	mmdb_head(m, MMDB_MAP, 9);
	mmdb_text(m, "node_count");
	mmdb_number(m, MMDB_NUMBER, m->nodes + 1);
	mmdb_text(m, "record_size");
	mmdb_short(m, 24);
	mmdb_text(m, "ip_version");
	mmdb_short(m, 6);
	mmdb_text(m, "database_type");
	mmdb_text(m, type);
	mmdb_text(m, "languages");
	mmdb_head(m, MMDB_LIST, 0);
	mmdb_text(m, "binary_format_major_version");
	mmdb_short(m, 2);
	mmdb_text(m, "binary_format_minor_version");
	mmdb_short(m, 0);
	mmdb_text(m, "build_epoch");
	mmdb_number(m, MMDB_LONG, 1700000000);
	mmdb_text(m, "description");
	mmdb_head(m, MMDB_MAP, 0);
	fwrite(m->data, 1, m->len, out);
	fclose(out);
}

#endif
