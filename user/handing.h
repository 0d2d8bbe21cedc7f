/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_HANDING_H
#define WEIR_HANDING_H

#include <stdbool.h>

/*
 * The running weir's side of a hand-over to the next one (capture/live/hand.h): who is asked for
 * what, and when. The other one is root or weir's own user (control.h), and may be a program of
 * another version, or die at any step: until it has all it is as if it had not come. Engine thread
 * only, which waits for it from TAKE on.
 */
struct handing_ops {
	int (*offer)(void *context, int fd);	       /* 0, or -errno */
	int (*give)(void *context, int fd);	       /* stands still from here on: 0, or -errno */
	void (*go_on)(void *context, const char *why); /* it did not take it: all is as before */
	void (*handed)(void *context);		       /* all is the other's: leave */
	void (*leave)(void *context, const char *why); /* it wants nothing but the place */
	void *context;
};

struct handing {
	struct handing_ops ops;
	int fd;		/* -1: nobody is here */
	unsigned ticks; /* since it came */
	bool over;	/* it was handed to or left to: the connection is kept for our end */
};

void handing_open(struct handing *handing, const struct handing_ops *ops);

/* Somebody asks: the connection is ours from here on. If somebody else is here already he is told
 * so, and that was it. */
void handing_begin(struct handing *handing, int fd);

/* The connection is readable. */
void handing_run(struct handing *handing);

/* About once a second. */
void handing_tick(struct handing *handing);

/* At the very end: for who waits there it says that all is stored. */
void handing_close(struct handing *handing);

#endif
