/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/fragments.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/table.h"

struct fragment {
	struct fragment_key key;
	uint16_t port[2]; /* source, destination; network order */
	weir_time at;
};

void fragments_init(struct fragments *fragments)
{
	*fragments = (struct fragments){0};
	table_init(&fragments->table, sizeof(struct fragment_key), offsetof(struct fragment, key));
}

void fragments_free(struct fragments *fragments)
{
	table_free(&fragments->table);
	free(fragments->ring);
	fragments_init(fragments);
}

static struct fragment_key key_of(const struct packet_facts *facts)
{
	struct fragment_key key = {.id = facts->fragment_id, .proto = facts->key.proto};

	memcpy(key.addr[0], facts->key.addr[facts->direction], sizeof(key.addr[0]));
	memcpy(key.addr[1], facts->key.addr[!facts->direction], sizeof(key.addr[1]));
	return key;
}

static struct fragment *add(struct fragments *fragments, const struct fragment_key *key)
{
	struct fragment *fragment;

	if (!fragments->ring) {
		fragments->ring = calloc(FRAGMENTS_MAX, sizeof(*fragments->ring));
		if (!fragments->ring)
			return NULL;
	}
	fragment = &fragments->ring[fragments->next];
	if (fragments->len == FRAGMENTS_MAX)
		table_remove(&fragments->table, fragment);
	else
		fragments->len++;
	fragments->next = (fragments->next + 1) % FRAGMENTS_MAX;
	fragment->key = *key;
	/* Without memory for a cell it is not found: its later fragments count to ports 0. */
	table_insert(&fragments->table, fragment);
	return fragment;
}

bool fragments_pass(struct fragments *fragments, struct packet_facts *facts, weir_time at)
{
	struct fragment_key key = key_of(facts);
	struct fragment *fragment = table_find(&fragments->table, &key);

	if (facts->fragment == PACKET_FIRST) {
		if (!fragment)
			fragment = add(fragments, &key);
		if (fragment) {
			memcpy(fragment->port, facts->port, sizeof(fragment->port));
			fragment->at = at;
		}
		return true;
	}
	if (!fragment || at - fragment->at > FRAGMENT_TIMEOUT)
		return false;
	packet_set_ports(facts, fragment->port[0], fragment->port[1]);
	return true;
}
