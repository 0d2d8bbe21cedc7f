/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CLI_RULES_DOCUMENT_H
#define WEIR_CLI_RULES_DOCUMENT_H

#include "rule/rule.h"

/* The rules as sections of docs/catalogue.md: detections, then signals, each by name. What they ask
 * for is read from their files once more, as it was written. 0, or -errno with it said. */
int rules_document(const struct ruleset *set);

#endif
