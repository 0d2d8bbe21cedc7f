/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/http_sink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sink/relay.h"

struct http_sink {
	struct relay_ops ops; /* with the form's numbers */
	const struct http_form *form;
	const void *options;
	struct post *post;
	struct arena body; /* the deliverer's */
};

static bool http_wants(void *context, const struct out *out)
{
	const struct http_sink *h = context;

	return h->form->wants(h->options, out);
}

static bool http_encode(void *context, struct out *out, struct arena *arena,
			struct spool_record *record)
{
	const struct http_sink *h = context;

	return h->form->element(h->options, out, arena, record);
}

static char *put(char *at, const char *text, size_t length)
{
	memcpy(at, text, length);
	return at + length;
}

static const char *or_nothing(const char *text)
{
	return text ? text : "";
}

/* `n` elements as one body, its length in *length; NULL without memory. */
static const char *body_of(struct http_sink *h, const struct spool_record *records, size_t n,
			   size_t *length)
{
	const char *before = or_nothing(h->form->before), *between = or_nothing(h->form->between);
	const char *behind = or_nothing(h->form->behind);
	size_t room = strlen(before) + strlen(behind);
	char *body, *at;

	for (size_t i = 0; i < n; i++)
		room += records[i].length + strlen(between);
	arena_reset(&h->body);
	at = body = arena_alloc(&h->body, room + 1);
	if (!body)
		return NULL;
	at = put(at, before, strlen(before));
	for (size_t i = 0; i < n; i++) {
		at = i ? put(at, between, strlen(between)) : at;
		at = put(at, records[i].body, records[i].length);
	}
	at = put(at, behind, strlen(behind));
	*length = (size_t)(at - body);
	return body;
}

static bool expired(void *context)
{
	return relay_expired(context);
}

/* Sends them as one request; *done of them are finished with then. */
static enum post_verdict send_part(struct http_sink *h, struct relay *relay,
				   struct spool_record *records, size_t n, size_t *done,
				   struct relay_outcome *outcome)
{
	size_t length;
	const char *body = body_of(h, records, n, &length);
	struct post_answer answer;
	enum post_verdict verdict;

	*done = 0;
	if (!body) {
		error_set(&outcome->error, EXIT_SYSTEM, ENOMEM, "%s: no memory for a request",
			  h->form->name);
		return POST_AGAIN;
	}
	post_send(h->post, body, length, expired, relay, &answer);
	verdict = post_verdict(&answer);
	outcome->asked = answer.asked;
	if (verdict != POST_DONE)
		outcome->error = answer.error;
	else if (h->form->read)
		*done = h->form->read(&answer, records, n, post_server(h->post), &outcome->error);
	else
		*done = n;
	if (verdict == POST_REFUSED && n == 1) {
		records->refused = true;
		*done = 1;
	}
	return verdict;
}

/* Where several are refused they go one by one: one that is bad does not take others with it. */
static void http_deliver(void *context, struct relay *relay, struct spool_batch *batch,
			 struct relay_outcome *outcome)
{
	bool alone = false;

	while (outcome->done < batch->list.len) {
		size_t n = alone ? 1 : batch->list.len - outcome->done, done;
		enum post_verdict verdict = send_part(
			context, relay, &batch->list.at[outcome->done], n, &done, outcome);

		outcome->done += done;
		if (verdict == POST_AGAIN || (verdict == POST_DONE && done < n))
			return;
		alone = alone || verdict == POST_REFUSED;
	}
}

static void http_tell(void *context, json_t *status)
{
	const struct http_sink *h = context;

	json_object_set_new(status, "server", json_string(post_server(h->post)));
}

static void http_free(void *context)
{
	struct http_sink *h = context;

	post_close(h->post);
	arena_free(&h->body);
	free(h);
}

static int open_post(struct http_sink *h, const struct http_sink_options *options,
		     const struct network_options *network, struct error *error)
{
	const struct http_options *http = options->http;
	const struct post_options post = {
		.name = h->form->name,
		.url = http->url,
		.url_file = http->url_file,
		.path = options->path,
		.content_type = h->form->content_type,
		.headers = http->headers,
		.token_file = http->token_file,
		.ca_file = http->ca_file,
		.timeout_ms = (unsigned)(http->timeout / WEIR_MSEC),
		.answer_max = h->form->answer_max,
		.own_socket = network->own_socket,
		.context = network->context,
	};

	return post_open(&h->post, &post, error);
}

int http_sink_open(struct sink **sink, const struct http_sink_options *options,
		   const struct network_options *network, struct error *error)
{
	const struct http_form *form = options->form;
	struct http_sink *h = calloc(1, sizeof(*h));
	int err;

	if (!h)
		return error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for %s", form->name);
	h->form = form;
	h->options = options->options;
	h->ops = (struct relay_ops){
		form->name,  form->records, form->bytes, http_wants,
		http_encode, http_deliver,  http_tell,	 http_free,
	};
	err = open_post(h, options, network, error);
	if (!err) {
		const struct relay_options relay = {
			&h->ops,
			h,
			form->kinds(options->options),
			options->queue,
			{network->spool, form->name, network->spool_bytes},
		};

		err = relay_open(sink, &relay, error);
	}
	if (err)
		http_free(h);
	return err;
}
