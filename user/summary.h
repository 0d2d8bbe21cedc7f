/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SUMMARY_H
#define WEIR_SUMMARY_H

#include <stdbool.h>

#include "capture/source.h"
#include "event/order.h"

/*
 * What a replay says of a file at its end, on standard error: how much was read, what was passed
 * over and why, what came too late to take part. A line of words, or a JSON object: {"file",
 * "type", "records", "skipped", "events", "late", "late_by"}. `counts` is NULL for captures.
 */
void summary_say(const struct source *source, const struct order_counts *counts, bool json);

#endif
