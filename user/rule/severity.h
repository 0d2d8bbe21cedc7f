/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_RULE_SEVERITY_H
#define WEIR_RULE_SEVERITY_H

#include <stddef.h>

/* Sigma's levels, least first. */
enum severity {
	SEVERITY_INFORMATIONAL,
	SEVERITY_LOW,
	SEVERITY_MEDIUM,
	SEVERITY_HIGH,
	SEVERITY_CRITICAL,
	SEVERITY_COUNT,
};

const char *severity_name(enum severity severity);
int severity_find(const char *name, size_t length); /* -1: no such level */

#endif
