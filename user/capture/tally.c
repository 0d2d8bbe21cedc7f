/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/tally.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"

static const char *const keys[SKIP_COUNT] = {
#define X(name, key) [SKIP_##name] = (key),
	CAPTURE_SKIPS(X)
#undef X
};

void tally_skip(struct tally *tally, const char *name, enum capture_skip skip, const char *format,
		...)
{
	char words[256];
	va_list args;

	if (tally->skipped[skip]++)
		return;
	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	log_warn("%s: %s", name, words);
}

json_t *tally_report(const struct tally *tally, const char *type)
{
	json_t *skipped = json_object();

	for (unsigned i = 0; i < SKIP_COUNT; i++)
		if (tally->skipped[i])
			json_object_set_new(skipped, keys[i],
					    json_integer((json_int_t)tally->skipped[i]));
	return json_pack("{s:s, s:I, s:o}", "type", type, "records", (json_int_t)tally->records,
			 "skipped", skipped);
}
