/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CAPTURE_LINK_H
#define WEIR_CAPTURE_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/*
 * Link types of capture files (LINKTYPE_* of https://www.tcpdump.org/linktypes.html): where the
 * packet that the parser knows begins in a frame.
 */
struct link_frame {
	bool ethernet; /* begins with an Ethernet header; else with IP */
	bool cast;     /* was sent to a link-layer broadcast or multicast address (not Ethernet) */
	uint16_t vlan; /* id of the outer tag that was stepped over; 0: none */
	uint32_t offset; /* of it in the frame */
	bool several;	 /* such captures are of several interfaces as a rule */
	bool outgoing;	 /* was sent by the machine that captured, as far as is told */
	uint32_t device; /* index of its interface on that machine; 0: not told */
};

enum link_fate {
	LINK_OK,
	LINK_NOT_IP,
	LINK_TRUNCATED, /* ends within the link header */
};

struct link_type {
	uint16_t number;
	const char *name; /* as tcpdump.org has it, without LINKTYPE_ */
	enum link_fate (*strip)(const uint8_t *bytes, uint32_t captured, struct link_frame *frame);
};

/* NULL: not supported. */
const struct link_type *link_find(uint16_t number);

/* "105 (IEEE802_11)". Returns `text`. */
#define LINK_TEXT_MAX 48
char *link_text(uint16_t number, char text[LINK_TEXT_MAX]);

/* 0, or -EINVAL with `error` naming the type and what is supported. */
int link_check(uint16_t number, const char *name, struct error *error);

#endif
