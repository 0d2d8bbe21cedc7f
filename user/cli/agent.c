/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/agent.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capture/live/instance.h"
#include "cli/verb.h"

#define ANSWER_MAX     (16 << 20) /* bytes; more is no answer */
#define ANSWER_SECONDS 5

/* All that it says until it hangs up; the caller frees it. NULL with -errno in *err. */
static char *read_answer(int fd, size_t *length, int *err)
{
	size_t cap = 1 << 16;
	char *text = malloc(cap);

	*length = 0;
	*err = text ? 0 : -ENOMEM;
	while (!*err) {
		ssize_t n = read(fd, text + *length, cap - *length);

		/* One that does not read requests answers and hangs up on what he has not read. */
		if (n == 0 || (n < 0 && errno == ECONNRESET))
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

static int not_running(int err, struct error *error)
{
	if (err == -ECONNREFUSED || err == -ENOENT)
		return error_set(error, EXIT_NOT_RUNNING, -err,
				 "not running in this network namespace: 'weir run' starts it");
	return error_set(error, EXIT_NOT_RUNNING, -err,
			 "no answer from weir (%s): is it stopped or very busy?", strerror(-err));
}

static int send_request(int fd, const char *request)
{
	char line[256];
	int length = snprintf(line, sizeof(line), "%s\n", request);

	return send(fd, line, (size_t)length, MSG_NOSIGNAL) == length ? 0 : -errno;
}

/* NULL with `error` said. */
static json_t *understand(const char *text, size_t length, struct error *error)
{
	json_error_t wrong;
	json_t *answer = json_loadb(text, length, 0, &wrong);
	const char *refused = json_string_value(json_object_get(answer, "error"));

	if (json_is_object(answer) && !refused)
		return answer;
	if (refused)
		error_set(error, EXIT_SYSTEM, EPERM, "%s", refused);
	else if (length)
		error_set(error, EXIT_SYSTEM, EPROTO,
			  "the answer makes no sense (%s): is it the same version?", wrong.text);
	else
		error_set(error, EXIT_SYSTEM, EPERM,
			  "it runs, but answers only root: try it with sudo");
	json_decref(answer);
	return NULL;
}

json_t *agent_request(const char *request, struct error *error)
{
	int err, fd = instance_connect(ANSWER_SECONDS);
	size_t length = 0;
	char *text = NULL;
	json_t *answer;

	if (fd < 0) {
		not_running(fd, error);
		return NULL;
	}
	/* Who is not root is hung up on before he has asked: the answer, none, says so. */
	err = send_request(fd, request);
	if (!err || err == -EPIPE)
		text = read_answer(fd, &length, &err);
	close(fd);
	if (!text) {
		not_running(err, error);
		return NULL;
	}
	answer = understand(text, length, error);
	free(text);
	return answer;
}

json_t *agent_ask(const char *request, int *status)
{
	struct error error = {0};
	json_t *answer = agent_request(request, &error);

	if (!answer)
		*status = verb_error(&error);
	return answer;
}

json_t *agent_status(int *status)
{
	return agent_ask("status", status);
}

json_t *agent_status_if_running(void)
{
	struct error error;

	return agent_request("status", &error);
}
