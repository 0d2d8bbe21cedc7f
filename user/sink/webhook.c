/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sink/post.h"
#include "sink/relay.h"
#include "sink/webhook_body.h"

/* Detections by HTTP POST to a program of the user's, a chat, or an Alertmanager. */

#define ANSWER_MAX  4096 /* bytes that are read of it */
#define BATCH_BYTES (1u << 20)

struct webhook {
	struct relay_ops ops; /* with the form's number of records */
	struct webhook_options options;
	const struct webhook_form *form;
	struct post *post;
	struct arena body; /* the deliverer's */
};

static bool webhook_wants(void *context, const struct out *out)
{
	const struct webhook *w = context;

	return out->kind == OUT_DETECTION && out->severity >= w->options.level &&
	       (out->announce || (w->form->closed && out->change == DETECTION_CLOSED));
}

static bool webhook_encode(void *context, struct out *out, struct arena *arena,
			   struct spool_record *record)
{
	const struct webhook *w = context;

	record->id = out->id;
	record->body = w->form->body(out, w->options.link, record->at, arena);
	record->length = record->body ? strlen(record->body) : 0;
	return record->body;
}

/* `n` elements as one array; NULL without memory. */
static const char *array_of(struct webhook *w, const struct spool_record *records, size_t n)
{
	size_t length = 2, at = 0;
	char *body;

	for (size_t i = 0; i < n; i++)
		length += records[i].length + 1;
	arena_reset(&w->body);
	body = arena_alloc(&w->body, length);
	if (!body)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		body[at++] = i ? ',' : '[';
		memcpy(body + at, records[i].body, records[i].length);
		at += records[i].length;
	}
	body[at] = ']';
	return body;
}

static bool expired(void *context)
{
	return relay_expired(context);
}

static enum post_verdict send_part(struct webhook *w, struct relay *relay,
				   const struct spool_record *records, size_t n,
				   struct relay_outcome *outcome)
{
	const char *body = w->form->array ? array_of(w, records, n) : records->body;
	struct post_answer answer;
	enum post_verdict verdict;

	if (!body) {
		error_set(&outcome->error, EXIT_SYSTEM, ENOMEM, "webhook: no memory for a request");
		return POST_AGAIN;
	}
	post_send(w->post, body, strlen(body), expired, relay, &answer);
	verdict = post_verdict(&answer);
	if (verdict != POST_DONE)
		outcome->error = answer.error;
	outcome->asked = answer.asked;
	return verdict;
}

/* Where several are refused they go one by one: one that is bad does not take others with it. */
static void webhook_deliver(void *context, struct relay *relay, struct spool_batch *batch,
			    struct relay_outcome *outcome)
{
	bool alone = false;

	while (outcome->done < batch->list.len) {
		struct spool_record *records = &batch->list.at[outcome->done];
		size_t n = alone ? 1 : batch->list.len - outcome->done;
		enum post_verdict verdict = send_part(context, relay, records, n, outcome);

		if (verdict == POST_AGAIN)
			return;
		if (verdict == POST_REFUSED && n > 1) {
			alone = true;
			continue;
		}
		for (size_t i = 0; i < n; i++)
			records[i].refused = verdict == POST_REFUSED;
		outcome->done += n;
	}
}

static void webhook_tell(void *context, json_t *status)
{
	const struct webhook *w = context;

	json_object_set_new(status, "server", json_string(post_server(w->post)));
}

static void webhook_free(void *context)
{
	struct webhook *w = context;

	post_close(w->post);
	arena_free(&w->body);
	free(w);
}

int sink_webhook_open(struct sink **sink, const struct webhook_options *options,
		      const struct network_options *network, struct error *error)
{
	struct webhook *w = calloc(1, sizeof(*w));
	const struct http_options *http = &options->http;
	const struct post_options post = {
		"webhook",	  http->url,
		http->url_file,	  "application/json",
		http->headers,	  http->token_file,
		http->ca_file,	  (unsigned)(http->timeout / WEIR_MSEC),
		ANSWER_MAX,	  network->own_socket,
		network->context,
	};
	int err;

	if (!w)
		return error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for the webhook");
	w->options = *options;
	w->form = &webhook_forms[options->format];
	w->ops = (struct relay_ops){
		"webhook",	w->form->records, BATCH_BYTES,	webhook_wants,
		webhook_encode, webhook_deliver,  webhook_tell, webhook_free,
	};
	err = post_open(&w->post, &post, error);
	if (!err) {
		const struct relay_options relay = {
			&w->ops,
			w,
			1u << OUT_DETECTION,
			options->queue,
			{network->spool, "webhook", network->spool_bytes},
		};

		err = relay_open(sink, &relay, error);
	}
	if (err)
		webhook_free(w);
	return err;
}
