/* SPDX-License-Identifier: Apache-2.0 */
#include "attacher/attacher.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "attacher/inside.h"
#include "confine/confine.h"

/* ---- opening ---- */

static int start(struct attacher *a)
{
	const struct keeper_kept kept = {
		.name = "weir-attacher",
		.rights = UINT64_C(1) << CAP_NET_ADMIN | confine_use_maps(),
		.become = attacher_become,
	};
	int ends[2], err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return -errno;
	a->line.channel = ends[0];
	a->keeper = keeper_start(&kept, &ends[1], 1);
	err = a->keeper < 0 ? a->keeper : 0;
	close(ends[1]);
	return err;
}

int attacher_open(struct attacher **out, struct error *error)
{
	struct attacher *a = calloc(1, sizeof(*a));
	int err = a ? 0 : -ENOMEM;

	if (a) {
		a->line.channel = -1;
		err = start(a);
	}
	if (!err) {
		*out = a;
		return 0;
	}
	attacher_close(a);
	return error_set(error, EXIT_SYSTEM, -err, "cannot start a process that attaches: %s",
			 strerror(-err));
}

void attacher_close(struct attacher *a)
{
	if (!a)
		return;
	if (a->line.channel >= 0)
		close(a->line.channel);
	keeper_end(a->keeper);
	free(a);
}

/* ---- what others ask ---- */

const struct kept_words attacher_kept_words = {
	.what = "the process that attaches",
	.restarted_fact = "attacher_restarted",
	.gone_fact = "attacher_gone",
	.gone = "nobody attaches any more: what is watched stays so, interfaces that come are not "
		"watched until weir starts anew",
};

bool attacher_health(struct attacher *a, const char **fact, const char **message)
{
	line_look(a); /* nobody may have asked it for anything since it ended */
	return kept_lives_health(&a->lives, &attacher_kept_words, a->line.gone, fact, message);
}

json_t *attacher_status(const struct attacher *a, bool *degraded)
{
	return kept_status(&a->lives, a->keeper, &a->line, degraded);
}
