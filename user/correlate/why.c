/* SPDX-License-Identifier: Apache-2.0 */
#include "correlate/life.h"
#include "event/escape.h"
#include "signal/words.h"

#define LIST_WORDS_MAX 5 /* values named before "and n more" */

static const char *tuple_words(struct arena *arena, const struct field_list *fields,
			       const struct value *at, unsigned width)
{
	const char *text = "";

	for (unsigned i = 0; i < width; i++)
		text = words_join(arena, words_join(arena, text, i ? " " : ""),
				  words_of_plain(arena, fields->at[i], &at[i], UNIT_NONE));
	return text;
}

const char *why_list(struct arena *arena, const struct field_list *fields,
		     const struct value *values, unsigned len, unsigned width)
{
	unsigned tuples = width ? len / width : 0;
	unsigned shown = tuples > LIST_WORDS_MAX + 1 ? LIST_WORDS_MAX : tuples;
	const char *text = "";

	for (unsigned i = 0; i < shown; i++) {
		const char *between = !i ? "" : i + 1 == tuples ? " and " : ", ";

		text = words_join(arena, words_join(arena, text, between),
				  tuple_words(arena, fields, values + (size_t)i * width, width));
	}
	if (shown < tuples)
		text = words_join(arena, text, arena_format(arena, " and %u more", tuples - shown));
	return text;
}

/* A peer chose it: a newline in it must not begin a line of ours. */
static const char *one_line(struct arena *arena, const char *text)
{
	size_t length = text ? strlen(text) : 0;
	char *clean;

	if (!text || escape_clean(text, length))
		return text;
	clean = arena_alloc(arena, length * ESCAPE_GROWTH + 1);
	if (clean)
		escape_bytes(text, length, false, clean);
	return clean;
}

static const char *name_of(const struct rule *rule)
{
	return rule->display ? rule->display : rule->name ? rule->name : rule->title;
}

/* "2026-01-02T03:04:05.000006Z PORT_SCAN high, from …: value …, value …" */
static const char *signal_line(struct arena *arena, const struct signal *signal)
{
	char time[TIME_TEXT_MAX], start[TIME_TEXT_MAX];
	const char *text, *joint = ": ";

	text = arena_format(arena, "%s %s %s", time_format(time_shown(signal->time), time),
			    name_of(signal->rule), severity_name(signal->severity));
	if (text && signal->start < signal->time)
		text = arena_format(arena, "%s, since %s", text,
				    time_format(time_shown(signal->start), start));
	if (!signal->values_len && signal->message)
		text = words_join(arena, words_join(arena, text, ": "),
				  one_line(arena, signal->message));
	for (unsigned i = 0; i < signal->values_len; i++) {
		if (!signal->values[i].name)
			continue;
		text = words_join(arena, words_join(arena, text, joint),
				  one_line(arena, words_of_value(arena, signal, i)));
		joint = ", ";
	}
	if (signal->partial)
		text = words_join(arena, text, " (the input ended within its window)");
	return text;
}

static const char *first_line(struct arena *arena, const struct detection *d)
{
	const char *text = name_of(d->rule);

	for (unsigned i = 0; i < d->keys_len; i++)
		text = arena_format(
			arena, "%s%s%s %s", text ? text : "", i ? ", " : " of ", d->key_names[i],
			one_line(arena,
				 words_of_plain(arena, rule_key_privacy(d->rule, d->key_fields, i),
						&d->keys[i], UNIT_NONE)));
	if (d->rule->kind == RULE_TEMPORAL) {
		char span[TIME_TEXT_MAX];

		return arena_format(arena, "%s: signals within %s%s", text ? text : "",
				    duration_format(d->rule->temporal.timespan, span),
				    d->rule->temporal.ordered ? ", in this order" : "");
	}
	return arena_format(arena, "%s: strong enough alone", text ? text : "");
}

const char *why_of(struct arena *arena, const struct detection *d, const char *common_name,
		   unsigned common_width, uint64_t left_out, uint64_t dropped)
{
	const char *text = first_line(arena, d);

	for (unsigned i = 0; i < d->signals_len; i++)
		text = words_join(arena, words_join(arena, text, "\n"),
				  signal_line(arena, d->signals[i]));
	if (left_out)
		text = words_join(arena, text,
				  arena_format(arena, "\n%llu more signals are not kept",
					       (unsigned long long)left_out));
	if (dropped)
		text = words_join(
			arena, text,
			arena_format(arena,
				     "\n%llu older signals are not looked at: of each rule "
				     "the newest %d are",
				     (unsigned long long)dropped, MATCH_SIGNALS_MAX));
	if (d->common_len)
		text = words_join(
			arena, text,
			arena_format(
				arena, "\nin common: %s %s", common_name ? common_name : "",
				one_line(arena, why_list(arena, &d->rule->temporal.common,
							 d->common, d->common_len, common_width))));
	if (d->common_wrong > 0)
		text = words_join(
			arena, text,
			arena_format(
				arena,
				"\nwhat is in common goes by fingerprints: the chance that one "
				"of it is not is %.2g %%",
				d->common_wrong * 100));
	if (d->coverage < 1)
		text = words_join(arena, text,
				  arena_format(arena, "\nonly %.1f %% of the packets were seen",
					       d->coverage * 100));
	return text;
}
