/* SPDX-License-Identifier: Apache-2.0 */
/* Files, not sockets: they answer at once, also while a daemon is busy or gone. */
#include "host/runtime.h"

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONFIG_MAX  ((size_t)4 << 20)
#define LIST_MAX    ((size_t)16 << 20) /* of all containers: some 500 bytes each */
#define ENTRIES_MAX 65536	       /* of a folder of logs */

static json_t *json_read(const struct host_root *root, const char *path, size_t max)
{
	size_t length;
	char *bytes = host_read(root, path, max, &length);
	json_t *json = bytes ? json_loadb(bytes, length, JSON_ALLOW_NUL, NULL) : NULL;

	free(bytes);
	return json;
}

/* True if there is such a text, which is not empty. */
static bool copy(const json_t *object, const char *key, char *to, size_t size)
{
	const char *text = json_string_value(json_object_get(object, key));

	if (!text || !*text)
		return false;
	snprintf(to, size, "%s", text);
	return true;
}

#define COPY(object, key, to) copy(object, key, to, sizeof(to))

/* Annotations and labels: several keys mean the same. */
struct word_key {
	const char *key;
	size_t offset, size;
};

#define WORD(key, member)                                                                          \
	{                                                                                          \
		key, offsetof(struct container_words, member),                                     \
			sizeof(((struct container_words *)0)->member)                              \
	}

static const struct word_key word_keys[] = {
	WORD("io.kubernetes.container.name", name),
	WORD("io.kubernetes.pod.name", pod),
	WORD("io.kubernetes.pod.namespace", pod_namespace),
	WORD("io.kubernetes.cri.container-name", name),
	WORD("io.kubernetes.cri.sandbox-name", pod),
	WORD("io.kubernetes.cri.sandbox-namespace", pod_namespace),
	WORD("io.kubernetes.cri.image-name", image),
	WORD("io.kubernetes.cri-o.ImageName", image),
	WORD("io.kubernetes.cri-o.UserRequestedImage", image),
	WORD("nerdctl/name", name),
	WORD("nerdctl/image-ref", image),
};

static bool copy_words(const json_t *object, struct container_words *words)
{
	bool any = false;

	for (size_t i = 0; i < sizeof(word_keys) / sizeof(word_keys[0]); i++) {
		char *to = (char *)words + word_keys[i].offset;

		any |= copy(object, word_keys[i].key, to, word_keys[i].size);
	}
	return any;
}

/* ---- docker ---- */

static bool docker_read(const struct host_root *root, const char *id, struct container_words *words)
{
	char path[256];
	json_t *json, *config;
	bool found;

	snprintf(path, sizeof(path), "var/lib/docker/containers/%s/config.v2.json", id);
	json = json_read(root, path, CONFIG_MAX);
	config = json_object_get(json, "Config");
	found = COPY(json, "Name", words->name);
	if (words->name[0] == '/')
		memmove(words->name, words->name + 1, strlen(words->name));
	COPY(config, "Image", words->image);
	copy_words(json_object_get(config, "Labels"), words);
	json_decref(json);
	return found;
}

/* ---- configurations by OCI's runtime specification: containerd, CRI-O ---- */

static bool bundle_read(const struct host_root *root, const char *const *folders, const char *end,
			const char *id, struct container_words *words)
{
	bool found = false;

	for (; *folders && !found; folders++) {
		char path[256];
		json_t *json;

		snprintf(path, sizeof(path), "%s/%s%s", *folders, id, end);
		json = json_read(root, path, CONFIG_MAX);
		found = copy_words(json_object_get(json, "annotations"), words);
		json_decref(json);
	}
	return found;
}

static bool containerd_read(const struct host_root *root, const char *id,
			    struct container_words *words)
{
	static const char *const folders[] = {
		"run/containerd/io.containerd.runtime.v2.task/k8s.io",
		"run/containerd/io.containerd.runtime.v2.task/default",
		"run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io",
		"run/k0s/containerd/io.containerd.runtime.v2.task/k8s.io",
		"var/snap/microk8s/common/run/containerd/io.containerd.runtime.v2.task/k8s.io",
		NULL,
	};

	return bundle_read(root, folders, "/config.json", id, words);
}

static bool crio_read(const struct host_root *root, const char *id, struct container_words *words)
{
	static const char *const folders[] = {
		"run/containers/storage/overlay-containers",
		"var/lib/containers/storage/overlay-containers",
		NULL,
	};

	return bundle_read(root, folders, "/userdata/config.json", id, words);
}

/* ---- podman: its storage's list, with a JSON text in it (containers/storage) ---- */

static bool listed_read(const json_t *container, struct container_words *words)
{
	const char *text = json_string_value(json_object_get(container, "metadata"));
	json_t *metadata = text ? json_loads(text, 0, NULL) : NULL;
	const char *name =
		json_string_value(json_array_get(json_object_get(container, "names"), 0));

	if (name)
		snprintf(words->name, sizeof(words->name), "%s", name);
	COPY(metadata, "name", words->name);
	COPY(metadata, "image-name", words->image);
	json_decref(metadata);
	return words->name[0];
}

static bool list_read(const struct host_root *root, const char *path, const char *id,
		      struct container_words *words)
{
	json_t *list = json_read(root, path, LIST_MAX), *container;
	bool found = false;
	size_t i;

	json_array_foreach(list, i, container)
	{
		const char *own = json_string_value(json_object_get(container, "id"));

		if (own && !strcmp(own, id)) {
			found = listed_read(container, words);
			break;
		}
	}
	json_decref(list);
	return found;
}

static bool podman_read(const struct host_root *root, const char *id, struct container_words *words)
{
	static const char *const lists[] = {
		"var/lib/containers/storage/overlay-containers/containers.json",
		"var/lib/containers/storage/overlay-containers/volatile-containers.json",
		"var/lib/containers/storage/vfs-containers/containers.json",
		"run/containers/storage/overlay-containers/volatile-containers.json",
		NULL,
	};

	for (size_t i = 0; lists[i]; i++)
		if (list_read(root, lists[i], id, words))
			return true;
	return false;
}

/* ---- the kubelet: names of its logs ---- */

static DIR *folder_open(const struct host_root *root, const char *path)
{
	int fd = host_open(root, path, S_IFDIR, NULL);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);

	if (!folder && fd >= 0)
		close(fd);
	return folder;
}

/* Takes what stands before the next `end` off the name. */
static char *cut(char **name, char end)
{
	char *part = *name, *at = strchr(part, end);

	*name = at ? at + 1 : part + strlen(part);
	if (at)
		*at = '\0';
	return part;
}

/* POD_NAMESPACE_CONTAINER-ID.log; names in Kubernetes have no "_". */
static bool container_log(char *name, const struct cgroup_container *container,
			  struct container_words *words)
{
	char *id = strrchr(name, '-');

	if (!id || strncmp(id + 1, container->id, strlen(container->id)))
		return false;
	*id = '\0';
	snprintf(words->pod, sizeof(words->pod), "%s", cut(&name, '_'));
	snprintf(words->pod_namespace, sizeof(words->pod_namespace), "%s", cut(&name, '_'));
	snprintf(words->name, sizeof(words->name), "%s", name);
	return true;
}

/* NAMESPACE_POD_UID. */
static bool pod_logs(char *name, const struct cgroup_container *container,
		     struct container_words *words)
{
	char *uid = strrchr(name, '_');

	if (!uid || strcmp(uid + 1, container->pod_uid))
		return false;
	*uid = '\0';
	snprintf(words->pod_namespace, sizeof(words->pod_namespace), "%s", cut(&name, '_'));
	snprintf(words->pod, sizeof(words->pod), "%s", name);
	return true;
}

static void
logs_read(const struct host_root *root, const char *path, const struct cgroup_container *container,
	  bool (*entry_is)(char *, const struct cgroup_container *, struct container_words *),
	  struct container_words *words)
{
	DIR *folder = folder_open(root, path);
	struct dirent *entry;

	if (!folder)
		return;
	for (size_t i = 0; i < ENTRIES_MAX && (entry = readdir(folder)); i++)
		if (entry_is(entry->d_name, container, words))
			break;
	closedir(folder);
}

/* ---- all ---- */

static const struct {
	const char *runtime;
	bool (*read)(const struct host_root *root, const char *id, struct container_words *words);
} runtimes[] = {
	{"containerd", containerd_read},
	{"cri-o", crio_read},
	{"docker", docker_read},
	{"podman", podman_read},
};

void runtime_read(const struct host_root *root, const struct cgroup_container *container,
		  struct container_words *words)
{
	*words = (struct container_words){.runtime = container->runtime};
	for (size_t i = 0; i < sizeof(runtimes) / sizeof(runtimes[0]); i++) {
		if (container->runtime && strcmp(container->runtime, runtimes[i].runtime))
			continue;
		if (!runtimes[i].read(root, container->id, words))
			continue;
		words->runtime = runtimes[i].runtime;
		break;
	}
	if (!container->pod_uid[0])
		return;
	if (!words->name[0])
		logs_read(root, "var/log/containers", container, container_log, words);
	if (!words->pod[0])
		logs_read(root, "var/log/pods", container, pod_logs, words);
}
