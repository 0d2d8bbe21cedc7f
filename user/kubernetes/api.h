/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_KUBERNETES_API_H
#define WEIR_KUBERNETES_API_H

#include <curl/curl.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

/*
 * A kind of objects of the Kubernetes API, kept in step: all are listed once, page by page, then
 * changes are watched from that version on, and when the server has forgotten it, or said what
 * makes no sense, all are listed anew. (Kubernetes API Concepts, "Efficient detection of
 * changes".) Nothing here waits: the transfers are those of a curl_multi handle. All is bounded.
 */

/* How the server is reached. Texts must outlive the sources. */
struct api_server {
	const char *url;   /* "https://10.96.0.1:443" */
	const char *ca;	   /* a file of certificates (PEM) that may sign the server's */
	const char *token; /* a file; read anew for each request, because it is replaced */
	/* A socket is made, with the kernel's cookie of it; NULL: nobody asks. */
	void (*socket)(void *context, uint64_t cookie);
	void *context;
};

struct api_ops {
	/* All that there are come now; then the end, after which those that did not come are gone.
	 */
	void (*begin)(void *context);
	void (*end)(void *context);
	/* One that is there, or has changed; or is gone. Lives until the call returns. */
	void (*object)(void *context, const json_t *object, bool gone);
	void *context;
};

struct api_counts {
	uint64_t lists, watches, objects, errors;
	uint64_t malformed; /* answers that make no sense, or are too large */
};

struct api_source;

/* `path` with its query: "/api/v1/pods?fieldSelector=…"; copied. NULL without memory. */
struct api_source *api_source_new(CURLM *multi, const struct api_server *server, const char *path,
				  const struct api_ops *ops);
void api_source_free(struct api_source *source); /* NULL: nothing */

/* A transfer of the multi handle has ended; false: it was another source's. */
bool api_source_done(struct api_source *source, CURL *transfer, CURLcode result);

/* Begins what is due. When the next is: boot time; TIME_NEVER while a transfer goes on. */
weir_time api_source_run(struct api_source *source, weir_time now);

/* "watching", or what is wrong: of the last that failed. Good until the next call. */
const char *api_source_state(const struct api_source *source, bool *good);
void api_source_counts(const struct api_source *source, struct api_counts *counts);

#endif
