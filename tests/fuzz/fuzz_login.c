/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz/replay.h"

/* Logs with log-ins in them: whatever names and addresses they quote. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return replay_log(data, size, "auth");
}
