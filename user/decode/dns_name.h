/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DECODE_DNS_NAME_H
#define WEIR_DECODE_DNS_NAME_H

#include <stddef.h>
#include <stdint.h>

/* A name as text: 255 bytes on the wire, each at most four characters ("\000"), and an end. */
#define DNS_NAME_TEXT 1024

enum dns_name_fault {
	DNS_NAME_OK = 0,
	DNS_NAME_SHORT = -1,   /* it goes beyond the message */
	DNS_NAME_LABEL = -2,   /* a label of a reserved kind */
	DNS_NAME_POINTER = -3, /* a pointer that does not point backwards: a loop, or data hidden */
	DNS_NAME_LONG = -4,    /* over 255 bytes */
};

/*
 * Reads the name at *offset of a message of `length` bytes (RFC 1035, 3.1 and 4.1.4) as text
 * without a final dot, "." for the root; dots and backslashes in labels, and what is no printable
 * ASCII, as in master files (RFC 1035, 5.1). *offset moves behind it. The text's length, or enum
 * dns_name_fault.
 */
int dns_name_read(const uint8_t *message, size_t length, size_t *offset, char text[DNS_NAME_TEXT]);

/* The same without the text: where it ends. A pointer is looked at, but not followed. 0, or enum
 * dns_name_fault. */
int dns_name_skip(const uint8_t *message, size_t length, size_t *offset);

/*
 * The same for names of NetBIOS (RFC 1001, 14.1): 16 bytes, half a byte a letter, as "NAME<1c>"
 * without the spaces behind it; a scope follows behind a dot. What is not of that form is read as
 * a name of DNS.
 */
int nbns_name_read(const uint8_t *message, size_t length, size_t *offset, char text[DNS_NAME_TEXT]);

#endif
