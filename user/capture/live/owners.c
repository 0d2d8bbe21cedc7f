/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/live/owners.h"

#include <arpa/inet.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capture/live/clock.h"
#include "capture/live/owners_inside.h"
#include "host/host.h"
#include "procfs/procfs.h"

/* ---- opening ---- */

/* A socket of our own tells in which network namespace we are: the kernel's word for it is newer
 * than the programs' (5.14 and 5.7). */
static uint64_t own_netns(const struct owners *o)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct owner_socket socket = {0};
	uint64_t cookie = 0;
	socklen_t length = sizeof(cookie);

	if (fd >= 0 && !getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &length))
		owners_kernel_socket(&o->kernel, cookie, &socket);
	if (fd >= 0)
		close(fd);
	return socket.netns;
}

#define EPHEMERAL_DEFAULT 32768

static uint16_t read_ephemeral(void)
{
	FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
	unsigned low = 0;

	if (file && fscanf(file, "%u", &low) != 1)
		low = 0;
	if (file)
		fclose(file);
	return low && low <= UINT16_MAX ? (uint16_t)low : EPHEMERAL_DEFAULT;
}

static bool open_parts(struct owners *o)
{
	const struct processes_options options = {0};
	const struct host_options host = {
		.root = o->options.root, .words = procfs_words, .context = o->options.procfs};

	o->processes = processes_new(&options);
	o->listeners = o->processes ? listeners_new(o->processes) : NULL;
	o->teller.host = host_facts_new(&host);
	o->teller.owns = procfs_owns;
	o->teller.context = o->options.procfs;
	o->teller.pods = o->options.pods;
	return o->listeners && o->teller.host;
}

static void open_kernel(struct owners *o)
{
	if (o->options.off) {
		snprintf(o->kernel.why, sizeof(o->kernel.why), "%s", o->options.off);
		return;
	}
	o->root = cgroups_open_root();
	if (o->root < 0) {
		o->root = -1;
		snprintf(o->kernel.why, sizeof(o->kernel.why),
			 "no cgroup2 hierarchy is mounted: mount -t cgroup2 none "
			 "/sys/fs/cgroup/unified");
		return;
	}
	o->teller.cgroups = cgroups_new(procfs_cgroup, o->options.procfs);
	if (!owners_kernel_open(&o->kernel, o->root, owners_record, o))
		return;
	o->netns = own_netns(o);
	o->ephemeral = read_ephemeral();
	o->offset = time_now() - time_boot();
	owners_seed(o);
}

struct owners *owners_open(const struct owners_options *options)
{
	struct owners *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->options = *options;
	o->root = -1;
	if (!open_parts(o)) {
		owners_close(o);
		return NULL;
	}
	open_kernel(o);
	return o;
}

void owners_close(struct owners *o)
{
	if (!o)
		return;
	owners_kernel_close(&o->kernel);
	listeners_free(o->listeners);
	processes_free(o->processes);
	cgroups_free(o->teller.cgroups);
	host_facts_free(o->teller.host);
	if (o->root >= 0)
		close(o->root);
	free(o);
}

/* ---- while it runs ---- */

int owners_fd(const struct owners *o)
{
	return o->kernel.ring ? ring_buffer__epoll_fd(o->kernel.ring) : -1;
}

void owners_drain(struct owners *o, const struct live_clock *clock)
{
	uint64_t now = (uint64_t)clock->newest.boot;

	o->offset = clock_from_boot(clock, now) - (weir_time)now;
	if (!o->kernel.ring)
		return;
	memset(o->strangers, 0, sizeof(o->strangers));
	ring_buffer__consume(o->kernel.ring);
	owners_records_end(o);
	owners_stdio_due(o, now);
	processes_advance(o->processes, now);
}

uint64_t owners_newest(const struct owners *o)
{
	return o->newest;
}

void owners_told(struct owners *o, uint64_t boot)
{
	o->told = boot;
}

struct process *owners_find(struct owners *o, uint64_t cookie)
{
	struct owner_socket socket;
	struct process *process;
	uint64_t *stranger;

	if (!cookie || !o->kernel.skeleton)
		return NULL;
	stranger = &o->strangers[cookie % OWNERS_STRANGERS];
	if (*stranger == cookie || !owners_kernel_socket(&o->kernel, cookie, &socket)) {
		*stranger = cookie;
		o->counts.sockets_unknown++;
		return NULL;
	}
	o->counts.sockets_found++;
	process = owners_process(o, &socket.by);
	return process ? process_hold(o->processes, process) : NULL;
}

struct process *owners_listening(struct owners *o, const struct flow_key *key, unsigned side)
{
	const struct listener *listener;
	struct addr addr;

	if (!o->netns)
		return NULL;
	memcpy(addr.byte, key->addr[side], sizeof(addr.byte));
	listener =
		listeners_find(o->listeners, o->netns, key->proto, &addr, ntohs(key->port[side]));
	return listener ? process_hold(o->processes, listener->process) : NULL;
}

struct process *owners_hold(struct owners *o, struct process *process)
{
	return process_hold(o->processes, process);
}

void owners_let(struct owners *o, struct process *process)
{
	process_let(o->processes, process);
}

void owners_put(struct owners *o, const struct process *process, struct event *event)
{
	process_put(&o->teller, process, event);
}

void owners_count(struct owners *o, bool attributed)
{
	if (attributed)
		o->counts.attributed++;
	else
		o->counts.unknown++;
}

/* ---- weir status ---- */

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *losses_json(const struct owners *o)
{
	static const char *const words[OWNER_LOSSES] = {
#define X(name, words_) [OWNER_LOST_##name] = words_,
		WEIR_OWNER_LOSSES(X)
#undef X
	};
	uint64_t losses[OWNER_LOSSES];
	json_t *object = json_object();
	unsigned i;

	owners_kernel_losses(&o->kernel, losses);
	for (i = 0; i < OWNER_LOSSES; i++)
		json_object_set_new(object, words[i], number(losses[i]));
	return object;
}

static json_t *processes_json(const struct owners *o)
{
	struct processes_stats s;

	processes_stats(o->processes, &s);
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "known",
			 number(s.processes), "ended", number(s.ended), "bytes", number(s.bytes),
			 "seen", number(s.added), "programs", number(s.programs), "evicted",
			 number(s.evicted), "refused", number(s.refused + s.no_memory),
			 "there_before", number(o->counts.seeded_processes), "gone_too_soon",
			 number(o->counts.gone));
}

static json_t *sockets_json(const struct owners *o)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "listening",
			 number(listeners_count(o->listeners)), "listening_refused",
			 number(listeners_refused(o->listeners)), "there_before",
			 number(o->counts.seeded_sockets), "found", number(o->counts.sockets_found),
			 "unknown", number(o->counts.sockets_unknown));
}

/* What the host's files say of programs and containers. */
static json_t *host_json(const struct owners *o)
{
	struct host_stats s;

	host_stats(o->teller.host, &s);
	procfs_packages(o->options.procfs, &s);
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "package_roots",
			 number(s.roots), "package_paths", number(s.paths), "package_bytes",
			 number(s.bytes), "indexed", number(s.indexed), "put_off",
			 number(s.put_off), "evicted_roots", number(s.evicted), "unreadable",
			 number(s.unreadable), "containers", number(s.containers),
			 "evicted_containers", number(s.containers_evicted), "users",
			 number(s.users));
}

json_t *owners_status(const struct owners *o)
{
	json_t *object = json_pack("{s:b}", "on", o->kernel.skeleton != NULL);

	if (!o->kernel.skeleton) {
		json_object_set_new(object, "why", json_string(o->kernel.why));
		return object;
	}
	json_object_set_new(object, "processes", processes_json(o));
	json_object_set_new(object, "sockets", sockets_json(o));
	json_object_set_new(object, "flows",
			    json_pack("{s:o, s:o}", "attributed", number(o->counts.attributed),
				      "unknown", number(o->counts.unknown)));
	json_object_set_new(object, "records", number(o->counts.records));
	json_object_set_new(object, "events", number(o->counts.events));
	json_object_set_new(object, "unchecked", number(o->counts.unchecked));
	json_object_set_new(object, "host", host_json(o));
	json_object_set_new(object, "lost", losses_json(o));
	return object;
}
