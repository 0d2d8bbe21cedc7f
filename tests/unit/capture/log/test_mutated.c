/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>

#include "base/log.h"
#include "unit/capture/build.h"

/*
 * 2,000 logs that were damaged: each is refused with words or read with what is wrong counted;
 * under the sanitizers, so no crash, hang or leak either. The same ones in every run.
 */

#define FILES 2000

static const char own[] =
	"{\"@timestamp\":\"2023-11-14T22:13:20.000001Z\",\"event.kind\":\"event\",\"event."
	"dataset\":"
	"\"weir.flow\",\"source.ip\":\"10.0.0.5\",\"source.port\":4711,\"destination.ip\":"
	"\"2001:db8::1\",\"network.transport\":\"tcp\",\"source.bytes\":77,\"channel.unusual\":"
	"[\"a\",\"b\\u00e9\"],\"event.duration\":12345,\"weir.coverage\":0.5,\"flow.ended\":true}\n"
	"{\"@timestamp\":\"2023-11-14T22:13:21Z\",\"event.dataset\":\"weir.attempt\",\"source.ip\":"
	"\"10.0.0.6\",\"message\":\"x\\\\x00y\",\"source.role\":[\"backup\"]}\n";
static const char flat[] =
	"[\n  {\n    \"ts\": 1700000000.25, \"src_ip\": \"10.0.0.1\", \"dest_ip\": \"192.0.2.7\",\n"
	"    \"dest_port\": 443, \"protocol\": \"HTTPS\", \"bytes_transferred\": 1e6,\n"
	"    \"is_outbound\": true, \"query\": \"a.b.example\", \"deep\": {\"er\": [1, [2], {}]}\n "
	" },\n"
	"  {\"event_time\": \"2023-11-14 22:13:20\", \"src_ip\": \"::1\", \"filename\": "
	"\"a/b.exe\",\n"
	"   \"uri\": \"http://h:1/p?q\", \"duration\": 600, \"bytes_sent\": 9, \"user\": \"u\"},\n"
	"  {\"signal_type\": \"X\", \"timestamp\": 1700000000000, \"severity\": \"HIGH\"}\n]\n";
static const char zeek[] =
	"#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n"
	"#fields\tts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\t"
	"orig_bytes\tconn_state\tmissed_bytes\thistory\torig_pkts\torig_ip_bytes\tresp_pkts\t"
	"tunnel_parents\n"
	"#types\ttime\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tstring\tcount\tstring"
	"\t"
	"count\tcount\tcount\tset[string]\n"
	"1700000000.1\t10.0.0.1\t5\t10.0.0.2\t443\ttcp\tssl,http\t7200."
	"5\t12\tSF\t3\tShADadFf\t9\t900\t"
	"8\tA,B\n"
	"1700000001.1\t10.0.0.1\t8\t10.0.0.2\t0\ticmp\t-\t-\t-\tOTH\t0\t-\t1\t84\t0\t(empty)\n";
static const char eve[] =
	"{\"timestamp\":\"2023-11-14T22:13:20.5+0000\",\"flow_id\":7,\"event_type\":\"flow\",\"src_"
	"ip\":"
	"\"10.0.0.1\",\"src_port\":5,\"dest_ip\":\"10.0.0.2\",\"dest_port\":53,\"proto\":\"UDP\","
	"\"vlan\":[5],\"flow\":{\"pkts_toserver\":1,\"bytes_toserver\":80,\"pkts_toclient\":0,"
	"\"start\":"
	"\"2023-11-14T22:13:20+0000\",\"end\":\"2023-11-14T23:13:20+0000\",\"state\":\"new\"}}\n"
	"{\"timestamp\":\"2023-11-14T22:13:20+0000\",\"flow_id\":7,\"event_type\":\"dns\",\"src_"
	"ip\":"
	"\"10.0.0.1\",\"dest_ip\":\"10.0.0.2\",\"dns\":{\"type\":\"answer\",\"rrname\":\"a\","
	"\"answers\":[{\"rdata\":\"x\"},{\"rdata\":\"y\"}]}}\n"
	"{\"timestamp\":\"2023-11-14T22:13:20+0000\",\"flow_id\":8,\"event_type\":\"fileinfo\","
	"\"src_ip\""
	":\"10.0.0.1\",\"src_port\":80,\"dest_ip\":\"10.0.0.2\",\"dest_port\":9,\"fileinfo\":"
	"{\"filename\":\"x\"},\"http\":{\"url\":\"//\",\"hostname\":\"[::1]:5\"}}\n";

static const char *const kinds[] = {own, flat, zeek, eve};

/* What a damaged or hostile file may hold at any place. */
static const char *const pieces[] = {
	"\"",
	"{",
	"}",
	"[",
	"]",
	",",
	":",
	"\\",
	"\n",
	"\t",
	"\r",
	"\xff",
	"\xc3",
	"\xed\xa0\x80",
	"-1",
	"1e999",
	"99999999999999999999",
	"0x1",
	"null",
	"true",
	"NaN",
	"\\u0000",
	"\\ud800",
	"#fields\t",
	"#separator ",
	"#types\tset[x]",
	"\"ts\":",
	"\"_path\":\"files\",",
	"-",
	"{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":1}}}}}}}}}",
};
#define PIECES (sizeof(pieces) / sizeof(pieces[0]))

static uint32_t state32 = 20231114;

static uint32_t draw(uint32_t below)
{
	state32 = state32 * 1664525 + 1013904223;
	return (state32 >> 8) % below;
}

struct text_buffer {
	char at[16384];
	size_t length;
};

static void insert(struct text_buffer *t, size_t at, const char *bytes, size_t length)
{
	if (t->length + length > sizeof(t->at))
		return;
	memmove(t->at + at + length, t->at + at, t->length - at);
	memmove(t->at + at, bytes, length);
	t->length += length;
}

static void mutate(struct text_buffer *t)
{
	size_t at = draw((uint32_t)t->length), length = draw(40) + 1;
	char copy[64];

	if (length > t->length - at)
		length = t->length - at;
	switch (draw(6)) {
	case 0: /* a bit */
		t->at[at] ^= (char)(1 << draw(8));
		break;
	case 1: /* lost */
		memmove(t->at + at, t->at + at + length, t->length - at - length);
		t->length -= length;
		break;
	case 2: /* twice */
		memcpy(copy, t->at + at, length);
		insert(t, draw((uint32_t)t->length), copy, length);
		break;
	case 3:
	case 4: { /* something else */
		const char *piece = pieces[draw(PIECES)];

		insert(t, at, piece, strlen(piece));
		break;
	}
	case 5: /* cut off */
		if (draw(4) == 0)
			t->length = at;
		break;
	}
}

static void damaged_files_end(void **state)
{
	uint64_t events = 0, refused = 0;

	(void)state;
	for (unsigned i = 0; i < FILES; i++) {
		const char *kind = kinds[i % 4];
		struct text_buffer t = {.length = strlen(kind)};
		struct reading r;

		memcpy(t.at, kind, t.length);
		for (unsigned n = 1 + draw(6); n && t.length; n--)
			mutate(&t);
		r = read_bytes(t.at, t.length);
		if (r.err) {
			assert_true(strlen(r.error.text) > 0);
			refused++;
		}
		events += r.events.len;
		vec_each (e, &r.events)
			assert_true((unsigned)e->service < SERVICE_COUNT);
		reading_free(&r);
	}
	/* Most of it is still read: the damage is local. */
	assert_true(refused < FILES / 10);
	assert_true(events > FILES);
}

/* Lines without end, and much that is nearly an object, in time that its length explains. */
static void long_nonsense_ends(void **state)
{
	static const char *const units[] = {
		"{",  "[",     "{\n",  "{\"a\":[",
		"\"", "{}\n{", "[{},", "{\"ts\":1,\"src_ip\":\"10.0.0.1\",\"x\":[\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		struct bytes b = {0};
		struct reading r;

		put(&b, "{}\n", 3);
		for (size_t n = 0; n < (2 << 20) / strlen(units[i]); n++)
			put(&b, units[i], strlen(units[i]));
		r = read_built(&b);
		assert_int_equal(r.err, 0);
		assert_true(skipped(&r, "bad_lines") > 0);
		reading_free(&r);
		vec_free(&b.v);
	}
}

/* The warnings are thousands and not what is tested. */
static int be_quiet(void **state)
{
	int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_true(nowhere >= 0);
	dup2(nowhere, STDERR_FILENO);
	close(nowhere);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(damaged_files_end, be_quiet),
		cmocka_unit_test(long_nonsense_ends),
	};

	cmocka_set_message_output(CM_OUTPUT_STDOUT);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
