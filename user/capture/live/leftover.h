/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_LIVE_LEFTOVER_H
#define WEIR_LIVE_LEFTOVER_H

#include "capture/live/interfaces.h"

/*
 * What a weir that was killed left in this network namespace. Links die with their process; clsact
 * filters stay, hold their programs, and these their maps. A filter is ours if its program is named
 * weir_* and uses a map `identity` with our magic.
 */

/* The agent's own bit in attachment.flags: this weir made the clsact qdisc there. */
#define ATTACHMENT_MADE_CLSACT 0x80000000u

/* Removes exactly those; the lock of this network namespace must be held. Returns how many. */
unsigned leftover_remove(const struct interfaces *interfaces);

#endif
