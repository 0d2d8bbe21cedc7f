/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SINK_DOCUMENT_H
#define WEIR_SINK_DOCUMENT_H

#include "sink/sink.h"

/* A record as stores for documents and logs of messages take it: its JSON with an id, by which one
 * that comes twice is known. */
struct document {
	const char *id, *json;
	size_t length;
};

/* False without memory, of the arena. What has no id of its own (an event) is given one that no
 * other has. One that the whole JSON does not tell of is put into it as event.id. Any thread. */
bool document_of(const struct out *out, struct arena *arena, struct document *document);

/* The two lines of a request to _bulk, each with its end: to be created with that id, and the
 * document. NULL without memory. */
const char *elastic_lines(const struct out *out, struct arena *arena, const char **id);

/* Whether it is one of those that are chosen: a detection once, when it is announced; signals; the
 * flow events of connections that ended. */
bool document_chosen(const struct document_choice *choice, const struct out *out);

/* The kinds of records among which these are. */
uint32_t document_kinds(const struct document_choice *choice);

#endif
