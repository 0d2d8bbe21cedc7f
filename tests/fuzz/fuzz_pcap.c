/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz/replay.h"

/* pcap files, as anybody may have made them, through to the flow stage. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return replay_file(data, size, "pcap");
}
