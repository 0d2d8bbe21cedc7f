/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/stage.h"

/*
 * Time in the flow stage moves in intervals. Everything that waits for time (deadlines, intervals
 * with something to tell, silent flows) is due at the end of an interval, so a packet costs one
 * comparison, and a gap in the input is skipped to the next end at which something is due.
 */

weir_time interval_end(const struct flow_table *table, weir_time at)
{
	weir_time start = time_floor(at, table->ops.interval);

	return start == at ? at : start + table->ops.interval;
}

static weir_time add(weir_time at, weir_time duration)
{
	weir_time sum;

	return __builtin_add_overflow(at, duration, &sum) ? TIME_NEVER : sum;
}

/* --- by last change --- */

static enum age_class class_of(const struct flow *flow)
{
	switch (flow->key.proto) {
	case PROTO_TCP:
		if (flow->state == FLOW_CLOSED)
			return AGE_CLOSED;
		return flow->state == FLOW_ESTABLISHED ? AGE_TCP_ESTABLISHED : AGE_TCP_NEW;
	case PROTO_UDP:
		if (flow->state == FLOW_ANSWERED)
			return AGE_UDP_ONCE;
		return flow->state == FLOW_ESTABLISHED ? AGE_UDP_ANSWERED : AGE_UDP_NEW;
	case PROTO_ICMP:
	case PROTO_ICMPV6:
		return AGE_ICMP;
	}
	return flow->state == FLOW_ESTABLISHED ? AGE_OTHER : AGE_OTHER_NEW;
}

static weir_time timeout_of(const struct flow_table *table, enum age_class list)
{
	switch (list) {
	case AGE_TCP_NEW:
		return table->timeouts.tcp_new;
	case AGE_UDP_NEW:
		return table->timeouts.udp_new;
	case AGE_ICMP:
		return table->timeouts.icmp;
	case AGE_CLOSED:
		return table->timeouts.closed;
	case AGE_OTHER_NEW:
	case AGE_OTHER:
		return table->timeouts.other;
	case AGE_UDP_ONCE:
	case AGE_UDP_ANSWERED:
		return table->timeouts.udp_answered;
	case AGE_TCP_ESTABLISHED:
		return table->timeouts.tcp_established;
	case AGE_EXPIRED:
	case AGE_CLASSES:
		break;
	}
	return TIME_NEVER;
}

static void age_link(struct flow_table *table, struct flow *flow, enum age_class list)
{
	flow->age_class = list;
	table->fleeting += list < AGE_CLOSED;
	TAILQ_INSERT_TAIL(&table->age[list], flow, age);
}

static void age_unlink(struct flow_table *table, struct flow *flow)
{
	TAILQ_REMOVE(&table->age[flow->age_class], flow, age);
	table->fleeting -= flow->age_class < AGE_CLOSED;
}

static void age_touch(struct flow_table *table, struct flow *flow)
{
	age_unlink(table, flow);
	flow->changed = table->open_end;
	age_link(table, flow, class_of(flow));
}

void age_begin(struct flow_table *table, struct flow *flow)
{
	flow->changed = table->open_end;
	age_link(table, flow, class_of(flow));
}

void age_enter(struct flow_table *table, struct flow *flow, enum age_class list)
{
	age_link(table, flow, list);
}

void age_moved(struct flow_table *table, struct flow *flow, weir_time at)
{
	struct flow **place = vec_add(&table->moved);

	/* Without memory it is told when it moves again, or with its end. */
	if (place) {
		*place = flow;
		flow->moved = (uint32_t)table->moved.len;
		flow->interval_first = at;
	}
	age_touch(table, flow);
}

void age_state(struct flow_table *table, struct flow *flow)
{
	if (flow->age_class != class_of(flow))
		age_touch(table, flow);
}

void age_forget(struct flow_table *table, struct flow *flow)
{
	if (flow->moved)
		table->moved.at[flow->moved - 1] = NULL;
	age_unlink(table, flow);
}

static struct flow *oldest_of(struct flow_table *table, unsigned from, unsigned to)
{
	struct flow *oldest = NULL;

	for (unsigned list = from; list < to; list++) {
		struct flow *flow = TAILQ_FIRST(&table->age[list]);

		if (flow && (!oldest || flow->changed < oldest->changed))
			oldest = flow;
	}
	return oldest;
}

struct flow *age_victim(struct flow_table *table, bool fleeting)
{
	/* Each from the list where the one before ends. */
	static const uint8_t ends[] = {AGE_UDP_ONCE, AGE_CLOSED, AGE_OTHER, AGE_CLASSES};
	struct flow *flow = NULL;
	unsigned from = 0;

	for (size_t i = 0; i < sizeof(ends) && !flow; from = ends[i++]) {
		if (fleeting && ends[i] > AGE_CLOSED)
			break;
		flow = oldest_of(table, from, ends[i]);
	}
	return flow;
}

weir_time age_expiry(const struct flow_table *table, const struct flow *flow)
{
	weir_time at = add(flow->changed, timeout_of(table, class_of(flow)));

	return at > TIME_NEVER - table->ops.interval ? TIME_NEVER : interval_end(table, at);
}

static void age_expire(struct flow_table *table, weir_time end,
		       void (*expired)(void *context, struct flow *flow), void *context)
{
	struct flow *flow;

	for (unsigned list = 0; list < AGE_EXPIRED; list++) {
		while ((flow = TAILQ_FIRST(&table->age[list])) && age_expiry(table, flow) <= end) {
			if (!expired) {
				flow_expire(table, flow, end);
				continue;
			}
			age_unlink(table, flow);
			age_link(table, flow, AGE_EXPIRED);
			expired(context, flow);
		}
	}
}

/* --- deadlines --- */

static struct flow_list *bucket_at(struct flow_table *table, weir_time end)
{
	weir_time count = (weir_time)table->waiting_len;
	weir_time index = end / table->ops.interval % count;

	return &table->waiting[index < 0 ? index + count : index];
}

void wait_begin(struct flow_table *table, struct flow *flow)
{
	weir_time last =
		table->open_end + (weir_time)(table->waiting_len - 1) * table->ops.interval;
	weir_time end = last;
	struct flow_list *bucket;

	if (flow->deadline < last)
		end = interval_end(table, flow->deadline);
	if (end < table->open_end)
		end = table->open_end;
	bucket = bucket_at(table, end);
	flow->bucket = (uint16_t)(bucket - table->waiting);
	flow->waiting = true;
	table->waiting_count++;
	TAILQ_INSERT_TAIL(bucket, flow, wait);
}

void wait_enter(struct flow_table *table, struct flow *flow)
{
	weir_time latest = add(table->open_end, table->timeouts.unanswered);

	if (flow->deadline > latest)
		flow->deadline = latest;
	wait_begin(table, flow);
}

void wait_end(struct flow_table *table, struct flow *flow)
{
	if (!flow->waiting)
		return;
	TAILQ_REMOVE(&table->waiting[flow->bucket], flow, wait);
	flow->waiting = false;
	table->waiting_count--;
}

/* Those whose deadline lies behind what the ring spans stand in its last list and go round. */
void wait_close(struct flow_table *table, weir_time end)
{
	struct flow_list *bucket = bucket_at(table, end);
	struct flow *flow;

	while ((flow = TAILQ_FIRST(bucket))) {
		if (flow->deadline <= end) {
			flow_unanswered(table, flow);
			continue;
		}
		wait_end(table, flow);
		wait_begin(table, flow);
	}
}

/* --- intervals --- */

/* The next end of an interval, from the open one on, at which something is due. */
static weir_time next_due(struct flow_table *table)
{
	weir_time due = TIME_NEVER;

	if (table->moved.len)
		return table->open_end;
	for (size_t i = 0; table->waiting_count && i < table->waiting_len; i++) {
		due = table->open_end + (weir_time)i * table->ops.interval;
		if (!TAILQ_EMPTY(bucket_at(table, due)))
			break;
	}
	for (unsigned list = 0; list < AGE_EXPIRED; list++) {
		const struct flow *flow = TAILQ_FIRST(&table->age[list]);
		weir_time expiry = flow ? age_expiry(table, flow) : TIME_NEVER;

		if (expiry < due)
			due = expiry;
	}
	return due < table->open_end ? table->open_end : due;
}

static void tell_interval(struct flow_table *table, weir_time end)
{
	const size_t ahead = 8; /* flows lie scattered: fetch them before their turn */

	for (size_t i = 0; i < table->moved.len; i++) {
		struct flow *flow = table->moved.at[i];

		if (i + ahead < table->moved.len && table->moved.at[i + ahead]) {
			__builtin_prefetch(table->moved.at[i + ahead]);
			__builtin_prefetch(&table->moved.at[i + ahead]->now);
			__builtin_prefetch(&table->moved.at[i + ahead]->told);
		}
		if (!flow)
			continue;
		flow->moved = 0;
		tell_moved(table, flow, end, false);
	}
	table->moved.len = 0;
}

void flow_advance(struct flow_table *table, weir_time now,
		  void (*expired)(void *context, struct flow *flow), void *context)
{
	if (table->open_end == TIME_NONE) {
		table->open_end = time_floor(now, table->ops.interval) + table->ops.interval;
		return;
	}
	while (now >= table->open_end) {
		weir_time end = next_due(table);

		if (end > now) {
			table->open_end =
				time_floor(now, table->ops.interval) + table->ops.interval;
			return;
		}
		table->open_end = end;
		wait_close(table, end);
		tell_interval(table, end);
		table->open_end = end + table->ops.interval;
		age_expire(table, end, expired, context);
	}
}
