/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CLI_STORED_FILTER_H
#define WEIR_CLI_STORED_FILTER_H

#include "cli/verb.h"
#include "sink/store.h"

/* --since, --level, --rule, --host and --limit of what is stored, as far as a verb has them.
 * Borrows from the arguments. EXIT_DONE, or EXIT_USAGE and it was said why. */
int stored_filter_read(const struct arguments *arguments, struct store_filter *filter);

#endif
