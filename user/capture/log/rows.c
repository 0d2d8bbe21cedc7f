/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/log/rows.h"

#include <string.h>

bool rows_line(struct rows *rows, struct line *line)
{
	struct reader *r = rows->reader;
	size_t seen = 0;

	for (;;) {
		const uint8_t *start = r->buffer + r->start;
		size_t have = r->end - r->start;
		const uint8_t *end = have > seen ? memchr(start + seen, '\n', have - seen) : NULL;

		if (end) {
			line->length = (size_t)(end - start);
			line->taken = line->length + 1;
		} else if (seen = have, !reader_more(r)) {
			line->length = line->taken = have;
		} else {
			continue;
		}
		line->at = (const char *)r->buffer + r->start;
		return line->taken > 0;
	}
}

void rows_skip_line(struct rows *rows)
{
	struct line line;

	while (rows_line(rows, &line)) {
		reader_take(rows->reader, line.taken);
		if (line.taken > line.length)
			break;
	}
	rows->passed++;
}
