/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_THREAT_INDICATOR_H
#define WEIR_THREAT_INDICATOR_H

#include "base/addr.h"
#include "enrich/domain.h"
#include "event/event.h"

/*
 * What a threat list has an entry of, and the one form in which it is compared: domains in small
 * letters; URLs as "host/path?query" in the same way, with the port where it is not the scheme's
 * own, without scheme, user and fragment; hashes and fingerprints in small letters. Pure functions.
 */
enum indicator_kind {
	INDICATOR_ADDRESS, /* one, or a network */
	INDICATOR_DOMAIN,
	INDICATOR_URL,
	INDICATOR_JA3,
	INDICATOR_JA4,
	INDICATOR_MD5,
	INDICATOR_SHA1,
	INDICATOR_SHA256,
	INDICATOR_KINDS,
	INDICATOR_ANY = INDICATOR_KINDS, /* by what it looks like */
};

#define INDICATOR_TEXT_MAX 2048 /* bytes of a URL */

struct indicator {
	enum indicator_kind kind;
	struct network network; /* of INDICATOR_ADDRESS; all else is text */
	uint32_t length;
	char text[INDICATOR_TEXT_MAX + 1];
};

/* "addresses", "domains" …: the plural for people, a word for status. */
const char *indicator_plural(enum indicator_kind kind);

/*
 * Reads one as lists write them, disarmed ones too (hxxp://, [.], (dot)): of this kind, or of that
 * which it looks like. False: it is none.
 */
bool indicator_read(const char *text, size_t length, enum indicator_kind kind,
		    struct indicator *indicator);

/* A URL's form from its parts, for one that was asked for. `port` 0: the scheme's own. */
void indicator_url(const struct text *host, unsigned port, const struct text *path,
		   const struct text *query, struct indicator *indicator);

/* Labels of a domain; where the last `labels` of them begin. */
unsigned indicator_labels(const char *text, size_t length);

/* Why an entry would do harm on a list. */
enum indicator_harm {
	HARM_NONE,
	HARM_RESERVED, /* private, link-local, multicast … */
	HARM_BROAD,    /* a network that is too large */
	HARM_SUFFIX,   /* a name under which anybody may have one */
	HARM_COMMON,   /* resolvers, and domains that everybody uses */
	HARM_COUNT,
};

enum indicator_harm indicator_harm(const struct indicator *indicator,
				   const struct domain_list *domains);
/* "a private or reserved address" */
const char *indicator_harm_words(enum indicator_harm harm);

#endif
