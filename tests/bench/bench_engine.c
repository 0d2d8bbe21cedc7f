/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events a CPU second through the rules that are shipped, windows and correlation:
 * `bench_engine [RULES]` (default rules/). And what distinct counts cost: of one source or of
 * many, and by a rule of its own.
 */
#include "engine.h"

#define EVENTS	 UINT64_C(2000000)
#define HOSTS	 1000
#define INTERNAL 0x0a000000u
#define SERVERS	 0x0a010000u
#define EXTERNAL 0xcb007100u

#define VALUE_COUNT                                                                                \
	"title: made\nname: made\nid: 11111111-1111-4111-8111-111111111111\n"                      \
	"status: stable\nlevel: low\nlogsource: {category: network, service: connection}\n"        \
	"detection: {selection: {network.transport: tcp}, condition: selection}\n"                 \
	"---\ntitle: many ports\nname: many_ports\nid: 22222222-2222-4222-8222-222222222222\n"     \
	"status: stable\nlevel: medium\ncorrelation:\n  type: value_count\n  rules: [made]\n"      \
	"  group-by: [source.ip]\n  timespan: 1m\n"                                                \
	"  condition: {field: destination.port, gte: 100000}\n"

/* The same by a hop, which decides, with the tuples and the inner groups of a scan rule. */
#define SCAN                                                                                       \
	VALUE_COUNT                                                                                \
	"weir:\n  window: hop\n  every: 10s\n"                                                     \
	"  per: {dst: {by: [destination.ip], compute: {n: distinct(destination.port)}}}\n"         \
	"  compute:\n    most: max(dst.n)\n    ports: distinct(destination.port)\n"                \
	"    endpoints: distinct(destination.ip, destination.port)\n"                              \
	"    hosts: values(destination.ip)\n"                                                      \
	"  having: most >= 100000 or ports >= 100000 or endpoints >= 100000\n"

static void set_address(struct event *e, uint32_t host, uint32_t server, bool outside)
{
	struct addr local = bench_address(INTERNAL + host);
	struct addr remote = bench_address((outside ? EXTERNAL : SERVERS) + server);

	event_set(e, SOURCE_IP, source_ip, local);
	event_set(e, LOCAL_IP, local_ip, local);
	event_set(e, DESTINATION_IP, destination_ip, remote);
	event_set(e, REMOTE_IP, remote_ip, remote);
	event_set(e, SOURCE_SCOPE, source_scope, SCOPE_INTERNAL);
	event_set(e, DESTINATION_SCOPE, destination_scope,
		  outside ? SCOPE_EXTERNAL : SCOPE_INTERNAL);
	event_set(e, NETWORK_DIRECTION, network_direction,
		  outside ? DIRECTION_OUTBOUND : DIRECTION_INTERNAL);
	event_set(e, DESTINATION_NEW, destination_new, false);
	event_set(e, PAIR_KNOWN, pair_known, true);
	event_set(e, LEARN_PROGRESS, learn_progress, 1);
	if (!outside)
		return;
	event_set(e, DESTINATION_NAMED, destination_named, true);
	event_set(e, DESTINATION_PREVALENCE, destination_prevalence, 400);
	event_set(e, HOME_HOSTS_SEEN, home_hosts_seen, HOSTS);
	event_set(e, DESTINATION_FIRST_SEEN_DAYS, destination_first_seen_days, 90);
}

static void set_dns(struct event *e, uint32_t site, bool answer)
{
	static char names[512][48];
	char *name = names[site];

	if (!*name)
		snprintf(name, sizeof(names[0]), "www.service%u.example", site);
	event_set(e, DESTINATION_PORT, destination_port, 53);
	event_set(e, NETWORK_TRANSPORT, network_transport, 17);
	event_set(e, DNS_QUESTION_NAME, dns_question_name,
		  ((struct text){name, (uint32_t)strlen(name)}));
	event_set(e, DNS_QUESTION_TYPE, dns_question_type, ((struct text){"A", 1}));
	event_set(e, DNS_REGISTERED_DOMAIN, dns_registered_domain,
		  ((struct text){name + 4, (uint32_t)strlen(name + 4)}));
	event_set(e, DNS_SUBDOMAIN, dns_subdomain, ((struct text){"www", 3}));
	event_set(e, DNS_LABEL, dns_label, ((struct text){"www", 3}));
	event_set(e, DNS_LABEL_LENGTH, dns_label_length, 3);
	event_set(e, DNS_LABEL_ENTROPY, dns_label_entropy, 0);
	if (!answer)
		return;
	event_set(e, DNS_RESPONSE_CODE, dns_response_code, ((struct text){"NOERROR", 7}));
	event_set(e, DNS_ANSWERS, dns_answers, ((struct text){"203.0.113.9", 11}));
	event_set(e, DNS_ANSWERS_BYTES, dns_answers_bytes, 4);
}

/* Sizes of requests and answers are spread over four orders of magnitude. */
static void set_flow(struct event *e, uint64_t r)
{
	uint64_t sent = 200 + (r >> 40 & 0xff) * (UINT64_C(1) << (r >> 48) % 8);
	uint64_t received = 400 + (r >> 32 & 0xff) * (UINT64_C(1) << (r >> 56) % 14);

	event_set(e, SOURCE_BYTES, source_bytes, sent + 40 * (1 + sent / 1400));
	event_set(e, DESTINATION_BYTES, destination_bytes, received + 40 * (1 + received / 1400));
	event_set(e, SOURCE_PACKETS, source_packets, 1 + sent / 1400);
	event_set(e, DESTINATION_PACKETS, destination_packets, 1 + received / 1400);
	event_set(e, SOURCE_PAYLOAD_BYTES, source_payload_bytes, sent);
	event_set(e, DESTINATION_PAYLOAD_BYTES, destination_payload_bytes, received);
	event_set(e, LOCAL_BYTES, local_bytes, e->source_bytes);
	event_set(e, REMOTE_BYTES, remote_bytes, e->destination_bytes);
}

/*
 * Connections of 1,000 hosts, 20 of them administrators', each to 24 servers outside and as many
 * inside, three in four to the outside, one in fifty refused: of each two DNS messages, its
 * attempt, its outcome and four flow intervals. The context says whether all of it is new, as on
 * the first days of a host: then many more rules look at it.
 */
static void work(void *context, struct event *e, uint64_t i)
{
	static const uint16_t kinds[8] = {SERVICE_DNS,	      SERVICE_DNS,  SERVICE_ATTEMPT,
					  SERVICE_CONNECTION, SERVICE_FLOW, SERVICE_FLOW,
					  SERVICE_FLOW,	      SERVICE_FLOW};
	static const uint16_t ports[8] = {443, 80, 5432, 3306, 8080, 8443, 389, 443};
	static const uint16_t admin_ports[8] = {22, 443, 445, 80, 22, 5432, 3389, 443};
	uint64_t r = bench_random(i / 8);
	uint32_t host = (uint32_t)(r % HOSTS);
	bool outside = (r >> 52) % 4;

	memset(e->present, 0, sizeof(e->present));
	e->time = BENCH_BASE + (weir_time)i * (WEIR_SEC / 5000);
	e->service = kinds[i % 8];
	set_address(e, host, (host * 7 + (uint32_t)(r >> 24) % 24) % (outside ? 3000 : 40),
		    outside);
	if (*(const bool *)context) {
		e->destination_new = true;
		e->pair_known = false;
		e->learn_progress = 0.1;
		e->destination_first_seen_days = 0;
	}
	event_set(e, SOURCE_PORT, source_port, 32768 + (r >> 10) % 28000);
	event_set(e, EVENT_START, event_start, e->time);
	if (e->service == SERVICE_DNS) {
		set_dns(e, (host * 5 + (uint32_t)(r >> 12) % 24) % 512, i % 8);
		return;
	}
	event_set(e, NETWORK_TRANSPORT, network_transport, 6);
	event_set(e, DESTINATION_PORT, destination_port,
		  outside ? 443 : (host < 20 ? admin_ports : ports)[(r >> 16) % 8]);
	if (e->service == SERVICE_CONNECTION)
		event_set(e, NETWORK_STATE, network_state,
			  (r >> 32) % 50 ? STATE_ESTABLISHED : STATE_REJECTED);
	if (e->service == SERVICE_FLOW)
		set_flow(e, bench_random(i ^ UINT64_C(1) << 60));
}

/* Failed connections to 100,000 endpoints, of as many sources as the context says. */
static void fail(void *context, struct event *e, uint64_t i)
{
	uint32_t r = (uint32_t)bench_random(i) % 100000;

	memset(e->present, 0, sizeof(e->present));
	e->time = BENCH_BASE + (weir_time)i * (WEIR_SEC / 2000);
	e->service = SERVICE_CONNECTION;
	set_address(e, r % *(const uint32_t *)context, r % 25, false);
	event_set(e, SOURCE_PORT, source_port, 40000);
	event_set(e, DESTINATION_PORT, destination_port, 1 + r % 60000);
	event_set(e, NETWORK_TRANSPORT, network_transport, 6);
	event_set(e, NETWORK_STATE, network_state, STATE_REJECTED);
	event_set(e, EVENT_START, event_start, e->time);
}

static double measure(const char *what, const struct ruleset *set, bench_make *make, void *context)
{
	struct bench_result r = bench_run(set, make, context, EVENTS);

	bench_tell(what, &r, bench_making(make, context, EVENTS));
	return (double)EVENTS / r.seconds;
}

int main(int argc, char **argv)
{
	struct ruleset *set = bench_rules(argc > 1 ? argv[1] : "rules", NULL);
	struct ruleset *plain = bench_rules("value_count", VALUE_COUNT);
	struct ruleset *scan = bench_rules("scan", SCAN);
	uint32_t one = 1, many = 10000;
	bool known = false, fresh = true;
	double of_many, of_one;

	bench_say("engine.catalogue.events_per_cpu_second", measure("catalogue", set, work, &known),
		  "events/s", "2e6");
	bench_say("engine.catalogue_new.events_per_cpu_second",
		  measure("catalogue, all is new", set, work, &fresh), "events/s", "");
	of_many = measure("many sources", scan, fail, &many);
	of_one = measure("one source", scan, fail, &one);
	bench_say("engine.distinct.many_sources", of_many, "events/s", "0.7e6");
	bench_say("engine.distinct.one_source", of_one, "events/s", "");
	bench_say("engine.distinct.one_to_many", of_one / of_many, "ratio", "1");
	bench_say("engine.value_count.events_per_cpu_second",
		  measure("value_count, many sources", plain, fail, &many), "events/s", "1e6");
	bench_say("engine.value_count_one.events_per_cpu_second",
		  measure("value_count, one source", plain, fail, &one), "events/s", "1e6");
	ruleset_free(set);
	ruleset_free(plain);
	ruleset_free(scan);
	return 0;
}
