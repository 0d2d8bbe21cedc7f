/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SIGNAL_DECIDE_H
#define WEIR_SIGNAL_DECIDE_H

#include "rule/expr.h"

/* What a window's condition means at moments that expressions alone know nothing of. */

/* True if some part of the condition is decided only when the window closes. False: all of it is
 * monotone, so what was not true early is not true at the close either. */
bool decide_waits(const struct expr *expr, const bool *grows);

/* As expr_truth(), for a window that reaches past the end of the input: more may have followed, so
 * lt, lte, eq, neq, not and absence are unknown. */
int decide_partial(const struct expr *expr, const struct expr_env *env);

#endif
