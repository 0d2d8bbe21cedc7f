/* SPDX-License-Identifier: Apache-2.0 */
#include "threat/indicator.h"

#include <strings.h>

static const char *const plurals[INDICATOR_KINDS] = {
	[INDICATOR_ADDRESS] = "addresses", [INDICATOR_DOMAIN] = "domains", [INDICATOR_URL] = "urls",
	[INDICATOR_JA3] = "ja3",	   [INDICATOR_JA4] = "ja4",	   [INDICATOR_MD5] = "md5",
	[INDICATOR_SHA1] = "sha1",	   [INDICATOR_SHA256] = "sha256",
};

const char *indicator_plural(enum indicator_kind kind)
{
	return plurals[kind];
}

/* ---- disarmed text ---- */

/* What lists write so that nobody clicks on it, and what it stands for. */
static const struct {
	const char *written, *means;
} disarmed[] = {
	{"[.]", "."},	{"(.)", "."}, {"{.}", "."}, {"[dot]", "."},   {"(dot)", "."},
	{"{dot}", "."}, {"\\.", "."}, {"[:]", ":"}, {"[://]", "://"}, {"[/]", "/"},
};
#define DISARMED (sizeof(disarmed) / sizeof(disarmed[0]))

/* hxxp, hXXps, fxp: schemes with letters crossed out. */
static size_t arm_scheme(const char *text, size_t length, const char **means)
{
	static const struct {
		const char *written, *means;
	} schemes[] = {{"hxxp", "http"}, {"fxp", "ftp"}};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t n = strlen(schemes[i].written);

		*means = schemes[i].means;
		if (length > n && !strncasecmp(text, schemes[i].written, n))
			return n;
	}
	return 0;
}

static size_t arm_one(const char *text, size_t length, const char **means)
{
	if (!memchr("[({\\", *text, 4))
		return 0;
	for (size_t i = 0; i < DISARMED; i++) {
		size_t n = strlen(disarmed[i].written);

		*means = disarmed[i].means;
		if (length >= n && !strncasecmp(text, disarmed[i].written, n))
			return n;
	}
	return 0;
}

static bool is_blank(char c)
{
	return (unsigned char)c <= ' ';
}

/* Trimmed, without quotes around it, armed. False: too long, or of several words. */
static bool arm(const char *text, size_t length, char into[INDICATOR_TEXT_MAX + 1], size_t *out)
{
	const char *means;
	size_t n = 0, taken;

	for (; length && (is_blank(*text) || *text == '"' || *text == '\''); length--)
		text++;
	while (length && (is_blank(text[length - 1]) || memchr("\"'", text[length - 1], 2)))
		length--;
	taken = arm_scheme(text, length, &means);
	while (length) {
		size_t more = 1;

		if (!taken)
			taken = arm_one(text, length, &means);
		if (taken)
			more = strlen(means);
		if (n + more > INDICATOR_TEXT_MAX || is_blank(*text))
			return false;
		memcpy(into + n, taken ? means : text, more);
		n += more;
		text += taken ? taken : 1;
		length -= taken ? taken : 1;
		taken = 0;
	}
	into[n] = '\0';
	*out = n;
	return n > 0;
}

/* ---- the kinds ---- */

static void fold(char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (text[i] >= 'A' && text[i] <= 'Z')
			text[i] |= 0x20;
}

static bool take_text(struct indicator *indicator, enum indicator_kind kind, const char *text,
		      size_t length)
{
	indicator->kind = kind;
	indicator->length = (uint32_t)length;
	memmove(indicator->text, text, length);
	indicator->text[length] = '\0';
	return true;
}

static bool all_digits(const char *text, size_t length)
{
	return length && strspn(text, "0123456789") >= length;
}

/* An address, a network, an address and a port. */
static bool read_address(const char *text, size_t length, struct indicator *indicator)
{
	const char *end = text + length, *colon = memrchr(text, ':', length);

	indicator->kind = INDICATOR_ADDRESS;
	if (!network_parse(text, length, &indicator->network))
		return true;
	if (!colon || !all_digits(colon + 1, (size_t)(end - colon - 1)))
		return false;
	length = (size_t)(colon - text);
	if (length > 2 && *text == '[' && colon[-1] == ']')
		return !network_parse(text + 1, length - 2, &indicator->network);
	return !memchr(text, ':', length) && !network_parse(text, length, &indicator->network);
}

unsigned indicator_labels(const char *text, size_t length)
{
	unsigned labels = length > 0;

	for (size_t i = 0; i < length; i++)
		labels += text[i] == '.';
	return labels;
}

/* A name of a host as resolvers take it; the last label is no number. */
static bool is_host(const char *text, size_t length)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
	const char *dot = memrchr(text, '.', length);

	if (!length || length > DOMAIN_MAX || strspn(text, letters) < length)
		return false;
	for (size_t i = 0; i < length; i++)
		if (text[i] == '.' && (i == 0 || i + 1 == length || text[i + 1] == '.'))
			return false;
	return !dot || !all_digits(dot + 1, (size_t)(text + length - dot - 1));
}

/* "*.example.com", ".example.com", "||example.com^", "example.com." */
static bool read_domain(char *text, size_t length, struct indicator *indicator)
{
	if (length > 3 && !memcmp(text, "||", 2) && text[length - 1] == '^') {
		text += 2;
		length -= 3;
	}
	if (length > 2 && !memcmp(text, "*.", 2)) {
		text += 2;
		length -= 2;
	} else if (length > 1 && *text == '.') {
		text++;
		length--;
	}
	if (length > 1 && text[length - 1] == '.')
		length--;
	fold(text, length);
	/* Whatever stands behind its end is no part of it. */
	text[length] = '\0';
	if (!is_host(text, length))
		return false;
	return take_text(indicator, INDICATOR_DOMAIN, text, length);
}

static const struct {
	const char *name;
	unsigned port;
} schemes[] = {{"http", 80}, {"https", 443}, {"ftp", 21}};

static unsigned scheme_port(const char *text, size_t length)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (strlen(schemes[i].name) == length &&
		    !strncasecmp(text, schemes[i].name, length))
			return schemes[i].port;
	return 0;
}

/* Appends, cut where there is no room. */
static void put(struct indicator *indicator, const char *text, size_t length)
{
	if (length > INDICATOR_TEXT_MAX - indicator->length)
		length = INDICATOR_TEXT_MAX - indicator->length;
	if (length)
		memcpy(indicator->text + indicator->length, text, length);
	indicator->length += (uint32_t)length;
	indicator->text[indicator->length] = '\0';
}

/* The port of "host:port", 0: none; *length is then the host's alone. -1: no host and port. */
static int split_port(const char *text, size_t *length)
{
	const char *colon = memrchr(text, ':', *length);
	unsigned port = 0;

	if (!colon || text[*length - 1] == ']')
		return 0;
	for (const char *at = colon + 1; at < text + *length; at++) {
		if (*at < '0' || *at > '9' || port > 65535)
			return -1;
		port = port * 10 + (unsigned)(*at - '0');
	}
	*length = (size_t)(colon - text);
	return port > 65535 ? -1 : (int)port;
}

/* "http://user@Host:80/path?query#fragment", or without a scheme and with a path. */
static bool read_url(char *text, size_t length, struct indicator *indicator)
{
	char *end = text + length, *host = memmem(text, length, "://", 3), *path, *at;
	unsigned own = host ? scheme_port(text, (size_t)(host - text)) : 0;
	struct text name, rest, none = {0};
	size_t host_length;
	int port;

	host = host ? host + 3 : text;
	at = memchr(host, '#', (size_t)(end - host));
	end = at ? at : end;
	for (path = host; path < end && *path != '/' && *path != '?';)
		path++;
	at = memrchr(host, '@', (size_t)(path - host));
	host = at ? at + 1 : host;
	host_length = (size_t)(path - host);
	port = split_port(host, &host_length);
	if (!host_length || port < 0)
		return false;
	name = (struct text){host, (uint32_t)host_length};
	rest = (struct text){path, (uint32_t)(end - path)};
	indicator_url(&name, (unsigned)port == own ? 0 : (unsigned)port, &rest, &none, indicator);
	return true;
}

void indicator_url(const struct text *host, unsigned port, const struct text *path,
		   const struct text *query, struct indicator *indicator)
{
	char number[16];

	indicator->kind = INDICATOR_URL;
	indicator->length = 0;
	put(indicator, host->at, host->length);
	fold(indicator->text, indicator->length);
	if (port)
		put(indicator, number, (size_t)snprintf(number, sizeof(number), ":%u", port));
	if (!path->length || *path->at != '/')
		put(indicator, "/", 1);
	put(indicator, path->at, path->length);
	if (query->length) {
		put(indicator, "?", 1);
		put(indicator, query->at, query->length);
	}
}

static bool is_hex(const char *text, size_t length)
{
	return strspn(text, "0123456789abcdef") >= length;
}

/* t13d1516h2_8daaf6152771_b186095e22b6: 10, 12 and 12 characters, the last two hexadecimal. */
static bool is_ja4(const char *text, size_t length)
{
	return length == 36 && memchr("tqd", *text, 3) && text[10] == '_' && text[23] == '_' &&
	       is_hex(text + 11, 12) && is_hex(text + 24, 12) &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789") == 10;
}

static const struct {
	enum indicator_kind kind;
	size_t length;
} hashes[] = {
	{INDICATOR_MD5, 32}, {INDICATOR_JA3, 32}, {INDICATOR_SHA1, 40}, {INDICATOR_SHA256, 64}};

static bool read_hash(char *text, size_t length, enum indicator_kind kind,
		      struct indicator *indicator)
{
	fold(text, length);
	if ((kind == INDICATOR_ANY || kind == INDICATOR_JA4) && is_ja4(text, length))
		return take_text(indicator, INDICATOR_JA4, text, length);
	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++)
		if ((kind == INDICATOR_ANY || kind == hashes[i].kind) &&
		    hashes[i].length == length && is_hex(text, length))
			return take_text(indicator, hashes[i].kind, text, length);
	return false;
}

/* By what it looks like. A name is one with a dot: single words are headings and remarks. */
static bool guess(char *text, size_t length, struct indicator *indicator)
{
	if (memmem(text, length, "://", 3))
		return read_url(text, length, indicator);
	if (read_address(text, length, indicator))
		return true;
	if (memchr(text, '/', length)) {
		size_t host = strcspn(text, "/:");

		fold(text, host);
		return memchr(text, '.', host) && is_host(text, host) &&
		       read_url(text, length, indicator);
	}
	if (!memchr(text, '.', length))
		return read_hash(text, length, INDICATOR_ANY, indicator);
	return read_domain(text, length, indicator);
}

bool indicator_read(const char *text, size_t length, enum indicator_kind kind,
		    struct indicator *indicator)
{
	char armed[INDICATOR_TEXT_MAX + 1];

	if (!arm(text, length, armed, &length))
		return false;
	switch (kind) {
	case INDICATOR_ADDRESS:
		return read_address(armed, length, indicator);
	case INDICATOR_DOMAIN:
		return read_domain(armed, length, indicator);
	case INDICATOR_URL:
		return read_url(armed, length, indicator);
	case INDICATOR_JA3:
	case INDICATOR_JA4:
	case INDICATOR_MD5:
	case INDICATOR_SHA1:
	case INDICATOR_SHA256:
		return read_hash(armed, length, kind, indicator);
	case INDICATOR_ANY:
		break;
	}
	return guess(armed, length, indicator);
}
