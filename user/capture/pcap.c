/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "capture/bytes.h"
#include "capture/kinds.h"
#include "capture/link.h"
#include "capture/reader.h"
#include "capture/tally.h"

/* pcap files: draft-ietf-opsawg-pcap. Both byte orders, micro- and nanoseconds, and the variant
 * with longer record headers that patched Linux kernels once wrote. */

#define FILE_HEADER   24
#define RECORD_HEADER 16

struct flavour {
	uint32_t magic;
	uint32_t unit; /* ns of the second time word */
	uint8_t record_header;
};
static const struct flavour flavours[] = {
	{0xa1b2c3d4, 1000, RECORD_HEADER},
	{0xa1b23c4d, 1, RECORD_HEADER},
	{0xa1b2cd34, 1000, RECORD_HEADER + 8},
};

struct pcap {
	struct source source;
	struct reader reader;
	struct tally tally;
	const struct flavour *flavour;
	bool swapped;
	bool ready, ended; /* `packet` is the next one; there is none */
	size_t length;	   /* of its record */
	struct capture_packet packet;
	char name[];
};

static const struct flavour *flavour_of(const uint8_t *head, bool *swapped)
{
	for (size_t i = 0; i < sizeof(flavours) / sizeof(flavours[0]); i++) {
		for (int swap = 0; swap < 2; swap++) {
			*swapped = swap;
			if (get32(head, swap) == flavours[i].magic)
				return &flavours[i];
		}
	}
	return NULL;
}

static bool pcap_recognise(const uint8_t *head, size_t length)
{
	bool swapped;

	return length >= 4 && flavour_of(head, &swapped);
}

static void stop(struct pcap *pcap)
{
	pcap->ended = true;
	if (reader_fault(&pcap->reader))
		tally_skip(&pcap->tally, pcap->name, SKIP_UNREADABLE,
			   "cannot be read on after byte %llu: %s",
			   (unsigned long long)pcap->reader.taken, reader_fault(&pcap->reader));
}

/* The record's header at `h` is whole. False: nothing can be read from here on. */
static bool read_record(struct pcap *pcap, const uint8_t *h)
{
	struct capture_packet *packet = &pcap->packet;
	size_t header = pcap->flavour->record_header, have;
	uint32_t seconds = get32(h, pcap->swapped), fraction = get32(h + 4, pcap->swapped);
	uint32_t captured = get32(h + 8, pcap->swapped), wire = get32(h + 12, pcap->swapped);

	/* All zero: space that was set aside and never written. */
	if (captured > CAPTURED_MAX || !(seconds | fraction | captured | wire)) {
		tally_skip(&pcap->tally, pcap->name, SKIP_CORRUPT,
			   "no packet header at byte %llu: the rest is not read",
			   (unsigned long long)pcap->reader.taken);
		return false;
	}
	h = reader_need(&pcap->reader, header + captured, &have);
	if (have < header + captured)
		tally_skip(&pcap->tally, pcap->name, SKIP_TRUNCATED,
			   "ends within a packet of %u bytes: cut off", captured);
	packet->at = (weir_time)seconds * WEIR_SEC + (weir_time)fraction * pcap->flavour->unit;
	packet->captured = (uint32_t)(have - header);
	packet->wire_length = wire > packet->captured ? wire : packet->captured;
	packet->bytes = h + header;
	pcap->length = have;
	return true;
}

static int pcap_peek(struct source *source, weir_time *at)
{
	struct pcap *pcap = (struct pcap *)source;
	size_t header = pcap->flavour->record_header, have;
	const uint8_t *h;

	if (!pcap->ready && !pcap->ended) {
		h = reader_need(&pcap->reader, header, &have);
		if (have == header) {
			pcap->ready = read_record(pcap, h);
		} else if (have) {
			tally_skip(&pcap->tally, pcap->name, SKIP_TRUNCATED,
				   "ends within a packet's header: cut off");
		}
		if (!pcap->ready)
			stop(pcap);
	}
	*at = pcap->packet.at;
	return pcap->ready;
}

static void pcap_deliver(struct source *source, const struct intake *intake)
{
	struct pcap *pcap = (struct pcap *)source;

	pcap->packet.input = source->input;
	intake->packet(intake->context, &pcap->packet);
	reader_take(&pcap->reader, pcap->length);
	pcap->tally.records++;
	pcap->ready = false;
}

static void pcap_progress(const struct source *source, uint64_t *done, uint64_t *all)
{
	const struct pcap *pcap = (const struct pcap *)source;

	reader_progress(&pcap->reader, done, all);
}

static json_t *pcap_report(const struct source *source)
{
	return tally_report(&((const struct pcap *)source)->tally, source->ops->type);
}

static void pcap_close(struct source *source)
{
	struct pcap *pcap = (struct pcap *)source;

	reader_close(&pcap->reader);
	free(pcap);
}

/* Length of what is there of the file's header; its upper bits tell of a frame check sequence. */
static int check_header(const uint8_t *h, size_t have, bool swapped, const char *name,
			struct error *error)
{
	if (have < FILE_HEADER)
		return error_set(error, EXIT_INPUT, EINVAL,
				 "%s: ends after %zu bytes of a pcap file's header: %d bytes", name,
				 have, FILE_HEADER);
	if (get16(h + 4, swapped) != 2)
		return error_set(error, EXIT_INPUT, EINVAL,
				 "%s: pcap version %u.%u: 2.4 is what can be read", name,
				 get16(h + 4, swapped), get16(h + 6, swapped));
	return link_check((uint16_t)get32(h + 20, swapped), name, error);
}

static int pcap_open(struct source **source, struct reader *reader, const char *name,
		     struct error *error)
{
	size_t have;
	const uint8_t *h = reader_need(reader, FILE_HEADER, &have);
	struct pcap *pcap;
	bool swapped;
	const struct flavour *flavour = flavour_of(h, &swapped);
	int err = check_header(h, have, swapped, name, error);

	if (err)
		return err;
	pcap = calloc(1, sizeof(*pcap) + strlen(name) + 1);
	if (!pcap)
		return error_set(error, EXIT_SYSTEM, ENOMEM, "%s: out of memory", name);
	strcpy(pcap->name, name);
	pcap->source = (struct source){.ops = pcap_kind.ops, .name = pcap->name};
	pcap->flavour = flavour;
	pcap->swapped = swapped;
	pcap->packet.link_type = (uint16_t)get32(h + 20, swapped);
	reader_take(reader, FILE_HEADER);
	reader_move(&pcap->reader, reader);
	*source = &pcap->source;
	return 0;
}

static const struct source_ops pcap_ops = {
	.type = "pcap",
	.packets = true,
	.lateness = CAPTURE_LATENESS,
	.peek = pcap_peek,
	.deliver = pcap_deliver,
	.progress = pcap_progress,
	.report = pcap_report,
	.close = pcap_close,
};

const struct source_kind pcap_kind = {
	.ops = &pcap_ops,
	.recognise = pcap_recognise,
	.open = pcap_open,
};
