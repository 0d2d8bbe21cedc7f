/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/stored_filter.h"

#include <stdlib.h>
#include <string.h>

#include "rule/severity.h"

/* "24h" before now, a date, or a time. */
static int read_since(const char *text, weir_time *since)
{
	char whole[TIME_TEXT_MAX];
	weir_time ago;

	if (!duration_parse(text, strlen(text), &ago)) {
		*since = time_now() - ago;
		return 0;
	}
	if (!time_parse(text, strlen(text), since))
		return 0;
	snprintf(whole, sizeof(whole), "%.20s 00:00:00", text);
	return time_parse(whole, strlen(whole), since);
}

int stored_filter_read(const struct arguments *a, struct store_filter *filter)
{
	const char *since = arguments_value(a, "since"), *level = arguments_value(a, "level");
	const char *limit = arguments_value(a, "limit");
	char *end;

	*filter = (struct store_filter){.since = TIME_NONE,
					.level = -1,
					.rule = arguments_value(a, "rule"),
					.host = arguments_value(a, "host")};
	if (since && read_since(since, &filter->since))
		return verb_usage(a->verb, "--since %s is no time: write 24h, 7d or 2026-01-02",
				  since);
	if (level && (filter->level = severity_find(level, strlen(level))) < 0)
		return verb_usage(
			a->verb, "--level %s is none: informational, low, medium, high or critical",
			level);
	if (limit) {
		filter->limit = strtoul(limit, &end, 10);
		if (*end || !filter->limit || *limit == '-')
			return verb_usage(a->verb, "--limit %s is no count: write 1 or more",
					  limit);
	}
	return EXIT_DONE;
}
