/* SPDX-License-Identifier: Apache-2.0 */
#include "base/usage.h"
#include "decode/decoder.h"
#include "decoding/inside.h"

/* `weir status`: how decoding is doing. */

static json_t *count(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static void add_cost(json_t *object, pid_t pid)
{
	struct usage usage;

	if (usage_of(pid, &usage))
		return;
	json_object_set_new(object, "memory_bytes", count(usage.resident));
	json_object_set_new(object, "own_memory_bytes", count(usage.own));
	json_object_set_new(object, "cpu_seconds", json_real((double)usage.cpu_time / WEIR_SEC));
}

static json_t *child_json(const struct decoding *d)
{
	const struct child_life *child = &d->child;
	json_t *object = json_object();

	if (child->pid) {
		json_object_set_new(object, "pid", json_integer(child->pid));
		json_object_set_new(object, "confined", json_boolean(child->ready));
		add_cost(object, child->pid);
	}
	if (child->ready && child->landlock)
		json_object_set_new(object, "landlock", json_integer(child->landlock));
	else if (child->ready)
		json_object_set_new(object, "landlock", json_string("not in this kernel"));
	return object;
}

static json_t *restarts_json(const struct decoding *d)
{
	const struct decoding_counts *c = &d->counts;
	json_t *object = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "restarts", count(c->restarts),
				   "crashed", count(c->crashed), "hung", count(c->hung),
				   "malformed", count(c->malformed), "not_ready", count(c->unready),
				   "payload_discarded_bytes", count(c->discarded));

	if (d->reason[0])
		json_object_set_new(object, "last_reason", json_string(d->reason));
	return object;
}

static json_t *lost_json(const struct wire_totals *now, const struct wire_totals *earlier)
{
	return json_pack("{s:o, s:o, s:o, s:o}", "channel_full", count(now->full + earlier->full),
			 "too_long", count(now->too_long + earlier->too_long), "refused_fields",
			 count(now->refused + earlier->refused), "ring_records_malformed",
			 count(now->ring_records + earlier->ring_records));
}

uint64_t decoding_held(const struct decoding *d)
{
	return d->child.totals.decode.remembered;
}

/* A minute without an end is well again. */
static bool is_well(const struct decoding *d)
{
	return d->child.ready &&
	       (d->failed_at == TIME_NONE || time_boot() - d->failed_at > WELL_AFTER);
}

/* So soon after the first start that there is nothing to complain of yet. */
static bool is_starting(const struct decoding *d)
{
	return d->child.pid && !d->child.ready && d->failed_at == TIME_NONE;
}

json_t *decoding_status(const struct decoding *d, bool *degraded)
{
	const struct wire_totals *now = &d->child.totals, *earlier = &d->counts.earlier;
	json_t *status = child_json(d);
	struct decode_totals sum = now->decode;

	decode_totals_add(&sum, &earlier->decode);
	json_object_update_new(status, restarts_json(d));
	json_object_set_new(status, "events", count(d->counts.events));
	json_object_set_new(status, "protocols_told", count(d->counts.protocols));
	json_object_set_new(status, "lost", lost_json(now, earlier));
	json_object_set_new(status, "decoders", decode_totals_report(&sum, decoders));
	if (!is_well(d) && !is_starting(d))
		*degraded = true;
	return status;
}
