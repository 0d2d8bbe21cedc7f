/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/save.h"

#include <errno.h>

#include "flow/stage.h"

#define FLOWS_VERSION 1
#define KEPT	      1 /* before each flow of a list; 0: no more */

/* What is true of a flow, a bit each. */
enum {
	BIT_DECIDED = 0x01,
	BIT_OWN = 0x02,
	BIT_SILENT = 0x04,
	BIT_LOGGED_IN = 0x08,
	BIT_ANSWERS = 0x10,
	BIT_WAITING = 0x20,
	BIT_OVERDUE = 0x40,
	BIT_MOVED = 0x80,
	BITS = 0xff,
};

/* ---- counters ---- */

static void counts_save(struct state_writer *w, const struct flow_counts *counts)
{
	for (unsigned i = 0; i < 2; i++) {
		state_put_uint(w, counts->bytes[i]);
		state_put_uint(w, counts->payload[i]);
		state_put_uint(w, counts->packets[i]);
	}
}

static void counts_load(struct state_reader *r, struct flow_counts *counts)
{
	for (unsigned i = 0; i < 2; i++) {
		counts->bytes[i] = state_get_uint(r);
		counts->payload[i] = state_get_uint(r);
		counts->packets[i] = state_get_uint(r);
	}
}

static bool at_most(const struct flow_counts *told, const struct flow_counts *now)
{
	for (unsigned i = 0; i < 2; i++)
		if (told->bytes[i] > now->bytes[i] || told->payload[i] > now->payload[i] ||
		    told->packets[i] > now->packets[i])
			return false;
	return true;
}

static void stats_save(struct state_writer *w, const struct flow_stats *stats)
{
	const uint64_t counts[] = {
		stats->started,	   stats->established, stats->rejected,
		stats->unanswered, stats->ended,       stats->midstream,
		stats->own,	   stats->nat,	       stats->evicted,
	};

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		state_put_uint(w, counts[i]);
	counts_save(w, &stats->told);
	counts_save(w, &stats->untold);
}

static void stats_load(struct state_reader *r, struct flow_stats *stats)
{
	uint64_t *const counts[] = {
		&stats->started,    &stats->established, &stats->rejected,
		&stats->unanswered, &stats->ended,	 &stats->midstream,
		&stats->own,	    &stats->nat,	 &stats->evicted,
	};

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		*counts[i] = state_get_uint(r);
	counts_load(r, &stats->told);
	counts_load(r, &stats->untold);
}

/* ---- one flow ---- */

static unsigned bits_of(const struct flow *flow)
{
	return (flow->decided ? BIT_DECIDED : 0) | (flow->own ? BIT_OWN : 0) |
	       (flow->silent ? BIT_SILENT : 0) | (flow->logged_in ? BIT_LOGGED_IN : 0) |
	       (flow->destination_answers ? BIT_ANSWERS : 0) | (flow->waiting ? BIT_WAITING : 0) |
	       (flow->overdue ? BIT_OVERDUE : 0) | (flow->moved ? BIT_MOVED : 0);
}

static void one_save(struct state_writer *w, const struct flow *flow)
{
	state_put_raw(w, &flow->key, sizeof(flow->key));
	state_put_uint(w, bits_of(flow));
	state_put_uint(w, flow->state);
	state_put_uint(w, flow->initiator);
	state_put_uint(w, flow->marks);
	state_put_raw(w, flow->flags, sizeof(flow->flags));
	state_put_int(w, flow->first);
	state_put_int(w, flow->last);
	state_put_int(w, flow->interval_first);
	state_put_int(w, flow->deadline);
	state_put_int(w, flow->changed);
	counts_save(w, &flow->now);
	counts_save(w, &flow->told);
	state_put_uint(w, flow->slot);
	state_put_uint(w, flow->generation);
	state_put_uint(w, flow->ifindex);
	state_put_uint(w, flow->vlan);
	state_put_uint(w, flow->icmp_type);
	state_put_uint(w, flow->icmp_code);
	state_put_text(w, flow->protocol);
}

static void set_bits(struct flow *flow, unsigned bits)
{
	flow->decided = bits & BIT_DECIDED;
	flow->own = bits & BIT_OWN;
	flow->silent = bits & BIT_SILENT;
	flow->logged_in = bits & BIT_LOGGED_IN;
	flow->destination_answers = bits & BIT_ANSWERS;
	flow->overdue = bits & BIT_OVERDUE;
}

/* All but the lists. Returns its bits. */
static unsigned one_load(struct state_reader *r, const struct flow_keeper *keeper,
			 struct flow *flow)
{
	unsigned bits;
	const char *name;
	size_t length;

	*flow = (struct flow){0};
	state_get_raw(r, &flow->key, sizeof(flow->key));
	bits = (unsigned)state_get_below(r, BITS);
	set_bits(flow, bits);
	flow->state = (uint8_t)state_get_below(r, FLOW_CLOSED);
	flow->initiator = (uint8_t)state_get_below(r, 1);
	flow->marks = (uint8_t)state_get_below(r, UINT8_MAX);
	state_get_raw(r, flow->flags, sizeof(flow->flags));
	flow->first = state_get_time(r);
	flow->last = state_get_time(r);
	flow->interval_first = state_get_timer(r);
	flow->deadline = state_get_timer(r);
	flow->changed = state_get_time(r);
	counts_load(r, &flow->now);
	counts_load(r, &flow->told);
	flow->slot = (uint32_t)state_get_below(r, UINT32_MAX);
	flow->generation = (uint32_t)state_get_below(r, UINT32_MAX);
	flow->ifindex = (uint32_t)state_get_below(r, UINT32_MAX);
	flow->vlan = (uint16_t)state_get_below(r, UINT16_MAX);
	flow->icmp_type = (uint8_t)state_get_below(r, UINT8_MAX);
	flow->icmp_code = (uint8_t)state_get_below(r, UINT8_MAX);
	name = state_get_bytes(r, &length);
	if (length && keeper->protocol)
		flow->protocol = keeper->protocol(name, length);
	if (!at_most(&flow->told, &flow->now) ||
	    ((bits & BIT_WAITING) && flow->deadline == TIME_NONE))
		r->bad = true;
	return bits;
}

/* ---- into the lists ---- */

static bool enter(struct flow_table *table, struct flow *flow, unsigned bits)
{
	struct flow **moved;

	if (table->open_end == TIME_NONE || flow_find(table, &flow->key) ||
	    table_insert(&table->flows, flow))
		return false;
	if (bits & BIT_MOVED) {
		moved = vec_add(&table->moved);
		if (moved) {
			*moved = flow;
			flow->moved = (uint32_t)table->moved.len;
		}
	}
	if (bits & BIT_WAITING)
		wait_enter(table, flow);
	return true;
}

static struct flow *next_load(struct flow_table *table, struct state_reader *r,
			      const struct flow_keeper *keeper, enum age_class list)
{
	struct flow *flow = slab_take(&table->slab);
	unsigned bits;

	if (!flow)
		return NULL;
	bits = one_load(r, keeper, flow);
	if (r->bad || !enter(table, flow, bits)) {
		r->bad = true;
		slab_give(&table->slab, flow);
		return NULL;
	}
	age_enter(table, flow, list);
	return flow;
}

/* ---- the whole ---- */

void flow_save(const struct flow_table *table, struct state_writer *w,
	       const struct flow_keeper *keeper)
{
	const struct flow *flow;

	state_section(w, "flows", "", 0, FLOWS_VERSION);
	state_put_int(w, table->open_end);
	state_put_int(w, table->ops.ready);
	state_put_int(w, table->ops.interval);
	stats_save(w, &table->stats);
	answered_save(&table->answered, w);
	for (unsigned list = 0; list < AGE_CLASSES; list++) {
		TAILQ_FOREACH(flow, &table->age[list], age)
		{
			state_put_uint(w, KEPT);
			one_save(w, flow);
			keeper->save(keeper->context, w, flow);
		}
		state_put_uint(w, 0);
	}
}

static int lists_load(struct flow_table *table, struct state_reader *r,
		      const struct flow_keeper *keeper)
{
	for (unsigned list = 0; list < AGE_CLASSES; list++)
		while (state_get_below(r, KEPT) == KEPT) {
			struct flow *flow = next_load(table, r, keeper, list);

			if (!flow || !keeper->load(keeper->context, r, flow))
				return r->bad ? -EBADMSG : -ENOMEM;
		}
	return state_done(r) ? 0 : -EBADMSG;
}

int flow_load(struct flow_table *table, const struct state_image *image,
	      const struct flow_keeper *keeper)
{
	struct state_reader r;

	if (!state_find(image, "flows", "", &r) || r.version != FLOWS_VERSION)
		return -EBADMSG;
	table->open_end = state_get_timer(&r);
	table->ops.ready = state_get_timer(&r);
	if (state_get_time(&r) != table->ops.interval || table->open_end == TIME_NEVER)
		r.bad = true;
	stats_load(&r, &table->stats);
	if (!answered_load(&table->answered, &r))
		return -ENOMEM;
	return r.bad ? -EBADMSG : lists_load(table, &r, keeper);
}
