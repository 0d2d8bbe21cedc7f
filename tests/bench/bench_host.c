/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What it costs to ask the host's files: the index of a root with 100,000 paths, questions about
 * programs, and about containers. One JSON object a line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/host.h"

#define PACKAGES  200
#define PATHS	  500 /* of each */
#define QUESTIONS 100000
#define POD                                                                                        \
	"/kubepods.slice/kubepods-burstable.slice/"                                                \
	"kubepods-burstable-pod0f1e2d3c_4b5a_6978_8796_a5b4c3d2e1f0.slice/"

static char folder[] = "/tmp/weir-bench-host-XXXXXX";

static void print(const char *name, double value, const char *unit, const char *against)
{
	printf("{\"name\": \"%s\", \"value\": %.2f, \"unit\": \"%s\", \"against\": \"%s\"}\n", name,
	       value, unit, against);
}

static int make_package(unsigned number)
{
	char path[128];
	FILE *list;

	snprintf(path, sizeof(path), "%s/var/lib/dpkg/info/package%u.list", folder, number);
	list = fopen(path, "w");
	if (!list)
		return -1;
	for (unsigned i = 0; i < PATHS; i++)
		fprintf(list, "/usr/share/package%u/folder%u/a-file-with-a-usual-name%u.txt\n",
			number, i / 20, i);
	return fclose(list);
}

static int make_tree(void)
{
	static const char *const folders[] = {"var", "var/lib", "var/lib/dpkg",
					      "var/lib/dpkg/info"};
	char path[128];

	if (!mkdtemp(folder))
		return -1;
	for (unsigned i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, folders[i]);
		if (mkdir(path, 0755))
			return -1;
	}
	for (unsigned i = 0; i < PACKAGES; i++)
		if (make_package(i))
			return -1;
	return 0;
}

static void measure_packages(struct host_facts *facts)
{
	static const char owned[] = "/usr/share/package7/folder1/a-file-with-a-usual-name33.txt";
	struct host_stats stats;
	weir_time began = time_boot();
	bool right = host_package_owns(facts, folder, owned) == HOST_OWNED;

	print("host.index.milliseconds", (double)(time_boot() - began) / WEIR_MSEC,
	      "ms for 100,000 paths", "files just written");
	host_stats(facts, &stats);
	print("host.index.bytes", (double)stats.bytes / (double)stats.paths, "bytes a path",
	      "11 to 21");
	began = time_boot();
	for (unsigned i = 0; i < QUESTIONS; i++)
		right &= host_package_owns(facts, folder, owned) == HOST_OWNED;
	print("host.owned.microseconds", (double)(time_boot() - began) / WEIR_USEC / QUESTIONS,
	      "us a question", "a path that is owned");
	began = time_boot();
	for (unsigned i = 0; i < QUESTIONS / 10; i++)
		right &= host_package_owns(facts, folder, "/tmp/x") == HOST_NOT_OWNED;
	print("host.not_owned.microseconds",
	      (double)(time_boot() - began) / WEIR_USEC / (QUESTIONS / 10), "us a question",
	      "one that is not: the database is looked at again");
	if (!right)
		fputs("bench_host: wrong answers\n", stderr);
}

static void measure_containers(struct host_facts *facts)
{
	weir_time began = time_boot();
	char path[256];

	for (unsigned i = 0; i < QUESTIONS; i++) {
		snprintf(path, sizeof(path), POD "cri-containerd-%064x.scope", i % 100);
		host_container(facts, path);
	}
	print("host.container.microseconds", (double)(time_boot() - began) / WEIR_USEC / QUESTIONS,
	      "us a question", "100 containers of pods");
}

int main(void)
{
	const struct host_options options = {.root = folder};
	struct host_facts *facts;
	char command[64];
	int failed = make_tree();

	facts = failed ? NULL : host_facts_new(&options);
	if (facts) {
		measure_packages(facts);
		measure_containers(facts);
	}
	host_facts_free(facts);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command) || !facts;
}
