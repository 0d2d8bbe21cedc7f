/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CAPTURE_LOGIN_FOLLOW_H
#define WEIR_CAPTURE_LOGIN_FOLLOW_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A file that grows, followed by its inode: what is written to it after it was opened here, and
 * all of the file that takes its name when it is rotated; from the beginning again when it is cut
 * short. Never waits for more to come. One thread.
 */
#define FOLLOW_PIECE_MAX 8192 /* bytes of a line or record; longer lines are passed over */

/* Opens a file in our place, to be read, if it is a regular one: a descriptor, or -errno. */
struct follow_opener {
	int (*open)(void *context, const char *path);
	void *context;
};

struct follow {
	const char *path;
	const struct follow_opener *opener; /* NULL: we open it; outlives the follow */
	size_t record;			    /* bytes of each record; 0: lines */
	int fd;
	dev_t device;
	ino_t inode;
	uint64_t offset;   /* bytes read of this file */
	bool began;	   /* it was there once: the next one is read from its beginning */
	bool passing;	   /* the rest of a line that is too long */
	uint64_t too_long; /* lines passed over */
	int error;	   /* -errno of the last try; 0: it is read */
	size_t held;
	char buffer[2 * FOLLOW_PIECE_MAX];
};

void follow_init(struct follow *follow, const char *path, size_t record);
void follow_close(struct follow *follow);

/* Hands over what has come since, at most about a mebibyte; lines without their end. */
void follow_poll(struct follow *follow,
		 void (*piece)(void *context, const char *bytes, size_t length), void *context);

#endif
