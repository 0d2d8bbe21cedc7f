/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_TRUST_H
#define WEIR_BASE_TRUST_H

#include <stdbool.h>

/*
 * Which files a weir that runs as root lets itself be told by, or writes: those that nobody else
 * could have put there. A file must belong to root, to weir's own user, or to whoever owns the
 * program that runs, and not everybody may write it. Checked only after trust_demand(): what a
 * person runs by hand over files of his own is his affair. Any thread.
 */
void trust_demand(void);
bool trust_demanded(void);

#define TRUST_WHY_MAX 96

/* Whether what the open descriptor is may be believed; false with `why` said, "belongs to user
 * 1000: …". */
bool trust_fd(int fd, char why[TRUST_WHY_MAX]);

/* The same of a file that weir writes, by its name: it is no link either. One that is not there, or
 * cannot be looked at, is none that is refused. */
bool trust_path(const char *path, char why[TRUST_WHY_MAX]);

#endif
