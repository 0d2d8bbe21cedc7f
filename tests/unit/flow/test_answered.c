/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/answered.h"

/* Recorded events do not say whether a service ever answered: what came before them does. */

static struct event udp(enum event_service service, uint64_t port, int state)
{
	struct event e = {.service = (uint16_t)service};

	event_set(&e, DESTINATION_IP, destination_ip, addr_from_v4(0x0200000a));
	event_set(&e, DESTINATION_PORT, destination_port, port);
	event_set(&e, NETWORK_TRANSPORT, network_transport, 17);
	if (state >= 0)
		event_set(&e, NETWORK_STATE, network_state, (uint16_t)state);
	return e;
}

static bool says(struct answered *answered, struct event e)
{
	answered_event(answered, &e);
	assert_true(event_has(&e, FIELD_DESTINATION_ANSWERED));
	return e.destination_answered;
}

static void by_what_came_before(void **state)
{
	struct answered answered;

	(void)state;
	answered_init(&answered);
	assert_false(says(&answered, udp(SERVICE_ATTEMPT, 53, -1)));
	assert_false(says(&answered, udp(SERVICE_CONNECTION, 53, STATE_UNANSWERED)));
	assert_false(says(&answered, udp(SERVICE_CONNECTION, 53, STATE_ESTABLISHED)));
	assert_true(says(&answered, udp(SERVICE_ATTEMPT, 53, -1)));
	assert_true(says(&answered, udp(SERVICE_CONNECTION, 53, STATE_UNANSWERED)));
	assert_false(says(&answered, udp(SERVICE_ATTEMPT, 54, -1)));
	answered_free(&answered);
}

static void what_is_recorded_stays(void **state)
{
	struct event e = udp(SERVICE_ATTEMPT, 53, -1), dns = udp(SERVICE_DNS, 53, -1);
	struct answered answered;

	(void)state;
	answered_init(&answered);
	event_set(&e, DESTINATION_ANSWERED, destination_answered, true);
	assert_true(says(&answered, e));
	answered_event(&answered, &dns);
	assert_false(event_has(&dns, FIELD_DESTINATION_ANSWERED));
	answered_free(&answered);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_what_came_before),
		cmocka_unit_test(what_is_recorded_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
