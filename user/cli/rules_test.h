/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CLI_RULES_TEST_H
#define WEIR_CLI_RULES_TEST_H

#include "cli/verb.h"

/* `weir rules test [PATH...]`: the operands behind "test". An exit status. */
int rules_test(const struct arguments *arguments);

#endif
