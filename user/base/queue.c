/* SPDX-License-Identifier: Apache-2.0 */
#include "base/queue.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

struct queue {
	pthread_mutex_t lock;
	size_t capacity, first, length;
	void *items[];
};

struct queue *queue_new(size_t capacity)
{
	struct queue *queue;

	if (!capacity || capacity > SIZE_MAX / 2 / sizeof(queue->items[0]))
		return NULL;
	queue = calloc(1, sizeof(*queue) + capacity * sizeof(queue->items[0]));
	if (!queue)
		return NULL;
	queue->capacity = capacity;
	pthread_mutex_init(&queue->lock, NULL);
	return queue;
}

void queue_free(struct queue *queue)
{
	if (!queue)
		return;
	pthread_mutex_destroy(&queue->lock);
	free(queue);
}

bool queue_put(struct queue *queue, void *item)
{
	bool taken;

	pthread_mutex_lock(&queue->lock);
	taken = queue->length < queue->capacity;
	if (taken)
		queue->items[(queue->first + queue->length++) % queue->capacity] = item;
	pthread_mutex_unlock(&queue->lock);
	return taken;
}

void *queue_try(struct queue *queue)
{
	void *item = NULL;

	pthread_mutex_lock(&queue->lock);
	if (queue->length) {
		item = queue->items[queue->first];
		queue->first = (queue->first + 1) % queue->capacity;
		queue->length--;
	}
	pthread_mutex_unlock(&queue->lock);
	return item;
}
