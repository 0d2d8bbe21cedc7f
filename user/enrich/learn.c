/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/learn.h"

#include <stdlib.h>
#include <sys/random.h>

#include "base/hash.h"
#include "enrich/hosts.h"
#include "enrich/learned.h"

struct learn *learn_new(const struct learn_options *options)
{
	struct learn *learn = calloc(1, sizeof(*learn));

	if (!learn)
		return NULL;
	learn->days = options->days;
	learn->since = learn->now = TIME_NONE;
	if (getrandom(learn->secret, sizeof(learn->secret), 0) != (ssize_t)sizeof(learn->secret))
		learn->secret[0] = (uint64_t)(uintptr_t)learn;
	ledger_init(&learn->destinations, LEARN_HOST_BYTES, options->max_destinations);
	ledger_init(&learn->pairs, 0, options->max_pairs);
	ledger_init(&learn->hosts, 0, LEARN_HOSTS_MAX);
	return learn;
}

void learn_free(struct learn *learn)
{
	if (!learn)
		return;
	ledger_free(&learn->destinations);
	ledger_free(&learn->pairs);
	ledger_free(&learn->hosts);
	free(learn);
}

/* ---- keys ---- */

static uint64_t key_of(const struct learn *learn, const void *bytes, size_t length)
{
	return hash_keyed(bytes, length, learn->secret[0], learn->secret[1]);
}

static uint64_t address_key(const struct learn *learn, const struct addr *address)
{
	return key_of(learn, address, sizeof(*address));
}

/* A name is never 16 bytes with the mark before it: no address has its key but by chance. */
static uint64_t domain_key(const struct learn *learn, const struct text *domain)
{
	uint8_t bytes[272] = "domain of a name:";
	size_t length = strlen((char *)bytes);

	for (size_t i = 0; i < domain->length && length < sizeof(bytes); i++) {
		char c = domain->at[i];

		bytes[length++] = (uint8_t)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
	}
	return key_of(learn, bytes, length);
}

static uint64_t pair_key(const struct learn *learn, const struct event *e)
{
	struct {
		struct addr source, destination;
		uint64_t port;
	} pair = {e->source_ip, e->destination_ip,
		  event_has(e, FIELD_DESTINATION_PORT) ? e->destination_port : 0};

	return key_of(learn, &pair, sizeof(pair));
}

/* ---- what an event is about ---- */

static uint16_t day_of(weir_time time)
{
	weir_time day = time / WEIR_DAY;

	return day < 0 ? 0 : day > UINT16_MAX ? UINT16_MAX : (uint16_t)day;
}

static bool scope_counts(enum address_scope scope)
{
	return scope == SCOPE_INTERNAL || scope == SCOPE_EXTERNAL;
}

static bool has_destination(const struct event *e)
{
	return event_has(e, FIELD_DESTINATION_IP) && scope_counts(e->destination_scope);
}

static bool from_inside(const struct event *e)
{
	return event_has(e, FIELD_SOURCE_IP) && e->source_scope == SCOPE_INTERNAL;
}

static bool to_outside(const struct event *e)
{
	return has_destination(e) && e->destination_scope == SCOPE_EXTERNAL;
}

/* ---- reading ---- */

static bool known(const struct learn *learn, const struct ledger_entry *entry, uint16_t day)
{
	return entry && day - entry->first >= (int)learn->days;
}

/* The domain decides where there is one: addresses behind a name come and go. */
static uint64_t destination_key(const struct learn *learn, const struct event *e)
{
	if (event_has(e, FIELD_DESTINATION_REGISTERED_DOMAIN))
		return domain_key(learn, &e->destination_registered_domain);
	return address_key(learn, &e->destination_ip);
}

static void read_destination(const struct learn *learn, struct event *e, uint64_t key, uint16_t day)
{
	const struct ledger_entry *entry = ledger_find(&learn->destinations, key);
	int age = entry && day > entry->first ? day - entry->first : 0;

	if (!event_has(e, FIELD_DESTINATION_NEW))
		event_set(e, DESTINATION_NEW, destination_new,
			  event_has(e, FIELD_DESTINATION_FIRST_SEEN_DAYS)
				  ? e->destination_first_seen_days < learn->days
				  : !known(learn, entry, day));
	if (!event_has(e, FIELD_DESTINATION_FIRST_SEEN_DAYS))
		event_set(e, DESTINATION_FIRST_SEEN_DAYS, destination_first_seen_days, age);
	if (!event_has(e, FIELD_DESTINATION_PREVALENCE))
		event_set(e, DESTINATION_PREVALENCE, destination_prevalence,
			  entry ? hosts_count(entry->own[0], entry->more) : 0);
}

/* Where names are hidden from us, that one is missing says nothing. */
static bool names_visible(const struct learn *learn, const struct event *e)
{
	const struct ledger_entry *host;

	if (!from_inside(e) || !to_outside(e))
		return false;
	host = ledger_find(&learn->hosts, address_key(learn, &e->source_ip));
	return host && host->own[2] >= LEARN_NAMED_LEAST && learned_share(host) > UINT16_MAX / 2;
}

static void read_named(const struct learn *learn, struct event *e)
{
	if (event_has(e, FIELD_DESTINATION_NAMED))
		return;
	if (event_has(e, FIELD_DESTINATION_DOMAIN))
		event_set(e, DESTINATION_NAMED, destination_named, true);
	else if (names_visible(learn, e))
		event_set(e, DESTINATION_NAMED, destination_named, false);
}

static double progress(const struct learn *learn, weir_time at)
{
	double whole = (double)learn->days * (double)WEIR_DAY;
	double passed = (double)at - (double)learn->since;

	if (learn->since == TIME_NONE || passed <= 0)
		return 0;
	return passed < whole ? passed / whole : 1;
}

static void read_pair(const struct learn *learn, struct event *e, uint64_t key, uint16_t day)
{
	if (from_inside(e) && !event_has(e, FIELD_PAIR_KNOWN))
		event_set(e, PAIR_KNOWN, pair_known,
			  known(learn, ledger_find(&learn->pairs, key), day));
}

void learn_read(struct learn *learn, struct event *e)
{
	uint16_t day = day_of(e->time);
	uint64_t destination, pair;

	if (learn->since == TIME_NONE)
		learn->since = e->time;
	if (learn->now == TIME_NONE || e->time > learn->now)
		learn->now = e->time;
	if (!event_has(e, FIELD_LEARN_PROGRESS))
		event_set(e, LEARN_PROGRESS, learn_progress, progress(learn, e->time));
	if (!event_has(e, FIELD_HOME_HOSTS_SEEN))
		event_set(e, HOME_HOSTS_SEEN, home_hosts_seen, learn->hosts.len);
	if (!has_destination(e))
		return;
	destination = destination_key(learn, e);
	pair = pair_key(learn, e);
	ledger_fetch(&learn->destinations, destination);
	ledger_fetch(&learn->pairs, pair);
	read_named(learn, e);
	read_destination(learn, e, destination, day);
	read_pair(learn, e, pair, day);
}

/* ---- learning ---- */

/* An attempt teaches nothing: a scan must not make what it touches known. */
static bool teaches(const struct event *e)
{
	switch ((enum event_service)e->service) {
	case SERVICE_CONNECTION:
		return (!event_has(e, FIELD_NETWORK_STATE) ||
			e->network_state == STATE_ESTABLISHED) &&
		       !(event_has(e, FIELD_TCP_HALF_OPEN) && e->tcp_half_open);
	case SERVICE_TLS:
	case SERVICE_HTTP:
	case SERVICE_FILE:
		return true;
	case SERVICE_ATTEMPT:
	case SERVICE_FLOW:
	case SERVICE_DNS:
	case SERVICE_LOGIN:
	case SERVICE_PROCESS:
	case SERVICE_LISTENER:
	case SERVICE_ARP:
	case SERVICE_ICMP:
	case SERVICE_DHCP:
	case SERVICE_HEALTH:
	case SERVICE_COUNT:
		break;
	}
	return false;
}

static void see_destination(struct learn *learn, uint64_t key, const struct event *e)
{
	bool fresh;
	struct ledger_entry *entry = ledger_see(&learn->destinations, key, day_of(e->time), &fresh);

	if (entry)
		hosts_add(&entry->own[0], entry->more, &e->source_ip);
}

/* True the first time a day. */
static bool see_pair(struct learn *learn, const struct event *e)
{
	uint64_t key = pair_key(learn, e);
	const struct ledger_entry *before = ledger_find(&learn->pairs, key);
	bool again = before && before->last >= day_of(e->time), fresh;

	return ledger_see(&learn->pairs, key, day_of(e->time), &fresh) && !again;
}

/* The host's share of named destinations: a mean of its first ones, then one that forgets. Each
 * (destination, port) counts once a day, or one that calls all the time would decide alone. */
static void see_host(struct learn *learn, const struct event *e, bool first)
{
	bool fresh;
	struct ledger_entry *host = ledger_see(&learn->hosts, address_key(learn, &e->source_ip),
					       day_of(e->time), &fresh);
	int weight, share, now;

	if (!host || !first)
		return;
	host->own[2] += host->own[2] < UINT8_MAX;
	weight = host->own[2] < LEARN_NAMED_MEMORY ? host->own[2] : LEARN_NAMED_MEMORY;
	share = learned_share(host);
	now = event_has(e, FIELD_DESTINATION_DOMAIN) ? UINT16_MAX : 0;
	learned_share_set(host, (uint16_t)(share + (now - share) / weight));
}

void learn_observe(struct learn *learn, const struct event *e)
{
	bool first;

	if (!teaches(e) || !from_inside(e) || !has_destination(e))
		return;
	see_destination(learn, address_key(learn, &e->destination_ip), e);
	if (event_has(e, FIELD_DESTINATION_REGISTERED_DOMAIN))
		see_destination(learn, domain_key(learn, &e->destination_registered_domain), e);
	first = see_pair(learn, e);
	if (to_outside(e))
		see_host(learn, e, first && e->service == SERVICE_CONNECTION);
}

void learn_stats(const struct learn *learn, struct learn_stats *stats)
{
	*stats = (struct learn_stats){
		.destinations = learn->destinations.len,
		.pairs = learn->pairs.len,
		.hosts = learn->hosts.len,
		.evicted =
			learn->destinations.evicted + learn->pairs.evicted + learn->hosts.evicted,
		.refused =
			learn->destinations.refused + learn->pairs.refused + learn->hosts.refused,
		.bytes = ledger_bytes(&learn->destinations) + ledger_bytes(&learn->pairs) +
			 ledger_bytes(&learn->hosts),
		.progress = learn->now == TIME_NONE ? 0 : progress(learn, learn->now),
	};
}
