/* SPDX-License-Identifier: Apache-2.0 */
#include "kubernetes/child.h"

#include <curl/curl.h>
#include <errno.h>
#include <jansson.h>
#include <libgen.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/become.h"
#include "base/time.h"
#include "confine/confine.h"
#include "kubernetes/api.h"
#include "kubernetes/message.h"
#include "kubernetes/object.h"

#define MEMORY_MAX  ((size_t)256 << 20)
#define STATE_EVERY (5 * WEIR_SEC)
#define SOURCES	    2

enum source { SOURCE_PODS, SOURCE_MAPS };

static const char *const source_names[SOURCES] = {"pods", "maps"};

struct child {
	CURLM *multi;
	struct api_server server;
	struct api_source *sources[SOURCES]; /* NULL: not asked for */
	json_t *options;
	weir_time told; /* boot time of the last state */
	uint64_t unfit; /* objects that no message has room for, or that are none */
};

/* ---- to the engine ---- */

/* Waits until the engine has room; false: it was too long. Takes the message over. */
static bool send_message(json_t *message)
{
	char *text = message ? json_dumps(message, JSON_COMPACT) : NULL;
	size_t length = text ? strlen(text) : 0;
	bool fits = length && length <= MESSAGE_MAX;

	if (fits && send(KUBERNETES_CHANNEL, text, length, MSG_NOSIGNAL) < 0 && errno == EPIPE)
		_exit(0);
	free(text);
	json_decref(message);
	return fits;
}

static json_t *state_json(const struct api_source *source)
{
	struct api_counts counts;
	bool good;
	const char *words = api_source_state(source, &good);

	api_source_counts(source, &counts);
	return json_pack("{s:b, s:s, s:I, s:I, s:I, s:I, s:I}", "good", good, "state", words,
			 "lists", (json_int_t)counts.lists, "watches", (json_int_t)counts.watches,
			 "objects", (json_int_t)counts.objects, "errors", (json_int_t)counts.errors,
			 "malformed", (json_int_t)counts.malformed);
}

static void tell_state(struct child *c)
{
	json_t *state = json_object();

	for (int i = 0; i < SOURCES; i++)
		if (c->sources[i])
			json_object_set_new(state, source_names[i], state_json(c->sources[i]));
	json_object_set_new(state, "unfit", json_integer((json_int_t)c->unfit));
	send_message(json_pack("{s:o}", "state", state));
	c->told = time_boot();
}

/* ---- from the server ---- */

struct source_context {
	struct child *child;
	enum source source;
};

static void on_begin(void *context)
{
	const struct source_context *of = context;

	send_message(json_pack("{s:s}", "begin", source_names[of->source]));
}

static void on_end(void *context)
{
	const struct source_context *of = context;

	send_message(json_pack("{s:s}", "end", source_names[of->source]));
	tell_state(of->child);
}

static void on_object(void *context, const json_t *object, bool gone)
{
	static json_t *(*const makers[SOURCES][2])(const json_t *) = {
		[SOURCE_PODS] = {object_pod, object_pod_gone},
		[SOURCE_MAPS] = {object_map, object_map_gone},
	};
	const struct source_context *of = context;

	if (!send_message(makers[of->source][gone](object)))
		of->child->unfit++;
}

static void on_socket(void *context, uint64_t cookie)
{
	(void)context;
	send_message(json_pack("{s:I}", "socket", (json_int_t)cookie));
}

/* ---- opening ---- */

static json_t *receive_options(void)
{
	char *text = malloc(MESSAGE_MAX);
	ssize_t n = text ? recv(KUBERNETES_CHANNEL, text, MESSAGE_MAX, 0) : -1;
	json_t *options = n > 0 ? json_loadb(text, (size_t)n, 0, NULL) : NULL;

	free(text);
	return options;
}

static const char *option(const struct child *c, const char *name)
{
	return json_string_value(json_object_get(c->options, name));
}

static bool open_source(struct child *c, enum source source, const char *format, const char *first,
			const char *second)
{
	static struct source_context contexts[SOURCES];
	const struct api_ops ops = {on_begin, on_end, on_object, &contexts[source]};
	char *one = curl_easy_escape(NULL, first, 0), *two = curl_easy_escape(NULL, second, 0);
	char *path = NULL;

	contexts[source] = (struct source_context){c, source};
	if (one && two && asprintf(&path, format, one, two) >= 0)
		c->sources[source] = api_source_new(c->multi, &c->server, path, &ops);
	curl_free(one);
	curl_free(two);
	free(path);
	return c->sources[source];
}

static bool open_sources(struct child *c)
{
	const json_t *rules = json_object_get(c->options, "rules");
	const char *space = json_string_value(json_object_get(rules, "namespace"));
	const char *label = json_string_value(json_object_get(rules, "label"));
	const char *node = option(c, "node");

	c->server = (struct api_server){option(c, "url"), option(c, "ca"), option(c, "token"),
					on_socket, c};
	c->multi = curl_multi_init();
	if (!c->multi || !c->server.url || !c->server.ca || !c->server.token || !node)
		return false;
	if (!open_source(c, SOURCE_PODS, "/api/v1/pods?fieldSelector=spec.nodeName%%3D%s%.0s", node,
			 ""))
		return false;
	return !space || !label ||
	       open_source(c, SOURCE_MAPS, "/api/v1/namespaces/%s/configmaps?labelSelector=%s",
			   space, label);
}

/* Folders, since the files in them are replaced. Of the others what resolves the server's name. */
static bool confine(const struct child *c)
{
	char *ca = strdup(c->server.ca), *token = strdup(c->server.token);
	uint16_t port = (uint16_t)json_integer_value(json_object_get(c->options, "port"));
	const struct confine_path paths[] = {
		{ca ? dirname(ca) : NULL, false},
		{token ? dirname(token) : NULL, false},
		{"/etc/resolv.conf", false},
		{"/etc/hosts", false},
		{"/etc/nsswitch.conf", false},
		{"/etc/gai.conf", false},
		{"/etc/ssl/openssl.cnf", false},
		{"/usr/lib", false},
		{"/lib", false},
		{"/lib64", false},
		{"/etc/ld.so.cache", false},
		{"/dev/urandom", false},
	};
	int err = confine_privileges(), files = 0;

	err = err ? err : confine_memory(MEMORY_MAX);
	if (!err)
		files = confine_files_and_port(paths, sizeof(paths) / sizeof(paths[0]), port);
	err = err ? err : files < 0 ? files : confine_calls_client();
	free(ca);
	free(token);
	if (err)
		return false;
	send_message(json_pack("{s:i}", "ready", files));
	return true;
}

/* ---- its life ---- */

static void take_done(struct child *c)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(c->multi, &left))) {
		CURL *transfer = message->easy_handle;
		CURLcode result = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		for (int i = 0; i < SOURCES; i++)
			if (c->sources[i] && api_source_done(c->sources[i], transfer, result))
				break;
		tell_state(c);
	}
}

/* Whether the engine is still there: it says nothing more. */
static bool engine_is_there(const struct curl_waitfd *channel)
{
	char byte;

	return !channel->revents || recv(KUBERNETES_CHANNEL, &byte, 1, MSG_DONTWAIT) != 0;
}

static void loop(struct child *c)
{
	struct curl_waitfd channel = {.fd = KUBERNETES_CHANNEL, .events = CURL_WAIT_POLLIN};
	int running;

	do {
		weir_time now = time_boot(), due = now + STATE_EVERY;

		if (now - c->told >= STATE_EVERY)
			tell_state(c);
		for (int i = 0; i < SOURCES; i++) {
			weir_time next = c->sources[i] ? api_source_run(c->sources[i], now) : due;

			due = next < due ? next : due;
		}
		curl_multi_perform(c->multi, &running);
		take_done(c);
		channel.revents = 0;
		now = time_boot();
		curl_multi_poll(c->multi, &channel, 1,
				due > now ? (int)((due - now) / WEIR_MSEC) + 1 : 1, NULL);
	} while (engine_is_there(&channel));
}

int kubernetes_child(void)
{
	struct child child = {0};
	int type = 0;
	socklen_t length = sizeof(type);

	if (getsockopt(KUBERNETES_CHANNEL, SOL_SOCKET, SO_TYPE, &type, &length) ||
	    type != SOCK_SEQPACKET)
		return 1;
	close_range(KUBERNETES_CHANNEL + 1, ~0u, 0);
	prctl(PR_SET_NAME, "weir-kubernetes");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGINT, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	child.options = receive_options();
	if (!child.options || curl_global_init(CURL_GLOBAL_DEFAULT) || !open_sources(&child) ||
	    !confine(&child))
		_exit(1);
	loop(&child);
	_exit(0);
}

_Noreturn void kubernetes_child_become(int channel)
{
	char *const words[] = {"weir", KUBERNETES_WORD, NULL};

	become(&channel, 1, words);
}
