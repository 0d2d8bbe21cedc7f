/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BENCH_REPLAYED_H
#define WEIR_BENCH_REPLAYED_H

/*
 * What the benchmarks of replay share: numbers in packets, a capture in TMPDIR that goes away
 * whatever happens, and the program run over it on one core. Header only: a benchmark is one
 * program.
 */
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* In network order. */
static inline void replayed_put16(uint8_t *at, uint16_t n)
{
	at[0] = (uint8_t)(n >> 8);
	at[1] = (uint8_t)n;
}

static inline void replayed_put32(uint8_t *at, uint32_t n)
{
	replayed_put16(at, (uint16_t)(n >> 16));
	replayed_put16(at + 2, (uint16_t)n);
}

static char replayed_path[4096];

static inline void replayed_remove(void)
{
	if (replayed_path[0])
		unlink(replayed_path);
}

static inline void replayed_on_signal(int number)
{
	replayed_remove();
	signal(number, SIG_DFL);
	raise(number);
}

/* An empty file, once a program; ends it if there can be none. */
static inline const char *replayed_file(void)
{
	const char *folder = getenv("TMPDIR");
	int fd;

	snprintf(replayed_path, sizeof(replayed_path), "%s/weir-replay-XXXXXX",
		 folder ? folder : "/tmp");
	fd = mkstemp(replayed_path);
	if (fd < 0) {
		perror(replayed_path);
		exit(1);
	}
	close(fd);
	atexit(replayed_remove);
	signal(SIGINT, replayed_on_signal);
	signal(SIGTERM, replayed_on_signal);
	return replayed_path;
}

static inline void replayed_pin(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET((int)sysconf(_SC_NPROCESSORS_ONLN) - 1, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

static inline double replayed_seconds(const struct rusage *usage)
{
	return (double)usage->ru_utime.tv_sec + (double)usage->ru_utime.tv_usec / 1e6 +
	       (double)usage->ru_stime.tv_sec + (double)usage->ru_stime.tv_usec / 1e6;
}

#define REPLAYED_RULES_MAX 8

/* Runs the program over the capture on one core, with all its own rules or with these (ended by
 * NULL). Exits if it does not end well. */
static inline struct rusage replayed_run(const char *weir, const char *capture,
					 const char *const *rules)
{
	const char *words[8 + 2 * REPLAYED_RULES_MAX] = {
		weir, "replay", "-c", "/dev/null", "--quiet", "--home", "10.0.0.0/8"};
	unsigned len = 7;
	struct rusage usage;
	int status;
	pid_t child;

	for (; rules && *rules; rules++) {
		words[len++] = "--rules";
		words[len++] = *rules;
	}
	words[len] = capture;
	fflush(NULL); /* or the child says again what was said */
	child = fork();
	if (child == 0) {
		replayed_pin();
		if (!freopen("/dev/null", "w", stdout))
			_exit(127);
		execv(weir, (char *const *)words);
		perror(weir);
		_exit(127);
	}
	if (child < 0 || wait4(child, &status, 0, &usage) < 0) {
		perror("wait");
		exit(1);
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		fprintf(stderr, "%s replay ended with status %d\n", weir, status);
		exit(1);
	}
	return usage;
}

/* CPU seconds of the least of so many runs: others use this machine too. */
static inline double replayed_best(const char *weir, const char *capture, const char *const *rules,
				   int runs, struct rusage *usage)
{
	double best = 1e9;

	while (runs--) {
		double took;

		*usage = replayed_run(weir, capture, rules);
		took = replayed_seconds(usage);
		best = took < best ? took : best;
	}
	return best;
}

static inline void replayed_say(const char *name, double value, const char *unit,
				const char *against)
{
	printf("{\"name\": \"%s\", \"value\": %.6g, \"unit\": \"%s\", \"against\": \"%s\"}\n", name,
	       value, unit, against);
}

/* The program beside the benchmark, unless WEIR names another. */
static inline const char *replayed_program(const char *self)
{
	static char path[4096];
	const char *weir = getenv("WEIR"), *slash = strrchr(self, '/');

	if (weir)
		return weir;
	snprintf(path, sizeof(path), "%.*s/../../weir", slash ? (int)(slash - self) : 1,
		 slash ? self : ".");
	return path;
}

#endif
