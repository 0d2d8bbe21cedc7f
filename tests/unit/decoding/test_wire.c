/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "decoding/wire.h"

#define NOW ((uint64_t)100 * WEIR_SEC)

static struct wire_out out;
static struct wire_in in;
static struct wire_record record;

static const struct decode_origin origin = {.key = {.port = {1, 2}, .proto = 6}, .client = 1};

static void dns_event(struct event *e)
{
	memset(e, 0, sizeof(*e));
	e->service = SERVICE_DNS;
	e->time = 99 * WEIR_SEC;
	event_set(e, SOURCE_PORT, source_port, 5353);
	event_set(e, NETWORK_TRANSPORT, network_transport, 17);
	event_set(e, DNS_QUESTION_NAME, dns_question_name, ((struct text){"weir.test", 9}));
	event_set(e, DNS_ANSWERS, dns_answers, ((struct text){"192.0.2.1\0192.0.2.2", 19}));
	event_set(e, TLS_SELF_SIGNED, tls_self_signed, true);
}

static int open_message(size_t length)
{
	return wire_open(&in, wire_end(&out, NOW - 1), length, NOW);
}

/* What reading the message comes to: the number of its records, or -EBADMSG. */
static int read_all(void)
{
	int found = open_message(out.length), n = 0;

	while (!found && (found = wire_next(&in, &record)) > 0) {
		n++;
		found = 0;
	}
	if (found < 0)
		assert_non_null(in.fault);
	return found < 0 ? found : n;
}

static void put_one(void)
{
	struct event event;

	dns_event(&event);
	out.refused = 0;
	wire_begin(&out);
	assert_true(wire_put_event(&out, &origin, &event));
}

static void an_event_crosses_whole(void **state)
{
	const struct event *e = &record.event;
	struct event event;

	(void)state;
	put_one();
	dns_event(&event);
	assert_int_equal(read_all(), 1);
	assert_int_equal(record.kind, WIRE_EVENT);
	assert_memory_equal(&record.origin.key, &origin.key, sizeof(origin.key));
	assert_int_equal(record.origin.client, 1);
	assert_int_equal(e->service, SERVICE_DNS);
	assert_int_equal(e->time, 99 * WEIR_SEC);
	assert_memory_equal(e->present, event.present, sizeof(event.present));
	assert_int_equal(e->source_port, 5353);
	assert_int_equal(e->dns_question_name.length, 9);
	assert_memory_equal(e->dns_question_name.at, "weir.test", 9);
	assert_memory_equal(e->dns_answers.at, "192.0.2.1\0192.0.2.2", 19);
	assert_true(e->tls_self_signed);
}

static void records_follow_each_other(void **state)
{
	static struct wire_totals totals;
	struct event event;

	(void)state;
	wire_begin(&out);
	assert_true(wire_empty(&out));
	assert_true(wire_put_ready(&out, &(struct wire_ready){.landlock = 7}));
	dns_event(&event);
	assert_true(wire_put_event(&out, &origin, &event));
	assert_true(wire_put_protocol(&out, &origin, "dns"));
	totals.full = 5;
	totals.decode.counts.gaps = 3;
	assert_true(wire_put_totals(&out, &totals));
	assert_int_equal(out.records, 2);
	assert_int_equal(read_all(), 4);
	assert_int_equal(record.totals.full, 5);
	assert_int_equal(record.totals.decode.counts.gaps, 3);
	assert_string_equal(record.protocol, "dns");
	assert_int_equal(record.ready.landlock, 7);
}

/* The child drops it before the engine would have to refuse it. */
static void what_decoders_may_not_tell_is_left_out(void **state)
{
	struct event event;

	(void)state;
	dns_event(&event);
	event_set(&event, SOURCE_ROLE, source_role, 1);
	event_set(&event, PROCESS_NAME, process_name, ((struct text){"init", 4}));
	event_set(&event, COVERAGE, weir_coverage, 1);
	out.refused = 0;
	wire_begin(&out);
	assert_true(wire_put_event(&out, &origin, &event));
	assert_int_equal(out.refused, 3);
	assert_int_equal(read_all(), 1);
	assert_false(event_has(&record.event, FIELD_PROCESS_NAME));
}

static void a_full_message_stays_as_it_was(void **state)
{
	static char bytes[60000];
	struct event event;
	size_t length;

	(void)state;
	dns_event(&event);
	event.dns_question_name = (struct text){bytes, sizeof(bytes)};
	wire_begin(&out);
	assert_true(wire_put_event(&out, &origin, &event));
	length = out.length;
	assert_false(wire_put_event(&out, &origin, &event));
	assert_int_equal(out.length, length);
	assert_int_equal(out.records, 1);
	assert_int_equal(read_all(), 1);
}

/* ---- what makes no sense ---- */

/* Where the parts of the one event's message begin (wire.c). */
enum {
	RECORD = 8,
	RECORD_KIND = RECORD + 4,
	RECORD_ZERO = RECORD + 5,
	KEY = RECORD + 8,
	NETNS = KEY + 36,
	CLIENT = KEY + 44,
	SERVICE = CLIENT + 1,
	FIELDS = CLIENT + 2,
	AT = CLIENT + 4,
	FIELD = AT + 8,
	FIELD_LENGTH = FIELD + 4,
	VALUE = FIELD + 8,
	SECOND = VALUE + 8, /* behind source.port */
};

static void set16(size_t at, unsigned value)
{
	uint16_t number = (uint16_t)value;

	memcpy(out.bytes + at, &number, sizeof(number));
}

static void set32(size_t at, uint32_t value)
{
	memcpy(out.bytes + at, &value, sizeof(value));
}

static void set64(size_t at, uint64_t value)
{
	memcpy(out.bytes + at, &value, sizeof(value));
}

static void assert_refused(const char *fault)
{
	assert_int_equal(read_all(), -EBADMSG);
	assert_string_equal(in.fault, fault);
	put_one();
	assert_int_equal(read_all(), 1);
}

static void lengths_are_checked(void **state)
{
	(void)state;
	put_one();
	set32(RECORD, 7);
	assert_refused("a record of the wrong length");
	set32(RECORD, 0xffffffff);
	assert_refused("a record of the wrong length");
	set32(RECORD, (uint32_t)(out.length - RECORD - 1));
	assert_refused("a field that is cut");
	set32(RECORD, 9);
	assert_refused("an event that is cut");
	set32(FIELD_LENGTH, 0xfffffff0);
	assert_refused("a field that is cut");
	set32(FIELD_LENGTH, 4);
	assert_refused("a value that its field cannot have");
	set16(FIELDS, 0xffff);
	assert_refused("a field that is cut");
	set16(FIELDS, 1);
	assert_refused("an event with a rest");
	out.length -= 1;
	assert_refused("a record of the wrong length");
	out.length = RECORD + 3;
	assert_refused("a record that is cut");
	assert_int_equal(open_message(RECORD - 1), -EBADMSG);
	assert_int_equal(open_message(WIRE_MESSAGE_MAX + 1), -EBADMSG);
}

static void every_cut_is_seen(void **state)
{
	size_t whole;

	(void)state;
	put_one();
	whole = out.length;
	for (size_t length = 0; length < whole; length++) {
		/* From memory of that size only, so that ASan sees a byte too many. */
		uint8_t *cut = malloc(length ? length : 1);
		int found;

		memcpy(cut, wire_end(&out, NOW), length);
		found = wire_open(&in, cut, length, NOW);
		if (!found && length > RECORD)
			assert_int_equal(wire_next(&in, &record), -EBADMSG);
		free(cut);
	}
}

static void kinds_and_numbers_are_checked(void **state)
{
	(void)state;
	put_one();
	out.bytes[RECORD_KIND] = 0;
	assert_refused("a record of no known kind");
	out.bytes[RECORD_KIND] = 77;
	assert_refused("a record of no known kind");
	out.bytes[RECORD_KIND] = WIRE_READY;
	assert_refused("a record of the wrong length");
	out.bytes[RECORD_KIND] = WIRE_TOTALS;
	assert_refused("a record of the wrong length");
	out.bytes[RECORD_ZERO] = 1;
	assert_refused("a record of no known kind");
	out.bytes[NETNS] = 1;
	assert_refused("no flow");
	out.bytes[CLIENT] = 2;
	assert_refused("no flow");
	out.bytes[SERVICE] = SERVICE_PROCESS;
	assert_refused("an event that no decoder makes");
	out.bytes[SERVICE] = 200;
	assert_refused("an event that no decoder makes");
	set64(AT, NOW + 2 * WEIR_SEC);
	assert_refused("an event of a time to come");
	set64(AT, UINT64_MAX);
	assert_refused("an event of a time to come");
	assert_int_equal(wire_open(&in, wire_end(&out, NOW + 2 * WEIR_SEC), out.length, NOW),
			 -EBADMSG);
}

static void fields_are_checked(void **state)
{
	(void)state;
	put_one();
	set16(FIELD, FIELD_COUNT);
	assert_refused("a field that decoders may not tell");
	set16(FIELD, FIELD_PROCESS_PID);
	assert_refused("a field that decoders may not tell");
	set16(FIELD, FIELD_SOURCE_ROLE);
	assert_refused("a field that decoders may not tell");
	set16(SECOND, FIELD_SOURCE_PORT);
	assert_refused("fields out of order");
	set16(SECOND, FIELD_SOURCE_IP);
	assert_refused("fields out of order");
}

static void values_are_checked(void **state)
{
	struct event event;

	(void)state;
	dns_event(&event);
	memset(&event.tls_self_signed, 2, 1);
	wire_begin(&out);
	assert_true(wire_put_event(&out, &origin, &event));
	assert_refused("a value that its field cannot have");
	dns_event(&event);
	event.network_transport = 256;
	wire_begin(&out);
	assert_true(wire_put_event(&out, &origin, &event));
	assert_refused("a value that its field cannot have");
	dns_event(&event);
	event_set(&event, DNS_LABEL_ENTROPY, dns_label_entropy, NAN);
	wire_begin(&out);
	assert_true(wire_put_event(&out, &origin, &event));
	assert_refused("a value that its field cannot have");
}

static void protocols_are_checked(void **state)
{
	(void)state;
	wire_begin(&out);
	assert_true(wire_put_protocol(&out, &origin, "gopher"));
	assert_refused("a protocol that no decoder knows");
	wire_begin(&out);
	assert_true(wire_put_protocol(&out, &origin, "dns"));
	out.bytes[KEY + 45] = 33; /* the name's length */
	assert_refused("no flow");
	wire_begin(&out);
	assert_false(wire_put_protocol(&out, &origin, "a name that is longer than any of them is"));
	assert_true(wire_empty(&out));
}

/* Whatever single bytes are changed to: an answer, and nothing out of bounds (ASan). */
static void no_changed_byte_harms(void **state)
{
	int refused = 0;

	(void)state;
	for (size_t i = 0; i < 400; i++)
		for (unsigned value = 0; value < 256; value += 5) {
			put_one();
			if (i >= out.length)
				return;
			out.bytes[i] = (uint8_t)value;
			refused += wire_open(&in, out.bytes, out.length, NOW) ||
				   wire_next(&in, &record) < 0;
		}
	assert_true(refused > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_crosses_whole),
		cmocka_unit_test(records_follow_each_other),
		cmocka_unit_test(what_decoders_may_not_tell_is_left_out),
		cmocka_unit_test(a_full_message_stays_as_it_was),
		cmocka_unit_test(lengths_are_checked),
		cmocka_unit_test(every_cut_is_seen),
		cmocka_unit_test(kinds_and_numbers_are_checked),
		cmocka_unit_test(fields_are_checked),
		cmocka_unit_test(values_are_checked),
		cmocka_unit_test(protocols_are_checked),
		cmocka_unit_test(no_changed_byte_harms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
