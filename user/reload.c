/* SPDX-License-Identifier: Apache-2.0 */
#include "reload.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "changes.h"

struct reloader {
	struct reloader_options options;
	const struct config *in_force;
	bool wanted;
	struct changes *changes; /* NULL: nothing is watched */
	uint64_t done, failed;
	weir_time at;	 /* wall time of the last that was done or failed; TIME_NONE: none */
	char fault[512]; /* the first of the last one; "": it was done */
};

/* What lies there now, beside what was watched already. */
static void watch_paths(struct reloader *reloader)
{
	const struct config *config = reloader->in_force;
	char folder[PATH_MAX];

	if (!reloader->changes)
		return;
	changes_watch(reloader->changes, config_file(config));
	if (config_folder(config, folder))
		changes_watch(reloader->changes, folder);
	for (size_t i = 0; config->rules[i]; i++)
		changes_watch(reloader->changes, config->rules[i]);
}

static void watch_or_not(struct reloader *reloader)
{
	if (!reloader->in_force->reload_watch) {
		changes_close(reloader->changes);
		reloader->changes = NULL;
		return;
	}
	if (reloader->changes)
		changes_forget(reloader->changes);
	else
		reloader->changes = changes_open();
	if (!reloader->changes)
		log_warn("changes of configuration and rules cannot be watched: %s",
			 strerror(errno));
	watch_paths(reloader);
}

struct reloader *reloader_open(const struct reloader_options *options)
{
	struct reloader *reloader = calloc(1, sizeof(*reloader));

	if (!reloader)
		return NULL;
	reloader->options = *options;
	reloader->in_force = options->config;
	reloader->at = TIME_NONE;
	watch_or_not(reloader);
	return reloader;
}

void reloader_close(struct reloader *reloader)
{
	if (!reloader)
		return;
	changes_close(reloader->changes);
	free(reloader);
}

/* ---- one ---- */

static json_t *faults_json(const struct faults *faults)
{
	json_t *list = json_array();

	vec_each (fault, &faults->list) {
		const struct place *at = &fault->place;
		const char *kind = fault->fatal ? "" : "warning: ";

		if (at->file && at->line)
			json_array_append_new(list,
					      json_sprintf("%s:%u:%u: %s%s", at->file, at->line,
							   at->column, kind, fault->text));
		else
			json_array_append_new(
				list, json_sprintf("%s%s%s%s", at->file ? at->file : "",
						   at->file ? ": " : "", kind, fault->text));
	}
	return list;
}

/* Keys that were changed and take a new start. */
static json_t *restart_json(const struct reloader *reloader, const struct config *config)
{
	json_t *list = json_array();
	const char *key;
	size_t cursor = 0;

	while ((key = config_differs(reloader->options.config, config, &cursor)))
		json_array_append_new(list, json_string(key));
	return list;
}

static void note(struct reloader *reloader, bool done, const struct faults *faults)
{
	reloader->at = time_now();
	reloader->fault[0] = '\0';
	if (done) {
		reloader->done++;
		return;
	}
	reloader->failed++;
	vec_each (fault, &faults->list) {
		const struct place *at = &fault->place;

		if (!fault->fatal)
			continue;
		if (at->file && at->line)
			snprintf(reloader->fault, sizeof(reloader->fault), "%s:%u:%u: %s", at->file,
				 at->line, at->column, fault->text);
		else
			snprintf(reloader->fault, sizeof(reloader->fault), "%s%s%s",
				 at->file ? at->file : "", at->file ? ": " : "", fault->text);
		return;
	}
}

/* It is the pipeline's now. Paths may be others, and what watches may be switched. */
static void take(struct reloader *reloader, const struct config *config)
{
	bool watched = reloader->in_force->reload_watch;

	reloader->in_force = config;
	if (watched == config->reload_watch)
		watch_paths(reloader);
	else
		watch_or_not(reloader);
}

json_t *reloader_reload(struct reloader *reloader, struct pipeline *pipeline)
{
	const struct run_options *run = reloader->options.run;
	struct state_loaded loaded = {0};
	struct config *config = NULL;
	struct faults faults = {0};
	json_t *answer = json_object(), *restart = NULL;
	int err;

	watch_or_not(reloader); /* what comes from here on is seen */
	err = run->configure(&config, &faults, run->context);
	if (!err) {
		restart = restart_json(reloader, config);
		err = pipeline_reload(pipeline, config, &faults, &loaded);
	}
	if (err)
		config_free(config);
	else
		take(reloader, config);
	if (!err && !reloader->options.decodes(reloader->options.context) &&
	    pipeline_wants_payload(pipeline))
		fault_add(&faults, (struct place){0}, false,
			  "these rules read what packets say, and nothing is decoded since the "
			  "start: start weir anew");
	json_object_set_new(answer, "reloaded", json_boolean(!err));
	if (err && !faults.fatal)
		fault_add(&faults, (struct place){0}, true, "%s", strerror(-err));
	json_object_set_new(answer, "faults", faults_json(&faults));
	if (!err) {
		json_object_set(answer, "takes_restart", restart);
		json_object_set_new(answer, "kept", json_integer(loaded.known));
		json_object_set_new(answer, "changed", json_integer(loaded.changed));
		json_object_set_new(answer, "gone", json_integer(loaded.gone));
	}
	json_decref(restart);
	note(reloader, !err, &faults);
	faults_free(&faults);
	return answer;
}

/* ---- without being asked ---- */

void reloader_reload_and_say(struct reloader *reloader, struct pipeline *pipeline)
{
	json_t *answer = reloader_reload(reloader, pipeline), *one;
	size_t i;

	json_array_foreach(json_object_get(answer, "faults"), i, one)
		log_error("%s", json_string_value(one));
	json_array_foreach(json_object_get(answer, "takes_restart"), i, one)
		log_warn("%s has changed: it takes a new start", json_string_value(one));
	if (json_is_true(json_object_get(answer, "reloaded")))
		log_info("reloaded");
	else
		log_error("not reloaded: all goes on as before");
	json_decref(answer);
}

static void tell(const struct reloader *reloader)
{
	const struct reloader_options *options = &reloader->options;
	char message[sizeof(reloader->fault) + 64];

	if (!reloader->fault[0]) {
		options->health(options->context, "reloaded",
				"configuration and rules have changed, and are in force");
		return;
	}
	snprintf(message, sizeof(message), "configuration or rules have changed, and are wrong: %s",
		 reloader->fault);
	options->health(options->context, "reload_failed", message);
}

void reloader_want(struct reloader *reloader)
{
	reloader->wanted = true;
}

const struct config *reloader_config(const struct reloader *reloader)
{
	return reloader->in_force;
}

void reloader_tick(struct reloader *reloader, struct pipeline *pipeline, weir_time now)
{
	bool due = reloader->changes && changes_due(reloader->changes, now);

	if (!due && !reloader->wanted)
		return;
	reloader->wanted = false;
	log_info("configuration or rules have changed");
	reloader_reload_and_say(reloader, pipeline);
	tell(reloader);
}

json_t *reloader_status(const struct reloader *reloader, bool *degraded)
{
	json_t *status =
		json_pack("{s:b, s:I, s:I}", "watch", reloader->changes != NULL, "done",
			  (json_int_t)reloader->done, "failed", (json_int_t)reloader->failed);
	char text[TIME_TEXT_MAX];
	size_t watched, left_out;

	if (reloader->changes) {
		changes_counts(reloader->changes, &watched, &left_out);
		json_object_set_new(status, "folders", json_integer((json_int_t)watched));
		json_object_set_new(status, "folders_left_out", json_integer((json_int_t)left_out));
	}
	if (reloader->at != TIME_NONE)
		json_object_set_new(status, "last", json_string(time_format(reloader->at, text)));
	if (reloader->fault[0]) {
		json_object_set_new(status, "error", json_string(reloader->fault));
		*degraded = *degraded || reloader->changes;
	}
	return status;
}
