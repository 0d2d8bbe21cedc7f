/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_UNIT_SINK_COUNTERS_H
#define WEIR_TESTS_UNIT_SINK_COUNTERS_H

#include <jansson.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "sink/sink.h"

/* What a sink counts in its status, read by tests. */

static inline json_int_t counter(struct sink *sink, const char *name)
{
	json_t *status = sink->ops->status(sink);
	json_int_t value = json_integer_value(json_object_get(status, name));

	json_decref(status);
	return value;
}

/* Whether it comes to the value, within so many hundredths of a second. */
static inline bool counter_reaches(struct sink *sink, const char *name, json_int_t value, int tries)
{
	for (int i = 0; i < tries && counter(sink, name) != value; i++)
		usleep(10000);
	return counter(sink, name) == value;
}

/* Whether it says why nothing goes, with these words in it. */
static inline bool says(struct sink *sink, const char *words)
{
	json_t *status = sink->ops->status(sink);
	const char *error = json_string_value(json_object_get(status, "error"));
	bool has = error && strstr(error, words);

	json_decref(status);
	return has;
}

static inline bool comes_to_say(struct sink *sink, const char *words, int tries)
{
	for (int i = 0; i < tries && !says(sink, words); i++)
		usleep(10000);
	return says(sink, words);
}

#endif
