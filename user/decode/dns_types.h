/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DECODE_DNS_TYPES_H
#define WEIR_DECODE_DNS_TYPES_H

#include <stdint.h>

/* IANA's registry of DNS parameters: mnemonics, NULL where there is none. */
const char *dns_type_name(uint16_t type);
const char *dns_code_name(unsigned code);

#endif
