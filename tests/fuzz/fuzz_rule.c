/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>

#include "rule/rule.h"

/*
 * Rules come from files that users write and download. Any bytes load or are refused with a fault;
 * what loads can be matched against an event.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void match_some(const struct ruleset *set)
{
	unsigned *matched = calloc(set->len + 1, sizeof(*matched));
	struct event e = {.service = SERVICE_CONNECTION};

	if (!matched)
		return;
	for (; e.service < SERVICE_COUNT; e.service++)
		rule_match(set, &e, matched);
	e.service = SERVICE_CONNECTION;
	event_set(&e, DESTINATION_PORT, destination_port, 22);
	event_set(&e, NETWORK_STATE, network_state, STATE_REJECTED);
	event_set(&e, SOURCE_IP, source_ip, addr_from_v4(0x0100000a));
	event_set(&e, MESSAGE, message, ((struct text){"a message", 9}));
	if (rule_match(set, &e, matched) > set->len)
		abort();
	free(matched);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct faults faults = {0};
	struct ruleset *set;
	int result = ruleset_load_text(&set, "fuzz.yml", (const char *)data, size, &faults);

	if ((result == 0) != (set != NULL) || (result == 0) != (faults.fatal == 0))
		abort();
	if (set)
		match_some(set);
	ruleset_free(set);
	faults_free(&faults);
	return 0;
}
