/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/host/tree.h"

#define ID    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define UID   "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
#define UID_  "0f1e2d3c_4b5a_6978_8796_a5b4c3d2e1f0"
#define PODS  "/kubepods.slice/kubepods-pod" UID_ ".slice/"
#define TASKS "io.containerd.runtime.v2.task/"

#define CRI                                                                                        \
	"{\"annotations\": {\"io.kubernetes.cri.container-name\": \"web\","                        \
	" \"io.kubernetes.cri.image-name\": \"registry/web:1\","                                   \
	" \"io.kubernetes.cri.sandbox-name\": \"web-5d\","                                         \
	" \"io.kubernetes.cri.sandbox-namespace\": \"shop\"}}"

static void same(const char *is, const char *expected)
{
	if (!expected)
		assert_null(is);
	else
		assert_string_equal(is ? is : "(none)", expected);
}

static void runtimes_tell_names(void **state)
{
	static const struct {
		const char *file, *text, *cgroup;
		struct host_container is;
	} cases[] = {
		{"var/lib/docker/containers/" ID "/config.v2.json",
		 "{\"Name\": \"/web\", \"Config\": {\"Image\": \"nginx:1.25\", \"Labels\": {}}}",
		 "/docker/" ID,
		 {ID, "web", "nginx:1.25", "docker", NULL, NULL, NULL}},
		{"var/lib/docker/containers/" ID "/config.v2.json",
		 "{\"Name\": \"/k8s_web_web-5d\", \"Config\": {\"Image\": \"sha256:1\", \"Labels\":"
		 " {\"io.kubernetes.container.name\": \"web\", \"io.kubernetes.pod.name\":"
		 " \"web-5d\", \"io.kubernetes.pod.namespace\": \"shop\"}}}",
		 PODS "docker-" ID ".scope",
		 {ID, "web", "sha256:1", "docker", "web-5d", "shop", UID}},
		{"run/containerd/" TASKS "k8s.io/" ID "/config.json",
		 CRI,
		 PODS "cri-containerd-" ID ".scope",
		 {ID, "web", "registry/web:1", "containerd", "web-5d", "shop", UID}},
		/* the path does not say whose it is */
		{"run/k3s/containerd/" TASKS "k8s.io/" ID "/config.json",
		 CRI,
		 "/kubepods/pod" UID "/" ID,
		 {ID, "web", "registry/web:1", "containerd", "web-5d", "shop", UID}},
		{"run/containerd/" TASKS "default/" ID "/config.json",
		 "{\"annotations\": {\"nerdctl/name\": \"web\"}}",
		 "/system.slice/nerdctl-" ID ".scope",
		 {ID, "web", NULL, "containerd", NULL, NULL, NULL}},
		{"run/containers/storage/overlay-containers/" ID "/userdata/config.json",
		 "{\"annotations\": {\"io.kubernetes.container.name\": \"web\","
		 " \"io.kubernetes.pod.name\": \"web-5d\", \"io.kubernetes.pod.namespace\":"
		 " \"shop\", \"io.kubernetes.cri-o.ImageName\": \"registry/web:1\"}}",
		 PODS "crio-" ID ".scope",
		 {ID, "web", "registry/web:1", "cri-o", "web-5d", "shop", UID}},
		{"var/lib/containers/storage/overlay-containers/containers.json",
		 "[{\"id\": \"other\", \"names\": [\"x\"]}, {\"id\": \"" ID "\", \"names\":"
		 " [\"web\"], \"image\": \"f00\", \"metadata\":"
		 " \"{\\\"image-name\\\": \\\"docker.io/library/web:1\\\", \\\"name\\\":"
		 " \\\"web\\\"}\"}]",
		 "/machine.slice/libpod-" ID ".scope/container",
		 {ID, "web", "docker.io/library/web:1", "podman", NULL, NULL, NULL}},
		/* what the kubelet calls its logs */
		{"var/log/containers/web-5d_shop_web-" ID ".log",
		 "",
		 PODS "cri-containerd-" ID ".scope",
		 {ID, "web", NULL, "containerd", "web-5d", "shop", UID}},
		{"var/log/pods/shop_web-5d_" UID "/web/0.log",
		 "",
		 PODS "crio-" ID ".scope",
		 {ID, NULL, NULL, "cri-o", "web-5d", "shop", UID}},
		{"none",
		 "",
		 "/machine.slice/machine-web.scope",
		 {"web", "web", NULL, "nspawn", NULL, NULL, NULL}},
		/* damage */
		{"var/lib/docker/containers/" ID "/config.v2.json",
		 "{\"Name\": [1], \"Config\": \"x\"}",
		 "/docker/" ID,
		 {ID, NULL, NULL, "docker", NULL, NULL, NULL}},
		{"var/lib/containers/storage/overlay-containers/containers.json",
		 "{\"id\": \"" ID "\"",
		 "/libpod_parent/libpod-" ID,
		 {ID, NULL, NULL, "podman", NULL, NULL, NULL}},
		{"var/lib/containers/storage/overlay-containers/containers.json",
		 "[1, null, {\"id\": \"" ID "\", \"names\": {}, \"metadata\": \"[\"}]",
		 "/libpod_parent/libpod-" ID,
		 {ID, NULL, NULL, "podman", NULL, NULL, NULL}},
		{"var/log/pods/" UID "/x",
		 "",
		 PODS "crio-" ID ".scope",
		 {ID, .runtime = "cri-o", .pod_uid = UID}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct host_container *is;
		struct host_facts *facts;

		assert_int_equal(tree_new(state), 0);
		tree_file(cases[i].file, cases[i].text);
		facts = tree_facts();
		is = host_container(facts, cases[i].cgroup);
		assert_non_null(is);
		same(is->id, cases[i].is.id);
		same(is->name, cases[i].is.name);
		same(is->image, cases[i].is.image);
		same(is->runtime, cases[i].is.runtime);
		same(is->pod, cases[i].is.pod);
		same(is->pod_namespace, cases[i].is.pod_namespace);
		same(is->pod_uid, cases[i].is.pod_uid);
		host_facts_free(facts);
		tree_free(state);
	}
}

static void what_is_missing_is_looked_for_again(void **state)
{
	struct host_facts *facts;

	assert_int_equal(tree_new(state), 0);
	facts = tree_facts();
	assert_null(host_container(facts, "/docker/" ID)->name);
	tree_file("var/lib/docker/containers/" ID "/config.v2.json", "{\"Name\": \"/web\"}");
	assert_null(host_container(facts, "/docker/" ID)->name); /* not yet */
	tree_now += WEIR_SEC;
	assert_string_equal(host_container(facts, "/docker/" ID)->name, "web");
	/* and what is known stays, after the container too */
	unlink(tree_path("var/lib/docker/containers/" ID "/config.v2.json"));
	tree_now += WEIR_HOUR;
	assert_string_equal(host_container(facts, "/docker/" ID)->name, "web");
	assert_null(host_container(facts, "/init.scope"));
	host_facts_free(facts);
	tree_free(state);
}

static void containers_are_bounded(void **state)
{
	struct host_facts *facts;
	struct host_stats stats;
	char path[128];

	assert_int_equal(tree_new(state), 0);
	facts = tree_facts();
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(path, sizeof(path), "/docker/%064x", i);
		assert_non_null(host_container(facts, path));
	}
	host_stats(facts, &stats);
	assert_int_equal(stats.containers, 4096);
	assert_int_equal(stats.containers_evicted, 5000 - 4096);
	/* what a path came to is forgotten with its container */
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(path, sizeof(path), "/docker/%064x", i);
		assert_string_equal(host_container(facts, path)->id, path + strlen("/docker/"));
	}
	for (unsigned i = 0; i < 2; i++)
		assert_null(host_container(facts, "/system.slice/ssh.service"));
	host_facts_free(facts);
	tree_free(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runtimes_tell_names),
		cmocka_unit_test(what_is_missing_is_looked_for_again),
		cmocka_unit_test(containers_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
