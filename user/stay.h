/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_STAY_H
#define WEIR_STAY_H

/*
 * For whoever starts a weir anew when it ends, such as the kubelet: a weir that made room for
 * another ends, and what would be started in its place would take the other's. So it runs in a
 * child of a process that has given up its rights, hands on signals, and stays behind, idle, until
 * it is told to stop; or until nobody has watched for STAY_ALONE_SECONDS, and it is needed again.
 */
#define STAY_ALONE_SECONDS 10

/* What `run` returns when it made room: no exit status of weir. */
#define STAY_MADE_ROOM 100

/* Before there is a thread. Returns twice: in the child what `run` returned, and in the process
 * itself, at its end, the exit status. */
int stay_run(int (*run)(const void *context), const void *context);

#endif
