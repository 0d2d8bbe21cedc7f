/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What drives a fuzzer where libFuzzer is not there: every seed, then mutations of them for a
 * while.
 *
 *     fuzz_NAME [SECONDS [SEED]]        tests/fuzz/seeds/NAME/, SECONDS (default 5)
 *     fuzz_NAME FILE…                   these files alone: to see a crash again
 *
 * The random seed is printed. What brought the program down is left in BUILD/crash-NAME.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sanitizer/common_interface_defs.h>

#include "base/vec.h"

#define INPUT_MAX     (64 << 10)
#define INPUT_SECONDS 20 /* one that takes longer never ends, as far as anyone waits */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	uint8_t *bytes;
	size_t size;
};

static VEC(struct input) seeds;
static uint8_t current[INPUT_MAX];
static size_t current_size;
static char crash_path[512];
static uint64_t state;

/* xorshift64*: the same everywhere, so that a printed seed means something. */
static uint64_t random_next(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * UINT64_C(2685821657736338717);
}

static size_t random_below(size_t n)
{
	return n ? random_next() % n : 0;
}

/* Only calls that a signal handler may make. */
static void keep_crash(void)
{
	int fd = open(crash_path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0)
		return;
	if (write(fd, current, current_size) == (ssize_t)current_size) {
		static const char words[] = "the input was left as crash-* in the build folder\n";
		ssize_t told = write(STDERR_FILENO, words, sizeof(words) - 1);

		(void)told;
	}
	close(fd);
}

static void on_signal(int number)
{
	keep_crash();
	signal(number, SIG_DFL);
	raise(number);
}

static void feed(void)
{
	/* A copy of just that size, so that reading past its end is seen. */
	uint8_t *copy = malloc(current_size ? current_size : 1);

	if (!copy)
		return;
	memcpy(copy, current, current_size);
	alarm(INPUT_SECONDS);
	LLVMFuzzerTestOneInput(copy, current_size);
	free(copy);
}

static void add_seed(const char *path)
{
	FILE *file = fopen(path, "rb");
	struct input *seed;

	if (!file)
		return;
	seed = vec_add(&seeds);
	if (seed) {
		seed->bytes = malloc(INPUT_MAX);
		seed->size = seed->bytes ? fread(seed->bytes, 1, INPUT_MAX, file) : 0;
	}
	fclose(file);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void add_folder(const char *folder)
{
	struct dirent **entries;
	int n = scandir(folder, &entries, NULL, by_name);
	char path[1024];

	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.')
			add_seed(path);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

static void set_current(const struct input *input)
{
	current_size = input->size;
	if (input->size)
		memcpy(current, input->bytes, input->size);
}

/* Cuts `gone` bytes at `at` out and puts `come` bytes of `with` there. */
static void graft(size_t at, size_t gone, const uint8_t *with, size_t come)
{
	size_t rest = current_size - at - gone;

	if (current_size - gone + come > INPUT_MAX)
		return;
	memmove(current + at + come, current + at + gone, rest);
	if (come)
		memcpy(current + at, with, come);
	current_size = current_size - gone + come;
}

static void mutate(void)
{
	static const uint8_t values[] = {0,   1,   0x7f, 0x80, 0xff, '"',
					 '{', '[', '\\', '\n', ':',  '-'};
	size_t at = random_below(current_size + 1);
	size_t run = random_below(16) + 1;
	const struct input *other = &seeds.at[random_below(seeds.len)];
	size_t from = random_below(other->size + 1);
	uint8_t bytes[16];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = random_below(2) ? (uint8_t)random_next()
					   : values[random_below(sizeof(values))];
	switch (random_below(6)) {
	case 0:
		if (at < current_size)
			current[at] ^= (uint8_t)(1u << random_below(8));
		break;
	case 1:
		if (at < current_size)
			current[at] = bytes[0];
		break;
	case 2:
		graft(at, 0, bytes, run);
		break;
	case 3:
		graft(at, run < current_size - at ? run : current_size - at, NULL, 0);
		break;
	case 4: /* a piece of another seed, over or between */
		run = random_below(other->size - from + 1);
		graft(at, random_below(2) ? 0 : random_below(current_size - at + 1),
		      other->bytes + from, run);
		break;
	default: /* an end too early */
		current_size = at;
	}
}

static double now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static unsigned long fuzz_for(double seconds)
{
	double end = now() + seconds;
	unsigned long runs = 0;

	while (now() < end) {
		set_current(&seeds.at[random_below(seeds.len)]);
		for (size_t i = random_below(8) + 1; i > 0; i--)
			mutate();
		feed();
		runs++;
	}
	return runs;
}

static void feed_seeds(void)
{
	vec_each (seed, &seeds) {
		set_current(seed);
		feed();
	}
}

int main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	const char *name = slash ? slash + 1 : argv[0];
	char *end = NULL;
	double seconds = argc > 1 ? strtod(argv[1], &end) : 5;
	bool files = argc > 1 && *end;
	const char *build = getenv("BUILD");
	char folder[512];
	unsigned long runs;

	if (!strncmp(name, "fuzz_", 5))
		name += 5;
	snprintf(crash_path, sizeof(crash_path), "%s/crash-%s", build ? build : "build", name);
	__sanitizer_set_death_callback(keep_crash);
	signal(SIGABRT, on_signal);
	signal(SIGALRM, on_signal);
	for (int i = 1; files && i < argc; i++)
		add_seed(argv[i]);
	if (files) {
		feed_seeds();
		return 0;
	}
	snprintf(folder, sizeof(folder), "tests/fuzz/seeds/%s", name);
	add_folder(folder);
	state = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)time(NULL) * 2654435761u;
	state |= 1;
	printf("fuzz_%s: %zu seeds, random seed %llu\n", name, seeds.len,
	       (unsigned long long)state);
	fflush(stdout);
	feed_seeds();
	if (!seeds.len)
		vec_add(&seeds); /* an empty one: mutations begin from nothing */
	runs = fuzz_for(seconds);
	printf("ok fuzz_%s (%lu inputs)\n", name, runs);
	vec_each (seed, &seeds)
		free(seed->bytes);
	vec_free(&seeds);
	return 0;
}
