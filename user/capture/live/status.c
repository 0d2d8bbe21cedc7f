/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "bpf/settings.h"
#include "capture/live/inside.h"
#include "visitor/visitor.h"

/* `weir status`: what is watched and how, what was lost, and how full the tables are. */

static json_t *count(uint64_t n)
{
	return json_integer((json_int_t)n);
}

/* ---- interfaces ---- */

/* One side: by which hook, and what passed it. */
static json_t *side_json(const struct live *live, const struct hook *hook, uint32_t stats)
{
	json_t *object = json_pack("{s:s}", "hook", hook->ops ? hook->how : "none");
	struct traffic_counts counts;

	if (hook->why[0])
		json_object_set_new(object, "why", json_string(hook->why));
	if (kernel_traffic(&live->kernel, stats, &counts))
		return object;
	json_object_set_new(object, "buffers", count(counts.buffers));
	json_object_set_new(object, "packets", count(counts.segments));
	json_object_set_new(object, "buffer_bytes", count(counts.buffer_bytes));
	json_object_set_new(object, "wire_bytes", count(counts.wire_bytes));
	json_object_set_new(object, "ip_bytes", count(counts.ip_bytes));
	json_object_set_new(object, "in_no_flow", count(counts.unparsed));
	return object;
}

static const char *reason(const struct live *live, const struct interface *interface)
{
	const struct watch *watch = interface->watch;

	if (watch->why[0])
		return watch->why;
	if (watch->hook[WATCH_XDP].ops)
		return "XDP was asked for; TC counts what leaves and supplies sockets";
	switch (choose_hook(&live->options, interface->name)) {
	case HOOK_AUTO:
		return "TC: both directions, sockets, and no cost to offloads";
	case HOOK_TC:
	case HOOK_XDP:
		break;
	}
	return "TC was asked for";
}

static json_t *watched_json(const struct live *live, const struct interface *interface)
{
	const struct watch *watch = interface->watch;
	const struct hook *in = &watch->hook[watch->hook[WATCH_XDP].ops ? WATCH_XDP : WATCH_IN];
	json_t *object = json_pack("{s:s, s:i, s:s, s:s, s:b, s:s, s:s}", "name", interface->name,
				   "index", (int)interface->ifindex, "kind",
				   interface->what[0] ? interface->what : "device", "frames",
				   device_kind(interface->arphrd) == DEVICE_L3 ? "ip" : "ethernet",
				   "up", (interface->flags & IFF_UP) != 0, "hook", watch_way(watch),
				   "why", reason(live, interface));

	json_object_set_new(object, "received", side_json(live, in, watch->attachment.stats_in));
	json_object_set_new(object, "sent",
			    side_json(live, &watch->hook[WATCH_OUT], watch->attachment.stats_out));
	json_object_set_new(
		object, "kernel",
		json_pack("{s:o, s:o, s:o, s:o}", "received_packets", count(interface->rx_packets),
			  "received_bytes", count(interface->rx_bytes), "sent_packets",
			  count(interface->tx_packets), "sent_bytes", count(interface->tx_bytes)));
	return object;
}

/* Why an interface that is there is not watched; NULL: it was not asked for. */
static const char *unwatched_reason(const struct live *live, const struct interface *interface)
{
	if (!choose_interface(&live->options, interface->name, interface->flags))
		return NULL;
	if (device_kind(interface->arphrd) == DEVICE_OTHER)
		return "frames of a link type that is not read";
	return "its hooks were refused";
}

/* Those of one namespace that is entered go to `watched`; how many there were. */
static size_t within_json(struct live *live, struct within_space *space, json_t *watched)
{
	const struct interface *interface = NULL;
	size_t before = json_array_size(watched);

	interfaces_refresh(&space->interfaces);
	while ((interface = interfaces_after(&space->interfaces, interface))) {
		json_t *object;

		if (!interface->watch)
			continue;
		object = watched_json(live, interface);
		json_object_set_new(object, "namespace", json_string(space->space.name));
		json_array_append_new(watched, object);
	}
	return json_array_size(watched) - before;
}

static json_t *namespaces_json(struct live *live, json_t *watched)
{
	json_t *entered = json_array();
	struct within_space *space;
	size_t cursor = 0;

	while ((space = within_next(live, &cursor)))
		json_array_append_new(entered,
				      json_pack("{s:s, s:s, s:o}", "name", space->space.name,
						"path", space->space.path, "interfaces",
						count(within_json(live, space, watched))));
	return json_pack("{s:o, s:o, s:i, s:s}", "entered", entered, "not_entered",
			 count(within_left_out(live)), "visitor",
			 (int)visitor_pid(live->options.visitor), "visitor_holds",
			 "CAP_SYS_ADMIN, to enter namespaces; it does nothing else");
}

static void interfaces_json(struct live *live, json_t *status)
{
	json_t *watched = json_array(), *unwatched = json_array();
	const struct interface *interface = NULL;

	interfaces_refresh(&live->interfaces);
	while ((interface = interfaces_after(&live->interfaces, interface))) {
		const char *why;

		if (interface->watch) {
			json_array_append_new(watched, watched_json(live, interface));
			continue;
		}
		why = unwatched_reason(live, interface);
		if (why)
			json_array_append_new(unwatched, json_pack("{s:s, s:s}", "name",
								   interface->name, "why", why));
	}
	if (live->within)
		json_object_set_new(status, "namespaces", namespaces_json(live, watched));
	json_object_set_new(status, "interfaces", watched);
	json_object_set_new(status, "unwatched", unwatched);
	json_object_set_new(status, "interfaces_returned", count(live->watches.returned));
	json_object_set_new(status, "hooks_lost", count(live->watches.lost_hooks));
}

static json_t *gone_json(struct live *live)
{
	json_t *list = json_array();

	vec_each (gone, &live->watches.gone)
		json_array_append_new(list, json_pack("{s:s, s:b, s:i}", "name", gone->name, "away",
						      gone->away, "returned", (int)gone->times));
	return list;
}

/* ---- losses ---- */

static json_t *losses_json(const struct live *live)
{
	static const struct {
		const char *name, *words;
	} reasons[LOSS_COUNT] = {
#define X(name_, words_) [LOSS_##name_] = {#name_, words_},
		WEIR_LOSSES(X)
#undef X
	};
	json_t *list = json_array();
	unsigned i;

	for (i = 0; i < LOSS_COUNT; i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:o}", "reason", reasons[i].name,
						      "words", reasons[i].words, "count",
						      count(live->losses[i])));
	return list;
}

/* Payload for the decoders: what was sent, and what was wanted and was not. */
static json_t *payload_json(const struct live *live)
{
	static const struct {
		const char *name;
		enum loss packets;
		enum payload_count bytes;
	} reasons[] = {
		{"over budget", LOSS_PAYLOAD_BUDGET, PAYLOAD_UNSENT_BUDGET},
		{"ring full", LOSS_PAYLOAD_RING, PAYLOAD_UNSENT_RING},
		{"later fragment", LOSS_PAYLOAD_FRAGMENT, PAYLOAD_UNSENT_FRAGMENT},
		{"not readable", LOSS_PAYLOAD_UNREADABLE, PAYLOAD_UNSENT_UNREADABLE},
	};
	const struct settings *settings = kernel_settings(&live->kernel);
	json_t *unsent = json_array();
	size_t i;

	if (!settings->payload)
		return json_pack("{s:b}", "copied", false);
	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		json_array_append_new(unsent,
				      json_pack("{s:s, s:o, s:o}", "reason", reasons[i].name,
						"packets", count(live->losses[reasons[i].packets]),
						"bytes", count(live->payload[reasons[i].bytes])));
	return json_pack("{s:b, s:o, s:o, s:o, s:o, s:o, s:o}", "copied", true, "records",
			 count(live->payload[PAYLOAD_RECORDS]), "bytes",
			 count(live->payload[PAYLOAD_BYTES]), "not_sent", unsent,
			 "budget_bytes_a_second", count(settings->payload_budget), "opening_bytes",
			 count(settings->payload_opening), "ring_bytes",
			 count(live->kernel.payload_ring));
}

/* ---- the kernel ---- */

static json_t *features_json(const struct features *features)
{
	json_t *list = json_array();
	unsigned i;

	for (i = 0; i < FEATURES; i++) {
		const struct feature_words *words = &feature_words[i];
		bool has = features->has[i];

		json_array_append_new(list, json_pack("{s:s, s:b, s:s}", "feature", words->key,
						      "available", has, "means",
						      has ? words->with : words->without));
	}
	return list;
}

/* ---- tables ---- */

static json_t *tables_json(const struct live *live)
{
	const struct slots *slots = &live->slots;
	const struct halves *halves = &live->halves;

	return json_pack(
		"{s:{s:o, s:o, s:o, s:s, s:b}, s:{s:o, s:o, s:o, s:o, s:o, s:o, s:o}}", "main",
		"size", count(slots->all), "used", count(slots->used), "handed_out",
		count(slots->ready), "size_is", live->sizes.why, "smaller_than_wanted",
		live->kernel.halvings > 0, "half_open", "size_each", count(live->kernel.half_open),
		"used", count(halves->present), "inserted", count(halves->counts[HALF_INSERTED]),
		"promoted", count(halves->counts[HALF_PROMOTED]), "expired", count(halves->expired),
		"forgotten", count(halves->forgotten), "told_as_numbers", count(halves->missed));
}

static json_t *ends_json(const struct live *live)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "waiting", count(live->ends.waiting.len),
			 "retired", count(live->ends.retired), "orphans", count(live->ends.orphans),
			 "strays", count(live->ends.strays), "never_known",
			 count(live->ends.unread));
}

static json_t *nat_json(const struct live *live)
{
	const struct nat *nat = &live->nat;
	bool there = live->conntrack.socket != NULL;
	json_t *object = json_pack("{s:b, s:o, s:o, s:o, s:o, s:o}", "available", there, "known",
				   count(nat->pairs), "learnt", count(nat->learnt), "dropped",
				   count(nat->dropped), "overruns", count(live->conntrack.overruns),
				   "late", count(live->late_nat));

	if (!there)
		json_object_set_new(object, "why", json_string(live->conntrack.why));
	return object;
}

static uint64_t unattributed(const struct live *live)
{
	return live->total > live->accounted ? live->total - live->accounted : 0;
}

/* How it began. */
static void start_json(const struct live *live, json_t *status)
{
	json_object_set_new(status, "start", json_string(live->handed ? "handed over" : "clean"));
	if (!live->took_over)
		return;
	if (!live->handed)
		json_object_set_new(status, "start_why", json_string(live->why_clean));
	else
		json_object_set_new(status, "conversations_cut", count(live->cut));
	json_object_set_new(status, "taken_over_from", json_integer(live->predecessor));
	json_object_set_new(status, "blind_gap_ns", json_integer(live->gap));
}

static void sums_json(const struct live *live, json_t *status)
{
	json_object_set_new(status, "flows", count(live->known_len));
	json_object_set_new(status, "packets", count(live->packets));
	json_object_set_new(status, "ip_bytes", count(live->total));
	json_object_set_new(status, "ip_bytes_told", count(live->accounted));
	json_object_set_new(status, "bytes_unattributed", count(unattributed(live)));
	json_object_set_new(status, "half_open_forgotten", count(live->halves.forgotten));
	json_object_set_new(status, "own_flows", count(live->own_flows));
	json_object_set_new(status, "records", count(live->rings.records));
	json_object_set_new(status, "ring_bytes", count(live->kernel.ring_bytes));
	json_object_set_new(status, "clock_steps", count(live->clock.steps));
	json_object_set_new(status, "clock_shift_ns", json_integer(live->clock.shift));
	json_object_set_new(status, "tick_ns", count((uint64_t)live->clock.tick));
	start_json(live, status);
	json_object_set_new(status, "removed_leftovers", count(live->leftovers));
	json_object_set_new(
		status, "coverage",
		json_real(coverage_share(live->coverage, live->told - WEIR_MIN, live->told)));
}

json_t *live_status(struct live *live, bool *degraded)
{
	json_t *status = json_object();

	interfaces_json(live, status);
	json_object_set_new(status, "gone", gone_json(live));
	json_object_set_new(status, "features", features_json(&live->kernel.features));
	json_object_set_new(status, "losses", losses_json(live));
	json_object_set_new(status, "payload", payload_json(live));
	json_object_set_new(status, "tables", tables_json(live));
	json_object_set_new(status, "ends", ends_json(live));
	json_object_set_new(status, "nat", nat_json(live));
	sums_json(live, status);
	if (degraded)
		*degraded = live->degraded;
	return status;
}
