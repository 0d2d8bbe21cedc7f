/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

#include "base/hash.h"
#include "rule/load.h"

/* Which draft an id or a name means. Ids are compared without case, names with it. */

struct name_cell {
	struct draft *draft;
	bool id;
};

static uint64_t name_hash(const char *name, size_t length, bool id)
{
	char lower[64];

	for (size_t i = 0; i < length && i < sizeof(lower); i++)
		lower[i] = id ? (char)tolower((unsigned char)name[i]) : name[i];
	return hash_bytes(lower, length < sizeof(lower) ? length : sizeof(lower)) + id;
}

static const char *cell_name(const struct name_cell *cell)
{
	return cell->id ? cell->draft->rule.id : cell->draft->rule.name;
}

static struct name_cell *cell_of(const struct load *load, const char *name, size_t length, bool id)
{
	size_t at = name_hash(name, length, id);

	for (;; at++) {
		struct name_cell *cell = &load->names[at & load->names_mask];

		if (!cell->draft)
			return cell;
		if (cell->id == id && strlen(cell_name(cell)) == length &&
		    !(id ? strncasecmp(cell_name(cell), name, length)
			 : memcmp(cell_name(cell), name, length)))
			return cell;
	}
}

static void same_id(struct load *load, struct draft *a, struct draft *b)
{
	if (a->path == b->path) {
		load_fault(load, item_get(b->root, "id").node ? item_get(b->root, "id") : b->root,
			   "id %s is %s:%u's too: a random UUID would be right", b->rule.id,
			   a->rule.place.file, a->rule.place.line);
		return;
	}
	a->out = a->replaced = true;
}

/* The later path wins by id. */
static void id_add(struct load *load, struct draft *draft)
{
	struct name_cell *cell = cell_of(load, draft->rule.id, strlen(draft->rule.id), true);

	if (cell->draft && !cell->draft->out && !draft->out)
		same_id(load, cell->draft, draft);
	if (!cell->draft || !draft->out || cell->draft->out)
		*cell = (struct name_cell){draft, true};
}

/* Then every name must mean one rule. */
static void name_add(struct load *load, struct draft *draft)
{
	struct name_cell *cell = cell_of(load, draft->rule.name, strlen(draft->rule.name), false);
	struct draft *a = cell->draft;

	if (a && !a->out && !draft->out && strcasecmp(a->rule.id, draft->rule.id))
		load_fault(load, item_get(draft->root, "name"),
			   "name '%s' is %s:%u's too: another would be right", draft->rule.name,
			   a->rule.place.file, a->rule.place.line);
	*cell = (struct name_cell){draft, false};
}

bool names_make(struct load *load)
{
	size_t cells = 16;

	while (cells < 4 * load->drafts.len)
		cells *= 2;
	load->names = arena_alloc(load->arena, cells * sizeof(*load->names));
	load->names_mask = cells - 1;
	if (!load_memory(load, load->names))
		return false;
	vec_each (draft, &load->drafts)
		if ((*draft)->rule.id && (*draft)->rule.name)
			id_add(load, *draft);
	vec_each (draft, &load->drafts)
		if ((*draft)->rule.id && (*draft)->rule.name && !(*draft)->replaced &&
		    !(*draft)->filter.node)
			name_add(load, *draft);
	return true;
}

struct draft *draft_find(const struct load *load, const char *name, size_t length)
{
	struct draft *draft = cell_of(load, name, length, false)->draft;

	if (!draft)
		draft = cell_of(load, name, length, true)->draft;
	return draft && !draft->replaced && !draft->filter.node ? draft : NULL;
}

struct draft *draft_find_shown(const struct load *load, const char *name, size_t length)
{
	struct draft *found = NULL;

	vec_each (one, &load->drafts) {
		const char *known = (*one)->rule.name;

		if ((*one)->replaced || (*one)->filter.node || !known || strlen(known) != length ||
		    strncasecmp(known, name, length))
			continue;
		if (found)
			return NULL;
		found = *one;
	}
	return found;
}
