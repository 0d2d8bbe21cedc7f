/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/dns_types.h"

#include <stddef.h>

static const char *const types[] = {
	[1] = "A",	  [2] = "NS",	       [5] = "CNAME",	[6] = "SOA",
	[10] = "NULL",	  [12] = "PTR",	       [13] = "HINFO",	[15] = "MX",
	[16] = "TXT",	  [17] = "RP",	       [18] = "AFSDB",	[24] = "SIG",
	[25] = "KEY",	  [28] = "AAAA",       [29] = "LOC",	[32] = "NIMLOC",
	[33] = "SRV",	  [35] = "NAPTR",      [36] = "KX",	[37] = "CERT",
	[39] = "DNAME",	  [41] = "OPT",	       [42] = "APL",	[43] = "DS",
	[44] = "SSHFP",	  [45] = "IPSECKEY",   [46] = "RRSIG",	[47] = "NSEC",
	[48] = "DNSKEY",  [49] = "DHCID",      [50] = "NSEC3",	[51] = "NSEC3PARAM",
	[52] = "TLSA",	  [53] = "SMIMEA",     [55] = "HIP",	[59] = "CDS",
	[60] = "CDNSKEY", [61] = "OPENPGPKEY", [62] = "CSYNC",	[64] = "SVCB",
	[65] = "HTTPS",	  [99] = "SPF",	       [108] = "EUI48", [109] = "EUI64",
	[249] = "TKEY",	  [250] = "TSIG",      [251] = "IXFR",	[252] = "AXFR",
	[255] = "ANY",	  [256] = "URI",       [257] = "CAA",
};

static const char *const codes[] = {
	"NOERROR",	  "FORMERR",	    "SERVFAIL",	      "NXDOMAIN",	 "NOTIMP",
	"REFUSED",	  "YXDOMAIN",	    "YXRRSET",	      "NXRRSET",	 "NOTAUTH",
	"NOTZONE",	  "DSOTYPENI",	    [16] = "BADVERS", [17] = "BADKEY",	 [18] = "BADTIME",
	[19] = "BADMODE", [20] = "BADNAME", [21] = "BADALG",  [22] = "BADTRUNC", [23] = "BADCOOKIE",
};

static const char *const opcodes[] = {
	[1] = "inverse-query",
	[2] = "status",
	[4] = "notify",
	[5] = "update",
};

const char *dns_type_name(uint16_t type)
{
	return type < sizeof(types) / sizeof(types[0]) ? types[type] : NULL;
}

const char *nbns_type_name(uint16_t type)
{
	return type == NBNS_NB ? "NB" : type == NBNS_NBSTAT ? "NBSTAT" : dns_type_name(type);
}

const char *dns_code_name(unsigned code)
{
	return code < sizeof(codes) / sizeof(codes[0]) ? codes[code] : NULL;
}

const char *dns_opcode_name(unsigned opcode)
{
	return opcode < sizeof(opcodes) / sizeof(opcodes[0]) ? opcodes[opcode] : NULL;
}
