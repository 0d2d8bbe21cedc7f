/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "capture/live/instance.h"
#include "cli/agent.h"
#include "cli/render.h"
#include "cli/verbs.h"

static const struct verb_option options[] = {
	{"json", 0, NULL, "print the JSON object as it came", NULL},
	{"running", 0, NULL,
	 "only whether it runs and answers: one line, and 0 also when it is degraded", NULL},
	{"own", 0, NULL, "only if it is in the container, or the service, of the one who asks",
	 NULL},
	{0},
};

/* The first line, and out of the object what it has said. */
static void print_head(json_t *answer, bool healthy, const struct terminal *terminal)
{
	static const char *const said[] = {"health", "version", "pid", "since"};
	const char *version = json_string_value(json_object_get(answer, "version"));
	const char *since = json_string_value(json_object_get(answer, "since"));
	json_int_t pid = json_integer_value(json_object_get(answer, "pid"));

	printf("weir %s is ", version ? version : "");
	terminal_put(terminal, healthy ? TINT_GREEN : TINT_RED, healthy ? "healthy" : "degraded");
	if (pid)
		printf(", process %" JSON_INTEGER_FORMAT, pid);
	if (since)
		printf(", since %s", since);
	putchar('\n');
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
		json_object_del(answer, said[i]);
}

/* cgroups(7): where a process is in each hierarchy, as we see it. */
static bool read_cgroups(pid_t pid, char text[4096])
{
	char path[32] = "/proc/self/cgroup";
	ssize_t length;
	int fd;

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	length = fd < 0 ? -1 : read(fd, text, 4095);
	if (fd >= 0)
		close(fd);
	text[length > 0 ? length : 0] = '\0';
	return length > 0;
}

/* Of two containers in one network namespace both are answered by the weir that watches it. */
static bool is_own(void)
{
	char own[4096], other[4096];
	pid_t pid = instance_holder();

	if (pid > 0 && read_cgroups(0, own) && read_cgroups(pid, other) && !strcmp(own, other))
		return true;
	log_error("the weir that runs here is in another container, or in none: process %d",
		  pid > 0 ? pid : 0);
	return false;
}

static int run(const struct arguments *arguments)
{
	struct terminal terminal = terminal_open(stdout);
	int status = EXIT_DONE;
	json_t *answer = agent_status(&status);
	bool running = arguments_has(arguments, "running"), healthy;
	const char *health;

	if (!answer)
		return status;
	if (arguments_has(arguments, "own") && !is_own()) {
		json_decref(answer);
		return EXIT_NOT_RUNNING;
	}
	health = json_string_value(json_object_get(answer, "health"));
	healthy = health && !strcmp(health, "healthy");
	if (arguments_has(arguments, "json")) {
		json_dumpf(answer, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		print_head(answer, healthy, &terminal);
		if (!running)
			render_object(answer, &terminal, 0);
	}
	json_decref(answer);
	return healthy || running ? EXIT_DONE : EXIT_DEGRADED;
}

const struct verb verb_status = {
	.name = "status",
	.operands = "",
	.summary = "say how the weir that runs here is doing",
	.help = "Asks the weir of this network namespace: which interfaces it watches and by which "
		"hook, packets counted and lost by reason, how full its tables are, what the rules "
		"and the sinks have done.\n\n"
		"Leaves with 0 if it is healthy, 5 if it runs but is degraded (something was lost, "
		"a sink fails), 6 if it does not run. With --running a degraded one is as good as "
		"a healthy one: for whoever starts it anew when it does not answer. With --own one "
		"that is in another container counts as none: for whoever wants to know whether a "
		"weir that takes over has done so.",
	.options = options,
	.run = run,
};
