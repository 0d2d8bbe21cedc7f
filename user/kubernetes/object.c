/* SPDX-License-Identifier: Apache-2.0 */
#include "kubernetes/object.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kubernetes/message.h"

static const char *text_at(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

/* Left out where it is missing, empty, or too long. */
static void put(json_t *to, const char *key, const char *text, size_t most)
{
	if (text && *text && strlen(text) <= most)
		json_object_set_new(to, key, json_string(text));
}

/* ---- pods ---- */

static const char *uid_of(const json_t *pod)
{
	const json_t *meta = json_object_get(pod, "metadata");
	const char *hash =
		text_at(json_object_get(meta, "annotations"), "kubernetes.io/config.mirror");
	const char *uid = hash ? hash : text_at(meta, "uid");

	return uid && *uid && strlen(uid) <= POD_UID_BYTES ? uid : NULL;
}

/* NULL: nobody made it but a person. */
static const json_t *controller(const json_t *meta)
{
	const json_t *owner;
	size_t i;

	json_array_foreach(
		json_object_get(meta, "ownerReferences"), i,
		owner) if (json_is_true(json_object_get(owner, "controller"))) return owner;
	return NULL;
}

/* The length of a Deployment's name in that of its ReplicaSet; 0: it is of none. */
static size_t deployment_length(const json_t *meta, const char *kind, const char *name)
{
	const char *hash = text_at(json_object_get(meta, "labels"), "pod-template-hash");
	size_t length = strlen(name), tail = hash ? strlen(hash) : 0;

	if (strcmp(kind, "ReplicaSet") || !tail || length < tail + 2 ||
	    strcmp(name + length - tail, hash) || name[length - tail - 1] != '-')
		return 0;
	return length - tail - 1;
}

static void put_owner(json_t *to, const json_t *meta)
{
	const json_t *owner = controller(meta);
	const char *kind = text_at(owner, "kind"), *name = text_at(owner, "name");
	char text[POD_TEXT_MAX + 1];
	size_t length;

	if (!kind || !name || strlen(name) > POD_TEXT_MAX)
		return;
	length = deployment_length(meta, kind, name);
	snprintf(text, sizeof(text), "%.*s", (int)(length ? length : strlen(name)), name);
	put(to, "owner_kind", length ? "Deployment" : kind, POD_KIND_MAX);
	put(to, "owner", text, POD_TEXT_MAX);
}

static void put_labels(json_t *to, const json_t *meta)
{
	json_t *list = json_array(), *labels = json_object_get(meta, "labels"), *value;
	char line[POD_LABEL_MAX + 1];
	const char *key;

	json_object_foreach(labels, key, value)
	{
		const char *text = json_string_value(value);
		int length = text ? snprintf(line, sizeof(line), "%s:%s", key, text) : -1;

		if (length > 0 && length <= POD_LABEL_MAX && json_array_size(list) < POD_LABELS_MAX)
			json_array_append_new(list, json_string(line));
	}
	if (json_array_size(list))
		json_object_set(to, "labels", list);
	json_decref(list);
}

/* "containerd://HEX" */
static void add_container(json_t *list, const json_t *status)
{
	const char *whole = text_at(status, "containerID");
	const char *id = whole ? strstr(whole, "://") : NULL;
	json_t *one;

	if (!id || strlen(id + 3) != CONTAINER_HEX || json_array_size(list) >= POD_CONTAINERS)
		return;
	one = json_object();
	put(one, "id", id + 3, CONTAINER_HEX);
	put(one, "name", text_at(status, "name"), POD_TEXT_MAX);
	put(one, "image", text_at(status, "image"), POD_IMAGE_MAX);
	json_array_append_new(list, one);
}

static void put_containers(json_t *to, const json_t *status)
{
	static const char *const kinds[] = {"containerStatuses", "initContainerStatuses",
					    "ephemeralContainerStatuses"};
	json_t *list = json_array(), *one;
	size_t i;

	for (size_t kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++)
		json_array_foreach(json_object_get(status, kinds[kind]), i, one)
			add_container(list, one);
	if (json_array_size(list))
		json_object_set(to, "containers", list);
	json_decref(list);
}

json_t *object_pod(const json_t *pod)
{
	const json_t *meta = json_object_get(pod, "metadata");
	const char *uid = uid_of(pod);
	json_t *message = uid ? json_pack("{s:s}", "pod", uid) : NULL;

	if (!message)
		return NULL;
	put(message, "name", text_at(meta, "name"), POD_TEXT_MAX);
	put(message, "namespace", text_at(meta, "namespace"), POD_TEXT_MAX);
	put_owner(message, meta);
	put_labels(message, meta);
	put_containers(message, json_object_get(pod, "status"));
	return message;
}

json_t *object_pod_gone(const json_t *pod)
{
	const char *uid = uid_of(pod);

	return uid ? json_pack("{s:s}", "pod_gone", uid) : NULL;
}

/* ---- ConfigMaps ---- */

static bool is_rule_file(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && (!strcmp(dot, ".yml") || !strcmp(dot, ".yaml"));
}

json_t *object_map(const json_t *map)
{
	const char *name = text_at(json_object_get(map, "metadata"), "name"), *file;
	json_t *files = json_object(), *text;

	json_object_foreach(json_object_get(map, "data"), file,
			    text) if (is_rule_file(file) && json_is_string(text) &&
				      json_object_size(files) < MAP_FILES_MAX)
		json_object_set(files, file, text);
	if (name && *name && strlen(name) <= POD_TEXT_MAX)
		return json_pack("{s:s, s:o}", "map", name, "files", files);
	json_decref(files);
	return NULL;
}

json_t *object_map_gone(const json_t *map)
{
	const char *name = text_at(json_object_get(map, "metadata"), "name");

	return name && *name && strlen(name) <= POD_TEXT_MAX ? json_pack("{s:s}", "map_gone", name)
							     : NULL;
}
