/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/recorded.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <strings.h>

#include "base/log.h"
#include "signal/identity.h"

#define NUMBERS_MAX 64 /* of a row that are shown as values */

struct waiting {
	struct signal signal;
	struct arena arena; /* all that it points to */
	uint64_t number;    /* order of arrival */
};

struct recorded {
	const struct ruleset *rules;
	VEC(struct waiting *) waiting; /* by (time, number) */
	uint64_t number, refused;
};

struct recorded *recorded_new(const struct ruleset *rules)
{
	struct recorded *recorded = calloc(1, sizeof(*recorded));

	if (recorded)
		recorded->rules = rules;
	return recorded;
}

static void waiting_free(struct waiting *waiting)
{
	arena_free(&waiting->arena);
	free(waiting);
}

void recorded_free(struct recorded *recorded)
{
	if (!recorded)
		return;
	vec_each (waiting, &recorded->waiting)
		waiting_free(*waiting);
	vec_free(&recorded->waiting);
	free(recorded);
}

uint64_t recorded_refused(const struct recorded *recorded)
{
	return recorded->refused;
}

static bool is_name(const char *name, const struct text *text)
{
	return name && strlen(name) == text->length && !strncasecmp(name, text->at, text->length);
}

static const struct rule *rule_of(const struct recorded *recorded, const struct text *name)
{
	for (unsigned i = 0; i < recorded->rules->len; i++) {
		const struct rule *rule = &recorded->rules->rules[i];

		if (rule->kind == RULE_WINDOW &&
		    (is_name(rule->name, name) || is_name(rule->display, name)))
			return rule;
	}
	return NULL;
}

static int refuse(struct recorded *recorded, const struct text *name, const char *why)
{
	if (!recorded->refused++)
		log_warn("a recorded signal %.*s: %s: passed over (others like it are counted)",
			 (int)name->length, name->at, why);
	return 0;
}

/* The numbers of the row that no field of an event holds. */
static unsigned put_numbers(struct waiting *w, const struct row *row, struct signal_value *to)
{
	unsigned len = 0;

	vec_each (cell, &row->cells) {
		bool number = cell->kind == CELL_INTEGER || cell->kind == CELL_REAL;

		if (!number || len == NUMBERS_MAX || field_find(cell->name, cell->name_length) >= 0)
			continue;
		to[len].name = arena_copy(&w->arena, cell->name, cell->name_length);
		if (!to[len].name)
			continue;
		to[len].value.type = VALUE_NUMBER;
		to[len++].value.number =
			cell->kind == CELL_REAL ? cell->real : (double)cell->integer;
	}
	return len;
}

static const struct cell *number_named(const struct row *row, const char *name)
{
	vec_each (cell, &row->cells)
		if (cell->name_length == strlen(name) && !memcmp(cell->name, name, strlen(name)) &&
		    (cell->kind == CELL_INTEGER || cell->kind == CELL_REAL))
			return cell;
	return NULL;
}

/* What the rule would have computed, where the row has a number of that name; then the others. */
static int put_values(struct waiting *w, const struct rule_window *window, const struct row *row)
{
	struct signal_value *values =
		arena_alloc(&w->arena, (window->compute_len + NUMBERS_MAX) * sizeof(*values));

	if (!values)
		return -ENOMEM;
	for (unsigned i = 0; i < window->compute_len; i++) {
		const struct cell *cell = number_named(row, window->compute[i].name);

		if (!cell)
			continue;
		values[i].name = window->compute[i].name;
		values[i].unit = window->compute[i].unit;
		values[i].value.type = VALUE_NUMBER;
		values[i].value.number =
			cell->kind == CELL_REAL ? cell->real : (double)cell->integer;
	}
	w->signal.values = values;
	w->signal.values_len =
		window->compute_len + put_numbers(w, row, values + window->compute_len);
	return 0;
}

/* A set of values() that the row has one element of. */
static int put_sets(struct waiting *w, const struct rule_window *window, const struct event *event)
{
	struct signal_set *sets = arena_alloc(&w->arena, window->compute_len * sizeof(*sets) + 1);

	if (!sets)
		return -ENOMEM;
	for (unsigned i = 0; i < window->compute_len; i++) {
		const struct rule_aggregate *computed = &window->compute[i];
		struct value *tuple;

		if (computed->kind != AGGREGATE_VALUES || computed->per >= 0)
			continue;
		tuple = arena_alloc(&w->arena, RULE_FIELDS_MAX * sizeof(*tuple));
		if (!tuple)
			return -ENOMEM;
		for (unsigned f = 0; f < computed->fields.len; f++)
			tuple[f] = value_of_field(event, computed->fields.at[f]);
		sets[w->signal.sets_len++] = (struct signal_set){.computed = i,
								 .fields = computed->fields,
								 .at = tuple,
								 .len = 1,
								 .whole = true};
	}
	w->signal.sets = sets;
	return 0;
}

/* The name of a missing field in *missing; -ENOMEM. */
static int put_keys(struct waiting *w, const struct rule *rule, const struct event *event,
		    const char **missing)
{
	const struct field_list *by = &rule->window.group_by;
	struct value *keys = arena_alloc(&w->arena, RULE_FIELDS_MAX * sizeof(*keys));
	const char *names[RULE_FIELDS_MAX];
	char what[32];

	*missing = NULL;
	if (!keys)
		return -ENOMEM;
	for (unsigned i = 0; i < by->len; i++) {
		names[i] = field_table[by->at[i]].name;
		keys[i] = value_of_field(event, by->at[i]);
		if (keys[i].type == VALUE_NULL)
			*missing = names[i];
	}
	w->signal.key_fields = by->at;
	w->signal.keys = keys;
	w->signal.keys_len = by->len;
	snprintf(what, sizeof(what), "%" PRId64, event->time);
	return identity_make(&w->arena,
			     &(struct identity){rule, rule->id, names, by->at, keys, by->len, what},
			     w->signal.id);
}

static int fill(struct waiting *w, const struct rule *rule, const struct recorded_signal *from,
		const char **missing)
{
	int severity = severity_find(from->severity.at, from->severity.length);
	struct event *event = arena_alloc(&w->arena, sizeof(*event));
	char tuple[EVENT_TUPLE_MAX];
	int err;

	if (!event)
		return -ENOMEM;
	*event = *from->event;
	if (event_keep(event, &w->arena))
		return -ENOMEM;
	w->signal = (struct signal){
		.rule = rule,
		.start = from->at,
		.time = from->at,
		.emitted = from->at,
		.window_start = from->at,
		.window_end = from->at,
		.severity = severity >= 0 ? (enum severity)severity : rule->level,
		.confidence = 1,
		.coverage = 1,
		.samples = event,
		.samples_len = 1,
		.message = arena_format(&w->arena, "recorded elsewhere: %s, %s", rule->display,
					event_tuple(event, tuple)),
	};
	err = put_keys(w, rule, event, missing);
	err = err ? err : put_values(w, &rule->window, from->row);
	err = err ? err : put_sets(w, &rule->window, event);
	return err || w->signal.message ? err : -ENOMEM;
}

/* Nearly all come in order of time. */
static int insert(struct recorded *recorded, struct waiting *w)
{
	size_t at;

	w->number = recorded->number++;
	if (!vec_add(&recorded->waiting))
		return -ENOMEM;
	for (at = recorded->waiting.len - 1;
	     at && recorded->waiting.at[at - 1]->signal.time > w->signal.time; at--)
		recorded->waiting.at[at] = recorded->waiting.at[at - 1];
	recorded->waiting.at[at] = w;
	return 0;
}

int recorded_add(struct recorded *recorded, const struct recorded_signal *signal)
{
	const struct rule *rule = rule_of(recorded, &signal->rule);
	const char *missing;
	struct waiting *w;
	int err;

	if (!rule)
		return refuse(recorded, &signal->rule,
			      "no rule has that name and makes signals of events");
	if (recorded->waiting.len >= RECORDED_WAITING_MAX)
		return refuse(recorded, &signal->rule, "too many wait for their time");
	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	err = fill(w, rule, signal, &missing);
	if (err || missing) {
		waiting_free(w);
		return err ? err
			   : refuse(recorded, &signal->rule, "a field of its group-by is missing");
	}
	err = insert(recorded, w);
	if (err)
		waiting_free(w);
	return err;
}

void recorded_release(struct recorded *recorded, weir_time watermark,
		      void (*signal)(void *context, const struct signal *signal), void *context)
{
	size_t done = 0;

	while (done < recorded->waiting.len &&
	       (watermark == TIME_NEVER || recorded->waiting.at[done]->signal.time < watermark)) {
		signal(context, &recorded->waiting.at[done]->signal);
		waiting_free(recorded->waiting.at[done++]);
	}
	if (!done)
		return;
	recorded->waiting.len -= done;
	memmove(recorded->waiting.at, recorded->waiting.at + done,
		recorded->waiting.len * sizeof(*recorded->waiting.at));
}
