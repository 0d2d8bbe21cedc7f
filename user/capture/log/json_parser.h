/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CAPTURE_LOG_JSON_PARSER_H
#define WEIR_CAPTURE_LOG_JSON_PARSER_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct row;

/* simdjson behind a C interface: one JSON object at a time into a row. One thread at a time. */
struct json_parser;

/* That many bytes behind a text must be readable; what they are does not matter. */
#define JSON_PADDING 64

struct json_parser *json_parser_new(void); /* NULL without memory */
void json_parser_free(struct json_parser *parser);

/*
 * Reads the object that is `text`, whole; the row's names and texts live until the next call. 0;
 * -EINVAL with *why saying what is wrong (a static text), -ENOMEM. Values that lie deeper than
 * ROW_DEPTH_MAX are counted in row->passed_over.
 */
int json_parser_read(struct json_parser *parser, const char *text, size_t length, struct row *row,
		     const char **why);

#ifdef __cplusplus
}
#endif

#endif
