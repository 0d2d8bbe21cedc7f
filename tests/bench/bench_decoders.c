/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What decoding costs. A capture is made of the conversations that real programs had
 * (tests/data/spoken.pcap), each again and again between other hosts: by packets 30 % web (HTTP and
 * TLS), 2 % DNS, 18 % SMB and 50 % video over TLS; what a conversation transfers behind its
 * opening is cut to 96 bytes, everything else is whole. The program itself replays it on one core
 * with its own rules. And the decode stage alone, over DNS messages of many names.
 *
 * WEIR: the program (default: ../../weir from here). The capture lies in TMPDIR until the end.
 */
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "decode/decode.h"
#include "replayed.h"

#define PACKETS	   3000000u
#define SPAN_US	   60000000u
#define AT_ONCE	   2000u
#define SNAPPED	   96
#define START	   1700000000u
#define GOAL	   2500000.0 /* packets/s on one core */
#define DNS_GOAL   1500000.0 /* messages/s on one core */
#define MESSAGES   3000000u
#define DNS_NAMES  20000u
#define ETHER_IPV4 14

/* ---- conversations that were had ---- */

struct frame {
	uint8_t bytes[1600];
	uint16_t length;
	bool from_server;
};

struct template
{
	struct frame *frames;
	size_t len;
	uint16_t port;	 /* of the server */
	uint16_t client; /* port of the client, to tell one from another */
	bool left_out;
	uint32_t next[2]; /* sequence numbers behind what was sent: client's, server's */
};

enum kind { WEB, DNS, SMB, VIDEO, KINDS };

struct templates {
	struct template *at[KINDS][32];
	size_t len[KINDS];
	struct template all[128];
	size_t all_len;
};

static const struct {
	uint16_t port;
	enum kind kind;
} kinds[] = {{80, WEB}, {443, WEB}, {53, DNS}, {445, SMB}, {8443, VIDEO}};

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static struct template *template_of(struct templates *t, uint16_t client, uint16_t port)
{
	for (size_t i = 0; i < t->all_len; i++)
		if (t->all[i].client == client && t->all[i].port == port)
			return &t->all[i];
	if (t->all_len == sizeof(t->all) / sizeof(t->all[0]))
		return NULL;
	t->all[t->all_len] = (struct template){.client = client, .port = port};
	return &t->all[t->all_len++];
}

/* Notes what follows the frame's payload; false for an end of the connection, which is made anew.
 */
static bool follow(struct template *t, const uint8_t *ip, bool from_server)
{
	const uint8_t *tcp = ip + 20;
	uint32_t carried = get16(ip + 2) - 20u - (tcp[12] >> 4) * 4u;

	if (ip[9] != 6)
		return true;
	if (tcp[13] & 5)
		return false;
	t->next[from_server] = get32(tcp + 4) + carried + (tcp[13] & 2 ? 1 : 0);
	return true;
}

/* Programs on their way are not what most conversations carry. */
static bool carries_program(const uint8_t *frame, uint32_t length)
{
	return memmem(frame, length, "MZ\x90\0\3", 5) != NULL;
}

static void take(struct templates *all, const uint8_t *frame, uint32_t length)
{
	const uint8_t *ip = frame + ETHER_IPV4;
	uint16_t ports[2];

	if (get16(frame + 12) != 0x800 || ip[0] != 0x45 || (ip[9] != 6 && ip[9] != 17) ||
	    length > sizeof(((struct frame *)0)->bytes))
		return;
	ports[0] = get16(ip + 20);
	ports[1] = get16(ip + 22);
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		bool from_server = ports[0] == kinds[k].port;
		struct template *t;
		struct frame *f;

		if (!from_server && ports[1] != kinds[k].port)
			continue;
		t = template_of(all, ports[from_server], kinds[k].port);
		if (!t || !follow(t, ip, from_server))
			return;
		t->left_out = t->left_out || carries_program(frame, length);
		t->frames = realloc(t->frames, (t->len + 1) * sizeof(*f));
		if (!t->frames)
			exit(3);
		f = &t->frames[t->len++];
		memcpy(f->bytes, frame, length);
		f->length = (uint16_t)length;
		f->from_server = from_server;
		return;
	}
}

static void templates_read(struct templates *all, const char *path)
{
	uint32_t header[6], record[4];
	uint8_t frame[65536];
	FILE *file = fopen(path, "rb");

	if (!file || fread(header, sizeof(header), 1, file) != 1) {
		perror(path);
		exit(1);
	}
	while (fread(record, sizeof(record), 1, file) == 1 && record[2] <= sizeof(frame) &&
	       fread(frame, record[2], 1, file) == 1)
		take(all, frame, record[2]);
	fclose(file);
	for (size_t i = 0; i < all->all_len; i++)
		for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
			if (kinds[k].port == all->all[i].port && !all->all[i].left_out &&
			    all->len[kinds[k].kind] < 32)
				all->at[kinds[k].kind][all->len[kinds[k].kind]++] = &all->all[i];
}

/* ---- had again ---- */

struct conversation {
	const struct template *like;
	uint32_t client, server; /* host order */
	uint16_t client_port;
	uint32_t done, bulk; /* packets sent; of the transfer behind the opening */
	uint32_t next;	     /* the server's sequence number */
};

struct maker {
	FILE *file;
	uint64_t state;
	struct templates like;
	struct conversation active[AT_ONCE];
	uint64_t packets[KINDS]; /* so far */
	uint32_t begun, written;
};

static uint32_t random_below(struct maker *m, uint32_t n)
{
	m->state ^= m->state >> 12;
	m->state ^= m->state << 25;
	m->state ^= m->state >> 27;
	return (uint32_t)((m->state * UINT64_C(2685821657736338717)) >> 33) % n;
}

/* The kind that is furthest behind its share. */
static enum kind choose(const struct maker *m)
{
	static const double share[KINDS] = {.30, .02, .18, .50};
	enum kind least = WEB;

	for (int k = 1; k < KINDS; k++)
		if ((double)m->packets[k] / share[k] < (double)m->packets[least] / share[least])
			least = (enum kind)k;
	return least;
}

static void begin(struct maker *m, struct conversation *c)
{
	static const uint32_t bulk[KINDS] = {16, 0, 40, 400};
	enum kind kind = choose(m);

	memset(c, 0, sizeof(*c));
	c->like = m->like.at[kind][random_below(m, (uint32_t)m->like.len[kind])];
	c->client = 0x0a000000 + random_below(m, 500) + 10;
	c->server =
		kind == DNS || kind == SMB ? 0x0a000001 + kind : 0x5db80000 + random_below(m, 300);
	c->client_port = (uint16_t)(32768 + m->begun++ % 28000);
	c->bulk = bulk[kind] ? bulk[kind] / 2 + random_below(m, bulk[kind]) : 0;
	c->next = c->like->next[1];
	m->packets[kind] += c->like->len + c->bulk + (kind == DNS ? 0 : 2);
}

static void write_frame(struct maker *m, struct conversation *c, uint8_t *frame, uint32_t wire,
			bool from_server)
{
	uint8_t *ip = frame + ETHER_IPV4;
	uint64_t us = (uint64_t)SPAN_US * m->written++ / PACKETS;
	const uint32_t record[4] = {START + (uint32_t)(us / 1000000), (uint32_t)(us % 1000000),
				    wire > 1600 || wire - ETHER_IPV4 > get16(ip + 2) ? 0 : wire,
				    wire};

	replayed_put32(ip + 12, from_server ? c->server : c->client);
	replayed_put32(ip + 16, from_server ? c->client : c->server);
	replayed_put16(ip + (from_server ? 22 : 20), c->client_port);
	fwrite(record, sizeof(record), 1, m->file);
	fwrite(frame, record[2], 1, m->file);
}

/* A name of its own for each question: the first label's letters. */
static void rename_question(struct maker *m, uint8_t *frame, uint16_t length)
{
	uint8_t *name = frame + ETHER_IPV4 + 28 + 12;
	uint32_t dice = m->begun % DNS_NAMES;

	for (uint8_t *at = name + 1; at <= name + *name && at < frame + length; at++, dice /= 26)
		*at = (uint8_t)('a' + dice % 26);
}

static void write_bulk(struct maker *m, struct conversation *c, bool last)
{
	uint8_t frame[SNAPPED] = {0}, *ip = frame + ETHER_IPV4, *tcp = ip + 20;
	bool from_server = last ? c->done & 1 : c->done % 3 != 0;
	uint32_t payload = from_server && !last ? 1448 : 0;
	uint32_t record[4], wire = ETHER_IPV4 + 52 + payload;
	uint64_t us = (uint64_t)SPAN_US * m->written++ / PACKETS;

	frame[12] = 8;
	ip[0] = 0x45;
	replayed_put16(ip + 2, (uint16_t)(52 + payload));
	ip[8] = 64;
	ip[9] = 6;
	replayed_put32(ip + 12, from_server ? c->server : c->client);
	replayed_put32(ip + 16, from_server ? c->client : c->server);
	replayed_put16(tcp + (from_server ? 2 : 0), c->client_port);
	replayed_put16(tcp + (from_server ? 0 : 2), c->like->port);
	replayed_put32(tcp + 4, from_server ? c->next : c->like->next[0]);
	replayed_put32(tcp + 8, from_server ? c->like->next[0] : c->next);
	tcp[12] = 8 << 4;
	tcp[13] = last ? 0x11 : 0x10;
	c->next += payload;
	record[0] = START + (uint32_t)(us / 1000000);
	record[1] = (uint32_t)(us % 1000000);
	record[2] = wire < SNAPPED ? wire : SNAPPED;
	record[3] = wire;
	fwrite(record, sizeof(record), 1, m->file);
	fwrite(frame, record[2], 1, m->file);
}

/* The conversation's next packet; false: that was its last. */
static bool step(struct maker *m, struct conversation *c)
{
	const struct template *like = c->like;
	bool tcp = like->frames[0].bytes[ETHER_IPV4 + 9] == 6;
	uint32_t all = (uint32_t)like->len + (tcp ? c->bulk + 2 : 0);

	if (c->done < like->len) {
		struct frame f = like->frames[c->done];

		if (!tcp)
			rename_question(m, f.bytes, f.length);
		write_frame(m, c, f.bytes, f.length, f.from_server);
	} else {
		write_bulk(m, c, c->done + 2 >= all);
	}
	return ++c->done < all;
}

static void write_mixed(const char *path, const char *spoken)
{
	const uint32_t header[6] = {0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65535, 1};
	static struct maker m;

	m = (struct maker){.file = fopen(path, "wb"), .state = 88172645463325252u};
	if (!m.file) {
		perror(path);
		exit(1);
	}
	templates_read(&m.like, spoken);
	for (int k = 0; k < KINDS; k++)
		if (!m.like.len[k]) {
			fprintf(stderr, "%s: no conversation of kind %d\n", spoken, k);
			exit(1);
		}
	setvbuf(m.file, NULL, _IOFBF, 1 << 20);
	fwrite(header, sizeof(header), 1, m.file);
	for (size_t i = 0; i < AT_ONCE; i++)
		begin(&m, &m.active[i]);
	while (m.written < PACKETS) {
		struct conversation *c = &m.active[random_below(&m, AT_ONCE)];

		if (!step(&m, c))
			begin(&m, c);
	}
	if (fclose(m.file)) {
		perror(path);
		exit(1);
	}
}

static void measure_mixed(const char *weir, const char *spoken)
{
	const char *path = replayed_file();
	struct rusage usage;
	char words[200];
	double best;

	write_mixed(path, spoken);
	best = replayed_best(weir, path, NULL, 3, &usage);
	snprintf(words, sizeof(words),
		 "at least %.0f; %u packets: 30 %% web, 2 %% DNS, 18 %% SMB, 50 %% video; CPU of "
		 "one core",
		 GOAL, PACKETS);
	replayed_say("replay.decoders.packets_per_second", PACKETS / best, "packets/s", words);
	replayed_say("replay.decoders.rss_mib", (double)usage.ru_maxrss / 1024, "MiB", "");
}

/* ---- DNS alone ---- */

struct told {
	uint64_t events;
};

static void on_event(void *context, const struct decode_origin *origin, struct event *event)
{
	(void)origin;
	(void)event;
	((struct told *)context)->events++;
}

/* Query and response in turns, from clients in turns; of names like those that people ask for. */
static size_t message(uint8_t *out, uint32_t i)
{
	static const uint8_t tail[] = "\7example\3com\0\0\1\0\1";
	static const uint8_t answers[] = "\xc0\x0c\0\5\0\1\0\0\1\x2c\0\7\4edge\xc0\x16"
					 "\xc0\x33\0\1\0\1\0\0\0\x3c\0\4\x5d\xb8\xd8\x22";
	bool answer = i & 1;
	size_t used = 12;
	int length;

	memset(out, 0, 12);
	replayed_put16(out, (uint16_t)(i / 2));
	replayed_put16(out + 2, answer ? 0x8180 : 0x0100);
	replayed_put16(out + 4, 1);
	replayed_put16(out + 6, answer ? 2 : 0);
	length = snprintf((char *)out + used + 1, 32, "host%05u", i / 2 % DNS_NAMES);
	out[used] = (uint8_t)length;
	used += 1 + (size_t)length;
	memcpy(out + used, tail, sizeof(tail) - 1);
	used += sizeof(tail) - 1;
	if (!answer)
		return used;
	memcpy(out + used, answers, sizeof(answers) - 1);
	return used + sizeof(answers) - 1;
}

static void measure_dns(void)
{
	const struct decode_options options = {0};
	struct told told = {0};
	const struct decode_ops ops = {on_event, NULL, &told};
	struct decode *decode = decode_new(&options, &ops);
	uint8_t bytes[512];
	struct timespec t;
	double took;
	char words[96];

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	took = -((double)t.tv_sec + (double)t.tv_nsec / 1e9);
	for (uint32_t i = 0; decode && i < MESSAGES; i++) {
		struct payload_record r = {
			.kind = PAYLOAD_FLOW,
			.watch = PAYLOAD_MESSAGES,
			.direction = i & 1,
			.key = {.proto = 17,
				.port = {htons((uint16_t)(20000 + i / 2 % 30000)), htons(53)}},
			.last = 1,
		};

		r.length = (uint16_t)message(bytes, i);
		r.wire = r.length;
		r.key.addr[0][15] = (uint8_t)(i / 2);
		decode_payload(decode, &r, bytes, (weir_time)i * 1000);
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	took += (double)t.tv_sec + (double)t.tv_nsec / 1e9;
	snprintf(words, sizeof(words), "at least %.0f; %llu events, making them included", DNS_GOAL,
		 (unsigned long long)told.events);
	replayed_say("decode.dns.messages_per_second", MESSAGES / took, "messages/s", words);
	decode_free(decode);
}

int main(int argc, char **argv)
{
	const char *spoken = "tests/data/spoken.pcap";

	if (argc == 3 && !strcmp(argv[1], "--keep")) {
		write_mixed(argv[2], spoken);
		return 0;
	}
	measure_dns();
	measure_mixed(replayed_program(argv[0]), spoken);
	return 0;
}
