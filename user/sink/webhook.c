/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "sink/http_sink.h"
#include "sink/webhook_body.h"

/* Detections to a program of the user's, a chat, or an Alertmanager. */

#define ANSWER_MAX  4096
#define BATCH_BYTES (1u << 20)
#define ALERTS	    64 /* in one request */

static uint32_t webhook_kinds(const void *options)
{
	(void)options;
	return 1u << OUT_DETECTION;
}

static bool wants_announced(const void *options, const struct out *out)
{
	const struct webhook_options *w = options;

	return out->kind == OUT_DETECTION && out->announce && out->severity >= w->level;
}

/* An alert is to end, too. */
static bool wants_closed(const void *options, const struct out *out)
{
	const struct webhook_options *w = options;

	return wants_announced(options, out) ||
	       (out->kind == OUT_DETECTION && out->change == DETECTION_CLOSED &&
		out->severity >= w->level);
}

static bool webhook_element(const void *options, const struct out *out, struct arena *arena,
			    struct spool_record *record)
{
	const struct webhook_options *w = options;

	record->id = out->id;
	record->body = webhook_bodies[w->format](out, w->link, record->at, arena);
	record->length = record->body ? strlen(record->body) : 0;
	return record->body;
}

#define FORM                                                                                       \
	.name = "webhook", .content_type = "application/json", .kinds = webhook_kinds,             \
	.bytes = BATCH_BYTES, .answer_max = ANSWER_MAX, .element = webhook_element

static const struct http_form forms[] = {
	[WEBHOOK_JSON] = {FORM, .records = 1, .wants = wants_announced},
	[WEBHOOK_SLACK] = {FORM, .records = 1, .wants = wants_announced},
	[WEBHOOK_ALERTMANAGER] = {FORM, .records = ALERTS, .wants = wants_closed, .before = "[",
				  .between = ",", .behind = "]"},
};

int sink_webhook_open(struct sink **sink, const struct webhook_options *options,
		      const struct network_options *network, struct error *error)
{
	const struct http_sink_options http = {&forms[options->format], options, &options->http,
					       NULL, options->queue};

	return http_sink_open(sink, &http, network, error);
}
