/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_LIVE_CHOOSE_H
#define WEIR_LIVE_CHOOSE_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/live/live.h"

/* Which interfaces are watched, and how. Pure. */

/* What the first byte of a frame of this kind of device belongs to. */
enum device_kind {
	DEVICE_ETHERNET, /* a 14-byte header */
	DEVICE_L3,	 /* the IP header */
	DEVICE_OTHER,	 /* something that no program reads */
};
enum device_kind device_kind(uint16_t arphrd);

/* True if an interface of this name and these IFF_ flags is to be watched. Named ones are watched
 * also while they are down. */
bool choose_interface(const struct live_options *options, const char *name, uint32_t iff);

/* True if no pattern asks for an interface (exclusions do not): all that are up are watched. */
bool choose_asks_all(const struct live_options *options);

enum hook_choice choose_hook(const struct live_options *options, const char *name);

#endif
