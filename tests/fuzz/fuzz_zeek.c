/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz/replay.h"

/* Logs in Zeek's own form, and what is compressed: bad lines are passed over, whatever they are. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct replay events = {0};
	const struct intake intake = {&events, replay_packet, replay_event, replay_signal};
	struct source *source;
	weir_time at;

	replay_quiet();
	source = replay_open(data, size, "zeek");
	while (source && source->ops->peek(source, &at) > 0)
		source->ops->deliver(source, &intake);
	if (source) {
		json_decref(source->ops->report(source));
		source->ops->close(source);
	}
	return 0;
}
