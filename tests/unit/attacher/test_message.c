/* SPDX-License-Identifier: Apache-2.0 */

/* Questions and answers: the sane ones, and each way of being none. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <limits.h>

#include "attacher/message.h"

#define PROGRAMS 3

#define TCX	  KIND_BIT(KIND_TCX)
#define CLSACT	  KIND_BIT(KIND_CLSACT)
#define XDP	  KIND_BIT(KIND_XDP)
#define ELSEWHERE KIND_BIT(KIND_ELSEWHERE)

static const struct attach_ask put = {
	.number = 1, .what = ATTACH_PUT, .ifindex = 7, .kinds = TCX | CLSACT, .program = 2};
static const struct attach_ask put_xdp = {
	.number = 1, .what = ATTACH_PUT, .ifindex = 7, .kinds = XDP, .program = 1};
static const struct attach_ask put_elsewhere = {.number = 1,
						.what = ATTACH_PUT,
						.ifindex = 7,
						.point = ATTACH_OUT,
						.kinds = ELSEWHERE,
						.class = 9};
static const struct attach_ask take = {.number = 1,
				       .what = ATTACH_TAKE,
				       .ifindex = 7,
				       .point = ATTACH_OUT,
				       .kinds = CLSACT,
				       .priority = 1,
				       .id = 5};
static const struct attach_ask replace_link = {
	.number = 1, .what = ATTACH_REPLACE, .ifindex = 7, .kinds = TCX, .program = 1};
static const struct attach_ask restore_filter = {.number = 1,
						 .what = ATTACH_RESTORE,
						 .ifindex = 7,
						 .kinds = CLSACT,
						 .priority = UINT16_MAX,
						 .id = 5};
static const struct attach_ask make = {
	.number = 1, .what = ATTACH_MAKE_CLSACT, .ifindex = 7, .kinds = CLSACT};
static const struct attach_ask remove_elsewhere = {
	.number = 1, .what = ATTACH_REMOVE_CLSACT, .ifindex = 7, .kinds = ELSEWHERE};
static const struct attach_ask follow = {.number = 1, .what = ATTACH_FOLLOW};
static const struct attach_ask list = {.number = 1, .what = ATTACH_LIST};
static const struct attach_ask programs = {.number = 1, .what = ATTACH_PROGRAMS, .program = 9};

/* Each with the descriptors that it comes with. */
static const struct {
	const struct attach_ask *ask;
	unsigned descriptors;
} sane[] = {
	{&put, 0},	    {&put_xdp, 0},	  {&put_elsewhere, 1}, {&take, 0},
	{&replace_link, 1}, {&restore_filter, 0}, {&make, 0},	       {&remove_elsewhere, 1},
	{&follow, 0},	    {&list, 0},		  {&programs, 9},
};
#define SANE (sizeof(sane) / sizeof(sane[0]))

static void what_is_asked_is_sane(void **state)
{
	(void)state;
	for (size_t i = 0; i < SANE; i++) {
		assert_int_equal(attach_ask_needs(sane[i].ask), sane[i].descriptors);
		assert_true(attach_ask_is_sane(sane[i].ask, sane[i].descriptors, PROGRAMS));
	}
}

static void descriptors_are_counted(void **state)
{
	(void)state;
	for (size_t i = 0; i < SANE; i++) {
		assert_false(attach_ask_is_sane(sane[i].ask, sane[i].descriptors + 1, PROGRAMS));
		if (sane[i].descriptors)
			assert_false(
				attach_ask_is_sane(sane[i].ask, sane[i].descriptors - 1, PROGRAMS));
	}
}

/* One word of a question is another, and the question makes no sense any more. */
static const struct {
	const struct attach_ask *ask;
	size_t word;
	uint32_t value;
} insane[] = {
#define WORD(member) (offsetof(struct attach_ask, member) / sizeof(uint32_t))
	{&put, WORD(number), 0},
	{&put, WORD(what), ATTACH_READY},
	{&put, WORD(what), ATTACH_WHATS},
	{&put, WORD(what), UINT32_MAX},
	{&put, WORD(ifindex), 0},
	{&put, WORD(ifindex), UINT32_MAX},
	{&put, WORD(point), ATTACH_POINTS},
	{&put, WORD(kinds), 0},
	{&put, WORD(kinds), KIND_BIT(KIND_NONE)},
	{&put, WORD(kinds), TCX | ELSEWHERE},
	{&put, WORD(kinds), TCX | XDP},
	{&put, WORD(kinds), KIND_BIT(HOOK_KINDS)},
	{&put, WORD(program), PROGRAMS},
	{&put, WORD(program), UINT32_MAX},
	{&put, WORD(priority), 1},
	{&put, WORD(id), 1},
	{&put, WORD(class), 1},
	{&put_xdp, WORD(point), ATTACH_OUT},
	{&put_elsewhere, WORD(class), 0},
	{&put_elsewhere, WORD(class), 0x10000},
	{&put_elsewhere, WORD(priority), 1},
	{&take, WORD(kinds), TCX},
	{&take, WORD(kinds), XDP},
	{&take, WORD(kinds), CLSACT | ELSEWHERE},
	{&take, WORD(priority), 0},
	{&take, WORD(priority), 0x10000},
	{&take, WORD(id), 0},
	{&take, WORD(program), 1},
	{&take, WORD(class), 1},
	{&replace_link, WORD(kinds), TCX | CLSACT},
	{&replace_link, WORD(priority), 1},
	{&replace_link, WORD(id), 1},
	{&restore_filter, WORD(priority), 0},
	{&restore_filter, WORD(id), 0},
	{&restore_filter, WORD(program), PROGRAMS},
	{&make, WORD(point), ATTACH_OUT},
	{&make, WORD(kinds), TCX},
	{&make, WORD(kinds), 0},
	{&make, WORD(ifindex), 0},
	{&make, WORD(program), 1},
	{&make, WORD(id), 1},
	{&remove_elsewhere, WORD(class), 1},
	{&follow, WORD(ifindex), 1},
	{&follow, WORD(point), 1},
	{&follow, WORD(kinds), CLSACT},
	{&follow, WORD(program), 1},
	{&follow, WORD(priority), 1},
	{&follow, WORD(id), 1},
	{&follow, WORD(class), 1},
	{&list, WORD(number), 0},
	{&programs, WORD(program), ATTACH_PROGRAMS_MAX + 1},
	{&programs, WORD(ifindex), 1},
	{&programs, WORD(kinds), TCX},
};

static void what_makes_no_sense_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(insane) / sizeof(insane[0]); i++) {
		struct attach_ask ask = *insane[i].ask;

		assert_true(attach_ask_is_sane(&ask, attach_ask_needs(&ask), PROGRAMS));
		((uint32_t *)&ask)[insane[i].word] = insane[i].value;
		if (attach_ask_is_sane(&ask, attach_ask_needs(&ask), PROGRAMS))
			fail_msg("case %zu is taken", i);
	}
}

static void without_programs_none_is_put_up(void **state)
{
	struct attach_ask first = put;

	(void)state;
	first.program = 0;
	assert_true(attach_ask_is_sane(&first, 0, 1));
	assert_false(attach_ask_is_sane(&first, 0, 0));
}

static void chance_is_judged(void **state)
{
	uint32_t random = 1;
	unsigned taken = 0;

	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		struct attach_ask ask;
		uint32_t *word = (uint32_t *)&ask;

		for (size_t k = 0; k < sizeof(ask) / sizeof(*word); k++) {
			random = random * 1664525 + 1013904223;
			word[k] = random >> 28 ? (random >> 16) % 12 : random;
		}
		taken += attach_ask_is_sane(&ask, attach_ask_needs(&ask), PROGRAMS);
	}
	assert_true(taken < 200000 / 10);
}

/* ---- answers ---- */

static const struct attach_answer link_ = {
	.number = 1, .what = ATTACH_PUT, .kind = KIND_TCX, .how = "tcx"};
static const struct attach_answer filter = {.number = 1,
					    .what = ATTACH_PUT,
					    .kind = KIND_CLSACT,
					    .priority = 1,
					    .id = 5,
					    .how = "clsact",
					    .why = "behind"};
static const struct attach_answer refusal = {
	.number = 1, .what = ATTACH_PUT, .result = -EPERM, .why = "tcx refused"};

static void answers_are_sane(void **state)
{
	const struct attach_answer made = {.number = 1, .what = ATTACH_MAKE_CLSACT, .result = 1};
	const struct attach_answer socket = {.number = 1, .what = ATTACH_FOLLOW};
	const struct attach_answer none = {.number = 1, .what = ATTACH_FOLLOW, .result = -EPERM};

	(void)state;
	assert_true(attach_answer_is_sane(&link_, &put, true));
	assert_true(attach_answer_is_sane(&filter, &put, false));
	assert_true(attach_answer_is_sane(&refusal, &put, false));
	assert_true(attach_answer_is_sane(&made, &make, false));
	assert_true(attach_answer_is_sane(&socket, &follow, true));
	assert_true(attach_answer_is_sane(&none, &follow, false));
}

static void lies_are_refused(void **state)
{
	struct attach_answer lie;

	(void)state;
	assert_false(attach_answer_is_sane(&link_, &put, false)); /* where is it? */
	assert_false(attach_answer_is_sane(&filter, &put, true));
	assert_false(attach_answer_is_sane(&refusal, &put, true));
	assert_false(attach_answer_is_sane(&link_, &put_xdp, true)); /* not asked for */
	lie = link_;
	lie.number = 2;
	assert_false(attach_answer_is_sane(&lie, &put, true));
	lie = link_;
	lie.what = ATTACH_FOLLOW;
	assert_false(attach_answer_is_sane(&lie, &put, true));
	lie = link_;
	lie.result = 1;
	assert_false(attach_answer_is_sane(&lie, &put, true));
	lie = link_;
	lie.kind = KIND_NONE;
	assert_false(attach_answer_is_sane(&lie, &put, false));
	lie.kind = UINT32_MAX;
	assert_false(attach_answer_is_sane(&lie, &put, true));
	lie = link_;
	lie.priority = 1; /* a link has none */
	assert_false(attach_answer_is_sane(&lie, &put, true));
	lie = filter;
	lie.priority = 0;
	assert_false(attach_answer_is_sane(&lie, &put, false));
	lie.priority = 0x10000;
	assert_false(attach_answer_is_sane(&lie, &put, false));
	lie = refusal;
	lie.kind = KIND_TCX;
	assert_false(attach_answer_is_sane(&lie, &put, false));
	lie = refusal;
	memset(lie.why, 'x', sizeof(lie.why));
	assert_false(attach_answer_is_sane(&lie, &put, false));
	lie = link_;
	memset(lie.how, 'x', sizeof(lie.how));
	assert_false(attach_answer_is_sane(&lie, &put, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_asked_is_sane),
		cmocka_unit_test(descriptors_are_counted),
		cmocka_unit_test(what_makes_no_sense_is_refused),
		cmocka_unit_test(without_programs_none_is_put_up),
		cmocka_unit_test(chance_is_judged),
		cmocka_unit_test(answers_are_sane),
		cmocka_unit_test(lies_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
