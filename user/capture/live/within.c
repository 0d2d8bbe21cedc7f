/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "attacher/attacher.h"
#include "base/log.h"
#include "capture/live/inside.h"
#include "capture/live/within.h"

/*
 * Interfaces of other network namespaces. What passes them passes interfaces of this one too, or of
 * a third: their flows stand in the key as this namespace's, so that each packet is counted once
 * wherever it is seen. Only what a loopback carries never leaves, and has its namespace's number.
 */

/* What an interface is called in events, for the flows that outlive it: until the number is given
 * to another. */
struct within_name {
	uint32_t key; /* attachment.ifindex */
	bool used;
	char text[SPACE_NAME_MAX + IFNAMSIZ + 1];
};

#define CLASSES 65535 /* skb->tc_classid has 16 bits; 0 is none */

struct within {
	struct live *live;
	struct visitor *visitor; /* borrowed */
	struct spaces spaces;	 /* as of the last look */
	bool lost;		 /* the visitor does not answer */
	VEC(struct within_space *) entered;
	VEC(struct space) refused; /* not asked for again, and told once */
	struct table names;
	uint16_t class;	  /* given last */
	uint32_t number;  /* of a namespace, given last */
	weir_time looked; /* boot time */
};

/* ---- names ---- */

static struct within_name *take_name(struct within *within)
{
	for (unsigned tries = 0; tries < CLASSES; tries++) {
		struct within_name *name;
		uint32_t key;

		within->class = within->class % CLASSES + 1;
		key = ATTACHMENT_ELSEWHERE | within->class;
		name = table_find(&within->names, &key);
		if (name && !name->used)
			return name;
		if (name)
			continue;
		name = calloc(1, sizeof(*name));
		if (!name)
			return NULL;
		name->key = key;
		if (!table_insert(&within->names, name))
			return name;
		free(name);
		return NULL;
	}
	return NULL;
}

static void say_name(struct within_name *name, const struct within_space *space,
		     const struct interface *interface)
{
	snprintf(name->text, sizeof(name->text), "%s/%s", space->space.name, interface->name);
}

static struct within_name *name_of(const struct within *within, const struct watch *watch)
{
	return table_find(&within->names, &watch->attachment.ifindex);
}

const char *within_interface_name(const struct within *within, uint32_t key)
{
	const struct within_name *name = within ? table_find(&within->names, &key) : NULL;

	return name ? name->text : NULL;
}

/* ---- one interface ---- */

static int attach_side(struct within_space *space, const struct interface *interface,
		       struct watch *watch, enum watch_hook which)
{
	bool in = which == WATCH_IN;
	const struct live *live = space->within->live;
	int program = kernel_program_elsewhere(&live->kernel, device_kind(interface->arphrd), in);
	const struct attach_elsewhere elsewhere = {
		.over = space->changes,
		.looks = space->lists,
		.class = (uint16_t)watch->attachment.ifindex,
	};

	return attacher_attach_elsewhere(live->options.attacher, &watch->hook[which], &elsewhere,
					 interface->ifindex, in ? ATTACH_IN : ATTACH_OUT, program);
}

static int attach(struct within_space *space, const struct interface *interface,
		  struct watch *watch)
{
	int err = watch_publish(space->within->live, watch);

	if (err)
		return err;
	watch->made_clsact = attacher_make_clsact(space->within->live->options.attacher,
						  space->changes, interface->ifindex);
	err = attach_side(space, interface, watch, WATCH_IN);
	return err ? err : attach_side(space, interface, watch, WATCH_OUT);
}

static void let_go(struct within_space *space, const struct interface *interface,
		   struct watch *watch)
{
	struct attacher *attacher = space->within->live->options.attacher;

	name_of(space->within, watch)->used = false;
	attacher_detach(attacher, &watch->hook[WATCH_IN]);
	attacher_detach(attacher, &watch->hook[WATCH_OUT]);
	if (watch->made_clsact)
		attacher_remove_clsact(attacher, space->changes, interface->ifindex);
	watch_retire(space->within->live, watch);
}

static void unwatch(struct within_space *space, struct interface *interface)
{
	if (!interface->watch)
		return;
	let_go(space, interface, interface->watch);
	interface->watch = NULL;
	space->within->live->watches.count--;
}

static void say_unwatched(struct within_space *space, const struct interface *interface,
			  const char *why)
{
	health_say(space->within->live, "interface_unwatched", "interface %s/%s is not watched: %s",
		   space->space.name, interface->name, why);
}

static void watch_interface(struct within_space *space, struct interface *interface)
{
	struct live *live = space->within->live;
	struct within_name *name = take_name(space->within);
	uint32_t netns = interface->flags & IFF_LOOPBACK ? space->number : LIVE_NETNS;
	struct watch *watch = name ? watch_new(live, name->key, netns, interface->name) : NULL;
	int err;

	if (!watch) {
		say_unwatched(space, interface, "there is room for no more");
		return;
	}
	name->used = true;
	say_name(name, space, interface);
	err = attach(space, interface, watch);
	if (err) {
		if (err != -ENODEV) /* it goes away while it is looked at: no news */
			say_unwatched(space, interface, strerror(-err));
		let_go(space, interface, watch);
		return;
	}
	interface->watch = watch;
	live->watches.count++;
}

static bool wanted(const struct live *live, const struct interface *interface)
{
	if (device_kind(interface->arphrd) == DEVICE_OTHER)
		return false;
	if (interface->flags & IFF_LOOPBACK && !live->options.loopback)
		return false;
	return interface->watch || interface->flags & IFF_UP;
}

static void on_changed(void *context, struct interface *interface)
{
	struct within_space *space = context;
	struct live *live = space->within->live;

	if (!live->attaching)
		return;
	if (!wanted(live, interface))
		unwatch(space, interface);
	else if (!interface->watch)
		watch_interface(space, interface);
	else
		say_name(name_of(space->within, interface->watch), space, interface);
}

static void on_gone(void *context, struct interface *interface)
{
	unwatch(context, interface);
}

/* ---- one namespace ---- */

static void leave(struct within *within, struct within_space *space)
{
	interfaces_close(&space->interfaces); /* each is gone */
	if (space->lists)
		mnl_socket_close(space->lists);
	if (space->changes)
		mnl_socket_close(space->changes);
	for (size_t i = 0; i < within->entered.len; i++)
		if (within->entered.at[i] == space)
			within->entered.at[i] = within->entered.at[--within->entered.len];
	free(space);
}

/* Takes the visit's sockets; what cannot be taken is closed. */
static struct mnl_socket *take_socket(int fd)
{
	struct mnl_socket *socket = mnl_socket_fdopen(fd);

	if (!socket)
		close(fd);
	return socket;
}

static int open_space(struct within_space *space, const struct visit *visit)
{
	const struct interfaces_ops ops = {
		.changed = on_changed, .gone = on_gone, .context = space};
	struct epoll_event event = {.events = EPOLLIN, .data.fd = visit->events};
	struct interfaces_sockets sockets = {.events = take_socket(visit->events)};
	struct error error = {0};

	sockets.over = space->lists = take_socket(visit->lists);
	space->changes = take_socket(visit->changes);
	if (sockets.events && sockets.over && space->changes) {
		epoll_ctl(space->within->live->epoll, EPOLL_CTL_ADD, visit->events, &event);
		return interfaces_open(&space->interfaces, &ops, &sockets, &error);
	}
	if (sockets.events)
		mnl_socket_close(sockets.events);
	return -ENOMEM;
}

static void refuse(struct within *within, const struct space *space, int err)
{
	struct space *refused = within->refused.len < SPACES_MAX ? vec_add(&within->refused) : NULL;

	if (refused)
		*refused = *space;
	health_say(within->live, "interface_unwatched", "network namespace %s is not entered: %s",
		   space->name, strerror(-err));
}

static void enter(struct within *within, const struct space *found)
{
	struct within_space *space = calloc(1, sizeof(*space)), **kept;
	struct visit visit;
	int err = space ? visitor_enter(within->visitor, found->path, &visit) : -ENOMEM;

	if (err == -ENOENT || err == -ESRCH) { /* it is gone already */
		free(space);
		return;
	}
	kept = err ? NULL : vec_add(&within->entered);
	if (!kept) {
		refuse(within, found, err ? err : -ENOMEM);
		free(space);
		return;
	}
	*kept = space;
	*space = (struct within_space){.within = within, .space = *found, .there = true};
	/* Another may have got the name between the look and the visit. */
	space->space.device = visit.device;
	space->space.inode = visit.inode;
	space->number = LIVE_NETNS + ++within->number;
	err = open_space(space, &visit);
	if (!err)
		return;
	refuse(within, found, err);
	leave(within, space);
}

/* ---- all of them ---- */

static bool same(const struct space *a, const struct space *b)
{
	return a->inode == b->inode && a->device == b->device;
}

static struct within_space *find_entered(const struct within *within, const struct space *space)
{
	vec_each (entered, &within->entered)
		if (same(&(*entered)->space, space))
			return *entered;
	return NULL;
}

static bool was_refused(const struct within *within, const struct space *space)
{
	vec_each (refused, &within->refused)
		if (same(refused, space))
			return true;
	return false;
}

/* Our sockets hold a namespace that nobody else has any more: it ends when we leave it. */
static void leave_unfound(struct within *within)
{
	for (size_t i = within->entered.len; i-- > 0;)
		if (!within->entered.at[i]->there)
			leave(within, within->entered.at[i]);
}

static void look(struct within *within)
{
	if (visitor_find(within->visitor, &within->spaces)) {
		if (!within->lost)
			health_say(within->live, "interface_unwatched",
				   "who enters network namespaces does not answer: those that come "
				   "are "
				   "not watched");
		within->lost = true;
		return; /* those that are entered go on */
	}
	vec_each (entered, &within->entered)
		(*entered)->there = false;
	vec_each (found, &within->spaces.found) {
		struct within_space *entered = find_entered(within, found);

		if (entered)
			entered->there = true;
	}
	leave_unfound(within); /* before others are entered: a number may be used again */
	vec_each (found, &within->spaces.found)
		if (!find_entered(within, found) && !was_refused(within, found))
			enter(within, found);
}

static void check_hooks(struct within_space *space)
{
	struct live *live = space->within->live;
	struct interface *interface;
	size_t cursor = 0;

	while ((interface = table_next(&space->interfaces.by_index, &cursor))) {
		const struct watch *watch = interface->watch;

		if (!watch ||
		    (hook_alive(&watch->hook[WATCH_IN]) && hook_alive(&watch->hook[WATCH_OUT])))
			continue;
		live->watches.lost_hooks++;
		health_say(live, "hook_lost",
			   "somebody removed weir's hook from %s/%s: it is put back",
			   space->space.name, interface->name);
		unwatch(space, interface);
		on_changed(space, interface);
	}
}

#define LOOK_EVERY (WEIR_SEC / 2) /* at each poll, whatever its jitter */

void within_check(struct live *live)
{
	struct within *within = live->within;

	if (!within || !live->attaching || live->clock.newest.boot - within->looked < LOOK_EVERY)
		return;
	within->looked = live->clock.newest.boot;
	look(within);
	vec_each (entered, &within->entered)
		check_hooks(*entered);
}

void within_drain(struct live *live)
{
	if (!live->within)
		return;
	vec_each (entered, &live->within->entered)
		interfaces_drain(&(*entered)->interfaces);
}

void within_attach_all(struct live *live)
{
	if (live->within)
		look(live->within);
}

void within_detach_all(struct live *live)
{
	while (live->within && live->within->entered.len)
		leave(live->within, live->within->entered.at[0]);
}

struct within_space *within_next(const struct live *live, size_t *cursor)
{
	if (!live->within || *cursor >= live->within->entered.len)
		return NULL;
	return live->within->entered.at[(*cursor)++];
}

size_t within_left_out(const struct live *live)
{
	return live->within ? live->within->spaces.left_out + live->within->refused.len : 0;
}

int within_open(struct live *live, struct visitor *visitor)
{
	struct within *within = calloc(1, sizeof(*within));

	if (!within)
		return -ENOMEM;
	within->live = live;
	within->visitor = visitor;
	table_init(&within->names, sizeof(uint32_t), offsetof(struct within_name, key));
	live->within = within;
	return 0;
}

void within_close(struct live *live)
{
	struct within *within = live->within;
	struct within_name *name;
	size_t cursor = 0;

	if (!within)
		return;
	within_detach_all(live);
	while ((name = table_next(&within->names, &cursor)))
		free(name);
	table_free(&within->names);
	spaces_free(&within->spaces);
	vec_free(&within->entered);
	vec_free(&within->refused);
	free(within);
	live->within = NULL;
}
