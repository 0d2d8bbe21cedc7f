/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/predicate.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

/* One test of one field, by kind. */

#define NUMBER_MAX 64 /* bytes of a text that is read as a number */

/* The number that a text is; NaN, which nothing equals, where it is none. */
static double text_number(const struct text *text)
{
	char copy[NUMBER_MAX], *end;
	double number;

	if (!text->length || text->length >= sizeof(copy))
		return NAN;
	memcpy(copy, text->at, text->length);
	copy[text->length] = 0;
	number = strtod(copy, &end);
	return *end ? NAN : number;
}

static double time_part(weir_time at, enum time_part part)
{
	time_t seconds = (time_t)(time_floor(at, WEIR_SEC) / WEIR_SEC);
	struct tm tm;
	char week[8];

	gmtime_r(&seconds, &tm);
	switch (part) {
	case PART_MINUTE:
		return tm.tm_min;
	case PART_HOUR:
		return tm.tm_hour;
	case PART_DAY:
		return tm.tm_mday;
	case PART_WEEK:
		strftime(week, sizeof(week), "%V", &tm);
		return atoi(week);
	case PART_MONTH:
		return tm.tm_mon + 1;
	case PART_YEAR:
		return tm.tm_year + 1900;
	case PART_NONE:
		break;
	}
	return (double)at;
}

static double slot_number(const struct test *t, const struct look *look)
{
	const void *slot;

	if (t->field >= FIELD_COMPUTED)
		return look->computed[t->field - FIELD_COMPUTED].number;
	slot = event_slot(look->event, t->field);
	switch ((enum field_type)field_table[t->field].type) {
	case TYPE_COUNT:
		return (double)*(const uint64_t *)slot;
	case TYPE_REAL:
		return *(const double *)slot;
	case TYPE_TIME:
		return time_part(*(const weir_time *)slot, t->part);
	case TYPE_DURATION:
		return (double)*(const int64_t *)slot;
	case TYPE_TEXT:
	case TYPE_TEXTS:
		return text_number(slot);
	case TYPE_ADDR:
	case TYPE_ENUM:
	case TYPE_BOOL:
	case TYPE_ROLES:
		break;
	}
	return NAN;
}

static bool test_exists(const struct test *t, struct look *look)
{
	(void)t;
	(void)look;
	return true;
}

static bool test_named(const struct test *t, struct look *look)
{
	const void *slot = event_slot(look->event, t->field);
	uint16_t n;

	if (field_table[t->field].type == TYPE_ROLES)
		return *(const uint64_t *)slot & t->named[0];
	n = *(const uint16_t *)slot;
	return n < 256 && (t->named[n / 64] >> (n % 64) & 1);
}

static bool test_equal(const struct test *t, struct look *look)
{
	double number = slot_number(t, look);
	unsigned low = 0, high = t->len;

	while (low < high) {
		unsigned mid = (low + high) / 2;

		if (t->numbers[mid] == number)
			return true;
		if (t->numbers[mid] < number)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

static bool test_less(const struct test *t, struct look *look)
{
	return slot_number(t, look) < t->bound;
}

static bool test_at_most(const struct test *t, struct look *look)
{
	return slot_number(t, look) <= t->bound;
}

static bool test_more(const struct test *t, struct look *look)
{
	return slot_number(t, look) > t->bound;
}

static bool test_at_least(const struct test *t, struct look *look)
{
	return slot_number(t, look) >= t->bound;
}

static bool test_truth(const struct test *t, struct look *look)
{
	return *(const bool *)event_slot(look->event, t->field) == t->truth;
}

static bool in_networks(const struct test *t, const struct addr *addr)
{
	for (unsigned i = 0; i < t->len; i++)
		if (network_has(&t->networks[i], addr))
			return true;
	return false;
}

/* A list is met where one of its elements is. */
static bool test_network(const struct test *t, struct look *look)
{
	const void *slot = event_slot(look->event, t->field);
	struct text element;
	struct addr addr;

	if (!type_is_text(field_table[t->field].type))
		return in_networks(t, slot);
	for (uint32_t at = 0; texts_next(slot, &at, &element);)
		if (!addr_parse(element.at, element.length, &addr) && in_networks(t, &addr))
			return true;
	return false;
}

static bool found(void *context, uint32_t means)
{
	(void)context;
	(void)means;
	return true;
}

static bool any_pattern(const struct test *t, const struct subject *subject, struct look *look)
{
	(void)look;
	if (t->quick && subject->folded)
		return literals_find(t->quick, subject->folded, subject->length, found, NULL);
	for (unsigned i = 0; i < t->len; i++)
		if (pattern_match(&t->patterns[i], subject))
			return true;
	return false;
}

static bool any_regex(const struct test *t, const struct subject *subject, struct look *look)
{
	for (unsigned i = 0; i < t->len && !look->gave_up; i++) {
		enum regex_result result =
			regex_search(t->regexes[i], subject->at, subject->length);

		look->gave_up |= result == REGEX_GAVE_UP;
		if (result == REGEX_YES)
			return true;
	}
	return false;
}

typedef bool (*subject_test)(const struct test *t, const struct subject *subject,
			     struct look *look);

/* Each element of a list; every other field whole. */
static bool any_element(const struct test *t, enum field f, struct look *look, subject_test test)
{
	struct subject whole = folds_get(look->folds, look->event, f), one;
	struct text texts = {whole.at, (uint32_t)whole.length}, element;

	if (field_table[f].type != TYPE_TEXTS)
		return test(t, &whole, look);
	for (uint32_t at = 0; texts_next(&texts, &at, &element);) {
		one = (struct subject){
			element.at,
			whole.folded ? whole.folded + (element.at - whole.at) : NULL,
			element.length,
		};
		if (test(t, &one, look))
			return true;
	}
	return false;
}

static bool test_text(const struct test *t, struct look *look)
{
	return any_element(t, t->field, look, any_pattern);
}

static bool test_regex(const struct test *t, struct look *look)
{
	return any_element(t, t->field, look, any_regex);
}

static bool any_field(const struct test *t, struct look *look, subject_test test)
{
	for (unsigned i = 0; i < sizeof(look->event->present) / sizeof(uint64_t); i++)
		for (uint64_t bits = look->event->present[i]; bits; bits &= bits - 1) {
			unsigned f = i * 64 + (unsigned)__builtin_ctzll(bits);

			if (type_is_text(field_table[f].type) &&
			    any_element(t, (enum field)f, look, test))
				return true;
		}
	return false;
}

static bool test_keyword(const struct test *t, struct look *look)
{
	return any_field(t, look, any_pattern);
}

static bool test_keyregex(const struct test *t, struct look *look)
{
	return any_field(t, look, any_regex);
}

/* The other field as a pattern without wildcards. */
static bool holds_other(const struct test *t, const struct subject *subject, struct look *look)
{
	struct subject other = folds_get(look->folds, look->event, t->other);
	const char *literal = t->cased || !other.folded ? other.at : other.folded;
	struct pattern pattern = {.literal = literal,
				  .literal_len = (uint16_t)other.length,
				  .open = t->open,
				  .cased = t->cased};

	return other.length <= UINT16_MAX && (t->cased || other.folded) &&
	       pattern_match(&pattern, subject);
}

static bool test_reference(const struct test *t, struct look *look)
{
	return event_has(look->event, t->other) && any_element(t, t->field, look, holds_other);
}

static bool (*const tests[TEST_KINDS])(const struct test *t, struct look *look) = {
	[TEST_EXISTS] = test_exists,	 [TEST_NAMED] = test_named,
	[TEST_EQUAL] = test_equal,	 [TEST_LESS] = test_less,
	[TEST_AT_MOST] = test_at_most,	 [TEST_MORE] = test_more,
	[TEST_AT_LEAST] = test_at_least, [TEST_TRUTH] = test_truth,
	[TEST_NETWORK] = test_network,	 [TEST_TEXT] = test_text,
	[TEST_REGEX] = test_regex,	 [TEST_KEYWORD] = test_keyword,
	[TEST_KEYREGEX] = test_keyregex, [TEST_REFERENCE] = test_reference,
};

bool test_match(const struct test *t, struct look *look)
{
	if (t->field >= FIELD_COMPUTED)
		return look->computed &&
		       look->computed[t->field - FIELD_COMPUTED].type == VALUE_NUMBER &&
		       tests[t->kind](t, look);
	return (t->field == FIELD_NONE || event_has(look->event, t->field)) &&
	       tests[t->kind](t, look);
}
