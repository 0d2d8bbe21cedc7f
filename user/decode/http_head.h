/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DECODE_HTTP_HEAD_H
#define WEIR_DECODE_HTTP_HEAD_H

#include "decode/decoder.h"

#define HTTP_HEAD_MAX 16384

/* The shapes by which two readers of one request come to see two different ones. */
enum http_odd {
	HTTP_ODD_LENGTHS = 1, /* two different Content-Lengths, or one that is no number */
	HTTP_ODD_BOTH = 2,    /* Content-Length and Transfer-Encoding */
	HTTP_ODD_SPACE = 4,   /* a space before a header's colon */
	HTTP_ODD_NUL = 8,
};

/* The head of a request or a response; texts point into it. */
struct http_head {
	bool response;
	struct text method, target, version; /* response: version only */
	unsigned status;
	struct text host, agent, referrer, type, disposition, upgrade;
	uint64_t length; /* of the body, if `has_length` */
	bool has_length, chunked;
	unsigned odd; /* enum http_odd */
};

/* Whether the bytes begin like a head (`length` may be short of deciding: then true). */
bool http_begins(const uint8_t *bytes, size_t length);

/* Length of the head with its empty line; 0: it has not ended yet. */
size_t http_head_length(const uint8_t *bytes, size_t length);

/* False: it is no head. */
bool http_head_read(const uint8_t *bytes, size_t length, struct http_head *head);

#endif
