/* SPDX-License-Identifier: Apache-2.0 */
#include "event/privacy.h"
#include "rule/rule.h"

static enum field stricter(enum field a, enum field b)
{
	return privacy_of(b) > privacy_of(a) ? b : a;
}

static enum field window_key(const struct rule *rule, const enum field *fields, unsigned key)
{
	const struct rule_window *window = &rule->window;
	enum field f = fields[key];

	for (unsigned ref = 0; window->by_ref && ref < rule->refs_len; ref++)
		if (key < window->by_ref[ref].len)
			f = stricter(f, window->by_ref[ref].at[key]);
	return f;
}

static enum field temporal_key(const struct rule *rule, const enum field *fields, unsigned key)
{
	const struct rule_temporal *temporal = &rule->temporal;
	enum field f = fields[key];
	unsigned alias = key - temporal->group_by.len;

	if (key < temporal->group_by.len || alias >= temporal->aliases_len)
		return f;
	for (unsigned ref = 0; ref < rule->refs_len; ref++)
		f = stricter(f, temporal->aliases[alias].by_ref[ref]);
	return f;
}

enum field rule_key_privacy(const struct rule *rule, const enum field *fields, unsigned key)
{
	switch (rule->kind) {
	case RULE_BASE:
		break;
	case RULE_WINDOW:
		return window_key(rule, fields, key);
	case RULE_TEMPORAL:
		return temporal_key(rule, fields, key);
	}
	return fields[key];
}

/* first() and last() alone compute texts. */
enum field rule_computed_privacy(const struct rule *rule, unsigned computed)
{
	const struct field_list *fields;

	if (rule->kind != RULE_WINDOW || computed >= rule->window.compute_len)
		return FIELD_NONE;
	fields = &rule->window.compute[computed].fields;
	return fields->len == 1 ? fields->at[0] : FIELD_NONE;
}
