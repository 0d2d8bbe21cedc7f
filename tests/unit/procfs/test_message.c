/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "procfs/message.h"

static const struct proc_facts facts = {
	.id = {.start = 4711 * PROC_TICK, .pid = 77},
	.parent = 1,
	.uid = 1000,
	.euid = 33,
	.cgroup = 99,
	.flags = PROGRAM_SETUID | PROGRAM_DELETED,
	.name = "sshd",
	.executable = "/usr/sbin/sshd",
	.command_line = "sshd -D",
	.folder = "/",
};

static const struct proc_socket socket_ = {.cookie = 5,
					   .netns = 6,
					   .addr = {.byte = {[10] = 0xff, [11] = 0xff, [15] = 7}},
					   .port = 22,
					   .proto = 6,
					   .listens = true};

static const struct container_words words = {
	.runtime = "docker", .name = "web", .image = "nginx:1", .pod = "p", .pod_namespace = "n"};

static struct packet packet;

static struct unpack packed(void)
{
	return (struct unpack){packet.bytes, packet.bytes + packet.length};
}

static void what_is_put_is_taken(void **state)
{
	struct proc_facts f;
	struct proc_socket s;
	struct container_words w;
	struct unpack from;

	(void)state;
	packet.length = 0;
	put_process(&packet, &facts);
	put_socket(&packet, &socket_);
	put_words(&packet, &words);
	assert_false(packet.full);
	from = packed();
	assert_true(take_process(&from, &f));
	assert_true(take_socket(&from, &s));
	assert_true(take_words(&from, &w));
	assert_ptr_equal(from.at, from.end);
	assert_int_equal(f.id.start, facts.id.start);
	assert_int_equal(f.id.pid, 77);
	assert_int_equal(f.parent, 1);
	assert_int_equal(f.uid, 1000);
	assert_int_equal(f.euid, 33);
	assert_int_equal(f.cgroup, 99);
	assert_int_equal(f.flags, facts.flags);
	assert_string_equal(f.name, "sshd");
	assert_string_equal(f.executable, "/usr/sbin/sshd");
	assert_string_equal(f.command_line, "sshd -D");
	assert_string_equal(f.folder, "/");
	assert_int_equal(s.cookie, 5);
	assert_memory_equal(s.addr.byte, socket_.addr.byte, 16);
	assert_int_equal(s.port, 22);
	assert_true(s.listens);
	assert_string_equal(w.runtime, "docker");
	assert_string_equal(w.image, "nginx:1");
	assert_string_equal(w.pod_namespace, "n");
}

static void the_longest_process_fits(void **state)
{
	static struct proc_facts longest, f;
	struct unpack from;

	(void)state;
	memset(longest.name, 'n', sizeof(longest.name) - 1);
	memset(longest.executable, 'e', sizeof(longest.executable) - 1);
	memset(longest.command_line, 'c', sizeof(longest.command_line) - 1);
	memset(longest.folder, 'f', sizeof(longest.folder) - 1);
	packet.length = sizeof(struct procfs_answer);
	packet.full = false;
	put_process(&packet, &longest);
	assert_false(packet.full);
	from = packed();
	from.at += sizeof(struct procfs_answer);
	assert_true(take_process(&from, &f));
	assert_string_equal(f.command_line, longest.command_line);
}

static void what_has_no_room_is_said(void **state)
{
	static char text[PROCFS_MESSAGE];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	packet.length = 0;
	packet.full = false;
	put_text(&packet, text);
	assert_true(packet.full);
}

/* Each in memory of its own length, so that a byte too far is seen. */
static void what_is_cut_is_refused(void **state)
{
	struct proc_facts f;

	(void)state;
	packet.length = 0;
	put_process(&packet, &facts);
	for (size_t length = 0; length < packet.length; length++) {
		uint8_t *cut = malloc(length ? length : 1);
		struct unpack from = {cut, cut + length};

		memcpy(cut, packet.bytes, length);
		assert_false(take_process(&from, &f));
		free(cut);
	}
}

static bool taken(size_t at, uint8_t byte, bool (*take)(struct unpack *from))
{
	uint8_t before = packet.bytes[at];
	struct unpack from = packed();
	bool is;

	packet.bytes[at] = byte;
	is = take(&from);
	packet.bytes[at] = before;
	return is;
}

static bool as_process(struct unpack *from)
{
	struct proc_facts f;

	return take_process(from, &f);
}

static bool as_socket(struct unpack *from)
{
	struct proc_socket s;

	return take_socket(from, &s);
}

static bool as_words(struct unpack *from)
{
	struct container_words w;

	return take_words(from, &w);
}

static void what_makes_no_sense_is_refused(void **state)
{
	(void)state;
	packet.length = 0;
	put_process(&packet, &facts);
	assert_true(taken(0, 1, as_process));
	assert_false(taken(33, 0x80, as_process)); /* a flag that there is not */
	assert_false(taken(42, 0, as_process));	   /* a name with a zero in it */
	assert_false(taken(41, 0xff, as_process)); /* longer than a name is */
	packet.length = 0;
	put_socket(&packet, &socket_);
	assert_true(taken(35, 0, as_socket));
	assert_false(taken(35, 2, as_socket)); /* neither listens nor not */
	packet.length = 0;
	put_words(&packet, &words);
	assert_true(taken(10, 'W', as_words));
	assert_false(taken(2, 'x', as_words)); /* no such runtime */
}

static void chance_is_read_within_its_bounds(void **state)
{
	uint32_t random = 1;

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		size_t length = random % 200;
		uint8_t *bytes = malloc(length + 1);
		struct unpack from = {bytes, bytes + length};

		for (size_t k = 0; k < length; k++)
			bytes[k] = (uint8_t)((random = random * 1664525 + 1013904223) >> 24) & 31;
		random = random * 1664525 + 1013904223;
		(void)(as_process(&from) || as_socket(&from) || as_words(&from));
		assert_true(from.at <= from.end);
		free(bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_put_is_taken),
		cmocka_unit_test(the_longest_process_fits),
		cmocka_unit_test(what_has_no_room_is_said),
		cmocka_unit_test(what_is_cut_is_refused),
		cmocka_unit_test(what_makes_no_sense_is_refused),
		cmocka_unit_test(chance_is_read_within_its_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
