/* SPDX-License-Identifier: Apache-2.0 */
#include "procfs/procfs.h"

#include <errno.h>
#include <linux/capability.h>
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

const struct kept_words procfs_kept_words = {
	.what = "the process that looks into others",
	.restarted_fact = "procfs_restarted",
	.gone_fact = "procfs_gone",
	.gone = "nobody reads /proc any more: processes are known by name only until weir starts "
		"anew",
};

bool procfs_health(struct procfs *p, const char **fact, const char **message)
{
	return kept_lives_health(&p->lives, &procfs_kept_words, gone(p), fact, message);
}

/* The lane of files is another thread's: it is not read here. */
json_t *procfs_status(const struct procfs *p, bool *degraded)
{
	const struct kept_line *a = &p->lines[LANE_PROCESSES], *b = &p->lines[LANE_HOST];
	const struct kept_line sum = {
		.gone = gone(p),
		.behind = a->behind,
		.asked = a->asked + b->asked,
		.unasked = a->unasked + b->unasked,
		.unanswered = a->unanswered + b->unanswered,
		.malformed = a->malformed + b->malformed,
		.waited = a->waited + b->waited,
		.longest = a->longest > b->longest ? a->longest : b->longest,
	};

	return kept_status(&p->lives, p->keeper, &sum, degraded);
}
