/* SPDX-License-Identifier: Apache-2.0 */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "unit/flow/packets.h"

/*
 * Real captures, where they are there (WEIR_CORPUS): the events' sums against sums that this test
 * takes from the bytes of the file by itself, with none of the code under test.
 */

static const char *corpus(void)
{
	const char *folder = getenv("WEIR_CORPUS");

	return folder ? folder : "../shared/corpus";
}

/* --- the independent sums: little-endian pcap, Ethernet, IPv4 and IPv6 --- */

struct truth {
	uint64_t packets, ip_bytes;
};

static struct truth sum_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t header[24], record[16], frame[65536];
	struct truth t = {0};
	uint32_t length, ethernet;

	assert_non_null(file);
	assert_int_equal(fread(header, 1, 24, file), 24);
	assert_int_equal(header[0], 0xd4);
	ethernet = header[20] == 1 ? 14 : 0;
	while (fread(record, 1, 16, file) == 16) {
		uint8_t *ip = frame + ethernet;
		uint32_t type;

		memcpy(&length, record + 8, 4);
		assert_true(length <= sizeof(frame));
		assert_int_equal(fread(frame, 1, length, file), length);
		type = ethernet ? (uint32_t)(frame[12] << 8 | frame[13]) : 0x0800;
		if (type == 0x8100) {
			type = (uint32_t)(frame[16] << 8 | frame[17]);
			ip += 4;
		}
		if (type == 0x0800)
			t.ip_bytes += (uint32_t)(ip[2] << 8 | ip[3]);
		else if (type == 0x86dd)
			t.ip_bytes += 40u + (uint32_t)(ip[4] << 8 | ip[5]);
		else
			continue;
		t.packets++;
	}
	fclose(file);
	return t;
}

/* --- the same through the stages --- */

static void on_packet(void *context, const struct capture_packet *packet)
{
	track_packet(((struct bench *)context)->track, packet);
}

static void replay(struct bench *b, const char *path)
{
	const struct intake intake = {.context = b, .packet = on_packet};
	struct source *source;
	weir_time at;

	assert_int_equal(source_open(&source, path, NULL), 0);
	while (source->ops->peek(source, &at) > 0)
		source->ops->deliver(source, &intake);
	source->ops->close(source);
	finish(b);
}

static void check_file(const char *path)
{
	struct truth t = sum_file(path);
	struct sums s;
	struct bench *b;
	void *state;

	bench_setup(&state);
	b = state;
	replay(b, path);
	s = collected_sums(&b->got);
	if (s.bytes[0] + s.bytes[1] != t.ip_bytes || s.packets[0] + s.packets[1] != t.packets)
		fail_msg("%s: %llu bytes in %llu packets are told, %llu in %llu stand in the file",
			 path, (unsigned long long)(s.bytes[0] + s.bytes[1]),
			 (unsigned long long)(s.packets[0] + s.packets[1]),
			 (unsigned long long)t.ip_bytes, (unsigned long long)t.packets);
	bench_teardown(&state);
}

static void test_sums_of_every_capture(void **state)
{
	char pattern[4096];
	glob_t found;

	(void)state;
	snprintf(pattern, sizeof(pattern), "%s/*/*.pcap", corpus());
	if (glob(pattern, 0, NULL, &found))
		skip();
	for (size_t i = 0; i < found.gl_pathc; i++)
		check_file(found.gl_pathv[i]);
	globfree(&found);
}

/* Opens a bench on one capture of the corpus, or skips. */
static struct bench *open_capture(void **state, const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", corpus(), name);
	if (access(path, R_OK))
		skip();
	replay(*state, path);
	return *state;
}

static size_t count_state(const struct bench *b, enum network_state wanted)
{
	size_t n = 0;
	const struct event *e;

	for (size_t i = 0; (e = collected(&b->got, SERVICE_CONNECTION, i)); i++)
		n += e->network_state == wanted;
	return n;
}

static void test_scan(void **state)
{
	struct bench *b = open_capture(state, "attack/scan-syn.pcap");

	assert_int_equal(count(b, SERVICE_ATTEMPT), 1994);
	assert_int_equal(count(b, SERVICE_CONNECTION), 1994);
	assert_true(count_state(b, STATE_UNANSWERED) + count_state(b, STATE_REJECTED) > 1980);
}

static void test_guessing(void **state)
{
	struct bench *b = open_capture(state, "attack/ssh-guess.pcap");

	assert_int_equal(count(b, SERVICE_ATTEMPT), count_state(b, STATE_ESTABLISHED));
	assert_int_equal(got(b, SERVICE_ATTEMPT, 0)->destination_port, 22);
}

/* The same file gives the same events, whatever the hash tables' seeds. */
static void test_same_again(void **state)
{
	struct bench *b = open_capture(state, "benign/netflix.pcap");
	char path[4096];
	void *other;
	struct bench *c;

	snprintf(path, sizeof(path), "%s/benign/netflix.pcap", corpus());
	bench_setup(&other);
	c = other;
	replay(c, path);
	assert_int_equal(b->got.events.len, c->got.events.len);
	for (size_t i = 0; i < b->got.events.len; i++)
		assert_memory_equal(&b->got.events.at[i], &c->got.events.at[i],
				    sizeof(struct event));
	bench_teardown(&other);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sums_of_every_capture),
		TEST(test_scan),
		TEST(test_guessing),
		TEST(test_same_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
