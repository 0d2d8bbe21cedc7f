/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz/replay.h"

/* Lines of recorded events: bad ones are passed over, whatever they are. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return replay_log(data, size, "json");
}
