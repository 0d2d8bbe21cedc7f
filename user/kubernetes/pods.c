/* SPDX-License-Identifier: Apache-2.0 */
#include "kubernetes/pods.h"

#include <stdlib.h>
#include <string.h>

struct pods {
	struct table table; /* by uid */
	struct pod *oldest, *newest;
	uint64_t round, evicted, gone;
};

struct pods *pods_new(void)
{
	struct pods *pods = calloc(1, sizeof(*pods));

	if (pods)
		table_init(&pods->table, POD_UID_BYTES + 1, offsetof(struct pod, uid));
	return pods;
}

static void drop(struct pods *pods, struct pod *pod)
{
	table_remove(&pods->table, pod);
	*(pod->older ? &pod->older->newer : &pods->oldest) = pod->newer;
	*(pod->newer ? &pod->newer->older : &pods->newest) = pod->older;
	pods->gone -= pod->gone != TIME_NONE;
	free(pod->containers);
	free(pod->texts);
	free(pod);
}

void pods_free(struct pods *pods)
{
	if (!pods)
		return;
	while (pods->oldest)
		drop(pods, pods->oldest);
	table_free(&pods->table);
	free(pods);
}

static struct pod *find(const struct pods *pods, const char *uid)
{
	char key[POD_UID_BYTES + 1] = "";

	if (!uid || strlen(uid) > POD_UID_BYTES)
		return NULL;
	memcpy(key, uid, strlen(uid));
	return table_find(&pods->table, key);
}

const struct pod *pods_find(const struct pods *pods, const char *uid)
{
	return find(pods, uid);
}

const struct pod_container *pod_container(const struct pod *pod, const char *id)
{
	for (size_t i = 0; i < pod->containers_len; i++)
		if (!strcmp(pod->containers[i].id, id))
			return &pod->containers[i];
	return NULL;
}

/* ---- a message ---- */

/* Where texts of a pod go: first they are measured, then copied. */
struct filler {
	char *at; /* NULL: measured */
	size_t length;
	bool bad;
};

/* What is not told is NULL; what is too long, or no text, is bad. */
static const char *put(struct filler *to, const json_t *object, const char *key, size_t most)
{
	const json_t *value = json_object_get(object, key);
	size_t length = json_string_length(value);
	char *at = to->at ? to->at + to->length : NULL;

	if (!value)
		return NULL;
	if (!json_is_string(value) || !length || length > most ||
	    memchr(json_string_value(value), '\0', length)) {
		to->bad = true;
		return NULL;
	}
	if (at)
		memcpy(at, json_string_value(value), length + 1);
	to->length += length + 1;
	return at;
}

static void put_labels(struct filler *to, const json_t *message, struct text *labels)
{
	const json_t *list = json_object_get(message, "labels"), *label;
	size_t begin = to->length, i;

	if (list && (!json_is_array(list) || json_array_size(list) > POD_LABELS_MAX))
		to->bad = true;
	json_array_foreach(list, i, label)
	{
		size_t length = json_string_length(label);

		if (!length || length > POD_LABEL_MAX ||
		    memchr(json_string_value(label), TEXTS_JOINT, length)) {
			to->bad = true;
			return;
		}
		if (to->at)
			memcpy(to->at + to->length, json_string_value(label), length + 1);
		to->length += length + 1; /* the end of a text is the joint */
	}
	if (to->at && to->length > begin)
		*labels = (struct text){to->at + begin, (uint32_t)(to->length - begin - 1)};
}

static bool is_hex(const char *text)
{
	return strspn(text, "0123456789abcdef") == strlen(text);
}

static void put_containers(struct filler *to, const json_t *message, struct pod *pod)
{
	const json_t *list = json_object_get(message, "containers"), *one;
	size_t i;

	if (list && (!json_is_array(list) || json_array_size(list) > POD_CONTAINERS)) {
		to->bad = true;
		return;
	}
	json_array_foreach(list, i, one)
	{
		const char *id = json_string_value(json_object_get(one, "id"));
		struct pod_container *c = to->at ? &pod->containers[pod->containers_len++] : NULL;
		const char *name = put(to, one, "name", POD_TEXT_MAX);
		const char *image = put(to, one, "image", POD_IMAGE_MAX);

		if (!id || strlen(id) != CONTAINER_HEX || !is_hex(id)) {
			to->bad = true;
			return;
		}
		if (!c)
			continue;
		memcpy(c->id, id, sizeof(c->id));
		c->name = name;
		c->image = image;
	}
}

/* Called twice: the second time `to` has the room that the first one measured. */
static void fill(struct filler *to, const json_t *message, struct pod *pod)
{
	pod->name = put(to, message, "name", POD_TEXT_MAX);
	pod->space = put(to, message, "namespace", POD_TEXT_MAX);
	pod->owner = put(to, message, "owner", POD_TEXT_MAX);
	pod->owner_kind = put(to, message, "owner_kind", POD_KIND_MAX);
	put_labels(to, message, &pod->labels);
	put_containers(to, message, pod);
}

static struct pod *read_pod(const json_t *message, const char *uid)
{
	size_t containers = json_array_size(json_object_get(message, "containers"));
	struct pod *pod = calloc(1, sizeof(*pod));
	struct filler to = {.at = NULL};

	if (!pod)
		return NULL;
	fill(&to, message, pod);
	if (!to.bad) {
		pod->texts = malloc(to.length + 1);
		pod->containers = calloc(containers + 1, sizeof(*pod->containers));
	}
	if (!pod->texts || !pod->containers) {
		free(pod->texts);
		free(pod->containers);
		free(pod);
		return NULL;
	}
	to = (struct filler){.at = pod->texts};
	fill(&to, message, pod);
	memcpy(pod->uid, uid, strlen(uid));
	pod->gone = TIME_NONE;
	return pod;
}

static const char *uid_of(const json_t *message, const char *key)
{
	const char *uid = json_string_value(json_object_get(message, key));

	return uid && *uid && strlen(uid) <= POD_UID_BYTES &&
			       strspn(uid, "0123456789abcdef-") == strlen(uid)
		       ? uid
		       : NULL;
}

bool pods_take(struct pods *pods, const json_t *message)
{
	const char *uid = uid_of(message, "pod");
	struct pod *pod = uid ? read_pod(message, uid) : NULL, *old;

	if (!pod)
		return false;
	old = find(pods, uid);
	if (old)
		drop(pods, old);
	if (pods->table.count >= PODS_MAX) {
		drop(pods, pods->oldest);
		pods->evicted++;
	}
	if (table_insert(&pods->table, pod)) {
		free(pod->containers);
		free(pod->texts);
		free(pod);
		return true;
	}
	pod->round = pods->round;
	pod->older = pods->newest;
	*(pod->older ? &pod->older->newer : &pods->oldest) = pod;
	pods->newest = pod;
	return true;
}

static void go(struct pods *pods, struct pod *pod, weir_time now)
{
	if (pod->gone != TIME_NONE)
		return;
	pod->gone = now;
	pods->gone++;
}

bool pods_take_gone(struct pods *pods, const json_t *message, weir_time now)
{
	const char *uid = uid_of(message, "pod_gone");
	struct pod *pod = find(pods, uid);

	if (pod)
		go(pods, pod, now);
	return uid;
}

void pods_begin(struct pods *pods)
{
	pods->round++;
}

void pods_end(struct pods *pods, weir_time now)
{
	for (struct pod *pod = pods->oldest; pod; pod = pod->newer)
		if (pod->round != pods->round)
			go(pods, pod, now);
}

void pods_tick(struct pods *pods, weir_time now)
{
	for (struct pod *pod = pods->gone ? pods->oldest : NULL, *next; pod; pod = next) {
		next = pod->newer;
		if (pod->gone != TIME_NONE && now - pod->gone > PODS_KEEP)
			drop(pods, pod);
	}
}

void pods_stats(const struct pods *pods, struct pods_stats *stats)
{
	*stats = (struct pods_stats){pods->table.count, pods->gone, pods->evicted};
}

/* ---- over a restart ---- */

static void save_text(json_t *to, const char *key, const char *text)
{
	if (text)
		json_object_set_new(to, key, json_string(text));
}

static json_t *save_pod(const struct pod *pod)
{
	json_t *message = json_pack("{s:s}", "pod", pod->uid), *list;
	struct text label;
	uint32_t at = 0;

	save_text(message, "name", pod->name);
	save_text(message, "namespace", pod->space);
	save_text(message, "owner", pod->owner);
	save_text(message, "owner_kind", pod->owner_kind);
	list = json_array();
	while (pod->labels.length && texts_next(&pod->labels, &at, &label))
		json_array_append_new(list, json_stringn(label.at, label.length));
	json_object_set_new(message, "labels", list);
	list = json_array();
	for (size_t i = 0; i < pod->containers_len; i++) {
		json_t *one = json_pack("{s:s}", "id", pod->containers[i].id);

		save_text(one, "name", pod->containers[i].name);
		save_text(one, "image", pod->containers[i].image);
		json_array_append_new(list, one);
	}
	json_object_set_new(message, "containers", list);
	return message;
}

json_t *pods_save(const struct pods *pods)
{
	json_t *list = json_array();

	for (const struct pod *pod = pods->oldest; pod; pod = pod->newer)
		if (pod->gone == TIME_NONE)
			json_array_append_new(list, save_pod(pod));
	return list;
}

void pods_load(struct pods *pods, const json_t *list)
{
	const json_t *message;
	size_t i;

	json_array_foreach(list, i, message) pods_take(pods, message);
}
