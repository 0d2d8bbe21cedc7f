/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CLI_HOLDERS_H
#define WEIR_CLI_HOLDERS_H

#include "base/terminal.h"

/* Prints, for each interface, the programs and filters that stand in its XDP, tc and TCX hooks. */
void holders_print(const struct terminal *terminal);

#endif
