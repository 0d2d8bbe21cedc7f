/* SPDX-License-Identifier: Apache-2.0 */
#include "base/queue.h"

#include <pthread.h>
#include <stdlib.h>

struct queue {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	size_t capacity, first, length;
	uint64_t dropped;
	bool closed;
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
	pthread_cond_init(&queue->filled, NULL);
	return queue;
}

void queue_free(struct queue *queue)
{
	if (!queue)
		return;
	pthread_cond_destroy(&queue->filled);
	pthread_mutex_destroy(&queue->lock);
	free(queue);
}

bool queue_put(struct queue *queue, void *item)
{
	bool taken;

	pthread_mutex_lock(&queue->lock);
	taken = !queue->closed && queue->length < queue->capacity;
	if (taken) {
		queue->items[(queue->first + queue->length++) % queue->capacity] = item;
		pthread_cond_signal(&queue->filled);
	} else {
		queue->dropped++;
	}
	pthread_mutex_unlock(&queue->lock);
	return taken;
}

static void *pop(struct queue *queue)
{
	void *item = queue->items[queue->first];

	queue->first = (queue->first + 1) % queue->capacity;
	queue->length--;
	return item;
}

void *queue_take(struct queue *queue)
{
	void *item = NULL;

	pthread_mutex_lock(&queue->lock);
	while (!queue->length && !queue->closed)
		pthread_cond_wait(&queue->filled, &queue->lock);
	if (queue->length)
		item = pop(queue);
	pthread_mutex_unlock(&queue->lock);
	return item;
}

void *queue_try(struct queue *queue)
{
	void *item = NULL;

	pthread_mutex_lock(&queue->lock);
	if (queue->length)
		item = pop(queue);
	pthread_mutex_unlock(&queue->lock);
	return item;
}

void queue_close(struct queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->closed = true;
	pthread_cond_broadcast(&queue->filled);
	pthread_mutex_unlock(&queue->lock);
}

size_t queue_length(struct queue *queue)
{
	size_t length;

	pthread_mutex_lock(&queue->lock);
	length = queue->length;
	pthread_mutex_unlock(&queue->lock);
	return length;
}

uint64_t queue_dropped(struct queue *queue)
{
	uint64_t dropped;

	pthread_mutex_lock(&queue->lock);
	dropped = queue->dropped;
	pthread_mutex_unlock(&queue->lock);
	return dropped;
}
