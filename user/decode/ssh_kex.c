/* SPDX-License-Identifier: Apache-2.0 */
/* What SSH's key exchange says in the clear: who speaks, and how large packets will be. */
#include "decode/ssh_kex.h"

#include <openssl/evp.h>
#include <stdio.h>

#include "decode/reader.h"

#define COOKIE 16

bool ssh_kex_read(const uint8_t *bytes, size_t length, struct ssh_kex *kex)
{
	struct reader_bytes r = bytes_of(bytes, length);

	bytes_take(&r, COOKIE);
	for (unsigned i = 0; i < SSH_LISTS; i++) {
		uint32_t size = bytes_u32(&r);
		const uint8_t *at = bytes_take(&r, size);

		kex->list[i] = text_of(at, at ? size : 0);
	}
	return !r.failed;
}

void ssh_hassh(const struct ssh_kex *kex, enum side side, char text[HASSH_TEXT])
{
	const enum ssh_list lists[] = {SSH_KEX, SSH_CIPHER_TO_SERVER + (enum ssh_list)side,
				       SSH_MAC_TO_SERVER + (enum ssh_list)side,
				       SSH_COMPRESSION_TO_SERVER + (enum ssh_list)side};
	unsigned char digest[EVP_MAX_MD_SIZE] = {0};
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	if (context && EVP_DigestInit_ex(context, EVP_md5(), NULL)) {
		for (unsigned i = 0; i < 4; i++) {
			if (i)
				EVP_DigestUpdate(context, ";", 1);
			EVP_DigestUpdate(context, kex->list[lists[i]].at,
					 kex->list[lists[i]].length);
		}
		EVP_DigestFinal_ex(context, digest, NULL);
	}
	EVP_MD_CTX_free(context);
	for (unsigned i = 0; i < (HASSH_TEXT - 1) / 2; i++)
		snprintf(text + 2 * i, 3, "%02x", (unsigned)digest[i]);
}

/* ---- what is agreed ---- */

static bool next_name(const struct text *list, uint32_t *at, struct text *name)
{
	const char *begin = list->at + *at, *comma;

	if (*at >= list->length)
		return false;
	comma = memchr(begin, ',', list->length - *at);
	name->at = begin;
	name->length = comma ? (uint32_t)(comma - begin) : list->length - *at;
	*at += name->length + 1;
	return true;
}

static bool same(const struct text *a, const struct text *b)
{
	return a->length == b->length && !memcmp(a->at, b->at, a->length);
}

/* The first of the client's names that the server knows too. */
static bool agreed(const struct ssh_kex *client, const struct ssh_kex *server, enum ssh_list list,
		   struct text *name)
{
	struct text other;

	for (uint32_t at = 0; next_name(&client->list[list], &at, name);)
		for (uint32_t with = 0; next_name(&server->list[list], &with, &other);)
			if (same(name, &other))
				return true;
	return false;
}

static bool begins(const struct text *name, const char *with)
{
	size_t length = strlen(with);

	return name->length >= length && !memcmp(name->at, with, length);
}

/* By how names begin, the more special first. */
struct algorithm {
	const char *begins;
	uint8_t size; /* of a block or a MAC, bytes */
	uint8_t tag;  /* of an AEAD, which needs no MAC */
};

/* RFC 4253, 4344, 4345, 5647; OpenSSH's PROTOCOL. Stream ciphers pad to 8. */
static const struct algorithm ciphers[] = {
	{"chacha20-poly1305@", 8, 16},
	{"aes128-gcm", 16, 16},
	{"aes256-gcm", 16, 16},
	{"AEAD_AES_", 16, 16},
	{"aes", 16, 0},
	{"rijndael", 16, 0},
	{"twofish", 16, 0},
	{"serpent", 16, 0},
	{"camellia", 16, 0},
	{"seed-cbc", 16, 0},
	{"3des", 8, 0},
	{"blowfish", 8, 0},
	{"cast128", 8, 0},
	{"idea", 8, 0},
	{"arcfour", 8, 0},
	{NULL, 0, 0},
};

static const struct algorithm macs[] = {
	{"hmac-sha2-256-96", 12, 0},
	{"hmac-sha2-512-96", 12, 0},
	{"hmac-sha2-256", 32, 0},
	{"hmac-sha2-512", 64, 0},
	{"hmac-sha1-96", 12, 0},
	{"hmac-sha1", 20, 0},
	{"hmac-md5-96", 12, 0},
	{"hmac-md5", 16, 0},
	{"hmac-ripemd160", 20, 0},
	{"hmac-ripemd", 20, 0},
	{"umac-64", 8, 0},
	{"umac-128", 16, 0},
	{NULL, 0, 0},
};

static const struct algorithm *find(const struct algorithm *all, const struct text *name)
{
	while (all->begins && !begins(name, all->begins))
		all++;
	return all->begins ? all : NULL;
}

/* The MAC is taken of what is encrypted: the length stands before it in the clear. */
static bool etm(const struct text *mac)
{
	static const char end[] = "-etm@openssh.com";
	size_t length = sizeof(end) - 1;

	return mac->length > length && !memcmp(mac->at + mac->length - length, end, length);
}

bool ssh_sizes_agree(const struct ssh_kex *client, const struct ssh_kex *server, enum side side,
		     struct ssh_sizes *sizes)
{
	enum ssh_list of = (enum ssh_list)side;
	const struct algorithm *cipher, *mac;
	struct text name;

	*sizes = (struct ssh_sizes){0};
	if (!agreed(client, server, SSH_COMPRESSION_TO_SERVER + of, &name) ||
	    (name.length == 4 && begins(&name, "zlib")))
		return false;
	if (!agreed(client, server, SSH_CIPHER_TO_SERVER + of, &name))
		return false;
	cipher = find(ciphers, &name);
	if (!cipher)
		return false;
	if (cipher->tag) {
		*sizes = (struct ssh_sizes){cipher->size, cipher->tag, 4};
		return true;
	}
	if (!agreed(client, server, SSH_MAC_TO_SERVER + of, &name))
		return false;
	mac = find(macs, &name);
	if (!mac)
		return false;
	*sizes = (struct ssh_sizes){cipher->size, mac->size, etm(&name) ? 4 : 0};
	return true;
}

#define LENGTH	    4 /* before a packet */
#define PADDED_BY   1 /* tells the padding */
#define PADDING_MIN 4

uint32_t ssh_size_of(const struct ssh_sizes *sizes, uint32_t payload, uint8_t block)
{
	uint32_t body = LENGTH - sizes->apart + PADDED_BY + payload + PADDING_MIN;

	return sizes->apart + (body + block - 1) / block * block + sizes->mac;
}
