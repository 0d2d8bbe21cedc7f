/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SINK_DESCRIBE_H
#define WEIR_SINK_DESCRIBE_H

#include <jansson.h>

#include "base/terminal.h"

/*
 * Detections and signals for people, from the JSON object that every sink carries: so a stored one
 * reads as it did when it was raised. What a record lacks is left out.
 */

/* A few aligned lines: severity, name, who, when, why, values against thresholds. */
void describe_detection(const struct terminal *terminal, const json_t *record);

/* All that explains it: also the time line, baselines, flows, what to do. `flows` are the stored
 * connections of its samples (store_flows()), which know what was moved; NULL: none. */
void describe_detection_fully(const struct terminal *terminal, const json_t *record,
			      const json_t *flows);

/* One line; `update` of a signal that was said before. */
void describe_signal(const struct terminal *terminal, const json_t *record, bool update);

/* "ports 228 (> 20), connections 228 (> 3 deviations (mean 10, deviation 3))"; the caller frees. */
char *describe_values(const json_t *values);

/* "source.ip=10.0.0.5"; the caller frees. */
char *describe_keys(const json_t *record);

/* "2026-01-02 03:04:05", from RFC 3339, which stays if it is none. */
#define DESCRIBE_TIME_MAX 40
char *describe_time(const char *rfc3339, char text[DESCRIBE_TIME_MAX]);

#endif
