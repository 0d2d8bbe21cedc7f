/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/post.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/time.h"
#include "base/trust.h"
#include "event/escape.h"

#define HEADERS_MAX  (64u << 10) /* bytes of an answer's head */
#define CONNECT_MS   10000
#define ANSWER_SHOWN 120 /* bytes of an answer that stand in a message */
#define AGENT	     "weir/" WEIR_VERSION
#define URL_MAX	     2048

struct post {
	struct post_options options;
	CURL *curl;
	char *url;
	char server[300];
	char words[CURL_ERROR_SIZE];
	/* of the request under way */
	char *text; /* options.answer_max + 1 */
	size_t length, heads;
	bool cut;
	post_expired *expired;
	void *expired_context;
};

/* ---- what curl asks for ---- */

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
	struct post *p = context;
	size_t length = size * count, room = p->options.answer_max - p->length;
	size_t taken = length < room ? length : room;

	memcpy(p->text + p->length, bytes, taken);
	p->length += taken;
	p->cut = taken < length;
	return taken; /* less than came: it ends here */
}

static size_t on_head(char *bytes, size_t size, size_t count, void *context)
{
	struct post *p = context;

	(void)bytes;
	p->heads += size * count;
	return p->heads > HEADERS_MAX ? 0 : size * count;
}

static int on_progress(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const struct post *p = context;

	(void)a, (void)b, (void)c, (void)d;
	return p->expired && p->expired(p->expired_context);
}

static int on_socket(void *context, curl_socket_t fd, curlsocktype purpose)
{
	const struct post *p = context;
	uint64_t cookie = 0;
	socklen_t size = sizeof(cookie);

	(void)purpose;
	if (p->options.own_socket && !getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size))
		p->options.own_socket(p->options.context, cookie);
	return CURL_SOCKOPT_OK;
}

/* ---- secrets ---- */

/* The first line of a file that nobody else wrote. 0, or -errno with `error` said. */
static int read_line(const struct post *p, const char *path, char line[POST_TOKEN_MAX],
		     struct error *error)
{
	char why[TRUST_WHY_MAX];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : read(fd, line, POST_TOKEN_MAX - 1);
	int err = n < 0 ? -errno : 0;

	if (fd >= 0 && !trust_fd(fd, why))
		err = error_set(error, EXIT_INPUT, EPERM, "%s: %s %s", p->options.name, path, why);
	else if (err)
		error_set(error, EXIT_SYSTEM, -err, "%s: %s: %s", p->options.name, path,
			  strerror(-err));
	if (fd >= 0)
		close(fd);
	if (err)
		return err;
	line[n] = '\0';
	line[strcspn(line, "\r\n")] = '\0';
	if (*line && strlen(line) < POST_TOKEN_MAX - 2)
		return 0;
	return error_set(error, EXIT_INPUT, EINVAL,
			 "%s: %s has no line that could be used: write it into the first line",
			 p->options.name, path);
}

static struct curl_slist *add(struct curl_slist *list, const char *line)
{
	struct curl_slist *longer = list || line ? curl_slist_append(list, line) : NULL;

	if (!longer)
		curl_slist_free_all(list);
	return longer;
}

static struct curl_slist *add_token(struct curl_slist *list, const char *token)
{
	char line[POST_TOKEN_MAX + 32];

	snprintf(line, sizeof(line), "Authorization: %s%s", strchr(token, ' ') ? "" : "Bearer ",
		 token);
	list = add(list, line);
	explicit_bzero(line, sizeof(line));
	return list;
}

/* The caller's to free; NULL with `error` said. */
static struct curl_slist *headers_of(const struct post *p, struct error *error)
{
	const char *const *header = p->options.headers;
	char line[POST_TOKEN_MAX];
	struct curl_slist *list = NULL;

	if (p->options.token_file && read_line(p, p->options.token_file, line, error))
		return NULL;
	list = add(list, "Expect:"); /* no round trip before a body as small as ours */
	if (list && p->options.token_file)
		list = add_token(list, line);
	for (; list && header && *header; header++)
		list = add(list, *header);
	if (list) {
		snprintf(line, sizeof(line), "Content-Type: %s", p->options.content_type);
		list = add(list, line);
	}
	explicit_bzero(line, sizeof(line));
	if (!list)
		error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for %s", p->options.name);
	return list;
}

/* ---- where it goes ---- */

/* "https://name:port" of an address that is one, without what stands before '@'. False: none. */
static bool server_of(const char *url, char *server, size_t size)
{
	CURLU *parts = curl_url();
	char *scheme = NULL, *host = NULL, *port = NULL;
	bool ok = parts && !curl_url_set(parts, CURLUPART_URL, url, 0) &&
		  !curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) &&
		  !curl_url_get(parts, CURLUPART_HOST, &host, 0) &&
		  !curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) &&
		  (!strcmp(scheme, "http") || !strcmp(scheme, "https")) && *host;

	if (ok)
		snprintf(server, size, "%s://%s:%s", scheme, host, port);
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(parts);
	return ok;
}

/* Where the answer sends it; NULL: nowhere that it may go. */
static const char *redirect_of(const struct post *p, struct post_answer *answer)
{
	char server[sizeof(p->server)];
	char *to = NULL;

	if (curl_easy_getinfo(p->curl, CURLINFO_REDIRECT_URL, &to) || !to)
		return NULL;
	if (answer->status == 303 || !server_of(to, server, sizeof(server)) ||
	    strcmp(server, p->server)) {
		error_set(&answer->error, EXIT_SYSTEM, EREMOTE,
			  "%s: %s sends elsewhere (%ld to %s), which is not followed: give the "
			  "address itself",
			  p->options.name, p->server, answer->status,
			  answer->status == 303 ? "a page to read" : server);
		return NULL;
	}
	return to;
}

/* ---- a request ---- */

static void set_protocols(CURL *curl)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

static void set_up(struct post *p)
{
	CURL *curl = p->curl;

	set_protocols(curl);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_POST, 1L);
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, AGENT);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)p->options.timeout_ms);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, p->words);
	curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, p);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_head);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, p);
	curl_easy_setopt(curl, CURLOPT_SOCKOPTFUNCTION, on_socket);
	curl_easy_setopt(curl, CURLOPT_SOCKOPTDATA, p);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, p);
	if (p->options.ca_file)
		curl_easy_setopt(curl, CURLOPT_CAINFO, p->options.ca_file);
}

static CURLcode perform(struct post *p, const char *url, struct post_answer *answer)
{
	CURLcode code;

	p->length = p->heads = 0;
	p->cut = false;
	*p->words = '\0';
	curl_easy_setopt(p->curl, CURLOPT_URL, url);
	code = curl_easy_perform(p->curl);
	answer->status = 0;
	curl_easy_getinfo(p->curl, CURLINFO_RESPONSE_CODE, &answer->status);
	/* Of an answer that is too long the beginning says enough. */
	if (code == CURLE_WRITE_ERROR && p->cut && answer->status)
		code = CURLE_OK;
	return code;
}

static void say_status(const struct post *p, struct post_answer *answer)
{
	char clean[ANSWER_SHOWN * ESCAPE_GROWTH + 1];
	size_t shown = utf8_cut(p->text, p->length, ANSWER_SHOWN);

	escape_bytes(p->text, shown, false, clean);
	error_set(&answer->error, EXIT_SYSTEM, EPROTO, "%s: %s answers %ld%s%s", p->options.name,
		  p->server, answer->status, shown ? ": " : "", clean);
}

static void take_answer(struct post *p, CURLcode code, struct post_answer *answer)
{
	curl_off_t asked = 0;

	p->text[p->length] = '\0';
	answer->text = p->text;
	answer->length = p->length;
	answer->cut = p->cut;
	if (!curl_easy_getinfo(p->curl, CURLINFO_RETRY_AFTER, &asked) && asked > 0)
		answer->asked = asked > UINT32_MAX ? UINT32_MAX : (unsigned)asked;
	if (*answer->error.text)
		return;
	if (code == CURLE_OK) {
		say_status(p, answer);
		return;
	}
	answer->status = 0;
	error_set(&answer->error, EXIT_SYSTEM, EIO, "%s: %s: %s", p->options.name, p->server,
		  *p->words ? p->words : curl_easy_strerror(code));
}

void post_send(struct post *p, const char *body, size_t length, post_expired *expired,
	       void *context, struct post_answer *answer)
{
	struct curl_slist *headers;
	const char *url = p->url;
	unsigned redirects = 0;
	char next[URL_MAX];
	CURLcode code;

	*answer = (struct post_answer){.text = ""};
	headers = headers_of(p, &answer->error);
	if (!headers)
		return;
	p->expired = expired;
	p->expired_context = context;
	curl_easy_setopt(p->curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(p->curl, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(p->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
	do {
		code = perform(p, url, answer);
		url = code ? NULL : redirect_of(p, answer);
		if (url)
			url = snprintf(next, sizeof(next), "%s", url) < URL_MAX ? next : NULL;
	} while (url && redirects++ < POST_REDIRECTS_MAX);
	take_answer(p, code, answer);
	curl_easy_setopt(p->curl, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(headers);
}

enum post_verdict post_verdict(const struct post_answer *answer)
{
	long status = answer->status;

	if (status >= 200 && status < 300)
		return POST_DONE;
	if (status >= 400 && status < 500 && status != 408 && status != 425 && status != 429)
		return POST_REFUSED;
	return POST_AGAIN;
}

const char *post_server(const struct post *p)
{
	return p->server;
}

/* ---- beginning and end ---- */

static int take_url(struct post *p, struct error *error)
{
	char line[POST_TOKEN_MAX];
	const char *url;
	size_t length;
	int err = p->options.url ? 0 : read_line(p, p->options.url_file, line, error);

	if (err)
		return err;
	url = p->options.url ? p->options.url : line;
	length = strlen(url);
	/* Of two slashes one. */
	length -= p->options.path && length && url[length - 1] == '/';
	if (asprintf(&p->url, "%.*s%s", (int)length, url, p->options.path ? p->options.path : "") <
	    0)
		p->url = NULL;
	explicit_bzero(line, sizeof(line));
	if (!p->url)
		return error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for %s", p->options.name);
	if (strlen(p->url) < URL_MAX && server_of(p->url, p->server, sizeof(p->server)))
		return 0;
	return error_set(error, EXIT_INPUT, EINVAL,
			 "%s: its address is none: give one such as https://example.org/path",
			 p->options.name);
}

static int check_headers(const struct post *p, struct error *error)
{
	for (const char *const *header = p->options.headers; header && *header; header++)
		if (!strchr(*header, ':') || **header == ':' || strpbrk(*header, "\r\n"))
			return error_set(error, EXIT_INPUT, EINVAL,
					 "%s: '%.60s' is no header: give 'Name: value'",
					 p->options.name, *header);
	if (p->options.ca_file && access(p->options.ca_file, R_OK))
		return error_set(error, EXIT_INPUT, errno,
				 "%s: %s: %s: name a file of PEM certificates", p->options.name,
				 p->options.ca_file, strerror(errno));
	return 0;
}

int post_open(struct post **post, const struct post_options *options, struct error *error)
{
	struct post *p = calloc(1, sizeof(*p));
	char token[POST_TOKEN_MAX];
	int err = 0;

	if (p) {
		p->options = *options;
		p->text = malloc(options->answer_max + 1);
		/* Once for all who call it, before there are threads. */
		p->curl = curl_global_init(CURL_GLOBAL_DEFAULT) ? NULL : curl_easy_init();
	}
	if (!p || !p->text || !p->curl)
		err = error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for %s", options->name);
	err = err ? err : take_url(p, error);
	err = err ? err : check_headers(p, error);
	if (!err && options->token_file)
		err = read_line(p, options->token_file, token, error);
	explicit_bzero(token, sizeof(token));
	if (err) {
		post_close(p);
		return err;
	}
	set_up(p);
	*post = p;
	return 0;
}

void post_close(struct post *p)
{
	if (!p)
		return;
	if (p->curl) {
		curl_easy_cleanup(p->curl);
		curl_global_cleanup();
	}
	free(p->text);
	free(p->url);
	free(p);
}
