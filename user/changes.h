/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CHANGES_H
#define WEIR_CHANGES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/time.h"

/*
 * Whether configuration or rules on the disk have changed: by inotify(7) on their folders, so that
 * files which are replaced by others of their name are seen, and folders that a link is turned to,
 * as a ConfigMap's are. What is not told is what a network file system does elsewhere. Never waits.
 * Engine thread only.
 */
struct changes;

/* Folders that are watched at most; of more the rest are counted. */
#define CHANGES_FOLDERS 1024

/* NULL: the kernel gives none (now). */
struct changes *changes_open(void);
void changes_close(struct changes *changes); /* NULL: nothing */

/*
 * Watches what lies under `path` from now on: a folder with those in it, or a file; one that is not
 * there yet is seen when it comes, if the folder is there that it would be in. NULL: nothing. What
 * was watched before stays until changes_forget().
 */
void changes_watch(struct changes *changes, const char *path);
void changes_forget(struct changes *changes);

/* True once when something has changed and then was still for CHANGES_STILL, or went on changing
 * for CHANGES_MOST. `now` is CLOCK_BOOTTIME. */
#define CHANGES_STILL WEIR_SEC
#define CHANGES_MOST  (10 * WEIR_SEC)
bool changes_due(struct changes *changes, weir_time now);

/* Folders that are watched, and that were too many or could not be. */
void changes_counts(const struct changes *changes, size_t *watched, size_t *left_out);

#endif
