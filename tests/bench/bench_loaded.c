/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rules cost that are loaded and do not match: the same stream, of which the same few rules
 * take something, with 10, 100, 1,000 and 3,000 rules loaded.
 */
#include "engine.h"

#define EVENTS	UINT64_C(1000000)
#define MATCHED 5 /* rules that the stream's events can match */

/* The i-th rule asks for a port, a name, a process or an address of its own, and every tenth is a
 * window with its base rule. The first MATCHED ask for ports that are in use. */
static void put_rule(FILE *out, unsigned i)
{
	static const char *const asks[4] = {
		"network.transport: tcp\n    destination.port: %u",
		"dns.question.name|endswith: .name%u.example",
		"process.executable|endswith: /tool%u\n    network.transport: tcp",
		"destination.ip: 198.51.%u.7",
	};
	unsigned ask = i < MATCHED ? 0 : i % 4;
	unsigned number = i < MATCHED ? i + 1 : ask == 3 ? i % 256 : i + 1000;

	fprintf(out,
		"---\ntitle: rule %u\nname: rule_%u\nid: 44444444-4444-4444-8444-%012u\n"
		"status: stable\nlevel: low\nlogsource: {category: network, service: %s}\n"
		"detection:\n  selection:\n    ",
		i, i, i, ask == 1 ? "dns" : "connection");
	fprintf(out, asks[ask], number);
	fprintf(out, "\n  condition: selection\n");
	if (i % 10)
		return;
	fprintf(out,
		"---\ntitle: window %u\nname: window_%u\nid: 55555555-5555-4555-8555-%012u\n"
		"status: stable\nlevel: medium\ncorrelation:\n  type: event_count\n"
		"  rules: [rule_%u]\n  group-by: [source.ip]\n  timespan: 60s\n"
		"  condition: {gte: 100000}\nweir:\n  window: hop\n  every: 10s\n",
		i, i, i, i);
}

static char *rules_of(unsigned rules)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		exit(3);
	for (unsigned i = 0; i < rules; i++)
		put_rule(out, i);
	fclose(out);
	return text;
}

/* One event in twenty is for one of the first rules. */
static void make_event(void *context, struct event *e, uint64_t i)
{
	static char names[256][32];
	uint64_t r = bench_random(i);
	bool dns = r % 8 == 0;
	char *name = names[(r >> 8) % 256];

	(void)context;
	if (!*name)
		snprintf(name, sizeof(names[0]), "www.site%u.example", (unsigned)(r >> 8) % 256);
	memset(e->present, 0, sizeof(e->present));
	e->time = BENCH_BASE + (weir_time)i * (WEIR_SEC / 10000);
	e->service = dns ? SERVICE_DNS : SERVICE_CONNECTION;
	event_set(e, SOURCE_IP, source_ip, bench_address(0x0a000000 + (uint32_t)(r >> 16) % 1000));
	event_set(e, DESTINATION_IP, destination_ip,
		  bench_address(0xcb007100 + (uint32_t)(r >> 28) % 20));
	event_set(e, NETWORK_TRANSPORT, network_transport, dns ? 17 : 6);
	event_set(e, DESTINATION_PORT, destination_port,
		  dns		   ? 53
		  : (r >> 40) % 20 ? 443
				   : 1 + (r >> 48) % MATCHED);
	if (dns)
		event_set(e, DNS_QUESTION_NAME, dns_question_name,
			  ((struct text){name, (uint32_t)strlen(name)}));
	else
		event_set(e, PROCESS_EXECUTABLE, process_executable,
			  ((struct text){"/usr/bin/curl", 13}));
}

static double measure(unsigned rules)
{
	char *text = rules_of(rules), what[32];
	struct ruleset *set;
	struct bench_result r;

	snprintf(what, sizeof(what), "%u rules", rules);
	set = bench_rules(what, text);
	r = bench_run(set, make_event, NULL, EVENTS);
	bench_tell(what, &r, bench_making(make_event, NULL, EVENTS));
	ruleset_free(set);
	free(text);
	return r.seconds;
}

int main(void)
{
	static const unsigned rules[] = {10, 100, 1000, 3000};
	double least = 0;

	for (unsigned i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		double seconds = measure(rules[i]);
		char name[64];

		if (!i)
			least = seconds;
		snprintf(name, sizeof(name), "engine.rules_%u.ratio", rules[i]);
		bench_say(name, seconds / least, "ratio", "1.5");
	}
	return 0;
}
