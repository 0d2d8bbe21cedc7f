/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logs from a file into one order, a CPU second: weir's own JSON events, flat JSON, Zeek's
 * conn.log. What is read, parsed, made into events, ordered; no rules. One JSON object a line.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "capture/source.h"
#include "event/json.h"
#include "event/order.h"

#define LINES 400000
#define BASE  (INT64_C(1700006400) * WEIR_SEC)
#define STEP  (WEIR_HOUR / LINES)

struct counts {
	uint64_t events, bytes;
};

static uint64_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 33;
}

static double cpu(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static struct addr host(uint64_t number)
{
	return addr_from_v4(__builtin_bswap32((uint32_t)(0x0a000000 + number)));
}

/* One of a connection's three events, as live capture makes them. */
static void write_own(FILE *out, unsigned i, uint64_t *random)
{
	static const uint16_t ports[] = {443, 80, 53, 22, 445, 8443, 3389, 123};
	struct event e = {.time = BASE + i * STEP, .service = (uint16_t)(i % 3)};
	json_t *object;

	event_set(&e, SOURCE_IP, source_ip, host(next_random(random) % 1000));
	event_set(&e, SOURCE_PORT, source_port, 32768 + next_random(random) % 28000);
	event_set(&e, DESTINATION_IP, destination_ip, host(0x10000 + next_random(random) % 5000));
	event_set(&e, DESTINATION_PORT, destination_port, ports[next_random(random) % 8]);
	event_set(&e, NETWORK_TRANSPORT, network_transport, 6);
	event_set(&e, EVENT_START, event_start, e.time - WEIR_SEC / 3);
	event_set(&e, DESTINATION_ANSWERED, destination_answered, true);
	if (e.service != SERVICE_ATTEMPT) {
		event_set(&e, NETWORK_STATE, network_state, STATE_ESTABLISHED);
		event_set(&e, TCP_HALF_OPEN, tcp_half_open, false);
		event_set(&e, EVENT_DURATION, event_duration, WEIR_SEC / 3);
	}
	if (e.service == SERVICE_FLOW) {
		event_set(&e, SOURCE_BYTES, source_bytes, next_random(random) % 100000);
		event_set(&e, DESTINATION_BYTES, destination_bytes, next_random(random) % 1000000);
		event_set(&e, SOURCE_PACKETS, source_packets, next_random(random) % 100);
		event_set(&e, DESTINATION_PACKETS, destination_packets, next_random(random) % 1000);
		event_set(&e, SOURCE_PAYLOAD_BYTES, source_payload_bytes, 1000);
		event_set(&e, DESTINATION_PAYLOAD_BYTES, destination_payload_bytes, 1000);
	}
	object = event_to_json(&e);
	json_dumpf(object, out, JSON_COMPACT);
	fputc('\n', out);
	json_decref(object);
}

static void write_flat(FILE *out, unsigned i, uint64_t *random)
{
	fprintf(out,
		"{\"ts\":%.6f,\"src_ip\":\"10.0.%u.%u\",\"dest_ip\":\"10.1.%u.%u\",\"src_port\":%u,"
		"\"dest_port\":443,\"protocol\":\"TCP\",\"bytes_sent\":%u,\"bytes_received\":%u}\n",
		(double)(BASE + i * STEP) / 1e9, (unsigned)next_random(random) % 4,
		(unsigned)next_random(random) % 250, (unsigned)next_random(random) % 20,
		(unsigned)next_random(random) % 250, 32768 + (unsigned)next_random(random) % 28000,
		(unsigned)next_random(random) % 100000, (unsigned)next_random(random) % 100000);
}

static void write_zeek(FILE *out, unsigned i, uint64_t *random)
{
	if (!i)
		fputs("#separator \\x09\n#set_separator\t,\n#unset_field\t-\n#path\tconn\n"
		      "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_"
		      "p\tproto\tservice\t"
		      "duration\torig_bytes\tresp_bytes\tconn_state\tlocal_orig\tlocal_resp\t"
		      "missed_bytes\thistory\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\t"
		      "tunnel_parents\n",
		      out);
	fprintf(out,
		"%.6f\tC%08xabcdef\t10.0.%u.%u\t%u\t10.1.%u.%u\t443\ttcp\tssl\t%u.%"
		"06u\t1000\t20000\t"
		"SF\tT\tT\t0\tShADadFf\t12\t1600\t18\t21000\t-\n",
		(double)(BASE + i * STEP) / 1e9, i, (unsigned)next_random(random) % 4,
		(unsigned)next_random(random) % 250, 32768 + (unsigned)next_random(random) % 28000,
		(unsigned)next_random(random) % 20, (unsigned)next_random(random) % 250,
		(unsigned)next_random(random) % 20, (unsigned)next_random(random) % 1000000);
}

/* What bench.py compares; of `unit` lines or events. */
static const struct {
	const char *name, *unit;
	void (*write)(FILE *out, unsigned i, uint64_t *random);
	double against;
	bool lines; /* count rows, not the events that they become */
} inputs[] = {
	{"input.json.events_per_cpu_second", "events/s", write_own, 5e5, false},
	{"input.flat_json.lines_per_cpu_second", "lines/s", write_flat, 4e5, true},
	{"input.zeek_tsv.lines_per_cpu_second", "lines/s", write_zeek, 3e5, true},
};

static void on_event(void *context, struct event *event)
{
	struct counts *counts = context;

	counts->events++;
	counts->bytes += event_has(event, FIELD_SOURCE_BYTES) ? event->source_bytes : 0;
}

static void on_watermark(void *context, weir_time watermark)
{
	(void)context;
	(void)watermark;
}

static void to_order(void *context, const struct event *event)
{
	order_push(context, 0, event);
}

/* Returns the CPU seconds of reading `path` once. */
static double run(const char *path, struct counts *counts)
{
	const struct order_ops ops = {on_event, on_watermark, counts};
	struct order *order = order_new(&ops);
	const struct intake intake = {.context = order, .event = to_order};
	struct source *source;
	struct error error;
	double begun = cpu();
	weir_time at;

	if (source_open(&source, path, &error)) {
		fprintf(stderr, "bench_json: %s\n", error.text);
		exit(1);
	}
	order_input(order, source->ops->lateness);
	while (source->ops->peek(source, &at) > 0)
		source->ops->deliver(source, &intake);
	order_end(order, 0);
	source->ops->close(source);
	order_free(order);
	return cpu() - begun;
}

int main(void)
{
	for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
		char path[] = "/tmp/weir-bench-XXXXXX";
		struct counts counts = {0};
		uint64_t random = 1;
		FILE *out = fdopen(mkstemp(path), "w");
		double best = 0;

		for (unsigned n = 0; n < LINES; n++)
			inputs[i].write(out, n, &random);
		fclose(out);
		for (int round = 0; round < 3; round++) {
			double seconds;

			counts = (struct counts){0};
			seconds = run(path, &counts);
			if (!best || seconds < best)
				best = seconds;
		}
		unlink(path);
		printf("{\"name\": \"%s\", \"value\": %.0f, \"unit\": \"%s\", \"against\": %.0f}\n",
		       inputs[i].name,
		       (inputs[i].lines ? (double)LINES : (double)counts.events) / best,
		       inputs[i].unit, inputs[i].against);
	}
	return 0;
}
