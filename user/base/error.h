/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_ERROR_H
#define WEIR_BASE_ERROR_H

/* Exit statuses: a contract with scripts (docs/operations.md). */
enum exit_status {
	EXIT_DONE = 0,
	EXIT_INPUT = 1,	      /* the input, configuration or a rule is wrong */
	EXIT_USAGE = 2,	      /* wrong usage of the command line */
	EXIT_SYSTEM = 3,      /* permission, kernel, disk */
	EXIT_RAISED = 4,      /* replay --fail-on: a detection at or above the level was raised */
	EXIT_DEGRADED = 5,    /* status: running, but degraded */
	EXIT_NOT_RUNNING = 6, /* status: nobody answers */
};

/*
 * What went wrong, in words: "what was wrong: what would be right". Filled by the function that
 * knows, printed once by the command. `status` says whose fault it was.
 */
struct error {
	enum exit_status status;
	char text[512];
};

/* Fills `error` (which may be NULL) and returns -code, so that a failing function can return it. */
int error_set(struct error *error, enum exit_status status, int code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
