/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/words.h"

#define WORDS_VALUE_MAX 512

const char *words_join(struct arena *arena, const char *left, const char *right)
{
	return left && right ? arena_format(arena, "%s%s", left, right) : NULL;
}

const char *words_of_plain(struct arena *arena, enum field field, const struct value *value,
			   enum unit unit)
{
	char text[WORDS_VALUE_MAX], hash[PRIVACY_TEXT_MAX];
	struct value shown = value_shown(field, value, hash);

	return arena_text(arena, value_format(&shown, unit, text, sizeof(text)));
}

const char *words_of_key(struct arena *arena, const struct signal *signal, unsigned key)
{
	return words_of_plain(arena, rule_key_privacy(signal->rule, signal->key_fields, key),
			      &signal->keys[key], UNIT_NONE);
}

const char *words_of_computed(struct arena *arena, const struct signal *signal, unsigned computed)
{
	return words_of_plain(arena, rule_computed_privacy(signal->rule, computed),
			      &signal->values[computed].value, signal->values[computed].unit);
}

static const char *field_words(struct arena *arena, const struct signal *signal, enum field field)
{
	struct value value = {.type = VALUE_NULL};

	for (unsigned i = 0; i < signal->keys_len; i++)
		if (signal->key_fields[i] == field)
			return words_of_key(arena, signal, i);
	if (signal->samples_len)
		value = value_of_field(&signal->samples[signal->samples_len - 1], field);
	return words_of_plain(arena, field, &value, field_unit(field));
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
		return words_of_computed(arena, signal, part->computed);
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
				  words_of_key(arena, signal, i));
	for (unsigned i = 0; i < signal->values_len; i++)
		text = words_join(arena,
				  words_join(arena, text, i || signal->keys_len ? ", " : ": "),
				  words_of_value(arena, signal, i));
	return text;
}

const char *words_of_value(struct arena *arena, const struct signal *signal, unsigned computed)
{
	const struct signal_value *value = &signal->values[computed];
	const char *number = words_of_computed(arena, signal, computed);
	const char *about = value->estimated ? "about " : "";
	const char *mean, *deviation, *text;
	struct value one = {.type = VALUE_NUMBER};

	if (number && value->error)
		number = arena_format(arena, "%s ± %.2g %%", number, value->error * 100);
	if (!number)
		return NULL;
	if (value->scored) {
		one.number = value->mean;
		mean = words_of_plain(arena, FIELD_NONE, &one, value->unit);
		one.number = value->deviation;
		deviation = words_of_plain(arena, FIELD_NONE, &one, value->unit);
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
