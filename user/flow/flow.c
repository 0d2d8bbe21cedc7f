/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/flow.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdlib.h>

#include "flow/services.h"
#include "flow/stage.h"

const struct flow_timeouts flow_timeouts_default = {
	.unanswered = 5 * WEIR_SEC,
	.closed = 5 * WEIR_SEC,
	.tcp_new = 30 * WEIR_SEC,
	.tcp_established = 2 * WEIR_HOUR,
	.udp_new = 30 * WEIR_SEC,
	.udp_answered = 3 * WEIR_MIN,
	.icmp = 30 * WEIR_SEC,
	.other = 10 * WEIR_MIN,
};

/* How long after the start of a live table an answer may stand alone (flow_ops.ready). */
#define SETTLING (60 * WEIR_SEC)

/* Ports from which clients ask, on all systems in use. */
#define CLIENT_PORT_MIN 1024

/* Lists of deadlines: enough for the default wait; longer ones go round. */
#define WAITING_MAX 1024

static size_t waiting_len(const struct flow_table *table)
{
	weir_time spans = table->timeouts.unanswered / table->ops.interval;

	return spans > WAITING_MAX - 3 ? WAITING_MAX : (size_t)spans + 3;
}

struct flow_table *flow_table_new(const struct flow_ops *ops)
{
	struct flow_table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->ops = *ops;
	if (table->ops.interval <= 0)
		table->ops.interval = WEIR_SEC;
	if (!table->ops.ready)
		table->ops.ready = TIME_NONE;
	table->timeouts = ops->timeouts ? *ops->timeouts : flow_timeouts_default;
	table->open_end = TIME_NONE;
	table_init(&table->flows, sizeof(struct flow_key), offsetof(struct flow, key));
	answered_init(&table->answered);
	for (unsigned list = 0; list < AGE_CLASSES; list++)
		TAILQ_INIT(&table->age[list]);
	table->waiting_len = waiting_len(table);
	table->waiting = malloc(table->waiting_len * sizeof(*table->waiting));
	if (!table->waiting) {
		free(table);
		return NULL;
	}
	for (size_t i = 0; i < table->waiting_len; i++)
		TAILQ_INIT(&table->waiting[i]);
	return table;
}

void flow_want(struct flow_table *table, uint32_t services)
{
	table->ops.services = services;
}

void flow_table_free(struct flow_table *table)
{
	if (!table)
		return;
	vec_free(&table->moved);
	table_free(&table->flows);
	answered_free(&table->answered);
	slab_release(&table->slab);
	free(table->waiting);
	free(table);
}

struct flow *flow_find(struct flow_table *table, const struct flow_key *key)
{
	return table_find(&table->flows, key);
}

void flow_speaks(struct flow *flow, const char *protocol)
{
	flow->protocol = protocol;
}

void flow_logs_in(struct flow *flow)
{
	flow->logged_in = true;
}

weir_time flow_due(const struct flow_table *table)
{
	return table->open_end;
}

void flow_stats(const struct flow_table *table, struct flow_stats *stats)
{
	*stats = table->stats;
	stats->flows = table->flows.count;
}

/* --- the end --- */

static void release(struct flow_table *table, struct flow *flow)
{
	table->stats.ended++;
	table->stats.own += flow->own && !flow->silent;
	table->stats.nat += flow->silent;
	if (table->ops.release)
		table->ops.release(table->ops.context, flow);
	wait_end(table, flow);
	age_forget(table, flow);
	table_remove(&table->flows, flow);
	slab_give(&table->slab, flow);
}

static void forget(struct flow_table *table, struct flow *flow)
{
	if (table->ops.forget)
		table->ops.forget(table->ops.context, flow);
}

void flow_expire(struct flow_table *table, struct flow *flow, weir_time end)
{
	forget(table, flow);
	tell_moved(table, flow, end, true);
	release(table, flow);
}

void flow_end(struct flow_table *table, struct flow *flow)
{
	weir_time closed = table->open_end - table->ops.interval;
	weir_time expiry = age_expiry(table, flow), end = table->open_end;

	if (flow->interval_first == TIME_NONE)
		end = expiry < closed ? expiry : closed;
	tell_moved(table, flow, end, true);
	release(table, flow);
}

static void evict(struct flow_table *table, bool fleeting)
{
	struct flow *flow = age_victim(table, fleeting);

	if (!flow)
		return;
	table->stats.evicted++;
	forget(table, flow);
	flow_end(table, flow);
}

/* --- the first packet --- */

/* Addresses to which nobody answers from the same address. */
static bool is_cast(const struct flow_key *key, unsigned side)
{
	static const uint8_t v4_mapped[12] = {[10] = 0xff, [11] = 0xff};
	const uint8_t *a = key->addr[side];

	if (memcmp(a, v4_mapped, sizeof(v4_mapped)) != 0)
		return a[0] == 0xff;
	return a[12] >> 4 == 0xe || !memcmp(a + 12, "\xff\xff\xff\xff", 4);
}

static bool is_echo(const struct flow *flow)
{
	return flow->key.port[0] == flow->key.port[1] && !(flow->marks & FLOW_ERROR);
}

/* Without an answer that could be recognised as one, none can be missing. */
static bool can_be_answered(const struct flow *flow)
{
	if (flow->marks & FLOW_CAST || is_cast(&flow->key, !flow->initiator))
		return false;
	return !flow_is_icmp(flow->key.proto) || is_echo(flow);
}

/* Of a connection whose beginning was not seen: the side that asked. An answer that shows in the
 * flags (SYN-ACK, RST) is better than custom. */
static uint8_t asker(const struct flow_start *start)
{
	bool service[2] = {port_is_service(ntohs(start->key.port[0])),
			   port_is_service(ntohs(start->key.port[1]))};

	if (!proto_has_ports(start->key.proto) || service[0] == service[1] ||
	    start->state == FLOW_ANSWERED || start->state == FLOW_REJECTED)
		return start->initiator;
	return service[0];
}

/* An answer whose question was sent before the table began to see, or was forgotten. */
static bool is_late_answer(const struct flow_table *table, const struct flow_start *start)
{
	unsigned from = start->initiator;

	return table->ops.ready != TIME_NONE && start->key.proto == PROTO_UDP &&
	       (start->crowded || start->first - SETTLING < table->ops.ready) &&
	       port_is_service(ntohs(start->key.port[from])) &&
	       ntohs(start->key.port[!from]) >= CLIENT_PORT_MIN &&
	       !port_is_service(ntohs(start->key.port[!from]));
}

/* The key of an echo has its identifier twice, that of another message its type and code; which
 * never are the same number. */
static void fill_icmp(struct flow *flow)
{
	flow->icmp_type = (uint8_t)ntohs(flow->key.port[0]);
	flow->icmp_code = (uint8_t)ntohs(flow->key.port[1]);
	if (is_echo(flow)) {
		flow->icmp_type = flow->key.proto == PROTO_ICMP ? 8 : 128;
		flow->icmp_code = 0;
	}
}

static void fill(struct flow_table *table, struct flow *flow, const struct flow_start *start)
{
	*flow = (struct flow){
		.key = start->key,
		.slot = UINT32_MAX,
		.ifindex = start->ifindex,
		.vlan = start->vlan,
		.state = start->state,
		.initiator = start->initiator,
		.marks = start->marks,
		.own = start->own,
		.silent = start->silent,
		.nat = start->nat,
		.owner = {start->owner[0], start->owner[1]},
		.first = start->first,
		.last = start->first,
		.interval_first = TIME_NONE,
		.deadline = TIME_NEVER,
	};
	if (flow_is_icmp(flow->key.proto))
		fill_icmp(flow);
	if (is_late_answer(table, start))
		flow->marks |= FLOW_MIDSTREAM;
	if (flow->marks & FLOW_MIDSTREAM)
		flow->initiator = asker(start);
	flow->decided = flow->marks & (FLOW_MIDSTREAM | FLOW_ERROR);
	flow->destination_answers = answered_has(&table->answered, &flow->key, !flow->initiator);
}

void flow_ready(struct flow_table *table, weir_time at)
{
	table->ops.ready = at;
}

struct flow *flow_begin(struct flow_table *table, const struct flow_start *start)
{
	struct flow *flow;

	if (table->open_end == TIME_NONE)
		flow_advance(table, start->first, NULL, NULL);
	if (start->missed) {
		tell_missed(table, start);
		return NULL;
	}
	if (table->ops.max_flows && table->flows.count >= table->ops.max_flows)
		evict(table, false);
	else if (table->ops.max_fleeting && table->fleeting >= table->ops.max_fleeting)
		evict(table, true);
	flow = slab_take(&table->slab);
	if (!flow)
		return NULL;
	fill(table, flow, start);
	if (table_insert(&table->flows, flow)) {
		slab_give(&table->slab, flow);
		return NULL;
	}
	age_begin(table, flow);
	if (flow->decided) {
		table->stats.midstream += (flow->marks & FLOW_MIDSTREAM) != 0;
		return flow;
	}
	table->stats.started++;
	if (flow->own || flow->silent)
		return flow;
	if (can_be_answered(flow)) {
		flow->deadline = flow->first + table->timeouts.unanswered;
		wait_begin(table, flow);
	}
	if (!start->numbered)
		tell_attempt(table, flow);
	return flow;
}

/* --- the outcome --- */

static bool is_outcome(const struct flow *flow)
{
	switch ((enum flow_state)flow->state) {
	case FLOW_NEW:
		return false;
	case FLOW_ANSWERED:
		return flow->key.proto != PROTO_TCP;
	case FLOW_ESTABLISHED:
	case FLOW_REJECTED:
	case FLOW_CLOSED:
		break;
	}
	return true;
}

/* Its `connection`: once, and what others will be told of its destination after that. */
static void decided(struct flow_table *table, struct flow *flow, weir_time at)
{
	wait_end(table, flow);
	flow->deadline = TIME_NEVER;
	flow->decided = true;
	flow->destination_answers = answered_has(&table->answered, &flow->key, !flow->initiator);
	if (flow->state == FLOW_NEW)
		table->stats.unanswered++;
	else if (flow->state == FLOW_REJECTED)
		table->stats.rejected++;
	else
		table->stats.established++;
	tell_connection(table, flow, at);
}

void flow_unanswered(struct flow_table *table, struct flow *flow)
{
	flow->overdue = true;
	decided(table, flow, flow->deadline);
}

void flow_decide(struct flow_table *table, struct flow *flow, enum flow_state state, weir_time at)
{
	if (flow->waiting && at >= flow->deadline)
		flow_unanswered(table, flow);
	if (state > flow->state)
		flow->state = state;
	if (!flow->decided && is_outcome(flow))
		decided(table, flow, at);
	if (state == FLOW_ANSWERED || state == FLOW_ESTABLISHED)
		answered_add(&table->answered, &flow->key, !flow->initiator);
	age_state(table, flow);
}

/* --- counts --- */

void flow_add(struct flow_table *table, struct flow *flow, unsigned direction, uint32_t bytes,
	      uint32_t payload, uint8_t flags, weir_time at)
{
	flow->now.bytes[direction] += bytes;
	flow->now.payload[direction] += payload;
	flow->now.packets[direction]++;
	flow->flags[direction] |= flags;
	if (at > flow->last)
		flow->last = at;
	if (flow->interval_first == TIME_NONE)
		age_moved(table, flow, at);
}

static bool grow(uint64_t *count, uint64_t now)
{
	if (now <= *count)
		return false;
	*count = now;
	return true;
}

void flow_count(struct flow_table *table, struct flow *flow, const struct flow_counts *now,
		const uint8_t flags[2], weir_time last)
{
	bool first = !(flow->now.packets[0] | flow->now.packets[1]), grown = false;

	for (unsigned i = 0; i < 2; i++) {
		grown |= grow(&flow->now.bytes[i], now->bytes[i]);
		grown |= grow(&flow->now.payload[i], now->payload[i]);
		grown |= grow(&flow->now.packets[i], now->packets[i]);
		flow->flags[i] |= flags[i];
	}
	if (!grown)
		return;
	if (last > flow->last)
		flow->last = last;
	if (flow->interval_first == TIME_NONE)
		age_moved(table, flow, first ? flow->first : last);
}

/* --- the end of the input --- */

/* Every flow's last event, at the end of the last interval. What still waits for an answer will
 * get none, and its last event knows that. */
static void finish_flows(struct flow_table *table, weir_time end)
{
	struct flow *flow;

	for (size_t i = 0; i < table->waiting_len; i++)
		TAILQ_FOREACH(flow, &table->waiting[i], wait)
	flow->overdue = true;
	for (unsigned list = 0; list < AGE_CLASSES; list++) {
		TAILQ_FOREACH(flow, &table->age[list], age)
		{
			forget(table, flow);
			tell_moved(table, flow, end, true);
		}
	}
}

void flow_finish(struct flow_table *table)
{
	struct flow *flow;

	if (table->open_end == TIME_NONE)
		return;
	finish_flows(table, table->open_end);
	for (; table->waiting_count; table->open_end += table->ops.interval)
		wait_close(table, table->open_end);
	while ((flow = age_victim(table, false)))
		release(table, flow);
	table->moved.len = 0;
	table->open_end = TIME_NONE;
}
