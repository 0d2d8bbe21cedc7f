/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events a CPU second through enrichment, from events in memory: with the fields that the shipped
 * rules read (`bench_enrich [RULES]`, default rules/), and with all there are. And what a
 * destination and a pair cost. One JSON object a line.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "enrich/derive.h"
#include "enrich/enrich.h"
#include "rule/rule.h"

#define STREAM	     65536
#define ROUNDS	     24
#define HOSTS	     1000
#define DESTINATIONS 200000
#define POPULAR	     500 /* destinations that half of all events go to, and that answers name */
#define BASE	     (INT64_C(1700006400) * WEIR_SEC)

static const char *const home_networks[] = {"10.0.0.0/8",    "172.16.0.0/12",  "192.168.0.0/16",
					    "100.64.0.0/10", "169.254.0.0/16", "fc00::/7",
					    "fe80::/10"};

static uint32_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*state >> 33);
}

static struct addr address(uint32_t net, uint32_t number)
{
	return addr_from_v4(__builtin_bswap32(net + number));
}

/* What a host does: mostly connections and their bytes, to destinations of which few are used by
 * many; some DNS. */
static void fill(struct event *e, uint64_t *random)
{
	static const char question[] = "static-assets.cdn.example.com";
	uint32_t what = next_random(random) % 100, to = next_random(random) % DESTINATIONS;
	bool inside = next_random(random) % 5 == 0;

	*e = (struct event){.service = what < 33   ? SERVICE_ATTEMPT
				       : what < 66 ? SERVICE_CONNECTION
				       : what < 95 ? SERVICE_FLOW
						   : SERVICE_DNS};
	if (next_random(random) % 2)
		to %= POPULAR;
	event_set(e, SOURCE_IP, source_ip, address(0x0a000000u, next_random(random) % HOSTS));
	event_set(e, SOURCE_PORT, source_port, 1024 + next_random(random) % 60000);
	event_set(e, DESTINATION_IP, destination_ip,
		  address(inside ? 0x0a000000u : 0x17000000u, inside ? to % HOSTS : to));
	event_set(e, DESTINATION_PORT, destination_port, next_random(random) % 8 ? 443 : 80);
	event_set(e, NETWORK_TRANSPORT, network_transport, 6);
	if (e->service == SERVICE_CONNECTION)
		event_set(e, NETWORK_STATE, network_state,
			  what % 10 ? STATE_ESTABLISHED : STATE_REJECTED);
	if (e->service == SERVICE_FLOW) {
		event_set(e, SOURCE_BYTES, source_bytes, next_random(random) % 100000);
		event_set(e, DESTINATION_BYTES, destination_bytes, next_random(random) % 1000000);
	}
	if (e->service == SERVICE_DNS) {
		static char answers[POPULAR][ADDR_TEXT_MAX];
		char *answer = answers[to % POPULAR];
		struct addr named = address(0x17000000u, to % POPULAR);

		addr_format(&named, answer);
		event_set(e, DNS_QUESTION_NAME, dns_question_name,
			  ((struct text){question, sizeof(question) - 1}));
		event_set(e, DNS_ANSWERS, dns_answers,
			  ((struct text){answer, (uint32_t)strlen(answer)}));
	}
}

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The stream again and again, later each time; a copy is what the pipeline makes too. */
static double rate(struct enrich *enrich, const struct event *stream)
{
	double began = cpu_seconds();

	for (unsigned round = 0; round < ROUNDS; round++)
		for (size_t i = 0; i < STREAM; i++) {
			struct event e = stream[i];

			e.time = BASE + round * WEIR_HOUR + (weir_time)i * WEIR_MSEC;
			enrich_event(enrich, &e);
		}
	return (double)STREAM * ROUNDS / (cpu_seconds() - began);
}

static void print(const char *name, double value, const char *unit, const char *against)
{
	printf("{\"name\": \"%s\", \"value\": %.1f, \"unit\": \"%s\", \"against\": \"%s\"}\n", name,
	       value, unit, against);
}

static int measure(const char *name, const char *against, const struct network_set *home,
		   const struct event *stream, const struct field_set wanted[SERVICE_COUNT])
{
	const struct derive_options options = {
		.wanted = wanted,
		.learn = {.days = 7, .max_destinations = 250000, .max_pairs = 500000},
		.max_names = 65536,
	};
	struct enrich enrich = {.home = home};
	struct error error = {0};
	struct learn_stats stats;

	if (derive_open(&enrich.derive, &options, &error)) {
		fprintf(stderr, "bench_enrich: %s\n", error.text);
		return 1;
	}
	print(name, rate(&enrich, stream), "events/CPU s", against);
	if (derive_learn(enrich.derive)) {
		learn_stats(derive_learn(enrich.derive), &stats);
		print("enrich.learned_bytes",
		      (double)stats.bytes / (double)(stats.destinations + stats.pairs),
		      "bytes a destination or pair", "64 and 32");
	}
	derive_close(enrich.derive);
	return 0;
}

int main(int argc, char **argv)
{
	const char *const paths[] = {argc > 1 ? argv[1] : "rules", NULL};
	const struct rule_options options = {.paths = paths};
	struct field_set none[SERVICE_COUNT] = {0}, all[SERVICE_COUNT];
	struct event *stream = calloc(STREAM, sizeof(*stream));
	struct network_set home = {0};
	struct faults faults = {0};
	struct ruleset *rules;
	uint64_t random = 1;
	int failed;

	if (!stream || ruleset_load(&rules, &options, &faults)) {
		fputs("bench_enrich: the rules do not load\n", stderr);
		return 1;
	}
	for (size_t i = 0; i < sizeof(home_networks) / sizeof(home_networks[0]); i++) {
		struct network network;

		if (!network_parse(home_networks[i], strlen(home_networks[i]), &network))
			network_set_add(&home, &network);
	}
	for (size_t i = 0; i < STREAM; i++)
		fill(&stream[i], &random);
	memset(all, 0xff, sizeof(all));
	failed = measure("enrich.plain.events_per_cpu_second", "nothing derived", &home, stream,
			 none);
	failed |= measure("enrich.catalogue.events_per_cpu_second", "fields that rules/ read",
			  &home, stream, rules->reads);
	failed |= measure("enrich.all.events_per_cpu_second", "all fields", &home, stream, all);
	ruleset_free(rules);
	faults_free(&faults);
	network_set_free(&home);
	free(stream);
	return failed;
}
