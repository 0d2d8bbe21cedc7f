/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SUPPORT_TAR_H
#define WEIR_SUPPORT_TAR_H

#include <stddef.h>

/* An archive of small files as tar reads it (POSIX.1-1988 ustar, in gzip by zlib), written to an
 * open file. */
struct tar;

struct tar *tar_new(int fd); /* takes the descriptor over, also where it fails (NULL) */

/* One file of mode 0600, under a name of at most 99 bytes. Errors are kept for tar_close(). */
void tar_add(struct tar *tar, const char *name, const void *bytes, size_t length);

/* Writes the end, closes and frees. 0, or the first -errno. */
int tar_close(struct tar *tar);

#endif
