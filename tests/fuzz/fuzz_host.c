/* SPDX-License-Identifier: Apache-2.0 */
/* Files that a container may have written, or a runtime with what a container chose: the first byte
 * says which, the rest is what stands in it. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/host.h"
#include "host/package.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ID    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define TASKS "run/containerd/io.containerd.runtime.v2.task/k8s.io/"

static const struct kind {
	char mark;
	const char *path, *cgroup; /* the container to ask for; NULL: a package, a user */
} kinds[] = {
	{'d', "var/lib/dpkg/info/x.list", NULL},
	{'D', "var/lib/dpkg/diversions", NULL},
	{'a', "lib/apk/db/installed", NULL},
	{'p', "var/lib/pacman/local/x-1/files", NULL},
	{'s', "var/lib/rpm/rpmdb.sqlite", NULL},
	{'u', "etc/passwd", NULL},
	{'o', "var/lib/docker/containers/" ID "/config.v2.json", "/docker/" ID},
	{'c', TASKS ID "/config.json", "/system.slice/cri-containerd-" ID ".scope"},
	{'l', "var/lib/containers/storage/overlay-containers/containers.json",
	 "/machine.slice/libpod-" ID ".scope"},
};

static char folder[] = "/tmp/weir-fuzz-host-XXXXXX";

static void remove_all(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	if (system(command))
		fprintf(stderr, "fuzz_host: %s is left\n", folder);
}

static void make_once(void)
{
	static bool made;

	if (made)
		return;
	made = true;
	if (!mkdtemp(folder))
		abort();
	atexit(remove_all);
}

static void whole_path(const char *path, char whole[512])
{
	snprintf(whole, 512, "%s/%s", folder, path);
	for (char *slash = whole + strlen(folder); (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		mkdir(whole, 0755);
		*slash = '/';
	}
}

static void ask(const struct kind *kind)
{
	const struct host_options options = {.root = folder};
	struct host_facts *facts = host_facts_new(&options);

	if (!facts)
		return;
	if (kind->cgroup) {
		const struct host_container *container = host_container(facts, kind->cgroup);

		if (!container || !container->id || strcmp(container->id, ID))
			abort();
	} else {
		host_package_owns(facts, folder, "/usr/bin/x");
		host_user(facts, 1000);
	}
	host_facts_free(facts);
}

static void ask_file(const struct kind *kind, const uint8_t *data, size_t size)
{
	char whole[512];
	FILE *file;

	whole_path(kind->path, whole);
	file = fopen(whole, "w");
	if (!file)
		return;
	fwrite(data, 1, size, file);
	fclose(file);
	ask(kind);
	unlink(whole);
}

static void ask_cgroup(const uint8_t *data, size_t size)
{
	const struct host_options options = {.root = folder};
	struct host_facts *facts = host_facts_new(&options);
	char *path = strndup((const char *)data, size);
	const struct host_container *container;

	if (facts && path) {
		container = host_container(facts, path);
		if (container && (!container->id || !*container->id || strchr(container->id, '/')))
			abort();
	}
	free(path);
	host_facts_free(facts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct package_index index = {.budget = 1 << 20};

	if (!size)
		return 0;
	make_once();
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].mark == (char)*data)
			ask_file(&kinds[i], data + 1, size - 1);
	if (*data == 'h')
		rpm_header_read(data + 1, size - 1, &index);
	if (*data == 'g')
		ask_cgroup(data + 1, size - 1);
	package_free(&index);
	return 0;
}
