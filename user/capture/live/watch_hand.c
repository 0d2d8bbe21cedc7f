/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "attacher/attacher.h"
#include "capture/live/inside.h"

/* Interfaces with hooks, from one process to another: who has a hook's link, or knows its filter,
 * can put another program there, and no packet passes between the two. */

static bool has_link(const struct hook *hook)
{
	return hook->ops && hook->ops->links;
}

/* ---- out ---- */

static void hook_save(struct state_writer *w, const struct hook *hook)
{
	state_put_uint(w, hook->ops ? hook->ops->kind : KIND_NONE);
	state_put_uint(w, hook->point);
	state_put_uint(w, hook->handle);
	state_put_uint(w, hook->priority);
	state_put_uint(w, hook->id);
	state_put_text(w, hook->how);
	state_put_text(w, hook->why);
}

static void watch_save(struct state_writer *w, const struct watch *watch)
{
	state_put_text(w, watch->name);
	state_put_raw(w, &watch->attachment, sizeof(watch->attachment));
	state_put_text(w, watch->why);
	state_put_uint(w, watch->made_clsact);
	for (unsigned i = 0; i < WATCH_HOOKS; i++)
		hook_save(w, &watch->hook[i]);
}

static void counts_save(struct state_writer *w, const struct traffic_counts *counts)
{
	state_put_uint(w, counts->buffers);
	state_put_uint(w, counts->segments);
	state_put_uint(w, counts->buffer_bytes);
	state_put_uint(w, counts->wire_bytes);
	state_put_uint(w, counts->ip_bytes);
	state_put_uint(w, counts->unparsed);
}

void watches_save(const struct live *live, struct state_writer *w)
{
	const struct watches *watches = &live->watches;
	const struct interface *interface;
	size_t cursor = 0;

	state_put_uint(w, watches->next_id);
	state_put_uint(w, watches->next_stats);
	state_put_uint(w, watches->free_stats.len);
	vec_each (index, &watches->free_stats)
		state_put_uint(w, *index);
	counts_save(w, &watches->past);
	state_put_uint(w, watches->returned);
	state_put_uint(w, watches->lost_hooks);
	state_put_uint(w, watches->gone.len);
	vec_each (gone, &watches->gone) {
		state_put_text(w, gone->name);
		state_put_uint(w, gone->times);
		state_put_uint(w, gone->away);
	}
	state_put_uint(w, watches->count);
	while ((interface = table_next(&live->interfaces.by_index, &cursor)))
		if (interface->watch)
			watch_save(w, interface->watch);
}

size_t watches_links(const struct live *live, int *links, size_t room)
{
	const struct interface *interface;
	size_t cursor = 0, count = 0;

	while ((interface = table_next(&live->interfaces.by_index, &cursor))) {
		const struct watch *watch = interface->watch;

		for (unsigned i = 0; watch && i < WATCH_HOOKS; i++) {
			if (!has_link(&watch->hook[i]))
				continue;
			if (count < room)
				links[count] = watch->hook[i].link;
			count++;
		}
	}
	return count;
}

/* ---- in ---- */

static void hook_load(struct state_reader *r, struct hook *hook)
{
	/* Those elsewhere are not handed over. */
	unsigned kind = (unsigned)state_get_below(r, KIND_XDP);

	*hook = (struct hook){.ops = hook_kinds[kind], .link = -1};
	hook->point = (enum attach_point)state_get_below(r, ATTACH_POINTS - 1);
	hook->handle = (uint32_t)state_get_below(r, UINT32_MAX);
	hook->priority = (uint32_t)state_get_below(r, UINT16_MAX);
	hook->id = (uint32_t)state_get_below(r, UINT32_MAX);
	state_get_text(r, hook->how, sizeof(hook->how));
	state_get_text(r, hook->why, sizeof(hook->why));
}

static void watch_load(const struct live *live, struct state_reader *r, struct watch *watch)
{
	const struct attachment *attachment = &watch->attachment;

	state_get_text(r, watch->name, sizeof(watch->name));
	state_get_raw(r, &watch->attachment, sizeof(watch->attachment));
	state_get_text(r, watch->why, sizeof(watch->why));
	watch->made_clsact = state_get_bool(r);
	for (unsigned i = 0; i < WATCH_HOOKS; i++) {
		hook_load(r, &watch->hook[i]);
		watch->hook[i].ifindex = attachment->ifindex;
	}
	if (attachment->stats_in >= live->watches.next_stats ||
	    attachment->stats_out >= live->watches.next_stats ||
	    attachment->id_in > live->watches.next_id || attachment->id_out > live->watches.next_id)
		r->bad = true;
}

/* Their links come in the order of their hooks. */
static bool give_links(struct watch *watch, int *links, size_t count, size_t *used)
{
	for (unsigned i = 0; i < WATCH_HOOKS; i++) {
		if (!has_link(&watch->hook[i]))
			continue;
		if (*used == count)
			return false;
		watch->hook[i].link = links[*used];
		links[(*used)++] = -1;
	}
	return true;
}

static bool adopted_load(struct live *live, struct state_reader *r, int *links, size_t count)
{
	size_t watches = state_get_count(r, live->kernel.traffic_len / 2), used = 0;

	for (size_t i = 0; i < watches; i++) {
		struct watch *watch = calloc(1, sizeof(*watch));
		struct adopted *adopted = watch ? vec_add(&live->watches.adopted) : NULL;

		if (!adopted) {
			free(watch);
			return false;
		}
		adopted->watch = watch;
		watch_load(live, r, watch);
		if (!give_links(watch, links, count, &used))
			r->bad = true;
		if (r->bad)
			return false;
	}
	if (used != count)
		r->bad = true;
	return !r->bad;
}

static void counts_load(struct state_reader *r, struct traffic_counts *counts)
{
	counts->buffers = state_get_uint(r);
	counts->segments = state_get_uint(r);
	counts->buffer_bytes = state_get_uint(r);
	counts->wire_bytes = state_get_uint(r);
	counts->ip_bytes = state_get_uint(r);
	counts->unparsed = state_get_uint(r);
}

static bool numbers_load(struct live *live, struct state_reader *r)
{
	struct watches *watches = &live->watches;
	size_t count;

	watches->next_id = (uint32_t)state_get_below(r, UINT32_MAX);
	watches->next_stats = (uint32_t)state_get_below(r, live->kernel.traffic_len);
	count = state_get_count(r, live->kernel.traffic_len);
	while (count-- && !r->bad) {
		uint32_t *index = vec_add(&watches->free_stats);

		if (!index)
			return false;
		*index = (uint32_t)state_get_below(r, live->kernel.traffic_len - 1);
	}
	counts_load(r, &watches->past);
	watches->returned = state_get_uint(r);
	watches->lost_hooks = state_get_uint(r);
	return !r->bad;
}

static bool gone_load(struct live *live, struct state_reader *r)
{
	size_t count = state_get_count(r, UINT16_MAX);

	while (count-- && !r->bad) {
		struct gone *gone = vec_add(&live->watches.gone);

		if (!gone)
			return false;
		state_get_text(r, gone->name, sizeof(gone->name));
		gone->times = (unsigned)state_get_below(r, UINT32_MAX);
		gone->away = state_get_bool(r);
	}
	return !r->bad;
}

bool watches_load(struct live *live, struct state_reader *r, int *links, size_t count)
{
	return numbers_load(live, r) && gone_load(live, r) && adopted_load(live, r, links, count);
}

/* ---- in their place ---- */

static struct interface *interface_of(struct live *live, const struct watch *watch)
{
	return table_find(&live->interfaces.by_index, &watch->attachment.ifindex);
}

static int program_of(const struct live *live, const struct interface *interface, unsigned which)
{
	enum device_kind kind = device_kind(interface->arphrd);

	if (which == WATCH_XDP)
		return kernel_xdp_program(&live->kernel);
	return kernel_program(&live->kernel, kind, which == WATCH_IN);
}

void watches_replace(struct live *live)
{
	vec_each (adopted, &live->watches.adopted) {
		struct watch *watch = adopted->watch;
		const struct interface *interface = interface_of(live, watch);

		adopted->stale = !interface;
		for (unsigned i = 0; interface && i < WATCH_HOOKS; i++)
			if (attacher_replace(live->options.attacher, &watch->hook[i],
					     program_of(live, interface, i)))
				adopted->stale = true;
	}
}

/* What the configuration asks for may be another hook than what is there. One that was asked for
 * and refused has a reason. */
static bool is_wanted(const struct live *live, const struct interface *interface,
		      const struct watch *watch)
{
	bool asks = choose_hook(&live->options, interface->name) == HOOK_XDP;
	bool has = watch->attachment.flags & ATTACHMENT_XDP;

	return asks == has || (asks && watch->why[0]);
}

void watches_adopt(struct live *live)
{
	vec_each (adopted, &live->watches.adopted) {
		struct watch *watch = adopted->watch;
		struct interface *interface = interface_of(live, watch);

		adopted->watch = NULL;
		if (!interface || interface->watch || adopted->stale ||
		    !is_wanted(live, interface, watch)) {
			watch_drop(live, watch);
			continue;
		}
		for (unsigned i = 0; i < WATCH_HOOKS; i++)
			live->watches.no_tcx |= watch->hook[i].ops == &hook_clsact;
		interface->watch = watch;
		live->watches.count++;
	}
	vec_free(&live->watches.adopted);
	watch_all(live);
}

static void leave(struct watch *watch)
{
	for (unsigned i = 0; watch && i < WATCH_HOOKS; i++)
		hook_leave(&watch->hook[i]);
	free(watch);
}

void watches_leave(struct live *live)
{
	struct interface *interface;
	size_t cursor = 0;

	live->attaching = false;
	vec_each (adopted, &live->watches.adopted)
		leave(adopted->watch);
	vec_free(&live->watches.adopted);
	while ((interface = table_next(&live->interfaces.by_index, &cursor))) {
		leave(interface->watch);
		interface->watch = NULL;
	}
	live->watches.count = 0;
}

void watches_restore(struct live *live)
{
	struct interface *interface;
	size_t cursor = 0;

	while ((interface = table_next(&live->interfaces.by_index, &cursor))) {
		struct watch *watch = interface->watch;

		for (unsigned i = 0; watch && i < WATCH_HOOKS; i++)
			attacher_restore(live->options.attacher, &watch->hook[i]);
	}
}
