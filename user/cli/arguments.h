/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CLI_ARGUMENTS_H
#define WEIR_CLI_ARGUMENTS_H

#include <stdbool.h>

#include "cli/verb.h"
#include "config/config.h"

/* The command line after the verb, read by the verb's table. The words are argv's own. */
struct argument_list {
	struct argument *at;
	size_t len, cap;
	bool help; /* -h or --help stood there: nothing else matters */
};

/*
 * Reads "--name VALUE", "--name=VALUE", "-n VALUE", "-nVALUE", joined short flags, and operands;
 * "--" ends options, "-" is an operand. EXIT_DONE, or EXIT_USAGE and the fault was said.
 */
int arguments_read(struct argument_list *list, const struct verb *verb, int argc, char **argv);
void arguments_free(struct argument_list *list);

/*
 * The configuration that is in force for a verb: defaults, the file that -c names (or the usual
 * one), then each option that has a `key`, in order. EXIT_DONE and *config is the caller's, or a
 * status and all faults were said.
 */
int arguments_config(const struct arguments *arguments, struct config **config);

/* The same for who only looks at what a running weir, or its database, has to say: where the usual
 * file may not be read by this user, defaults are in force, and it was said. */
int arguments_config_reader(const struct arguments *arguments, struct config **config);

/* The same while the program runs, where nothing is printed: 0, or -errno with faults. */
int arguments_config_again(const struct arguments *arguments, struct config **config,
			   struct faults *faults);

/* Prints every fault as "file:line:column: text" on standard error. */
void faults_print(const struct faults *faults);

#endif
