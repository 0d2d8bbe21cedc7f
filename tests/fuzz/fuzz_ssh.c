/* SPDX-License-Identifier: Apache-2.0 */
/* The decoder of SSH: see talk.h for the form of an input. */
#include "fuzz/talk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct decoder *const only[] = {&decoder_ssh, NULL};
static const struct talk_flow flows[] = {{6, 22}, {6, 443}};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return talk_fuzz(only, flows, sizeof(flows) / sizeof(flows[0]), data, size);
}
