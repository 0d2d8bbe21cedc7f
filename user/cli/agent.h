/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CLI_AGENT_H
#define WEIR_CLI_AGENT_H

#include <jansson.h>

/* What the running agent says of itself over its control socket: a new reference, or NULL with the
 * exit status in *status, and why on standard error. */
json_t *agent_status(int *status);

/* The same without a word where none runs, or it does not answer this user. */
json_t *agent_status_if_running(void);

#endif
