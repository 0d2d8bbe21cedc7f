/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PROGRESS_H
#define WEIR_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

/* One line on standard error that shows how far a replay has come; drawn a few times a second. */
struct progress {
	weir_time begun, drawn;
};

#define PROGRESS_EMPTY                                                                             \
	{                                                                                          \
		0, 0                                                                               \
	}

/* Bytes read, and in all (0: unknown). */
void progress_show(struct progress *progress, uint64_t done, uint64_t all);

/* Removes the line, if one was drawn. */
void progress_clear(struct progress *progress);

#endif
