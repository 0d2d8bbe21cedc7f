/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <jansson.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "capture/live/instance.h"
#include "cli/render.h"
#include "cli/verbs.h"

#define ANSWER_MAX     (16 << 20) /* bytes; more is no status */
#define ANSWER_SECONDS 5

static const struct verb_option options[] = {
	{"json", 0, NULL, "print the JSON object as it came", NULL},
	{0},
};

/* A connected socket, or -errno. */
static int connect_agent(void)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = ANSWER_SECONDS};
	socklen_t length = offsetof(struct sockaddr_un, sun_path) + 1 + strlen(INSTANCE_NAME);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	memcpy(to.sun_path + 1, INSTANCE_NAME, strlen(INSTANCE_NAME));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&to, length)) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

/* All that it says until it hangs up; the caller frees it. NULL with -errno in *err. */
static char *read_answer(int fd, size_t *length, int *err)
{
	size_t cap = 1 << 16;
	char *text = malloc(cap);

	*length = 0;
	*err = text ? 0 : -ENOMEM;
	while (!*err) {
		ssize_t n = read(fd, text + *length, cap - *length);

		if (n == 0)
			return text;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			*err = -errno;
			break;
		}
		*length += (size_t)n;
		if (*length == cap) {
			char *grown = cap < ANSWER_MAX ? realloc(text, cap * 2) : NULL;

			if (!grown)
				*err = -EMSGSIZE;
			else
				text = grown;
			cap *= 2;
		}
	}
	free(text);
	return NULL;
}

static int not_running(int err)
{
	if (err == -ECONNREFUSED || err == -ENOENT)
		fputs("weir: not running in this network namespace: 'weir run' starts it\n",
		      stderr);
	else
		fprintf(stderr, "weir: no answer from weir (%s): is it stopped or very busy?\n",
			strerror(-err));
	return EXIT_NOT_RUNNING;
}

/* The status object (a new reference), or NULL with the exit status in *status. */
static json_t *ask(int *status)
{
	int err = 0, fd = connect_agent();
	size_t length = 0;
	json_error_t wrong;
	json_t *answer;
	char *text;

	if (fd < 0) {
		*status = not_running(fd);
		return NULL;
	}
	text = read_answer(fd, &length, &err);
	close(fd);
	if (!text) {
		*status = not_running(err);
		return NULL;
	}
	answer = json_loadb(text, length, 0, &wrong);
	if (!json_is_object(answer)) {
		if (length)
			fprintf(stderr,
				"weir: the answer is no status (%s): is it the same version?\n",
				wrong.text);
		else
			fputs("weir: it runs, but answers only root: try 'sudo weir status'\n",
			      stderr);
		*status = EXIT_SYSTEM;
		json_decref(answer);
		answer = NULL;
	}
	free(text);
	return answer;
}

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

static int run(const struct arguments *arguments)
{
	struct terminal terminal = terminal_open(stdout);
	int status = EXIT_DONE;
	json_t *answer = ask(&status);
	const char *health;
	bool healthy;

	if (!answer)
		return status;
	health = json_string_value(json_object_get(answer, "health"));
	healthy = health && !strcmp(health, "healthy");
	if (arguments_has(arguments, "json")) {
		json_dumpf(answer, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		print_head(answer, healthy, &terminal);
		render_object(answer, &terminal, 0);
	}
	json_decref(answer);
	return healthy ? EXIT_DONE : EXIT_DEGRADED;
}

const struct verb verb_status = {
	.name = "status",
	.operands = "",
	.summary = "say how the weir that runs here is doing",
	.help = "Asks the weir of this network namespace: which interfaces it watches and by which "
		"hook, packets counted and lost by reason, how full its tables are, what the rules "
		"and the sinks have done.\n\n"
		"Leaves with 0 if it is healthy, 5 if it runs but is degraded (something was lost, "
		"a sink fails), 6 if it does not run.",
	.options = options,
	.run = run,
};
