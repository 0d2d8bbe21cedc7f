/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_HOST_ROOT_H
#define WEIR_HOST_ROOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/*
 * Files below a root folder that may belong to an attacker. A link that leads out of it leads
 * nowhere; what is not a regular file (a FIFO would wait for a writer, a device might act) is not
 * opened; in a root that is not `whole`, nothing that is mounted below it is looked at, since a
 * file system of the container's own may answer when it likes.
 */
struct host_root {
	int fd;
	dev_t device;
	ino_t inode;
	bool whole; /* the host's own: its /var may be a mount */
	bool plain; /* without openat2 (a seccomp filter of before Linux 5.6): no links at all */
};

/* 0, or -errno. A descriptor keeps a container's file system busy: close it soon. */
int host_root_open(struct host_root *root, const char *path);
void host_root_close(struct host_root *root);

/* `path` is relative. For S_IFREG and S_IFDIR a descriptor to read from; for 0 any file, as a mere
 * place (O_PATH), the last link not followed. Or -errno. `facts` may be NULL. */
int host_open(const struct host_root *root, const char *path, mode_t kind, struct stat *facts);

/* The same for an entry of a folder. */
int host_open_in(int folder, const char *name, mode_t kind, struct stat *facts);

/* What a link says, ended by a zero; false if it is none, or says more than fits. */
bool host_read_link(const struct host_root *root, const char *path, char *text, size_t size);

/* The whole file, with a zero behind it, for free(); NULL with errno if there is none, or it has
 * more than `max` bytes (EFBIG). */
char *host_read(const struct host_root *root, const char *path, size_t max, size_t *length);

/* Each line of at most HOST_LINE_MAX bytes, ended by a zero instead of its newline; longer ones are
 * left out. Takes what it reads off *budget; -EFBIG once that is used up, -errno, or 0. */
#define HOST_LINE_MAX 4096
int host_lines(int fd, uint64_t *budget, void (*line)(void *context, char *text, size_t length),
	       void *context);

#endif
