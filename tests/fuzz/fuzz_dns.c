/* SPDX-License-Identifier: Apache-2.0 */
/* The decoder of DNS: see talk.h for the form of an input. */
#include "fuzz/talk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct decoder *const only[] = {&decoder_dns, &decoder_dns_tcp, NULL};
static const struct talk_flow flows[] = {{17, 53},   {6, 53},	{17, 5353},
					 {17, 5355}, {17, 137}, {17, 4000}};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return talk_fuzz(only, flows, sizeof(flows) / sizeof(flows[0]), data, size);
}
