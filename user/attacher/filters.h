/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_ATTACHER_FILTERS_H
#define WEIR_ATTACHER_FILTERS_H

#include <stdbool.h>
#include <stdint.h>

struct mnl_socket;

/* What stands in a device's clsact qdisc, ours and others'. */

#define FILTER_NAME_MAX 64

struct filter {
	uint32_t priority, handle, program; /* program: id, 0 if it is no BPF filter */
	uint32_t class;			    /* BPF: 0: none was given */
	char kind[16];
	char name[FILTER_NAME_MAX]; /* BPF: the program's; else the kind */
};

/* A device, in this network namespace or in that of a socket. */
struct filters_of {
	struct mnl_socket *over; /* NULL: this one */
	uint32_t ifindex;
};

/* Calls `each` for every filter of one side. 0, or -errno. */
int filters_list(const struct filters_of *of, bool ingress,
		 void (*each)(void *context, const struct filter *filter), void *context);

/* True if the device has a clsact qdisc (not one of kind ingress). */
bool filters_has_clsact(const struct filters_of *of);

#endif
