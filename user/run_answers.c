/* SPDX-License-Identifier: Apache-2.0 */
/* What `weir run` answers to who calls. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "capture/live/instance.h"
#include "watch.h"

static json_t *lateness_json(const struct lateness *late, unsigned polls)
{
	return json_pack("{s:I, s:f, s:f, s:I}", "count", (json_int_t)polls, "late_last_ms",
			 (double)late->last / WEIR_MSEC, "late_max_ms",
			 (double)late->max / WEIR_MSEC, "late_over_10_ms", (json_int_t)late->over);
}

/* What weir costs; the child that decodes stands for itself, under `decoding`. */
static json_t *usage_json(const struct watch *watch)
{
	struct usage usage;

	usage_of(0, &usage);
	return json_pack("{s:I, s:I, s:f, s:f}", "memory_bytes", (json_int_t)usage.resident,
			 "own_memory_bytes", (json_int_t)usage.own, "cpu_seconds",
			 (double)usage.cpu_time / WEIR_SEC, "cpu_percent",
			 usage_percent(&watch->marks, time_boot(), usage.cpu_time));
}

json_t *watch_status(struct watch *watch)
{
	json_t *answer = pipeline_status(watch->pipeline);
	struct control_stats callers;
	char since[TIME_TEXT_MAX];
	bool degraded = false;

	json_object_set_new(answer, "cost", usage_json(watch));
	json_object_set_new(answer, "logins", logins_status(watch->logins, &degraded));
	control_stats(watch->control, &callers);
	json_object_set_new(answer, "control",
			    json_pack("{s:I, s:I, s:I}", "answered", (json_int_t)callers.answered,
				      "refused", (json_int_t)callers.refused, "cut",
				      (json_int_t)callers.cut));
	json_object_set_new(answer, "metrics", metrics_status(watch->metrics, &degraded));
	if (watch->kubernetes)
		json_object_set_new(answer, "kubernetes",
				    kubernetes_status(watch->kubernetes, &degraded));
	json_object_set_new(answer, "reload", reloader_status(watch->reloader, &degraded));
	json_object_set_new(answer, "privilege", privilege_status(watch->privilege, &degraded));
	if (degraded)
		json_object_set_new(answer, "health", json_string("degraded"));
	json_object_set_new(answer, "polls", lateness_json(&watch->late, watch->polls));
	json_object_set_new(answer, "version", json_string(WEIR_VERSION));
	json_object_set_new(answer, "pid", json_integer(getpid()));
	json_object_set_new(answer, "since", json_string(time_format(watch->since, since)));
	return answer;
}

static json_t *status(struct watch *watch, const char *words)
{
	(void)words;
	return watch_status(watch);
}

/* The answer to `weir reload`. */
static json_t *reload(struct watch *watch, const char *words)
{
	(void)words;
	return reloader_reload(watch->reloader, watch->pipeline);
}

void watch_make_room(struct watch *watch)
{
	watch->stopping = true;
	if (watch->options->made_room)
		*watch->options->made_room = true;
}

/* Another weir is prepared to take the place of this one. */
static json_t *leave(struct watch *watch, const char *words)
{
	(void)words;
	log_info("another weir takes over");
	watch_make_room(watch);
	return json_pack("{s:b}", INSTANCE_LEAVING, true);
}

/* "500 ssh": so many of the busiest connections, of those that have the word. */
static json_t *top(struct watch *watch, const char *words)
{
	char *filter;
	size_t limit = strtoul(words, &filter, 10);

	filter += strspn(filter, " ");
	return pipeline_top(watch->pipeline, time_boot(), limit, filter);
}

static const struct {
	const char *name;
	json_t *(*answer)(struct watch *watch, const char *words);
} requests[] = {{"status", status}, {"top", top}, {"reload", reload}, {INSTANCE_LEAVE, leave}};

/* A name, and words behind it. */
json_t *watch_answer(void *context, const char *request)
{
	size_t length = strcspn(request, " ");
	const char *words = request + length + strspn(request + length, " ");

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		if (strlen(requests[i].name) == length &&
		    !memcmp(requests[i].name, request, length))
			return requests[i].answer(context, words);
	return json_pack("{s:s}", "error", "unknown request: status, top or reload would be right");
}
