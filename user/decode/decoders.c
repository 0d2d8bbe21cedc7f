/* SPDX-License-Identifier: Apache-2.0 */
#include <strings.h>

#include "decode/inside.h"
#include "decode/protocols.h"

/* Those that are told by few bytes come before those that look at many. */
const struct decoder *const decoders[] = {
	&decoder_arp, &decoder_icmp, &decoder_smb, &decoder_ftp,     &decoder_ssh,
	&decoder_rdp, &decoder_dhcp, &decoder_dns, &decoder_dns_tcp, &decoder_http,
	&decoder_tls, &decoder_quic, NULL,
};

/* What decoders call themselves by, beside their own names. */
static const char *const aliases[] = {"mdns", "llmnr", "nbns", PROTOCOL_UNIDENTIFIED};

static bool is(const char *name, const char *at, size_t length)
{
	return strlen(name) == length && !strncasecmp(name, at, length);
}

const char *decode_protocol(const char *name, size_t length)
{
	for (const struct decoder *const *d = decoders; *d; d++)
		if (is((*d)->protocol, name, length))
			return (*d)->protocol;
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (is(aliases[i], name, length))
			return aliases[i];
	return signature_name(name, length);
}
