/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/severity.h"

#include <string.h>
#include <strings.h>

static const char *const names[SEVERITY_COUNT] = {
	[SEVERITY_INFORMATIONAL] = "informational",
	[SEVERITY_LOW] = "low",
	[SEVERITY_MEDIUM] = "medium",
	[SEVERITY_HIGH] = "high",
	[SEVERITY_CRITICAL] = "critical",
};

const char *severity_name(enum severity severity)
{
	return severity < SEVERITY_COUNT ? names[severity] : "unknown";
}

int severity_find(const char *name, size_t length)
{
	for (int i = 0; i < SEVERITY_COUNT; i++)
		if (strlen(names[i]) == length && !strncasecmp(names[i], name, length))
			return i;
	return -1;
}
