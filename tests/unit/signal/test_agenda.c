/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "signal/agenda.h"

#define RULES 50

/* Against a look at all of them; of several at one time the first rule. */
static void the_first_is_first(void **state)
{
	weir_time time[RULES];
	struct agenda agenda;

	(void)state;
	srand(4);
	assert_int_equal(agenda_init(&agenda, RULES), 0);
	for (unsigned i = 0; i < RULES; i++)
		time[i] = TIME_NEVER;
	for (unsigned i = 0; i < 20000; i++) {
		unsigned rule = (unsigned)rand() % RULES, first = 0, said = 0;

		time[rule] = rand() % 4 ? rand() % 40 : TIME_NEVER;
		agenda_set(&agenda, rule, time[rule]);
		for (unsigned r = 1; r < RULES; r++)
			if (time[r] < time[first])
				first = r;
		assert_true(agenda_first(&agenda, &said) == time[first]);
		assert_true(time[first] == TIME_NEVER || said == first);
	}
	agenda_free(&agenda);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_is_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
