/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_LIB_SENDER_H
#define WEIR_TESTS_LIB_SENDER_H

/*
 * What the programs that send traffic for tests share: clocks as seconds, and how they end when the
 * system refuses. Header only: each is one program.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Leaves with 1, saying under the program's name what failed and errno. */
static inline _Noreturn void die(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
	exit(1);
}

static inline double seconds(clockid_t clock)
{
	struct timespec at;

	clock_gettime(clock, &at);
	return (double)at.tv_sec + (double)at.tv_nsec * 1e-9;
}

#endif
