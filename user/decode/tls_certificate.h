/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DECODE_TLS_CERTIFICATE_H
#define WEIR_DECODE_TLS_CERTIFICATE_H

#include "base/time.h"
#include "decode/decoder.h"

#define CERTIFICATE_NAME_MAX 512 /* bytes of a name; what is longer is cut */
#define CERTIFICATE_HASH     65

/* What is told of a certificate (RFC 5280). */
struct tls_certificate {
	char subject[CERTIFICATE_NAME_MAX], issuer[CERTIFICATE_NAME_MAX]; /* RFC 2253 */
	size_t subject_length, issuer_length;
	char sha256[CERTIFICATE_HASH]; /* of its DER, in hexadecimal */
	weir_time not_after;	       /* TIME_NEVER: no end, or one beyond what a time can say */
	bool self_signed;
};

/* Reads DER that an attacker chose. False: it is no certificate. */
bool tls_certificate(const uint8_t *der, size_t length, struct tls_certificate *certificate);

#endif
