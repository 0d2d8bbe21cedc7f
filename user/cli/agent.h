/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CLI_AGENT_H
#define WEIR_CLI_AGENT_H

#include <jansson.h>

#include "base/error.h"

/* What the weir that runs in this network namespace answers to a request ("status", "reload",
 * "top 100"): an object (a new reference), or NULL with `error` said. */
json_t *agent_request(const char *request, struct error *error);

/* The same, or NULL with the exit status in *status, and it was said why. */
json_t *agent_ask(const char *request, int *status);

/* The status in this way; and without a word where none runs, or it does not answer this user. */
json_t *agent_status(int *status);
json_t *agent_status_if_running(void);

#endif
