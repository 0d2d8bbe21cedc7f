/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/heap.h"
#include "base/log.h"
#include "base/usage.h"
#include "capture/live/instance.h"
#include "capture/live/live.h"
#include "capture/live/owners.h"
#include "capture/login/logins.h"
#include "control.h"
#include "decoding/decoding.h"
#include "handing.h"
#include "kubernetes/kubernetes.h"
#include "kubernetes/trial.h"
#include "metrics/metrics.h"
#include "pipeline.h"
#include "privilege.h"
#include "procfs/procfs.h"
#include "reload.h"
#include "sink/database.h"
#include "starter/starter.h"

#define POLL_INTERVAL WEIR_SEC
#define MARK_POLLS    60
#define SHRINK_POLLS  10 /* a burst's memory is given back within twice as many seconds */

/* A poll that is later than the first is counted, later than the second told. */
#define LATE	  (10 * WEIR_MSEC)
#define VERY_LATE WEIR_SEC

/* How late the polls are: capture was held up so long. */
struct lateness {
	weir_time due; /* event time */
	weir_time last, max;
	uint64_t over; /* LATE */
};

/* The loop of `weir run`: what it waits for, in the order of `struct watch.fds`. */
enum waited {
	WAIT_LIVE,
	WAIT_TIMER,
	WAIT_SIGNAL,
	WAIT_CONTROL,
	WAIT_DECODING,
	WAIT_METRICS,
	WAIT_KUBERNETES,
	WAIT_HANDING,
	WAITED
};

struct watch {
	const struct config *config; /* that it was started with */
	const struct run_options *options;
	const char *clean; /* why nothing is taken of another weir's; NULL: what it gives is */
	struct pipeline *pipeline;
	struct live *live;
	struct decoding *decoding;     /* NULL: nobody reads payload */
	struct kubernetes *kubernetes; /* NULL: nobody asks its API */
	struct owners *owners;
	struct logins *logins;
	struct control *control;
	struct metrics *metrics; /* NULL: nobody is told */
	struct handing handing;
	struct privilege *privilege;
	const char *log_files[LOGINS_FILES_MAX]; /* of log-ins, for whoever opens them */
	struct follow_opener opener;
	struct reloader *reloader;
	int epoll;
	int fds[WAITED];
	weir_time since;
	unsigned polls;
	struct lateness late;
	struct usage_marks marks; /* a minute apart */
	bool terminal;		  /* it was started from one */
	bool guarded;		  /* systemd ends what does not say that it goes on */
	bool stopping;
	bool handed; /* what is here is another process's */
};

/* systemd's protocol (sd_notify(3)): one datagram to the socket that $NOTIFY_SOCKET names. */
static void notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	socklen_t length;
	int fd;

	if (!path || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof(to.sun_path))
		return;
	memcpy(to.sun_path, path, strlen(path));
	if (path[0] == '@')
		to.sun_path[0] = '\0';
	length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&to, length) < 0)
		log_warn("cannot tell the service manager: %s", strerror(errno));
	close(fd);
}

/* Sets the timer to the next multiple of the interval in event time: flow intervals start there.
 * A suspend counts: after it the timer is due at once. */
static void set_timer(struct watch *watch)
{
	weir_time now = live_now(watch->live);
	weir_time wait = time_floor(now, POLL_INTERVAL) + POLL_INTERVAL - now;
	struct itimerspec at = {
		.it_value = {.tv_sec = wait / WEIR_SEC, .tv_nsec = wait % WEIR_SEC}};

	watch->late.due = now + wait;
	timerfd_settime(watch->fds[WAIT_TIMER], 0, &at, NULL);
}

static void tell_health(struct watch *watch)
{
	const char *fact, *message;

	while (live_health(watch->live, &fact, &message) ||
	       procfs_health(privilege_procfs(watch->privilege), &fact, &message))
		pipeline_health(watch->pipeline, live_now(watch->live), fact, message);
}

static void note_lateness(struct watch *watch)
{
	struct lateness *late = &watch->late;
	char message[96];

	late->last = live_now(watch->live) - late->due;
	if (late->last > late->max)
		late->max = late->last;
	late->over += late->last > LATE;
	if (late->last < VERY_LATE)
		return;
	snprintf(message, sizeof(message), "the counters were read %lld ms late",
		 (long long)(late->last / WEIR_MSEC));
	pipeline_health(watch->pipeline, live_now(watch->live), "poll_late", message);
}

static json_t *lateness_json(const struct lateness *late, unsigned polls)
{
	return json_pack("{s:I, s:f, s:f, s:I}", "count", (json_int_t)polls, "late_last_ms",
			 (double)late->last / WEIR_MSEC, "late_max_ms",
			 (double)late->max / WEIR_MSEC, "late_over_10_ms", (json_int_t)late->over);
}

static void on_live(struct watch *watch)
{
	live_drain(watch->live, pipeline_flows(watch->pipeline));
}

/* What is said of a connection comes behind the connection. */
static void on_decoding(struct watch *watch)
{
	if (!watch->decoding)
		return; /* it ended in this very turn */
	live_drain(watch->live, pipeline_flows(watch->pipeline));
	decoding_run(watch->decoding, live_told(watch->live));
}

/* Rules wait for what is late, but not for a log. */
static void on_login(void *context, const struct login *login)
{
	struct watch *watch = context;
	weir_time now = live_now(watch->live);
	struct event event;

	login_event(login, &event);
	event.time = time_of_wall(event.time);
	if (event.time > now || event.time < now - WEIR_SEC)
		event.time = now;
	pipeline_event(watch->pipeline, pipeline_flows_input(watch->pipeline), &event);
}

static void mark_usage(struct watch *watch)
{
	struct usage usage;

	usage_of(0, &usage);
	usage_mark(&watch->marks, time_boot(), usage.cpu_time);
}

static void on_timer(struct watch *watch)
{
	uint64_t expirations;
	weir_time told;
	ssize_t n = read(watch->fds[WAIT_TIMER], &expirations, sizeof(expirations));

	if (n < 0)
		return;
	note_lateness(watch);
	set_timer(watch);
	handing_tick(&watch->handing);
	if (watch->guarded)
		notify("WATCHDOG=1");
	if (watch->decoding)
		decoding_tick(watch->decoding);
	on_live(watch);
	told = live_poll(watch->live, pipeline_flows(watch->pipeline));
	tell_health(watch);
	logins_drain(watch->logins, on_login, watch);
	if (watch->decoding)
		decoding_run(watch->decoding, live_told(watch->live));
	pipeline_flows_advance(watch->pipeline, told);
	if (watch->kubernetes)
		kubernetes_tick(watch->kubernetes);
	reloader_tick(watch->reloader, watch->pipeline, time_boot());
	pipeline_tick(watch->pipeline, time_boot());
	control_tick(watch->control);
	metrics_tick(watch->metrics);
	if (watch->polls++ % MARK_POLLS == 0)
		mark_usage(watch);
	if (watch->polls % SHRINK_POLLS == 0)
		pipeline_shrink(watch->pipeline);
}

/* The answer to `weir reload`. */
static json_t *reload(struct watch *watch, const char *words)
{
	(void)words;
	return reloader_reload(watch->reloader, watch->pipeline);
}

/* A terminal that goes away ends what was started from it; everybody else who sends SIGHUP wants
 * the configuration read anew. */
static bool hung_up(const struct watch *watch)
{
	return watch->terminal && !isatty(STDIN_FILENO);
}

static void on_stop(struct watch *watch)
{
	struct signalfd_siginfo info;

	if (read(watch->fds[WAIT_SIGNAL], &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	if (info.ssi_signo == SIGHUP && !hung_up(watch))
		reloader_reload_and_say(watch->reloader, watch->pipeline);
	else
		watch->stopping = true;
}

/* What weir costs; the child that decodes stands for itself, under `decoding`. */
static json_t *usage_json(const struct watch *watch)
{
	struct usage usage;

	usage_of(0, &usage);
	return json_pack("{s:I, s:I, s:f, s:f}", "memory_bytes", (json_int_t)usage.resident,
			 "own_memory_bytes", (json_int_t)usage.own, "cpu_seconds",
			 (double)usage.cpu_time / WEIR_SEC, "cpu_percent",
			 usage_percent(&watch->marks, time_boot(), usage.cpu_time));
}

static json_t *status(struct watch *watch, const char *words)
{
	json_t *answer = pipeline_status(watch->pipeline);
	struct control_stats callers;
	char since[TIME_TEXT_MAX];
	bool degraded = false;

	(void)words;
	json_object_set_new(answer, "cost", usage_json(watch));
	json_object_set_new(answer, "logins", logins_status(watch->logins, &degraded));
	control_stats(watch->control, &callers);
	json_object_set_new(answer, "control",
			    json_pack("{s:I, s:I, s:I}", "answered", (json_int_t)callers.answered,
				      "refused", (json_int_t)callers.refused, "cut",
				      (json_int_t)callers.cut));
	json_object_set_new(answer, "metrics", metrics_status(watch->metrics, &degraded));
	if (watch->kubernetes)
		json_object_set_new(answer, "kubernetes",
				    kubernetes_status(watch->kubernetes, &degraded));
	json_object_set_new(answer, "reload", reloader_status(watch->reloader, &degraded));
	json_object_set_new(answer, "privilege", privilege_status(watch->privilege, &degraded));
	if (degraded)
		json_object_set_new(answer, "health", json_string("degraded"));
	json_object_set_new(answer, "polls", lateness_json(&watch->late, watch->polls));
	json_object_set_new(answer, "version", json_string(WEIR_VERSION));
	json_object_set_new(answer, "pid", json_integer(getpid()));
	json_object_set_new(answer, "since", json_string(time_format(watch->since, since)));
	return answer;
}

static void make_room(struct watch *watch)
{
	watch->stopping = true;
	if (watch->options->made_room)
		*watch->options->made_room = true;
}

/* Another weir is prepared to take the place of this one. */
static json_t *leave(struct watch *watch, const char *words)
{
	(void)words;
	log_info("another weir takes over");
	make_room(watch);
	return json_pack("{s:b}", INSTANCE_LEAVING, true);
}

/* "500 ssh": so many of the busiest connections, of those that have the word. */
static json_t *top(struct watch *watch, const char *words)
{
	char *filter;
	size_t limit = strtoul(words, &filter, 10);

	filter += strspn(filter, " ");
	return pipeline_top(watch->pipeline, time_boot(), limit, filter);
}

static const struct {
	const char *name;
	json_t *(*answer)(struct watch *watch, const char *words);
} requests[] = {{"status", status}, {"top", top}, {"reload", reload}, {INSTANCE_LEAVE, leave}};

/* A name, and words behind it. */
static json_t *on_request(void *context, const char *request)
{
	size_t length = strcspn(request, " ");
	const char *words = request + length + strspn(request + length, " ");

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		if (strlen(requests[i].name) == length &&
		    !memcmp(requests[i].name, request, length))
			return requests[i].answer(context, words);
	return json_pack("{s:s}", "error", "unknown request: status, top or reload would be right");
}

/* False: it cannot be waited for. One that is not there need not be. */
static bool wait_for(struct watch *watch, enum waited which, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = which};

	watch->fds[which] = fd;
	return fd < 0 || !epoll_ctl(watch->epoll, EPOLL_CTL_ADD, fd, &event);
}

static void on_metrics(struct watch *watch)
{
	metrics_run(watch->metrics);
}

static json_t *metrics_wanted(void *context)
{
	return status(context, "");
}

static int open_metrics(struct watch *watch, const struct config *config, struct error *error)
{
	const struct metrics_options options = {config->metrics.listen, database_group(),
						metrics_wanted, watch};

	return metrics_open(&watch->metrics, &options, error);
}

/* ---- decoding ---- */

static void on_decoded(void *context, const struct decode_origin *origin, struct event *event)
{
	struct watch *watch = context;

	event->time = live_time(watch->live, (uint64_t)event->time);
	pipeline_decoded(watch->pipeline, origin, event);
}

static void on_spoken(void *context, const struct decode_origin *origin, const char *protocol)
{
	struct watch *watch = context;

	pipeline_spoken(watch->pipeline, origin, protocol);
}

static void on_health(void *context, const char *fact, const char *message)
{
	struct watch *watch = context;

	pipeline_health(watch->pipeline, live_now(watch->live), fact, message);
}

static bool decodes(void *context)
{
	const struct watch *watch = context;

	return watch->decoding;
}

static int open_reloader(struct watch *watch, const struct config *config, struct error *error)
{
	const struct reloader_options options = {
		.config = config,
		.run = watch->options,
		.health = on_health,
		.decodes = decodes,
		.context = watch,
	};

	watch->reloader = reloader_open(&options);
	return watch->reloader ? 0
			       : error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for reloading");
}

static int open_decoding(struct watch *watch, const struct config *config, struct error *error)
{
	const struct decoding_options options = {
		.ring = live_payload_ring(watch->live),
		.ring_bytes = live_payload_ring_bytes(watch->live),
		.opening = config->payload.opening,
		.spawn = starter_spawn,
		.context = privilege_starter(watch->privilege),
	};
	const struct decoding_ops ops = {on_decoded, on_spoken, on_health, watch};
	int err;

	if (options.ring < 0)
		return 0;
	err = decoding_open(&watch->decoding, &options, &ops, error);
	pipeline_decoding(watch->pipeline, watch->decoding);
	return err;
}

static void close_decoding(struct watch *watch)
{
	if (watch->decoding)
		decoding_finish(watch->decoding);
	pipeline_decoding(watch->pipeline, NULL);
	decoding_close(watch->decoding);
}

/* ---- to the next weir ---- */

static int offer(void *context, int fd)
{
	struct watch *watch = context;

	return live_offer(watch->live, fd);
}

/* What was told is taken, and nothing more until it is known who goes on. The decoders' process
 * ends: the next one reads the ring. */
static int give(void *context, int fd)
{
	struct watch *watch = context;
	uint64_t held = watch->decoding ? decoding_held(watch->decoding) : 0;

	on_live(watch);
	logins_drain(watch->logins, on_login, watch);
	close_decoding(watch);
	watch->decoding = NULL;
	watch->fds[WAIT_DECODING] = -1;
	return live_give(watch->live, fd, held, pipeline_give_sections(watch->pipeline),
			 pipeline_give, watch->pipeline);
}

static void go_on(void *context, const char *why)
{
	struct watch *watch = context;
	struct error error = {0};
	char message[160];

	live_keep(watch->live);
	if (open_decoding(watch, watch->config, &error))
		log_error("%s", error.text);
	else if (watch->decoding && !wait_for(watch, WAIT_DECODING, decoding_fd(watch->decoding)))
		log_error("cannot wait for what is decoded: %s", strerror(errno));
	snprintf(message, sizeof(message), "another weir did not take over (%s): this one goes on",
		 why);
	log_warn("%s", message);
	pipeline_health(watch->pipeline, live_now(watch->live), "hand_over_failed", message);
}

static void handed(void *context)
{
	struct watch *watch = context;

	log_info("another weir goes on with what is here");
	watch->handed = true;
	make_room(watch);
}

static void leave_to(void *context, const char *why)
{
	struct watch *watch = context;

	log_info("another weir takes over, and begins anew: %s", why);
	make_room(watch);
}

static bool on_conversation(void *context, const char *request, int fd)
{
	struct watch *watch = context;

	if (strcmp(request, INSTANCE_HAND_OVER) || watch->stopping)
		return false;
	handing_begin(&watch->handing, fd);
	if (watch->handing.fd == fd && !wait_for(watch, WAIT_HANDING, fd))
		handing_close(&watch->handing);
	return true;
}

static void on_handing(struct watch *watch)
{
	handing_run(&watch->handing);
	watch->fds[WAIT_HANDING] = watch->handing.fd;
}

/* ---- the loop ---- */

static void on_kubernetes(struct watch *watch)
{
	kubernetes_run(watch->kubernetes);
}

static void on_control(struct watch *watch)
{
	control_run(watch->control);
}

static void (*const handlers[WAITED])(struct watch *) = {
	[WAIT_LIVE] = on_live,
	[WAIT_TIMER] = on_timer,
	[WAIT_SIGNAL] = on_stop,
	[WAIT_CONTROL] = on_control,
	[WAIT_DECODING] = on_decoding,
	[WAIT_METRICS] = on_metrics,
	[WAIT_KUBERNETES] = on_kubernetes,
	[WAIT_HANDING] = on_handing,
};

static int stop_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int open_loop(struct watch *watch, struct error *error)
{
	static const char *const for_group[] = {"status", "top", NULL};
	const struct control_ops callers = {
		.answer = on_request,
		.converse = on_conversation,
		.context = watch,
		.group = database_group(),
		.for_group = for_group,
	};

	watch->epoll = epoll_create1(EPOLL_CLOEXEC);
	watch->fds[WAIT_LIVE] = live_fd(watch->live);
	watch->control = control_open(live_control_fd(watch->live), &callers);
	if (!watch->control)
		return error_set(error, EXIT_SYSTEM, ENOMEM, "no control socket: %s",
				 strerror(ENOMEM));
	watch->fds[WAIT_CONTROL] = control_fd(watch->control);
	watch->fds[WAIT_TIMER] = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (watch->decoding)
		watch->fds[WAIT_DECODING] = decoding_fd(watch->decoding);
	if (watch->metrics)
		watch->fds[WAIT_METRICS] = metrics_fd(watch->metrics);
	if (watch->kubernetes)
		watch->fds[WAIT_KUBERNETES] = kubernetes_fd(watch->kubernetes);
	for (unsigned i = 0; i < WAITED; i++)
		if (!wait_for(watch, i, watch->fds[i]))
			return error_set(error, EXIT_SYSTEM, errno, "cannot wait for events: %s",
					 strerror(errno));
	set_timer(watch);
	return 0;
}

static void loop(struct watch *watch)
{
	struct epoll_event ready[WAITED];

	while (!watch->stopping) {
		int n = epoll_wait(watch->epoll, ready, WAITED, -1);

		for (int i = 0; i < n && !watch->stopping; i++)
			handlers[ready[i].data.u32](watch);
	}
}

static void live_options(const struct config *config, struct live_options *options)
{
	*options = (struct live_options){
		.interfaces = config->interfaces,
		.loopback = config->loopback,
		.hooks = config->hooks.at,
		.hooks_len = config->hooks.len,
		.slots = (uint32_t)config->flow_slots,
		.half_open = (uint32_t)config->half_open,
		.ring_bytes = config->ring_bytes,
		.first_packets = (uint32_t)config->first_packets,
		.payload = {.budget = config->payload.budget,
			    .opening = (uint32_t)config->payload.opening,
			    .ring_bytes = config->payload.ring_bytes},
		.interval = POLL_INTERVAL,
	};
}

/* Whoever starts it by hand sees what it finds; unless JSON goes there. */
static enum output_form output_form(const struct config *config)
{
	bool json = config->json_path && !strcmp(config->json_path, "-");

	return isatty(STDOUT_FILENO) && !json ? OUTPUT_TEXT : OUTPUT_NONE;
}

static bool rules_load(void *context, const char *staged, struct error *error)
{
	const struct watch *watch = context;

	return kubernetes_rules_load(reloader_config(watch->reloader), staged, error);
}

static void rules_changed(void *context)
{
	struct watch *watch = context;

	reloader_want(watch->reloader);
}

static void on_own_socket(void *context, uint64_t cookie)
{
	struct watch *watch = context;

	pipeline_own_socket(watch->pipeline, cookie);
}

static int open_kubernetes(struct watch *watch, const struct config *config, struct error *error)
{
	const struct kubernetes_options options = {
		.server = config->kubernetes.server,
		.credentials = config->kubernetes.credentials,
		.node = config->kubernetes.node,
		.rules_label = config->kubernetes.rules_label,
		.rules_namespace = config->kubernetes.rules_namespace,
		.rules_folder = config->kubernetes.rules_folder,
		.cache = config->kubernetes.cache,
		.spawn = starter_spawn_kubernetes,
		.spawner = privilege_starter(watch->privilege),
	};
	const struct kubernetes_ops ops = {
		.health = on_health,
		.socket = on_own_socket,
		.maps = {rules_load, rules_changed, watch},
		.context = watch,
	};

	if (!config->kubernetes.enabled)
		return 0;
	return kubernetes_open(&watch->kubernetes, &options, &ops, error);
}

static int open_owners(struct watch *watch, const struct config *config, struct error *error)
{
	const struct owners_options options = {
		.event = pipeline_told,
		.context = watch->pipeline,
		.off = config->owners ? NULL : "owners.enabled is false",
		.root = config->host_root,
		.procfs = privilege_procfs(watch->privilege),
		.pods = watch->kubernetes ? kubernetes_pods(watch->kubernetes) : NULL,
	};
	struct stat facts;

	if (stat(config->host_root, &facts) || !S_ISDIR(facts.st_mode))
		return error_set(error, EXIT_INPUT, ENOENT,
				 "host_root: '%s' is no folder: where the host's root is mounted "
				 "would be right",
				 config->host_root);

	watch->owners = owners_open(&options);
	if (!watch->owners)
		return error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for processes");
	pipeline_owners(watch->pipeline, watch->owners);
	return 0;
}

/* What the weir that was here has stored at its end, or has handed over. Meanwhile the kernel
 * counts already. */
static void remember(struct watch *watch)
{
	pid_t before;

	if (live_await(watch->live, &before)) {
		log_info("took over from the weir that was here (pid %d)", (int)before);
		if (live_handed(watch->live))
			return;
	}
	pipeline_remember(watch->pipeline);
	live_not_before(watch->live, pipeline_earliest(watch->pipeline));
}

static int open_privilege(struct watch *watch, const struct config *config, struct error *error)
{
	const struct procfs_options options = {config->host_root, watch->log_files};

	logins_files(config->login_sources, watch->log_files);
	return privilege_begin(&watch->privilege, &options, config->namespaces, error);
}

static int open_logins(struct watch *watch, const struct config *config, struct error *error)
{
	watch->opener = (struct follow_opener){procfs_file, privilege_procfs(watch->privilege)};
	return logins_open(&watch->logins, config->login_sources, &watch->opener, error);
}

/* Goes on with what another weir knows; -ESTALE: it cannot be gone on with. */
static int take_up(struct watch *watch, struct error *error)
{
	int err;

	watch->handed = true; /* until it is ours */
	pipeline_live(watch->pipeline, watch->live);
	err = pipeline_take(watch->pipeline, live_handed(watch->live));
	if (err)
		return error_set(error, EXIT_SYSTEM, ESTALE, "its state cannot be taken: %s",
				 strerror(-err));
	err = live_take_up(watch->live, error);
	watch->handed = err;
	return err;
}

static int watch_open(struct watch *watch, const struct config *config, struct error *error)
{
	struct pipeline_options options = {
		.form = output_form(config),
		.live = true,
		.threat_lists = true,
		.state_later = watch->options->take_over,
		.database = config->database,
		.lateness = config->lateness,
	};
	struct live_options live;
	int err = open_privilege(watch, config, error);

	if (err)
		return err;
	err = open_reloader(watch, config, error);
	if (err)
		return err;
	live_options(config, &live);
	live.visitor = privilege_visitor(watch->privilege);
	err = pipeline_open(&watch->pipeline, config, &options, error);
	if (err)
		return err;
	live.payload.wanted = pipeline_wants_payload(watch->pipeline);
	err = open_kubernetes(watch, config, error);
	err = err ? err : open_owners(watch, config, error);
	if (err)
		return err;
	live.owners = watch->owners;
	live.earliest = pipeline_earliest(watch->pipeline);
	live.take_over = watch->options->take_over;
	live.clean = watch->clean;
	err = live_open(&watch->live, &live, error);
	if (err)
		return err;
	if (live_handed(watch->live))
		err = take_up(watch, error);
	if (err)
		return err;
	if (watch->options->take_over)
		remember(watch);
	if (!live_handed(watch->live))
		pipeline_live(watch->pipeline, watch->live);
	err = open_decoding(watch, config, error);
	err = err ? err : open_logins(watch, config, error);
	err = err ? err : open_metrics(watch, config, error);
	err = err ? err : open_loop(watch, error);
	if (!err && watch->kubernetes)
		kubernetes_start(watch->kubernetes);
	if (!err)
		privilege_settle(watch->privilege);
	return err;
}

/* What was said and counted last first, then what still waits in the windows, then the sinks. */
static void watch_close(struct watch *watch)
{
	if (watch->live && watch->handed) {
		live_leave(watch->live);
		pipeline_live(watch->pipeline, NULL);
	} else if (watch->live) {
		live_drain(watch->live, pipeline_flows(watch->pipeline));
		close_decoding(watch);
		live_close(watch->live, pipeline_flows(watch->pipeline));
		pipeline_live(watch->pipeline, NULL);
		if (watch->logins)
			logins_drain(watch->logins, on_login, watch);
		pipeline_finish(watch->pipeline);
	}
	logins_close(watch->logins);
	if (watch->pipeline)
		pipeline_close(watch->pipeline);
	reloader_close(watch->reloader);
	owners_close(watch->owners);
	kubernetes_close(watch->kubernetes);
	control_close(watch->control);
	metrics_close(watch->metrics);
	for (int i = WAIT_TIMER; i <= WAIT_SIGNAL; i++)
		if (watch->fds[i] >= 0)
			close(watch->fds[i]);
	if (watch->epoll >= 0)
		close(watch->epoll);
	privilege_end(watch->privilege);
	handing_close(&watch->handing);
}

static int begin(struct watch *watch, const struct config *config,
		 const struct run_options *options, const char *clean, struct error *error)
{
	const struct handing_ops next = {offer, give, go_on, handed, leave_to, watch};

	*watch = (struct watch){.config = config,
				.options = options,
				.clean = clean,
				.epoll = -1,
				.fds = {-1, -1, -1, -1, -1, -1, -1, -1},
				.terminal = isatty(STDIN_FILENO),
				.guarded = getenv("WATCHDOG_USEC") != NULL};
	handing_open(&watch->handing, &next);
	watch->fds[WAIT_SIGNAL] = stop_signals();
	watch->since = time_now();
	return watch_open(watch, config, error);
}

int pipeline_run(const struct config *config, const struct run_options *options)
{
	struct watch watch;
	struct error error = {0};
	char clean[sizeof(error.text)];
	int err;

	heap_stay_small();
	err = begin(&watch, config, options, NULL, &error);
	if (err == -ESTALE) {
		watch_close(&watch);
		memcpy(clean, error.text, sizeof(clean));
		err = begin(&watch, config, options, clean, &error);
	}
	if (!err) {
		log_info("%s", live_watching(watch.live));
		notify("READY=1");
		loop(&watch);
		notify("STOPPING=1");
	}
	watch_close(&watch);
	if (err) {
		log_error("%s", error.text);
		return error.status;
	}
	return EXIT_DONE;
}
