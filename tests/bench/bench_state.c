/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What snapshots cost: a million keys in a window over counts, written by a forked child as
 * `weir run` does it, and read back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "signal/engine.h"
#include "state/file.h"

#define KEYS 1000000

static const char rules[] =
	"title: a\nname: a\nid: 11111111-1111-4111-8111-111111111111\n"
	"logsource: {category: network, service: attempt}\n"
	"detection:\n  s: {network.transport: tcp}\n  condition: s\n---\n"
	"title: w\nname: w\nid: 22222222-2222-4222-8222-222222222222\n"
	"correlation:\n  type: event_count\n  rules: [a]\n  group-by: [source.ip]\n"
	"  timespan: 1h\n  condition: {gte: 1000}\n"
	"weir: {window: hop, every: 5m, max_keys: 2000000}\n";

static void ignore(void *context, const struct signal *signal)
{
	(void)context;
	(void)signal;
}

static double now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void print(const char *name, double value, const char *unit, const char *against)
{
	printf("{\"name\":\"state.%s\",\"value\":%.4g,\"unit\":\"%s\",\"against\":\"%s\"}\n", name,
	       value, unit, against);
}

static void save(void *context, struct state_writer *writer)
{
	signal_engine_save(context, writer);
}

static void feed(struct signal_engine *engine, uint32_t keys)
{
	struct event e = {.time = INT64_C(1700006400) * WEIR_SEC, .service = SERVICE_ATTEMPT};

	event_set(&e, NETWORK_TRANSPORT, network_transport, 6);
	for (uint32_t i = 0; i < keys; i++) {
		event_set(&e, SOURCE_IP, source_ip, addr_from_v4(__builtin_bswap32(i)));
		signal_engine_event(engine, &e);
		e.time += WEIR_USEC;
	}
}

/* As the pipeline does it: how long the engine stands still, and how long the child writes. */
static void write_forked(struct signal_engine *engine, const char *path)
{
	struct state_writer *writer = malloc(sizeof(*writer));
	double start = now(), stalled;
	int status;
	pid_t child = fork();

	if (child == 0)
		_exit(-state_file_write(path, NULL, writer, signal_engine_sections(engine), save,
					engine));
	stalled = now() - start;
	start = now();
	/* What goes on meanwhile copies the pages that it touches. */
	feed(engine, KEYS);
	print("feed_while_writing", KEYS / (now() - start), "events/s", "");
	waitpid(child, &status, 0);
	print("fork_stall", stalled * 1e3, "ms", "below a poll's 1000");
	if (status)
		fprintf(stderr, "the child failed: %d\n", WEXITSTATUS(status));
	free(writer);
}

static void write_alone(struct signal_engine *engine, const char *path)
{
	struct state_writer *writer = malloc(sizeof(*writer));
	double start = now();
	struct stat size;

	state_file_write(path, NULL, writer, signal_engine_sections(engine), save, engine);
	print("write", now() - start, "s", "with fsync");
	stat(path, &size);
	print("bytes_per_key", (double)size.st_size / KEYS, "bytes", "");
	free(writer);
}

static void read_back(const struct ruleset *set, const struct signal_engine_ops *ops,
		      const char *path)
{
	struct signal_engine *engine = signal_engine_new(set, ops);
	struct state_image image;
	const char *words = "";
	double start = now();
	size_t length;
	void *bytes;

	if (state_file_read(path, &bytes, &length) ||
	    state_image_open(&image, bytes, length, &words) || signal_engine_load(engine, &image))
		fprintf(stderr, "not read back: %s\n", words);
	print("read", now() - start, "s", "");
	state_image_close(&image);
	free(bytes);
	signal_engine_free(engine);
}

int main(void)
{
	struct signal_engine_ops ops = {.signal = ignore};
	struct signal_engine *engine;
	struct faults faults = {0};
	char folder[] = "/tmp/weir-bench-XXXXXX", path[64];
	struct ruleset *set;

	if (!mkdtemp(folder) || ruleset_load_text(&set, "bench.yml", rules, strlen(rules), &faults))
		return 1;
	snprintf(path, sizeof(path), "%s/state", folder);
	engine = signal_engine_new(set, &ops);
	feed(engine, KEYS);
	write_forked(engine, path);
	write_alone(engine, path);
	read_back(set, &ops, path);
	signal_engine_free(engine);
	ruleset_free(set);
	faults_free(&faults);
	unlink(path);
	rmdir(folder);
	return 0;
}
