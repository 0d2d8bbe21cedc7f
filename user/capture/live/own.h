/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_LIVE_OWN_H
#define WEIR_LIVE_OWN_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* Sockets of weir's own, by cookie, so that its traffic is known. Any thread. */

/* More than weir has open at once by far; the oldest is forgotten first. */
#define OWN_SOCKETS_MAX 256

struct own_sockets {
	pthread_mutex_t lock;
	uint64_t cookie[OWN_SOCKETS_MAX];
	unsigned next; /* where the next one goes */
};

void own_init(struct own_sockets *own);
void own_free(struct own_sockets *own);
void own_add(struct own_sockets *own, uint64_t cookie);
bool own_has(struct own_sockets *own, uint64_t cookie);

#endif
