/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/trust.h"
#include "capture/live/live.h"
#include "event/privacy.h"
#include "flow/save.h"
#include "stages.h"
#include "state/file.h"
#include "state/memory.h"

/*
 * What the stages know, kept over restarts and reloads. While weir runs a forked child writes it:
 * the kernel's copy-on-write gives it all as it was at one moment, and the engine goes on at once.
 */

#define CHILD_NICE 10

struct keeper {
	char *path;
	weir_time interval, next;
	pid_t child;		/* 0: none is writing */
	uint64_t seen, writing; /* what had happened when the last whole one, and this one, began */
	weir_time began;
	uint64_t written, failed;
	char error[160]; /* why the last one failed */
	bool ended;	 /* all that came was taken in: what is known now is what goes on */
	struct state_writer writer;
};

static size_t sections(const struct pipeline *p)
{
	return 1 + DERIVE_SECTIONS + signal_engine_sections(p->signals) +
	       correlate_sections(p->correlate);
}

static void save(void *context, struct state_writer *writer)
{
	struct pipeline *p = context;

	ruleset_save(writer, p->rules);
	signal_engine_save(p->signals, writer);
	correlate_save(p->correlate, writer);
	derive_save(p->enrich.derive, writer);
}

/* What was learned, for the events of another time; without windows and detections. */
static int load_learned(const struct pipeline_engine *engine, const struct state_image *image)
{
	int err = signal_engine_load(engine->signals, image);

	if (!err)
		signal_engine_forget(engine->signals);
	return err ? err : derive_load(engine->derive, image);
}

static int load(const struct pipeline_engine *engine, const struct ruleset *rules,
		const struct state_image *image, struct state_loaded *loaded)
{
	struct rule_map map;
	int err = rule_map_load(&map, image, rules);

	*loaded = (struct state_loaded){0};
	if (err)
		return err;
	loaded->known = map.known;
	loaded->changed = map.changed;
	loaded->gone = map.gone;
	err = signal_engine_load(engine->signals, image);
	err = err ? err : correlate_load(engine->correlate, image, &map, &loaded->left_out);
	err = err ? err : derive_load(engine->derive, image);
	rule_map_free(&map);
	return err;
}

int pipeline_state_write(struct pipeline *p, struct state_memory *memory)
{
	struct state_writer *writer = malloc(sizeof(*writer));
	int err = -ENOMEM;

	if (writer)
		err = state_write(writer, sections(p), state_memory_put, memory, save, p);
	free(writer);
	return err;
}

int pipeline_state_read(const struct pipeline_engine *to, const struct ruleset *rules,
			const void *bytes, size_t length, struct state_loaded *loaded)
{
	struct state_image image;
	const char *words;
	int err = state_image_open(&image, bytes, length, &words);

	if (err)
		return err;
	err = load(to, rules, &image, loaded);
	state_image_close(&image);
	return err;
}

/* ---- at the start ---- */

static void set_aside(const char *path, const char *why)
{
	char name[4096];

	if (state_file_set_aside(path, time_now(), name, sizeof(name)))
		log_warn("the state %s is not used: %s", path, why);
	else
		log_warn("the state %s is not used and was set aside as %s: %s", path, name, why);
}

static void tell(const char *path, const struct state_loaded *loaded)
{
	log_info("going on from the state %s: %u rules know what they knew", path, loaded->known);
	if (loaded->changed || loaded->gone)
		log_info("%u rules have changed and start anew, %u are gone", loaded->changed,
			 loaded->gone);
	if (loaded->left_out)
		log_info("%u open detections of such rules stay in the database as they are",
			 loaded->left_out);
}

/* Into stages of their own, which become the pipeline's only when all was read. */
static int restore(struct pipeline *p, const char *path, const struct state_image *image)
{
	struct pipeline_engine fresh = {0};
	struct state_loaded loaded;
	int err = pipeline_engine_make(p, p->config, p->rules, &fresh, NULL);

	if (!err)
		err = p->options.live ? load(&fresh, p->rules, image, &loaded)
				      : load_learned(&fresh, image);
	if (err) {
		pipeline_engine_free(&fresh);
		return err;
	}
	pipeline_engine_take(p, &fresh);
	if (p->options.live) {
		signal_engine_absent(p->signals, time_now());
		tell(path, &loaded);
	}
	return 0;
}

/* One that is sealed, in the clear. */
static int opened(const struct pipeline *p, void *bytes, size_t *length, const char **words)
{
	if (!state_is_sealed(bytes, *length))
		return 0;
	*words = "it is sealed, and privacy.key_file is missing or another";
	return p->seal ? state_unseal(p->seal, bytes, length) : -EKEYREJECTED;
}

static void open_file(struct pipeline *p, const char *path)
{
	char why[TRUST_WHY_MAX];
	const char *words = "there is not enough memory for it";
	struct state_image image;
	size_t length;
	void *bytes;
	int err;

	/* What is written takes its place, and never goes where a link leads. */
	if (!trust_path(path, why)) {
		log_warn("the state %s is not used: it %s", path, why);
		return;
	}
	err = state_file_read(path, &bytes, &length);
	if (err == -ENOENT)
		return;
	if (err) {
		log_warn("the state %s cannot be read: %s", path, strerror(-err));
		return;
	}
	err = opened(p, bytes, &length, &words);
	err = err ? err : state_image_open(&image, bytes, length, &words);
	if (!err) {
		err = restore(p, path, &image);
		words = err == -ENOMEM ? words : "what is in it cannot be";
		state_image_close(&image);
	}
	free(bytes);
	if (err && p->options.live)
		set_aside(path, words);
	else if (err) /* another's: it may be copied right now */
		log_warn("the state %s is not used: %s", path, words);
}

/* "auto", and always for a replay: beside the database, since both are of one weir. The caller's to
 * free; NULL: none, or no memory. */
static char *path_of(const struct pipeline *p)
{
	const char *path = p->config->state_path;
	char *made = NULL;

	if (!path)
		return NULL;
	if (p->options.live && strcmp(path, "auto"))
		return strdup(path);
	if (!p->options.database || asprintf(&made, "%s.state", p->options.database) < 0)
		return NULL;
	return made;
}

int pipeline_state_open(struct pipeline *p)
{
	char *path = path_of(p);

	if (!path)
		return 0;
	if (!p->options.live) {
		open_file(p, path);
		free(path);
		return 0;
	}
	p->keeper = calloc(1, sizeof(*p->keeper));
	if (!p->keeper) {
		free(path);
		return -ENOMEM;
	}
	p->keeper->path = path;
	p->keeper->interval = p->config->state_interval;
	if (!p->options.state_later)
		open_file(p, path);
	return 0;
}

void pipeline_remember(struct pipeline *p)
{
	if (p->keeper)
		open_file(p, p->keeper->path);
}

/* ---- from one process to the next ---- */

static struct flow_keeper keeper_of(struct pipeline *p)
{
	struct flow_keeper keeper = live_flow_keeper(p->live);

	keeper.protocol = decode_protocol;
	return keeper;
}

size_t pipeline_give_sections(const struct pipeline *p)
{
	return sections(p) + 2; /* flows, and events that wait */
}

void pipeline_give(void *context, struct state_writer *writer)
{
	struct pipeline *p = context;
	struct flow_keeper keeper = keeper_of(p);

	save(p, writer);
	flow_save(p->flows, writer, &keeper);
	order_save(p->order, p->flow_input, writer);
}

int pipeline_take(struct pipeline *p, const struct state_image *image)
{
	struct flow_keeper keeper = keeper_of(p);
	struct pipeline_engine fresh = {0};
	struct state_loaded loaded;
	int err = pipeline_engine_make(p, p->config, p->rules, &fresh, NULL);

	err = err ? err : load(&fresh, p->rules, image, &loaded);
	if (err) {
		pipeline_engine_free(&fresh);
		return err;
	}
	pipeline_engine_take(p, &fresh);
	err = flow_load(p->flows, image, &keeper);
	err = err ? err : order_load(p->order, p->flow_input, image);
	if (err)
		return err;
	tell("that was handed over", &loaded);
	pipeline_state_soon(p); /* nobody else has written it */
	return 0;
}

/* ---- while it runs ---- */

/* Grows with all that changes what is kept. */
static uint64_t happened(const struct pipeline *p)
{
	struct signal_engine_stats signals;
	struct correlate_stats detections;

	signal_engine_stats(p->signals, &signals);
	correlate_stats(p->correlate, &detections);
	return signals.events + signals.signals + signals.suppressed + detections.signals +
	       detections.detections + detections.updates;
}

static void succeed(struct keeper *keeper)
{
	keeper->written++;
	keeper->seen = keeper->writing;
	keeper->error[0] = '\0';
}

static void fail(struct keeper *keeper, const char *why)
{
	if (!keeper->error[0])
		log_warn("the state %s cannot be written: %s", keeper->path, why);
	keeper->failed++;
	snprintf(keeper->error, sizeof(keeper->error), "%s: %s", keeper->path, why);
}

/* A child leaves with the number of its error. One that took long makes the next one wait, so that
 * at most a third of the time goes into writing. */
static void finished(struct keeper *keeper, int status, weir_time now)
{
	weir_time took = now - keeper->began;

	keeper->child = 0;
	if (took >= keeper->interval && now + 2 * took > keeper->next)
		keeper->next = now + 2 * took;
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		succeed(keeper);
	else if (WIFEXITED(status))
		fail(keeper, strerror(WEXITSTATUS(status)));
	else
		fail(keeper, "the process that writes it was killed");
}

/* Rules go on from what there was, so it stands in the state as it was, and nobody else reads it.
 * *seal stays NULL where all may be read. 0, or -errno. */
static int sealed_by(struct pipeline *p, struct state_seal **seal)
{
	*seal = privacy_is_on() ? p->seal : NULL;
	return *seal ? state_seal_begin(*seal) : 0;
}

static void begin(struct pipeline *p)
{
	struct keeper *keeper = p->keeper;
	struct state_seal *seal;
	pid_t child;
	int err;

	keeper->writing = happened(p);
	err = sealed_by(p, &seal);
	if (err) {
		fail(keeper, strerror(-err));
		return;
	}
	child = fork();
	if (child == 0) {
		/* The next start reads the file: nobody may still be writing it then. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setpriority(PRIO_PROCESS, 0, CHILD_NICE);
		_exit(-state_file_write(keeper->path, seal, &keeper->writer, sections(p), save, p));
	}
	if (child < 0)
		fail(keeper, strerror(errno));
	else
		keeper->child = child;
}

bool pipeline_state_goes_on(struct pipeline *p)
{
	if (p->keeper)
		p->keeper->ended = true;
	return p->keeper;
}

void pipeline_state_soon(struct pipeline *p)
{
	if (p->keeper)
		p->keeper->next = 0;
}

void pipeline_state_tick(struct pipeline *p, weir_time now)
{
	struct keeper *keeper = p->keeper;
	int status;

	if (!keeper)
		return;
	if (keeper->child && waitpid(keeper->child, &status, WNOHANG) == keeper->child)
		finished(keeper, status, now);
	if (keeper->child || now < keeper->next)
		return;
	keeper->began = now;
	keeper->next = now + keeper->interval;
	if (happened(p) != keeper->seen || !keeper->written)
		begin(p);
}

void pipeline_state_close(struct pipeline *p)
{
	struct keeper *keeper = p->keeper;
	struct state_seal *seal;
	int status, err;

	if (!keeper)
		return;
	if (keeper->child && waitpid(keeper->child, &status, 0) == keeper->child)
		finished(keeper, status, time_boot());
	if (p->signals && p->correlate && p->keeper->ended) {
		err = sealed_by(p, &seal);
		err = err ? err
			  : state_file_write(keeper->path, seal, &keeper->writer, sections(p), save,
					     p);
		if (err)
			fail(keeper, strerror(-err));
	}
	free(keeper->path);
	free(keeper);
	p->keeper = NULL;
}

json_t *pipeline_state_status(const struct pipeline *p)
{
	const struct keeper *keeper = p->keeper;
	json_t *status;

	if (!keeper)
		return NULL;
	status = json_pack("{s:s, s:I, s:I}", "path", keeper->path, "written",
			   (json_int_t)keeper->written, "failed", (json_int_t)keeper->failed);
	if (keeper->error[0])
		json_object_set_new(status, "error", json_string(keeper->error));
	return status;
}
