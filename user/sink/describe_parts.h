/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SINK_DESCRIBE_PARTS_H
#define WEIR_SINK_DESCRIBE_PARTS_H

#include "event/event.h"
#include "rule/value.h"
#include "sink/describe.h"

/* What the short and the full description of a record share. Missing members read as "". */

const char *part_text(const json_t *object, const char *key);
enum tint part_tint(const char *severity);

/* A value of weir.values with its unit. */
void part_put_value(FILE *out, const json_t *value, const char *unit);

/* Words of the text up to the edge; the next lines begin at `indent`. Newlines stay. */
void part_wrap(const struct terminal *t, const char *text, unsigned indent);
/* "  name      text", wrapped; nothing if the text is empty. */
void part_labelled(const struct terminal *t, const char *name, const char *text);

/* "CRITICAL  LATERAL_MOVEMENT  source.ip=10.0.0.5" */
void part_headline(const struct terminal *t, const json_t *record);
void part_when(const struct terminal *t, const json_t *record);
void part_attack(const struct terminal *t, const json_t *record);
/* Only where something was not seen. */
void part_coverage(const struct terminal *t, const json_t *record);

/* "10.0.0.1:5000 → 10.0.0.2:22 tcp" of a sample, or "". */
const char *part_tuple(const json_t *sample, char text[EVENT_TUPLE_MAX]);

#define PART_NAME_MAX	 64 /* of a process or a container, as much of it is shown */
#define PART_PROCESS_MAX (6 * PART_NAME_MAX + 48)
/* "curl (4711)", "curl (4711) in web", "curl (4711) in web of shop/web-7d4b-x2 (Deployment web)":
 * the process of a sample, its container and its pod; empty: none is known. */
const char *part_process(const json_t *sample, char text[PART_PROCESS_MAX]);

#endif
