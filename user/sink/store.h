/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SINK_STORE_H
#define WEIR_SINK_STORE_H

#include <jansson.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/time.h"

/* The database read again: what `weir detections` asks it. Reads beside a running agent. */
struct store;

/* Read-only. 0, or -errno with `error` said. */
int store_open(struct store **store, const char *path, struct error *error);
void store_close(struct store *store);

struct store_filter {
	weir_time since;  /* newest evidence at or after; TIME_NONE: all */
	int level;	  /* enum severity, at or above; -1: all */
	const char *rule; /* name or id, case ignored; NULL: all */
	const char *host; /* the host that saw it, or a value of its keys; NULL: all */
	size_t limit;	  /* newest so many; 0: all */
};

/* A detection as a list shows it; texts live during the call. */
struct store_row {
	const char *id, *rule_name, *severity, *state, *message, *record;
	weir_time first, last;
	long long count;
};

/* Oldest first. */
int store_list(struct store *store, const struct store_filter *filter,
	       void (*row)(void *context, const struct store_row *row), void *context,
	       struct error *error);

/* Signals and connections that are stored, as the JSON objects that they were stored with, oldest
 * first. Of a connection, `rule` and `level` of the filter say nothing, and `host` may be either of
 * its ends, its process or its pod. `record` lives during the call. */
enum store_kind { STORE_SIGNALS, STORE_FLOWS };
int store_records(struct store *store, enum store_kind kind, const struct store_filter *filter,
		  void (*row)(void *context, const char *record), void *context,
		  struct error *error);

/* The detection of this id, or of the only id that begins so. */
int store_find(struct store *store, const char *prefix, char id[UUID_TEXT_MAX],
	       struct error *error);

/* Its JSON object; the connections that its samples belong to ([{"id", "community_id", … as the
 * columns of `flow`}]). New references; NULL with `error` said. */
json_t *store_record(struct store *store, const char *id, struct error *error);
json_t *store_flows(struct store *store, const char *id, struct error *error);

/* Sets the state of a detection ("acknowledged", "closed"), which only goes forward; `word` says as
 * what it was closed, or is NULL; -EALREADY where it would go back. Opens `path` for writing for
 * that moment. */
int store_set_state(const char *path, const char *id, const char *state, const char *word,
		    struct error *error);

#endif
