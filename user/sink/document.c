/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/document.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/random.h>

static uint64_t process; /* random: who restarts begins no number anew */
static atomic_uint_least64_t number;

__attribute__((constructor)) static void process_init(void)
{
	if (getrandom(&process, sizeof(process), GRND_NONBLOCK) != (ssize_t)sizeof(process))
		process = (uint64_t)time_now();
}

bool document_of(const struct out *out, struct arena *arena, struct document *document)
{
	*document = (struct document){out->id, out->json, out->json_length};
	if (out->id)
		return true;
	document->id = arena_format(arena, "%016llx-%llx", (unsigned long long)process,
				    (unsigned long long)atomic_fetch_add(&number, 1));
	if (!document->id || *out->json != '{')
		return false;
	document->json = arena_format(arena, "{\"event.id\":\"%s\"%s%s", document->id,
				      out->json[1] == '}' ? "" : ",", out->json + 1);
	document->length = document->json ? strlen(document->json) : 0;
	return document->json;
}

bool document_chosen(const struct document_choice *choice, const struct out *out)
{
	switch (out->kind) {
	case OUT_DETECTION:
		return out->announce && out->severity >= choice->level;
	case OUT_SIGNAL:
		return choice->signals;
	case OUT_EVENT:
		return choice->flows && out->event.service == SERVICE_FLOW &&
		       event_has(&out->event, FIELD_FLOW_ENDED);
	case OUT_FLOW:
	case OUT_HEALTH:
	case OUT_KINDS:
		break;
	}
	return false;
}

uint32_t document_kinds(const struct document_choice *choice)
{
	return 1u << OUT_DETECTION | (choice->signals ? 1u << OUT_SIGNAL : 0) |
	       (choice->flows ? 1u << OUT_EVENT : 0);
}
