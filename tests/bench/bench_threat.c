/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a million indicators take, resident, alone and while they are read anew; and what a look
 * costs with a thousand and with a million of them. One JSON object a line.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "threat/set.h"

#define LOOKS 2000000

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void print(const char *name, double value, const char *unit, const char *against)
{
	printf("{\"name\": \"%s\", \"value\": %.1f, \"unit\": \"%s\", \"against\": \"%s\"}\n", name,
	       value, unit, against);
}

static uint32_t mix(uint32_t n)
{
	n = (n ^ n >> 16) * 0x7feb352du;
	n = (n ^ n >> 15) * 0x846ca68bu;
	return n ^ n >> 16;
}

/* Mostly addresses and networks, a third names, some URLs and hashes. */
static void write_one(FILE *file, uint32_t n)
{
	uint32_t a = 0x17000000u + mix(n) % 0x08000000u;

	if (n % 10 < 5)
		fprintf(file, "%u.%u.%u.%u\n", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255);
	else if (n % 10 == 5)
		fprintf(file, "%u.%u.%u.0/%u\n", a >> 24, a >> 16 & 255, a >> 8 & 255, 24 - n % 8);
	else if (n % 10 < 9)
		fprintf(file, "%s%08x.example\n", n % 3 ? "www." : "", mix(n));
	else if (n % 20 == 9)
		fprintf(file, "hxxp://%08x[.]example/a/%u\n", mix(n), n);
	else
		fprintf(file, "%08x%08x%08x%08x%08x%08x%08x%08x\n", mix(n), n, n, n, n, n, n, n);
}

static size_t peak_bytes(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (size_t)usage.ru_maxrss * 1024;
}

/* Of addresses and names, one of four listed. */
static double look_ns(const struct threat *threat, uint32_t listed)
{
	static struct indicator address = {.kind = INDICATOR_ADDRESS},
				name = {.kind = INDICATOR_DOMAIN};
	double began = cpu_seconds();
	struct threat_hit hit;
	unsigned found = 0;

	for (uint32_t i = 0; i < LOOKS / 2; i++) {
		uint32_t n = mix(i) % (4 * listed), a = 0x17000000u + mix(n) % 0x08000000u;

		address.network = (struct network){addr_from_v4(__builtin_bswap32(a)), 128};
		found += threat_match(threat, &address, 0, &hit);
		name.length = (uint32_t)sprintf(name.text, "cdn.www.%08x.example", mix(n));
		found += threat_match(threat, &name, 0, &hit);
	}
	if (!found)
		fputs("bench_threat: nothing is found\n", stderr);
	return (cpu_seconds() - began) * 1e9 / LOOKS;
}

static struct threat *read_lists(const char *path, uint32_t count)
{
	const struct threat_list_options list = {.path = path, .name = "bench", .format = "auto"};
	const struct threat_options options = {&list, 1, 2000000};
	FILE *file = fopen(path, "w");

	for (uint32_t n = 0; file && n < count; n++)
		write_one(file, n);
	return file && !fclose(file) ? threat_open(&options) : NULL;
}

/* As the thread that watches does: a second set beside the first. */
static int read_beside(const char *path)
{
	const struct threat_list_options list = {.path = path, .name = "bench", .format = "auto"};
	const struct threat_options options = {&list, 1, 2000000};
	struct threat_set *set = threat_set_new(&options);
	int err = set ? threat_set_read(set, NULL, true) : -1;

	threat_set_free(set);
	return err;
}

int main(void)
{
	char path[] = "/tmp/weir-bench-XXXXXX";
	size_t indicators, bytes, before;
	struct threat *small, *large;
	double few, many, began;

	close(mkstemp(path));
	small = read_lists(path, 1000);
	few = small ? look_ns(small, 1000) : 0;
	before = peak_bytes();
	began = cpu_seconds();
	large = read_lists(path, 1000000);
	if (!small || !large) {
		fputs("bench_threat: the lists cannot be read\n", stderr);
		return 1;
	}
	print("threat.million.read_seconds", cpu_seconds() - began, "CPU s",
	      "written and read: 50 % addresses, 10 % networks, 30 % domains, URLs, hashes");
	threat_sizes(large, &indicators, &bytes);
	print("threat.million.indicators", (double)indicators, "indicators", "of 1,000,000 lines");
	print("threat.million.bytes", (double)bytes, "bytes", "at most 104,857,600");
	print("threat.million.peak_bytes", (double)(peak_bytes() - before), "bytes",
	      "resident while they are read");
	if (read_beside(path))
		return 1;
	print("threat.million.again_peak_bytes", (double)(peak_bytes() - before), "bytes",
	      "resident while they are read anew");
	many = look_ns(large, 1000000);
	print("threat.lookup.ns", many, "ns", "a name or an address held against a million");
	print("threat.lookup.ns_ratio", few > 0 ? many / few : 0, "times", "against a thousand");
	threat_close(small);
	threat_close(large);
	unlink(path);
	return 0;
}
