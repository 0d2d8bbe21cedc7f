/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/login/login.h"

#define PUT_TEXT(e, id, member, words) event_set(e, id, member, text_string(words))

void login_set_user(struct login *login, const char *user, size_t length)
{
	login->user_length = (uint32_t)(length < LOGIN_USER_MAX ? length : LOGIN_USER_MAX);
	memcpy(login->user, user, login->user_length);
	login->user[login->user_length] = '\0';
}

static void put_ends(const struct login *login, struct event *e)
{
	if (login->has_source) {
		event_set(e, SOURCE_IP, source_ip, login->source);
		if (login->port)
			event_set(e, SOURCE_PORT, source_port, login->port);
	}
	if (login->has_destination)
		event_set(e, DESTINATION_IP, destination_ip, login->destination);
	if (login->service_port) {
		event_set(e, DESTINATION_PORT, destination_port, login->service_port);
		event_set(e, NETWORK_TRANSPORT, network_transport, 6);
	}
}

void login_event(const struct login *login, struct event *e)
{
	*e = (struct event){.time = login->at, .service = SERVICE_LOGIN};
	put_ends(login, e);
	event_set(e, EVENT_START, event_start, login->at);
	if (login->count > 1)
		event_set(e, EVENT_COUNT, event_count, login->count);
	if (login->protocol)
		PUT_TEXT(e, NETWORK_PROTOCOL, network_protocol, login->protocol);
	PUT_TEXT(e, EVENT_OUTCOME, event_outcome, login->success ? "success" : "failure");
	PUT_TEXT(e, EVENT_PROVIDER, event_provider, login->provider);
	if (login->user_length)
		event_set(e, USER_NAME, user_name,
			  ((struct text){login->user, login->user_length}));
	PUT_TEXT(e, PROCESS_NAME, process_name, login->program);
	PUT_TEXT(e, EVENT_ACTION, event_action, login->method);
}
