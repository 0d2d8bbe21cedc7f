/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/host/tree.h"

#include "host/cgroup.h"

#define ID    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define UID   "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
#define UID_  "0f1e2d3c_4b5a_6978_8796_a5b4c3d2e1f0"
#define HASH  "0123456789abcdef0123456789abcdef"

static void paths_name_containers(void **state)
{
	static const struct {
		const char *path, *runtime, *id, *pod;
	} cases[] = {
		{"/docker/" ID, "docker", ID, ""},
		{"/system.slice/docker-" ID ".scope", "docker", ID, ""},
		{"/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" ID ".scope",
		 "docker", ID, ""},
		{"/system.slice/docker-" ID ".scope/init", "docker", ID, ""},
		{"/default/" ID, "containerd", ID, ""},
		{"/system.slice/nerdctl-" ID ".scope", "containerd", ID, ""},
		{"/ecs/task/" ID, NULL, ID, ""},
		/* podman */
		{"/machine.slice/libpod-" ID ".scope", "podman", ID, ""},
		{"/machine.slice/libpod-" ID ".scope/container", "podman", ID, ""},
		{"/libpod_parent/libpod-" ID, "podman", ID, ""},
		{"/machine.slice/machine-libpod_pod_" OTHER ".slice/libpod-" ID ".scope", "podman",
		 ID, ""},
		{"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID
		 ".scope/container",
		 "podman", ID, ""},
		{"/system.slice/web.service/libpod-payload-" ID, "podman", ID, ""},
		/* Kubernetes, by both drivers */
		{"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_
		 ".slice/cri-containerd-" ID ".scope",
		 "containerd", ID, UID},
		{"/kubepods/besteffort/pod" UID "/" ID, NULL, ID, UID},
		{"/kubepods/pod" HASH "/" ID, NULL, ID, HASH},
		{"/kubepods.slice/kubepods-pod" UID_ ".slice/crio-" ID ".scope", "cri-o", ID, UID},
		{"/kubepods/burstable/pod" UID "/crio-" ID, "cri-o", ID, UID},
		{"/kubepods.slice/kubepods-pod" UID_ ".slice/docker-" ID ".scope", "docker", ID,
		 UID},
		{"/system.slice/containerd.service/kubepods-burstable-pod" UID_
		 ".slice:cri-containerd:" ID,
		 "containerd", ID, UID},
		/* by name */
		{"/lxc/web", "lxc", "web", ""},
		{"/lxc.payload.web/system.slice/nginx.service", "lxc", "web", ""},
		{"/lxc.payload/web", "lxc", "web", ""},
		{"/machine.slice/machine-my\\x2dbox.scope/payload", "nspawn", "my-box", ""},
		{"/machine.slice/systemd-nspawn@web.service/payload/init.scope", "nspawn", "web",
		 ""},
		/* the outermost: who is inside can make cgroups of any name */
		{"/docker/" ID "/docker/" OTHER, "docker", ID, ""},
		{"/lxc.payload.web/docker/" OTHER, "lxc", "web", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cgroup_container container;

		if (!cgroup_container(cases[i].path, &container))
			fail_msg("%s: no container", cases[i].path);
		assert_string_equal(container.id, cases[i].id);
		assert_string_equal(container.pod_uid, cases[i].pod);
		if (cases[i].runtime)
			assert_string_equal(container.runtime, cases[i].runtime);
		else
			assert_null(container.runtime);
	}
}

static void what_is_none_is_none(void **state)
{
	static const char *const paths[] = {
		"",
		"/",
		"//",
		"/init.scope",
		"/system.slice/docker.service",
		"/system.slice/docker-" HASH ".scope", /* too short */
		"/docker/buildkit",
		"/machine.slice/libpod-conmon-" ID ".scope",
		"/kubepods.slice/kubepods-pod" UID_ ".slice/crio-conmon-" ID ".scope",
		"/kubepods/burstable/pod" UID,
		"/lxc.monitor.web",
		"/lxc.payload.",
		"/machine.slice/machine-qemu\\x2d1\\x2dvm.scope",
		"/machine.slice/machine-my.slice",
		"/machine.slice/machine-my\\x2fbox.scope",
		"/machine.slice/systemd-nspawn@web.service/supervisor",
		"/user.slice/user-1000.slice/session-3.scope",
		"/../../system.slice/ssh.service",
		"/process_api/" HASH,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct cgroup_container container;

		if (cgroup_container(paths[i], &container))
			fail_msg("%s: container %s", paths[i], container.id);
	}
}

static void long_parts_are_passed_over(void **state)
{
	char path[4096];
	struct cgroup_container container;

	(void)state;
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	strcpy(path + 1000, "/docker/" ID);
	assert_true(cgroup_container(path, &container));
	assert_string_equal(container.id, ID);
	memcpy(path + 1, "lxc.payload.", 12);
	path[200] = '\0';
	assert_false(cgroup_container(path, &container)); /* no name has so many */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_name_containers),
		cmocka_unit_test(what_is_none_is_none),
		cmocka_unit_test(long_parts_are_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
