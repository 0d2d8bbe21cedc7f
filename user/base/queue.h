/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_QUEUE_H
#define WEIR_BASE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A bounded queue of pointers between threads. A full queue refuses, it never blocks the writer:
 * capture must not wait for a disk. Nor does it wake a reader: whoever waits, waits for more than
 * one thing. Any thread.
 */
struct queue;

struct queue *queue_new(size_t capacity); /* NULL without memory */
void queue_free(struct queue *queue);	  /* must be empty of what its user owns */

/* False if full: the caller counts it. */
bool queue_put(struct queue *queue, void *item);

/* The oldest; NULL when there is nothing now. */
void *queue_try(struct queue *queue);

#endif
