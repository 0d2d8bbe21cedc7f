/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/capture/build.h"

/* pcap files: every byte order and precision, and every way to be broken. */

static const uint8_t frame[60] = {0x45, 1, 2, 3};

static void test_byte_orders_and_precisions(void **state)
{
	static const struct {
		uint32_t magic, unit;
	} kinds[] = {{0xa1b2c3d4, 1000}, {0xa1b23c4d, 1}};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct bytes b = {.swapped = i & 1};
		struct reading r;

		pcap_begin(&b, kinds[i / 2].magic, 1);
		pcap_packet(&b, 1700000000, 123456, frame, sizeof(frame), 1500);
		pcap_packet(&b, 4294967295u, 999999, frame, 10, 10);
		r = read_built(&b);
		assert_int_equal(r.err, 0);
		assert_int_equal(r.packets.len, 2);
		assert_int_equal(r.packets.at[0].at, INT64_C(1700000000) * WEIR_SEC +
							     INT64_C(123456) * kinds[i / 2].unit);
		assert_int_equal(r.packets.at[0].captured, 60);
		assert_int_equal(r.packets.at[0].wire_length, 1500);
		assert_int_equal(r.packets.at[0].link_type, 1);
		assert_int_equal(r.packets.at[0].first, 0x45);
		assert_int_equal(r.packets.at[1].at / WEIR_SEC, 4294967295u);
		assert_string_equal(json_string_value(json_object_get(r.report, "type")), "pcap");
		assert_int_equal(json_integer_value(json_object_get(r.report, "records")), 2);
		reading_free(&r);
		vec_free(&b.v);
	}
}

static void test_long_record_headers(void **state)
{
	struct bytes b = {0};
	struct reading r;

	(void)state;
	pcap_begin(&b, 0xa1b2cd34, 1);
	for (int i = 0; i < 2; i++) {
		put_u32(&b, 5);
		put_u32(&b, 6);
		put_u32(&b, sizeof(frame));
		put_u32(&b, sizeof(frame));
		put_u64(&b, UINT64_MAX); /* interface, protocol, packet type */
		put(&b, frame, sizeof(frame));
	}
	r = read_built(&b);
	assert_int_equal(r.packets.len, 2);
	assert_int_equal(r.packets.at[1].first, 0x45);
	reading_free(&r);
	vec_free(&b.v);
}

/* The upper bits of the link type tell of a frame check sequence. */
static void test_link_type_has_upper_bits(void **state)
{
	struct bytes b = {0};
	struct reading r;

	(void)state;
	pcap_begin(&b, 0xa1b2c3d4, 0x24000001);
	pcap_packet(&b, 5, 6, frame, sizeof(frame), 60);
	r = read_built(&b);
	assert_int_equal(r.packets.len, 1);
	assert_int_equal(r.packets.at[0].link_type, 1);
	reading_free(&r);
	vec_free(&b.v);
}

static void test_cut_at_every_byte(void **state)
{
	struct bytes b = {0};

	(void)state;
	pcap_begin(&b, 0xa1b2c3d4, 1);
	for (uint32_t i = 0; i < 3; i++)
		pcap_packet(&b, 1700000000 + i, 0, frame, sizeof(frame), 60);
	for (size_t n = 1; n <= b.v.len; n++) {
		struct reading r = read_bytes(b.v.at, n);
		size_t in = n < 24 ? 0 : (n - 24) % 76, whole = n < 24 ? 0 : (n - 24) / 76;

		assert_int_equal(r.err != 0, n < 24);
		assert_int_equal(r.packets.len, whole + (in >= 16));
		assert_int_equal(skipped(&r, "truncated"), n > 24 && in);
		if (in >= 16)
			assert_int_equal(r.packets.at[whole].captured, in - 16);
		reading_free(&r);
	}
	vec_free(&b.v);
}

static void test_impossible_length(void **state)
{
	static const uint32_t lengths[] = {CAPTURED_MAX + 1, 0x7fffffff, 0x80000000, UINT32_MAX};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct bytes b = {0};
		struct reading r;

		pcap_begin(&b, 0xa1b2c3d4, 1);
		pcap_packet(&b, 5, 6, frame, sizeof(frame), 60);
		pcap_packet(&b, 5, 6, frame, sizeof(frame), 60);
		set_u32(&b, 24 + 76 + 8, lengths[i]);
		r = read_built(&b);
		assert_int_equal(r.packets.len, 1);
		assert_int_equal(skipped(&r, "corrupt"), 1);
		reading_free(&r);
		vec_free(&b.v);
	}
}

/* Longer than what is left, but possible: what is there is used. */
static void test_length_beyond_the_end(void **state)
{
	struct bytes b = {0};
	struct reading r;

	(void)state;
	pcap_begin(&b, 0xa1b2c3d4, 1);
	pcap_packet(&b, 5, 6, frame, sizeof(frame), 60);
	set_u32(&b, 24 + 8, CAPTURED_MAX);
	r = read_built(&b);
	assert_int_equal(r.packets.len, 1);
	assert_int_equal(r.packets.at[0].captured, 60);
	assert_int_equal(skipped(&r, "truncated"), 1);
	reading_free(&r);
	vec_free(&b.v);
}

static void test_largest_packets(void **state)
{
	struct bytes b = {0};
	uint8_t *large = test_calloc(1, CAPTURED_MAX);
	struct reading r;

	(void)state;
	large[0] = 7;
	pcap_begin(&b, 0xa1b2c3d4, 1);
	for (uint32_t i = 0; i < 12; i++) /* more than the reader's room */
		pcap_packet(&b, i + 1, 0, large, CAPTURED_MAX - i % 3, CAPTURED_MAX);
	r = read_built(&b);
	assert_int_equal(r.packets.len, 12);
	assert_int_equal(r.sum, 12 * 7);
	assert_int_equal(r.packets.at[11].at, 12 * WEIR_SEC);
	reading_free(&r);
	vec_free(&b.v);
	test_free(large);
}

static void test_zeros_at_the_end(void **state)
{
	struct bytes b = {0};
	struct reading r;

	(void)state;
	pcap_begin(&b, 0xa1b2c3d4, 1);
	pcap_packet(&b, 5, 6, frame, sizeof(frame), 60);
	for (int i = 0; i < 4096; i++)
		put_u8(&b, 0);
	r = read_built(&b);
	assert_int_equal(r.packets.len, 1);
	assert_int_equal(skipped(&r, "corrupt"), 1);
	reading_free(&r);
	vec_free(&b.v);
}

static void assert_refused(const struct bytes *b, const char *words)
{
	struct reading r = read_built(b);

	assert_true(r.err < 0);
	assert_int_equal(r.error.status, EXIT_INPUT);
	if (!strstr(r.error.text, words))
		fail_msg("\"%s\" does not say \"%s\"", r.error.text, words);
	reading_free(&r);
}

static void test_refusals(void **state)
{
	struct bytes b = {0};

	(void)state;
	pcap_begin(&b, 0xa1b2c3d4, 105);
	assert_refused(&b, "link type 105 (IEEE802_11) is not supported: Ethernet");
	set_u32(&b, 20, 65000);
	assert_refused(&b, "link type 65000 is not supported");
	set_u32(&b, 20, 1);
	b.v.at[4] = 9;
	assert_refused(&b, "pcap version 9.4");
	b.v.len = 20;
	assert_refused(&b, "ends after 20 bytes");
	vec_free(&b.v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_byte_orders_and_precisions),
		cmocka_unit_test(test_long_record_headers),
		cmocka_unit_test(test_link_type_has_upper_bits),
		cmocka_unit_test(test_cut_at_every_byte),
		cmocka_unit_test(test_impossible_length),
		cmocka_unit_test(test_length_beyond_the_end),
		cmocka_unit_test(test_largest_packets),
		cmocka_unit_test(test_zeros_at_the_end),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
