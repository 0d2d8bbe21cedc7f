/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CLI_ALLOW_H
#define WEIR_CLI_ALLOW_H

#include <jansson.h>

#include "config/config.h"

/*
 * Writes a Sigma filter that keeps this case from being told again, into the last folder of the
 * configured rules: on the detection's rule (and those of its family), for the detection's keys.
 * It is loaded with all rules before it takes its place. Prints it. 0, or -errno with `error` said.
 */
int allow_detection(const struct config *config, const json_t *record, struct error *error);

#endif
