/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/window.h"

/* Windows whose keys are another field in the events of each of their rules. */

/* The event with the key's fields as those of a rule whose keys are others. */
static void put_keys(struct event *keyed, const struct event *event, const struct field_list *to,
		     const struct field_list *from)
{
	static const uint8_t sizes[] = {
		[TYPE_ADDR] = sizeof(struct addr),  [TYPE_TEXT] = sizeof(struct text),
		[TYPE_TEXTS] = sizeof(struct text), [TYPE_ENUM] = sizeof(uint16_t),
		[TYPE_COUNT] = sizeof(uint64_t),    [TYPE_REAL] = sizeof(double),
		[TYPE_TIME] = sizeof(weir_time),    [TYPE_DURATION] = sizeof(int64_t),
		[TYPE_BOOL] = sizeof(bool),	    [TYPE_ROLES] = sizeof(uint64_t),
	};

	*keyed = *event;
	for (unsigned i = 0; i < to->len; i++) {
		event_clear(keyed, to->at[i]);
		if (!event_has(event, from->at[i]))
			continue;
		memcpy((char *)keyed + field_table[to->at[i]].offset,
		       event_slot(event, from->at[i]), sizes[field_table[to->at[i]].type]);
		event_mark(keyed, to->at[i]);
	}
}

static bool same_keys(const struct field_list *a, const struct field_list *b)
{
	return !memcmp(a->at, b->at, a->len * sizeof(a->at[0]));
}

/* The event counts once under each key that it has by any of the rules that it matches. */
void aliased_event(struct window *window, const struct event *event, const bool *matched)
{
	const struct field_list *by_ref = window->spec->by_ref;
	const struct rule *rule = window->rule;
	uint32_t done = 0;

	_Static_assert(RULE_REFS_MAX <= 32, "a bit a rule");
	for (unsigned i = 0; i < rule->refs_len; i++) {
		struct event keyed;

		if (!matched[rule->refs[i]] || (done >> i & 1))
			continue;
		for (unsigned k = 0; k < rule->refs_len; k++) {
			window->rules[k] =
				matched[rule->refs[k]] && same_keys(&by_ref[i], &by_ref[k]);
			done |= (uint32_t)(window->rules[k] != 0) << k;
		}
		put_keys(&keyed, event, &window->spec->group_by, &by_ref[i]);
		window_keyed(window, event, &keyed);
	}
}
