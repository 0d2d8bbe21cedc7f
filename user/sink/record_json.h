/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SINK_RECORD_JSON_H
#define WEIR_SINK_RECORD_JSON_H

#include <jansson.h>

#include "base/arena.h"
#include "correlate/detection.h"
#include "event/privacy.h"

/* As they may leave (privacy.h): the JSON objects of signals and detections (docs/rules.md): new
 * references, NULL without memory. What any of their parts lacks for want of memory makes the whole
 * NULL. */

/* Digits of a number that is no integer: 0.9 stays 0.9. */
#define RECORD_JSON_FORM (JSON_COMPACT | JSON_REAL_PRECISION(15))

/* An event as it may leave, with the id by which other tools know the connection: made here, for
 * few events go out. 0, or -ENOMEM; freed in both cases. Texts live as long as it and the event. */
struct leaving {
	struct event event;
	char id[COMMUNITY_ID_MAX];
	struct arena hashes;
};
int leaving_make(struct leaving *leaving, const struct event *event);
void leaving_free(struct leaving *leaving);

struct record_keys {
	const struct rule *rule;
	const enum field *fields;
	const char *const *names; /* of an alias; NULL, or NULL where the field's own is meant */
	const struct value *at;
	unsigned len;
};

const char *record_key_name(const struct record_keys *keys, unsigned i);
json_t *record_keys(const struct record_keys *keys); /* {"source.ip": "10.0.0.5"} */
struct value record_key(const struct record_keys *keys, unsigned i, char hash[PRIVACY_TEXT_MAX]);
json_t *record_values(const struct signal *signal); /* weir.values */
/* Flows that the evidence shows, each tuple once, oldest first, at most `max`; returns how many. */
unsigned record_samples(const struct detection *detection, const struct event **samples,
			unsigned max);
const char *rule_output_name(const struct rule *rule); /* rule.name */

json_t *record_signal(const struct signal *signal, const char *host);
json_t *record_detection(const struct detection *detection, const char *host);

#endif
