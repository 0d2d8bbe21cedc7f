/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/tls_certificate.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "base/hash.h"
#include "decode/reader.h"

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

/* ---- the parts of it (RFC 5280, 4.1) ---- */

enum {
	DER_INTEGER = 0x02,
	DER_BITS = 0x03,
	DER_UTC_TIME = 0x17,
	DER_TIME = 0x18,
	DER_SEQUENCE = 0x30,
	DER_VERSION = 0xa0,
};

/* One element of DER, as it stands and what is in it. */
struct element {
	struct reader_bytes whole, inside;
};

static struct element element(struct reader_bytes *r, uint8_t tag)
{
	struct reader_bytes from = *r;
	uint8_t there = bytes_u8(r), first = bytes_u8(r);
	size_t length = first;
	struct element e;

	if (first & 0x80)
		length = (size_t)bytes_number(r, first & 3);
	e.inside = bytes_part(r, length);
	if (there != tag || first > 0x83 || first == 0x80)
		r->failed = true;
	e.whole = bytes_of(from.at, (size_t)(r->at - from.at));
	return e;
}

struct parts {
	struct element issuer, subject, not_after;
};

/*
 * d2i_X509() makes the key ready for use, which costs ten times the rest and is seldom wanted. So
 * its parts are found here, and it has only those that need it.
 */
static bool find_parts(const uint8_t *der, size_t length, struct parts *p)
{
	struct reader_bytes all = bytes_of(der, length), whole, tbs, validity;
	uint8_t time;

	whole = element(&all, DER_SEQUENCE).inside;
	tbs = element(&whole, DER_SEQUENCE).inside;
	element(&whole, DER_SEQUENCE);
	element(&whole, DER_BITS);
	if (bytes_left(&tbs) && *tbs.at == DER_VERSION)
		element(&tbs, DER_VERSION);
	element(&tbs, DER_INTEGER);
	element(&tbs, DER_SEQUENCE);
	p->issuer = element(&tbs, DER_SEQUENCE);
	validity = element(&tbs, DER_SEQUENCE).inside;
	p->subject = element(&tbs, DER_SEQUENCE);
	element(&tbs, DER_SEQUENCE); /* the key */
	for (int i = 0; i < 2; i++) {
		time = bytes_left(&validity) && *validity.at == DER_TIME ? DER_TIME : DER_UTC_TIME;
		p->not_after = element(&validity, time);
	}
	return !all.failed && !whole.failed && !tbs.failed && !validity.failed;
}

/* A time is 64 bits of nanoseconds; "never" is written as the year 9999 (RFC 5280, 4.1.2.5). */
#define YEAR_BEYOND 2262

static weir_time end_of(const struct element *e)
{
	const unsigned char *at = e->whole.at;
	ASN1_TIME *time = d2i_ASN1_TIME(NULL, &at, (long)bytes_left(&e->whole));
	weir_time end = TIME_NEVER;
	struct tm tm;

	if (time && ASN1_TIME_to_tm(time, &tm) && tm.tm_year + 1900 < YEAR_BEYOND)
		end = (weir_time)timegm(&tm) * WEIR_SEC;
	ASN1_TIME_free(time);
	return end;
}

static X509_NAME *name_of(const struct element *e)
{
	const unsigned char *at = e->whole.at;

	return d2i_X509_NAME(NULL, &at, (long)bytes_left(&e->whole));
}

/* ---- by whom it is signed ---- */

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

static bool proven(X509 *x)
{
	EVP_PKEY *key = X509_get0_pubkey(x);

	return same_key(x) && (!key || !is_cheap(key) || X509_verify(x, key) == 1);
}

/* Of a certificate whose subject is its issuer. */
static bool signed_by_itself(const uint8_t *der, size_t length)
{
	const unsigned char *at = der;
	X509 *x = d2i_X509(NULL, &at, (long)length);
	bool itself = x && proven(x);

	X509_free(x);
	return itself;
}

static void hash_text(const uint8_t hash[DIGEST_BYTES_MAX], char text[CERTIFICATE_HASH])
{
	static const char digits[] = "0123456789abcdef";

	for (unsigned i = 0; i < CERTIFICATE_HASH - 1; i++)
		text[i] = digits[hash[i / 2] >> (i % 2 ? 0 : 4) & 15];
	text[CERTIFICATE_HASH - 1] = 0;
}

static bool read_certificate(const uint8_t *der, size_t length, struct tls_certificate *c)
{
	X509_NAME *subject = NULL, *issuer = NULL;
	struct parts parts;
	bool good;

	if (find_parts(der, length, &parts)) {
		subject = name_of(&parts.subject);
		issuer = name_of(&parts.issuer);
	}
	good = subject && issuer;
	if (good) {
		c->subject_length = name_text(subject, c->subject);
		c->issuer_length = name_text(issuer, c->issuer);
		c->not_after = end_of(&parts.not_after);
		c->self_signed = !X509_NAME_cmp(subject, issuer) && signed_by_itself(der, length);
	}
	X509_NAME_free(subject);
	X509_NAME_free(issuer);
	ERR_clear_error(); /* what it did not like stays in a queue of the thread */
	return good;
}

/*
 * A server has one certificate for many connections, and to read it takes ten times as long as its
 * digest, to prove its signature two hundred times. By SHA-256: nobody can make one that is taken
 * for another.
 */
#define READ_BEFORE  64
#define SHA256_BYTES 32

static _Thread_local struct {
	uint8_t hash[SHA256_BYTES];
	bool there;
	struct tls_certificate certificate;
} read_before[READ_BEFORE];

bool tls_certificate(const uint8_t *der, size_t length, struct tls_certificate *c)
{
	uint8_t hash[DIGEST_BYTES_MAX];
	unsigned at;

	hash_digest(DIGEST_SHA256, der, length, hash);
	at = hash[0] % READ_BEFORE;
	if (!read_before[at].there || memcmp(read_before[at].hash, hash, SHA256_BYTES)) {
		read_before[at].there = false;
		if (!read_certificate(der, length, &read_before[at].certificate))
			return false;
		hash_text(hash, read_before[at].certificate.sha256);
		memcpy(read_before[at].hash, hash, SHA256_BYTES);
		read_before[at].there = true;
	}
	*c = read_before[at].certificate;
	return true;
}
