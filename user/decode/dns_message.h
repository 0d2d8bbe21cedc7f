/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DECODE_DNS_MESSAGE_H
#define WEIR_DECODE_DNS_MESSAGE_H

#include "decode/decoder.h"
#include "decode/dns_answers.h"

/* Messages of DNS (RFC 1035) and what is spoken in its form. */

enum { DNS_HEADER = 12, DNS_QR = 0x80 };

/* A protocol in the form of DNS: known by its port. */
struct dns_flavour {
	uint16_t port; /* host order */
	const char *protocol;
	bool service;	  /* discovery: of many, by many; questions and answers need not pair */
	uint16_t opcodes; /* a bit each, those that it knows */
	int (*name)(const uint8_t *message, size_t length, size_t *offset, char *text);
	const char *(*type)(uint16_t type);
	const char *(*opcode)(unsigned opcode); /* other than 0 */
	int (*answer)(struct dns_answers *answers, const uint8_t *message, size_t length,
		      uint16_t type, size_t at, size_t size);
};

/* The one of either port; on all others what is spoken can only be DNS. */
const struct dns_flavour *dns_flavour_of(uint16_t a, uint16_t b);

/* Kinds of malformed messages (struct decoder). */
extern const char *const dns_malformed[];

/* It may be one: on its own port what a broken one has is enough, elsewhere it must be whole and of
 * the ordinary sort. */
bool dns_message_plausible(const struct dns_flavour *flavour, const uint8_t *message, size_t length,
			   bool own_port);

/* Tells it as an event. `cut`: there was more of it on the wire. */
void dns_message_tell(struct talk *talk, const struct dns_flavour *flavour, const uint8_t *message,
		      size_t length, bool cut);
/* Counts one that did not come whole and has nothing to tell. */
void dns_message_cut(struct talk *talk);

#endif
