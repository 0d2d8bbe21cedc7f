/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/tls_certificate.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <time.h>

/* As RFC 2253 writes it, but UTF-8 as it is. */
#define NAME_FLAGS (XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB)

static size_t name_text(const X509_NAME *name, char text[CERTIFICATE_NAME_MAX])
{
	BIO *bio = BIO_new(BIO_s_mem());
	int length = 0;

	if (bio && X509_NAME_print_ex(bio, name, 0, NAME_FLAGS) >= 0)
		length = BIO_read(bio, text, CERTIFICATE_NAME_MAX);
	BIO_free(bio);
	return length > 0 ? (size_t)length : 0;
}

/* A time is 64 bits of nanoseconds; "never" is written as the year 9999 (RFC 5280, 4.1.2.5). */
#define YEAR_BEYOND 2262

static weir_time end_of(const X509 *x)
{
	struct tm tm;

	if (!ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm) || tm.tm_year + 1900 >= YEAR_BEYOND)
		return TIME_NEVER;
	return (weir_time)timegm(&tm) * WEIR_SEC;
}

/*
 * The sender chooses the key with which a signature is proven, and so what that costs: up to these
 * sizes it is well below a millisecond. DSA brings parameters of its own.
 */
static bool is_cheap(const EVP_PKEY *key)
{
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_RSA:
		return EVP_PKEY_get_bits(key) <= 4096;
	case EVP_PKEY_EC:
		return EVP_PKEY_get_bits(key) <= 521;
	case EVP_PKEY_ED25519:
	case EVP_PKEY_ED448:
		return true;
	}
	return false;
}

/* The issuer's key is named as the subject's is; or one has no name. */
static bool same_key(X509 *x)
{
	const ASN1_OCTET_STRING *issuer = X509_get0_authority_key_id(x);
	const ASN1_OCTET_STRING *subject = X509_get0_subject_key_id(x);

	return !issuer || !subject || !ASN1_OCTET_STRING_cmp(issuer, subject);
}

/* Most issuers are others: their signatures cost nothing. */
static bool signed_by_itself(X509 *x)
{
	EVP_PKEY *key;

	if (X509_NAME_cmp(X509_get_subject_name(x), X509_get_issuer_name(x)) || !same_key(x))
		return false;
	key = X509_get0_pubkey(x);
	return !key || !is_cheap(key) || X509_verify(x, key) == 1;
}

static void hash(const uint8_t *der, size_t length, char text[CERTIFICATE_HASH])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[EVP_MAX_MD_SIZE] = {0};

	EVP_Digest(der, length, bytes, NULL, EVP_sha256(), NULL);
	for (unsigned i = 0; i < CERTIFICATE_HASH - 1; i++)
		text[i] = digits[bytes[i / 2] >> (i % 2 ? 0 : 4) & 15];
	text[CERTIFICATE_HASH - 1] = 0;
}

bool tls_certificate(const uint8_t *der, size_t length, struct tls_certificate *c)
{
	const unsigned char *at = der;
	X509 *x = d2i_X509(NULL, &at, (long)length);

	if (x) {
		c->subject_length = name_text(X509_get_subject_name(x), c->subject);
		c->issuer_length = name_text(X509_get_issuer_name(x), c->issuer);
		c->not_after = end_of(x);
		c->self_signed = signed_by_itself(x);
		hash(der, length, c->sha256);
		X509_free(x);
	}
	ERR_clear_error(); /* what it did not like stays in a queue of the thread */
	return x;
}
