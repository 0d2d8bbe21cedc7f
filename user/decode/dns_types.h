/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DECODE_DNS_TYPES_H
#define WEIR_DECODE_DNS_TYPES_H

#include <stdint.h>

/* Record types whose data, or place, means something to a reader of messages. */
enum dns_type {
	DNS_A = 1,
	DNS_NS = 2,
	DNS_CNAME = 5,
	DNS_SOA = 6,
	DNS_NULL = 10,
	DNS_PTR = 12,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28,
	DNS_SRV = 33,
	DNS_DNAME = 39,
	DNS_OPT = 41,
	DNS_SVCB = 64,
	DNS_HTTPS = 65,
	DNS_SPF = 99,
	NBNS_NB = 32, /* NIMLOC elsewhere */
	NBNS_NBSTAT = 33,
};

/* IANA's registry of DNS parameters: mnemonics, NULL where there is none. */
const char *dns_type_name(uint16_t type);
const char *nbns_type_name(uint16_t type);
const char *dns_code_name(unsigned code);
/* Of opcodes other than a query's: what is asked of the server. */
const char *dns_opcode_name(unsigned opcode);

#endif
