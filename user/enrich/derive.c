/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/derive.h"

#include <errno.h>
#include <stdlib.h>

#include "enrich/derivation.h"

#define ALL	    ((1u << SERVICE_COUNT) - 1)
#define ON(service) (1u << SERVICE_##service)
#define FIELDS_MAX  8
#define REQUESTS    (ON(TLS) | ON(HTTP) | ON(FILE))
#define FIELDS_OF(...)                                                                             \
	{                                                                                          \
		__VA_ARGS__, FIELD_NONE                                                            \
	}
#define NO_FIELDS                                                                                  \
	{                                                                                          \
		FIELD_NONE                                                                         \
	}

static void derive_source_geo(struct derive *derive, struct event *e)
{
	const struct geo_facts *facts;

	if (!event_has(e, FIELD_SOURCE_IP) || e->source_scope != SCOPE_EXTERNAL)
		return;
	facts = geo_find(derive->geo, &e->source_ip);
	if (facts->has & GEO_COUNTRY && !event_has(e, FIELD_SOURCE_GEO_COUNTRY))
		event_set(e, SOURCE_GEO_COUNTRY, source_geo_country, facts->country);
	if (facts->has & GEO_PLACE && !event_has(e, FIELD_SOURCE_GEO_LAT)) {
		event_set(e, SOURCE_GEO_LAT, source_geo_lat, facts->lat);
		event_set(e, SOURCE_GEO_LON, source_geo_lon, facts->lon);
	}
	if (facts->has & GEO_NUMBER && !event_has(e, FIELD_SOURCE_AS_NUMBER))
		event_set(e, SOURCE_AS_NUMBER, source_as_number, facts->number);
	if (facts->has & GEO_ORGANIZATION && !event_has(e, FIELD_SOURCE_AS_ORGANIZATION))
		event_set(e, SOURCE_AS_ORGANIZATION, source_as_organization, facts->organization);
}

static void derive_destination_geo(struct derive *derive, struct event *e)
{
	const struct geo_facts *facts;

	if (!event_has(e, FIELD_DESTINATION_IP) || e->destination_scope != SCOPE_EXTERNAL)
		return;
	facts = geo_find(derive->geo, &e->destination_ip);
	if (facts->has & GEO_COUNTRY && !event_has(e, FIELD_DESTINATION_GEO_COUNTRY))
		event_set(e, DESTINATION_GEO_COUNTRY, destination_geo_country, facts->country);
	if (facts->has & GEO_PLACE && !event_has(e, FIELD_DESTINATION_GEO_LAT)) {
		event_set(e, DESTINATION_GEO_LAT, destination_geo_lat, facts->lat);
		event_set(e, DESTINATION_GEO_LON, destination_geo_lon, facts->lon);
	}
	if (facts->has & GEO_NUMBER && !event_has(e, FIELD_DESTINATION_AS_NUMBER))
		event_set(e, DESTINATION_AS_NUMBER, destination_as_number, facts->number);
	if (facts->has & GEO_ORGANIZATION && !event_has(e, FIELD_DESTINATION_AS_ORGANIZATION))
		event_set(e, DESTINATION_AS_ORGANIZATION, destination_as_organization,
			  facts->organization);
}

static void derive_learned(struct derive *derive, struct event *e)
{
	learn_read(derive->learn, e);
}

static void observe_learned(struct derive *derive, const struct event *e)
{
	learn_observe(derive->learn, e);
}

static void derive_community(struct derive *derive, struct event *e)
{
	if (!event_has(e, FIELD_NETWORK_COMMUNITY_ID) &&
	    event_community_id(e, derive->community_text))
		derive_text(e, NETWORK_COMMUNITY_ID, network_community_id, derive->community_text,
			    strlen(derive->community_text));
}

/* Stores that derivations read. */
enum store { DOMAINS = 1, NAMES = 2, LEARN = 4, GEO = 8, THREAT = 16 };

/* A derivation stands behind those that make what it needs. */
static const struct derivation {
	enum field makes[FIELDS_MAX + 1], needs[FIELDS_MAX + 1]; /* ended by FIELD_NONE */
	void (*run)(struct derive *derive, struct event *event);
	uint32_t services;
	/* Learns from events of these services as soon as anybody wants what it makes. */
	void (*observe)(struct derive *derive, const struct event *event);
	uint32_t observes;
	unsigned stores; /* enum store */
} derivations[] = {
	{
		.makes = FIELDS_OF(FIELD_URL_DOMAIN, FIELD_URL_PATH, FIELD_URL_QUERY,
				   FIELD_URL_EXTENSION),
		.needs = NO_FIELDS,
		.run = derive_url,
		.services = ALL,
	},
	{
		.makes = FIELDS_OF(FIELD_FILE_NAME, FIELD_FILE_EXTENSION),
		.needs = FIELDS_OF(FIELD_URL_PATH),
		.run = derive_file,
		.services = ALL,
	},
	{
		.makes = FIELDS_OF(FIELD_PROCESS_NAME, FIELD_PROCESS_PARENT_NAME),
		.needs = NO_FIELDS,
		.run = derive_process,
		.services = ALL,
	},
	{
		.makes = FIELDS_OF(FIELD_DNS_REGISTERED_DOMAIN, FIELD_DNS_SUBDOMAIN,
				   FIELD_DNS_LABEL, FIELD_DNS_LABEL_LENGTH, FIELD_DNS_LABEL_ENTROPY,
				   FIELD_DNS_ENCODED),
		.needs = NO_FIELDS,
		.run = derive_question,
		.services = ALL,
		.stores = DOMAINS,
	},
	{
		.makes = FIELDS_OF(FIELD_DNS_ANSWERS_BYTES),
		.needs = NO_FIELDS,
		.run = derive_answers,
		.services = ALL,
	},
	{
		.makes = FIELDS_OF(FIELD_DESTINATION_DOMAIN, FIELD_DESTINATION_REGISTERED_DOMAIN),
		.needs = FIELDS_OF(FIELD_URL_DOMAIN),
		.run = derive_destination,
		.services = ALL,
		.observe = observe_names,
		.observes = ON(DNS) | REQUESTS,
		.stores = DOMAINS | NAMES,
	},
	{
		.makes = FIELDS_OF(FIELD_SOURCE_GEO_COUNTRY, FIELD_SOURCE_GEO_LAT,
				   FIELD_SOURCE_GEO_LON, FIELD_SOURCE_AS_NUMBER,
				   FIELD_SOURCE_AS_ORGANIZATION),
		.needs = NO_FIELDS,
		.run = derive_source_geo,
		.services = ALL,
		.stores = GEO,
	},
	{
		.makes = FIELDS_OF(FIELD_DESTINATION_GEO_COUNTRY, FIELD_DESTINATION_GEO_LAT,
				   FIELD_DESTINATION_GEO_LON, FIELD_DESTINATION_AS_NUMBER,
				   FIELD_DESTINATION_AS_ORGANIZATION),
		.needs = NO_FIELDS,
		.run = derive_destination_geo,
		.services = ALL,
		.stores = GEO,
	},
	{
		.makes = FIELDS_OF(FIELD_PAIR_KNOWN, FIELD_DESTINATION_NEW, FIELD_DESTINATION_NAMED,
				   FIELD_DESTINATION_FIRST_SEEN_DAYS, FIELD_DESTINATION_PREVALENCE,
				   FIELD_HOME_HOSTS_SEEN, FIELD_LEARN_PROGRESS),
		.needs = FIELDS_OF(FIELD_DESTINATION_DOMAIN, FIELD_DESTINATION_REGISTERED_DOMAIN),
		.run = derive_learned,
		.services = ALL,
		.observe = observe_learned,
		.observes = ON(CONNECTION) | REQUESTS,
		.stores = LEARN,
	},
	{
		.makes = FIELDS_OF(FIELD_CHANNEL_UNUSUAL),
		.needs = FIELDS_OF(FIELD_DESTINATION_NAMED),
		.run = derive_channel,
		.services = ALL,
		.stores = DOMAINS,
	},
	{
		.makes = FIELDS_OF(FIELD_NETWORK_COMMUNITY_ID),
		.needs = NO_FIELDS,
		.run = derive_community,
		.services = ALL,
	},
	{
		.makes = FIELDS_OF(FIELD_THREAT_INDICATOR, FIELD_THREAT_TYPE, FIELD_THREAT_FEED,
				   FIELD_THREAT_FEED_AGE, FIELD_THREAT_FEED_LEVEL),
		.needs = FIELDS_OF(FIELD_URL_DOMAIN, FIELD_URL_PATH, FIELD_URL_QUERY),
		.run = derive_threat,
		.services = ALL,
		.stores = THREAT,
	},
};

#define DERIVATIONS (sizeof(derivations) / sizeof(derivations[0]))

static bool makes_any(const struct derivation *derivation, const struct field_set *wanted)
{
	for (const enum field *f = derivation->makes; *f != FIELD_NONE; f++)
		if (field_set_has(wanted, *f))
			return true;
	return false;
}

/* From the last to the first: whoever runs wants what it needs of those before it. */
static unsigned plan(struct derive *derive, struct field_set wanted[SERVICE_COUNT])
{
	unsigned stores = 0;

	for (size_t i = DERIVATIONS; i-- > 0;) {
		const struct derivation *derivation = &derivations[i];
		uint32_t runs = 0;

		for (unsigned s = 0; s < SERVICE_COUNT; s++)
			if (derivation->services >> s & 1 && makes_any(derivation, &wanted[s]))
				runs |= 1u << s;
		if (!runs || (derivation->stores & GEO && !derive->geo) ||
		    (derivation->stores & THREAT && !derive->threat))
			continue;
		stores |= derivation->stores;
		for (unsigned s = 0; s < SERVICE_COUNT; s++) {
			bool observes = derivation->observes >> s & 1;

			if (!observes && !(runs >> s & 1))
				continue;
			derive->runs[s] |= (runs >> s & 1u) << i;
			derive->observes[s] |= (uint32_t)observes << i;
			for (const enum field *f = derivation->needs; *f != FIELD_NONE; f++)
				field_set_add(&wanted[s], *f);
		}
	}
	return stores;
}

static int stores_open(struct derive *derive, unsigned stores, const struct derive_options *options)
{
	if (stores & DOMAINS)
		derive->domains = domain_list_open();
	if (stores & NAMES)
		derive->names = names_new(options->max_names);
	if (stores & LEARN)
		derive->learn = learn_new(&options->learn);
	return (stores & DOMAINS && !derive->domains) || (stores & NAMES && !derive->names) ||
			       (stores & LEARN && !derive->learn)
		       ? -ENOMEM
		       : 0;
}

static bool any_geo(const struct geo_options *options)
{
	return options->city || options->country || options->asn;
}

int derive_open(struct derive **derive, const struct derive_options *options, struct error *error)
{
	struct derive *made = calloc(1, sizeof(*made));
	struct field_set wanted[SERVICE_COUNT];
	int err = 0;

	if (!made)
		return error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for enrichment");
	memcpy(wanted, options->wanted, sizeof(wanted));
	made->threat = options->threat;
	if (any_geo(&options->geo))
		err = geo_open(&made->geo, &options->geo, error);
	if (!err && stores_open(made, plan(made, wanted), options))
		err = error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for enrichment");
	if (err)
		derive_close(made);
	else
		*derive = made;
	return err;
}

void derive_close(struct derive *derive)
{
	if (!derive)
		return;
	domain_list_close(derive->domains);
	names_free(derive->names);
	learn_free(derive->learn);
	geo_close(derive->geo);
	free(derive);
}

void derive_local(struct derive *derive, const struct network_set *local)
{
	derive->local = local;
}

uint32_t derive_services(const struct derive *derive)
{
	uint32_t services = 0;

	for (unsigned s = 0; s < SERVICE_COUNT; s++)
		services |= (derive->observes[s] ? 1u : 0) << s;
	return services;
}

void derive_event(struct derive *derive, struct event *event)
{
	uint32_t runs = derive->runs[event->service], observes = derive->observes[event->service];

	derive->destination.length = 0;
	for (; runs; runs &= runs - 1)
		derivations[__builtin_ctz(runs)].run(derive, event);
	for (; observes; observes &= observes - 1)
		derivations[__builtin_ctz(observes)].observe(derive, event);
}

struct learn *derive_learn(struct derive *derive)
{
	return derive->learn;
}

struct names *derive_names(struct derive *derive)
{
	return derive->names;
}
