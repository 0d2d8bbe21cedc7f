/* SPDX-License-Identifier: Apache-2.0 */
/* What enrichment has learned, in a snapshot: the first-seen store and the names. */
#include <errno.h>

#include "enrich/derivation.h"
#include "enrich/hosts.h"
#include "enrich/learned.h"
#include "state/reader.h"

#define LEARN_VERSION 1
#define LEARN_MAX     (1u << 30) /* entries; more are none of ours */

static void ledger_save(const struct ledger *ledger, struct state_writer *w)
{
	const struct ledger_entry *entry = NULL;

	state_put_uint(w, ledger->len);
	while ((entry = ledger_next(ledger, entry))) {
		state_put_raw(w, entry->key, sizeof(entry->key));
		state_put_uint(w, entry->first);
		state_put_uint(w, entry->last - entry->first);
		state_put_raw(w, entry->own, sizeof(entry->own));
		state_put_raw(w, entry->more, ledger->entry_size - sizeof(*entry));
	}
}

/* One more entry, the newest; what does not fit into a smaller ledger is forgotten, oldest first.
 */
static int entry_load(struct ledger *ledger, struct state_reader *r)
{
	struct ledger_entry *entry;
	uint32_t key[2];
	uint16_t first;
	bool fresh;

	state_get_raw(r, key, sizeof(key));
	first = (uint16_t)state_get_below(r, UINT16_MAX);
	entry = ledger_see(ledger, (uint64_t)key[1] << 32 | key[0], first, &fresh);
	if (!entry)
		return -ENOMEM;
	entry->last = (uint16_t)(first + state_get_below(r, UINT16_MAX - first));
	state_get_raw(r, entry->own, sizeof(entry->own));
	state_get_raw(r, entry->more, ledger->entry_size - sizeof(*entry));
	return fresh && !r->bad ? 0 : -EBADMSG;
}

static int ledger_load(struct ledger *ledger, struct state_reader *r)
{
	int err = 0;

	for (size_t len = state_get_count(r, LEARN_MAX); len && !err; len--)
		err = entry_load(ledger, r);
	ledger->evicted = 0;
	return err ? err : r->bad ? -EBADMSG : 0;
}

void learn_save(const struct learn *learn, struct state_writer *w)
{
	state_section(w, "learn", "", 0, LEARN_VERSION);
	state_put_int(w, learn->since);
	state_put_int(w, learn->now);
	state_put_raw(w, learn->secret, sizeof(learn->secret));
	ledger_save(&learn->destinations, w);
	ledger_save(&learn->pairs, w);
	ledger_save(&learn->hosts, w);
}

static bool hosts_hold(const struct ledger *destinations)
{
	const struct ledger_entry *entry = NULL;

	while ((entry = ledger_next(destinations, entry)))
		if (entry->own[0] > HOSTS_MANY)
			return false;
	return true;
}

int learn_load(struct learn *learn, struct state_reader *r)
{
	int err;

	if (r->version != LEARN_VERSION)
		return -EBADMSG;
	learn->since = state_get_int(r);
	learn->now = state_get_int(r);
	state_get_raw(r, learn->secret, sizeof(learn->secret));
	err = ledger_load(&learn->destinations, r);
	err = err ? err : ledger_load(&learn->pairs, r);
	err = err ? err : ledger_load(&learn->hosts, r);
	if (err)
		return err;
	return state_done(r) && hosts_hold(&learn->destinations) ? 0 : -EBADMSG;
}

void derive_save(const struct derive *derive, struct state_writer *w)
{
	if (derive->learn)
		learn_save(derive->learn, w);
	if (derive->names)
		names_save(derive->names, w);
}

int derive_load(struct derive *derive, const struct state_image *image)
{
	struct state_reader reader;
	int err = 0;

	if (derive->learn && state_find(image, "learn", "", &reader))
		err = learn_load(derive->learn, &reader);
	if (!err && derive->names && state_find(image, "names", "", &reader))
		err = names_load(derive->names, &reader);
	return err;
}
