/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_KUBERNETES_KUBERNETES_H
#define WEIR_KUBERNETES_KUBERNETES_H

#include <jansson.h>
#include <sys/types.h>

#include "base/error.h"
#include "kubernetes/maps.h"
#include "kubernetes/pods.h"

/*
 * What the Kubernetes API knows of this node: its pods, and rules in ConfigMaps. A child (child.h)
 * speaks with the server; this side starts it, takes what it says, believes only its form, and
 * starts it anew when it ends or makes no sense, after pauses that grow. Nothing here waits for it.
 * What it said last holds while it, or the server, is silent. Engine thread only.
 */
struct kubernetes_options {
	/* NULL: of the environment and the account, as the kubelet gives them to pods. */
	const char *server;	 /* "https://10.96.0.1:443" */
	const char *credentials; /* a folder with token, ca.crt and namespace */
	const char *node;
	const char *rules_label;     /* a selector of labels; NULL: no ConfigMaps are read */
	const char *rules_namespace; /* NULL: the account's */
	const char *rules_folder;
	const char *cache; /* a file that keeps the pods over a restart; NULL: none */
	/* Starts the child with its end of the channel: its pid, or -errno. */
	pid_t (*spawn)(void *spawner, int channel);
	void *spawner;
};

struct kubernetes_ops {
	void (*health)(void *context, const char *fact, const char *message);
	void (*socket)(void *context, uint64_t cookie); /* weir's own */
	struct maps_ops maps;
	void *context;
};

struct kubernetes;

/* 0, or -errno with `error` said: something is missing that a pod would have. */
int kubernetes_open(struct kubernetes **kubernetes, const struct kubernetes_options *options,
		    const struct kubernetes_ops *ops, struct error *error);
void kubernetes_close(struct kubernetes *kubernetes); /* NULL: nothing */

/* Starts the first child: once health can be told. */
void kubernetes_start(struct kubernetes *kubernetes);

/* Readable when there is something to do for kubernetes_run(). */
int kubernetes_fd(const struct kubernetes *kubernetes);
void kubernetes_run(struct kubernetes *kubernetes);
void kubernetes_tick(struct kubernetes *kubernetes); /* about once a second */

const struct pods *kubernetes_pods(const struct kubernetes *kubernetes);

/* For `weir status` (a new reference). *degraded is set while the server cannot be asked, or
 * something that it said is wrong. */
json_t *kubernetes_status(const struct kubernetes *kubernetes, bool *degraded);

#endif
