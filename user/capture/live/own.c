/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/live/own.h"

#include <string.h>

void own_init(struct own_sockets *own)
{
	memset(own->cookie, 0, sizeof(own->cookie));
	own->next = 0;
	pthread_mutex_init(&own->lock, NULL);
}

void own_free(struct own_sockets *own)
{
	pthread_mutex_destroy(&own->lock);
}

static bool has(const struct own_sockets *own, uint64_t cookie)
{
	unsigned i;

	for (i = 0; i < OWN_SOCKETS_MAX; i++)
		if (own->cookie[i] == cookie)
			return true;
	return false;
}

void own_add(struct own_sockets *own, uint64_t cookie)
{
	if (!cookie)
		return;
	pthread_mutex_lock(&own->lock);
	if (!has(own, cookie)) {
		own->cookie[own->next] = cookie;
		own->next = (own->next + 1) % OWN_SOCKETS_MAX;
	}
	pthread_mutex_unlock(&own->lock);
}

bool own_has(struct own_sockets *own, uint64_t cookie)
{
	bool found;

	if (!cookie)
		return false;
	pthread_mutex_lock(&own->lock);
	found = has(own, cookie);
	pthread_mutex_unlock(&own->lock);
	return found;
}
