/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP, by libmicrohttpd, in one thread that waits for at most a second or the engine. */
#include <errno.h>
#include <jansson.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/time.h"
#include "metrics/child.h"
#include "metrics/metric.h"

#define FRESH	    WEIR_SEC	       /* what was told is told again for so long */
#define ENGINE_MS   2000	       /* so long is the engine waited for */
#define STATUS_MAX  ((off_t)16 << 20)  /* bytes; more is no status */
#define MOST_TIME   (15 * WEIR_SEC)    /* of a connection, whatever it does */
#define IDLE	    5U		       /* seconds without a byte */
#define REQUEST_MAX ((size_t)16 << 10) /* bytes of memory of a connection */
#define WAIT_MS	    1000

#define OPEN_TYPE  "application/openmetrics-text"
#define PLAIN_TYPE "text/plain"

/* Text that is ready to be told. */
struct page {
	char *text;
	size_t length;
};

struct caller {
	int fd; /* -1: none */
	weir_time since;
};

static struct server {
	struct MHD_Daemon *daemon;
	struct page pages[2]; /* by enum metrics_format */
	weir_time asked;      /* when the engine was; TIME_NONE: never */
	struct metrics_message message;
	struct caller callers[METRICS_CONNECTIONS];
} server = {.asked = TIME_NONE};

/* ---- the engine ---- */

static bool tell_engine(enum metrics_want want)
{
	server.message.want = want;
	return send(METRICS_CHANNEL, &server.message, sizeof(server.message),
		    MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof(server.message);
}

/* The descriptor of an answer, or -1: none came in time. */
static int take_answer(int wait_ms)
{
	struct pollfd waited = {.fd = METRICS_CHANNEL, .events = POLLIN};
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
	struct iovec part = {&byte, sizeof(byte)};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	struct cmsghdr *with;
	int fd = -1;

	if (poll(&waited, 1, wait_ms) <= 0 ||
	    recvmsg(METRICS_CHANNEL, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) <= 0)
		return -1;
	with = CMSG_FIRSTHDR(&message);
	if (with && with->cmsg_level == SOL_SOCKET && with->cmsg_type == SCM_RIGHTS &&
	    with->cmsg_len == CMSG_LEN(sizeof(fd)))
		memcpy(&fd, CMSG_DATA(with), sizeof(fd));
	return fd;
}

static json_t *read_status(int fd)
{
	off_t length = lseek(fd, 0, SEEK_END);
	json_t *status = NULL;
	ssize_t n = 0;
	char *text;

	if (length <= 0 || length > STATUS_MAX)
		return NULL;
	text = malloc((size_t)length);
	if (text)
		n = pread(fd, text, (size_t)length, 0);
	if (n > 0)
		status = json_loadb(text, (size_t)n, 0, NULL);
	free(text);
	return status;
}

static void forget_pages(void)
{
	for (size_t i = 0; i < 2; i++) {
		free(server.pages[i].text);
		server.pages[i] = (struct page){0};
	}
}

static void write_page(const json_t *status, enum metrics_format format)
{
	struct page *page = &server.pages[format];
	FILE *out = open_memstream(&page->text, &page->length);
	int err;

	if (!out)
		return;
	err = metrics_write(status, format, out);
	if (fclose(out) || err) {
		free(page->text);
		*page = (struct page){0};
	}
}

/* Asks the engine, unless it was asked a moment ago. */
static void refresh(void)
{
	weir_time now = time_monotonic();
	json_t *status = NULL;
	int fd;

	if (server.asked != TIME_NONE && now - server.asked < FRESH)
		return;
	forget_pages();
	/* Answers that came too late. */
	while ((fd = take_answer(0)) >= 0)
		close(fd);
	fd = tell_engine(METRICS_STATUS) ? take_answer(ENGINE_MS) : -1;
	if (fd >= 0) {
		status = read_status(fd);
		close(fd);
	}
	if (status) {
		write_page(status, METRICS_OPEN);
		write_page(status, METRICS_PLAIN);
	}
	json_decref(status);
	server.asked = time_monotonic();
}

/* ---- answers ---- */

static enum MHD_Result respond(struct MHD_Connection *connection, unsigned status, const char *type,
			       const char *text, size_t length)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(length, (void *)text, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result say(struct MHD_Connection *connection, unsigned status, const char *words)
{
	return respond(connection, status, PLAIN_TYPE, words, strlen(words));
}

static enum MHD_Result tell_metrics(struct MHD_Connection *connection)
{
	const char *accept =
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
	bool open = accept && strstr(accept, OPEN_TYPE);
	const struct page *page = &server.pages[open ? METRICS_OPEN : METRICS_PLAIN];

	refresh();
	if (!page->text)
		return say(connection, MHD_HTTP_SERVICE_UNAVAILABLE,
			   "weir is too busy to say how it is\n");
	server.message.scrapes++;
	return respond(connection, MHD_HTTP_OK,
		       open ? OPEN_TYPE "; version=1.0.0; charset=utf-8"
			    : PLAIN_TYPE "; version=0.0.4; charset=utf-8",
		       page->text, page->length);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *body,
				  size_t *body_length, void **state)
{
	static char seen;
	bool reads = !strcmp(method, MHD_HTTP_METHOD_GET) || !strcmp(method, MHD_HTTP_METHOD_HEAD);

	(void)context;
	(void)version;
	(void)body;
	(void)body_length;
	if (!reads)
		return say(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "metrics can be read only\n");
	/* Called first when the head is there, and again when all is. */
	if (!*state) {
		*state = &seen;
		return MHD_YES;
	}
	if (!strcmp(url, "/metrics"))
		return tell_metrics(connection);
	return say(connection, MHD_HTTP_NOT_FOUND, "metrics are at /metrics\n");
}

/* ---- connections ---- */

/* The library closes it when it sees the end. */
static void cut(struct caller *caller)
{
	shutdown(caller->fd, SHUT_RDWR);
	caller->fd = -1;
	server.message.cut++;
}

static struct caller *place(void)
{
	struct caller *oldest = &server.callers[0];

	for (size_t i = 0; i < METRICS_CONNECTIONS; i++) {
		if (server.callers[i].fd < 0)
			return &server.callers[i];
		if (server.callers[i].since < oldest->since)
			oldest = &server.callers[i];
	}
	cut(oldest);
	return oldest;
}

static void on_connection(void *context, struct MHD_Connection *connection, void **state,
			  enum MHD_ConnectionNotificationCode what)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	(void)context;
	(void)state;
	if (!info)
		return;
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		*place() = (struct caller){info->connect_fd, time_monotonic()};
		return;
	}
	for (size_t i = 0; i < METRICS_CONNECTIONS; i++)
		if (server.callers[i].fd == info->connect_fd)
			server.callers[i].fd = -1;
}

static void cut_slow(void)
{
	weir_time now = time_monotonic();

	for (size_t i = 0; i < METRICS_CONNECTIONS; i++)
		if (server.callers[i].fd >= 0 && now - server.callers[i].since > MOST_TIME)
			cut(&server.callers[i]);
}

/* ---- the whole ---- */

int metrics_serve_prepare(void)
{
	for (size_t i = 0; i < METRICS_CONNECTIONS; i++)
		server.callers[i].fd = -1;
	/* Those that were cut are still the library's for a moment. */
	server.daemon = MHD_start_daemon(
		MHD_USE_EPOLL, 0, NULL, NULL, on_request, NULL, MHD_OPTION_LISTEN_SOCKET,
		METRICS_LISTENER, MHD_OPTION_CONNECTION_LIMIT, 2U * METRICS_CONNECTIONS,
		MHD_OPTION_CONNECTION_TIMEOUT, IDLE, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		REQUEST_MAX, MHD_OPTION_NOTIFY_CONNECTION, on_connection, NULL, MHD_OPTION_END);
	return server.daemon ? 0 : -ENOMEM;
}

static bool hung_up(void)
{
	char byte;

	return recv(METRICS_CHANNEL, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

int metrics_serve(void)
{
	tell_engine(METRICS_BEGUN);
	while (!hung_up()) {
		if (MHD_run_wait(server.daemon, WAIT_MS) != MHD_YES)
			return 3;
		cut_slow();
	}
	return 0;
}
