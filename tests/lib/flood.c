/* SPDX-License-Identifier: Apache-2.0 */

/*
 * flood -i INTERFACE -m MAC -d ADDRESS [-k KIND] [-p PORT] [-s SOURCES] [-b BASE] [-n NUMBER]
 *       [-r RATE] [-a]
 *
 * Sends NUMBER IPv4 packets of KIND (syn, ack, udp, dns: a query) with valid checksums to PORT of
 * ADDRESS, whose link-layer address is MAC, out of INTERFACE, as fast as it can or RATE a second.
 *
 * Packet i of SOURCES counted sources comes from BASE + i % SOURCES (BASE: 11.0.0.0), port 1024 +
 * i / SOURCES: no two are of one flow before the ports come round. SOURCES 0, which is the default:
 * address and port are random, the same in each run.
 *
 * -a: what a server at ADDRESS would answer to those packets, from PORT to each source.
 *
 * At the end it says on one line what came of it:
 *     sent=N refused=N bytes=N seconds=S cpu_ns=N
 * refused: not taken by the device; bytes: IP bytes sent; cpu_ns: this process's time for a packet,
 * in which, between namespaces, the receiver's kernel runs too. Leaves with 1 if it cannot send.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "sender.h"

#define BATCH	   64
#define FIRST_PORT 1024
#define BUFFER	   (4 << 20) /* bytes that may wait in the socket */

/* A query for "weir.test", A, as a stub resolver asks it. */
static const uint8_t query[] = {0x12, 0x34, 1,	 0, 0,	 1,   0,   0,	0, 0, 0, 0, 4, 'w',
				'e',  'i',  'r', 4, 't', 'e', 's', 't', 0, 0, 1, 0, 1};

struct kind {
	const char *name;
	uint8_t proto;
	uint8_t tcp_flags;
	const uint8_t *payload;
	size_t length;
};

static const struct kind kinds[] = {
	{"syn", IPPROTO_TCP, TH_SYN, NULL, 0},
	{"ack", IPPROTO_TCP, TH_ACK, NULL, 0},
	{"udp", IPPROTO_UDP, 0, (const uint8_t *)"twelve bytes", 12},
	{"dns", IPPROTO_UDP, 0, query, sizeof(query)},
};

/* What is asked for. */
struct flood {
	const char *interface;
	uint8_t mac[6];
	uint32_t destination; /* network order, as all addresses here but `base` */
	const struct kind *kind;
	uint16_t port; /* host order */
	uint32_t base; /* host order */
	uint64_t sources, number, rate;
	bool answers;
};

struct result {
	uint64_t sent, refused;
};

/* The headers behind Ethernet's, unaligned in the frame. */
struct __attribute__((packed)) packet {
	struct ether_header link;
	struct iphdr ip;
	union {
		struct tcphdr tcp;
		struct udphdr udp;
	};
	uint8_t payload[64];
};

static uint32_t sum_of(const void *bytes, size_t length, uint32_t sum)
{
	const uint8_t *p = bytes;

	for (; length > 1; p += 2, length -= 2)
		sum += (uint32_t)p[0] << 8 | p[1];
	return length ? sum + ((uint32_t)p[0] << 8) : sum;
}

static uint16_t folded(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum & 0xffff);
}

/* xorshift64*: the same numbers in each run. */
static uint64_t random_next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dull;
}

/* Any address of a host: neither 0/8, 10/8 (where tests live), 127/8, nor from 224 on. */
static uint32_t random_address(uint64_t *state)
{
	for (;;) {
		uint32_t address = random_next(state) >> 32, net = address >> 24;

		if (net && net != 10 && net != 127 && net < 224)
			return address;
	}
}

static size_t transport_length(const struct flood *f)
{
	return f->kind->length +
	       (f->kind->proto == IPPROTO_TCP ? sizeof(struct tcphdr) : sizeof(struct udphdr));
}

/* A server's answer instead: sums do not change with the order of what is summed. */
static void packet_turn(struct packet *p)
{
	uint32_t address = p->ip.saddr;
	uint16_t port = p->udp.source; /* where TCP has it too */

	p->ip.saddr = p->ip.daddr;
	p->ip.daddr = address;
	p->udp.source = p->udp.dest;
	p->udp.dest = port;
}

/* All that is the same in each packet. */
static void packet_begin(const struct flood *f, const uint8_t own[6], struct packet *p)
{
	uint8_t *payload;

	memset(p, 0, sizeof(*p));
	memcpy(p->link.ether_dhost, f->mac, 6);
	memcpy(p->link.ether_shost, own, 6);
	p->link.ether_type = htons(ETHERTYPE_IP);
	p->ip.version = 4;
	p->ip.ihl = 5;
	p->ip.tot_len = htons(sizeof(p->ip) + transport_length(f));
	p->ip.ttl = 64;
	p->ip.protocol = f->kind->proto;
	p->ip.daddr = f->destination;
	if (f->kind->proto == IPPROTO_TCP) {
		p->tcp.dest = htons(f->port);
		p->tcp.doff = 5;
		p->tcp.th_flags = f->kind->tcp_flags;
		p->tcp.window = htons(64240);
		payload = (uint8_t *)(&p->tcp + 1);
	} else {
		p->udp.dest = htons(f->port);
		p->udp.len = htons(transport_length(f));
		payload = (uint8_t *)(&p->udp + 1);
	}
	if (f->kind->length)
		memcpy(payload, f->kind->payload, f->kind->length);
	if (f->answers)
		packet_turn(p);
}

/* Its source and what depends on it. */
static void packet_finish(const struct flood *f, struct packet *p, uint32_t source, uint16_t port,
			  uint32_t seq)
{
	size_t length = transport_length(f);
	uint32_t pseudo;

	p->ip.saddr = htonl(source);
	p->ip.id = htons(seq);
	p->ip.check = 0;
	p->ip.check = folded(sum_of(&p->ip, sizeof(p->ip), 0));
	pseudo = sum_of(&p->ip.saddr, 8, f->kind->proto + length);
	if (f->kind->proto == IPPROTO_TCP) {
		p->tcp.source = htons(port);
		p->tcp.seq = htonl(seq);
		p->tcp.check = 0;
		p->tcp.check = folded(sum_of(&p->tcp, length, pseudo));
	} else {
		p->udp.source = htons(port);
		p->udp.check = 0;
		p->udp.check = folded(sum_of(&p->udp, length, pseudo));
		if (!p->udp.check)
			p->udp.check = 0xffff;
	}
}

static void packet_number(const struct flood *f, struct packet *p, uint64_t i, uint64_t *state)
{
	uint32_t source;

	if (f->answers)
		packet_turn(p); /* back: what is the same in each packet stands in it */
	if (f->sources) {
		packet_finish(f, p, f->base + i % f->sources,
			      FIRST_PORT + i / f->sources % (65536 - FIRST_PORT), i);
	} else {
		source = random_address(state);
		packet_finish(f, p, source, FIRST_PORT + random_next(state) % (65536 - FIRST_PORT),
			      i);
	}
	if (f->answers)
		packet_turn(p);
}

/* A socket to the interface; `own` is its link-layer address. */
static int device_open(const struct flood *f, uint8_t own[6])
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), size = BUFFER;
	socklen_t length = sizeof(at);

	if (fd < 0)
		die("cannot open a packet socket");
	at.sll_ifindex = if_nametoindex(f->interface);
	if (!at.sll_ifindex || bind(fd, (struct sockaddr *)&at, sizeof(at)))
		die(f->interface);
	if (getsockname(fd, (struct sockaddr *)&at, &length))
		die(f->interface);
	memcpy(own, at.sll_addr, 6);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	return fd;
}

/* Sends what stands in `messages`: the device refuses what finds no room, and takes the next. */
static void send_all(int fd, struct mmsghdr *messages, unsigned int n, struct result *result)
{
	unsigned int at = 0;

	while (at < n) {
		int sent = sendmmsg(fd, messages + at, n - at, 0);

		if (sent > 0) {
			at += sent;
			result->sent += sent;
		} else if (errno == ENOBUFS) {
			at++;
			result->refused++;
		} else if (errno != EINTR) {
			die("cannot send");
		}
	}
}

/* Waits until packet `i` is due. */
static void pace(const struct flood *f, const struct timespec *begun, uint64_t i)
{
	struct timespec due = *begun;
	uint64_t ns;

	if (!f->rate)
		return;
	ns = (uint64_t)begun->tv_nsec + i % f->rate * 1000000000ull / f->rate;
	due.tv_sec += i / f->rate + ns / 1000000000ull;
	due.tv_nsec = ns % 1000000000ull;
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
}

static struct result run(const struct flood *f)
{
	static struct packet packets[BATCH];
	struct mmsghdr messages[BATCH] = {0};
	struct iovec parts[BATCH];
	struct result result = {0};
	uint64_t state = 0x9e3779b97f4a7c15ull;
	struct timespec begun;
	uint8_t own[6];
	int fd = device_open(f, own);

	for (int k = 0; k < BATCH; k++) {
		packet_begin(f, own, &packets[k]);
		parts[k].iov_base = &packets[k];
		parts[k].iov_len =
			sizeof(struct ether_header) + sizeof(struct iphdr) + transport_length(f);
		messages[k].msg_hdr.msg_iov = &parts[k];
		messages[k].msg_hdr.msg_iovlen = 1;
	}
	clock_gettime(CLOCK_MONOTONIC, &begun);
	for (uint64_t i = 0; i < f->number; i += BATCH) {
		unsigned int n = f->number - i < BATCH ? f->number - i : BATCH;

		for (unsigned int k = 0; k < n; k++)
			packet_number(f, &packets[k], i + k, &state);
		pace(f, &begun, i);
		send_all(fd, messages, n, &result);
	}
	close(fd);
	return result;
}

static const struct kind *kind_named(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	}
	return NULL;
}

static uint32_t address(const char *text)
{
	struct in_addr in;

	if (inet_pton(AF_INET, text, &in) == 1)
		return in.s_addr;
	fprintf(stderr, "flood: '%s' is no IPv4 address\n", text);
	exit(2);
}

static void mac(const char *text, uint8_t out[6])
{
	if (sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &out[0], &out[1], &out[2], &out[3],
		   &out[4], &out[5]) == 6)
		return;
	fprintf(stderr, "flood: '%s' is no link-layer address\n", text);
	exit(2);
}

static void option(struct flood *f, int which)
{
	switch (which) {
	case 'i':
		f->interface = optarg;
		return;
	case 'm':
		mac(optarg, f->mac);
		return;
	case 'd':
		f->destination = address(optarg);
		return;
	case 'k':
		f->kind = kind_named(optarg);
		return;
	case 'p':
		f->port = atoi(optarg);
		return;
	case 's':
		f->sources = strtoull(optarg, NULL, 10);
		return;
	case 'b':
		f->base = ntohl(address(optarg));
		return;
	case 'n':
		f->number = strtoull(optarg, NULL, 10);
		return;
	case 'r':
		f->rate = strtoull(optarg, NULL, 10);
		return;
	case 'a':
		f->answers = true;
		return;
	default:
		f->kind = NULL;
	}
}

int main(int argc, char **argv)
{
	struct flood f = {.kind = &kinds[0], .port = 80, .base = 11u << 24, .number = 1000000};
	struct result result;
	double began, cpu;
	int which;

	while ((which = getopt(argc, argv, "i:m:d:k:p:s:b:n:r:a")) != -1)
		option(&f, which);
	if (!f.interface || !f.destination || !f.kind || optind < argc) {
		fprintf(stderr, "usage: flood -i INTERFACE -m MAC -d ADDRESS [-k syn|ack|udp|dns] "
				"[-p PORT] [-s SOURCES] [-b BASE] [-n NUMBER] [-r RATE] [-a]\n");
		return 2;
	}
	began = seconds(CLOCK_MONOTONIC);
	result = run(&f);
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
	printf("sent=%lu refused=%lu bytes=%lu seconds=%.3f cpu_ns=%.0f\n",
	       (unsigned long)result.sent, (unsigned long)result.refused,
	       (unsigned long)(result.sent * (sizeof(struct iphdr) + transport_length(&f))),
	       seconds(CLOCK_MONOTONIC) - began, cpu * 1e9 / (double)(f.number ? f.number : 1));
	return 0;
}
