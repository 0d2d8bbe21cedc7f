/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>

#include "event/json.h"

/*
 * Recorded events come from files that anybody may have made. What is taken must be written and
 * read again as the same event: LLVMFuzzerTestOneInput() as libFuzzer, AFL++ and honggfuzz call it.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same_again(const struct event *e, struct arena *arena)
{
	json_t *object = event_to_json(e), *again;
	struct event back;
	size_t unknown;

	if (!object)
		return; /* no memory */
	if (event_from_json(object, arena, &back, &unknown, NULL) || unknown)
		abort();
	again = event_to_json(&back);
	if (again && !json_equal(object, again))
		abort();
	json_decref(again);
	json_decref(object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *object =
		json_loadb((const char *)data, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	struct arena arena = {0};
	struct event e;
	struct error error;
	size_t unknown;

	if (object && !event_from_json(object, &arena, &e, &unknown, &error))
		same_again(&e, &arena);
	json_decref(object);
	arena_free(&arena);
	return 0;
}
