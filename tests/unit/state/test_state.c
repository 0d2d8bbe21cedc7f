/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "state/file.h"
#include "state/memory.h"

static void put_all(void *context, struct state_writer *w)
{
	char long_text[100000];

	(void)context;
	state_section(w, "numbers", "", 7, 1);
	state_put_uint(w, 0);
	state_put_uint(w, UINT64_MAX);
	state_put_int(w, INT64_MIN);
	state_put_int(w, -1);
	state_put_real(w, -0.5);
	state_section(w, "texts", "of a rule", 0, 2);
	memset(long_text, 'x', sizeof(long_text));
	state_put_bytes(w, long_text, sizeof(long_text));
	state_put_text(w, "short");
	state_put_text(w, NULL);
	state_section(w, "empty", "", 0, 1);
}

static void make(struct state_memory *memory)
{
	struct state_writer *w = calloc(1, sizeof(*w));

	assert_int_equal(state_begin(w, 8, state_memory_put, memory), 0);
	put_all(NULL, w);
	assert_int_equal(state_end(w), 0);
	free(w);
}

static void check(const struct state_image *image)
{
	struct state_reader r;
	char text[16];
	size_t length;

	assert_true(state_find(image, "numbers", "", &r));
	assert_int_equal(r.mark, 7);
	assert_int_equal(state_get_uint(&r), 0);
	assert_true(state_get_uint(&r) == UINT64_MAX);
	assert_true(state_get_int(&r) == INT64_MIN);
	assert_int_equal(state_get_int(&r), -1);
	assert_float_equal(state_get_real(&r), -0.5, 0);
	assert_true(state_done(&r));
	assert_true(state_find(image, "texts", "of a rule", &r));
	assert_int_equal(r.version, 2);
	assert_non_null(state_get_bytes(&r, &length));
	assert_int_equal(length, 100000);
	state_get_text(&r, text, sizeof(text));
	assert_string_equal(text, "short");
	state_get_text(&r, text, sizeof(text));
	assert_string_equal(text, "");
	assert_true(state_done(&r));
	assert_true(state_find(image, "empty", "", &r));
	assert_true(state_done(&r));
	assert_false(state_find(image, "texts", "", &r));
}

static void what_was_written_is_read(void **state)
{
	struct state_memory memory = {0};
	struct state_image image;
	const char *words;

	(void)state;
	make(&memory);
	assert_int_equal(state_image_open(&image, memory.bytes, memory.length, &words), 0);
	check(&image);
	state_image_close(&image);
	state_memory_free(&memory);
}

/* A changed byte anywhere, or an end too early, is seen. */
static void damage_is_seen(void **state)
{
	struct state_memory memory = {0};
	struct state_image image;
	const char *words;

	(void)state;
	make(&memory);
	for (size_t i = 0; i < memory.length; i += i < 64 || i > memory.length - 512 ? 1 : 997) {
		memory.bytes[i] ^= 0x10;
		assert_int_equal(state_image_open(&image, memory.bytes, memory.length, &words),
				 -EBADMSG);
		memory.bytes[i] ^= 0x10;
	}
	for (size_t length = 0; length < memory.length; length += 61) {
		uint8_t *part = malloc(length + 1);

		memcpy(part, memory.bytes, length);
		assert_int_equal(state_image_open(&image, part, length, &words), -EBADMSG);
		free(part);
	}
	state_memory_free(&memory);
}

static void no_read_goes_beyond_its_section(void **state)
{
	struct state_memory memory = {0};
	struct state_image image;
	struct state_reader r;
	const char *words;

	(void)state;
	make(&memory);
	assert_int_equal(state_image_open(&image, memory.bytes, memory.length, &words), 0);
	assert_true(state_find(&image, "empty", "", &r));
	assert_int_equal(state_get_uint(&r), 0);
	assert_true(r.bad);
	assert_false(state_done(&r));
	assert_true(state_find(&image, "numbers", "", &r));
	state_get_uint(&r);
	assert_int_equal(state_get_below(&r, 5), 0);
	assert_true(r.bad);
	assert_true(state_find(&image, "texts", "of a rule", &r));
	assert_int_equal(state_get_count(&r, 10), 0);
	assert_true(r.bad);
	state_image_close(&image);
	state_memory_free(&memory);
}

static void too_many_sections_are_an_error(void **state)
{
	struct state_writer *w = calloc(1, sizeof(*w));
	struct state_memory memory = {0};

	(void)state;
	assert_int_equal(state_begin(w, 2, state_memory_put, &memory), 0);
	put_all(NULL, w);
	assert_int_equal(state_end(w), -ENOSPC);
	state_memory_free(&memory);
	free(w);
}

static void a_file_is_written_whole_and_set_aside(void **state)
{
	struct state_writer *w = calloc(1, sizeof(*w));
	char folder[] = "/tmp/weir-state-XXXXXX", path[64], name[256], command[128];
	struct state_image image;
	const char *words;
	size_t length;
	void *bytes;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/state", folder);
	assert_int_equal(state_file_read(path, &bytes, &length), -ENOENT);
	assert_int_equal(state_file_write(path, NULL, w, 8, put_all, NULL), 0);
	assert_int_equal(state_file_write(path, NULL, w, 8, put_all, NULL), 0);
	assert_int_equal(state_file_read(path, &bytes, &length), 0);
	assert_int_equal(state_image_open(&image, bytes, length, &words), 0);
	check(&image);
	state_image_close(&image);
	free(bytes);
	/* One that fails leaves what was there. */
	assert_int_equal(state_file_write(path, NULL, w, 1, put_all, NULL), -ENOSPC);
	assert_int_equal(state_file_read(path, &bytes, &length), 0);
	free(bytes);
	for (int i = 0; i < STATE_BAD_KEPT + 2; i++) {
		assert_int_equal(state_file_write(path, NULL, w, 8, put_all, NULL), 0);
		assert_int_equal(state_file_set_aside(path, i * WEIR_SEC, name, sizeof(name)), 0);
	}
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(access(name, F_OK), 0);
	snprintf(command, sizeof(command), "test $(ls %s | wc -l) = %d", folder, STATE_BAD_KEPT);
	assert_int_equal(system(command), 0);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0);
	free(w);
}

static void a_sealed_file_opens_with_its_key_alone(void **state)
{
	const uint8_t key[SEAL_KEY_BYTES] = {1}, wrong[SEAL_KEY_BYTES] = {2};
	struct state_seal *seal = state_seal_new(key), *other = state_seal_new(wrong);
	struct state_writer *w = calloc(1, sizeof(*w));
	char path[] = "/tmp/weir-sealed-XXXXXX";
	struct state_image image;
	const char *words;
	size_t length, whole;
	uint8_t *bytes;

	(void)state;
	assert_int_equal(close(mkstemp(path)), 0);
	for (int turn = 0; turn < 3; turn++) {
		assert_int_equal(state_seal_begin(seal), 0);
		assert_int_equal(state_file_write(path, seal, w, 8, put_all, NULL), 0);
		assert_int_equal(state_file_read(path, (void **)&bytes, &length), 0);
		assert_true(state_is_sealed(bytes, length));
		whole = length;
		if (turn == 1)
			bytes[length / 2] ^= 1;
		if (turn < 2) {
			assert_int_equal(state_unseal(turn ? seal : other, bytes, &length),
					 -EKEYREJECTED);
		} else {
			assert_int_equal(state_unseal(seal, bytes, &length), 0);
			assert_int_equal(length, whole - 44);
			assert_int_equal(state_image_open(&image, bytes, length, &words), 0);
			check(&image);
			state_image_close(&image);
		}
		free(bytes);
	}
	unlink(path);
	state_seal_free(seal);
	state_seal_free(other);
	free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(damage_is_seen),
		cmocka_unit_test(no_read_goes_beyond_its_section),
		cmocka_unit_test(too_many_sections_are_an_error),
		cmocka_unit_test(a_file_is_written_whole_and_set_aside),
		cmocka_unit_test(a_sealed_file_opens_with_its_key_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
