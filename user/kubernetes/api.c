/* SPDX-License-Identifier: Apache-2.0 */
#include "kubernetes/api.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

/* Objects of a list that are asked for at once, and bytes of an answer: one of a watch is an
 * object, of at most 1.5 MiB. */
#define PAGE	   20
#define PAGE_BYTES ((size_t)32 << 20)
#define LINE_BYTES ((size_t)2 << 20)
#define TOKEN_MAX  16384
#define TEXT_MAX   512 /* versions, and marks of pages */

#define CONNECT_SECONDS 10L
#define LIST_SECONDS	60L
#define WATCH_SECONDS	280L /* the server is asked to end it; we do a little later */
#define WATCH_GRACE	20L
#define AGAIN_FIRST	WEIR_SEC /* after an error; doubles up to the last */
#define AGAIN_LAST	WEIR_MIN

enum phase { PHASE_LIST, PHASE_WATCH };

struct api_source {
	CURLM *multi;
	CURL *transfer;
	struct curl_slist *headers;
	const struct api_server *server;
	const struct api_ops ops;
	char *path;
	enum phase phase;
	bool running;
	weir_time due, pause;
	char version[TEXT_MAX]; /* that is watched from */
	char page[TEXT_MAX];	/* mark of the next page; "": the first */
	/* what has come of an answer: a whole page, or a line that is not whole */
	char *bytes;
	size_t length, room;
	bool broken;  /* what came makes no sense: the answer is given up */
	bool expired; /* the server has forgotten what is watched from */
	bool fresh;   /* its memory will not do for the next list */
	char error[CURL_ERROR_SIZE + 64];
	char said[CURL_ERROR_SIZE];
	struct api_counts counts;
};

/* ---- answers ---- */

static bool keep_text(const json_t *meta, const char *key, char to[TEXT_MAX])
{
	const char *text = json_string_value(json_object_get(meta, key));

	if (text && strlen(text) >= TEXT_MAX)
		return false;
	snprintf(to, TEXT_MAX, "%s", text ? text : "");
	return true;
}

static void take_object(struct api_source *s, const json_t *object, bool gone)
{
	s->counts.objects++;
	s->ops.object(s->ops.context, object, gone);
}

/* False: it makes no sense. */
static bool take_page(struct api_source *s)
{
	json_t *answer = json_loadb(s->bytes, s->length, 0, NULL), *item;
	const json_t *meta = json_object_get(answer, "metadata");
	const json_t *items = json_object_get(answer, "items");
	bool good = json_is_object(meta) && (json_is_array(items) || json_is_null(items));
	size_t i;

	good = good && keep_text(meta, "resourceVersion", s->version) &&
	       keep_text(meta, "continue", s->page) && s->version[0];
	if (good)
		json_array_foreach(items, i, item) take_object(s, item, false);
	json_decref(answer);
	return good;
}

/* An event of a watch. */
static bool take_line(struct api_source *s, const char *line, size_t length)
{
	json_t *event = json_loadb(line, length, 0, NULL);
	const char *type = json_string_value(json_object_get(event, "type"));
	const json_t *object = json_object_get(event, "object");
	bool good = type && json_is_object(object), gone;

	if (good && !strcmp(type, "ERROR")) {
		s->expired = true;
		json_decref(event);
		return true;
	}
	good = good &&
	       keep_text(json_object_get(object, "metadata"), "resourceVersion", s->version);
	gone = good && !strcmp(type, "DELETED");
	if (good && strcmp(type, "BOOKMARK"))
		take_object(s, object, gone);
	json_decref(event);
	return good;
}

static bool take_lines(struct api_source *s)
{
	char *at = s->bytes, *end = s->bytes + s->length, *line;

	while ((line = memchr(at, '\n', (size_t)(end - at)))) {
		if (line > at && !take_line(s, at, (size_t)(line - at)))
			return false;
		at = line + 1;
	}
	s->length = (size_t)(end - at);
	memmove(s->bytes, at, s->length);
	return true;
}

static bool keep(struct api_source *s, const char *bytes, size_t length)
{
	size_t most = s->phase == PHASE_LIST ? PAGE_BYTES : LINE_BYTES;
	size_t need = s->length + length;
	char *grown;

	if (need > most)
		return false;
	if (need > s->room) {
		grown = realloc(s->bytes, need + need / 2);
		if (!grown)
			return false;
		s->bytes = grown;
		s->room = need + need / 2;
	}
	memcpy(s->bytes + s->length, bytes, length);
	s->length += length;
	return true;
}

static long status_of(const struct api_source *s)
{
	long status = 0;

	curl_easy_getinfo(s->transfer, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

static size_t on_bytes(char *bytes, size_t size, size_t count, void *context)
{
	struct api_source *s = context;
	size_t length = size * count;
	bool good = keep(s, bytes, length);

	if (good && s->phase == PHASE_WATCH && status_of(s) == 200)
		good = take_lines(s);
	s->broken = !good;
	return good ? length : 0;
}

/* ---- requests ---- */

static curl_socket_t on_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
	const struct api_source *s = context;
	int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
	uint64_t cookie = 0;
	socklen_t length = sizeof(cookie);

	(void)purpose;
	if (fd >= 0 && s->server->socket &&
	    !getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &length))
		s->server->socket(s->server->context, cookie);
	return fd < 0 ? CURL_SOCKET_BAD : fd;
}

/* The kubelet replaces it about once an hour. */
static bool set_token(struct api_source *s)
{
	static const char head[] = "Authorization: Bearer ";
	char line[sizeof(head) + TOKEN_MAX];
	int fd = open(s->server->token, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, line + sizeof(head) - 1, TOKEN_MAX);

	if (fd >= 0)
		close(fd);
	curl_slist_free_all(s->headers);
	s->headers = NULL;
	if (n <= 0)
		return false;
	memcpy(line, head, sizeof(head) - 1);
	line[sizeof(head) - 1 + (size_t)n] = '\0';
	line[strcspn(line, "\r\n")] = '\0';
	s->headers = curl_slist_append(NULL, line);
	explicit_bzero(line, sizeof(line));
	return s->headers;
}

static char *url_of(const struct api_source *s)
{
	char *url = NULL, *page = s->page[0] ? curl_easy_escape(s->transfer, s->page, 0) : NULL;
	char *version = curl_easy_escape(s->transfer, s->version, 0);
	const char *joint = strchr(s->path, '?') ? "&" : "?";
	int n;

	/* resourceVersion=0 takes what the server has in memory, without asking its database. */
	if (s->phase == PHASE_LIST)
		n = asprintf(&url, "%s%s%slimit=%d%s%s", s->server->url, s->path, joint, PAGE,
			     page	? "&continue="
			     : s->fresh ? ""
					: "&resourceVersion=0",
			     page ? page : "");
	else
		n = asprintf(&url,
			     "%s%s%swatch=1&allowWatchBookmarks=true&timeoutSeconds=%ld&"
			     "resourceVersion=%s",
			     s->server->url, s->path, joint, WATCH_SECONDS, version);
	curl_free(page);
	curl_free(version);
	return n < 0 ? NULL : url;
}

/* What holds for each request. */
static void set_options(struct api_source *s)
{
	CURL *c = s->transfer;

#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https");
#else
	curl_easy_setopt(c, CURLOPT_PROTOCOLS, (long)CURLPROTO_HTTPS);
#endif
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(c, CURLOPT_CAINFO, s->server->ca);
	curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "weir/" WEIR_VERSION);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, s->said);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, s);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, s);
}

static void fail(struct api_source *s, const char *words)
{
	uint32_t random = 0;

	snprintf(s->error, sizeof(s->error), "%s", words);
	s->counts.errors++;
	(void)!getrandom(&random, sizeof(random), GRND_NONBLOCK);
	/* Half of it by chance, so that not all nodes come at once. */
	s->due = time_boot() + s->pause / 2 + random % (uint64_t)(s->pause / 2);
	s->pause = s->pause * 2 < AGAIN_LAST ? s->pause * 2 : AGAIN_LAST;
}

static void begin(struct api_source *s)
{
	bool list = s->phase == PHASE_LIST;
	char *url = url_of(s);

	s->length = 0;
	s->broken = s->expired = false;
	s->said[0] = '\0';
	if (!url || !set_token(s)) {
		free(url);
		fail(s, "the token of the service account cannot be read");
		return;
	}
	curl_easy_setopt(s->transfer, CURLOPT_URL, url);
	curl_easy_setopt(s->transfer, CURLOPT_HTTPHEADER, s->headers);
	curl_easy_setopt(s->transfer, CURLOPT_TIMEOUT,
			 list ? LIST_SECONDS : WATCH_SECONDS + WATCH_GRACE);
	free(url);
	if (list && !s->page[0])
		s->ops.begin(s->ops.context);
	if (curl_multi_add_handle(s->multi, s->transfer) != CURLM_OK) {
		fail(s, "no memory for a request");
		return;
	}
	s->running = true;
	if (list)
		s->counts.lists++;
	else
		s->counts.watches++;
}

/* ---- what comes of them ---- */

static void list_anew(struct api_source *s)
{
	s->phase = PHASE_LIST;
	s->page[0] = s->version[0] = '\0';
}

static void succeed(struct api_source *s)
{
	s->error[0] = '\0';
	s->pause = AGAIN_FIRST;
	s->due = 0;
}

static void page_done(struct api_source *s)
{
	if (!take_page(s)) {
		s->counts.malformed++;
		list_anew(s);
		fail(s, "the server's list makes no sense");
		return;
	}
	succeed(s);
	if (s->page[0])
		return;
	s->ops.end(s->ops.context);
	s->phase = PHASE_WATCH;
	s->fresh = false;
}

/* One that ends at once is no success: it would be asked for again and again. */
static void watch_done(struct api_source *s)
{
	succeed(s);
	s->due = time_boot() + AGAIN_FIRST;
	if (s->expired) {
		list_anew(s);
		s->fresh = true;
	}
}

static void answer_wrong(struct api_source *s, long status)
{
	char words[sizeof(s->error)];
	json_t *answer = json_loadb(s->bytes ? s->bytes : "", s->length, 0, NULL);
	const char *message = json_string_value(json_object_get(answer, "message"));

	snprintf(words, sizeof(words), "the server answers %ld: %.200s", status,
		 message ? message : "no words");
	json_decref(answer);
	list_anew(s);
	s->fresh = status == 410; /* Gone */
	fail(s, words);
}

bool api_source_done(struct api_source *s, CURL *transfer, CURLcode result)
{
	long status = status_of(s);

	if (transfer != s->transfer)
		return false;
	curl_multi_remove_handle(s->multi, transfer);
	s->running = false;
	if (s->broken) {
		s->counts.malformed++;
		list_anew(s);
		fail(s, "the server's answer makes no sense, or is too large");
	} else if (s->phase == PHASE_WATCH && status == 200 &&
		   (result == CURLE_OK || result == CURLE_OPERATION_TIMEDOUT)) {
		watch_done(s);
	} else if (result != CURLE_OK) {
		if (s->phase == PHASE_LIST)
			list_anew(s);
		fail(s, s->said[0] ? s->said : curl_easy_strerror(result));
	} else if (status != 200) {
		answer_wrong(s, status);
	} else {
		page_done(s);
	}
	s->length = 0;
	return true;
}

weir_time api_source_run(struct api_source *s, weir_time now)
{
	if (!s->running && now >= s->due)
		begin(s);
	return s->running ? TIME_NEVER : s->due;
}

struct api_source *api_source_new(CURLM *multi, const struct api_server *server, const char *path,
				  const struct api_ops *ops)
{
	struct api_source *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	memcpy((void *)&s->ops, ops, sizeof(*ops));
	s->multi = multi;
	s->server = server;
	s->pause = AGAIN_FIRST;
	s->path = strdup(path);
	s->transfer = curl_easy_init();
	if (s->path && s->transfer) {
		set_options(s);
		return s;
	}
	api_source_free(s);
	return NULL;
}

void api_source_free(struct api_source *s)
{
	if (!s)
		return;
	if (s->running)
		curl_multi_remove_handle(s->multi, s->transfer);
	if (s->transfer)
		curl_easy_cleanup(s->transfer);
	curl_slist_free_all(s->headers);
	free(s->bytes);
	free(s->path);
	free(s);
}

const char *api_source_state(const struct api_source *s, bool *good)
{
	*good = !s->error[0];
	if (s->error[0])
		return s->error;
	return s->phase == PHASE_WATCH ? "watching" : "listing";
}

void api_source_counts(const struct api_source *s, struct api_counts *counts)
{
	*counts = s->counts;
}
