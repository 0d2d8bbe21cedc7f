/* SPDX-License-Identifier: Apache-2.0 */
/* The decoder of SMB: see talk.h for the form of an input. */
#include "fuzz/talk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct decoder *const only[] = {&decoder_smb, NULL};
static const struct talk_flow flows[] = {{6, 445}, {6, 139}, {6, 4450}};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return talk_fuzz(only, flows, sizeof(flows) / sizeof(flows[0]), data, size);
}
