/* SPDX-License-Identifier: Apache-2.0 */
/* What of an event is on a threat list (docs/threat-lists.md). */
#include "enrich/derivation.h"

/* The worst find so far; of equals the first: what is looked for first says most. */
struct find {
	const struct threat *threat;
	weir_time at;
	bool found;
	struct threat_hit hit;
	struct indicator what; /* that was found */
	struct indicator next; /* that is looked for */
};

static void look(struct find *find)
{
	struct threat_hit hit;

	if (!threat_match(find->threat, &find->next, find->at, &hit))
		return;
	if (find->found && hit.list->level <= find->hit.list->level)
		return;
	find->found = true;
	find->hit = hit;
	find->what = find->next;
}

static void look_for_text(struct find *find, enum indicator_kind kind, const struct text *text)
{
	if (threat_has(find->threat, kind) &&
	    indicator_read(text->at, text->length, kind, &find->next))
		look(find);
}

static void look_for_address(struct find *find, const struct addr *address)
{
	find->next.kind = INDICATOR_ADDRESS;
	find->next.network = (struct network){*address, 128};
	find->next.length = 0;
	look(find);
}

/* A name, or an address in its place. */
static void look_for_host(struct find *find, const struct text *host)
{
	struct addr address;

	if (!addr_parse(host->at, host->length, &address))
		look_for_address(find, &address);
	else
		look_for_text(find, INDICATOR_DOMAIN, host);
}

static bool is_absolute(const struct text *url)
{
	return memmem(url->at, url->length < 16 ? url->length : 16, "://", 3);
}

/* As it was asked for; a listed URL without a query stands for itself with any. */
static void look_for_url(struct find *find, const struct event *e)
{
	bool ordinary = !event_has(e, FIELD_DESTINATION_PORT) || e->destination_port == 80 ||
			e->destination_port == 443;
	const struct text none = {"", 0},
			  *path = event_has(e, FIELD_URL_PATH) ? &e->url_path : &none;
	const char *query;

	if (!threat_has(find->threat, INDICATOR_URL))
		return;
	if (event_has(e, FIELD_URL_ORIGINAL) && is_absolute(&e->url_original)) {
		look_for_text(find, INDICATOR_URL, &e->url_original);
	} else if (event_has(e, FIELD_URL_DOMAIN)) {
		indicator_url(&e->url_domain, ordinary ? 0 : (unsigned)e->destination_port, path,
			      event_has(e, FIELD_URL_QUERY) ? &e->url_query : &none, &find->next);
		look(find);
	} else {
		return;
	}
	query = find->next.kind == INDICATOR_URL ? memchr(find->next.text, '?', find->next.length)
						 : NULL;
	if (!query)
		return;
	find->next.length = (uint32_t)(query - find->next.text);
	look(find);
}

/* Texts that are looked for as what they are, those that say most first. */
static const struct {
	enum field field;
	enum indicator_kind kind;
} texts[] = {
	{FIELD_FILE_SHA256, INDICATOR_SHA256}, {FIELD_FILE_SHA1, INDICATOR_SHA1},
	{FIELD_FILE_MD5, INDICATOR_MD5},       {FIELD_TLS_JA4, INDICATOR_JA4},
	{FIELD_TLS_JA3, INDICATOR_JA3},
};

static const enum field hosts[] = {FIELD_TLS_SERVER_NAME, FIELD_URL_DOMAIN,
				   FIELD_DNS_QUESTION_NAME};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static void look_for_texts(struct find *find, const struct event *e)
{
	for (size_t i = 0; i < LENGTH(texts); i++)
		if (event_has(e, texts[i].field))
			look_for_text(find, texts[i].kind, event_slot(e, texts[i].field));
	for (size_t i = 0; i < LENGTH(hosts); i++)
		if (event_has(e, hosts[i]))
			look_for_host(find, event_slot(e, hosts[i]));
}

/* The ends that are outside, and what a resolver says of outside. */
static void look_for_addresses(struct find *find, const struct event *e)
{
	struct text answer;

	if (!threat_has(find->threat, INDICATOR_ADDRESS))
		return;
	if (event_has(e, FIELD_DESTINATION_IP) && e->destination_scope == SCOPE_EXTERNAL)
		look_for_address(find, &e->destination_ip);
	if (event_has(e, FIELD_SOURCE_IP) && e->source_scope == SCOPE_EXTERNAL)
		look_for_address(find, &e->source_ip);
	if (!event_has(e, FIELD_DNS_ANSWERS))
		return;
	for (uint32_t at = 0; texts_next(&e->dns_answers, &at, &answer);) {
		struct addr address;

		if (!addr_parse(answer.at, answer.length, &address))
			look_for_address(find, &address);
	}
}

static size_t network_text(const struct find *find, char text[INDICATOR_TEXT_MAX + 1])
{
	const struct addr *address = &find->what.network.base;
	unsigned prefix = find->hit.entry->size, i = (prefix + 7) / 8;
	struct addr base = *address;

	if (prefix % 8)
		base.byte[prefix / 8] &= (uint8_t)(0xff00 >> prefix % 8);
	memset(base.byte + i, 0, 16 - i);
	addr_format(&base, text);
	if (prefix < 128)
		snprintf(text + strlen(text), 8, "/%u",
			 addr_is_v4(&base) && prefix >= 96 ? prefix - 96 : prefix);
	return strlen(text);
}

/* The entry as the list has it, but for how it writes it. */
static size_t entry_text(const struct find *find, char text[INDICATOR_TEXT_MAX + 1])
{
	size_t at = 0;

	if (find->what.kind == INDICATOR_ADDRESS)
		return network_text(find, text);
	if (find->what.kind == INDICATOR_DOMAIN)
		at = threat_suffix(find->what.text, find->what.length, find->hit.entry->size);
	memcpy(text, find->what.text + at, find->what.length - at);
	return find->what.length - at;
}

/* Names of STIX 2.1's object types, where it has one. */
static const char *type_name(const struct find *find)
{
	static const char *const names[INDICATOR_KINDS] = {
		[INDICATOR_ADDRESS] = "ipv4-addr", [INDICATOR_DOMAIN] = "domain-name",
		[INDICATOR_URL] = "url",	   [INDICATOR_JA3] = "ja3",
		[INDICATOR_JA4] = "ja4",	   [INDICATOR_MD5] = "file",
		[INDICATOR_SHA1] = "file",	   [INDICATOR_SHA256] = "file",
	};

	if (find->what.kind == INDICATOR_ADDRESS && !addr_is_v4(&find->what.network.base))
		return "ipv6-addr";
	return names[find->what.kind];
}

static void tell(struct derive *derive, struct event *e, const struct find *find)
{
	enum threat_level level = find->hit.list->level;
	weir_time age = find->at - find->hit.changed;
	const char *name = find->hit.list->name, *type = type_name(find);

	/* What is stale weighs less. */
	if (find->hit.stale && level > THREAT_LOW)
		level--;
	derive_text(e, THREAT_INDICATOR, threat_indicator, derive->threat_text,
		    entry_text(find, derive->threat_text));
	derive_text(e, THREAT_TYPE, threat_type, type, strlen(type));
	derive_text(e, THREAT_FEED, threat_feed, name, strlen(name));
	derive_text(e, THREAT_FEED_LEVEL, threat_feed_level, threat_level_name(level),
		    strlen(threat_level_name(level)));
	event_set(e, THREAT_FEED_AGE, threat_feed_age,
		  age > 0 ? (double)age / (double)WEIR_DAY : 0);
}

void derive_threat(struct derive *derive, struct event *e)
{
	struct find find; /* only what is looked for is filled in: it is large */

	if (event_has(e, FIELD_THREAT_INDICATOR))
		return;
	find.threat = derive->threat;
	find.at = e->time;
	find.found = false;
	look_for_url(&find, e);
	look_for_texts(&find, e);
	look_for_addresses(&find, e);
	if (find.found)
		tell(derive, e, &find);
}
