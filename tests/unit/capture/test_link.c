/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/link.h"

#include "unit/flow/packets.h"

/* Each link type, through the tracker: the same packet in every dress is the same flow. */

struct dress {
	const char *name;
	uint16_t link;
	const char *head; /* stands before the IP packet */
	uint32_t length;
	uint16_t vlan;
	bool cast;
};

#define DRESS(name, link, head, ...)                                                               \
	{                                                                                          \
		name, link, head, sizeof(head) - 1, __VA_ARGS__                                    \
	}

static const struct dress dresses[] = {
	DRESS("ethernet", 1, "\2\0\0\0\0\1\2\0\0\0\0\2\x08\0", 0, false),
	DRESS("ethernet broadcast", 1, "\xff\xff\xff\xff\xff\xff\2\0\0\0\0\2\x08\0", 0, true),
	DRESS("ethernet 802.1Q", 1, "\2\0\0\0\0\1\2\0\0\0\0\2\x81\0\x20\x64\x08\0", 100, false),
	DRESS("cooked", 113, "\0\0\0\1\0\6\2\0\0\0\0\2\0\0\x08\0", 0, false),
	DRESS("cooked broadcast", 113, "\0\1\0\1\0\6\2\0\0\0\0\2\0\0\x08\0", 0, true),
	DRESS("cooked 802.1Q", 113, "\0\0\0\1\0\6\2\0\0\0\0\2\0\0\x81\0\0\7\x08\0", 7, false),
	DRESS("cooked QinQ", 113, "\0\0\0\1\0\6\2\0\0\0\0\2\0\0\x88\xa8\0\x9\x81\0\0\7\x08\0", 9,
	      false),
	DRESS("cooked 2", 276, "\x08\0\0\0\0\0\0\3\0\1\0\6\2\0\0\0\0\2\0\0", 0, false),
	DRESS("cooked 2 multicast", 276, "\x08\0\0\0\0\0\0\3\0\1\2\6\2\0\0\0\0\2\0\0", 0, true),
	DRESS("null, little", 0, "\2\0\0\0", 0, false),
	DRESS("null, big", 0, "\0\0\0\2", 0, false),
	DRESS("loop", 108, "\0\0\0\2", 0, false),
	DRESS("raw", 101, "", 0, false),
	DRESS("raw 12", 12, "", 0, false),
	DRESS("raw 14", 14, "", 0, false),
	DRESS("IPv4", 228, "", 0, false),
	DRESS("PPP", 9, "\0\x21", 0, false),
	DRESS("PPP compressed", 9, "\x21", 0, false),
	DRESS("PPP with HDLC", 9, "\xff\3\0\x21", 0, false),
	DRESS("PPP HDLC", 50, "\xff\3\0\x21", 0, false),
	DRESS("PPP HDLC compressed", 50, "\xff\3\x21", 0, false),
	DRESS("Cisco HDLC", 50, "\x0f\0\x08\0", 0, false),
	DRESS("nflog", 239, "\2\0\0\5\x08\0\1\0\0\1\0\0\x05\0\x0a\0x\0\0\0\x2c\0\x09\0", 0, false),
	DRESS("nflog, big", 239, "\2\0\0\5\0\x08\0\1\0\0\1\0\0\x05\0\x0ax\0\0\0\0\x2c\0\x09", 0,
	      false),
};

static struct frame dressed(const struct dress *d, const struct frame *ip)
{
	struct frame f = {.length = 0};

	frame_put(&f, d->head, d->length);
	frame_put(&f, ip->bytes, ip->length);
	return f;
}

static void test_every_link_type(void **state)
{
	struct frame ip = frame_tcp(1, 40000, 2, 22, 2, 0);

	(void)state;
	for (size_t i = 0; i < sizeof(dresses) / sizeof(dresses[0]); i++) {
		const struct dress *d = &dresses[i];
		void *own;
		struct bench *b;
		const struct event *e;

		bench_setup(&own);
		b = own;
		b->link = d->link;
		give(b, dressed(d, &ip));
		finish(b);
		if (count(b, SERVICE_FLOW) != 1)
			fail_msg("%s: no flow", d->name);
		e = got(b, SERVICE_FLOW, 0);
		assert_int_equal(e->source_bytes, 40);
		assert_int_equal(e->destination_port, 22);
		assert_int_equal(event_has(e, FIELD_VLAN_ID) ? e->vlan_id : 0, d->vlan);
		/* Nobody answers a broadcast. */
		assert_int_equal(count(b, SERVICE_CONNECTION), !d->cast);
		bench_teardown(&own);
	}
}

/* Cut at every byte, out of a buffer of that size: no flow, one reason, no read behind the end. */
static void test_cut_at_every_byte(void **state)
{
	struct frame ip = frame_tcp(1, 40000, 2, 22, 2, 0);

	(void)state;
	for (size_t i = 0; i < sizeof(dresses) / sizeof(dresses[0]); i++) {
		struct frame whole = dressed(&dresses[i], &ip);

		for (uint32_t n = 0; n < whole.length; n++) {
			struct capture_packet p = {.at = T0, .link_type = dresses[i].link};
			uint8_t *bytes = malloc(n ? n : 1);
			uint64_t lost = 0;
			struct track_stats stats;
			void *own;

			bench_setup(&own);
			memcpy(bytes, whole.bytes, n);
			p.bytes = bytes;
			p.captured = n;
			p.wire_length = whole.length;
			track_packet(((struct bench *)own)->track, &p);
			track_stats(((struct bench *)own)->track, &stats);
			for (unsigned reason = 0; reason < LOSS_COUNT; reason++)
				lost += stats.lost[reason];
			assert_int_equal(lost, 1);
			bench_teardown(&own);
			free(bytes);
		}
	}
}

static void test_ipv6_families(void **state)
{
	static const uint8_t families[] = {10, 24, 28, 30};

	(void)state;
	for (size_t i = 0; i < sizeof(families); i++) {
		uint8_t bytes[4] = {families[i]}, big[4] = {0, 0, 0, families[i]};
		struct link_frame frame = {0};

		assert_int_equal(link_find(0)->strip(bytes, 4, &frame), LINK_OK);
		assert_int_equal(link_find(0)->strip(big, 4, &frame), LINK_OK);
		assert_int_equal(link_find(108)->strip(big, 4, &frame), LINK_OK);
		assert_int_equal(link_find(108)->strip(bytes, 4, &frame), LINK_NOT_IP);
		assert_int_equal(frame.offset, 4);
	}
}

static void test_not_ip(void **state)
{
	struct link_frame frame = {0};

	(void)state;
	assert_int_equal(link_find(113)->strip(
				 (const uint8_t *)"\0\0\0\1\0\6\2\0\0\0\0\2\0\0\x08\6", 16, &frame),
			 LINK_NOT_IP); /* ARP */
	assert_int_equal(link_find(113)->strip(
				 (const uint8_t *)"\0\4\3\x38\0\0\0\0\0\0\0\0\0\0\0\0", 16, &frame),
			 LINK_NOT_IP); /* netlink */
	assert_int_equal(link_find(9)->strip((const uint8_t *)"\xc0\x21", 2, &frame), LINK_NOT_IP);
	assert_int_equal(link_find(239)->strip((const uint8_t *)"\x07\0\0\0", 4, &frame),
			 LINK_NOT_IP); /* a bridge's */
	assert_int_equal(link_find(239)->strip((const uint8_t *)"\2\0\0\0\0\0\1\0", 8, &frame),
			 LINK_TRUNCATED); /* a length of 0 would never end */
}

static void test_names(void **state)
{
	struct error error;
	char text[LINK_TEXT_MAX];

	(void)state;
	assert_null(link_find(105));
	assert_string_equal(link_text(105, text), "105 (IEEE802_11)");
	assert_string_equal(link_text(1, text), "1 (ETHERNET)");
	assert_string_equal(link_text(64999, text), "64999");
	assert_int_equal(link_check(1, "f", &error), 0);
	assert_true(link_check(195, "f", &error) < 0);
	assert_int_equal(error.status, EXIT_INPUT);
	assert_non_null(strstr(error.text, "f: link type 195 (IEEE802_15_4_WITHFCS)"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_link_type), cmocka_unit_test(test_cut_at_every_byte),
		cmocka_unit_test(test_ipv6_families),	cmocka_unit_test(test_not_ip),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
