/* SPDX-License-Identifier: Apache-2.0 */
#include "base/usage.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* A line of /proc/PID/status (proc(5)): kilobytes are of 1,024. */
static void take_line(const char *line, struct usage *usage)
{
	uint64_t kib;

	if (sscanf(line, "VmRSS: %" SCNu64, &kib) == 1)
		usage->resident = kib << 10;
	else if (sscanf(line, "RssAnon: %" SCNu64, &kib) == 1)
		usage->own = kib << 10;
}

static int read_memory(pid_t pid, struct usage *usage)
{
	char path[40], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file))
		take_line(line, usage);
	fclose(file);
	return 0;
}

static weir_time cpu_time_of(pid_t pid)
{
	struct timespec time;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &time))
		return 0;
	return time.tv_sec * WEIR_SEC + time.tv_nsec;
}

int usage_of(pid_t pid, struct usage *usage)
{
	pid_t whose = pid ? pid : getpid();

	*usage = (struct usage){.cpu_time = cpu_time_of(whose)};
	return read_memory(whose, usage);
}

void usage_mark(struct usage_marks *marks, weir_time at, weir_time cpu_time)
{
	marks->before = marks->last;
	marks->last = (struct usage_mark){at, cpu_time};
}

double usage_percent(const struct usage_marks *marks, weir_time now, weir_time cpu_time)
{
	const struct usage_mark *since = marks->before.at ? &marks->before : &marks->last;

	if (now <= since->at || cpu_time < since->cpu_time)
		return 0;
	return 100.0 * (double)(cpu_time - since->cpu_time) / (double)(now - since->at);
}
