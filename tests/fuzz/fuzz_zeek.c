/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz/replay.h"

/* Logs in Zeek's own form, and what is compressed: bad lines are passed over, whatever they are. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return replay_log(data, size, "zeek");
}
