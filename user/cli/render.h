/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CLI_RENDER_H
#define WEIR_CLI_RENDER_H

#include <jansson.h>

#include "base/terminal.h"

/*
 * A JSON object for people: members as aligned lines, lists of objects as tables (or blocks, where
 * they have objects in them), objects as sections; '_' reads as a space. Rows whose "count" is 0
 * are left out. What a stage adds to its status is shown without a line here.
 */
void render_object(const json_t *object, const struct terminal *terminal, unsigned indent);

/* A value in a few words: "12,345", "yes", "0.998". The caller frees it. */
char *render_value(const json_t *value);

#endif
