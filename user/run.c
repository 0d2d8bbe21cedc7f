/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/heap.h"
#include "base/log.h"
#include "kubernetes/trial.h"
#include "procfs/procfs.h"
#include "sink/database.h"
#include "starter/starter.h"
#include "watch.h"

static json_t *metrics_wanted(void *context)
{
	return watch_status(context);
}

static int open_metrics(struct watch *watch, const struct config *config, struct error *error)
{
	const struct metrics_options options = {config->metrics.listen, database_group(),
						metrics_wanted, watch};

	return metrics_open(&watch->metrics, &options, error);
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
		.health = watch_health,
		.decodes = decodes,
		.context = watch,
	};

	watch->reloader = reloader_open(&options);
	return watch->reloader ? 0
			       : error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for reloading");
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
		.health = watch_health,
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
	live.attacher = privilege_attacher(watch->privilege);
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
	err = watch_decoding_open(watch, config, error);
	err = err ? err : open_logins(watch, config, error);
	err = err ? err : open_metrics(watch, config, error);
	err = err ? err : watch_loop_open(watch, error);
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
		watch_decoding_close(watch);
		live_close(watch->live, pipeline_flows(watch->pipeline));
		pipeline_live(watch->pipeline, NULL);
		if (watch->logins)
			watch_logins(watch);
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
	*watch = (struct watch){.config = config,
				.options = options,
				.clean = clean,
				.epoll = -1,
				.fds = {-1, -1, -1, -1, -1, -1, -1, -1},
				.terminal = isatty(STDIN_FILENO),
				.guarded = getenv("WATCHDOG_USEC") != NULL};
	watch_handing_open(watch);
	watch->fds[WAIT_SIGNAL] = watch_signals();
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
		watch_notify("READY=1");
		watch_loop(&watch);
		watch_notify("STOPPING=1");
	}
	watch_close(&watch);
	if (err) {
		log_error("%s", error.text);
		return error.status;
	}
	return EXIT_DONE;
}
