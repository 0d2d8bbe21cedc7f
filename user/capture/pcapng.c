/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "base/vec.h"
#include "capture/bytes.h"
#include "capture/kinds.h"
#include "capture/link.h"
#include "capture/reader.h"
#include "capture/tally.h"
#include "capture/timestamp.h"

/* pcapng files: draft-ietf-opsawg-pcapng. Sections of either byte order, interfaces of their own
 * link type and precision; what holds no packets is passed over. */

enum block_type {
	BLOCK_SECTION = 0x0a0d0d0a,
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET_OLD = 2,
	BLOCK_PACKET_SIMPLE = 3,
	BLOCK_PACKET = 6,
};

#define BYTE_ORDER_MAGIC 0x1a2b3c4d
#define BLOCK_HEADER	 8  /* type, length */
#define BLOCK_FRAME	 12 /* and the length once more at its end */
#define SECTION_HEADER	 28
#define INTERFACES_MAX	 65536 /* a section; each costs memory */

/* Room for a packet and its options; a longer block holds no packet. */
#define BLOCK_MAX (READER_ROOM / 2)

struct interface {
	uint16_t link_type;
	bool supported;
	uint32_t snap_length; /* 0: none */
	struct timestamp time;
};

struct pcapng {
	struct source source;
	struct reader reader;
	struct tally tally;
	bool swapped;
	bool ready, ended;
	uint32_t earlier; /* interfaces of the sections before this one */
	VEC(struct interface) interfaces;
	struct capture_packet packet;
	size_t length; /* of its block */
	char name[];
};

/* A block that is whole in memory: what stands between its frame. */
struct block {
	uint32_t type;
	uint32_t length; /* with its frame */
	const uint8_t *body;
	uint32_t body_length;
};

static bool pcapng_recognise(const uint8_t *head, size_t length)
{
	return length >= 4 && get32(head, false) == BLOCK_SECTION;
}

static void stop(struct pcapng *ng)
{
	ng->ended = true;
	if (reader_fault(&ng->reader))
		tally_skip(&ng->tally, ng->name, SKIP_UNREADABLE,
			   "cannot be read on after byte %llu: %s",
			   (unsigned long long)ng->reader.taken, reader_fault(&ng->reader));
}

static bool corrupt(struct pcapng *ng, const char *what)
{
	tally_skip(&ng->tally, ng->name, SKIP_CORRUPT, "%s at byte %llu: the rest is not read",
		   what, (unsigned long long)ng->reader.taken);
	return false;
}

static bool too_short(struct pcapng *ng)
{
	tally_skip(&ng->tally, ng->name, SKIP_CORRUPT,
		   "a packet block at byte %llu is too short: passed over",
		   (unsigned long long)ng->reader.taken);
	return false;
}

static bool truncated(struct pcapng *ng)
{
	tally_skip(&ng->tally, ng->name, SKIP_TRUNCATED, "ends within a block: cut off");
	return false;
}

/* A section decides the byte order of all up to the next, its own length included. */
static bool section_order(struct pcapng *ng)
{
	size_t have;
	const uint8_t *h = reader_need(&ng->reader, BLOCK_FRAME, &have);

	if (have < BLOCK_FRAME)
		return truncated(ng);
	ng->swapped = get32(h + BLOCK_HEADER, true) == BYTE_ORDER_MAGIC;
	if (!ng->swapped && get32(h + BLOCK_HEADER, false) != BYTE_ORDER_MAGIC)
		return corrupt(ng, "no byte order");
	return true;
}

static bool begin_section(struct pcapng *ng, const struct block *block)
{
	if (block->length < SECTION_HEADER)
		return corrupt(ng, "section header too short");
	if (get16(block->body + 4, ng->swapped) != 1)
		return corrupt(ng, "section of a version that is not 1");
	ng->earlier += (uint32_t)ng->interfaces.len;
	ng->interfaces.len = 0;
	return true;
}

static uint32_t round_up(uint32_t length)
{
	return (length + 3) & ~3u;
}

/* Options that change how times are read: if_tsresol (9) and if_tsoffset (14). */
static void read_options(struct pcapng *ng, const struct block *block, struct interface *interface)
{
	for (uint32_t at = 8; block->body_length - at >= 4;) {
		uint16_t code = get16(block->body + at, ng->swapped);
		uint16_t length = get16(block->body + at + 2, ng->swapped);
		const uint8_t *value = block->body + at + 4;

		if (!code || round_up(length) > block->body_length - at - 4)
			return;
		if (code == 9 && length >= 1)
			timestamp_resolution(&interface->time, value[0]);
		else if (code == 14 && length >= 8)
			interface->time.offset = (int64_t)get64(value, ng->swapped);
		at += 4 + round_up(length);
	}
}

static bool add_interface(struct pcapng *ng, const struct block *block)
{
	struct interface *interface;

	if (block->body_length < 8)
		return corrupt(ng, "interface description too short");
	if (ng->interfaces.len == INTERFACES_MAX || !(interface = vec_add(&ng->interfaces)))
		return corrupt(ng, "more interfaces than can be");
	interface->link_type = get16(block->body, ng->swapped);
	interface->snap_length = get32(block->body + 4, ng->swapped);
	interface->supported = link_find(interface->link_type);
	timestamp_resolution(&interface->time, TIMESTAMP_MICROSECONDS);
	read_options(ng, block, interface);
	return true;
}

/* The interface that a packet names, if its packets can be used. */
static const struct interface *interface_of(struct pcapng *ng, uint32_t number)
{
	const struct interface *interface;
	char text[LINK_TEXT_MAX];

	if (number >= ng->interfaces.len) {
		tally_skip(&ng->tally, ng->name, SKIP_INTERFACE,
			   "a packet names interface %u of %zu: passed over", number,
			   ng->interfaces.len);
		return NULL;
	}
	interface = &ng->interfaces.at[number];
	if (!interface->supported) {
		tally_skip(&ng->tally, ng->name, SKIP_LINK_TYPE,
			   "interface %u has link type %s, which is not supported: its packets "
			   "are passed over",
			   number, link_text(interface->link_type, text));
		return NULL;
	}
	ng->packet.interface = ng->earlier + number;
	ng->packet.several = ng->interfaces.len > 1;
	ng->packet.link_type = interface->link_type;
	return interface;
}

/* Fills what the block kinds have in common; `room` is what the block has behind `bytes`. */
static bool set_packet(struct pcapng *ng, const uint8_t *bytes, uint32_t room, uint32_t captured,
		       uint32_t wire)
{
	if (captured > room || captured > CAPTURED_MAX) {
		tally_skip(&ng->tally, ng->name, SKIP_CORRUPT,
			   "a packet of %u bytes in a block with room for %u: passed over",
			   captured, room);
		return false;
	}
	ng->packet.bytes = bytes;
	ng->packet.captured = captured;
	ng->packet.wire_length = wire > captured ? wire : captured;
	return true;
}

static bool set_time(struct pcapng *ng, const struct interface *interface, uint64_t ticks)
{
	if (timestamp_read(&interface->time, ticks, &ng->packet.at))
		return true;
	tally_skip(&ng->tally, ng->name, SKIP_TIME, "a packet's time is out of range: passed over");
	return false;
}

/* Enhanced and old packet blocks differ in how they name the interface. */
static bool read_packet(struct pcapng *ng, const struct block *block)
{
	const uint8_t *b = block->body;
	const struct interface *interface;
	uint64_t ticks;

	if (block->body_length < 20)
		return too_short(ng);
	interface = interface_of(ng, block->type == BLOCK_PACKET ? get32(b, ng->swapped)
								 : get16(b, ng->swapped));
	if (!interface)
		return false;
	ticks = (uint64_t)get32(b + 4, ng->swapped) << 32 | get32(b + 8, ng->swapped);
	return set_time(ng, interface, ticks) &&
	       set_packet(ng, b + 20, block->body_length - 20, get32(b + 12, ng->swapped),
			  get32(b + 16, ng->swapped));
}

/* A simple packet has no time: it stands at that of the packet before it. */
static bool read_simple(struct pcapng *ng, const struct block *block)
{
	const struct interface *interface;
	uint32_t wire, captured;

	if (block->body_length < 4)
		return too_short(ng);
	interface = interface_of(ng, 0);
	if (!interface)
		return false;
	wire = captured = get32(block->body, ng->swapped);
	if (interface->snap_length && captured > interface->snap_length)
		captured = interface->snap_length;
	if (captured > block->body_length - 4)
		captured = block->body_length - 4;
	return set_packet(ng, block->body + 4, block->body_length - 4, captured, wire);
}

/* True: `packet` is set. */
static bool read_block(struct pcapng *ng, const struct block *block)
{
	switch (block->type) {
	case BLOCK_SECTION:
		ng->ended = !begin_section(ng, block);
		return false;
	case BLOCK_INTERFACE:
		ng->ended = !add_interface(ng, block);
		return false;
	case BLOCK_PACKET:
	case BLOCK_PACKET_OLD:
		return read_packet(ng, block);
	case BLOCK_PACKET_SIMPLE:
		return read_simple(ng, block);
	}
	ng->tally.skipped[SKIP_BLOCK]++;
	return false;
}

/* Passes over a block that is too long for memory: none of those that are read is. */
static bool skip_block(struct pcapng *ng, uint32_t length)
{
	ng->tally.skipped[SKIP_BLOCK]++;
	if (reader_skip(&ng->reader, length) < length)
		return truncated(ng);
	return true;
}

/* The frame of the next block, and its body in memory unless it is skipped (`body` is NULL).
 * False: nothing can be read from here on. */
static bool next_block(struct pcapng *ng, struct block *block)
{
	size_t have;
	const uint8_t *h = reader_need(&ng->reader, BLOCK_HEADER, &have);

	if (have < BLOCK_HEADER)
		return have ? truncated(ng) : false;
	if (get32(h, false) == BLOCK_SECTION && !section_order(ng))
		return false;
	h = reader_need(&ng->reader, BLOCK_HEADER, &have);
	*block = (struct block){.type = get32(h, ng->swapped), .length = get32(h + 4, ng->swapped)};
	if (block->length < BLOCK_FRAME || block->length % 4)
		return corrupt(ng, "impossible block length");
	if (block->length > BLOCK_MAX)
		return skip_block(ng, block->length);
	h = reader_need(&ng->reader, block->length, &have);
	if (have < block->length)
		return truncated(ng);
	if (get32(h + block->length - 4, ng->swapped) != block->length)
		return corrupt(ng, "a block's two lengths differ");
	block->body = h + BLOCK_HEADER;
	block->body_length = block->length - BLOCK_FRAME;
	return true;
}

static int pcapng_peek(struct source *source, weir_time *at)
{
	struct pcapng *ng = (struct pcapng *)source;
	struct block block;

	while (!ng->ready && !ng->ended) {
		if (!next_block(ng, &block)) {
			stop(ng);
			break;
		}
		if (!block.body)
			continue;
		ng->ready = read_block(ng, &block);
		if (ng->ready)
			ng->length = block.length;
		else
			reader_take(&ng->reader, block.length);
	}
	*at = ng->packet.at;
	return ng->ready;
}

static void pcapng_deliver(struct source *source, const struct intake *intake)
{
	struct pcapng *ng = (struct pcapng *)source;

	ng->packet.input = source->input;
	intake->packet(intake->context, &ng->packet);
	reader_take(&ng->reader, ng->length);
	ng->tally.records++;
	ng->ready = false;
}

static void pcapng_progress(const struct source *source, uint64_t *done, uint64_t *all)
{
	const struct pcapng *ng = (const struct pcapng *)source;

	reader_progress(&ng->reader, done, all);
}

static json_t *pcapng_report(const struct source *source)
{
	return tally_report(&((const struct pcapng *)source)->tally, source->ops->type);
}

static void pcapng_close(struct source *source)
{
	struct pcapng *ng = (struct pcapng *)source;

	reader_close(&ng->reader);
	vec_free(&ng->interfaces);
	free(ng);
}

/* Reads up to the first packet: a file of which no interface can be used is refused. */
static int check_interfaces(struct pcapng *ng, struct error *error)
{
	weir_time at;
	const struct interface *interface;

	if (pcapng_peek(&ng->source, &at) || !ng->interfaces.len)
		return 0;
	vec_each (each, &ng->interfaces)
		if (each->supported)
			return 0;
	interface = &ng->interfaces.at[0];
	return link_check(interface->link_type, ng->name, error);
}

static int pcapng_open(struct source **source, struct reader *reader, const char *name,
		       struct error *error)
{
	struct pcapng *ng = calloc(1, sizeof(*ng) + strlen(name) + 1);
	int err;

	if (!ng)
		return error_set(error, EXIT_SYSTEM, ENOMEM, "%s: out of memory", name);
	strcpy(ng->name, name);
	ng->source = (struct source){.ops = pcapng_kind.ops, .name = ng->name};
	reader_move(&ng->reader, reader);
	err = check_interfaces(ng, error);
	if (err)
		pcapng_close(&ng->source);
	else
		*source = &ng->source;
	return err;
}

static const struct source_ops pcapng_ops = {
	.type = "pcapng",
	.packets = true,
	.lateness = CAPTURE_LATENESS,
	.peek = pcapng_peek,
	.deliver = pcapng_deliver,
	.progress = pcapng_progress,
	.report = pcapng_report,
	.close = pcapng_close,
};

const struct source_kind pcapng_kind = {
	.ops = &pcapng_ops,
	.recognise = pcapng_recognise,
	.open = pcapng_open,
};
