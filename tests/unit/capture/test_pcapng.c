/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/capture/build.h"

/* pcapng files: sections, interfaces, precisions, and every way to be broken. */

static const uint8_t frame[61] = {0x45, 1, 2, 3};
#define SECONDS INT64_C(1700000000)

static void test_sections_of_both_byte_orders(void **state)
{
	struct bytes b = {0};
	struct reading r;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		b.swapped = i & 1;
		section(&b);
		interface(&b, 1, 0, -1, 0);
		interface(&b, 113, 0, 9, 0);
		packet(&b, 1, (uint64_t)SECONDS * 1000000000 + i, frame, sizeof(frame), 100);
		packet(&b, 0, (uint64_t)SECONDS * 1000000 + i, frame, sizeof(frame), 100);
	}
	r = read_built(&b);
	assert_int_equal(r.err, 0);
	assert_int_equal(r.packets.len, 8);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(r.packets.at[2 * i].at, SECONDS * WEIR_SEC + i);
		assert_int_equal(r.packets.at[2 * i].link_type, 113);
		assert_int_equal(r.packets.at[2 * i].interface, 2 * i + 1);
		assert_int_equal(r.packets.at[2 * i + 1].at, SECONDS * WEIR_SEC + i * WEIR_USEC);
		assert_int_equal(r.packets.at[2 * i + 1].link_type, 1);
		assert_int_equal(r.packets.at[2 * i + 1].interface, 2 * i);
		assert_int_equal(r.packets.at[2 * i + 1].captured, 61);
	}
	assert_null(json_object_get(json_object_get(r.report, "skipped"), "corrupt"));
	reading_free(&r);
	vec_free(&b.v);
}

static void test_resolutions(void **state)
{
	static const struct {
		int option;
		int64_t offset;
		uint64_t ticks;
		weir_time at;
	} cases[] = {
		{0, 0, 5, 5 * WEIR_SEC},
		{3, 0, 1234, 1234 * WEIR_MSEC},
		{6, 0, 1500000, 1500 * WEIR_MSEC},
		{9, 0, 7, 7},
		{12, 0, UINT64_C(1700000000000001234), UINT64_C(1700000000000001)},
		{19, 0, UINT64_MAX, UINT64_C(1844674407)},
		{40, 0, UINT64_MAX, 0},
		{127, 0, UINT64_MAX, 0},
		{0x80, 0, 9, 9 * WEIR_SEC},
		{0x80 | 10, 0, 1536, 1500 * WEIR_MSEC},
		{0x80 | 30, 0, UINT64_C(1) << 31, 2 * WEIR_SEC},
		{0x80 | 63, 0, UINT64_C(3) << 62, 1500 * WEIR_MSEC},
		{0x80 | 64, 0, UINT64_C(1) << 63, 500 * WEIR_MSEC},
		{0x80 | 127, 0, UINT64_MAX, 0},
		{-1, 1000, 1, 1000 * WEIR_SEC + WEIR_USEC},
		{-1, -1000, 2000000, -998 * WEIR_SEC},
		{9, 1, 1, WEIR_SEC + 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes b = {.swapped = i & 1};
		struct reading r;

		section(&b);
		interface(&b, 1, 0, cases[i].option, cases[i].offset);
		packet(&b, 0, cases[i].ticks, frame, sizeof(frame), 61);
		r = read_built(&b);
		assert_int_equal(r.packets.len, 1);
		assert_int_equal(r.packets.at[0].at, cases[i].at);
		reading_free(&r);
		vec_free(&b.v);
	}
}

static void test_times_out_of_range(void **state)
{
	struct bytes b = {0};
	struct reading r;

	(void)state;
	section(&b);
	interface(&b, 1, 0, 0, 0);
	interface(&b, 1, 0, 6, INT64_MAX);
	interface(&b, 1, 0, 6, INT64_MIN);
	packet(&b, 0, UINT64_MAX, frame, 61, 61);
	packet(&b, 1, 0, frame, 61, 61);
	packet(&b, 2, 0, frame, 61, 61);
	packet(&b, 0, 3, frame, 61, 61);
	r = read_built(&b);
	assert_int_equal(r.packets.len, 1);
	assert_int_equal(r.packets.at[0].at, 3 * WEIR_SEC);
	assert_int_equal(skipped(&r, "time_out_of_range"), 3);
	reading_free(&r);
	vec_free(&b.v);
}

static void old_packet(struct bytes *b, uint16_t number, uint64_t ticks, uint32_t captured)
{
	size_t start = block_begin(b, 2);

	put_u16(b, number);
	put_u16(b, 0);
	put_u32(b, (uint32_t)(ticks >> 32));
	put_u32(b, (uint32_t)ticks);
	put_u32(b, captured);
	put_u32(b, 200);
	put(b, frame, captured);
	pad(b, captured);
	block_end(b, start);
}

static void simple_packet(struct bytes *b, uint32_t wire, uint32_t captured)
{
	size_t start = block_begin(b, 3);

	put_u32(b, wire);
	put(b, frame, captured);
	pad(b, captured);
	block_end(b, start);
}

static void test_old_and_simple_packets(void **state)
{
	struct bytes b = {0};
	struct reading r;

	(void)state;
	section(&b);
	interface(&b, 101, 50, -1, 0);
	old_packet(&b, 0, 77, 33);
	simple_packet(&b, 1500, 50);
	simple_packet(&b, 20, 20);
	r = read_built(&b);
	assert_int_equal(r.packets.len, 3);
	assert_int_equal(r.packets.at[0].captured, 33);
	assert_int_equal(r.packets.at[0].wire_length, 200);
	assert_int_equal(r.packets.at[1].captured, 50); /* the snap length, not the padding */
	assert_int_equal(r.packets.at[1].wire_length, 1500);
	assert_int_equal(r.packets.at[1].at, 77 * WEIR_USEC);
	assert_int_equal(r.packets.at[2].captured, 20);
	reading_free(&r);
	vec_free(&b.v);
}

static void other_block(struct bytes *b, uint32_t type, size_t length)
{
	size_t start = block_begin(b, type);

	for (size_t i = 0; i < length; i++)
		put_u8(b, (uint8_t)i);
	block_end(b, start);
}

static void test_other_blocks_are_passed_over(void **state)
{
	struct bytes b = {0};
	struct reading r;

	(void)state;
	section(&b);
	other_block(&b, 4, 40); /* names */
	interface(&b, 1, 0, -1, 0);
	other_block(&b, 5, 0);
	other_block(&b, 0x80000bad, 3 << 20); /* longer than the reader's room */
	packet(&b, 0, 5, frame, 61, 61);
	r = read_built(&b);
	assert_int_equal(r.packets.len, 1);
	assert_int_equal(skipped(&r, "blocks_of_other_kinds"), 3);
	b.v.len -= 1000000;
	reading_free(&r);
	vec_free(&b.v);
}

static void test_cut_at_every_byte(void **state)
{
	struct bytes b = {0};
	size_t ends[3];

	(void)state;
	section(&b);
	interface(&b, 1, 0, -1, 0);
	for (unsigned i = 0; i < 3; i++) {
		packet(&b, 0, i, frame, 61, 61);
		ends[i] = b.v.len;
	}
	for (size_t n = 4; n <= b.v.len; n++) {
		struct reading r = read_bytes(b.v.at, n);
		size_t whole = (n >= ends[0]) + (n >= ends[1]) + (n >= ends[2]);

		assert_int_equal(r.err, 0);
		assert_int_equal(r.packets.len, whole);
		/* A cut between two blocks cannot be seen. */
		assert_int_equal(skipped(&r, "truncated"), n != 28 && n != ends[0] - 96 &&
								   n != ends[0] && n != ends[1] &&
								   n != ends[2]);
		reading_free(&r);
	}
	vec_free(&b.v);
}

static void test_impossible_lengths(void **state)
{
	static const uint32_t lengths[] = {0, 4, 8, 13, 0x7fffffff, UINT32_MAX, 100};

	(void)state;
	for (size_t i = 0; i < 7; i++) {
		struct bytes b = {.swapped = i & 1};
		struct reading r;
		size_t at;

		section(&b);
		interface(&b, 1, 0, -1, 0);
		packet(&b, 0, 1, frame, 61, 61);
		at = b.v.len;
		packet(&b, 0, 1, frame, 61, 61);
		set_u32(&b, at + 4, lengths[i]);
		r = read_built(&b);
		assert_int_equal(r.packets.len, 1);
		assert_int_equal(skipped(&r, "corrupt") + skipped(&r, "truncated"), 1);
		reading_free(&r);
		vec_free(&b.v);
	}
}

static void test_two_lengths_differ(void **state)
{
	struct bytes b = {0};
	struct reading r;

	(void)state;
	section(&b);
	interface(&b, 1, 0, -1, 0);
	packet(&b, 0, 1, frame, 61, 61);
	packet(&b, 0, 1, frame, 61, 61);
	set_u32(&b, b.v.len - 4, 92);
	r = read_built(&b);
	assert_int_equal(r.packets.len, 1);
	assert_int_equal(skipped(&r, "corrupt"), 1);
	reading_free(&r);
	vec_free(&b.v);
}

/* The block is whole, what stands in it lies: only that packet is lost. */
static void test_packets_that_lie(void **state)
{
	struct bytes b = {0};
	struct reading r;
	size_t at;

	(void)state;
	section(&b);
	interface(&b, 1, 0, -1, 0);
	packet(&b, 7, 1, frame, 61, 61); /* no such interface */
	at = b.v.len;
	packet(&b, 0, 1, frame, 61, 61);
	set_u32(&b, at + 20, UINT32_MAX);
	other_block(&b, 6, 4);
	other_block(&b, 3, 0);
	packet(&b, 0, 2, frame, 61, 3); /* less on the wire than captured */
	r = read_built(&b);
	assert_int_equal(r.packets.len, 1);
	assert_int_equal(r.packets.at[0].wire_length, 61);
	assert_int_equal(skipped(&r, "interface_unknown"), 1);
	assert_int_equal(skipped(&r, "corrupt"), 3);
	reading_free(&r);
	vec_free(&b.v);
}

static void test_options_that_lie(void **state)
{
	struct bytes b = {0};
	struct reading r;
	size_t start;

	(void)state;
	section(&b);
	start = block_begin(&b, 1);
	put_u16(&b, 1);
	put_u16(&b, 0);
	put_u32(&b, 0);
	put_u16(&b, 9);
	put_u16(&b, 65535);
	block_end(&b, start);
	start = block_begin(&b, 1);
	put_u16(&b, 1);
	put_u16(&b, 0);
	put_u32(&b, 0);
	put_u16(&b, 9); /* without a value, and the last without room */
	put_u16(&b, 0);
	put_u16(&b, 14);
	put_u16(&b, 0);
	block_end(&b, start);
	packet(&b, 0, 1, frame, 61, 61);
	packet(&b, 1, 1, frame, 61, 61);
	r = read_built(&b);
	assert_int_equal(r.packets.len, 2);
	assert_int_equal(r.packets.at[1].at, WEIR_USEC);
	reading_free(&r);
	vec_free(&b.v);
}

static void test_unsupported_interfaces(void **state)
{
	struct bytes b = {0};
	struct reading r;

	(void)state;
	section(&b);
	interface(&b, 127, 0, -1, 0);
	packet(&b, 0, 1, frame, 61, 61);
	r = read_built(&b);
	assert_true(r.err < 0);
	assert_int_equal(r.error.status, EXIT_INPUT);
	assert_non_null(strstr(r.error.text, "127 (IEEE802_11_RADIOTAP)"));
	reading_free(&r);
	interface(&b, 1, 0, -1, 0); /* later, one that can be read */
	packet(&b, 0, 1, frame, 61, 61);
	packet(&b, 1, 1, frame, 61, 61);
	r = read_built(&b);
	assert_int_equal(r.err, 0);
	assert_int_equal(r.packets.len, 1);
	assert_int_equal(skipped(&r, "link_type_unsupported"), 2);
	reading_free(&r);
	vec_free(&b.v);
}

static void test_no_byte_order(void **state)
{
	struct bytes b = {0};
	struct reading r;

	(void)state;
	section(&b);
	interface(&b, 1, 0, -1, 0);
	packet(&b, 0, 1, frame, 61, 61);
	section(&b);
	set_u32(&b, b.v.len - 28 + 8, 0x12345678);
	packet(&b, 0, 1, frame, 61, 61);
	r = read_built(&b);
	assert_int_equal(r.packets.len, 1);
	assert_int_equal(skipped(&r, "corrupt"), 1);
	reading_free(&r);
	vec_free(&b.v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sections_of_both_byte_orders),
		cmocka_unit_test(test_resolutions),
		cmocka_unit_test(test_times_out_of_range),
		cmocka_unit_test(test_old_and_simple_packets),
		cmocka_unit_test(test_other_blocks_are_passed_over),
		cmocka_unit_test(test_cut_at_every_byte),
		cmocka_unit_test(test_impossible_lengths),
		cmocka_unit_test(test_two_lengths_differ),
		cmocka_unit_test(test_packets_that_lie),
		cmocka_unit_test(test_options_that_lie),
		cmocka_unit_test(test_unsupported_interfaces),
		cmocka_unit_test(test_no_byte_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
