/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_THREAT_TABLE_H
#define WEIR_THREAT_TABLE_H

#include "threat/indicator.h"

/*
 * Indicators by what they are, 16 bytes each: a keyed hash of 64 bits stands for the text, since
 * whoever matches has the text himself. Two of a million are taken for each other with a chance of
 * 3e-8, and nobody outside can choose them. A look costs the same however many there are: networks
 * by the prefixes, domains by the numbers of labels that occur. One writer; no locks.
 */
struct threat_entry {
	uint64_t key;	/* 0: free */
	uint32_t until; /* minutes since the epoch after which it is over; 0: never */
	uint16_t list;	/* number of its list */
	uint8_t kind;	/* enum indicator_kind */
	uint8_t size;	/* prefix of a network, labels of a domain, else 0 */
};

struct threat_table {
	struct threat_entry *cells;
	size_t len, cap;
	uint64_t prefixes[3]; /* bit a prefix that occurs */
	uint64_t labels[2];   /* bit a number of labels that occurs */
	bool kinds[INDICATOR_KINDS];
};

#define THREAT_LABELS_MAX 127

void threat_table_free(struct threat_table *table);

/* Room for so many more at once. 0, or -ENOMEM. */
int threat_table_reserve(struct threat_table *table, size_t more);

/* 1: it is new; 0: its list has it already, and it is good for as long as the longer of both;
 * -ENOMEM. */
int threat_table_add(struct threat_table *table, const struct indicator *indicator, uint16_t list,
		     uint32_t until);

/* Copies another table's entries of one list, as those of list `to`. 0, or -ENOMEM. */
int threat_table_copy(struct threat_table *table, const struct threat_table *from, uint16_t list,
		      uint16_t to);

/*
 * Calls `found` for every entry that the indicator is or lies in: an address in networks, a domain
 * under domains (`size`: how many of its labels, or of the address's bits, the entry has). Of an
 * address only network.base counts.
 */
void threat_table_find(const struct threat_table *table, const struct indicator *indicator,
		       void (*found)(void *context, const struct threat_entry *entry),
		       void *context);

/* Where the last `labels` labels of a name begin. */
size_t threat_suffix(const char *text, size_t length, unsigned labels);

static inline size_t threat_table_bytes(const struct threat_table *table)
{
	return table->cap * sizeof(*table->cells);
}

#endif
