/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_EVENT_JSON_H
#define WEIR_EVENT_JSON_H

#include <jansson.h>

#include "base/arena.h"
#include "base/error.h"
#include "event/event.h"

/* An event as ECS JSON (docs/rules.md, Events): a new object with flat dotted keys, which the
 * caller owns; NULL without memory. Text that is no UTF-8 is escaped. */
json_t *event_to_json(const struct event *e);

/*
 * Reads weir's own JSON event back. Strings are copied into `arena`. Unknown keys are counted in
 * *unknown, not refused. Returns 0, or -EINVAL with `error` saying which key was wrong.
 */
int event_from_json(const json_t *object, struct arena *arena, struct event *e, size_t *unknown,
		    struct error *error);

/* The service that event.dataset ("weir.attempt") names; false: none of ours. */
bool event_dataset(const char *name, size_t length, uint16_t *service);

/* What is wrong with an event whatever reads it; %s: "missing", "wrong", "unknown". */
#define EVENT_TIME_FAULT "@timestamp is %s: it should be a time as in RFC 3339"
#define EVENT_DATASET_FAULT                                                                        \
	"event.dataset is %s: it should be weir.attempt, weir.connection, weir.flow, …"

/* A string that jansson takes for any bytes: what is not UTF-8, and control characters, as \xHH. */
json_t *json_bytes(const char *bytes, size_t length);

#endif
