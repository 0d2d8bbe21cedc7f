/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "sink/document.h"
#include "sink/http_sink.h"

/* Records as documents of Elasticsearch or OpenSearch, by the API _bulk: a line that says what is
 * to be done, `create` with the record's id, and a line with the document. What is there already is
 * answered 409, and done. */

#define BATCH	    500
#define BATCH_BYTES (4u << 20)
#define ANSWER_MAX  (1u << 20)
#define INDEX_MAX   255

/* Of the answer what is read here: thus it stays small. */
#define WHAT "filter_path=errors,items.*.status,items.*.error.type,items.*.error.reason"

static uint32_t elastic_kinds(const void *options)
{
	return document_kinds(&((const struct elastic_options *)options)->choice);
}

static bool elastic_wants(const void *options, const struct out *out)
{
	return document_chosen(&((const struct elastic_options *)options)->choice, out);
}

const char *elastic_lines(const struct out *out, struct arena *arena, const char **id)
{
	struct document document;

	if (!document_of(out, arena, &document))
		return NULL;
	*id = document.id;
	/* Ids are weir's own: nothing in them needs to be escaped. */
	return arena_format(arena, "{\"create\":{\"_id\":\"%s\"}}\n%s\n", document.id,
			    document.json);
}

static bool elastic_element(const void *options, const struct out *out, struct arena *arena,
			    struct spool_record *record)
{
	(void)options;
	record->body = elastic_lines(out, arena, &record->id);
	record->length = record->body ? strlen(record->body) : 0;
	return record->body;
}

static const char *text_in(const json_t *error, const char *name)
{
	const char *text = json_string_value(json_object_get(error, name));

	return text ? text : "";
}

static void say_item(const json_t *item, long status, const char *server, struct error *error)
{
	const json_t *why = json_object_get(item, "error");

	error_set(error, EXIT_SYSTEM, EPROTO,
		  "elastic: %s answers %ld of a document: %.80s: %.200s", server, status,
		  text_in(why, "type"), text_in(why, "reason"));
}

/* Items stand in the order of the documents. */
static size_t read_items(const json_t *items, struct spool_record *records, size_t len,
			 const char *server, struct error *error)
{
	for (size_t i = 0; i < len; i++) {
		const json_t *item = json_object_get(json_array_get(items, i), "create");
		const struct post_answer one = {
			.status = (long)json_integer_value(json_object_get(item, "status"))};
		enum post_verdict verdict = one.status == 409 ? POST_DONE : post_verdict(&one);

		records[i].refused = verdict == POST_REFUSED;
		if (verdict != POST_DONE)
			say_item(item, one.status, server, error);
		if (verdict == POST_AGAIN)
			return i;
	}
	return len;
}

static size_t elastic_read(const struct post_answer *answer, struct spool_record *records,
			   size_t len, const char *server, struct error *error)
{
	json_t *whole = json_loads(answer->text, 0, NULL);
	const json_t *errors = json_object_get(whole, "errors");
	size_t done = 0;

	if (json_is_false(errors))
		done = len;
	else if (json_is_true(errors))
		done = read_items(json_object_get(whole, "items"), records, len, server, error);
	else
		error_set(error, EXIT_SYSTEM, EPROTO,
			  "elastic: %s does not answer as a _bulk is answered: is it one of "
			  "Elasticsearch or OpenSearch?",
			  server);
	json_decref(whole);
	return done;
}

static const struct http_form elastic_form = {
	.name = "elastic",
	.content_type = "application/x-ndjson",
	.kinds = elastic_kinds,
	.records = BATCH,
	.bytes = BATCH_BYTES,
	.answer_max = ANSWER_MAX,
	.wants = elastic_wants,
	.element = elastic_element,
	.read = elastic_read,
};

int sink_elastic_open(struct sink **sink, const struct elastic_options *options,
		      const struct network_options *network, struct error *error)
{
	static const char fine[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
	char path[INDEX_MAX + 128];
	const struct http_sink_options http = {&elastic_form, options, &options->http, path,
					       options->queue};
	size_t length = strlen(options->index);

	if (!length || length > INDEX_MAX || strspn(options->index, fine) != length ||
	    strchr("._-", *options->index))
		return error_set(error, EXIT_INPUT, EINVAL,
				 "elastic.index is '%.60s': give small letters, digits, '.', '_' "
				 "and '-', a letter or digit first",
				 options->index);
	snprintf(path, sizeof(path), "/%s/_bulk?" WHAT, options->index);
	return http_sink_open(sink, &http, network, error);
}
