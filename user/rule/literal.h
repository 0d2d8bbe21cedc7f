/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_RULE_LITERAL_H
#define WEIR_RULE_LITERAL_H

#include <stddef.h>

#include "rule/value.h"

/*
 * A number as rules write it: "20", "1.5", "1e6", with a size ("100KB", "1.5GB": decimal) or as a
 * duration ("5m", "1h30m", "250ms": nanoseconds). 0 with number and unit, or -EINVAL.
 */
int literal_number(const char *text, size_t length, double *number, enum unit *unit);

#endif
