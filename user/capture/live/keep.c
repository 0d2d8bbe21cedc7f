/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture/live/inside.h"
#include "capture/live/owners.h"

/*
 * What the live source knows beside the maps, for the process that goes on with them. What is in
 * the maps is not in it, nor what the kernel tells anew (interfaces, translations, processes).
 */

#define LIVE_VERSION 1
#define LISTED_MAX   (1u << 24) /* of anything; what is there is less */

/* ---- lists ---- */

static void endings_save(struct state_writer *w, const struct ending *at, size_t len)
{
	state_put_uint(w, len);
	for (size_t i = 0; i < len; i++) {
		state_put_uint(w, at[i].slot);
		state_put_uint(w, at[i].generation);
	}
}

/* Slots stand in arrays of the mapped ones: each must be one. */
static uint32_t slot_load(const struct live *live, struct state_reader *r)
{
	return (uint32_t)state_get_below(r, live->slots.ready ? live->slots.ready - 1 : 0);
}

static bool endings_load(struct live *live, struct state_reader *r)
{
	size_t count = state_get_count(r, LISTED_MAX);

	while (count-- && !r->bad) {
		struct ending *ending = vec_add(&live->ends.waiting);

		if (!ending)
			return false;
		ending->slot = slot_load(live, r);
		ending->generation = (uint32_t)state_get_below(r, UINT32_MAX);
	}
	return true;
}

static bool reused_load(struct live *live, struct state_reader *r)
{
	size_t count = state_get_count(r, LISTED_MAX);

	while (count-- && !r->bad) {
		struct flow_ref *ref = vec_add(&live->ends.reused);

		if (!ref)
			return false;
		ref->slot = slot_load(live, r);
		ref->generation = (uint32_t)state_get_below(r, UINT32_MAX);
	}
	return true;
}

static bool again_load(struct live *live, struct state_reader *r)
{
	size_t count = state_get_count(r, LISTED_MAX);

	while (count-- && !r->bad) {
		uint32_t *slot = vec_add(&live->again);

		if (!slot)
			return false;
		*slot = slot_load(live, r);
	}
	return true;
}

/* ---- records that wait for their translation ---- */

static void staged_save(struct state_writer *w, const struct rings *rings)
{
	state_put_uint(w, rings->records);
	state_put_uint(w, rings->staged.len - rings->first);
	for (size_t i = rings->first; i < rings->staged.len; i++)
		state_put_raw(w, &rings->staged.at[i], sizeof(rings->staged.at[i]));
}

static bool record_is_sane(const struct live *live, const struct flow_record *record)
{
	return record->kind >= RECORD_STARTED && record->kind <= RECORD_RETIRED &&
	       (record->slot == RECORD_NO_SLOT || record->slot < live->slots.ready) &&
	       record->facts.initiator <= 1 && record->facts.state <= FLOW_CLOSED;
}

static bool staged_load(struct live *live, struct state_reader *r)
{
	size_t count;

	live->rings.records = state_get_uint(r);
	count = state_get_count(r, STAGED_MAX);
	while (count-- && !r->bad) {
		struct flow_record *record = vec_add(&live->rings.staged);

		if (!record)
			return false;
		state_get_raw(r, record, sizeof(*record));
		if (!record_is_sane(live, record))
			r->bad = true;
	}
	return true;
}

/* ---- ends and half-open tables ---- */

static void ends_save(struct state_writer *w, const struct ends *ends)
{
	endings_save(w, ends->waiting.at, ends->waiting.len);
	endings_save(w, ends->batch.at, ends->batch.len);
	state_put_uint(w, ends->reused.len);
	vec_each (ref, &ends->reused) {
		state_put_uint(w, ref->slot);
		state_put_uint(w, ref->generation);
	}
	state_put_int(w, ends->swept);
	state_put_uint(w, ends->orphans);
	state_put_uint(w, ends->strays);
	state_put_uint(w, ends->retired);
	state_put_uint(w, ends->unread);
}

static bool ends_load(struct live *live, struct state_reader *r)
{
	struct ends *ends = &live->ends;

	if (!endings_load(live, r) || !endings_load(live, r) || !reused_load(live, r))
		return false;
	ends->swept = state_get_time(r);
	ends->orphans = state_get_uint(r);
	ends->strays = state_get_uint(r);
	ends->retired = state_get_uint(r);
	ends->unread = state_get_uint(r);
	return true;
}

static void halves_save(struct state_writer *w, const struct halves *halves)
{
	state_put_uint(w, halves->begun);
	state_put_uint(w, halves->expired);
	state_put_uint(w, halves->missed);
	state_put_uint(w, halves->settled);
	state_put_uint(w, halves->numbered);
	state_put_uint(w, halves->walked);
	state_put_uint(w, halves->present);
	for (unsigned i = 0; i < HALF_COUNTS; i++)
		state_put_uint(w, halves->counts[i]);
	state_put_uint(w, halves->forgotten);
	for (unsigned i = 0; i < HALF_ENDPOINTS; i++) {
		const struct endpoint *e = &halves->endpoints.at[i];

		state_put_raw(w, &e->key, sizeof(e->key));
		state_put_uint(w, e->initiator);
		state_put_uint(w, e->weight);
	}
	state_put_uint(w, halves->endpoints_age);
	state_put_uint(w, halves->horizon);
}

static void halves_load(struct state_reader *r, struct halves *halves)
{
	halves->begun = state_get_uint(r);
	halves->expired = state_get_uint(r);
	halves->missed = state_get_uint(r);
	halves->settled = state_get_uint(r);
	halves->numbered = state_get_uint(r);
	halves->walked = (uint32_t)state_get_below(r, UINT32_MAX);
	halves->present = state_get_uint(r);
	for (unsigned i = 0; i < HALF_COUNTS; i++)
		halves->counts[i] = state_get_uint(r);
	halves->forgotten = state_get_uint(r);
	for (unsigned i = 0; i < HALF_ENDPOINTS; i++) {
		struct endpoint *e = &halves->endpoints.at[i];

		state_get_raw(r, &e->key, sizeof(e->key));
		e->initiator = (uint8_t)state_get_below(r, 1);
		e->weight = state_get_uint(r);
	}
	halves->endpoints_age = (unsigned)state_get_below(r, UINT32_MAX);
	halves->horizon = state_get_uint(r);
}

/* ---- what was told of losses, and sums ---- */

static void health_save(struct state_writer *w, const struct health *health)
{
	for (unsigned i = 0; i < LOSS_COUNT; i++) {
		state_put_uint(w, health->losses[i]);
		state_put_int(w, health->told[i]);
		state_put_uint(w, health->newest[i]);
		state_put_int(w, health->grew[i]);
	}
}

static void health_load(struct state_reader *r, struct health *health)
{
	for (unsigned i = 0; i < LOSS_COUNT; i++) {
		health->losses[i] = state_get_uint(r);
		health->told[i] = state_get_time(r);
		health->newest[i] = state_get_uint(r);
		health->grew[i] = state_get_time(r);
	}
}

static void sums_save(struct state_writer *w, const struct live *live)
{
	state_put_uint(w, live->scanned);
	state_put_uint(w, live->accounted);
	state_put_uint(w, live->total);
	state_put_uint(w, live->packets);
	state_put_uint(w, live->lost);
	state_put_uint(w, live->polls);
	state_put_uint(w, live->late_nat);
	state_put_uint(w, live->own_flows);
	state_put_uint(w, live->slots.refused);
	state_put_uint(w, live->clock.steps);
	state_put_int(w, live->told);
	state_put_uint(w, live->cut);
	state_put_uint(w, live->options.owners ? owners_newest(live->options.owners) : 0);
}

static void sums_load(struct state_reader *r, struct live *live)
{
	uint64_t told;

	live->scanned = (uint32_t)state_get_below(r, UINT32_MAX);
	live->accounted = state_get_uint(r);
	live->total = state_get_uint(r);
	live->packets = state_get_uint(r);
	live->lost = state_get_uint(r);
	live->polls = state_get_uint(r);
	live->late_nat = state_get_uint(r);
	live->own_flows = state_get_uint(r);
	live->slots.refused = state_get_uint(r);
	live->clock.steps = state_get_uint(r);
	live->told = state_get_time(r);
	live->cut = state_get_uint(r);
	told = state_get_below(r, INT64_MAX);
	if (live->options.owners)
		owners_told(live->options.owners, told);
}

/* ---- the whole ---- */

void live_save(const struct live *live, struct state_writer *w)
{
	state_section(w, "live", "", 0, LIVE_VERSION);
	state_put_int(w, live->clock.offset);
	state_put_uint(w, live->slots.ready);
	watches_save(live, w);
	ends_save(w, &live->ends);
	halves_save(w, &live->halves);
	staged_save(w, &live->rings);
	state_put_uint(w, live->again.len);
	vec_each (slot, &live->again)
		state_put_uint(w, *slot);
	health_save(w, &live->health);
	sums_save(w, live);
	coverage_save(live->coverage, w);
}

static bool find(const struct state_image *image, struct state_reader *r)
{
	return state_find(image, "live", "", r) && r->version == LIVE_VERSION;
}

int live_load_head(struct live *live, const struct state_image *image, weir_time *offset,
		   uint32_t *ready)
{
	struct state_reader r;

	if (!find(image, &r))
		return -EBADMSG;
	*offset = state_get_time(&r);
	*ready = (uint32_t)state_get_below(&r, live->kernel.slots);
	return r.bad ? -EBADMSG : 0;
}

int live_load(struct live *live, const struct state_image *image)
{
	struct handover *from = &live->handover;
	struct state_reader r;
	bool whole;

	if (!find(image, &r))
		return -EBADMSG;
	state_get_time(&r);
	state_get_uint(&r);
	if (!watches_load(live, &r, from->links.at, from->links.len) || !ends_load(live, &r))
		return r.bad ? -EBADMSG : -ENOMEM;
	halves_load(&r, &live->halves);
	if (!staged_load(live, &r) || !again_load(live, &r))
		return -ENOMEM;
	health_load(&r, &live->health);
	sums_load(&r, live);
	whole = coverage_load(live->coverage, &r);
	return whole && state_done(&r) ? 0 : -EBADMSG;
}

/* ---- flows ---- */

enum { MORE_NAT = 0x1, MORE_ALIASED = 0x2, MORE_TURNED = 0x4, MORE_BITS = 0x7 };

static void more_save(struct state_writer *w, const struct flow *flow,
		      const struct known_more *more)
{
	unsigned bits = (flow->nat == &more->nat ? MORE_NAT : 0) |
			(more->aliased ? MORE_ALIASED : 0) | (more->turned ? MORE_TURNED : 0);

	state_put_uint(w, bits);
	for (unsigned i = 0; i < 2; i++) {
		state_put_uint(w, more->base.bytes[i]);
		state_put_uint(w, more->base.payload[i]);
		state_put_uint(w, more->base.packets[i]);
	}
	state_put_raw(w, &more->key, sizeof(more->key));
	state_put_raw(w, more->nat.source.byte, sizeof(more->nat.source.byte));
	state_put_raw(w, more->nat.destination.byte, sizeof(more->nat.destination.byte));
	state_put_uint(w, more->nat.source_port);
	state_put_uint(w, more->nat.destination_port);
}

/* Whose it is is asked anew, by its sockets. */
static void flow_keep(void *context, struct state_writer *w, const struct flow *flow)
{
	const struct known *known = known_of(flow);

	(void)context;
	state_put_uint(w, known != NULL);
	if (!known)
		return;
	state_put_uint(w, known->born);
	state_put_uint(w, known->cookie[0]);
	state_put_uint(w, known->cookie[1]);
	state_put_uint(w, known->ending);
	state_put_uint(w, known->more != NULL);
	if (known->more)
		more_save(w, flow, known->more);
}

static bool more_load(struct state_reader *r, struct flow *flow, struct known *known)
{
	struct known_more *more = calloc(1, sizeof(*more));
	unsigned bits;

	known->more = more;
	if (!more)
		return false;
	bits = (unsigned)state_get_below(r, MORE_BITS);
	more->aliased = bits & MORE_ALIASED;
	more->turned = bits & MORE_TURNED;
	for (unsigned i = 0; i < 2; i++) {
		more->base.bytes[i] = state_get_uint(r);
		more->base.payload[i] = state_get_uint(r);
		more->base.packets[i] = state_get_uint(r);
	}
	state_get_raw(r, &more->key, sizeof(more->key));
	state_get_raw(r, more->nat.source.byte, sizeof(more->nat.source.byte));
	state_get_raw(r, more->nat.destination.byte, sizeof(more->nat.destination.byte));
	more->nat.source_port = (uint16_t)state_get_below(r, UINT16_MAX);
	more->nat.destination_port = (uint16_t)state_get_below(r, UINT16_MAX);
	flow->nat = bits & MORE_NAT ? &more->nat : NULL;
	return true;
}

/* Two flows in one slot, or one beyond what is mapped, cannot be. */
static bool bind_flow(struct live *live, struct flow *flow)
{
	if (flow->slot == RECORD_NO_SLOT) {
		live->halves.known++;
		return true;
	}
	if (flow->slot >= live->slots.ready || live->slots.flow[flow->slot])
		return false;
	live->slots.flow[flow->slot] = flow;
	return true;
}

static bool flow_kept(void *context, struct state_reader *r, struct flow *flow)
{
	struct live *live = context;
	struct known *known;

	if (!state_get_bool(r))
		return !r->bad;
	known = calloc(1, sizeof(*known));
	if (!known)
		return false;
	known->born = state_get_uint(r);
	known->cookie[0] = state_get_uint(r);
	known->cookie[1] = state_get_uint(r);
	known->ending = state_get_bool(r);
	if (state_get_bool(r) && !more_load(r, flow, known)) {
		free(known);
		return false;
	}
	if (r->bad || !bind_flow(live, flow)) {
		r->bad = true;
		free(known->more);
		free(known);
		flow->nat = NULL;
		return false;
	}
	known->flow = flow;
	flow->source = known;
	LIST_INSERT_HEAD(&live->known, known, all);
	live->known_len++;
	return true;
}

struct flow_keeper live_flow_keeper(struct live *live)
{
	return (struct flow_keeper){.save = flow_keep, .load = flow_kept, .context = live};
}
