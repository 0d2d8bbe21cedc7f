/* SPDX-License-Identifier: Apache-2.0 */
/* Reasons for which a connection to the outside is unusual, each alone a weak one. */
#include <strings.h>

#include "enrich/derivation.h"
#include "enrich/letters.h"

static bool text_is(const struct text *text, const char *word)
{
	return text->length == strlen(word) && !strncasecmp(text->at, word, text->length);
}

static bool unnamed(const struct derive *derive, const struct event *e)
{
	(void)derive;
	return event_has(e, FIELD_DESTINATION_NAMED) && !e->destination_named;
}

/*
 * What is spoken on a port by right; ended by NULL. Inputs have several names for some. Calls and
 * private networks use 443 to get through firewalls, which makes none of them unusual.
 */
static const struct {
	uint16_t port;
	const char *protocols[12];
} own_protocols[] = {
	{443,
	 {"tls", "ssl", "https", "quic", "dtls", "stun", "turn", "wireguard", "openvpn", "whatsapp",
	  NULL}},
	{80, {"http", "http1", "http2", "websocket", NULL}},
	{53, {"dns", NULL}},
};

/* Words with which inputs say that they do not know. */
static bool unknown_protocol(const struct text *protocol)
{
	return !protocol->length || text_is(protocol, "unknown") || text_is(protocol, "failed") ||
	       text_is(protocol, "-");
}

/* Zeek joins what it found by commas: "ssl,http". */
static bool any_is(const struct text *list, const char *const *words)
{
	for (const char *at = list->at, *end = at + list->length; at < end; at++) {
		const char *comma = memchr(at, ',', (size_t)(end - at));
		struct text one = {at, (uint32_t)((comma ? comma : end) - at)};

		for (size_t i = 0; words[i]; i++)
			if (text_is(&one, words[i]))
				return true;
		at += one.length;
	}
	return false;
}

/* Transports are no protocols of their own: a row that says "tcp" says nothing here. */
static bool is_transport(const struct text *protocol)
{
	return field_enum_number(FIELD_NETWORK_TRANSPORT, protocol->at, protocol->length) >= 0;
}

static bool foreign_protocol(const struct derive *derive, const struct event *e)
{
	(void)derive;
	if (!event_has(e, FIELD_NETWORK_PROTOCOL) || !event_has(e, FIELD_DESTINATION_PORT) ||
	    unknown_protocol(&e->network_protocol))
		return false;
	for (size_t i = 0; i < sizeof(own_protocols) / sizeof(own_protocols[0]); i++)
		if (own_protocols[i].port == e->destination_port)
			return !any_is(&e->network_protocol, own_protocols[i].protocols) &&
			       !is_transport(&e->network_protocol);
	return false;
}

static bool self_signed(const struct derive *derive, const struct event *e)
{
	(void)derive;
	return event_has(e, FIELD_TLS_SELF_SIGNED) && e->tls_self_signed;
}

static bool random_name(const struct derive *derive, const struct event *e)
{
	struct text label;

	(void)e;
	return derive->destination.length &&
	       domain_chosen(derive->domains, &derive->destination, &label) &&
	       letters_random(label.at, label.length);
}

static bool unpackaged(const struct derive *derive, const struct event *e)
{
	(void)derive;
	return event_has(e, FIELD_PROCESS_PACKAGED) && !e->process_packaged;
}

static bool deleted(const struct derive *derive, const struct event *e)
{
	(void)derive;
	return event_has(e, FIELD_PROCESS_DELETED) && e->process_deleted;
}

static bool strange_place(const struct derive *derive, const struct event *e)
{
	static const char *const places[] = {"memory", "tmp", "shm", "home"};

	(void)derive;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (event_has(e, FIELD_PROCESS_LOCATION) &&
		    text_is(&e->process_location, places[i]))
			return true;
	return false;
}

static const struct {
	const char *name;
	bool (*holds)(const struct derive *derive, const struct event *event);
} reasons[] = {
	{"unnamed", unnamed},	      {"protocol", foreign_protocol}, {"self_signed", self_signed},
	{"random_name", random_name}, {"unpackaged", unpackaged},     {"deleted", deleted},
	{"location", strange_place},
};

void derive_channel(struct derive *derive, struct event *e)
{
	size_t used = 0;

	if (event_has(e, FIELD_CHANNEL_UNUSUAL) || !event_has(e, FIELD_DESTINATION_IP) ||
	    e->destination_scope != SCOPE_EXTERNAL)
		return;
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		size_t length = strlen(reasons[i].name);

		if (!reasons[i].holds(derive, e) || used + 1 + length > CHANNEL_TEXT_MAX)
			continue;
		if (used)
			derive->channel_text[used++] = TEXTS_JOINT;
		memcpy(derive->channel_text + used, reasons[i].name, length);
		used += length;
	}
	if (used)
		derive_text(e, CHANNEL_UNUSUAL, channel_unusual, derive->channel_text, used);
}
