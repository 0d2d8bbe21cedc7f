/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CLI_VERBS_H
#define WEIR_CLI_VERBS_H

#include "cli/verb.h"

/* One a file; their order in help is that of verb_table[]. */
extern const struct verb verb_run;
extern const struct verb verb_replay;
extern const struct verb verb_check;
extern const struct verb verb_rules;
extern const struct verb verb_detections;
extern const struct verb verb_signals;
extern const struct verb verb_flows;
extern const struct verb verb_top;
extern const struct verb verb_status;
extern const struct verb verb_metrics;
extern const struct verb verb_support;
extern const struct verb verb_reload;
extern const struct verb verb_help;
extern const struct verb verb_version;

#endif
