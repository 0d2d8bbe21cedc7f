/* SPDX-License-Identifier: Apache-2.0 */
/* The whole decode stage: see talk.h for the form of an input. */
#include "fuzz/talk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct talk_flow flows[] = {
	{6, 443}, {6, 80},   {6, 53},	 {6, 22},    {6, 445}, {6, 21},	   {6, 3389}, {6, 8081},
	{17, 53}, {17, 443}, {17, 5353}, {17, 5355}, {17, 67}, {17, 4000}, {1, 0},    {58, 0},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return talk_fuzz(NULL, flows, sizeof(flows) / sizeof(flows[0]), data, size);
}
