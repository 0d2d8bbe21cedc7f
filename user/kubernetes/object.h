/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_KUBERNETES_OBJECT_H
#define WEIR_KUBERNETES_OBJECT_H

#include <jansson.h>

/*
 * Objects of the Kubernetes API as messages to the engine (message.h): what weir wants of them, and
 * no more of it than the engine takes. A new reference each; NULL: the object is none such, or
 * cannot be told.
 */

/*
 * A pod. Its uid is the one that its cgroups have, which for pods of files of the node ("static")
 * is not that of the API. The owner is what people made: the Deployment, not its ReplicaSet, which
 * is called DEPLOYMENT-HASH, with the hash in a label of the pod.
 */
json_t *object_pod(const json_t *pod);
json_t *object_pod_gone(const json_t *pod);

/* A ConfigMap: its files of rules. */
json_t *object_map(const json_t *map);
json_t *object_map_gone(const json_t *map);

#endif
