/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/live/nat.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/key.h"

void nat_init(struct nat *nat, uint32_t netns)
{
	*nat = (struct nat){.netns = netns, .max = NAT_PAIRS_MAX};
	table_init(&nat->names, sizeof(struct flow_key), offsetof(struct nat_name, key));
}

static void drop_pair(struct nat *nat, struct nat_pair *pair)
{
	unsigned i;

	for (i = 0; i < pair->names; i++)
		table_remove(&nat->names, &pair->name[i]);
	nat->pairs--;
	free(pair);
}

void nat_clear(struct nat *nat)
{
	struct nat_pair *all = NULL, *pair;
	struct nat_name *name;
	size_t cursor = 0;

	while ((name = table_next(&nat->names, &cursor))) {
		if (nat_is_twin(name))
			continue; /* each pair has one name that is not */
		name->pair->next = all;
		all = name->pair;
	}
	table_free(&nat->names);
	while ((pair = all)) {
		all = pair->next;
		free(pair);
	}
	nat->pairs = 0;
}

void nat_free(struct nat *nat)
{
	nat_clear(nat);
}

struct flow_key nat_key(const struct nat *nat, const struct nat_tuple *tuple, uint8_t *source)
{
	struct flow_key key;

	*source = flow_key_canonical(&key, tuple->source.byte, tuple->destination.byte,
				     tuple->source_port, tuple->destination_port, tuple->proto);
	key.netns = nat->netns;
	return key;
}

static bool same(const struct addr *a, uint16_t a_port, const struct addr *b, uint16_t b_port)
{
	return a_port == b_port && addr_equal(a, b);
}

static bool translated(const struct nat_tuple *original, const struct nat_tuple *reply)
{
	return !same(&original->source, original->source_port, &reply->destination,
		     reply->destination_port) ||
	       !same(&original->destination, original->destination_port, &reply->source,
		     reply->source_port);
}

/* Adds one more tuple, unless it looks the same as one that is in. */
static void add_name(struct nat *nat, struct nat_pair *pair, const struct nat_tuple *tuple)
{
	struct nat_name name = {.pair = pair};
	unsigned i;

	name.key = nat_key(nat, tuple, &name.initiator);
	for (i = 0; i < pair->names; i++)
		if (!memcmp(&pair->name[i].key, &name.key, sizeof(name.key)))
			return;
	pair->name[pair->names++] = name;
}

static void name_all(struct nat *nat, struct nat_pair *pair, const struct nat_tuple *original,
		     const struct nat_tuple *reply)
{
	struct nat_tuple own = *original, outside = *original;

	own.destination = reply->source;
	own.destination_port = reply->source_port;
	outside.source = reply->destination;
	outside.source_port = reply->destination_port;
	outside.destination = reply->source;
	outside.destination_port = reply->source_port;
	add_name(nat, pair, &own);
	add_name(nat, pair, original);
	add_name(nat, pair, &outside);
	pair->other = (struct flow_nat){
		.source = reply->destination,
		.destination = original->destination,
		.source_port = ntohs(reply->destination_port),
		.destination_port = ntohs(original->destination_port),
	};
}

/* Enters all names or none. A name that is in belongs to a connection whose end we missed. */
static bool enter(struct nat *nat, struct nat_pair *pair)
{
	unsigned i;

	for (i = 0; i < pair->names; i++) {
		struct nat_name *old = table_find(&nat->names, &pair->name[i].key);

		if (old)
			drop_pair(nat, old->pair);
	}
	for (i = 0; i < pair->names; i++)
		if (table_insert(&nat->names, &pair->name[i]))
			break;
	if (i == pair->names)
		return true;
	while (i-- > 0)
		table_remove(&nat->names, &pair->name[i]);
	return false;
}

bool nat_learn(struct nat *nat, const struct nat_tuple *original, const struct nat_tuple *reply)
{
	struct nat_pair *pair;

	if (!translated(original, reply))
		return false;
	pair = nat->pairs < nat->max ? calloc(1, sizeof(*pair)) : NULL;
	if (pair)
		name_all(nat, pair, original, reply);
	if (!pair || !enter(nat, pair)) {
		free(pair);
		nat->dropped++;
		return false;
	}
	nat->pairs++;
	nat->learnt++;
	if (nat->learnt_pair)
		nat->learnt_pair(nat->context, pair);
	return true;
}

void nat_forget(struct nat *nat, const struct nat_tuple *original, const struct nat_tuple *reply)
{
	struct flow_key key;
	struct nat_name *name;
	uint8_t source;

	if (!translated(original, reply))
		return;
	key = nat_key(nat, original, &source);
	name = table_find(&nat->names, &key);
	if (!name)
		return;
	drop_pair(nat, name->pair);
	nat->forgotten++;
}

const struct nat_name *nat_find(const struct nat *nat, const struct flow_key *key)
{
	return table_find(&nat->names, key);
}
