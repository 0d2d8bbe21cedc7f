/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_KUBERNETES_MESSAGE_H
#define WEIR_KUBERNETES_MESSAGE_H

/*
 * What the child that speaks with the Kubernetes API and the engine say to each other: a JSON
 * object a datagram, of at most MESSAGE_MAX bytes. The engine believes nothing of it but its form,
 * and checks that; what is longer than here is left out by the child, and refused by the engine.
 *
 * To the child, once: {"url", "ca", "token", "port", "node", "rules": {"namespace", "label"} or
 * null} From it, first: {"ready": VERSION of Landlock}; then
 *   {"begin": "pods" or "maps"}, {"end": …}     all that there are come between these
 *   {"pod": UID, "name", "namespace", "owner", "owner_kind", "labels": ["key:value"],
 *    "containers": [{"id", "name", "image"}]}   missing where there is none
 *   {"pod_gone": UID}
 *   {"map": NAME, "files": {NAME: TEXT}}, {"map_gone": NAME}
 *   {"socket": COOKIE}                          that it has opened
 *   {"state": {"pods": {…}, "maps": {…}}}       for `weir status`
 */
#define MESSAGE_MAX (192 << 10)

#define POD_TEXT_MAX   253 /* names in Kubernetes are those of DNS */
#define POD_UID_BYTES  36
#define POD_KIND_MAX   63
#define POD_LABELS_MAX 32
#define POD_LABEL_MAX  380 /* prefix/name:value */
#define POD_CONTAINERS 32
#define POD_IMAGE_MAX  255
#define CONTAINER_HEX  64
#define MAP_FILES_MAX  64

#endif
