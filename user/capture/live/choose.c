/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/live/choose.h"

#include <fnmatch.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>

/* Newer than some libc headers. */
#ifndef ARPHRD_RAWIP
#define ARPHRD_RAWIP 519
#endif
#ifndef ARPHRD_IP6GRE
#define ARPHRD_IP6GRE 823
#endif
#ifndef ARPHRD_NONE
#define ARPHRD_NONE 0xFFFE
#endif

enum device_kind device_kind(uint16_t arphrd)
{
	switch (arphrd) {
	case ARPHRD_ETHER:
	case ARPHRD_LOOPBACK:
		return DEVICE_ETHERNET;
	case ARPHRD_NONE: /* tun, WireGuard */
	case ARPHRD_PPP:
	case ARPHRD_RAWIP:
	case ARPHRD_TUNNEL:
	case ARPHRD_TUNNEL6:
	case ARPHRD_SIT:
	case ARPHRD_IPGRE:
	case ARPHRD_IP6GRE:
		return DEVICE_L3;
	default: /* a number, not an enum: the rest of the kernel's list */
		return DEVICE_OTHER;
	}
}

bool choose_asks_all(const struct live_options *options)
{
	const char *const *pattern;

	if (!options->interfaces)
		return true;
	for (pattern = options->interfaces; *pattern; pattern++)
		if (**pattern != '!')
			return false;
	return true;
}

bool choose_interface(const struct live_options *options, const char *name, uint32_t iff)
{
	const char *const *pattern;
	bool all = choose_asks_all(options), named = false, exactly = false;

	for (pattern = options->interfaces; pattern && *pattern; pattern++) {
		if (**pattern == '!') {
			if (!fnmatch(*pattern + 1, name, 0))
				return false;
		} else if (!fnmatch(*pattern, name, 0)) {
			named = true;
			exactly |= !strcmp(*pattern, name);
		}
	}
	if (iff & IFF_LOOPBACK) /* never by a wildcard */
		return options->loopback || exactly;
	return named || (all && (iff & IFF_UP));
}

enum hook_choice choose_hook(const struct live_options *options, const char *name)
{
	enum hook_choice hook = HOOK_AUTO;
	size_t i;

	for (i = 0; i < options->hooks_len; i++)
		if (!options->hooks[i].pattern || !fnmatch(options->hooks[i].pattern, name, 0))
			hook = options->hooks[i].hook;
	return hook;
}
