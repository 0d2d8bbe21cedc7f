/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CONTROL_H
#define WEIR_CONTROL_H

#include <jansson.h>

/*
 * Answers one caller of the control socket (`weir status`): writes `answer` as one line of JSON
 * and hangs up. Only root and weir's own user are answered. Never waits for the caller. Takes over
 * `answer`.
 */
void control_answer(int listener, json_t *answer);

#endif
