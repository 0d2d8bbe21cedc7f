/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_LIVE_LAYOUT_H
#define WEIR_LIVE_LAYOUT_H

#include <stdint.h>

/*
 * What one weir's programs must share with another's for the one to go on with the other's maps:
 * which maps, and what is in them. One place: a map that is added to bpf/maps.h and holds anything
 * that must outlive its weir is named in layout.c.
 */
struct bpf_object;

#define LAYOUT_MAPS 16

/*
 * A number of all that: each map's kind, sizes and flags, members of their keys and values by name
 * and place from the object's own type information, and records of the rings. What is a map's size
 * by configuration is not in it. A change of meaning that leaves all that as it is raises
 * TABLE_LAYOUT (bpf/table.h).
 */
uint64_t layout_of(const struct bpf_object *object);

/* Descriptors of an object's maps, once it is loaded; the object's own. */
void layout_maps(const struct bpf_object *object, int maps[LAYOUT_MAPS]);

/* Before it is loaded: these are to be its maps. 0, or -errno; -ESTALE if one is not of the
 * kind. */
int layout_reuse(struct bpf_object *object, const int maps[LAYOUT_MAPS]);

#endif
