/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_LIVE_FILTERS_H
#define WEIR_LIVE_FILTERS_H

#include <stdbool.h>
#include <stdint.h>

/* What stands in a device's clsact qdisc, ours and others'. */

#define FILTER_NAME_MAX 64

struct filter {
	uint32_t priority, handle, program; /* program: id, 0 if it is no BPF filter */
	char kind[16];
	char name[FILTER_NAME_MAX]; /* BPF: the program's; else the kind */
};

/* Calls `each` for every filter of one side. 0, or -errno. */
int filters_list(uint32_t ifindex, bool ingress,
		 void (*each)(void *context, const struct filter *filter), void *context);

/* True if the device has a clsact qdisc (not one of kind ingress). */
bool filters_has_clsact(uint32_t ifindex);

#endif
