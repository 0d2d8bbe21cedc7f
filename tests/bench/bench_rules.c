/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events a CPU second through base rules alone, from events in memory: 200 plain rules as the
 * public ones are (parts of paths, names and command lines, ports, networks), and the same events
 * as JSON lines in a file. How the cost grows with rules: bench_loaded.c. One JSON object a line.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/vec.h"
#include "capture/source.h"
#include "event/json.h"
#include "event/order.h"
#include "rule/rule.h"

#define EVENTS 512 /* they fit the caches, as those that were read a moment ago do */
#define PASSES 1200

static uint64_t random_state = 1;

static uint32_t next_random(void)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(random_state >> 33);
}

static const char *const words[] = {
	"update", "install", "sync",  "backup", "report", "agent", "shell",  "proxy",
	"worker", "daemon",  "image", "cache",	"search", "mail",  "python", "gateway",
};

static const char *word(void)
{
	return words[next_random() % (sizeof(words) / sizeof(words[0]))];
}

static void add(FILE *out, unsigned n, const char *selection)
{
	fprintf(out,
		"---\ntitle: rule %u\nname: rule_%u\nid: %08x-1111-4111-8111-111111111111\n"
		"logsource: {category: network_connection, product: linux}\n"
		"detection:\n%s    filter: {DestinationIp|cidr: [127.0.0.0/8, '::1/128']}\n"
		"    condition: selection and not filter\nlevel: medium\n",
		n, n, n, selection);
}

/* Names that no event has, as those of tools that nobody runs here. */
static void add_rule(FILE *out, unsigned n)
{
	char text[512];
	unsigned mark = next_random() % 9000 + 1000;

	switch (n % 8) {
	case 0:
	case 1:
		snprintf(text, sizeof(text),
			 "    selection:\n        Image|endswith: ['/%s%u', '/%s-%u']\n", word(),
			 mark, word(), n);
		break;
	case 2:
		snprintf(text, sizeof(text),
			 "    selection:\n        DestinationHostname|endswith: '.%s%u.example'\n",
			 word(), mark);
		break;
	case 3:
		snprintf(text, sizeof(text),
			 "    selection:\n        DestinationHostname|contains: ['%s-%u', "
			 "'x%u.%s']\n",
			 word(), mark, mark, word());
		break;
	case 4:
		snprintf(text, sizeof(text),
			 "    selection:\n        CommandLine|contains|all: [' -%s ', 'http%u', "
			 "%s]\n",
			 word(), mark, word());
		break;
	case 5:
		snprintf(text, sizeof(text),
			 "    selection:\n        Image|startswith: '/opt/%s%u/'\n"
			 "        Initiated: 'true'\n",
			 word(), mark);
		break;
	case 6:
		snprintf(text, sizeof(text),
			 "    selection:\n        DestinationPort: [%u, %u]\n"
			 "        Protocol: tcp\n",
			 20000 + n, 30000 + mark);
		break;
	default:
		snprintf(text, sizeof(text),
			 "    selection:\n        DestinationIp|cidr: [198.18.%u.0/24, "
			 "203.0.%u.0/26]\n"
			 "        CommandLine|contains: '*%s*%u*'\n",
			 n % 256, mark % 256, word(), mark);
	}
	add(out, n, text);
}

static struct ruleset *make_rules(unsigned len)
{
	struct faults faults = {0};
	struct ruleset *set;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		exit(3);
	for (unsigned n = 0; n < len; n++)
		add_rule(out, n);
	fclose(out);
	if (ruleset_load_text(&set, "bench.yml", text, size, &faults)) {
		fprintf(stderr, "%u: %s\n", faults.list.at[0].place.line, faults.list.at[0].text);
		exit(1);
	}
	faults_free(&faults);
	free(text);
	return set;
}

static struct text text_new(const char *format, ...) __attribute__((format(printf, 1, 2)));

static struct text text_new(const char *format, ...)
{
	char *text = NULL;
	va_list args;
	int length;

	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0)
		exit(3);
	return (struct text){text, (uint32_t)length};
}

/* One event in 100 meets a rule. */
static struct event *make_events(void)
{
	struct event *events = calloc(EVENTS, sizeof(*events));

	for (unsigned i = 0; events && i < EVENTS; i++) {
		struct event *e = &events[i];
		unsigned r = next_random();

		e->service = SERVICE_ATTEMPT;
		event_set(e, SOURCE_IP, source_ip, addr_from_v4(0x0500000a + (r << 24)));
		event_set(e, LOCAL_IP, local_ip, e->source_ip);
		event_set(e, SOURCE_PORT, source_port, 32768 + r % 28000);
		event_set(e, DESTINATION_IP, destination_ip, addr_from_v4(next_random()));
		event_set(e, DESTINATION_PORT, destination_port,
			  i % 100 ? 443 : 20006 + r % 25 * 8);
		event_set(e, NETWORK_TRANSPORT, network_transport, 6);
		event_set(e, PROCESS_EXECUTABLE, process_executable,
			  text_new("/usr/lib/%s/%s-%s", word(), word(), word()));
		event_set(e, PROCESS_COMMAND_LINE, process_command_line,
			  text_new("%s --config /etc/%s/%s.conf --%s http://%s.example:8080/%s/%u",
				   word(), word(), word(), word(), word(), word(), r));
		event_set(e, DESTINATION_DOMAIN, destination_domain,
			  text_new("%s-%u.%s.example", word(), r % 1000, word()));
	}
	return events;
}

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void run(unsigned rules, const struct event *events, const char *name, const char *against)
{
	double loading = cpu_seconds(), took;
	struct ruleset *set = make_rules(rules);
	unsigned *matched = calloc(rules + 1, sizeof(*matched));
	uint64_t matches = 0;

	loading = cpu_seconds() - loading;
	took = cpu_seconds();
	for (unsigned pass = 0; matched && pass < PASSES; pass++)
		for (unsigned i = 0; i < EVENTS; i++)
			matches += rule_match(set, &events[i], matched);
	took = cpu_seconds() - took;
	fprintf(stderr, "%u rules: loaded in %.3f s, %.0f ns an event, %" PRIu64 " matches\n",
		rules, loading, took / EVENTS / PASSES * 1e9, matches);
	printf("{\"name\": \"%s\", \"value\": %.0f, \"unit\": \"events/s\", \"against\": \"%s\"}\n",
	       name, EVENTS * (double)PASSES / took, against);
	free(matched);
	ruleset_free(set);
}

/* ---- the same events as JSON lines in a file: read, parsed, ordered, matched ---- */

struct matching {
	struct order *order;
	const struct ruleset *set;
	unsigned *matched;
	uint64_t events, matches;
};

static void to_order(void *context, const struct event *event)
{
	order_push(((struct matching *)context)->order, 0, event);
}

static void to_match(void *context, struct event *event)
{
	struct matching *m = context;

	m->events++;
	m->matches += rule_match(m->set, event, m->matched);
}

static void no_time(void *context, weir_time watermark)
{
	(void)context;
	(void)watermark;
}

static void write_lines(char *path, const struct event *events)
{
	FILE *out = fdopen(mkstemp(path), "w");

	for (unsigned i = 0; out && i < EVENTS; i++) {
		struct event event = events[i];
		json_t *object;

		event.time = 1700006400 * WEIR_SEC + i * WEIR_MSEC;
		object = event_to_json(&event);
		if (json_dumpf(object, out, JSON_COMPACT) || fputc('\n', out) == EOF)
			exit(3);
		json_decref(object);
	}
	if (!out || fclose(out))
		exit(3);
}

static void run_json(unsigned rules, const struct event *events)
{
	struct ruleset *set = make_rules(rules);
	struct matching m = {.set = set, .matched = calloc(rules + 1, sizeof(unsigned))};
	const struct intake intake = {.context = &m, .event = to_order};
	const struct order_ops ops = {to_match, no_time, &m};
	char path[] = "/tmp/weir-bench-XXXXXX";
	double took;

	write_lines(path, events);
	took = cpu_seconds();
	for (unsigned pass = 0; m.matched && pass < PASSES; pass++) {
		struct source *source;
		weir_time at;

		m.order = order_new(&ops);
		if (!m.order || source_open(&source, path, NULL) ||
		    order_input(m.order, source->ops->lateness) < 0)
			exit(3);
		while (source->ops->peek(source, &at) > 0)
			source->ops->deliver(source, &intake);
		order_end(m.order, 0);
		source->ops->close(source);
		order_free(m.order);
	}
	took = cpu_seconds() - took;
	unlink(path);
	fprintf(stderr, "%u rules over JSON lines: %.0f ns an event, %" PRIu64 " matches\n", rules,
		took / (double)m.events * 1e9, m.matches);
	printf("{\"name\": \"engine.plain_200_json.events_per_cpu_second\", \"value\": %.0f, "
	       "\"unit\": \"events/s\", \"against\": \"500000\"}\n",
	       (double)m.events / took);
	free(m.matched);
	ruleset_free(set);
}

int main(void)
{
	struct event *events = make_events();

	if (!events)
		return 3;
	run(200, events, "rules.plain_200.events_per_cpu_second", "1000000");
	run_json(200, events);
	free(events);
	return 0;
}
