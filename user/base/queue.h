/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_QUEUE_H
#define WEIR_BASE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A bounded queue of pointers between threads. A full queue refuses and counts, it never blocks
 * the writer: capture must not wait for a disk.
 */
struct queue;

struct queue *queue_new(size_t capacity); /* NULL without memory */
void queue_free(struct queue *queue);	  /* must be empty of what its user owns */

/* False if full or closed (counted in queue_dropped()). Any thread. */
bool queue_put(struct queue *queue, void *item);

/* Waits for an item; NULL once the queue is closed and empty. Any thread. */
void *queue_take(struct queue *queue);

/* The same without waiting; NULL when there is nothing now. */
void *queue_try(struct queue *queue);

void queue_close(struct queue *queue); /* wakes all readers */

size_t queue_length(struct queue *queue);
uint64_t queue_dropped(struct queue *queue);

#endif
