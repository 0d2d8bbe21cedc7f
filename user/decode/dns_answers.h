/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DECODE_DNS_ANSWERS_H
#define WEIR_DECODE_DNS_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_ANSWERS_TEXT 16384

/* What the records of an answer carry, as one list (TEXTS); a text of its own each, in which the
 * list's joint reads as a space. */
struct dns_answers {
	unsigned count;	   /* texts */
	unsigned left_out; /* for want of room */
	unsigned records;
	uint64_t bytes; /* of their data */
	uint32_t ttl;	/* the least, seconds; 0 without records */
	size_t used;
	char text[DNS_ANSWERS_TEXT];
};

void dns_answers_clear(struct dns_answers *answers);

/* One record: its data are the `size` bytes at `at` of the message, all there. Types without a
 * form here add no text. 0, or enum dns_name_fault. */
int dns_answers_add(struct dns_answers *answers, const uint8_t *message, size_t length,
		    uint16_t type, size_t at, size_t size);
int nbns_answers_add(struct dns_answers *answers, const uint8_t *message, size_t length,
		     uint16_t type, size_t at, size_t size);

#endif
