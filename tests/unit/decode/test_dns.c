/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "decode/decode.h"
#include "decode/dns_name.h"

#include "unit/decode/bench.h"

/* ---- messages in, words out ---- */

static void on_event(void *context, const struct decode_origin *origin, struct event *e)
{
	struct bench *b = context;

	(void)origin;
	bench_tell(b, "%u→%u", (unsigned)e->source_port, (unsigned)e->destination_port);
	bench_put(b, e, FIELD_DNS_TYPE, " ");
	bench_put(b, e, FIELD_DNS_QUESTION_NAME, " ");
	bench_put(b, e, FIELD_DNS_QUESTION_TYPE, " ");
	bench_put(b, e, FIELD_DNS_RESPONSE_CODE, " ");
	bench_put(b, e, FIELD_DNS_ANSWERS, " ");
	bench_put(b, e, FIELD_EVENT_ACTION, " ");
	bench_put(b, e, FIELD_ANOMALY, " ");
	if (event_has(e, FIELD_DNS_ANSWERS_TTL))
		bench_tell(b, " %u bytes ttl %u", (unsigned)e->dns_answers_bytes,
			   (unsigned)e->dns_answers_ttl);
	bench_tell(b, "|");
}

static int set_up(void **state)
{
	const struct bench b = {.ops = {.event = on_event, .protocol = bench_protocol},
				.watch = PAYLOAD_MESSAGES};

	return bench_set_up(state, &b);
}

/* From port 5000 (end 0) to `port` (end 1), or back. */
static void give(struct bench *b, uint8_t proto, uint16_t port, unsigned direction, uint32_t offset,
		 const uint8_t *bytes, size_t length)
{
	b->proto = proto;
	b->port = port;
	b->sent[direction] = offset;
	bench_give(b, direction, bytes, length);
}

#define QUESTION                                                                                   \
	3, 'w', 'w', 'w', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 3, 'n', 'e', 't', 0, 0, 1, 0, 1

static const uint8_t query[] = {0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, QUESTION};

static const uint8_t answer[] = {
	0, 7, 0x81, 0x80, 0, 1,	 0,  3, 0, 0,	0,   0,	  QUESTION, 0xc0, 12,	0,  5,
	0, 1, 0,    0,	  0, 60, 0,  6, 3, 'c', 'd', 'n', 0xc0,	    16,	  0xc0, 45, 0,
	1, 0, 1,    0,	  0, 0,	 30, 0, 4, 192, 0,   2,	  1,	    0xc0, 12,	0,  16,
	0, 1, 0,    0,	  0, 90, 0,  6, 2, 'h', 'i', 2,	  '!',	    0,
};

static void a_query_and_its_answer_have_one_source(void **state)
{
	struct bench *b = *state;

	give(b, 17, 53, 0, 0, query, sizeof(query));
	give(b, 17, 53, 1, 0, answer, sizeof(answer));
	assert_string_equal(b->told, "5000→53 query www.example.net A|"
				     "5000→53 answer www.example.net A NOERROR "
				     "cdn.example.net,192.0.2.1,hi!  16 bytes ttl 30|");
	assert_string_equal(b->protocol, "dns");
}

static void it_is_known_on_another_port(void **state)
{
	struct bench *b = *state;

	give(b, 17, 4444, 0, 0, query, sizeof(query));
	assert_string_equal(b->told, "5000→4444 query www.example.net A|");
}

static void multicast_dns_is_told_apart(void **state)
{
	struct bench *b = *state;

	give(b, 17, 5353, 0, 0, query, sizeof(query));
	assert_string_equal(b->protocol, "mdns");
	give(b, 17, 5355, 0, 0, query, sizeof(query));
	assert_string_equal(b->protocol, "llmnr");
}

static void over_tcp_it_may_be_split_anywhere(void **state)
{
	struct bench *b = *state;
	uint8_t wire[2 * (2 + sizeof(query))];

	for (size_t i = 0; i < 2; i++) {
		uint8_t *at = wire + i * (2 + sizeof(query));

		at[0] = 0;
		at[1] = sizeof(query);
		memcpy(at + 2, query, sizeof(query));
	}
	for (size_t i = 0; i < sizeof(wire); i++)
		give(b, 6, 53, 0, (uint32_t)i, wire + i, 1);
	assert_string_equal(b->told, "5000→53 query www.example.net A|"
				     "5000→53 query www.example.net A|");
}

static void circles_are_evasions(void **state)
{
	struct bench *b = *state;
	const uint8_t circle[] = {0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 1, 0, 1};

	give(b, 17, 53, 0, 0, circle, sizeof(circle));
	assert_non_null(strstr(b->told, "dns: a name that points forward or in a circle"));
}

/* ---- what is spoken in the form of DNS ---- */

#define NETBIOS_WORKGROUP                                                                          \
	32, 'F', 'H', 'E', 'P', 'F', 'C', 'E', 'L', 'E', 'H', 'F', 'C', 'E', 'P', 'F', 'F', 'F',   \
		'A', 'C', 'A', 'C', 'A', 'C', 'A', 'C', 'A', 'C', 'A', 'C', 'A', 'B', 'M', 0

static void names_of_netbios_are_told_apart(void **state)
{
	struct bench *b = *state;
	const uint8_t asks[] = {
		0, 7, 1, 0x10, 0, 1, 0, 0, 0, 0, 0, 0, NETBIOS_WORKGROUP, 0, 32, 0, 1,
	};
	const uint8_t answers[] = {
		0, 7, 0x85, 0,	0, 0, 0, 1, 0,	 0, 0, 0, NETBIOS_WORKGROUP, 0, 32, 0, 1,
		0, 0, 0,    10, 0, 6, 0, 0, 192, 0, 2, 7,
	};

	give(b, 17, 137, 0, 0, asks, sizeof(asks));
	give(b, 17, 137, 1, 0, answers, sizeof(answers));
	assert_string_equal(b->told, "5000→137 query WORKGROUP<1c> NB|"
				     "5000→137 answer WORKGROUP<1c> NB NOERROR 192.0.2.7 "
				     "6 bytes ttl 10|");
	assert_string_equal(b->protocol, "nbns");
}

static void multicast_dns_answers_nobody(void **state)
{
	struct bench *b = *state;
	const uint8_t says[] = {
		0,   0,	  0x84, 0, 0, 0, 0,    1, 0, 0, 0, 0,	2, 'p', '1', 5, 'l', 'o',
		'c', 'a', 'l',	0, 0, 1, 0x80, 1, 0, 0, 0, 120, 0, 4,	192, 0, 2,   9,
	};

	give(b, 17, 5353, 0, 0, says, sizeof(says));
	assert_string_equal(b->told,
			    "5000→5353 answer p1.local A NOERROR 192.0.2.9 4 bytes ttl 120|");
}

static void hints_of_services_are_addresses(void **state)
{
	struct bench *b = *state;
	const uint8_t says[] = {
		0, 7,  0x81, 0x80, 0,	1,   0,	  1,  0,   0,  0, 0, QUESTION, 0xc0, 12,
		0, 65, 0,    1,	   0,	0,   0,	  60, 0,   22, 0, 1, 0, /* first choice, the name
									   itself */
		0, 1,  0,    3,	   2,	'h', '2',			/* alpn */
		0, 4,  0,    8,	   192, 0,   2,	  1,  192, 0,  2, 2,	/* ipv4hint */
	};

	give(b, 17, 53, 1, 0, says, sizeof(says));
	assert_string_equal(b->told, "5000→53 answer www.example.net A NOERROR "
				     "192.0.2.1,192.0.2.2 22 bytes ttl 60|");
}

static void of_several_questions_the_first_is_told(void **state)
{
	struct bench *b = *state;
	const uint8_t asks[] = {
		0, 7, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0, QUESTION, 0xc0, 12, 0, 28, 0, 1,
	};

	give(b, 17, 53, 0, 0, asks, sizeof(asks));
	assert_string_equal(b->told,
			    "5000→53 query www.example.net A|5000→53 dns: several questions|");
	b->told[0] = '\0';
	give(b, 17, 5353, 0, 0, asks, sizeof(asks)); /* there it is usual */
	assert_string_equal(b->told, "5000→5353 query www.example.net A|");
}

static void what_hides_behind_a_message_is_told(void **state)
{
	struct bench *b = *state;
	uint8_t asks[sizeof(query) + 6];

	memcpy(asks, query, sizeof(query));
	memcpy(asks + sizeof(query), "hidden", 6);
	give(b, 17, 53, 0, 0, asks, sizeof(asks));
	assert_string_equal(b->told, "5000→53 query www.example.net A|"
				     "5000→53 dns: data behind the message|");
}

static void an_update_says_so(void **state)
{
	struct bench *b = *state;
	uint8_t asks[sizeof(query)];

	memcpy(asks, query, sizeof(query));
	asks[2] = 5 << 3;
	give(b, 17, 53, 0, 0, asks, sizeof(asks));
	assert_string_equal(b->told, "5000→53 query www.example.net A update|");
}

static void other_things_on_its_port_are_not_dns(void **state)
{
	struct bench *b = *state;
	uint8_t random[4][64];

	for (size_t i = 0; i < sizeof(random); i++)
		random[i / 64][i % 64] = (uint8_t)(i * 151 + 60);
	for (size_t i = 0; i < 4; i++)
		give(b, 17, 53, 0, (uint32_t)i * 64, random[i], sizeof(random[i]));
	assert_string_equal(b->told, "");
	assert_string_equal(b->protocol, "unidentified");
}

static void what_is_cut_is_counted(void **state)
{
	struct bench *b = *state;

	for (size_t length = 1; length < sizeof(query); length++)
		give(b, 17, 53, 0, 0, query, length);
	assert_string_equal(b->told, "");
	assert_true(bench_malformed(b, "dns", "short") > 0);
}

/* ---- names ---- */

static void names_are_written_as_in_master_files(void **state)
{
	const uint8_t name[] = {5, 'a', '.', '\\', 0x1b, 0xff, 1, 'b', 0};
	char text[DNS_NAME_TEXT];
	size_t at = 0;
	int n = dns_name_read(name, sizeof(name), &at, text);

	(void)state;
	assert_int_equal(at, sizeof(name));
	text[n] = '\0';
	assert_string_equal(text, "a\\.\\\\\\027\\255.b");
}

static void names_are_bounded(void **state)
{
	uint8_t name[512];
	char text[DNS_NAME_TEXT];
	size_t at = 0;

	(void)state;
	memset(name, 0xff, sizeof(name));
	for (size_t i = 0; i < sizeof(name); i += 64)
		name[i] = 63;
	assert_int_equal(dns_name_read(name, sizeof(name), &at, text), DNS_NAME_LONG);
	name[192] = 61;
	name[254] = 0;
	at = 0;
	assert_int_equal(dns_name_read(name, sizeof(name), &at, text), 250 * 4 + 3);
	name[0] = 0x80;
	at = 0;
	assert_int_equal(dns_name_read(name, sizeof(name), &at, text), DNS_NAME_LABEL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, bench_tear_down)
		CASE(a_query_and_its_answer_have_one_source),
		CASE(it_is_known_on_another_port),
		CASE(multicast_dns_is_told_apart),
		CASE(over_tcp_it_may_be_split_anywhere),
		CASE(circles_are_evasions),
		CASE(names_of_netbios_are_told_apart),
		CASE(multicast_dns_answers_nobody),
		CASE(hints_of_services_are_addresses),
		CASE(of_several_questions_the_first_is_told),
		CASE(what_hides_behind_a_message_is_told),
		CASE(an_update_says_so),
		CASE(other_things_on_its_port_are_not_dns),
		CASE(what_is_cut_is_counted),
		CASE(names_are_written_as_in_master_files),
		CASE(names_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
