/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/words.h"

#define WORDS_VALUE_MAX 512

const char *words_join(struct arena *arena, const char *left, const char *right)
{
	return left && right ? arena_format(arena, "%s%s", left, right) : NULL;
}

const char *words_of_plain(struct arena *arena, const struct value *value, enum unit unit)
{
	char text[WORDS_VALUE_MAX];

	return arena_text(arena, value_format(value, unit, text, sizeof(text)));
}

static const char *field_words(struct arena *arena, const struct signal *signal, enum field field)
{
	struct value value = {.type = VALUE_NULL};

	for (unsigned i = 0; i < signal->keys_len; i++)
		if (signal->key_fields[i] == field)
			return words_of_plain(arena, &signal->keys[i], UNIT_NONE);
	if (signal->samples_len)
		value = value_of_field(&signal->samples[signal->samples_len - 1], field);
	return words_of_plain(arena, &value, field_unit(field));
}

static const char *part_words(struct arena *arena, const struct signal *signal,
			      const struct summary_part *part)
{
	switch (part->kind) {
	case SUMMARY_TEXT:
		return part->text;
	case SUMMARY_FIELD:
		return field_words(arena, signal, part->field);
	case SUMMARY_COMPUTED:
		return words_of_plain(arena, &signal->values[part->computed].value,
				      signal->values[part->computed].unit);
	case SUMMARY_REMOTE:
	case SUMMARY_COMMON:
	case SUMMARY_ALIAS: /* of temporal rules only */
		break;
	}
	return "";
}

const char *words_of_signal(struct arena *arena, const struct signal *signal)
{
	const struct rule *rule = signal->rule;
	const char *text = "";

	for (unsigned i = 0; i < rule->summary_len; i++)
		text = words_join(arena, text, part_words(arena, signal, &rule->summary[i]));
	if (rule->summary_len)
		return text;
	text = rule->title;
	for (unsigned i = 0; i < signal->keys_len; i++)
		text = words_join(arena, words_join(arena, text, i ? ", " : ": "),
				  words_of_plain(arena, &signal->keys[i], UNIT_NONE));
	for (unsigned i = 0; i < signal->values_len; i++)
		text = words_join(arena,
				  words_join(arena, text, i || signal->keys_len ? ", " : ": "),
				  words_of_value(arena, &signal->values[i]));
	return text;
}

const char *words_of_value(struct arena *arena, const struct signal_value *value)
{
	const char *number = words_of_plain(arena, &value->value, value->unit);
	const char *about = value->estimated ? "about " : "";
	const char *mean, *deviation, *text;
	struct value one = {.type = VALUE_NUMBER};

	if (number && value->error)
		number = arena_format(arena, "%s ± %.2g %%", number, value->error * 100);
	if (!number)
		return NULL;
	if (value->scored) {
		one.number = value->mean;
		mean = words_of_plain(arena, &one, value->unit);
		one.number = value->deviation;
		deviation = words_of_plain(arena, &one, value->unit);
		text = arena_format(arena, "%s %s%s (usually %s, deviation %s: %.1f deviations",
				    value->name, about, number, mean ? mean : "",
				    deviation ? deviation : "", value->zscore);
		if (!text)
			return NULL;
		return arena_format(arena, "%s%s%s)", text, value->threshold ? ", fires at " : "",
				    value->threshold ? value->threshold : "");
	}
	if (value->threshold)
		return arena_format(arena, "%s %s%s (fires at %s)", value->name, about, number,
				    value->threshold);
	return arena_format(arena, "%s %s%s", value->name, about, number);
}
