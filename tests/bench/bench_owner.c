/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What knowing processes costs: processor time of one TCP connection on lo (both ends: connect,
 * accept, close) with the owner programs attached and without, in turn; of each the median round
 * counts. And the memory of 100,000 processes and of what 500,000 flows hold of theirs.
 */

#include <arpa/inet.h>
#include <malloc.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "capture/live/inside.h"
#include "capture/live/owners_inside.h"

#define ROUNDS	    21
#define CONNECTIONS 2000
#define PORT	    7999

#define PROCESSES 100000
#define FLOWS	  500000

static void print(const char *name, double value, const char *unit, const char *against)
{
	printf("{\"name\": \"owner.%s\", \"value\": %.3f, \"unit\": \"%s\", \"against\": \"%s\"}\n",
	       name, value, unit, against);
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double median(double *values)
{
	qsort(values, ROUNDS, sizeof(*values), compare);
	return values[ROUNDS / 2];
}

/* ---- connections ---- */

static const struct sockaddr_in *place(void)
{
	static struct sockaddr_in at;

	at.sin_family = AF_INET;
	at.sin_port = htons(PORT);
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return &at;
}

static int open_listener(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)place(), sizeof(struct sockaddr_in)) ||
	    listen(fd, 64))
		return -1;
	return fd;
}

/* Ends by reset, so that no ports are used up. */
static bool one_connection(int listener)
{
	const struct linger reset = {.l_onoff = 1};
	struct sockaddr_in peer;
	socklen_t length = sizeof(peer);
	int client = socket(AF_INET, SOCK_STREAM, 0), server;

	if (connect(client, (const struct sockaddr *)place(), sizeof(struct sockaddr_in)))
		return false;
	server = accept(listener, (struct sockaddr *)&peer, &length);
	setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(client);
	close(server);
	return server >= 0;
}

static double used_us(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_stime.tv_sec + u.ru_utime.tv_sec) * 1e6 +
	       (double)(u.ru_stime.tv_usec + u.ru_utime.tv_usec);
}

/* Processor time of a connection, us; softirqs of lo run in the process that sends. */
static double round_us(int listener)
{
	double before = used_us();
	unsigned i;

	for (i = 0; i < CONNECTIONS; i++)
		if (!one_connection(listener))
			return -1;
	return (used_us() - before) / CONNECTIONS;
}

static int drop_record(void *context, void *data, size_t size)
{
	(void)context;
	(void)data;
	(void)size;
	return 0;
}

static int measure_connections(struct owners_kernel *kernel, int root)
{
	double with[ROUNDS], without[ROUNDS];
	int listener = open_listener();
	unsigned i;

	if (listener < 0 || round_us(listener) < 0)
		return -1;
	for (i = 0; i < ROUNDS; i++) {
		without[i] = round_us(listener);
		if (!owners_kernel_open(kernel, root, drop_record, NULL))
			return -1;
		round_us(listener);
		with[i] = round_us(listener);
		owners_kernel_close(kernel);
	}
	print("connect.added_us", median(with) - median(without), "us", "at most 3");
	print("connect.ratio", median(with) / median(without), "ratio", "");
	close(listener);
	return 0;
}

/* ---- memory ---- */

static void fill_processes(struct processes *processes)
{
	char command[128], path[64];
	const struct program_facts facts = {
		.name = "worker", .executable = path, .command_line = command, .folder = "/srv"};
	uint32_t pid;

	for (pid = 1; pid <= PROCESSES; pid++) {
		const struct process_birth birth = {.id = {.pid = pid, .start = pid},
						    .parent = {.pid = pid / 2, .start = pid / 2}};
		struct process *process = process_add(processes, &birth);

		snprintf(path, sizeof(path), "/usr/lib/service/worker-%u", pid);
		snprintf(command, sizeof(command),
			 "%s --config /etc/service/worker.conf --number %u", path, pid);
		if (process)
			process_runs(processes, process, &facts);
	}
}

/* What struct flow and struct known have of processes. */
#define FLOW_OWNER_BYTES                                                                           \
	(sizeof(((struct flow *)NULL)->owner) + sizeof(((struct known *)NULL)->cookie) +           \
	 sizeof(((struct known *)NULL)->settled) + sizeof(((struct known *)NULL)->asked))

static int measure_memory(void)
{
	size_t before = mallinfo2().uordblks + mallinfo2().hblkhd, used;
	struct processes *processes = processes_new(&(struct processes_options){0});
	struct processes_stats stats;

	if (!processes)
		return -1;
	fill_processes(processes);
	processes_stats(processes, &stats);
	if (stats.processes != PROCESSES || stats.refused)
		return -1;
	used = mallinfo2().uordblks + mallinfo2().hblkhd - before;
	print("memory.bytes", (double)(used + FLOWS * FLOW_OWNER_BYTES), "bytes", "");
	print("memory.process_bytes", (double)used / PROCESSES, "bytes", "");
	processes_free(processes);
	return 0;
}

int main(void)
{
	struct owners_kernel kernel = {0};
	int root;

	if (measure_memory()) {
		fprintf(stderr, "bench_owner: the table refuses processes\n");
		return 1;
	}
	if (unshare(CLONE_NEWNET) || system("ip link set lo up"))
		return 1;
	root = cgroups_open_root();
	if (root < 0 || measure_connections(&kernel, root)) {
		fprintf(stderr, "bench_owner: %s\n", kernel.why[0] ? kernel.why : "no connections");
		return 1;
	}
	close(root);
	return 0;
}
