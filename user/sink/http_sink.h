/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SINK_HTTP_SINK_H
#define WEIR_SINK_HTTP_SINK_H

#include "sink/post.h"
#include "sink/sink.h"
#include "sink/spool.h"

/*
 * Sinks that post records by HTTP, what differs behind one table: a request is made of elements,
 * one a record, each made before the record waits.
 */
struct http_sink;

struct http_form {
	const char *name, *content_type;
	uint32_t (*kinds)(const void *options); /* that it may want */
	size_t records, bytes;			/* that go into one request, at most */
	size_t answer_max;			/* bytes that are read of an answer */
	const char *before, *between, *behind;	/* around the elements; NULL: nothing */
	bool (*wants)(const void *options, const struct out *out);
	/* Id and body, with memory of the arena; false without. `record->at` is now. */
	bool (*element)(const void *options, const struct out *out, struct arena *arena,
			struct spool_record *record);
	/* An answer 2xx that speaks of each record: marks those that are refused for good, and says
	 * how many from the front are finished with; if not all, or some refused, why. NULL: it has
	 * all. */
	size_t (*read)(const struct post_answer *answer, struct spool_record *records, size_t len,
		       const char *server, struct error *error);
};

struct http_sink_options {
	const struct http_form *form;
	const void *options; /* of the form; borrowed until the sink is closed */
	const struct http_options *http;
	const char *path; /* behind the address; NULL: nothing */
	size_t queue;
};

/* 0, or -errno with `error` said. */
int http_sink_open(struct sink **sink, const struct http_sink_options *options,
		   const struct network_options *network, struct error *error);

#endif
