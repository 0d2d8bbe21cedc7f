/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/agent.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "capture/live/instance.h"
#include "cli/verb.h"

#define ANSWER_MAX     (16 << 20) /* bytes; more is no status */
#define ANSWER_SECONDS 5

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

json_t *agent_status(int *status)
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

json_t *agent_status_if_running(void)
{
	int fd = connect_agent(), err;
	size_t length = 0;
	json_error_t wrong;
	json_t *answer;
	char *text;

	if (fd < 0)
		return NULL;
	text = read_answer(fd, &length, &err);
	close(fd);
	answer = text ? json_loadb(text, length, 0, &wrong) : NULL;
	free(text);
	return answer;
}
