/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/shapes.h"

#include <strings.h>

#include "decode/reader.h"

/* Each looks at what one side said first, in a row; of UDP at one datagram. */
typedef enum verdict (*shape)(const uint8_t *at, size_t length, const struct glimpse *g);

static enum verdict when(bool it)
{
	return it ? MINE : NOT_MINE;
}

static uint32_t number(const uint8_t *at, unsigned length)
{
	uint32_t n = 0;

	while (length--)
		n = n << 8 | *at++;
	return n;
}

static bool printable(const uint8_t *at, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (at[i] < ' ' || at[i] > '~')
			return false;
	return true;
}

static bool holds(const uint8_t *at, size_t length, const char *word)
{
	return memmem(at, length, word, strlen(word)) != NULL;
}

static bool on_port(const struct glimpse *g, uint16_t port)
{
	return g->port == port || g->client_port == port;
}

/* ---- tunnels ---- */

/* The first message of a handshake is always so long (WireGuard's paper, 5.4.2). */
static enum verdict wireguard(const uint8_t *at, size_t length, const struct glimpse *g)
{
	(void)g;
	return when(length == 148 && number(at, 4) == 0x01000000);
}

/* P_CONTROL_HARD_RESET_CLIENT_V2 or _V3, key 0; plain, or behind packet number 1 of tls-auth with
 * SHA-1 or SHA-256, or of tls-crypt. */
static bool openvpn_reset(const uint8_t *at, size_t length)
{
	static const uint8_t none[5];

	if (length < 14 || (at[0] != 0x38 && at[0] != 0x50))
		return false;
	if (length == 14)
		return !memcmp(at + 9, none, 5);
	return length >= 42 &&
	       (number(at + 9, 4) == 1 || number(at + 9, 4) == 0x0f000001 ||
		number(at + 29, 4) == 1 || (length >= 54 && number(at + 41, 4) == 1));
}

static enum verdict openvpn(const uint8_t *at, size_t length, const struct glimpse *g)
{
	if (g->over == OVER_UDP)
		return when(openvpn_reset(at, length));
	if (length < 2 || (length < 16 && !at[0]))
		return at[0] ? NOT_MINE : PERHAPS;
	return when(number(at, 2) == length - 2 && openvpn_reset(at + 2, length - 2));
}

/* RFC 7296, 3.1; RFC 2408, 3.1: the first message knows no responder yet. On port 4500 four
 * zeros stand before it. */
static enum verdict ike(const uint8_t *at, size_t length, const struct glimpse *g)
{
	static const uint8_t none[8];

	(void)g;
	if (length >= 32 && !number(at, 4)) {
		at += 4;
		length -= 4;
	}
	return when(length >= 28 && memcmp(at, none, 8) && !memcmp(at + 8, none, 8) &&
		    (at[17] == 0x20 || at[17] == 0x10) && number(at + 24, 4) == length);
}

/* RFC 1928, 3, and SOCKS 4: nothing more is said before the answer. */
static enum verdict socks(const uint8_t *at, size_t length, const struct glimpse *g)
{
	(void)g;
	if (at[0] == 5) {
		if (length < 2)
			return PERHAPS;
		if (!at[1] || at[1] > 10 || length > 2u + at[1])
			return NOT_MINE;
		for (size_t i = 2; i < length; i++)
			if (at[i] > 9 && at[i] < 0x80)
				return NOT_MINE;
		return length == 2u + at[1] ? MINE : PERHAPS;
	}
	if (at[0] != 4 || (length > 1 && at[1] != 1 && at[1] != 2))
		return NOT_MINE;
	if (length < 9)
		return PERHAPS;
	return when(number(at + 2, 2) && !at[length - 1] &&
		    (!number(at + 4, 3) || printable(at + 8, length - 9)));
}

/* ---- calls ---- */

/* RFC 8489, 5: two zero bits, a length of whole words, the magic cookie. */
static enum verdict stun(const uint8_t *at, size_t length, const struct glimpse *g)
{
	if (length < 8)
		return g->over == OVER_TCP && at[0] < 2 ? PERHAPS : NOT_MINE;
	return when(at[0] < 0x40 && !(at[3] & 3) && number(at + 4, 4) == 0x2112a442 &&
		    (g->over == OVER_TCP || number(at + 2, 2) + 20u <= length));
}

/* RFC 6347, 4.1 and 4.2: a record with a hello, or with what verifies one. */
static enum verdict dtls(const uint8_t *at, size_t length, const struct glimpse *g)
{
	(void)g;
	return when(length > 25 && at[0] == 22 && at[1] == 0xfe && at[2] >= 0xfc && !at[3] &&
		    !at[4] && number(at + 11, 2) <= length - 13 && (at[13] == 1 || at[13] == 3));
}

/* ---- peers ---- */

/* BEP 29: a SYN, whose difference of times is 0, with or without an extension. */
static enum verdict utp(const uint8_t *at, size_t length, const struct glimpse *g)
{
	(void)g;
	return when((length == 20 || length == 30) && at[0] == 0x41 &&
		    at[1] == (length == 20 ? 0 : 2) && !number(at + 8, 4));
}

static const char *const to_a_pool[] = {"\"mining.subscribe\"", "\"mining.authorize\"",
					"\"mining.configure\"", "\"eth_submitLogin\"",
					"\"eth_login\"",	NULL};
static const char *const from_a_pool[] = {"\"mining.notify\"", "\"mining.set_difficulty\"",
					  "\"mining.set_target\"", "\"mining.set_extranonce\"",
					  NULL};

static bool holds_any(const uint8_t *at, size_t length, const char *const *words)
{
	while (*words && !holds(at, length, *words))
		words++;
	return *words;
}

static bool monero(const uint8_t *at, size_t length)
{
	bool login = holds(at, length, "\"login\"") && holds(at, length, "\"pass\"") &&
		     (holds(at, length, "\"agent\"") || holds(at, length, "\"algo\""));

	return login || (holds(at, length, "\"job_id\"") && holds(at, length, "\"blob\"") &&
			 holds(at, length, "\"target\""));
}

/* A pool's protocol: a JSON object a line, of Bitcoin, Ethereum and its kin, Monero. */
static enum verdict stratum(const uint8_t *at, size_t length, const struct glimpse *g)
{
	(void)g;
	if (at[0] != '{')
		return NOT_MINE;
	if (holds_any(at, length, to_a_pool) || holds_any(at, length, from_a_pool) ||
	    monero(at, length))
		return MINE;
	return memchr(at, '\n', length) ? NOT_MINE : PERHAPS;
}

/* ---- directories ---- */

/* The length of BER's definite form; false: not so. */
static bool ber(struct reader_bytes *r, uint8_t tag, size_t *length)
{
	uint8_t first;

	if (bytes_u8(r) != tag)
		return false;
	first = bytes_u8(r);
	if (first > 0x84 || first == 0x80)
		return false;
	*length = first < 0x80 ? first : (size_t)bytes_number(r, first & 0x7f);
	return !r->failed;
}

enum { LDAP_BIND = 0x60, LDAP_SEARCH = 0x63, LDAP_EXTENDED = 0x77 };

/* RFC 4511: message 1 or so, a bind, a search, or STARTTLS. */
static enum verdict ldap(const uint8_t *at, size_t length, const struct glimpse *g)
{
	struct reader_bytes r = bytes_of(at, length);
	size_t whole, id;

	if (at[0] != 0x30)
		return NOT_MINE;
	if (length < 14)
		return g->over == OVER_TCP ? PERHAPS : NOT_MINE;
	if (!ber(&r, 0x30, &whole) || whole > 1 << 20 || !ber(&r, 2, &id) || !id || id > 4)
		return NOT_MINE;
	bytes_take(&r, id);
	if (!bytes_left(&r) || (g->over == OVER_UDP && whole > length))
		return NOT_MINE;
	if (*r.at != LDAP_BIND)
		return when(*r.at == LDAP_SEARCH || *r.at == LDAP_EXTENDED);
	return when(ber(&r, LDAP_BIND, &whole) && ber(&r, 2, &whole) && whole == 1 &&
		    bytes_u8(&r) <= 3);
}

/* RFC 4120, 5.4.1: AS-REQ and TGS-REQ of version 5. */
static enum verdict kerberos(const uint8_t *at, size_t length, const struct glimpse *g)
{
	struct reader_bytes r = bytes_of(at, length);
	uint8_t tag;
	size_t size;

	if (g->over == OVER_TCP) {
		if (length < 24)
			return at[0] ? NOT_MINE : PERHAPS;
		if (bytes_u32(&r) > 1 << 16)
			return NOT_MINE;
	}
	tag = bytes_left(&r) ? *r.at : 0;
	if ((tag != 0x6a && tag != 0x6c) || !ber(&r, tag, &size) || !ber(&r, 0x30, &size))
		return NOT_MINE;
	return when(bytes_u32(&r) == 0xa1030201 && bytes_u8(&r) == 5 && !r.failed);
}

/* RFC 2865, 3: attributes fill the packet to its end. */
static enum verdict radius(const uint8_t *at, size_t length, const struct glimpse *g)
{
	size_t i = 20;

	(void)g;
	if (length < 22 || (at[0] != 1 && at[0] != 4 && at[0] != 12) || number(at + 2, 2) != length)
		return NOT_MINE;
	while (i + 2 <= length && at[i] && at[i + 1] >= 2)
		i += at[i + 1];
	return when(i == length);
}

/* ---- the network's own ---- */

/* RFC 5905, 7.3: a client's packet. Off its port only the form that asks for nothing but time. */
static enum verdict ntp(const uint8_t *at, size_t length, const struct glimpse *g)
{
	static const uint8_t none[36];
	uint8_t version = at[0] >> 3 & 7, mode = at[0] & 7;

	if ((length != 48 && length != 68 && length != 72) || !version || version > 4 || at[1] > 16)
		return NOT_MINE;
	if (on_port(g, 123))
		return when(mode >= 1 && mode <= 5 && at[2] <= 17);
	return when(mode == 3 && length == 48 && !at[1] && !memcmp(at + 4, none, 36));
}

/* RFC 1157, 3416, 3412: version, then a community and a request, or the header of version 3. */
static enum verdict snmp(const uint8_t *at, size_t length, const struct glimpse *g)
{
	struct reader_bytes r = bytes_of(at, length);
	size_t size;
	uint8_t version;
	const uint8_t *community;

	(void)g;
	if (!ber(&r, 0x30, &size) || size != bytes_left(&r) || !ber(&r, 2, &size) || size != 1)
		return NOT_MINE;
	version = bytes_u8(&r);
	if (version == 3)
		return when(ber(&r, 0x30, &size) && size <= bytes_left(&r) && ber(&r, 2, &size));
	if (version > 1 || !ber(&r, 4, &size))
		return NOT_MINE;
	community = bytes_take(&r, size);
	return when(community && printable(community, size) && bytes_left(&r) && *r.at >= 0xa0 &&
		    *r.at <= 0xa8);
}

/* RFC 3164, RFC 5424: <PRI>; over TCP perhaps behind its length (RFC 6587). */
static enum verdict syslog(const uint8_t *at, size_t length, const struct glimpse *g)
{
	size_t i = 0;
	unsigned priority = 0;

	if (g->over == OVER_TCP && at[0] >= '1' && at[0] <= '9')
		while (i < length && i < 6 && at[i] >= '0' && at[i] <= '9')
			i++;
	if (i && (i >= length || at[i++] != ' '))
		return i >= length ? PERHAPS : NOT_MINE;
	if (i < length && at[i++] != '<')
		return NOT_MINE;
	for (unsigned digits = 0; i < length && at[i] >= '0' && at[i] <= '9'; digits++) {
		if (digits == 3)
			return NOT_MINE;
		priority = priority * 10 + at[i++] - '0';
	}
	if (i + 8 > length)
		return g->over == OVER_TCP ? PERHAPS : NOT_MINE;
	return when(at[i - 1] != '<' && at[i] == '>' && priority <= 191 &&
		    printable(at + i + 1, 7));
}

/* RFC 5531, 9: a call of version 2; the programs that are given numbers by Sun's list. */
static enum verdict sunrpc(const uint8_t *at, size_t length, const struct glimpse *g)
{
	if (g->over == OVER_TCP) {
		if (length < 4 || !(at[0] & 0x80))
			return at[0] & 0x80 ? PERHAPS : NOT_MINE;
		at += 4;
		length -= 4;
	}
	if (length < 20)
		return g->over == OVER_TCP ? PERHAPS : NOT_MINE;
	return when(!number(at + 4, 4) && number(at + 8, 4) == 2 && number(at + 12, 4) >= 100000 &&
		    number(at + 12, 4) < 401000 && number(at + 16, 4) < 10);
}

/* RFC 1350, 5: a name and a mode. */
static enum verdict tftp(const uint8_t *at, size_t length, const struct glimpse *g)
{
	const uint8_t *end;
	size_t name;

	(void)g;
	if (length < 9 || at[0] || (at[1] != 1 && at[1] != 2))
		return NOT_MINE;
	end = memchr(at + 2, 0, length - 2);
	name = end ? (size_t)(end - at) - 2 : 0;
	if (!name || !printable(at + 2, name))
		return NOT_MINE;
	at = end + 1;
	length -= name + 3;
	return when((length >= 6 && !strncasecmp((const char *)at, "octet", 6)) ||
		    (length >= 9 && !strncasecmp((const char *)at, "netascii", 9)));
}

/* RFC 854: negotiation of known options, command by command. */
static enum verdict telnet(const uint8_t *at, size_t length, const struct glimpse *g)
{
	size_t i = 0;

	(void)g;
	while (i + 3 <= length && at[i] == 0xff && at[i + 1] >= 0xfb && at[i + 1] <= 0xfe &&
	       at[i + 2] < 50)
		i += 3;
	if (i >= 6 || (i && i == length))
		return i >= 6 ? MINE : PERHAPS;
	if (length < 7)
		return at[0] == 0xff ? PERHAPS : NOT_MINE;
	return when(i == 3 && printable(at + 3, 4));
}

/* ---- mail and files ---- */

/* A greeting of three digits: what it calls itself by. */
static enum verdict greeting(const uint8_t *at, size_t length, const char *word)
{
	const uint8_t *end = memchr(at, '\n', length);
	size_t line = end ? (size_t)(end - at) : length;

	if (memcmp(at, "220", length < 3 ? length : 3))
		return NOT_MINE;
	for (size_t i = 3; i + strlen(word) <= line; i++)
		if (!strncasecmp((const char *)at + i, word, strlen(word)))
			return MINE;
	return end ? NOT_MINE : PERHAPS;
}

static enum verdict smtp(const uint8_t *at, size_t length, const struct glimpse *g)
{
	return g->length[SIDE_CLIENT] ? NOT_MINE : greeting(at, length, "SMTP");
}

static enum verdict ftp(const uint8_t *at, size_t length, const struct glimpse *g)
{
	return g->length[SIDE_CLIENT] ? NOT_MINE : greeting(at, length, "FTP");
}

static enum verdict xmpp(const uint8_t *at, size_t length, const struct glimpse *g)
{
	(void)g;
	if (memcmp(at, "<?xml ", length < 6 ? length : 6))
		return NOT_MINE;
	return holds(at, length, "<stream:stream") ? MINE : length < 512 ? PERHAPS : NOT_MINE;
}

/* ---- stores ---- */

/* The handshake of version 10, in one packet numbered 0; the server's version begins by a digit. */
static enum verdict mysql(const uint8_t *at, size_t length, const struct glimpse *g)
{
	if (g->length[SIDE_CLIENT] || (length > 2 && (at[1] || at[2])))
		return NOT_MINE;
	if (length < 8)
		return PERHAPS;
	return when(!at[3] && at[4] == 10 && at[0] >= 40 && at[5] >= '3' && at[5] <= '9' &&
		    (at[6] == '.' || (at[6] >= '0' && at[6] <= '9')));
}

/* An array of texts: *N, then $LENGTH. */
static enum verdict redis(const uint8_t *at, size_t length, const struct glimpse *g)
{
	size_t i = 1;

	(void)g;
	if (at[0] != '*')
		return NOT_MINE;
	while (i < length && i < 6 && at[i] >= '0' && at[i] <= '9')
		i++;
	if (i + 4 > length)
		return PERHAPS;
	return when(i > 1 && !memcmp(at + i, "\r\n$", 3) && at[i + 3] >= '0' && at[i + 3] <= '9');
}

/* The binary form, or a command to store that says how many bytes follow. */
static enum verdict memcached(const uint8_t *at, size_t length, const struct glimpse *g)
{
	const uint8_t *end = memchr(at, '\n', length);
	unsigned spaces = 0;

	(void)g;
	if (at[0] == 0x80) {
		if (length < 24)
			return PERHAPS;
		return when(at[1] <= 0x25 && !at[5] && !number(at + 6, 2) &&
			    number(at + 8, 4) >= number(at + 2, 2) + at[4] &&
			    number(at + 8, 4) < 1 << 20);
	}
	if (memcmp(at, "set ", length < 4 ? length : 4) &&
	    memcmp(at, "get ", length < 4 ? length : 4))
		return NOT_MINE;
	if (!end)
		return length < 300 ? PERHAPS : NOT_MINE;
	for (const uint8_t *c = at; c < end; c++)
		spaces += *c == ' ';
	return when(end > at + 4 && end[-1] == '\r' && (at[0] == 'g' || spaces == 4));
}

/* A first request, whole: its length, a known kind and version, the client's name. */
static enum verdict kafka(const uint8_t *at, size_t length, const struct glimpse *g)
{
	uint32_t name;

	(void)g;
	if (length < 14)
		return at[0] ? NOT_MINE : PERHAPS;
	name = number(at + 12, 2);
	return when(number(at, 4) == length - 4 && number(at + 4, 2) < 100 &&
		    number(at + 6, 2) < 20 && name && name <= length - 14 &&
		    printable(at + 14, name));
}

/* OPTIONS, with which drivers begin: no body. */
static enum verdict cassandra(const uint8_t *at, size_t length, const struct glimpse *g)
{
	(void)g;
	if (at[0] < 3 || at[0] > 6)
		return NOT_MINE;
	if (length < 9)
		return PERHAPS;
	return when(length == 9 && at[1] <= 0x10 && at[4] == 5 && !number(at + 5, 4));
}

/* RFC 7143, 11.12: a login request, whose first key is the name. */
static enum verdict iscsi(const uint8_t *at, size_t length, const struct glimpse *g)
{
	static const char key[] = "InitiatorName=";

	(void)g;
	if ((at[0] & 0x3f) != 3)
		return NOT_MINE;
	if (length < 48 + sizeof(key) - 1)
		return PERHAPS;
	return when(!memcmp(at + 48, key, sizeof(key) - 1));
}

/* [MS-TDS] 2.2.3.1: PRELOGIN, whole and alone; its options begin with the version. */
static enum verdict tds(const uint8_t *at, size_t length, const struct glimpse *g)
{
	(void)g;
	if (at[0] != 0x12 || (length > 1 && at[1] != 1))
		return NOT_MINE;
	if (length < 14)
		return PERHAPS;
	return when(number(at + 2, 2) == length && !at[7] && !at[8] && number(at + 11, 2) == 6);
}

/* Oracle: a connect packet that says what to. */
static enum verdict tns(const uint8_t *at, size_t length, const struct glimpse *g)
{
	(void)g;
	if (length < 8)
		return at[0] ? NOT_MINE : PERHAPS;
	if (number(at + 2, 2) || at[4] != 1 || at[5] > 8)
		return NOT_MINE;
	return holds(at, length, "(CONNECT_DATA") || holds(at, length, "(DESCRIPTION") ? MINE
	       : length < 128							       ? PERHAPS
										       : NOT_MINE;
}

/* ---- machines ---- */

static enum verdict modbus(const uint8_t *at, size_t length, const struct glimpse *g)
{
	(void)g;
	if (length < 8)
		return length > 3 && number(at + 2, 2) ? NOT_MINE : PERHAPS;
	return when(!number(at + 2, 2) && number(at + 4, 2) == length - 6 && length <= 260 &&
		    at[7] && at[7] <= 43 && on_port(g, 502));
}

static enum verdict bacnet(const uint8_t *at, size_t length, const struct glimpse *g)
{
	(void)g;
	return when(length > 6 && at[0] == 0x81 && at[1] <= 11 && number(at + 2, 2) == length &&
		    (at[4] == 1 || (length > 10 && at[10] == 1)));
}

/* ---- all of them ---- */

static const struct {
	const char *name;
	uint8_t over, side;
	shape is;
} shapes[] = {
	{"wireguard", OVER_UDP, SIDE_CLIENT, wireguard},
	{"openvpn", OVER_UDP | OVER_TCP, SIDE_CLIENT, openvpn},
	{"ike", OVER_UDP, SIDE_CLIENT, ike},
	{"socks", OVER_TCP, SIDE_CLIENT, socks},
	{"stun", OVER_UDP | OVER_TCP, SIDE_CLIENT, stun},
	{"stun", OVER_UDP, SIDE_SERVER, stun},
	{"dtls", OVER_UDP, SIDE_CLIENT, dtls},
	{"dtls", OVER_UDP, SIDE_SERVER, dtls},
	{"bittorrent", OVER_UDP, SIDE_CLIENT, utp},
	{"stratum", OVER_TCP, SIDE_CLIENT, stratum},
	{"stratum", OVER_TCP, SIDE_SERVER, stratum},
	{"ldap", OVER_TCP | OVER_UDP, SIDE_CLIENT, ldap},
	{"kerberos", OVER_TCP | OVER_UDP, SIDE_CLIENT, kerberos},
	{"radius", OVER_UDP, SIDE_CLIENT, radius},
	{"ntp", OVER_UDP, SIDE_CLIENT, ntp},
	{"ntp", OVER_UDP, SIDE_SERVER, ntp},
	{"snmp", OVER_UDP, SIDE_CLIENT, snmp},
	{"snmp", OVER_UDP, SIDE_SERVER, snmp},
	{"syslog", OVER_UDP | OVER_TCP, SIDE_CLIENT, syslog},
	{"sunrpc", OVER_UDP | OVER_TCP, SIDE_CLIENT, sunrpc},
	{"tftp", OVER_UDP, SIDE_CLIENT, tftp},
	{"telnet", OVER_TCP, SIDE_SERVER, telnet},
	{"telnet", OVER_TCP, SIDE_CLIENT, telnet},
	{"smtp", OVER_TCP, SIDE_SERVER, smtp},
	{"ftp", OVER_TCP, SIDE_SERVER, ftp},
	{"xmpp", OVER_TCP, SIDE_CLIENT, xmpp},
	{"mysql", OVER_TCP, SIDE_SERVER, mysql},
	{"redis", OVER_TCP, SIDE_CLIENT, redis},
	{"memcached", OVER_TCP, SIDE_CLIENT, memcached},
	{"kafka", OVER_TCP, SIDE_CLIENT, kafka},
	{"cassandra", OVER_TCP, SIDE_CLIENT, cassandra},
	{"iscsi", OVER_TCP, SIDE_CLIENT, iscsi},
	{"tds", OVER_TCP, SIDE_CLIENT, tds},
	{"tns", OVER_TCP, SIDE_CLIENT, tns},
	{"modbus", OVER_TCP, SIDE_CLIENT, modbus},
	{"bacnet", OVER_UDP, SIDE_CLIENT, bacnet},
};

#define SHAPES (sizeof(shapes) / sizeof(shapes[0]))

const char *shape_of(const struct glimpse *g, bool *perhaps)
{
	for (size_t i = 0; i < SHAPES; i++) {
		uint8_t side = shapes[i].side;
		enum verdict verdict;

		if (!(shapes[i].over & g->over))
			continue;
		if (!g->length[side]) {
			*perhaps |= g->over == OVER_TCP;
			continue;
		}
		verdict = shapes[i].is(g->bytes[side], g->length[side], g);
		if (verdict == MINE)
			return shapes[i].name;
		*perhaps |= verdict == PERHAPS;
	}
	return NULL;
}

const char *shape_name(const char *name, size_t length)
{
	for (size_t i = 0; i < SHAPES; i++)
		if (strlen(shapes[i].name) == length && !strncasecmp(shapes[i].name, name, length))
			return shapes[i].name;
	return NULL;
}
