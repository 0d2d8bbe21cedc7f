/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QUIC on one flow. An input is as tests/fuzz/talk.h says; but an odd FLOW means that BYTES are
 * frames, to be sealed first: nothing that is changed behind its seal would ever open.
 */
#include <stdlib.h>

#include "fuzz/talk.h"
#include "quic_seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FRAMES_LEAST 3
#define FRAMES_MAX   3800

static const struct talk_flow flow = {17, 443};

static void seal(struct decode *decode, struct talk_sent *sent, unsigned side,
		 const uint8_t *frames, size_t length, weir_time at)
{
	static const struct quic_id id = {8, {1, 2, 3, 4, 5, 6, 7, 8}};
	uint8_t *out;

	if (length < FRAMES_LEAST || length > FRAMES_MAX)
		return;
	out = malloc(length + QUIC_SEAL_MORE);
	if (!out)
		return;
	length = quic_seal(&id, (int)side, &id, 0, frames, length, out);
	talk_packet(decode, &flow, sent, 0, side, 0, out, (uint16_t)length, at);
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct decoder *const only[] = {&decoder_quic, NULL};
	const struct decode_options options = {.decoders = only, .talks_max = 4};
	const struct decode_ops ops = {talk_on_event, talk_on_protocol, NULL};
	struct decode *decode = decode_new(&options, &ops);
	struct talk_sent sent = {0};
	weir_time at = 0;

	if (!decode)
		return 0;
	while (size > 5) {
		size_t length = (size_t)data[2] << 8 | data[3];
		unsigned side = data[1] & 1;

		if (length > size - 5)
			length = size - 5;
		at += 100 * WEIR_MSEC;
		if (data[0] & 1)
			seal(decode, &sent, side, data + 5, length, at);
		else
			talk_packet(decode, &flow, &sent, 0, side, 0, data + 5, (uint16_t)length,
				    at);
		decode_advance(decode, at);
		data += 5 + length;
		size -= 5 + length;
	}
	decode_finish(decode);
	json_decref(decode_report(decode));
	decode_free(decode);
	return 0;
}
