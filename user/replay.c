/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "capture/reader.h"
#include "capture/source.h"
#include "flow/track.h"
#include "pipeline.h"
#include "progress.h"
#include "replay_confine.h"
#include "summary.h"

/* The progress bar looks at the clock once in so many records. */
#define PROGRESS_EVERY 16384

/* One file with its next record's time. */
struct file {
	struct source *source;
	weir_time at;
	bool ended;
};

struct replay {
	struct pipeline *pipeline;
	struct track *track;
	VEC(struct file) files;
	struct file *from;     /* whose record is being handed over */
	size_t captures;       /* that are not at their end */
	weir_time lateness;    /* of what the flow stage says */
	weir_time sort_window; /* asked for; 0: by the kind of file */
	struct replay_confined confined;
};

/* The signal that stops the replay; 0: none came. */
static volatile sig_atomic_t stop;

static void on_stop(int number)
{
	stop = number;
	readers_stop();
}

/* The second one has its usual effect. A read that waits is not gone on with. */
static void catch_stop(void)
{
	struct sigaction action = {.sa_handler = on_stop, .sa_flags = (int)SA_RESETHAND};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static void on_packet(void *context, const struct capture_packet *packet)
{
	struct replay *replay = context;

	track_packet(replay->track, packet);
	pipeline_flows_advance(replay->pipeline, track_clock(replay->track));
}

static void on_event(void *context, const struct event *event)
{
	struct replay *replay = context;

	pipeline_event(replay->pipeline, replay->from->source->input, event);
}

static void on_signal(void *context, const struct recorded_signal *signal)
{
	struct replay *replay = context;

	pipeline_recorded(replay->pipeline, replay->from->source->input, signal);
}

/* The last capture is at its end: what waits for its connections waits no longer. */
static void captures_end(struct replay *replay)
{
	track_finish(replay->track);
	flow_finish(pipeline_flows(replay->pipeline));
	pipeline_flows_end(replay->pipeline);
}

static void file_end(struct replay *replay, struct file *file)
{
	file->ended = true;
	if (!file->source->ops->packets)
		pipeline_input_end(replay->pipeline, file->source->input);
	else if (!--replay->captures)
		captures_end(replay);
}

static void next_time(struct replay *replay, struct file *file)
{
	if (file->source->ops->peek(file->source, &file->at) <= 0)
		file_end(replay, file);
}

/* A log's record is the earliest of all files: captures will tell of nothing before it. */
static void captures_advance(struct replay *replay, weir_time at)
{
	flow_advance(pipeline_flows(replay->pipeline), at - replay->lateness, NULL, NULL);
	pipeline_flows_advance(replay->pipeline, at);
}

/* Of several files the earliest record is next; the first named goes first at equal times. */
static struct file *earliest(struct replay *replay)
{
	struct file *first = NULL;

	vec_each (file, &replay->files)
		if (!file->ended && (!first || file->at < first->at))
			first = file;
	return first;
}

static void show_progress(struct replay *replay, struct progress *progress)
{
	uint64_t done = 0, all = 0, one, whole;

	vec_each (file, &replay->files) {
		file->source->ops->progress(file->source, &one, &whole);
		done += one;
		all += whole;
	}
	progress_show(progress, done, all);
}

/* What was read is told as if the files had ended here. */
static void cut_short(struct replay *replay)
{
	struct file *file = earliest(replay);
	const char *by = stop == SIGINT ? "SIGINT" : "SIGTERM";
	char time[TIME_TEXT_MAX];

	if (file)
		log_warn("stopped by %s: what is told is of the records before %s", by,
			 time_format(file->at, time));
	else
		log_warn("stopped by %s: what is told is of what had come", by);
	while ((file = earliest(replay)))
		file_end(replay, file);
}

static void feed(struct replay *replay, bool bar)
{
	const struct intake intake = {replay, on_packet, on_event, on_signal};
	struct progress progress = PROGRESS_EMPTY;
	uint64_t records = 0;

	while (!stop && (replay->from = earliest(replay))) {
		if (replay->captures && !replay->from->source->ops->packets)
			captures_advance(replay, replay->from->at);
		replay->from->source->ops->deliver(replay->from->source, &intake);
		next_time(replay, replay->from);
		if (bar && ++records % PROGRESS_EVERY == 0)
			show_progress(replay, &progress);
	}
	progress_clear(&progress);
	if (stop)
		cut_short(replay);
}

static int add_file(struct replay *replay, struct source *source, struct error *error)
{
	struct file *file = vec_add(&replay->files);

	if (!file) {
		error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for %s", source->name);
		source->ops->close(source);
		return -ENOMEM;
	}
	file->source = source;
	return 0;
}

static int open_files(struct replay *replay, const char *const *paths, struct error *error)
{
	struct source *source;
	int err = 0;

	for (; *paths && !err; paths++) {
		err = source_open(&source, *paths, error);
		err = err ? err : add_file(replay, source, error);
	}
	return err;
}

static int open_archive(struct replay *replay, const char *folder,
			const struct replay_options *options, struct error *error)
{
	struct source *source;
	int err = archive_open(&source, folder, options->since, options->until, error);

	return err ? err : add_file(replay, source, error);
}

static weir_time lateness_of(const struct replay *replay, const struct source *source)
{
	return replay->sort_window ? replay->sort_window : source->ops->lateness;
}

/* Files of events are inputs of their own; captures speak through the flow stage. */
static int open_inputs(struct replay *replay, struct error *error)
{
	uint32_t captures = 0;

	vec_each (file, &replay->files) {
		int input;

		if (file->source->ops->packets) {
			/* Two captures may have seen the same packet: told apart by their number.
			 */
			file->source->input = captures++;
			continue;
		}
		input = pipeline_input(replay->pipeline, lateness_of(replay, file->source));
		if (input < 0)
			return error_set(error, EXIT_SYSTEM, -input, "no memory for an input");
		file->source->input = (uint32_t)input;
	}
	replay->captures = captures;
	if (!captures)
		pipeline_flows_end(replay->pipeline);
	return 0;
}

static weir_time lateness(const struct replay *replay)
{
	weir_time most = 0;

	vec_each (file, &replay->files)
		if (lateness_of(replay, file->source) > most)
			most = lateness_of(replay, file->source);
	return most;
}

static int replay_open(struct replay *replay, const struct config *config,
		       const struct replay_options *options, struct error *error)
{
	struct pipeline_options pipeline = {
		.form = options->json ? OUTPUT_JSON : OUTPUT_TEXT,
		.signals = options->signals,
		.events = options->events,
		.threat_lists = true,
		.database = config->database,
	};
	const char *archive = options->archive ? config->archive_options.path : NULL;
	int err = archive ? open_archive(replay, archive, options, error)
			  : open_files(replay, options->files, error);

	replay_confine_files(&replay->confined, config->database);
	replay->sort_window = options->sort_window;
	pipeline.lateness = replay->lateness = lateness(replay);
	err = err ? err : pipeline_open(&replay->pipeline, config, &pipeline, error);
	err = err ? err : open_inputs(replay, error);
	if (err)
		return err;
	replay->track = track_new(pipeline_flows(replay->pipeline));
	if (!replay->track)
		return error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for flows");
	if (config->payload.enabled)
		track_listen(replay->track, &(struct chosen){pipeline_payload, replay->pipeline,
							     config->payload.opening});
	replay_confine_rest(&replay->confined, config->database, archive);
	return 0;
}

/* What is in no flow, by reason. What is not IP, or counted once already, is no loss. */
static void tell_lost(const struct track *track)
{
	static const char *const words[] = {
#define X(name, words_) words_,
		WEIR_LOSSES(X)
#undef X
	};
	struct track_stats stats;

	track_stats(track, &stats);
	for (int i = 0; i < LOSS_COUNT; i++)
		if (stats.lost[i] && i != LOSS_NOT_IP && i != LOSS_DUPLICATE)
			log_warn("%" PRIu64 " of %" PRIu64 " packets are in no connection: %s",
				 stats.lost[i], stats.packets, words[i]);
	if (stats.no_memory)
		log_warn("%" PRIu64 " of %" PRIu64 " packets are in no connection: no memory",
			 stats.no_memory, stats.packets);
	if (stats.wild)
		log_warn("the times of %" PRIu64 " of %" PRIu64 " packets are not believed",
			 stats.wild, stats.packets);
}

static void summarize(const struct replay *replay, bool json)
{
	uint64_t refused = pipeline_refused_signals(replay->pipeline);
	struct order_counts counts;

	vec_each (file, &replay->files) {
		bool packets = file->source->ops->packets;

		pipeline_input_counts(replay->pipeline,
				      packets ? pipeline_flows_input(replay->pipeline)
					      : file->source->input,
				      &counts);
		summary_say(file->source, packets && !counts.late ? NULL : &counts, json);
	}
	if (json)
		replay_confine_say(&replay->confined);
	if (refused)
		log_warn("%" PRIu64 " recorded signals are of no rule here, or lack its keys",
			 refused);
}

/* Returns how many records were lost. */
static uint64_t replay_close(struct replay *replay)
{
	uint64_t lost = replay->pipeline ? pipeline_close(replay->pipeline) : 0;

	track_free(replay->track);
	vec_each (file, &replay->files)
		file->source->ops->close(file->source);
	vec_free(&replay->files);
	return lost;
}

int pipeline_replay(const struct config *config, const struct replay_options *options)
{
	struct replay replay = {0};
	struct error error = {0};
	uint64_t lost;
	int err, worst;

	catch_stop();
	err = replay_open(&replay, config, options, &error);
	if (err) {
		replay_close(&replay);
		log_error("%s", error.text);
		return error.status;
	}
	vec_each (file, &replay.files)
		next_time(&replay, file);
	feed(&replay, options->progress && isatty(STDERR_FILENO));
	track_finish(replay.track);
	tell_lost(replay.track);
	pipeline_finish(replay.pipeline);
	if (options->summary)
		summarize(&replay, options->json);
	worst = pipeline_worst(replay.pipeline);
	lost = replay_close(&replay);
	if (lost)
		log_error("%" PRIu64 " records were not written", lost);
	if (stop) {
		fflush(NULL);
		raise(stop); /* whoever started it is to know */
	}
	if (lost)
		return EXIT_SYSTEM;
	return options->fail_on >= 0 && worst >= options->fail_on ? EXIT_RAISED : EXIT_DONE;
}
