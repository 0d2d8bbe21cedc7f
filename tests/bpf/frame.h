/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_FRAME_H
#define WEIR_TESTS_FRAME_H

/*
 * Builds packets layer by layer, from the link up; frame_end() sets what depends on lengths.
 * Addresses are 10.0.0.N and 2001:db8::N by their last byte. Ports are in host order.
 */

#include <assert.h>
#include <stdint.h>
#include <string.h>

struct frame {
	uint8_t byte[4096];
	size_t len;
	size_t ip;  /* offset of the outermost IP header */
	size_t udp; /* offset of its UDP header; 0: none */
	int linked; /* begins with Ethernet */
	int six;
};

static inline uint8_t *frame_put(struct frame *f, size_t n)
{
	uint8_t *at = f->byte + f->len;

	assert(f->len + n <= sizeof(f->byte));
	memset(at, 0, n);
	f->len += n;
	return at;
}

static inline void frame_put16(uint8_t *at, unsigned value)
{
	at[0] = value >> 8;
	at[1] = value;
}

/* Ethernet's two addresses; the type comes with what follows. */
static inline void frame_link(struct frame *f)
{
	static const uint8_t macs[12] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1};

	memset(f, 0, sizeof(*f));
	memcpy(frame_put(f, 12), macs, 12);
	f->linked = 1;
}

/* A packet of an L3-only device. */
static inline void frame_bare(struct frame *f)
{
	memset(f, 0, sizeof(*f));
}

static inline void frame_tag(struct frame *f, unsigned type, unsigned id)
{
	uint8_t *at = frame_put(f, 4);

	frame_put16(at, type);
	frame_put16(at + 2, id);
}

static inline void frame_type(struct frame *f, unsigned type)
{
	frame_put16(frame_put(f, 2), type);
}

/* `options`: bytes, a multiple of 4. */
static inline void frame_v4(struct frame *f, unsigned from, unsigned to, unsigned proto,
			    unsigned options)
{
	uint8_t *ip;
	int outer = !f->ip && !f->six;

	if (f->linked && f->len < 24 && outer)
		frame_type(f, 0x0800);
	if (outer)
		f->ip = f->len;
	ip = frame_put(f, 20 + options);
	ip[0] = 0x45 + options / 4;
	ip[8] = 64;
	ip[9] = proto;
	ip[12] = ip[16] = 10;
	ip[15] = from;
	ip[19] = to;
	memset(ip + 20, 1, options);
}

/* Of the outermost header: flags and offset as they stand there, and an identification. */
static inline void frame_fragment4(struct frame *f, unsigned offset, int more, unsigned id)
{
	frame_put16(f->byte + f->ip + 4, id);
	frame_put16(f->byte + f->ip + 6, (more ? 0x2000 : 0) | offset / 8);
}

static inline void frame_v6(struct frame *f, unsigned from, unsigned to, unsigned next)
{
	static const uint8_t net[4] = {0x20, 0x01, 0x0d, 0xb8};
	uint8_t *ip;

	if (f->linked && !f->six && !f->ip)
		frame_type(f, 0x86dd);
	if (!f->ip && !f->six) {
		f->ip = f->len;
		f->six = 1;
	}
	ip = frame_put(f, 40);
	ip[0] = 0x60;
	ip[6] = next;
	ip[7] = 64;
	memcpy(ip + 8, net, 4);
	memcpy(ip + 24, net, 4);
	ip[23] = from;
	ip[39] = to;
}

/* A header of 8 bytes and `more` units: of 8 bytes, for AH (51) of 4. */
static inline void frame_extension(struct frame *f, unsigned kind, unsigned next, unsigned more)
{
	uint8_t *at = frame_put(f, 8 + more * (kind == 51 ? 4 : 8));

	at[0] = next;
	at[1] = more;
}

static inline void frame_fragment6(struct frame *f, unsigned next, unsigned offset, int more,
				   unsigned id)
{
	uint8_t *at = frame_put(f, 8);

	at[0] = next;
	frame_put16(at + 2, (offset & 0xfff8) | (more ? 1 : 0));
	frame_put16(at + 6, id);
}

static inline void frame_tcp(struct frame *f, unsigned from, unsigned to, unsigned flags,
			     unsigned options)
{
	uint8_t *at = frame_put(f, 20 + options);

	frame_put16(at, from);
	frame_put16(at + 2, to);
	at[12] = (5 + options / 4) << 4;
	at[13] = flags;
}

/* Of the TCP header that was put last, without options. */
static inline void frame_tcp_numbers(struct frame *f, uint32_t seq, uint32_t ack)
{
	uint8_t *at = f->byte + f->len - 20;

	frame_put16(at + 4, seq >> 16);
	frame_put16(at + 6, seq & 0xffff);
	frame_put16(at + 8, ack >> 16);
	frame_put16(at + 10, ack & 0xffff);
}

static inline void frame_udp(struct frame *f, unsigned from, unsigned to)
{
	uint8_t *at;

	f->udp = f->len;
	at = frame_put(f, 8);
	frame_put16(at, from);
	frame_put16(at + 2, to);
	frame_put16(at + 4, 8);
}

static inline void frame_sctp(struct frame *f, unsigned from, unsigned to)
{
	uint8_t *at = frame_put(f, 12);

	frame_put16(at, from);
	frame_put16(at + 2, to);
}

static inline void frame_icmp(struct frame *f, unsigned type, unsigned code, unsigned id)
{
	uint8_t *at = frame_put(f, 8);

	at[0] = type;
	at[1] = code;
	frame_put16(at + 4, id);
}

static inline void frame_payload(struct frame *f, size_t n)
{
	memset(frame_put(f, n), 0x5a, n);
}

/* Lengths of the outermost IP packet and of its UDP datagram. */
static inline void frame_end(struct frame *f)
{
	size_t total = f->len - f->ip;

	frame_put16(f->byte + f->ip + (f->six ? 4 : 2), f->six ? total - 40 : total);
	if (f->udp)
		frame_put16(f->byte + f->udp + 4, f->len - f->udp);
}

#endif
