/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "cases/cases.h"
#include "rule/literal.h"

/* What was heard against what a case expects. */

/* ---- heard ---- */

int heard_open(struct heard *heard, unsigned rules)
{
	heard->len = rules;
	heard->rules = calloc(rules ? rules : 1, sizeof(*heard->rules));
	return heard->rules ? 0 : -ENOMEM;
}

void heard_free(struct heard *heard)
{
	for (unsigned i = 0; i < heard->len && heard->rules; i++) {
		vec_each (record, &heard->rules[i].records) {
			free(record->keys);
			free(record->values);
		}
		vec_free(&heard->rules[i].records);
	}
	free(heard->rules);
	heard->rules = NULL;
}

int heard_add(struct heard *heard, unsigned rule, const struct heard_record *record)
{
	struct heard_record *into = NULL;

	vec_each (known, &heard->rules[rule].records)
		if (!strcmp(known->id, record->id))
			into = known;
	if (!into)
		into = vec_add(&heard->rules[rule].records);
	if (!into)
		return -ENOMEM;
	if (into->keys && into->severity > record->severity)
		return 0;
	free(into->keys);
	free(into->values);
	*into = *record;
	into->keys = strdup(record->keys ? record->keys : "{}");
	into->values = strdup(record->values ? record->values : "{}");
	return into->keys && into->values ? 0 : -ENOMEM;
}

/* ---- one expectation: NAME, {NAME: level} or {NAME: {severity, times, confidence, keys, values}}
 */

struct complaint {
	FILE *out;
	const char *rule;
	bool any;
};

static void complain(struct complaint *c, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void complain(struct complaint *c, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(c->out, "    %s ", c->rule);
	vfprintf(c->out, format, args);
	fputc('\n', c->out);
	va_end(args);
	c->any = true;
}

static const char *expected_name(struct item one)
{
	return item_is_map(one) ? item_text(item_key(one, 0)) : item_text(one);
}

static struct item expectation_of(struct item one_case, const char *rule)
{
	struct item list = item_get(one_case, "expect");

	for (size_t i = 0; item_is_list(list) && i < item_len(list); i++)
		if (!strcmp(expected_name(item_at(list, i)), rule))
			return item_at(list, i);
	return (struct item){0};
}

bool case_expects(struct item one_case, const struct rule *rule)
{
	return expectation_of(one_case, rule->display).node;
}

static enum severity worst_of(const struct heard_rule *said)
{
	enum severity worst = 0;

	vec_each (record, &said->records)
		worst = record->severity > worst ? record->severity : worst;
	return worst;
}

/* A value as JSON against a text of the case: numbers as numbers (with their unit), the rest as
 * text. */
static bool value_is(const json_t *value, struct item wanted)
{
	double number;
	enum unit unit;

	if (json_is_object(value))
		value = json_object_get(value, "value");
	if (json_is_number(value) &&
	    !literal_number(item_text(wanted), item_length(wanted), &number, &unit))
		return fabs(json_number_value(value) - number) <= 1e-6 * fmax(1, fabs(number));
	if (json_is_string(value))
		return !strcmp(json_string_value(value), item_text(wanted));
	return item_is_null(wanted) && (!value || json_is_null(value));
}

static void members_judge(struct complaint *c, const char *text, struct item wanted)
{
	json_t *object = json_loads(text, 0, NULL);

	for (size_t i = 0; i < item_len(wanted); i++) {
		const char *name = item_text(item_key(wanted, i));
		const json_t *value = json_object_get(object, name);
		char *shown;

		if (value_is(value, item_value(wanted, i)))
			continue;
		shown = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
		complain(c, "said %s %s, not %s", name, shown ? shown : "not at all",
			 item_text(item_value(wanted, i)));
		free(shown);
	}
	json_decref(object);
}

static void level_judge(struct complaint *c, const struct heard_rule *said, struct item wanted)
{
	enum severity worst = worst_of(said);

	if (strcmp(severity_name(worst), item_text(wanted)))
		complain(c, "said %s, not %s", severity_name(worst), item_text(wanted));
}

static void details_judge(struct complaint *c, const struct heard_rule *said, struct item wanted)
{
	const struct heard_record *first = &said->records.at[0];
	char text[32];

	for (size_t i = 0; i < item_len(wanted); i++) {
		const char *key = item_text(item_key(wanted, i));
		struct item value = item_value(wanted, i);

		if (!strcmp(key, "severity")) {
			level_judge(c, said, value);
		} else if (!strcmp(key, "times")) {
			snprintf(text, sizeof(text), "%zu", said->records.len);
			if (strcmp(text, item_text(value)))
				complain(c, "spoke of %s things, not of %s", text,
					 item_text(value));
		} else if (!strcmp(key, "confidence")) {
			snprintf(text, sizeof(text), "%.6g", first->confidence);
			if (strcmp(text, item_text(value)))
				complain(c, "said confidence %s, not %s", text, item_text(value));
		} else if (!strcmp(key, "keys")) {
			members_judge(c, first->keys, value);
		} else if (!strcmp(key, "values")) {
			members_judge(c, first->values, value);
		} else {
			complain(c,
				 "is expected with '%s': severity, times, confidence, keys or "
				 "values would be right",
				 key);
		}
	}
}

static void expected_judge(struct complaint *c, const struct heard_rule *said, struct item one)
{
	struct item value = item_is_map(one) ? item_value(one, 0) : (struct item){0};

	if (!said->records.len)
		complain(c, "said nothing");
	else if (item_is_map(value))
		details_judge(c, said, value);
	else if (value.node)
		level_judge(c, said, value);
}

/* ---- a whole case ---- */

/*
 * May a rule that no line expects speak? Never those of the case's own file, never a detection; of
 * the signals of other files only with `expect: none`, which lets nothing above low pass.
 */
static bool may_speak(struct item one_case, const struct rule *rule, const struct heard_rule *said,
		      const char *cases_path)
{
	bool none = !strcmp(item_text(item_get(one_case, "expect")), "none");

	if (rule->kind == RULE_BASE && !rule->alone)
		return true; /* it only selects */
	if (rule->raise)
		return false;
	if (none)
		return worst_of(said) <= SEVERITY_LOW;
	return !case_is_about(cases_path, rule->place.file);
}

static bool names_are_known(struct item one_case, const struct ruleset *set, FILE *out)
{
	struct item list = item_get(one_case, "expect");
	bool good = true;

	for (size_t i = 0; item_is_list(list) && i < item_len(list); i++) {
		const char *name = expected_name(item_at(list, i));
		unsigned r = 0;

		while (r < set->len && strcmp(set->rules[r].display, name))
			r++;
		if (r == set->len)
			fprintf(out, "    %s is expected, and no rule has that name\n", name);
		good &= r < set->len;
	}
	return good;
}

bool case_judge(struct item one_case, const struct ruleset *set, const struct heard *heard,
		const char *cases_path, FILE *out)
{
	bool good = names_are_known(one_case, set, out);

	for (unsigned i = 0; i < set->len; i++) {
		const struct rule *rule = &set->rules[i];
		const struct heard_rule *said = &heard->rules[i];
		struct complaint c = {.out = out, .rule = rule->display};
		struct item one = expectation_of(one_case, rule->display);

		if (one.node)
			expected_judge(&c, said, one);
		else if (said->records.len && !may_speak(one_case, rule, said, cases_path))
			complain(&c, "said %s: %s", severity_name(worst_of(said)),
				 said->records.at[0].keys);
		good &= !c.any;
	}
	return good;
}
