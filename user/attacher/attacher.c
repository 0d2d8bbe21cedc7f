/* SPDX-License-Identifier: Apache-2.0 */
#include "attacher/attacher.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
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
	a->channel = ends[0];
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
		a->channel = -1;
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
	if (a->channel >= 0)
		close(a->channel);
	keeper_end(a->keeper);
	free(a);
}

/* ---- what others ask ---- */

bool attacher_health(struct attacher *a, const char **fact, const char **message)
{
	static char text[128];

	line_look(a); /* nobody may have asked it for anything since it ended */
	if (a->gone && !a->told_gone) {
		a->told_gone = true;
		*fact = "attacher_gone";
		*message = "nobody attaches any more: what is watched stays so, interfaces that "
			   "come are not watched until weir starts anew";
		return true;
	}
	if (!a->untold)
		return false;
	a->untold = false;
	snprintf(text, sizeof(text), "the process that attaches was started anew: %s", a->reason);
	*fact = "attacher_restarted";
	*message = text;
	return true;
}

json_t *attacher_status(const struct attacher *a, bool *degraded)
{
	json_t *status =
		json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f}", "on", !a->gone,
			  "pid", (json_int_t)a->pid, "keeper", (json_int_t)a->keeper, "restarts",
			  (json_int_t)a->restarts, "asked", (json_int_t)a->asked, "not_asked",
			  (json_int_t)a->unasked, "unanswered", (json_int_t)a->unanswered,
			  "malformed", (json_int_t)a->malformed, "wait_mean_us",
			  a->asked ? (double)a->waited / WEIR_USEC / (double)a->asked : 0.0,
			  "wait_max_ms", (double)a->longest / WEIR_MSEC);

	if (a->restarts)
		json_object_set_new(status, "last_reason", json_string(a->reason));
	*degraded = *degraded || a->gone || a->behind ||
		    (a->restarts && time_boot() - a->restarted < WEIR_MIN);
	return status;
}
