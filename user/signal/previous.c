/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/window.h"

/* What is kept of a key's event before, for prev(): just the fields that a rule asks for. */

void previous_read(struct window *window, const struct key *key)
{
	const struct field_list *fields = &window->spec->previous;
	const struct previous *previous = key_previous(window, key);

	window->env.previous = NULL;
	if (!previous->known)
		return;
	tuple_values(&previous->item, previous->tuple, fields, window->previous);
	for (unsigned i = 0; i < fields->len; i++)
		if (fields->at[i] == FIELD_EVENT_START && window->previous[i].type == VALUE_NULL)
			window->previous[i] = value_number((double)previous->time);
	window->env.previous = window->previous;
}

void previous_keep(struct window *window, struct key *key, const struct event *event)
{
	const struct field_list *fields = &window->spec->previous;
	struct tuple_buffer *buffer = &window->shop->buffer;
	struct previous *previous = key_previous(window, key);

	previous_free(window, key);
	previous->known = tuple_item(buffer, event, fields, true, &previous->item) &&
			  !tuple_keep(&window->pool, buffer, event, fields, &previous->item,
				      &previous->tuple);
	previous->time = event->time;
	window->lost += !previous->known;
}

void previous_free(struct window *window, struct key *key)
{
	struct previous *previous = key_previous(window, key);

	tuple_drop(&window->pool, previous->tuple);
	*previous = (struct previous){0};
}
