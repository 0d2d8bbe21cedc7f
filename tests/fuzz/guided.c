/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What drives a fuzzer where clang brings libFuzzer, which looks for inputs that reach what none
 * reached before. The same command line as driver.c's:
 *
 *     fuzz_NAME [SECONDS]     tests/fuzz/seeds/NAME/ and what was found before, BUILD/found/NAME/
 *     fuzz_NAME FILE…         these files alone: to see a crash again
 *
 * What brought the program down is left in BUILD/crash-NAME-….
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*one)(const uint8_t *data, size_t size));

static const char *name;

/* The driver leaves by exit(). */
static void on_leaving(int status, void *context)
{
	(void)context;
	if (!status)
		printf("ok fuzz_%s\n", name);
}

int main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/'), *build = getenv("BUILD");
	static char seconds[64], crash[512], found[512], seeds[512];
	char *words[] = {argv[0],
			 seconds,
			 crash,
			 "-max_len=65536",
			 "-timeout=20",
			 "-verbosity=0",
			 "-print_final_stats=1",
			 found,
			 seeds,
			 NULL};
	char **all = words, *end = NULL;
	int count = sizeof(words) / sizeof(words[0]) - 1;
	double wanted = argc > 1 ? strtod(argv[1], &end) : 5;

	if (argc > 1 && *end)
		return LLVMFuzzerRunDriver(&argc, &argv, LLVMFuzzerTestOneInput);
	name = slash ? slash + 1 : argv[0];
	if (!strncmp(name, "fuzz_", 5))
		name += 5;
	build = build ? build : "build";
	snprintf(seconds, sizeof(seconds), "-max_total_time=%.0f", wanted < 1 ? 1 : wanted);
	snprintf(crash, sizeof(crash), "-artifact_prefix=%s/crash-%s-", build, name);
	snprintf(found, sizeof(found), "%s/found", build);
	mkdir(found, 0777);
	snprintf(found, sizeof(found), "%s/found/%s", build, name);
	mkdir(found, 0777);
	snprintf(seeds, sizeof(seeds), "tests/fuzz/seeds/%s", name);
	on_exit(on_leaving, NULL);
	return LLVMFuzzerRunDriver(&count, &all, LLVMFuzzerTestOneInput);
}
