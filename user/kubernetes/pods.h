/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_KUBERNETES_PODS_H
#define WEIR_KUBERNETES_PODS_H

#include <jansson.h>

#include "base/table.h"
#include "base/time.h"
#include "event/event.h"
#include "kubernetes/message.h"

/*
 * The pods of this node, as the API told of them; while it is silent, as it told of them last. One
 * that is gone stays for PODS_KEEP, because what it did may be told later. Bounded. Engine thread
 * only.
 */
#define PODS_MAX  4096
#define PODS_KEEP (10 * WEIR_MIN)

struct pod_container {
	char id[CONTAINER_HEX + 1];
	const char *name, *image; /* NULL: not told */
};

struct pod {
	char uid[POD_UID_BYTES + 1]; /* zeroes behind it */
	/* Texts of its own; NULL: not told. */
	const char *name, *space, *owner, *owner_kind;
	struct text labels; /* "key:value", joined as in a TEXTS field */
	struct pod_container *containers;
	size_t containers_len;
	/* of pods.c */
	char *texts;
	uint64_t round;
	weir_time gone; /* boot time; TIME_NONE: it is there */
	struct pod *older, *newer;
};

struct pods;

struct pods *pods_new(void); /* NULL without memory */
void pods_free(struct pods *pods);

/* NULL: not known. Good until the next message. */
const struct pod *pods_find(const struct pods *pods, const char *uid);
const struct pod_container *pod_container(const struct pod *pod, const char *id);

/* Messages of the child (message.h); false: it makes no sense. `now` is CLOCK_BOOTTIME. */
bool pods_take(struct pods *pods, const json_t *message);
bool pods_take_gone(struct pods *pods, const json_t *message, weir_time now);
/* All that there are come now; and those that did not are gone. */
void pods_begin(struct pods *pods);
void pods_end(struct pods *pods, weir_time now);

/* Forgets those that are gone long enough. */
void pods_tick(struct pods *pods, weir_time now);

struct pods_stats {
	uint64_t pods, gone, evicted;
};
void pods_stats(const struct pods *pods, struct pods_stats *stats);

/* As a list of messages, and back: what a file keeps over a restart (a new reference). */
json_t *pods_save(const struct pods *pods);
void pods_load(struct pods *pods, const json_t *list);

#endif
