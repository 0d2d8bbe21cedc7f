/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_CAPTURE_TOLD_H
#define TEST_CAPTURE_TOLD_H

#include "event/json.h"
#include "unit/capture/build.h"

/* What a log tells, as lines that a test can write down by hand:
 *     attempt 0.000000 source.ip="10.0.0.1" source.port=1 …
 * with the time in seconds from TOLD_EPOCH and the fields in their order. What all events of a test
 * have (addresses, ports, transport) is left out if `bare`. */

#define TOLD_EPOCH (INT64_C(1700000000) * WEIR_SEC)

static inline bool told_is_common(const char *name)
{
	static const char *const common[] = {
		"@timestamp",  "event.kind",	 "event.dataset",    "source.ip",
		"source.port", "destination.ip", "destination.port", "network.transport"};

	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
		if (!strcmp(common[i], name))
			return true;
	return false;
}

static inline void told_value(FILE *out, const char *name, const json_t *value)
{
	weir_time at;
	char *text;

	if (!strcmp(name, "event.start")) {
		assert_int_equal(
			time_parse(json_string_value(value), json_string_length(value), &at), 0);
		fprintf(out, " start=%.6f", (double)(at - TOLD_EPOCH) / 1e9);
		return;
	}
	text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	fprintf(out, " %s=%s", name, text);
	free(text);
}

/* All events of a reading, one a line; the caller's to free. */
static inline char *told(const struct reading *r, bool bare)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	vec_each (e, &r->events) {
		json_t *object = event_to_json(e);
		const char *name;
		json_t *value;

		fprintf(out, "%s %.6f", service_name(e->service),
			(double)(e->time - TOLD_EPOCH) / 1e9);
		json_object_foreach(object, name, value)
		{
			bool head = !strncmp(name, "@", 1) || !strcmp(name, "event.kind") ||
				    !strcmp(name, "event.dataset");

			if (!head && !(bare && told_is_common(name)))
				told_value(out, name, value);
		}
		fputc('\n', out);
		json_decref(object);
	}
	fclose(out);
	return text;
}

static inline void assert_told(const char *log, bool bare, const char *expected)
{
	struct reading r = read_bytes(log, strlen(log));
	char *text;

	assert_int_equal(r.err, 0);
	text = told(&r, bare);
	if (strcmp(text, expected) != 0)
		fail_msg("told:\n%swhich should be:\n%s", text, expected);
	free(text);
	reading_free(&r);
}

#endif
