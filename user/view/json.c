/* SPDX-License-Identifier: Apache-2.0 */
/* What there is to see, as JSON. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "view/inside.h"

/* The flows that are asked for, the busiest first. */
struct seen {
	struct view_flow **at;
	size_t len;
};

/* ---- which ---- */

static bool text_has(const char *text, const char *part)
{
	return strcasestr(text, part) != NULL;
}

/* In a text, a number as it is written, or an element of a list. */
static bool value_has(const json_t *value, const char *part)
{
	char number[32];
	size_t i;
	json_t *one;

	if (json_is_string(value))
		return text_has(json_string_value(value), part);
	if (json_is_integer(value)) {
		snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
			 json_integer_value(value));
		return text_has(number, part);
	}
	json_array_foreach(value, i, one) if (value_has(one, part)) return true;
	return false;
}

/* Counts are no words: "80" is a port, not a number of bytes. */
static bool is_count(const char *name)
{
	return strstr(name, "bytes") || strstr(name, "packets") || strstr(name, "duration") ||
	       strstr(name, "@timestamp");
}

static bool matches(const struct view_flow *flow, const char *filter)
{
	const char *name;
	json_t *value;

	if (!*filter)
		return true;
	json_object_foreach(flow->facts, name,
			    value) if (!is_count(name) && value_has(value, filter)) return true;
	return false;
}

/* Of that second, which is over; zeros of one that did not move in it. */
static const struct view_moved *moved_in(const struct view_flow *flow, weir_time second)
{
	static const struct view_moved nothing;

	if (flow->last.second == second)
		return &flow->last;
	return flow->before.second == second ? &flow->before : &nothing;
}

static uint64_t rate(const struct view_flow *flow, weir_time second)
{
	const struct view_moved *moved = moved_in(flow, second);

	return moved->bytes[0] + moved->bytes[1];
}

static weir_time shown_second(const struct view *view)
{
	return view->seconds ? view->second - WEIR_SEC : TIME_NONE;
}

static int by_rate(const void *a, const void *b, void *context)
{
	const struct view_flow *one = *(struct view_flow *const *)a;
	const struct view_flow *other = *(struct view_flow *const *)b;
	weir_time second = *(const weir_time *)context;
	uint64_t x = rate(one, second), y = rate(other, second);

	if (x != y)
		return x < y ? 1 : -1;
	if (one->last.second != other->last.second)
		return one->last.second < other->last.second ? 1 : -1;
	x = one->total[0] + one->total[1];
	y = other->total[0] + other->total[1];
	return x == y ? 0 : x < y ? 1 : -1;
}

static bool choose(const struct view *view, const char *filter, struct seen *seen)
{
	weir_time second = shown_second(view);
	struct view_flow *flow;

	seen->at = calloc(view->flows.count + 1, sizeof(struct view_flow *));
	if (!seen->at)
		return false;
	TAILQ_FOREACH(flow, &view->order, place)
	if (flow->facts && matches(flow, filter))
		seen->at[seen->len++] = flow;
	qsort_r(seen->at, seen->len, sizeof(struct view_flow *), by_rate, &second);
	return true;
}

/* ---- how they look ---- */

static void put(json_t *object, const char *name, uint64_t value)
{
	json_object_set_new(object, name, json_integer((json_int_t)value));
}

static void put_rates(json_t *object, const struct view_flow *flow, weir_time second)
{
	const struct view_moved *moved = moved_in(flow, second);

	put(object, "source.bytes", moved->bytes[0]);
	put(object, "destination.bytes", moved->bytes[1]);
	put(object, "source.packets", moved->packets[0]);
	put(object, "destination.packets", moved->packets[1]);
}

static json_t *flow_json(const struct view_flow *flow, weir_time second)
{
	weir_time idle = second == TIME_NONE ? 0 : second - flow->last.second;
	json_t *object = json_copy(flow->facts);

	if (!object)
		return NULL;
	put_rates(object, flow, second);
	put(object, "event.duration", (uint64_t)flow->duration);
	put(object, "flow.total.source.bytes", flow->total[0]);
	put(object, "flow.total.destination.bytes", flow->total[1]);
	put(object, "flow.idle", idle > 0 ? (uint64_t)(idle / WEIR_SEC) : 0);
	return object;
}

static json_t *flows_json(const struct seen *seen, size_t limit, weir_time second)
{
	json_t *list = json_array();

	for (size_t i = 0; i < seen->len && (!limit || i < limit); i++)
		json_array_append_new(list, flow_json(seen->at[i], second));
	return list;
}

static void add(json_t *object, const char *name, uint64_t more)
{
	json_int_t before = json_integer_value(json_object_get(object, name));

	json_object_set_new(object, name, json_integer(before + (json_int_t)more));
}

/* Those of a process's fields that say which it is. */
static json_t *process_json(const json_t *facts)
{
	static const char *const kinds[] = {"process.", "user.", "container.", "orchestrator."};
	json_t *object = json_object(), *value;
	const char *name;

	json_object_foreach((json_t *)facts, name,
			    value) for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]);
					i++) if (!strncmp(name, kinds[i], strlen(kinds[i])))
		json_object_set(object, name, value);
	return object;
}

static int by_bytes(const void *a, const void *b)
{
	json_int_t sum[2];
	const json_t *of[] = {*(json_t *const *)a, *(json_t *const *)b};

	for (int i = 0; i < 2; i++)
		sum[i] = json_integer_value(json_object_get(of[i], "source.bytes")) +
			 json_integer_value(json_object_get(of[i], "destination.bytes"));
	if (sum[0] == sum[1])
		return 0;
	return sum[0] < sum[1] ? 1 : -1;
}

/* The busiest of an object's values, as a list. */
static json_t *busiest(json_t *of, size_t limit)
{
	json_t *list = json_array(), *value, **sorted;
	const char *name;
	size_t len = 0;

	sorted = calloc(json_object_size(of) + 1, sizeof(json_t *));
	if (!sorted)
		return list;
	json_object_foreach(of, name, value) sorted[len++] = value;
	qsort(sorted, len, sizeof(json_t *), by_bytes);
	for (size_t i = 0; i < len && (!limit || i < limit); i++)
		json_array_append(list, sorted[i]);
	free(sorted);
	return list;
}

/* Flows whose process is not known are together under no name. */
static json_t *processes_json(const struct seen *seen, size_t limit, weir_time second)
{
	json_t *of = json_object(), *list;

	for (size_t i = 0; i < seen->len; i++) {
		const struct view_flow *flow = seen->at[i];
		const char *id =
			json_string_value(json_object_get(flow->facts, "process.entity_id"));
		json_t *process = json_object_get(of, id ? id : "");
		const struct view_moved *moved = moved_in(flow, second);

		if (!process) {
			process = process_json(flow->facts);
			json_object_set_new(of, id ? id : "", process);
		}
		add(process, "flows", 1);
		add(process, "source.bytes", moved->bytes[0]);
		add(process, "destination.bytes", moved->bytes[1]);
	}
	list = busiest(of, limit);
	json_decref(of);
	return list;
}

static json_t *rates_json(const struct view *view)
{
	static const struct view_rates none;
	const struct view_rates *r =
		view->seconds ? &view->history[(view->seconds - 1) % VIEW_HISTORY] : &none;

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "bytes.sent", (json_int_t)r->sent,
			 "bytes.received", (json_int_t)r->received, "packets",
			 (json_int_t)r->packets, "attempts", (json_int_t)r->attempts, "connections",
			 (json_int_t)r->connections, "flows", (json_int_t)r->flows);
}

static json_t *history_json(const struct view *view)
{
	uint64_t from = view->seconds > VIEW_HISTORY ? view->seconds - VIEW_HISTORY : 0;
	json_t *list = json_array();

	for (uint64_t i = from; i < view->seconds; i++) {
		const struct view_rates *r = &view->history[i % VIEW_HISTORY];

		json_array_append_new(list, json_integer((json_int_t)(r->sent + r->received)));
	}
	return list;
}

json_t *view_json(struct view *view, weir_time now, size_t limit, const char *filter)
{
	weir_time second = shown_second(view);
	json_t *object = json_object(), *flows;
	struct seen seen = {0};
	char at[TIME_TEXT_MAX];

	view->looked = now;
	if (!object || !choose(view, filter, &seen)) {
		json_decref(object);
		return NULL;
	}
	if (second != TIME_NONE)
		json_object_set_new(object, "at", json_string(time_format(time_shown(second), at)));
	json_object_set_new(object, "rates", rates_json(view));
	json_object_set_new(object, "history", history_json(view));
	flows = flows_json(&seen, limit, second);
	put(object, "flows_shown", json_array_size(flows));
	put(object, "flows_matching", seen.len);
	put(object, "flows_known", view->flows.count);
	put(object, "flows_left_out", view->left_out);
	json_object_set_new(object, "flows", flows);
	json_object_set_new(object, "processes", processes_json(&seen, limit, second));
	free(seen.at);
	return object;
}
