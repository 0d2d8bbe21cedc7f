/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PROCFS_LINE_H
#define WEIR_PROCFS_LINE_H

#include "procfs/inside.h"

/* One question at a time, of one lane. */

/* Asks; `texts`: `count` of them, behind the head. The question's number; 0: it was not asked. */
uint32_t line_ask(struct procfs *p, enum procfs_lane lane, struct procfs_ask ask,
		  const char *const *texts, size_t count);

/* Waits for an answer to that question. 0, with *from behind its head, and its *result; -EAGAIN:
 * there is none in time, or it is lost; -EPIPE: nobody is there. *more: another one follows. `fd`
 * (NULL: none is taken): a descriptor that came with it, the caller's, or -1. */
int line_await(struct procfs *p, enum procfs_lane lane, uint32_t number, weir_time patience,
	       struct unpack *from, int *result, bool *more, int *fd);

#endif
