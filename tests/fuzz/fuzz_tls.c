/* SPDX-License-Identifier: Apache-2.0 */
/* TLS on one connection: tests/fuzz/talk.h says what an input is. */
#include "fuzz/talk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct talk_flow flows[] = {{6, 443}};
	static const struct decoder *const only[] = {&decoder_tls, NULL};

	return talk_fuzz(only, flows, 1, data, size);
}
