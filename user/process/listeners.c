/* SPDX-License-Identifier: Apache-2.0 */
#include "process/listeners.h"

#include <stdlib.h>
#include <string.h>

#include "base/table.h"

/* Zeroed before it is filled: hashed whole. */
struct place {
	uint64_t netns;
	uint16_t port;
	uint8_t proto;
	uint8_t zero[5];
};

/* All that share a port are one list, the latest first. */
struct entry {
	struct listener listener;
	struct entry *next;
};

struct port {
	struct place place;
	struct entry *first;
};

struct listeners {
	struct processes *processes;
	struct table by_cookie, by_place;
	uint64_t refused;
};

struct listeners *listeners_new(struct processes *processes)
{
	struct listeners *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->processes = processes;
	table_init(&l->by_cookie, sizeof(uint64_t), offsetof(struct entry, listener.cookie));
	table_init(&l->by_place, sizeof(struct place), offsetof(struct port, place));
	return l;
}

static struct place place_of(uint64_t netns, uint8_t proto, uint16_t port)
{
	struct place place;

	memset(&place, 0, sizeof(place));
	place.netns = netns;
	place.proto = proto;
	place.port = port;
	return place;
}

static struct port *port_of(const struct listeners *l, const struct listener *listener)
{
	struct place place = place_of(listener->netns, listener->proto, listener->port);

	return table_find(&l->by_place, &place);
}

static struct port *port_make(struct listeners *l, const struct listener *listener)
{
	struct port *port = port_of(l, listener);

	if (port)
		return port;
	port = calloc(1, sizeof(*port));
	if (!port)
		return NULL;
	port->place = place_of(listener->netns, listener->proto, listener->port);
	if (!table_insert(&l->by_place, port))
		return port;
	free(port);
	return NULL;
}

static void port_leave(struct listeners *l, struct entry *entry)
{
	struct port *port = port_of(l, &entry->listener);
	struct entry **at = &port->first;

	while (*at != entry)
		at = &(*at)->next;
	*at = entry->next;
	if (port->first)
		return;
	table_remove(&l->by_place, port);
	free(port);
}

void listeners_remove(struct listeners *l, uint64_t cookie)
{
	struct entry *entry = table_find(&l->by_cookie, &cookie);

	if (!entry)
		return;
	table_remove(&l->by_cookie, entry);
	port_leave(l, entry);
	process_let(l->processes, entry->listener.process);
	free(entry);
}

static struct entry *entry_make(struct listeners *l, const struct listener *listener)
{
	struct port *port = port_make(l, listener);
	struct entry *entry = port ? calloc(1, sizeof(*entry)) : NULL;

	if (!entry)
		return NULL;
	entry->listener = *listener;
	entry->next = port->first;
	port->first = entry;
	if (!table_insert(&l->by_cookie, entry))
		return entry;
	port_leave(l, entry);
	free(entry);
	return NULL;
}

bool listeners_add(struct listeners *l, const struct listener *listener)
{
	listeners_remove(l, listener->cookie);
	if (l->by_cookie.count < LISTENERS_MAX && entry_make(l, listener)) {
		process_hold(l->processes, listener->process);
		return true;
	}
	l->refused++;
	return false;
}

static bool is_any(const struct addr *addr)
{
	static const struct addr any, any_v4 = {.byte = {[10] = 0xff, [11] = 0xff}};

	return !memcmp(addr, &any, sizeof(any)) || !memcmp(addr, &any_v4, sizeof(any));
}

const struct listener *listeners_find(const struct listeners *l, uint64_t netns, uint8_t proto,
				      const struct addr *addr, uint16_t port)
{
	struct place place = place_of(netns, proto, port);
	const struct port *there = table_find(&l->by_place, &place);
	const struct listener *any = NULL;
	const struct entry *entry;

	for (entry = there ? there->first : NULL; entry; entry = entry->next) {
		if (!memcmp(&entry->listener.addr, addr, sizeof(*addr)))
			return &entry->listener;
		if (!any && is_any(&entry->listener.addr))
			any = &entry->listener;
	}
	return any;
}

size_t listeners_count(const struct listeners *l)
{
	return l->by_cookie.count;
}

uint64_t listeners_refused(const struct listeners *l)
{
	return l->refused;
}

void listeners_free(struct listeners *l)
{
	struct entry *entry;
	struct port *port;
	size_t cursor = 0;

	if (!l)
		return;
	while ((entry = table_next(&l->by_cookie, &cursor))) {
		process_let(l->processes, entry->listener.process);
		free(entry);
	}
	cursor = 0;
	while ((port = table_next(&l->by_place, &cursor)))
		free(port);
	table_free(&l->by_cookie);
	table_free(&l->by_place);
	free(l);
}
