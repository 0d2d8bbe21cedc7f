/* SPDX-License-Identifier: Apache-2.0 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attacher/attacher.h"
#include "attacher/message.h"
#include "base/log.h"
#include "capture/live/inside.h"
#include "capture/live/leftover.h"

/* Interfaces that are watched: hooks put on, kept on and taken off as interfaces come and go. */

/* ---- numbers ---- */

static bool take_stats(struct live *live, uint32_t *index)
{
	struct watches *watches = &live->watches;

	if (watches->free_stats.len) {
		*index = watches->free_stats.at[--watches->free_stats.len];
		return true;
	}
	if (watches->next_stats >= live->kernel.traffic_len)
		return false;
	*index = watches->next_stats++;
	return true;
}

static void add_counts(struct traffic_counts *sum, const struct traffic_counts *counts)
{
	sum->buffers += counts->buffers;
	sum->segments += counts->segments;
	sum->buffer_bytes += counts->buffer_bytes;
	sum->wire_bytes += counts->wire_bytes;
	sum->ip_bytes += counts->ip_bytes;
	sum->unparsed += counts->unparsed;
}

/* What was counted there stays in the sums; the number is used again. */
static void give_stats(struct live *live, uint32_t index)
{
	struct traffic_counts counts;
	uint32_t *free_index;

	if (!kernel_traffic(&live->kernel, index, &counts))
		add_counts(&live->watches.past, &counts);
	kernel_traffic_clear(&live->kernel, index);
	free_index = vec_add(&live->watches.free_stats);
	if (free_index)
		*free_index = index;
}

static void add_totals(const struct live *live, const struct interfaces *interfaces,
		       struct traffic_counts *totals)
{
	const struct interface *interface;
	size_t cursor = 0;

	while ((interface = table_next(&interfaces->by_index, &cursor))) {
		const struct watch *watch = interface->watch;
		struct traffic_counts in, out;

		if (!watch)
			continue;
		if (!kernel_traffic(&live->kernel, watch->attachment.stats_in, &in))
			add_counts(totals, &in);
		if (!kernel_traffic(&live->kernel, watch->attachment.stats_out, &out))
			add_counts(totals, &out);
	}
}

void watch_totals(const struct live *live, struct traffic_counts *totals)
{
	const struct within_space *space;
	size_t cursor = 0;

	*totals = live->watches.past;
	add_totals(live, &live->interfaces, totals);
	while ((space = within_next(live, &cursor)))
		add_totals(live, &space->interfaces, totals);
}

/* ---- hooks ---- */

static int publish(struct live *live, const struct attachment *attachment)
{
	uint8_t one = 1;
	int err = bpf_map_update_elem(live->kernel.attachment_live, &attachment->id_in, &one,
				      BPF_ANY);

	if (!err)
		err = bpf_map_update_elem(live->kernel.attachment_live, &attachment->id_out, &one,
					  BPF_ANY);
	if (!err)
		err = bpf_map_update_elem(live->kernel.attachments, &attachment->ifindex,
					  attachment, BPF_ANY);
	return err;
}

static void unpublish(struct live *live, const struct attachment *attachment)
{
	bpf_map_delete_elem(live->kernel.attachments, &attachment->ifindex);
	bpf_map_delete_elem(live->kernel.attachment_live, &attachment->id_in);
	bpf_map_delete_elem(live->kernel.attachment_live, &attachment->id_out);
}

/* From the moment that XDP counts, TC on the same side must not. */
static void try_xdp(struct live *live, const struct interface *interface, struct watch *watch,
		    enum device_kind kind)
{
	if (choose_hook(&live->options, interface->name) != HOOK_XDP)
		return;
	if (kind != DEVICE_ETHERNET) {
		snprintf(watch->why, sizeof(watch->why),
			 "XDP asked for, but its frames have no Ethernet header: TC counts");
		return;
	}
	watch->attachment.flags |= ATTACHMENT_XDP;
	if (!publish(live, &watch->attachment) &&
	    !attacher_attach(live->options.attacher, &watch->hook[WATCH_XDP], KIND_BIT(KIND_XDP),
			     interface->ifindex, ATTACH_IN, kernel_xdp_program(&live->kernel)))
		return;
	watch->attachment.flags &= ~(uint32_t)ATTACHMENT_XDP;
	publish(live, &watch->attachment);
	snprintf(watch->why, sizeof(watch->why), "%s", watch->hook[WATCH_XDP].why);
	log_warn("%s: %s", interface->name, watch->why);
}

#define CLSACT_ONLY   KIND_BIT(KIND_CLSACT)
#define TCX_OR_CLSACT (KIND_BIT(KIND_TCX) | CLSACT_ONLY)

static int attach_tc(struct live *live, const struct interface *interface, struct watch *watch,
		     enum watch_hook which, int program)
{
	struct attacher *attacher = live->options.attacher;
	struct hook *hook = &watch->hook[which];
	uint32_t kinds = live->watches.no_tcx ? CLSACT_ONLY : TCX_OR_CLSACT;
	enum attach_point point = which == WATCH_IN ? ATTACH_IN : ATTACH_OUT;
	int err;

	if (live->watches.no_tcx && attacher_make_clsact(attacher, NULL, interface->ifindex))
		watch->made_clsact = true;
	err = attacher_attach(attacher, hook, kinds, interface->ifindex, point, program);
	if (err && !live->watches.no_tcx &&
	    attacher_make_clsact(attacher, NULL, interface->ifindex)) {
		/* clsact was tried without its qdisc: now with it. */
		watch->made_clsact = true;
		err = attacher_attach(attacher, hook, CLSACT_ONLY, interface->ifindex, point,
				      program);
	}
	if (!err && hook->ops == &hook_clsact)
		live->watches.no_tcx = true;
	return err;
}

static int attach(struct live *live, const struct interface *interface, struct watch *watch)
{
	enum device_kind kind = device_kind(interface->arphrd);
	int err;

	watch->attachment.mtu = interface->mtu;
	err = publish(live, &watch->attachment);
	if (err)
		return err;
	try_xdp(live, interface, watch, kind);
	err = attach_tc(live, interface, watch, WATCH_IN,
			kernel_program(&live->kernel, kind, true));
	if (!err)
		err = attach_tc(live, interface, watch, WATCH_OUT,
				kernel_program(&live->kernel, kind, false));
	if (!err && watch->made_clsact) {
		watch->attachment.flags |= ATTACHMENT_MADE_CLSACT;
		err = publish(live, &watch->attachment);
	}
	return err;
}

int watch_publish(struct live *live, const struct watch *watch)
{
	return publish(live, &watch->attachment);
}

void watch_retire(struct live *live, struct watch *watch)
{
	unpublish(live, &watch->attachment);
	give_stats(live, watch->attachment.stats_in);
	give_stats(live, watch->attachment.stats_out);
	free(watch);
}

static void detach(struct live *live, const struct interface *interface, struct watch *watch)
{
	struct attacher *attacher = live->options.attacher;
	unsigned i;

	for (i = 0; i < WATCH_HOOKS; i++)
		attacher_detach(attacher, &watch->hook[i]);
	if (watch->made_clsact)
		attacher_remove_clsact(attacher, NULL, interface->ifindex);
	watch_retire(live, watch);
}

void watch_drop(struct live *live, struct watch *watch)
{
	const struct interface interface = {.ifindex = watch->attachment.ifindex};

	detach(live, &interface, watch);
	free(watch);
}

/* ---- watched or not ---- */

static struct gone *find_gone(struct live *live, const char *name)
{
	vec_each (gone, &live->watches.gone)
		if (!strcmp(gone->name, name))
			return gone;
	return NULL;
}

/* Names that came and went; more than this is a host that makes a device a connection. */
#define GONE_MAX 1024

static void note_gone(struct live *live, const char *name)
{
	struct gone *gone = find_gone(live, name);

	if (!gone && live->watches.gone.len < GONE_MAX) {
		gone = vec_add(&live->watches.gone);
		if (gone)
			snprintf(gone->name, sizeof(gone->name), "%s", name);
	}
	if (gone)
		gone->away = true;
	/* Where all are watched, they come and go with containers: that is no news. */
	if (!choose_asks_all(&live->options))
		health_say(live, "interface_gone",
			   "interface %s is gone: what it carries is not seen", name);
}

static void note_return(struct live *live, const char *name)
{
	struct gone *gone = find_gone(live, name);

	if (!gone || !gone->away)
		return;
	gone->away = false;
	gone->times++;
	live->watches.returned++;
	if (!choose_asks_all(&live->options))
		health_say(live, "interface_returned", "interface %s is back and watched again",
			   name);
}

static void unwatch(struct live *live, struct interface *interface)
{
	struct watch *watch = interface->watch;

	if (!watch)
		return;
	detach(live, interface, watch);
	interface->watch = NULL;
	live->watches.count--;
}

struct watch *watch_new(struct live *live, uint32_t ifindex, uint32_t netns,
			const char name[IFNAMSIZ])
{
	struct watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return NULL;
	watch->attachment = (struct attachment){
		.ifindex = ifindex,
		.netns = netns,
		.id_in = live->watches.next_id + 1,
		.id_out = live->watches.next_id + 2,
	};
	if (!take_stats(live, &watch->attachment.stats_in)) {
		free(watch);
		return NULL;
	}
	if (!take_stats(live, &watch->attachment.stats_out)) {
		give_stats(live, watch->attachment.stats_in);
		free(watch);
		return NULL;
	}
	live->watches.next_id += 2;
	memcpy(watch->name, name, sizeof(watch->name));
	return watch;
}

static const char *failed_why(const struct watch *watch)
{
	return watch->hook[WATCH_IN].why[0] && !watch->hook[WATCH_IN].ops
		       ? watch->hook[WATCH_IN].why
		       : watch->hook[WATCH_OUT].why;
}

static void watch_interface(struct live *live, struct interface *interface)
{
	struct watch *watch = watch_new(live, interface->ifindex, LIVE_NETNS, interface->name);
	int err;

	if (!watch) {
		health_say(live, "interface_unwatched",
			   "interface %s is not watched: %zu are, and there is room for no more",
			   interface->name, live->watches.count);
		return;
	}
	err = attach(live, interface, watch);
	if (err) {
		/* A device that goes away while it is looked at is no news. */
		if (err != -ENODEV)
			health_say(live, "interface_unwatched", "interface %s is not watched: %s",
				   interface->name,
				   failed_why(watch)[0] ? failed_why(watch) : strerror(-err));
		detach(live, interface, watch);
		return;
	}
	interface->watch = watch;
	live->watches.count++;
	note_return(live, interface->name);
}

/* It is there, and not what was asked for any more: renamed, or down. */
static void leave(struct live *live, struct interface *interface)
{
	char was[IFNAMSIZ];

	memcpy(was, ((struct watch *)interface->watch)->name, sizeof(was));
	unwatch(live, interface);
	if (strcmp(was, interface->name))
		note_gone(live, was);
}

static void follow_mtu(struct live *live, const struct interface *interface)
{
	struct watch *watch = interface->watch;

	if (!watch || watch->attachment.mtu == interface->mtu)
		return;
	watch->attachment.mtu = interface->mtu;
	publish(live, &watch->attachment);
}

void watch_changed(void *context, struct interface *interface)
{
	struct live *live = context;
	bool wanted = choose_interface(&live->options, interface->name, interface->flags) &&
		      device_kind(interface->arphrd) != DEVICE_OTHER;

	/* Down is not away: the hooks stay, and not one packet is missed when it comes up. */
	if (interface->watch && !(interface->flags & IFF_UP) && choose_asks_all(&live->options))
		wanted = true;
	if (!live->attaching)
		return;
	if (wanted && !interface->watch)
		watch_interface(live, interface);
	else if (!wanted && interface->watch)
		leave(live, interface);
	follow_mtu(live, interface);
}

void watch_all(struct live *live)
{
	struct interface *interface;
	size_t cursor = 0;

	live->attaching = true;
	while ((interface = table_next(&live->interfaces.by_index, &cursor)))
		watch_changed(live, interface);
	within_attach_all(live);
}

void watch_gone(void *context, struct interface *interface)
{
	struct live *live = context;

	if (!interface->watch)
		return;
	unwatch(live, interface);
	note_gone(live, interface->name);
}

/* ---- still there? ---- */

#define CHECK_EVERY   WEIR_SEC
#define RETRY_EVERY   (10 * WEIR_SEC)
#define CHECK_AT_ONCE 128 /* interfaces: each asks the kernel twice, over a socket before 6.6 */

static bool all_alive(const struct watch *watch)
{
	unsigned i;

	for (i = 0; i < WATCH_HOOKS; i++)
		if (!hook_alive(&watch->hook[i]))
			return false;
	return true;
}

/* Somebody may have deleted the qdisc with our filter in it. */
static void check_hooks(struct live *live, struct interface *interface)
{
	if (!interface->watch || all_alive(interface->watch))
		return;
	live->watches.lost_hooks++;
	health_say(live, "hook_lost", "somebody removed weir's hook from %s: it is put back",
		   interface->name);
	unwatch(live, interface);
	watch_changed(live, interface);
}

/* Some interfaces could not be watched for a reason that may be over. */
static void retry(struct live *live)
{
	struct interface *interface;
	size_t cursor = 0;

	live->watches.retried = live->clock.newest.boot;
	while ((interface = table_next(&live->interfaces.by_index, &cursor)))
		if (!interface->watch)
			watch_changed(live, interface);
}

void watch_check(struct live *live)
{
	weir_time now = live->clock.newest.boot;
	unsigned n;

	within_check(live);
	if (now - live->checked < CHECK_EVERY)
		return;
	live->checked = now;
	for (n = 0; n < CHECK_AT_ONCE; n++) { /* of very many, the others next time */
		struct interface *interface =
			table_next(&live->interfaces.by_index, &live->watches.check_cursor);

		if (!interface) {
			live->watches.check_cursor = 0;
			break;
		}
		check_hooks(live, interface);
	}
	if (now - live->watches.retried >= RETRY_EVERY)
		retry(live);
}

void watch_detach_all(struct live *live)
{
	struct interface *interface;
	size_t cursor = 0;

	live->attaching = false;
	while ((interface = table_next(&live->interfaces.by_index, &cursor)))
		unwatch(live, interface);
	within_detach_all(live);
}

void watch_close(struct live *live)
{
	watch_detach_all(live);
	within_close(live);
	watches_leave(live); /* what was not adopted */
	vec_free(&live->watches.free_stats);
	vec_free(&live->watches.gone);
}

/* ---- at start ---- */

static void list_names(const struct live *live, char *text, size_t size)
{
	const struct interface *interface = NULL;
	size_t used = 0;

	text[0] = '\0';
	while ((interface = interfaces_after(&live->interfaces, interface)) && used < size)
		used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "",
					 interface->name);
}

static const struct interface *find_pattern(const struct live *live, const char *pattern)
{
	const char *const only[] = {pattern, NULL};
	const struct live_options options = {.interfaces = only, .loopback = true};
	const struct interface *interface;
	size_t cursor = 0;

	while ((interface = table_next(&live->interfaces.by_index, &cursor)))
		if (choose_interface(&options, interface->name, interface->flags & ~IFF_LOOPBACK))
			return interface;
	return NULL;
}

int watch_require_patterns(const struct live *live, struct error *error)
{
	const char *const *pattern;
	char names[256];

	list_names(live, names, sizeof(names));
	for (pattern = live->options.interfaces; pattern && *pattern; pattern++) {
		const struct interface *interface;

		if (**pattern == '!')
			continue;
		interface = find_pattern(live, *pattern);
		if (!interface)
			return error_set(error, EXIT_INPUT, ENODEV,
					 "no interface matches \"%s\": there are %s", *pattern,
					 names);
		if (device_kind(interface->arphrd) == DEVICE_OTHER)
			return error_set(error, EXIT_INPUT, EOPNOTSUPP,
					 "interface %s carries frames of link type %u: Ethernet "
					 "and IP devices can be watched",
					 interface->name, interface->arphrd);
	}
	return 0;
}

int watch_require_any(const struct live *live, struct error *error)
{
	char names[256];

	if (live->watches.count)
		return 0;
	if (live->health.count)
		return error_set(error, EXIT_SYSTEM, EIO, "%s",
				 live->health.waiting[live->health.first].message);
	list_names(live, names, sizeof(names));
	return error_set(error, EXIT_SYSTEM, ENODEV,
			 "no interface carries traffic: set one up, or take --lo (there are %s)",
			 names);
}

const char *watch_way(const struct watch *watch)
{
	return watch->hook[WATCH_XDP].ops ? "xdp" : "tc";
}
