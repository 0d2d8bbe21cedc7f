/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sink/evidence.h"

static struct event connection(uint32_t number)
{
	struct event event = {0};

	event_set(&event, SOURCE_IP, source_ip, addr_from_v4(number));
	event_set(&event, DESTINATION_IP, destination_ip, addr_from_v4(1));
	event_set(&event, SOURCE_PORT, source_port, 4000);
	event_set(&event, DESTINATION_PORT, destination_port, 22);
	return event;
}

static void what_is_pointed_to_is_known(void **state)
{
	struct evidence *evidence = evidence_new();
	struct event a = connection(7), b = connection(8), empty = {0};

	(void)state;
	assert_true(evidence_point(evidence, &a));
	assert_false(evidence_point(evidence, &a));
	assert_true(evidence_has(evidence, &a));
	assert_false(evidence_has(evidence, &b));
	assert_false(evidence_point(evidence, &empty));
	evidence_free(evidence);
}

static void the_oldest_is_forgotten(void **state)
{
	struct evidence *evidence = evidence_new();
	struct event first = connection(0), last;

	(void)state;
	for (uint32_t i = 0; i <= EVIDENCE_MAX; i++) {
		last = connection(i);
		assert_true(evidence_point(evidence, &last));
	}
	assert_false(evidence_has(evidence, &first));
	assert_true(evidence_has(evidence, &last));
	evidence_free(evidence);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_pointed_to_is_known),
		cmocka_unit_test(the_oldest_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
