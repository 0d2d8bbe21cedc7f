/* SPDX-License-Identifier: Apache-2.0 */
#include "procfs/procfs.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "procfs/inside.h"

/* ---- opening ---- */

static int start(struct procfs *p, const struct procfs_options *options)
{
	const struct keeper_kept kept = {
		.name = "weir-procfs",
		.rights = UINT64_C(1) << CAP_SYS_PTRACE | UINT64_C(1) << CAP_DAC_READ_SEARCH,
		.become = procfs_become,
		.context = (void *)options, /* read only */
	};
	int ends[LANES], err = 0, made = 0;

	for (; made < LANES && !err; made++) {
		int pair[2];

		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
			err = -errno;
			break;
		}
		p->lines[made].channel = pair[0];
		ends[made] = pair[1];
	}
	if (!err) {
		p->keeper = keeper_start(&kept, ends, LANES);
		err = p->keeper < 0 ? p->keeper : 0;
	}
	while (made)
		close(ends[--made]);
	return err;
}

int procfs_open(struct procfs **out, const struct procfs_options *options, struct error *error)
{
	struct procfs *p = calloc(1, sizeof(*p));
	int err = p ? 0 : -ENOMEM;

	if (p) {
		p->files = options->files;
		for (int lane = 0; lane < LANES; lane++)
			p->lines[lane].channel = -1;
		err = start(p, options);
	}
	if (!err) {
		*out = p;
		return 0;
	}
	procfs_close(p);
	return error_set(error, EXIT_SYSTEM, -err, "cannot start a process that reads /proc: %s",
			 strerror(-err));
}

void procfs_close(struct procfs *p)
{
	if (!p)
		return;
	for (int lane = 0; lane < LANES; lane++)
		if (p->lines[lane].channel >= 0)
			close(p->lines[lane].channel);
	keeper_end(p->keeper);
	free(p);
}

/* ---- what others ask ---- */

void procfs_packages(const struct procfs *p, struct host_stats *stats)
{
	stats->roots = p->packages.roots;
	stats->paths = p->packages.paths;
	stats->bytes = p->packages.bytes;
	stats->indexed = p->packages.indexed;
	stats->put_off = p->packages.put_off;
	stats->evicted = p->packages.evicted;
	stats->unreadable = p->packages.unreadable;
}

static bool gone(const struct procfs *p)
{
	return p->lines[LANE_PROCESSES].gone || p->lines[LANE_HOST].gone;
}

bool procfs_health(struct procfs *p, const char **fact, const char **message)
{
	static char text[128];

	if (gone(p) && !p->told_gone) {
		p->told_gone = true;
		*fact = "procfs_gone";
		*message = "nobody reads /proc any more: processes are known by name only until "
			   "weir starts anew";
		return true;
	}
	if (!p->untold)
		return false;
	p->untold = false;
	snprintf(text, sizeof(text), "the process that reads /proc was started anew: %s",
		 p->reason);
	*fact = "procfs_restarted";
	*message = text;
	return true;
}

/* The lane of files is another thread's: it is not read here. */
json_t *procfs_status(const struct procfs *p, bool *degraded)
{
	const struct procfs_line *a = &p->lines[LANE_PROCESSES], *b = &p->lines[LANE_HOST];
	uint64_t asked = a->asked + b->asked;
	weir_time longest = a->longest > b->longest ? a->longest : b->longest;
	json_t *status =
		json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f}", "on", !gone(p),
			  "pid", (json_int_t)p->pid, "keeper", (json_int_t)p->keeper, "restarts",
			  (json_int_t)p->restarts, "asked", (json_int_t)asked, "not_asked",
			  (json_int_t)(a->unasked + b->unasked), "unanswered",
			  (json_int_t)(a->unanswered + b->unanswered), "malformed",
			  (json_int_t)(a->malformed + b->malformed), "wait_mean_us",
			  asked ? (double)(a->waited + b->waited) / WEIR_USEC / (double)asked : 0.0,
			  "wait_max_ms", (double)longest / WEIR_MSEC);

	if (p->restarts)
		json_object_set_new(status, "last_reason", json_string(p->reason));
	*degraded = *degraded || gone(p) || a->behind ||
		    (p->restarts && time_boot() - p->restarted < WEIR_MIN);
	return status;
}
