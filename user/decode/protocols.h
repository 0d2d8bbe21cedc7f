/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DECODE_PROTOCOLS_H
#define WEIR_DECODE_PROTOCOLS_H

#include "decode/decoder.h"

/* The decoders, one file each (or a few with its name before them). */
extern const struct decoder decoder_arp;
extern const struct decoder decoder_icmp;
extern const struct decoder decoder_dhcp;
extern const struct decoder decoder_dns;
extern const struct decoder decoder_dns_tcp;
extern const struct decoder decoder_ftp;
extern const struct decoder decoder_http;
extern const struct decoder decoder_quic;
extern const struct decoder decoder_smb;
extern const struct decoder decoder_tls;
extern const struct decoder decoder_ssh;
extern const struct decoder decoder_rdp;

#endif
