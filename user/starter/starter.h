/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_STARTER_STARTER_H
#define WEIR_STARTER_STARTER_H

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * The process that starts the children that decode and that ask the Kubernetes API, because the
 * engine may run no programs. Forked from the engine before that has a thread or has read anything,
 * it holds no rights, and knows one thing to do: start this program with CHILD_WORD
 * (decoding/child.h) or KUBERNETES_WORD (kubernetes/child.h) and the descriptors that it was sent.
 * What it starts is the engine's child, as if the engine had started it: its signals and
 * its end are the engine's. It ends with the engine. Engine thread only.
 */
struct starter;

/* 0, or -errno with `error` said. */
int starter_open(struct starter **starter, struct error *error);
void starter_close(struct starter *starter); /* NULL: nothing */

/* decoding_options.spawn: `context` is the starter. The engine waits for it, at most
 * STARTER_SECONDS. */
#define STARTER_SECONDS 2
pid_t starter_spawn(void *context, int channel, int ring, uint64_t opening);

/* kubernetes_options.spawn: likewise. */
pid_t starter_spawn_kubernetes(void *context, int channel);

pid_t starter_pid(const struct starter *starter);

#endif
