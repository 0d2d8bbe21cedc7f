/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/live/layout.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/hash.h"
#include "bpf/loss.h"
#include "bpf/payload.h"
#include "bpf/record.h"
#include "bpf/table.h"

/* In the order in which they are handed over. `fixed`: its size is part of the layout. */
static const struct {
	const char *name;
	bool fixed;
} handed[LAYOUT_MAPS] = {
	{"flow_main", false},	  {"flow_hot", false},	     {"flow_cold", false},
	{"flow_free", false},	  {"flow_retired", false},   {"half_in", false},
	{"half_out", false},	  {"half_counts", true},     {"fragments", true},
	{"attachments", true},	  {"attachment_live", true}, {"traffic", true},
	{"losses", true},	  {"records", false},	     {"payloads", false},
	{"payload_counts", true},
};

/* ---- the number ---- */

#define WORD_A UINT64_C(0x6b1f0a5e93d7c24d)
#define WORD_B UINT64_C(0x51c3e8b76f0d2a99)
#define DEPTH  8 /* of structures within each other */

static void add(uint64_t *sum, const void *bytes, size_t length)
{
	*sum = hash_keyed(bytes, length, WORD_A ^ *sum, WORD_B);
}

static void add_number(uint64_t *sum, uint64_t number)
{
	add(sum, &number, sizeof(number));
}

static void add_text(uint64_t *sum, const char *text)
{
	add(sum, text, strlen(text) + 1);
}

static void add_type(uint64_t *sum, const struct btf *btf, int id, unsigned depth);

static void add_members(uint64_t *sum, const struct btf *btf, const struct btf_type *type,
			unsigned depth)
{
	const struct btf_member *member = btf_members(type);

	for (unsigned i = 0; i < btf_vlen(type); i++) {
		add_text(sum, btf__name_by_offset(btf, member[i].name_off));
		add_number(sum, member[i].offset);
		add_type(sum, btf, (int)member[i].type, depth + 1);
	}
}

/* By what it is made of: a number of the type itself is another in each build. */
static void add_type(uint64_t *sum, const struct btf *btf, int id, unsigned depth)
{
	const struct btf_type *type;

	id = btf__resolve_type(btf, (__u32)id);
	type = id > 0 && depth < DEPTH ? btf__type_by_id(btf, (__u32)id) : NULL;
	if (!type)
		return;
	add_number(sum, btf_kind(type));
	if (btf_is_array(type)) {
		add_number(sum, btf_array(type)->nelems);
		add_type(sum, btf, (int)btf_array(type)->type, depth + 1);
		return;
	}
	add_number(sum, type->size);
	if (btf_is_composite(type))
		add_members(sum, btf, type, depth);
}

static void add_map(uint64_t *sum, const struct btf *btf, const struct bpf_map *map, bool fixed)
{
	add_text(sum, bpf_map__name(map));
	add_number(sum, bpf_map__type(map));
	add_number(sum, bpf_map__key_size(map));
	add_number(sum, bpf_map__value_size(map));
	add_number(sum, bpf_map__map_flags(map));
	if (fixed)
		add_number(sum, bpf_map__max_entries(map));
	add_type(sum, btf, (int)bpf_map__btf_key_type_id(map), 0);
	add_type(sum, btf, (int)bpf_map__btf_value_type_id(map), 0);
}

/* No map's type, or no type at all. */
static void add_rest(uint64_t *sum)
{
	const uint64_t numbers[] = {
		TABLE_LAYOUT,
		LOSS_COUNT,
		HALF_COUNTS,
		PAYLOAD_COUNTS,
		PAYLOAD_NOTHING,
		FLOW_CLOSED,
		sizeof(struct flow_record),
		offsetof(struct flow_record, at),
		offsetof(struct flow_record, facts),
		offsetof(struct flow_record, key),
		RECORD_RETIRED,
		sizeof(struct payload_record),
		offsetof(struct payload_record, key),
		offsetof(struct payload_record, at),
		offsetof(struct payload_record, length),
		offsetof(struct payload_record, initiator),
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		add_number(sum, numbers[i]);
}

uint64_t layout_of(const struct bpf_object *object)
{
	const struct btf *btf = bpf_object__btf(object);
	uint64_t sum = 0;

	for (size_t i = 0; i < LAYOUT_MAPS; i++)
		add_map(&sum, btf, bpf_object__find_map_by_name(object, handed[i].name),
			handed[i].fixed);
	add_rest(&sum);
	return sum;
}

/* ---- the maps ---- */

void layout_maps(const struct bpf_object *object, int maps[LAYOUT_MAPS])
{
	for (size_t i = 0; i < LAYOUT_MAPS; i++)
		maps[i] = bpf_map__fd(bpf_object__find_map_by_name(object, handed[i].name));
}

/* libbpf would take any: what it is given is what the map is from then on. */
static bool is_alike(const struct bpf_map *map, bool fixed, int fd)
{
	struct bpf_map_info info = {0};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		return false;
	return info.type == (__u32)bpf_map__type(map) && info.key_size == bpf_map__key_size(map) &&
	       info.value_size == bpf_map__value_size(map) &&
	       info.map_flags == bpf_map__map_flags(map) &&
	       (!fixed || info.max_entries == bpf_map__max_entries(map));
}

int layout_reuse(struct bpf_object *object, const int maps[LAYOUT_MAPS])
{
	int err = 0;

	for (size_t i = 0; i < LAYOUT_MAPS && !err; i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(object, handed[i].name);

		err = is_alike(map, handed[i].fixed, maps[i]) ? bpf_map__reuse_fd(map, maps[i])
							      : -ESTALE;
	}
	return err;
}
