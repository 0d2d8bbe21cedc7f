/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_KUBERNETES_TRIAL_H
#define WEIR_KUBERNETES_TRIAL_H

#include "config/config.h"

/* Whether the rules of a configuration load, with those under `staged` in place of those of
 * kubernetes.rules_folder; `error` says the first fault. Nothing is kept. */
bool kubernetes_rules_load(const struct config *config, const char *staged, struct error *error);

#endif
