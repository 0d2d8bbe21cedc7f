/* SPDX-License-Identifier: Apache-2.0 */
/* What the Kubernetes API says of a pod or a ConfigMap, as the child reads it, and what the child
 * says, as the engine does: an input is JSON. */
#include <stdlib.h>
#include <string.h>

#include "kubernetes/object.h"
#include "kubernetes/pods.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is made of any object is a message that the engine takes, or nothing. */
static void as_object(struct pods *pods, const json_t *json)
{
	json_t *pod = object_pod(json), *gone = object_pod_gone(json), *map = object_map(json);

	if (pod && json_string_length(json_object_get(pod, "pod")) <= POD_UID_BYTES)
		pods_take(pods, pod);
	if (map && (!json_is_string(json_object_get(map, "map")) ||
		    json_object_size(json_object_get(map, "files")) > MAP_FILES_MAX))
		abort();
	json_decref(pod);
	json_decref(gone);
	json_decref(map);
	json_decref(object_map_gone(json));
}

static void as_message(struct pods *pods, const json_t *json)
{
	const char *uid = json_string_value(json_object_get(json, "pod"));
	const struct pod *pod;
	json_t *saved;

	pods_begin(pods);
	if (pods_take(pods, json)) {
		pod = pods_find(pods, uid);
		if (!pod || pod->containers_len > POD_CONTAINERS)
			abort();
		pod_container(pod, "");
	}
	pods_take_gone(pods, json, 1);
	saved = pods_save(pods);
	pods_load(pods, saved);
	json_decref(saved);
	pods_end(pods, 2);
	pods_tick(pods, 2 * PODS_KEEP);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *json = json_loadb((const char *)data, size, 0, NULL);
	struct pods *pods = json ? pods_new() : NULL;

	if (pods) {
		as_object(pods, json);
		as_message(pods, json);
	}
	pods_free(pods);
	json_decref(json);
	return 0;
}
