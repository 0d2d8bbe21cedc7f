/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_UNIT_SINK_RECEIVER_H
#define WEIR_TESTS_UNIT_SINK_RECEIVER_H

#include <arpa/inet.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A server of HTTP on a thread: answers the requests in turn as it was told, the last answer again
 * and again, and keeps them. One connection a request. */

#define RECEIVER_MAX 64

struct told_answer {
	const char *text; /* whole, with its head; NULL: hangs up without a word */
	int delay_ms;
	size_t more; /* so many bytes behind it */
};

struct receiver_http {
	int fd;
	char url[64];
	const struct told_answer *answers;
	size_t answers_len;
	pthread_t thread;
	pthread_mutex_t lock;
	char *requests[RECEIVER_MAX];
	size_t requests_len;
};

#define RECEIVER_OK	      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
#define RECEIVER_HEAD(status) "HTTP/1.1 " status "\r\nContent-Length: 0\r\nConnection: close\r\n"

static inline void receiver_read(int fd, char *request, size_t size)
{
	size_t n = 0, wanted = size - 1;
	const char *body = NULL, *length;
	ssize_t got;

	while (n < wanted && (got = read(fd, request + n, wanted - n)) > 0) {
		n += (size_t)got;
		request[n] = '\0';
		body = strstr(request, "\r\n\r\n");
		length = strcasestr(request, "content-length: ");
		if (body && length)
			wanted = (size_t)(body - request) + 4 + (size_t)atoi(length + 16);
	}
	request[n] = '\0';
}

static inline void receiver_answer(int fd, const struct told_answer *answer)
{
	static const char filler[4096] = {'x'};

	usleep((useconds_t)answer->delay_ms * 1000);
	if (answer->text)
		(void)!send(fd, answer->text, strlen(answer->text), MSG_NOSIGNAL);
	for (size_t left = answer->more; left > sizeof(filler); left -= sizeof(filler))
		if (send(fd, filler, sizeof(filler), MSG_NOSIGNAL) < 0)
			break;
}

static inline void *receiver_run(void *context)
{
	struct receiver_http *r = context;
	int fd;

	while ((fd = accept(r->fd, NULL, NULL)) >= 0) {
		char *request = calloc(1, 1 << 20);
		size_t n;

		receiver_read(fd, request, 1 << 20);
		pthread_mutex_lock(&r->lock);
		n = r->requests_len;
		if (n < RECEIVER_MAX)
			r->requests[r->requests_len++] = request;
		else
			free(request);
		pthread_mutex_unlock(&r->lock);
		receiver_answer(fd, &r->answers[n < r->answers_len ? n : r->answers_len - 1]);
		close(fd);
	}
	return NULL;
}

static inline void receiver_begin(struct receiver_http *r, const struct told_answer *answers,
				  size_t len)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(at);

	memset(r, 0, sizeof(*r));
	pthread_mutex_init(&r->lock, NULL);
	r->answers = answers;
	r->answers_len = len;
	r->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(r->fd, (struct sockaddr *)&at, sizeof(at)) || listen(r->fd, 16))
		abort();
	getsockname(r->fd, (struct sockaddr *)&at, &size);
	snprintf(r->url, sizeof(r->url), "http://127.0.0.1:%u/hook", ntohs(at.sin_port));
	pthread_create(&r->thread, NULL, receiver_run, r);
}

static inline size_t receiver_count(struct receiver_http *r)
{
	size_t n;

	pthread_mutex_lock(&r->lock);
	n = r->requests_len;
	pthread_mutex_unlock(&r->lock);
	return n;
}

/* Waits for as many requests, 10 s at most. */
static inline bool receiver_wait(struct receiver_http *r, size_t requests)
{
	for (int i = 0; i < 1000 && receiver_count(r) < requests; i++)
		usleep(10000);
	return receiver_count(r) >= requests;
}

/* What was in a request behind its head. */
static inline const char *receiver_body(struct receiver_http *r, size_t request)
{
	return strstr(r->requests[request], "\r\n\r\n") + 4;
}

static inline void receiver_end(struct receiver_http *r)
{
	shutdown(r->fd, SHUT_RDWR);
	pthread_join(r->thread, NULL);
	close(r->fd);
	for (size_t i = 0; i < r->requests_len; i++)
		free(r->requests[i]);
}

#endif
