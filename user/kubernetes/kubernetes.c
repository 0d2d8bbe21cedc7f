/* SPDX-License-Identifier: Apache-2.0 */
#include "kubernetes/kubernetes.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "kubernetes/message.h"

#define CHANNEL_BYTES (1 << 20) /* what waits at most */
#define MESSAGES_MAX  64	/* that are taken at once */
#define PAUSE_FIRST   WEIR_SEC
#define PAUSE_LAST    WEIR_MIN
#define WELL_AFTER    WEIR_MIN	      /* without an end */
#define SAVE_EVERY    (30 * WEIR_SEC) /* where something has changed */
#define ANSWER_WITHIN (30 * WEIR_SEC) /* of the start, until it is told of as missing */
#define CACHE_MAX     ((size_t)32 << 20)

#define ACCOUNT "/var/run/secrets/kubernetes.io/serviceaccount"

struct kubernetes {
	struct kubernetes_options options;
	struct kubernetes_ops ops;
	struct pods *pods;
	struct maps *maps; /* NULL: no ConfigMaps are read */
	json_t *words;	   /* the child's first message */
	char *server, *node;
	int epoll, channel; /* -1: there is no child */
	pid_t pid;
	bool ready, told_silent;
	int landlock;
	weir_time since, start_at, pause, save_at; /* boot time; TIME_NEVER: not due */
	json_t *state;				   /* the child's last; NULL: none yet */
	uint64_t restarts, messages;
	char reason[128];
	char *message;
};

/* ---- what a pod has ---- */

static char *read_word(const char *folder, const char *name)
{
	char path[512], word[POD_TEXT_MAX + 1] = "";
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "re");
	if (file && !fgets(word, sizeof(word), file))
		word[0] = '\0';
	if (file)
		fclose(file);
	word[strcspn(word, " \r\n")] = '\0';
	return word[0] ? strdup(word) : NULL;
}

static char *default_server(void)
{
	const char *host = getenv("KUBERNETES_SERVICE_HOST");
	const char *port = getenv("KUBERNETES_SERVICE_PORT");
	bool six = host && strchr(host, ':');
	char *url = NULL;

	if (!host || !port ||
	    asprintf(&url, "https://%s%s%s:%s", six ? "[" : "", host, six ? "]" : "", port) < 0)
		return NULL;
	return url;
}

static char *default_node(void)
{
	const char *name = getenv("NODE_NAME");
	char host[256] = "";

	if (name && *name)
		return strdup(name);
	return gethostname(host, sizeof(host) - 1) || !host[0] ? NULL : strdup(host);
}

/* Of a URL; 443 where it says none. 0: it is none. */
static int port_of(const char *url)
{
	const char *host = strncmp(url, "https://", 8) ? NULL : url + 8;
	const char *end = host && *host == '[' ? strchr(host, ']') : host;
	const char *colon = end ? strchr(end, ':') : NULL;
	long port = colon ? strtol(colon + 1, NULL, 10) : 443;

	return host && *host && end && port > 0 && port <= UINT16_MAX ? (int)port : 0;
}

static json_t *rules_words(const struct kubernetes *k, const char *account)
{
	const struct kubernetes_options *o = &k->options;
	char *space =
		o->rules_namespace ? strdup(o->rules_namespace) : read_word(account, "namespace");
	json_t *words = NULL;

	if (o->rules_label && space)
		words = json_pack("{s:s, s:s}", "namespace", space, "label", o->rules_label);
	free(space);
	return words ? words : json_null();
}

/* What the child is told first. */
static int make_words(struct kubernetes *k, struct error *error)
{
	const char *account = k->options.credentials ? k->options.credentials : ACCOUNT;
	json_t *rules = rules_words(k, account);
	char ca[512], token[512];
	int port;

	k->server = k->options.server ? strdup(k->options.server) : default_server();
	k->node = k->options.node ? strdup(k->options.node) : default_node();
	port = k->server ? port_of(k->server) : 0;
	snprintf(ca, sizeof(ca), "%s/ca.crt", account);
	snprintf(token, sizeof(token), "%s/token", account);
	if (!port)
		return error_set(error, EXIT_INPUT, EINVAL,
				 "kubernetes: the environment names no server, as it does in pods: "
				 "give kubernetes.server, such as https://10.96.0.1:443");
	if (access(token, R_OK) || access(ca, R_OK))
		return error_set(error, EXIT_INPUT, ENOENT,
				 "kubernetes: %s has no token and ca.crt: mount a service "
				 "account's, or give kubernetes.credentials",
				 account);
	if (k->options.rules_label && json_is_null(rules))
		return error_set(error, EXIT_INPUT, EINVAL,
				 "kubernetes: %s names no namespace: give "
				 "kubernetes.rules_namespace",
				 account);
	k->words = json_pack("{s:s, s:s, s:s, s:i, s:s, s:o}", "url", k->server, "ca", ca, "token",
			     token, "port", port, "node", k->node, "rules", rules);
	return k->words ? 0 : error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for Kubernetes");
}

/* ---- over a restart ---- */

static void load_cache(struct kubernetes *k)
{
	FILE *file = k->options.cache ? fopen(k->options.cache, "re") : NULL;
	json_t *list = file ? json_loadf(file, 0, NULL) : NULL;

	pods_begin(k->pods);
	pods_load(k->pods, list);
	json_decref(list);
	if (file)
		fclose(file);
}

static void save_cache(struct kubernetes *k)
{
	char next[512];
	json_t *list;

	k->save_at = TIME_NEVER;
	if (!k->options.cache)
		return;
	list = pods_save(k->pods);
	snprintf(next, sizeof(next), "%s.new", k->options.cache);
	unlink(next);
	if (json_dump_file(list, next, JSON_COMPACT) || rename(next, k->options.cache))
		log_warn("pods cannot be kept over a restart: %s: %s", next, strerror(errno));
	json_decref(list);
}

static void save_soon(struct kubernetes *k)
{
	weir_time at = time_boot() + SAVE_EVERY;

	if (at < k->save_at)
		k->save_at = at;
}

/* ---- the child's life ---- */

static void end_child(struct kubernetes *k)
{
	if (k->channel >= 0)
		close(k->channel);
	k->channel = -1;
	if (k->pid > 0) {
		kill(k->pid, SIGKILL);
		while (waitpid(k->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	k->pid = 0;
	k->ready = false;
}

static void fail(struct kubernetes *k, const char *reason)
{
	weir_time now = time_boot();
	char message[256];

	if (now - k->since > WELL_AFTER)
		k->pause = PAUSE_FIRST;
	end_child(k);
	snprintf(k->reason, sizeof(k->reason), "%s", reason);
	k->restarts++;
	k->start_at = now + k->pause;
	k->pause = k->pause * 2 < PAUSE_LAST ? k->pause * 2 : PAUSE_LAST;
	snprintf(message, sizeof(message), "the process that asks the Kubernetes API %s", reason);
	log_warn("%s: it is started anew", message);
	k->ops.health(k->ops.context, "kubernetes_restarted", message);
}

static bool send_words(struct kubernetes *k)
{
	char *text = json_dumps(k->words, JSON_COMPACT);
	bool sent = text && send(k->channel, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) > 0;

	free(text);
	return sent;
}

static void start_child(struct kubernetes *k)
{
	struct epoll_event event = {.events = EPOLLIN};
	int ends[2], room = CHANNEL_BYTES;
	pid_t pid;

	k->since = time_boot();
	k->start_at = TIME_NEVER;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends)) {
		fail(k, "has no channel");
		return;
	}
	if (setsockopt(ends[1], SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)))
		setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	pid = k->options.spawn(k->options.spawner, ends[1]);
	close(ends[1]);
	k->channel = ends[0];
	k->pid = pid > 0 ? pid : 0;
	epoll_ctl(k->epoll, EPOLL_CTL_ADD, k->channel, &event);
	if (pid <= 0 || !send_words(k))
		fail(k, "cannot be started");
}

/* ---- what it says ---- */

static bool take_begin(struct kubernetes *k, const json_t *message)
{
	const char *what = json_string_value(json_object_get(message, "begin"));

	if (what && !strcmp(what, "pods"))
		pods_begin(k->pods);
	else if (what && !strcmp(what, "maps") && k->maps)
		maps_begin(k->maps);
	else
		return false;
	return true;
}

static bool take_end(struct kubernetes *k, const json_t *message)
{
	const char *what = json_string_value(json_object_get(message, "end"));

	if (what && !strcmp(what, "pods"))
		pods_end(k->pods, time_boot());
	else if (what && !strcmp(what, "maps") && k->maps)
		maps_end(k->maps);
	else
		return false;
	return true;
}

static bool take_pod(struct kubernetes *k, const json_t *message)
{
	save_soon(k);
	return pods_take(k->pods, message);
}

static bool take_pod_gone(struct kubernetes *k, const json_t *message)
{
	save_soon(k);
	return pods_take_gone(k->pods, message, time_boot());
}

static bool take_map(struct kubernetes *k, const json_t *message)
{
	return k->maps && maps_take(k->maps, message);
}

static bool take_map_gone(struct kubernetes *k, const json_t *message)
{
	return k->maps && maps_take_gone(k->maps, message);
}

static bool take_socket(struct kubernetes *k, const json_t *message)
{
	const json_t *cookie = json_object_get(message, "socket");

	if (!json_is_integer(cookie))
		return false;
	k->ops.socket(k->ops.context, (uint64_t)json_integer_value(cookie));
	return true;
}

static bool take_ready(struct kubernetes *k, const json_t *message)
{
	const json_t *version = json_object_get(message, "ready");

	if (!json_is_integer(version))
		return false;
	k->landlock = (int)json_integer_value(version);
	k->ready = true;
	return true;
}

/* What the child asks for and does not get: the first of them, or NULL. */
static const json_t *source_silent(const json_t *state)
{
	static const char *const names[] = {"pods", "maps"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const json_t *source = json_object_get(state, names[i]);

		if (source && !json_is_true(json_object_get(source, "good")))
			return source;
	}
	return NULL;
}

/* Told when it begins and when it is over. */
static void tell_silence(struct kubernetes *k)
{
	const json_t *silent = source_silent(k->state);
	const char *words = json_string_value(json_object_get(silent, "state"));
	char message[400];

	if (k->told_silent == !!silent)
		return;
	k->told_silent = silent;
	snprintf(message, sizeof(message), "the Kubernetes API %s%s",
		 silent ? "cannot be asked: " : "answers again", words ? words : "");
	log_warn("%s", message);
	k->ops.health(k->ops.context, silent ? "kubernetes_silent" : "kubernetes_back", message);
}

static bool take_state(struct kubernetes *k, const json_t *message)
{
	json_t *state = json_object_get(message, "state");

	if (!json_is_object(state))
		return false;
	json_decref(k->state);
	k->state = json_incref(state);
	tell_silence(k);
	return true;
}

static const struct {
	const char *key;
	bool (*take)(struct kubernetes *k, const json_t *message);
} kinds[] = {
	{"pod", take_pod},	     {"pod_gone", take_pod_gone}, {"map", take_map},
	{"map_gone", take_map_gone}, {"begin", take_begin},	  {"end", take_end},
	{"socket", take_socket},     {"state", take_state},	  {"ready", take_ready},
};

static bool take(struct kubernetes *k, const char *bytes, size_t length)
{
	json_t *message = json_loadb(bytes, length, 0, NULL);
	bool good = false;

	k->messages++;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (json_object_get(message, kinds[i].key)) {
			good = k->ready != (kinds[i].take == take_ready) &&
			       kinds[i].take(k, message);
			break;
		}
	json_decref(message);
	return good;
}

void kubernetes_run(struct kubernetes *k)
{
	for (int i = 0; i < MESSAGES_MAX && k->channel >= 0; i++) {
		ssize_t n = recv(k->channel, k->message, MESSAGE_MAX + 1, MSG_DONTWAIT | MSG_TRUNC);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0)
			fail(k, "ended");
		else if (n > MESSAGE_MAX || !take(k, k->message, (size_t)n))
			fail(k, "said what makes no sense");
	}
}

void kubernetes_tick(struct kubernetes *k)
{
	weir_time now = time_boot();

	if (k->channel < 0 && now >= k->start_at)
		start_child(k);
	pods_tick(k->pods, now);
	if (now >= k->save_at)
		save_cache(k);
}

/* ---- opening and closing ---- */

int kubernetes_open(struct kubernetes **out, const struct kubernetes_options *options,
		    const struct kubernetes_ops *ops, struct error *error)
{
	struct kubernetes *k = calloc(1, sizeof(*k));
	int err;

	if (!k)
		return error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for Kubernetes");
	k->options = *options;
	k->ops = *ops;
	k->channel = -1;
	k->pause = PAUSE_FIRST;
	k->start_at = k->save_at = TIME_NEVER;
	k->epoll = epoll_create1(EPOLL_CLOEXEC);
	k->pods = pods_new();
	k->message = malloc(MESSAGE_MAX + 1);
	err = k->epoll >= 0 && k->pods && k->message
		      ? 0
		      : error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for Kubernetes");
	err = err ? err : make_words(k, error);
	if (!err && options->rules_label) {
		k->maps = maps_open(options->rules_folder, &ops->maps, error);
		err = k->maps ? 0 : -EIO;
	}
	if (err) {
		kubernetes_close(k);
		return err;
	}
	load_cache(k);
	*out = k;
	return 0;
}

void kubernetes_close(struct kubernetes *k)
{
	if (!k)
		return;
	if (k->pods && k->save_at != TIME_NEVER)
		save_cache(k);
	end_child(k);
	maps_close(k->maps);
	pods_free(k->pods);
	json_decref(k->words);
	json_decref(k->state);
	if (k->epoll >= 0)
		close(k->epoll);
	free(k->message);
	free(k->server);
	free(k->node);
	free(k);
}

void kubernetes_start(struct kubernetes *k)
{
	start_child(k);
}

int kubernetes_fd(const struct kubernetes *k)
{
	return k->epoll;
}

const struct pods *kubernetes_pods(const struct kubernetes *k)
{
	return k->pods;
}

json_t *kubernetes_status(const struct kubernetes *k, bool *degraded)
{
	struct pods_stats s;
	json_t *status;

	pods_stats(k->pods, &s);
	status = json_pack("{s:s, s:s, s:i, s:b, s:I, s:I, s:I, s:I, s:I}", "server", k->server,
			   "node", k->node, "pid", (int)k->pid, "confined", k->ready, "restarts",
			   (json_int_t)k->restarts, "messages", (json_int_t)k->messages, "pods",
			   (json_int_t)s.pods, "pods_gone", (json_int_t)s.gone, "pods_evicted",
			   (json_int_t)s.evicted);
	if (k->ready)
		json_object_set_new(status, "landlock",
				    k->landlock ? json_integer(k->landlock)
						: json_string("not in this kernel"));
	if (k->reason[0])
		json_object_set_new(status, "last_reason", json_string(k->reason));
	if (k->state)
		json_object_set(status, "api", k->state);
	if (k->maps)
		json_object_set_new(status, "rules", maps_status(k->maps, degraded));
	if (k->told_silent || (!k->ready && time_boot() - k->since > ANSWER_WITHIN))
		*degraded = true;
	return status;
}
