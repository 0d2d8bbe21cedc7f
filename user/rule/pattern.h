/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_RULE_PATTERN_H
#define WEIR_RULE_PATTERN_H

#include <stdbool.h>

#include "base/arena.h"
#include "event/event.h"

/* Text with Sigma's wildcards: * any characters, ? one; \* \? \\ themselves. */
struct pattern {
	const uint16_t *at; /* a byte, or one of the two wildcards */
	unsigned len;
	bool cased;
};

enum pattern_open { PATTERN_WHOLE = 0, PATTERN_OPEN_START = 1, PATTERN_OPEN_END = 2 };

/* `open`: as if a * stood there (endswith, startswith, contains). False without memory. */
bool pattern_compile(struct pattern *pattern, const char *text, size_t length, unsigned open,
		     bool cased, struct arena *arena);
bool pattern_match(const struct pattern *pattern, const char *text, size_t length);
bool pattern_is_plain(const struct pattern *pattern); /* no wildcard in it */
bool pattern_has_wildcard(const char *text, size_t length);

#endif
