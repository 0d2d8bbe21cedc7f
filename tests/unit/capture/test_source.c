/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "unit/capture/build.h"

/* The door: what is opened, and what a wrong file is told. */

static void assert_says(const struct reading *r, int err, enum exit_status status,
			const char *words)
{
	assert_int_equal(r->err, -err);
	assert_int_equal(r->error.status, status);
	if (!strstr(r->error.text, words))
		fail_msg("\"%s\" does not say \"%s\"", r->error.text, words);
}

static void test_strangers(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
		const char *words;
	} cases[] = {
		{"", 0, "is empty: a capture (pcap, pcapng), a Zeek log"},
		{"\x1f\x8b\x08\0", 4, "cannot be read: it ends within what was compressed"},
		{"\x1f\x8b\xff\0", 4, "cannot be read: its gzip compression is damaged"},
		{"\xfd"
		 "7zXZ\0",
		 6, "is xz-compressed: decompress first"},
		{"BZh91AY", 7, "is bzip2-compressed"},
		{"PK\3\4", 4, "is a ZIP archive: unpack it first"},
		{"\x7f"
		 "ELF",
		 4, "is a program: a capture"},
		{"hello\nworld\n", 12, "is text of no known kind: a capture"},
		{"hello\0world\n", 12, "is data of no known kind: a capture"},
		{"\xa1", 1, "is data of no known kind"},
		{"\xd4\xc3\xb2", 3, "is data of no known kind"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct reading r = read_bytes(cases[i].bytes, cases[i].length);

		assert_says(&r, EINVAL, EXIT_INPUT, cases[i].words);
	}
}

static void test_what_cannot_be_opened(void **state)
{
	struct reading r = read_path("/nonexistent/capture");

	(void)state;
	assert_says(&r, ENOENT, EXIT_INPUT, "/nonexistent/capture: No such file");
	r = read_path("/");
	assert_says(&r, EISDIR, EXIT_INPUT, "/ is a directory");
	r = read_path("/proc/self/mem"); /* opens, but reading it fails */
	assert_says(&r, EIO, EXIT_SYSTEM, "cannot be read");
}

/* Standard input is a pipe that gives a few bytes at a time; the file's name says nothing. */
static void test_standard_input(void **state)
{
	static const uint8_t frame[60] = {7};
	struct bytes b = {0};
	struct reading r;
	int ends[2], saved = dup(STDIN_FILENO);
	pid_t child;

	(void)state;
	pcap_begin(&b, 0xa1b2c3d4, 1);
	for (uint32_t i = 0; i < 50; i++)
		pcap_packet(&b, 1700000000 + i, 0, frame, sizeof(frame), 60);
	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (!child) {
		for (size_t at = 0; at < b.v.len; at += 7)
			if (write(ends[1], b.v.at + at, b.v.len - at < 7 ? b.v.len - at : 7) < 0)
				_exit(1);
		_exit(0);
	}
	close(ends[1]);
	dup2(ends[0], STDIN_FILENO);
	close(ends[0]);
	r = read_path("-");
	dup2(saved, STDIN_FILENO);
	close(saved);
	waitpid(child, NULL, 0);
	assert_int_equal(r.err, 0);
	assert_int_equal(r.packets.len, 50);
	assert_int_equal(skipped(&r, "truncated"), 0);
	reading_free(&r);
	vec_free(&b.v);
}

static void test_kinds(void **state)
{
	(void)state;
	for (const struct source_kind *const *kind = source_kinds; *kind; kind++) {
		const struct source_ops *ops = (*kind)->ops;

		assert_true(ops->lateness > 0);
		assert_true(ops->peek && ops->deliver && ops->progress && ops->report &&
			    ops->close);
		assert_int_equal(ops->packets, !strncmp(ops->type, "pcap", 4));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_what_cannot_be_opened),
		cmocka_unit_test(test_standard_input),
		cmocka_unit_test(test_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
