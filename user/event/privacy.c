/* SPDX-License-Identifier: Apache-2.0 */
#include "event/privacy.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "base/arena.h"

#define MARK	   "hash:"
#define MARK_LEN   (sizeof(MARK) - 1)
#define HASH_BYTES 12 /* that are shown: equal ones of a billion texts are one in 10^11 */
#define FOLD_ROOM  256

_Static_assert(MARK_LEN + 2 * HASH_BYTES < PRIVACY_TEXT_MAX, "a hash and its end fit");

uint8_t privacy_modes[SUBJECTS];
static EVP_MAC_CTX *keyed; /* with the key of hashes; NULL: nothing is hashed */

static EVP_MAC_CTX *hmac_new(const uint8_t key[PRIVACY_KEY_BYTES])
{
	char digest[] = "SHA2-256";
	OSSL_PARAM parameters[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *context = hmac ? EVP_MAC_CTX_new(hmac) : NULL;

	EVP_MAC_free(hmac);
	if (context && EVP_MAC_init(context, key, PRIVACY_KEY_BYTES, parameters))
		return context;
	EVP_MAC_CTX_free(context);
	return NULL;
}

int privacy_derive(const uint8_t key[PRIVACY_KEY_BYTES], const char *purpose,
		   uint8_t derived[PRIVACY_KEY_BYTES])
{
	EVP_MAC_CTX *context = hmac_new(key);
	size_t length = 0;
	bool done = context &&
		    EVP_MAC_update(context, (const unsigned char *)purpose, strlen(purpose)) &&
		    EVP_MAC_final(context, derived, &length, PRIVACY_KEY_BYTES) &&
		    length == PRIVACY_KEY_BYTES;

	EVP_MAC_CTX_free(context);
	return done ? 0 : -ENOSYS;
}

static void set_modes(const struct privacy_options *o)
{
	for (unsigned subjects = 0; subjects < SUBJECTS; subjects++) {
		enum privacy mode = PRIVACY_KEEP;

		if (o && subjects & SUBJECT_COMMAND_LINES && o->command_lines > mode)
			mode = o->command_lines;
		if (o && subjects & SUBJECT_URLS && o->urls > mode)
			mode = o->urls;
		if (o && subjects & SUBJECT_DNS_NAMES && o->dns_names > mode)
			mode = o->dns_names;
		privacy_modes[subjects] = (uint8_t)mode;
	}
}

int privacy_set(const struct privacy_options *options)
{
	uint8_t key[PRIVACY_KEY_BYTES];

	EVP_MAC_CTX_free(keyed);
	keyed = NULL;
	set_modes(options);
	if (!privacy_is_on())
		return 0;
	if (!privacy_derive(options->key, "weir hashes of texts", key))
		keyed = hmac_new(key);
	return keyed ? 0 : -ENOSYS;
}

bool privacy_is_hash(const char *text, size_t length)
{
	if (length != MARK_LEN + 2 * HASH_BYTES || memcmp(text, MARK, MARK_LEN))
		return false;
	for (size_t i = MARK_LEN; i < length; i++)
		if (!memchr("0123456789abcdef", text[i], 16))
			return false;
	return true;
}

static bool put_folded(const struct text *from)
{
	unsigned char room[FOLD_ROOM];

	for (uint32_t at = 0; at < from->length;) {
		size_t n = 0;

		for (; n < sizeof(room) && at < from->length; n++, at++) {
			char c = from->at[at];

			room[n] = (unsigned char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
		}
		if (!EVP_MAC_update(keyed, room, n))
			return false;
	}
	return true;
}

struct text privacy_hash(const struct text *from, char text[PRIVACY_TEXT_MAX])
{
	unsigned char mac[PRIVACY_KEY_BYTES] = {0};
	char *to = text + MARK_LEN;
	size_t length;

	if (privacy_is_hash(from->at, from->length)) {
		memcpy(text, from->at, from->length);
		return (struct text){text, from->length};
	}
	/* Without a hash there are zeros: what is private never leaves for a fault of ours. */
	if (!keyed || !EVP_MAC_init(keyed, NULL, 0, NULL) || !put_folded(from) ||
	    !EVP_MAC_final(keyed, mac, &length, sizeof(mac)))
		memset(mac, 0, sizeof(mac));
	memcpy(text, MARK, MARK_LEN);
	for (unsigned i = 0; i < HASH_BYTES; i++)
		to += snprintf(to, 3, "%02x", mac[i]);
	return (struct text){text, (uint32_t)(to - text)};
}

/* Each element by itself. */
static int hash_texts(struct text *texts, struct arena *arena)
{
	struct text element;
	uint32_t len = 0, used = 0;
	char *room;

	for (uint32_t at = 0; texts_next(texts, &at, &element);)
		len++;
	room = arena_alloc(arena, (size_t)len * PRIVACY_TEXT_MAX + 1);
	if (!room)
		return -ENOMEM;
	for (uint32_t at = 0; texts_next(texts, &at, &element);) {
		char one[PRIVACY_TEXT_MAX];
		struct text hash = privacy_hash(&element, one);

		if (used)
			room[used++] = TEXTS_JOINT;
		memcpy(room + used, hash.at, hash.length);
		used += hash.length;
	}
	*texts = (struct text){room, used};
	return 0;
}

static int hash_text(struct text *text, struct arena *arena)
{
	char *room = arena_alloc(arena, PRIVACY_TEXT_MAX);

	if (!room)
		return -ENOMEM;
	*text = privacy_hash(text, room);
	return 0;
}

int privacy_event(struct event *e, struct arena *arena)
{
	int err = 0;

	if (!privacy_is_on())
		return 0;
	for (int f = 0; f < FIELD_COUNT && !err; f++) {
		struct text *text = (struct text *)((char *)e + field_table[f].offset);

		if (!event_has(e, f))
			continue;
		switch (privacy_of(f)) {
		case PRIVACY_KEEP:
			break;
		case PRIVACY_HASH:
			err = field_table[f].type == TYPE_TEXTS ? hash_texts(text, arena)
								: hash_text(text, arena);
			break;
		case PRIVACY_DROP:
			event_clear(e, f);
			break;
		}
	}
	return err;
}
