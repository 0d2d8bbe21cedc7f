/* SPDX-License-Identifier: Apache-2.0 */
/* The name of a destination: what the client asked for, else the one its address goes by. */
#include <strings.h>

#include "enrich/derivation.h"

/* The name in a request: the server name of TLS, the host of a URL. */
static const struct text *requested(const struct event *e)
{
	if (event_has(e, FIELD_TLS_SERVER_NAME))
		return &e->tls_server_name;
	if ((e->service == SERVICE_HTTP || e->service == SERVICE_FILE) &&
	    event_has(e, FIELD_URL_DOMAIN))
		return &e->url_domain;
	return NULL;
}

/* "example.com:8080" as some inputs have it. */
static bool read_name(struct derive *derive, const struct text *name)
{
	struct text host = *name;
	const char *colon = memchr(host.at, ':', host.length);

	if (colon)
		host.length = (uint32_t)(colon - host.at);
	return domain_read(derive->domains, &host, derive->destination_text, &derive->destination);
}

/* Who asks, as one: a host by all its addresses, where they are known to be one's. */
static const struct addr *client_of(const struct derive *derive, const struct event *e)
{
	static const struct addr nobody, self = {.byte = {[15] = 1}};

	if (!event_has(e, FIELD_SOURCE_IP))
		return &nobody;
	if (e->source_scope == SCOPE_LOOPBACK ||
	    (derive->local && network_set_has(derive->local, &e->source_ip)))
		return &self;
	return &e->source_ip;
}

static bool find_name(struct derive *derive, const struct event *e)
{
	const struct text *name =
		event_has(e, FIELD_DESTINATION_DOMAIN) ? &e->destination_domain : requested(e);

	if (name && read_name(derive, name))
		return true;
	return event_has(e, FIELD_DESTINATION_IP) &&
	       names_find(derive->names, client_of(derive, e), &e->destination_ip, e->time,
			  &derive->destination);
}

void derive_destination(struct derive *derive, struct event *e)
{
	const struct domain *domain = &derive->destination;

	if (!find_name(derive, e)) {
		derive->destination.length = 0;
		return;
	}
	if (!event_has(e, FIELD_DESTINATION_DOMAIN))
		event_set(e, DESTINATION_DOMAIN, destination_domain, domain_text(domain));
	if (domain->registered >= 0 && !event_has(e, FIELD_DESTINATION_REGISTERED_DOMAIN))
		event_set(e, DESTINATION_REGISTERED_DOMAIN, destination_registered_domain,
			  domain_registered(domain));
}

static bool is_nowhere(const struct addr *address)
{
	static const uint8_t zero[16];

	if (addr_is_v4(address))
		return address->byte[12] == 0 || address->byte[12] == 127;
	return !memcmp(address->byte, zero, 15); /* :: and ::1 */
}

/* Types whose data are what their owner likes: what looks like an address in them is none. */
static bool answers_addresses(const struct event *e)
{
	static const char *const others[] = {"TXT", "SPF", "NULL", "HINFO", "CAA", "URI"};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (event_has(e, FIELD_DNS_QUESTION_TYPE) &&
		    e->dns_question_type.length == strlen(others[i]) &&
		    !strncasecmp(e->dns_question_type.at, others[i], strlen(others[i])))
			return false;
	return true;
}

/* Without a TTL, as inputs have it that do not know: as long as can be. */
static weir_time ttl_of(const struct event *e)
{
	if (!event_has(e, FIELD_DNS_ANSWERS_TTL) || e->dns_answers_ttl > NAMES_MOST / WEIR_SEC)
		return NAMES_MOST;
	return (weir_time)e->dns_answers_ttl * WEIR_SEC;
}

/* All addresses are of the name that was asked for, whatever other names lead to them. */
static void observe_answers(struct derive *derive, const struct event *e)
{
	const struct addr *client = client_of(derive, e);
	char buffer[DOMAIN_MAX + 1];
	struct domain domain;
	struct text answer;
	bool any = false;

	if (!event_has(e, FIELD_DNS_ANSWERS) || !event_has(e, FIELD_DNS_QUESTION_NAME) ||
	    !answers_addresses(e) ||
	    !domain_read(derive->domains, &e->dns_question_name, buffer, &domain))
		return;
	for (uint32_t at = 0; texts_next(&e->dns_answers, &at, &answer);) {
		struct addr address;

		if (addr_parse(answer.at, answer.length, &address) || is_nowhere(&address))
			continue;
		names_learn(derive->names, client, &address, &domain, e->time, ttl_of(e));
		any = true;
	}
	if (any && event_has(e, FIELD_SOURCE_IP))
		names_asked(derive->names, client, e->time);
}

/* A request within the house may be one to a proxy: it says nothing of its address. */
static void observe_request(struct derive *derive, const struct event *e)
{
	const struct text *name = requested(e);
	char buffer[DOMAIN_MAX + 1];
	struct domain domain;

	if (name && event_has(e, FIELD_DESTINATION_IP) && e->destination_scope == SCOPE_EXTERNAL &&
	    domain_read(derive->domains, name, buffer, &domain))
		names_learn(derive->names, client_of(derive, e), &e->destination_ip, &domain,
			    e->time, NAMES_MOST);
}

void observe_names(struct derive *derive, const struct event *e)
{
	if (e->service == SERVICE_DNS)
		observe_answers(derive, e);
	else
		observe_request(derive, e);
}
