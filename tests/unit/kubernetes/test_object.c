/* SPDX-License-Identifier: Apache-2.0 */
#include "kubernetes/object.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kubernetes/message.h"

static json_t *read(const char *text)
{
	json_t *json = json_loads(text, 0, NULL);

	assert_non_null(json);
	return json;
}

/* What is made of `object` is `expected`; NULL: nothing. */
static void makes(json_t *(*make)(const json_t *), const char *object, const char *expected)
{
	json_t *from = read(object), *got = make(from), *wanted = expected ? read(expected) : NULL;

	if (!json_equal(got, wanted) && (got || wanted))
		fail_msg("got %s", got ? json_dumps(got, JSON_COMPACT) : "nothing");
	json_decref(from);
	json_decref(got);
	json_decref(wanted);
}

#define UID "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void a_pod_of_a_deployment(void **state)
{
	(void)state;
	makes(object_pod,
	      "{\"metadata\":{\"uid\":\"" UID
	      "\",\"name\":\"web-7d4b9c-x2\",\"namespace\":\"shop\","
	      "\"labels\":{\"app\":\"web\",\"pod-template-hash\":\"7d4b9c\"},\"ownerReferences\":["
	      "{\"kind\":\"Other\",\"name\":\"x\"},"
	      "{\"kind\":\"ReplicaSet\",\"name\":\"web-7d4b9c\",\"controller\":true}]},"
	      "\"status\":{\"containerStatuses\":[{\"containerID\":\"containerd://" HEX "\","
	      "\"name\":\"nginx\",\"image\":\"nginx:1\"},{\"name\":\"waits\"}]}}",
	      "{\"pod\":\"" UID "\",\"name\":\"web-7d4b9c-x2\",\"namespace\":\"shop\","
	      "\"owner_kind\":\"Deployment\",\"owner\":\"web\","
	      "\"labels\":[\"app:web\",\"pod-template-hash:7d4b9c\"],"
	      "\"containers\":[{\"id\":\"" HEX "\",\"name\":\"nginx\",\"image\":\"nginx:1\"}]}");
}

static void other_owners(void **state)
{
	(void)state;
	makes(object_pod,
	      "{\"metadata\":{\"uid\":\"" UID "\",\"ownerReferences\":["
	      "{\"kind\":\"DaemonSet\",\"name\":\"weir\",\"controller\":true}]}}",
	      "{\"pod\":\"" UID "\",\"owner_kind\":\"DaemonSet\",\"owner\":\"weir\"}");
	makes(object_pod,
	      "{\"metadata\":{\"uid\":\"" UID "\",\"labels\":{\"pod-template-hash\":\"abc\"},"
	      "\"ownerReferences\":[{\"kind\":\"ReplicaSet\",\"name\":\"mine\",\"controller\":true}"
	      "]}}",
	      "{\"pod\":\"" UID "\",\"owner_kind\":\"ReplicaSet\",\"owner\":\"mine\","
	      "\"labels\":[\"pod-template-hash:abc\"]}");
	makes(object_pod, "{\"metadata\":{\"uid\":\"" UID "\"}}", "{\"pod\":\"" UID "\"}");
}

/* Its cgroups have the hash of its file. */
static void a_pod_of_a_file(void **state)
{
	(void)state;
	makes(object_pod,
	      "{\"metadata\":{\"uid\":\"" UID "\",\"name\":\"etcd-node1\",\"annotations\":"
	      "{\"kubernetes.io/config.mirror\":\"0123456789abcdef0123456789abcdef\"}}}",
	      "{\"pod\":\"0123456789abcdef0123456789abcdef\",\"name\":\"etcd-node1\"}");
	makes(object_pod_gone, "{\"metadata\":{\"uid\":\"" UID "\"}}",
	      "{\"pod_gone\":\"" UID "\"}");
}

static void what_is_no_pod(void **state)
{
	(void)state;
	makes(object_pod, "{}", NULL);
	makes(object_pod, "[]", NULL);
	makes(object_pod, "{\"metadata\":{\"uid\":7}}", NULL);
	makes(object_pod, "{\"metadata\":{\"uid\":\"" UID UID "\"}}", NULL);
	makes(object_pod_gone, "{\"metadata\":[]}", NULL);
	makes(object_pod,
	      "{\"metadata\":{\"uid\":\"" UID "\",\"name\":7,\"labels\":[1],"
	      "\"ownerReferences\":{}},\"status\":7}",
	      "{\"pod\":\"" UID "\"}");
}

static void no_more_labels_than_there_is_room_for(void **state)
{
	json_t *labels = json_object(), *pod, *got;
	char name[16];

	(void)state;
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "k%d", i);
		json_object_set_new(labels, name, json_string("v"));
	}
	pod = json_pack("{s:{s:s, s:o}}", "metadata", "uid", UID, "labels", labels);
	got = object_pod(pod);
	assert_int_equal(json_array_size(json_object_get(got, "labels")), POD_LABELS_MAX);
	json_decref(got);
	json_decref(pod);
}

static void a_map(void **state)
{
	(void)state;
	makes(object_map,
	      "{\"metadata\":{\"name\":\"team\"},\"data\":{\"a.yml\":\"x\",\"README\":\"y\","
	      "\"b.yaml\":\"z\"}}",
	      "{\"map\":\"team\",\"files\":{\"a.yml\":\"x\",\"b.yaml\":\"z\"}}");
	makes(object_map, "{\"metadata\":{\"name\":\"empty\"}}",
	      "{\"map\":\"empty\",\"files\":{}}");
	makes(object_map, "{\"data\":{\"a.yml\":\"x\"}}", NULL);
	makes(object_map_gone, "{\"metadata\":{\"name\":\"team\"}}", "{\"map_gone\":\"team\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pod_of_a_deployment),
		cmocka_unit_test(other_owners),
		cmocka_unit_test(a_pod_of_a_file),
		cmocka_unit_test(what_is_no_pod),
		cmocka_unit_test(no_more_labels_than_there_is_room_for),
		cmocka_unit_test(a_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
