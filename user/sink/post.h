/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SINK_POST_H
#define WEIR_SINK_POST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * HTTP POST (libcurl), for sinks: everything bounded. http and https alone; TLS 1.2 or newer, the
 * server's certificate and name checked; a redirect is followed POST_REDIRECTS_MAX times at most,
 * and only to the host, port and scheme that it came from, because what is sent is meant for that
 * one; no cookies. One thread at a time.
 */
struct post;

#define POST_REDIRECTS_MAX 3
#define POST_TOKEN_MAX	   8192 /* bytes of a token file */

struct post_options {
	const char *name; /* of the sink, for messages */
	const char *url;  /* NULL: the first line of url_file */
	const char *url_file;
	const char *path; /* put behind the address; NULL: nothing */
	const char *content_type;
	const char *const *headers; /* "Name: value"; NULL, or ended by NULL */
	/* A secret, read anew for each request: "Bearer " goes before it unless it has words of its
	 * own. NULL: none. */
	const char *token_file;
	const char *ca_file; /* PEM; NULL: the system's */
	unsigned timeout_ms; /* of the whole request */
	size_t answer_max;   /* bytes of an answer that are read; beyond it is cut off */
	/* Told of each socket before it is connected (SO_COOKIE); any thread. May be NULL. */
	void (*own_socket)(void *context, uint64_t cookie);
	void *context;
};

struct post_answer {
	long status;	  /* of HTTP; 0: there was none */
	unsigned asked;	  /* seconds of Retry-After; 0: none */
	const char *text; /* what came, ended by zero, until the next request */
	size_t length;
	bool cut;	    /* there was more */
	struct error error; /* without a status: why; else the status in words */
};

/* 0, or -errno with `error` said: what can be wrong with the options. Main thread. Borrows them. */
int post_open(struct post **post, const struct post_options *options, struct error *error);
void post_close(struct post *post);

/* What the caller asks for meanwhile, about once a second and at every progress: true to give up.
 */
typedef bool post_expired(void *context);

void post_send(struct post *post, const char *body, size_t length, post_expired *expired,
	       void *context, struct post_answer *answer);

/* "https://hooks.slack.com": without a path, which may be a secret. */
const char *post_server(const struct post *post);

/* What an answer means. */
enum post_verdict {
	POST_DONE,
	POST_AGAIN,   /* later: no answer, 408, 425, 429, 5xx, a redirect that is not followed */
	POST_REFUSED, /* never: any other */
};
enum post_verdict post_verdict(const struct post_answer *answer);

#endif
