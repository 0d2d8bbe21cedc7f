/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast captures go through all stages: 4 million packets of 100,000 connections in 60 s, their
 * headers alone (and the first of each name look-up), replayed by the program itself on one core
 * with the rules of lateral movement, which read flows, and with all of its own. And how much
 * memory an hour's capture takes against half of it: the same, or something grows with the file.
 *
 *     bench_replay [--keep FILE]    FILE: only write the capture
 *
 * WEIR: the program (default: ../../weir from here). The capture lies in TMPDIR until the end.
 */
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replayed.h"

#define PACKETS	    4000000u
#define FLOWS	    100000u
#define AT_ONCE	    5000u
#define SPAN_US	    60000000u
#define HOUR_US	    UINT64_C(3600000000)
#define SNAP_LENGTH 66	      /* headers: of TCP with its time stamps */
#define GOAL	    5000000.0 /* packets/s on one core, rules that read flows */
#define GOAL_ALL    3000000.0 /* with all rules */
#define START	    1700000000u

/* --- the traffic --- */

enum kind { DNS, WEB, TALK, BULK };

struct conversation {
	uint32_t client, server; /* host order */
	uint16_t client_port, server_port;
	uint16_t done, packets;
	uint32_t sequence[2];
	enum kind kind;
};

struct writer {
	FILE *file;
	uint64_t state;
	struct conversation *active;
	size_t active_len;
	uint32_t flows; /* started */
};

static uint32_t random_below(struct writer *w, uint32_t n)
{
	w->state ^= w->state >> 12;
	w->state ^= w->state << 25;
	w->state ^= w->state >> 27;
	return (uint32_t)((w->state * UINT64_C(2685821657736338717)) >> 33) % n;
}

/* 30 % name look-ups, 50 % pages, 15 % longer talks, 5 % transfers: 40 packets on average. */
static void start(struct writer *w)
{
	struct conversation *c = &w->active[w->active_len++];
	uint32_t dice = random_below(w, 100);

	memset(c, 0, sizeof(*c));
	c->client = 0x0a000000 + random_below(w, 500) + 10;
	c->server = 0x5db80000 + random_below(w, 3000);
	c->client_port = (uint16_t)(32768 + w->flows % 28000);
	c->server_port = dice < 70 ? 443 : 80;
	c->sequence[0] = c->sequence[1] = w->flows;
	c->kind = dice < 30 ? DNS : dice < 80 ? WEB : dice < 95 ? TALK : BULK;
	switch (c->kind) {
	case DNS:
		c->server = 0x0a000001;
		c->server_port = 53;
		c->packets = 2;
		break;
	case WEB:
		c->packets = (uint16_t)(12 + random_below(w, 29));
		break;
	case TALK:
		c->packets = (uint16_t)(40 + random_below(w, 61));
		break;
	case BULK:
		c->packets = (uint16_t)(118 + random_below(w, 401));
		break;
	}
	w->flows++;
}

/* A TCP packet of the conversation's life: handshake, data mostly from the server, both ends. */
static uint16_t put_tcp(struct writer *w, struct conversation *c, uint8_t *tcp, bool *answer)
{
	uint16_t left = (uint16_t)(c->packets - c->done), payload = 0;
	uint8_t flags = 0x10;

	*answer = c->done == 1 || left == 2 || (c->done > 3 && left > 3 && random_below(w, 3));
	if (c->done < 2)
		flags = c->done ? 0x12 : 0x02;
	else if (left == 2 || left == 3)
		flags = 0x11;
	else if (c->done > 2 && left > 3 && (*answer || c->done == 3 || !random_below(w, 4)))
		payload = *answer ? 1448 : (uint16_t)(100 + random_below(w, 700));
	replayed_put16(tcp, *answer ? c->server_port : c->client_port);
	replayed_put16(tcp + 2, *answer ? c->client_port : c->server_port);
	replayed_put32(tcp + 4, c->sequence[*answer]);
	replayed_put32(tcp + 8, c->sequence[!*answer]);
	tcp[12] = 8 << 4; /* time stamps */
	tcp[13] = flags;
	c->sequence[*answer] += payload + (flags & 3 ? 1 : 0);
	return (uint16_t)(32 + payload);
}

/* As much of a question and its answer as is captured: of one client each number once. */
static void put_dns(const struct conversation *c, uint8_t *dns, bool answer)
{
	static const uint8_t name[] = "\7service\7example\3com";

	replayed_put16(dns, c->client_port);
	replayed_put16(dns + 2, answer ? 0x8180 : 0x0100);
	replayed_put16(dns + 4, 1);
	replayed_put16(dns + 6, answer);
	memcpy(dns + 12, name, SNAP_LENGTH - 14 - 20 - 8 - 12);
}

static uint16_t put_udp(struct conversation *c, uint8_t *udp, bool *answer)
{
	uint16_t length = c->done ? 120 : 60;

	*answer = c->done;
	put_dns(c, udp + 8, *answer);
	replayed_put16(udp, *answer ? c->server_port : c->client_port);
	replayed_put16(udp + 2, *answer ? c->client_port : c->server_port);
	replayed_put16(udp + 4, length);
	return length;
}

static void put_packet(struct writer *w, struct conversation *c, uint64_t us)
{
	uint8_t record[16 + SNAP_LENGTH] = {0}, *frame = record + 16, *ip = frame + 14;
	bool answer, udp = c->kind == DNS;
	uint16_t length = udp ? put_udp(c, ip + 20, &answer) : put_tcp(w, c, ip + 20, &answer);
	uint32_t wire = 14 + 20 + length, words[4];

	frame[12] = 8;
	ip[0] = 0x45;
	replayed_put16(ip + 2, (uint16_t)(20 + length));
	ip[8] = 64;
	ip[9] = udp ? 17 : 6;
	replayed_put32(ip + 12, answer ? c->server : c->client);
	replayed_put32(ip + 16, answer ? c->client : c->server);
	words[0] = START + (uint32_t)(us / 1000000);
	words[1] = (uint32_t)(us % 1000000);
	words[2] = wire < SNAP_LENGTH ? wire : SNAP_LENGTH;
	words[3] = wire;
	memcpy(record, words, sizeof(words));
	fwrite(record, 16 + words[2], 1, w->file);
	c->done++;
}

/* Returns how many packets were written; the last may fall short or over by the dice. */
static uint32_t write_capture(const char *path, uint32_t packets, uint32_t flows, uint64_t span)
{
	const uint32_t header[6] = {0xa1b2c3d4, 2 | 4 << 16, 0, 0, SNAP_LENGTH, 1};
	struct writer w = {.file = fopen(path, "wb"), .state = 88172645463325252u};
	uint32_t written = 0;

	w.active = malloc(flows * sizeof(*w.active));
	if (!w.file || !w.active) {
		perror(path);
		exit(1);
	}
	setvbuf(w.file, NULL, _IOFBF, 1 << 20);
	fwrite(header, sizeof(header), 1, w.file);
	for (; written < packets; written++) {
		struct conversation *c;

		/* So many at once from the start, the others as time goes. */
		while (w.flows < flows &&
		       (uint64_t)written * (flows - AT_ONCE) + (uint64_t)AT_ONCE * packets >=
			       (uint64_t)w.flows * packets)
			start(&w);
		if (!w.active_len)
			break;
		c = &w.active[random_below(&w, (uint32_t)w.active_len)];
		put_packet(&w, c, span * written / packets);
		if (c->done == c->packets)
			*c = w.active[--w.active_len];
	}
	if (fclose(w.file)) {
		perror(path);
		exit(1);
	}
	free(w.active);
	return written;
}

/* --- the measurement --- */

/* From the tree's root, where benchmarks are started. */
static const char *const flow_rules[] = {
	"rules/detections/lateral_movement.yml",
	"rules/signals/port_scan.yml",
	"rules/signals/connection_spike.yml",
	"rules/signals/privileged_access.yml",
	NULL,
};

static void measure_speed(const char *weir, const char *capture)
{
	const struct {
		const char *name, *what;
		const char *const *rules;
		double goal;
	} rows[] = {
		{"replay.packets_per_second", "rules of lateral movement", flow_rules, GOAL},
		{"replay.all_rules.packets_per_second", "all rules", NULL, GOAL_ALL},
	};
	uint32_t packets = write_capture(capture, PACKETS, FLOWS, SPAN_US);

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rusage usage;
		double best = replayed_best(weir, capture, rows[i].rules, 3, &usage);
		char words[160];

		snprintf(words, sizeof(words),
			 "at least %.0f; %u packets, %u connections, %s, CPU of one core",
			 rows[i].goal, packets, FLOWS, rows[i].what);
		replayed_say(rows[i].name, packets / best, "packets/s", words);
	}
}

/* Over an hour, longer than any timeout and window of the rules, against half of it. */
static void measure_memory(const char *weir, const char *capture)
{
	struct rusage half, whole;
	char words[160];

	write_capture(capture, PACKETS / 8, FLOWS / 8, HOUR_US / 2);
	half = replayed_run(weir, capture, NULL);
	write_capture(capture, PACKETS / 4, FLOWS / 4, HOUR_US);
	whole = replayed_run(weir, capture, NULL);
	snprintf(words, sizeof(words), "%.1f MiB for a capture half as long",
		 (double)half.ru_maxrss / 1024);
	replayed_say("replay.rss_mib", (double)whole.ru_maxrss / 1024, "MiB", words);
}

int main(int argc, char **argv)
{
	const char *weir = replayed_program(argv[0]), *capture;

	if (argc == 3 && !strcmp(argv[1], "--keep"))
		return write_capture(argv[2], PACKETS, FLOWS, SPAN_US) == 0;
	capture = replayed_file();
	measure_speed(weir, capture);
	measure_memory(weir, capture);
	return 0;
}
