/* SPDX-License-Identifier: Apache-2.0 */
/* From this weir to the next. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "capture/live/instance.h"
#include "watch.h"

static int offer(void *context, int fd)
{
	struct watch *watch = context;

	return live_offer(watch->live, fd);
}

/* What was told is taken, and nothing more until it is known who goes on. The decoders' process
 * ends: the next one reads the ring. */
static int give(void *context, int fd)
{
	struct watch *watch = context;
	uint64_t held = watch->decoding ? decoding_held(watch->decoding) : 0;

	watch_live(watch);
	watch_logins(watch);
	watch_decoding_close(watch);
	watch->decoding = NULL;
	watch->fds[WAIT_DECODING] = -1;
	return live_give(watch->live, fd, held, pipeline_give_sections(watch->pipeline),
			 pipeline_give, watch->pipeline);
}

static void go_on(void *context, const char *why)
{
	struct watch *watch = context;
	struct error error = {0};
	char message[160];

	live_keep(watch->live);
	if (watch_decoding_open(watch, watch->config, &error))
		log_error("%s", error.text);
	else if (watch->decoding &&
		 !watch_wait_for(watch, WAIT_DECODING, decoding_fd(watch->decoding)))
		log_error("cannot wait for what is decoded: %s", strerror(errno));
	snprintf(message, sizeof(message), "another weir did not take over (%s): this one goes on",
		 why);
	log_warn("%s", message);
	pipeline_health(watch->pipeline, live_now(watch->live), "hand_over_failed", message);
}

static void handed(void *context)
{
	struct watch *watch = context;

	log_info("another weir goes on with what is here");
	watch->handed = true;
	watch_make_room(watch);
}

static void leave_to(void *context, const char *why)
{
	struct watch *watch = context;

	log_info("another weir takes over, and begins anew: %s", why);
	watch_make_room(watch);
}

bool watch_converse(void *context, const char *request, int fd)
{
	struct watch *watch = context;

	if (strcmp(request, INSTANCE_HAND_OVER) || watch->stopping)
		return false;
	handing_begin(&watch->handing, fd);
	if (watch->handing.fd == fd && !watch_wait_for(watch, WAIT_HANDING, fd))
		handing_close(&watch->handing);
	return true;
}

void watch_handing(struct watch *watch)
{
	handing_run(&watch->handing);
	watch->fds[WAIT_HANDING] = watch->handing.fd;
}

void watch_handing_open(struct watch *watch)
{
	const struct handing_ops next = {offer, give, go_on, handed, leave_to, watch};

	handing_open(&watch->handing, &next);
}
