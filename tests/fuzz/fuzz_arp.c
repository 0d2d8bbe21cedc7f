/* SPDX-License-Identifier: Apache-2.0 */
/* The decoder of ARP: an input is one packet behind its Ethernet header. */
#include "fuzz/talk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct decoder *const only[] = {&decoder_arp, NULL};
	const struct decode_options options = {.decoders = only};
	const struct decode_ops ops = {talk_on_event, talk_on_protocol, NULL};
	const struct payload_record record = {
		.kind = PAYLOAD_ARP,
		.wire = (uint32_t)size,
		.length = size < UINT16_MAX ? (uint16_t)size : UINT16_MAX,
		.last = 1,
	};
	struct decode *decode = decode_new(&options, &ops);

	if (decode)
		decode_payload(decode, &record, data, 0);
	decode_free(decode);
	return 0;
}
