/* SPDX-License-Identifier: Apache-2.0 */
#include "kubernetes/maps.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	char root[32];
	struct maps *maps;
	unsigned loads, changes;
};

static char read_text[64];

static const char *text_of(const struct fixture *f, const char *name)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/rules/%s", f->root, name);
	file = fopen(path, "r");
	if (!file)
		return NULL;
	read_text[fread(read_text, 1, sizeof(read_text) - 1, file)] = '\0';
	fclose(file);
	return read_text;
}

/* As rules would: "wrong" in any file of the staged folders is a fault. */
static bool load(void *context, const char *staged, struct error *error)
{
	struct fixture *f = context;
	char command[256];

	f->loads++;
	snprintf(command, sizeof(command), "! grep -qr wrong %s/*/ 2>/dev/null", staged);
	if (!system(command))
		return true;
	error_set(error, EXIT_INPUT, 1, "it is wrong");
	return false;
}

static void changed(void *context)
{
	((struct fixture *)context)->changes++;
}

static void open_maps(struct fixture *f)
{
	const struct maps_ops ops = {load, changed, f};
	struct error error = {0};
	char path[64];

	snprintf(path, sizeof(path), "%s/rules", f->root);
	f->maps = maps_open(path, &ops, &error);
	assert_non_null(f->maps);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->root, "/tmp/weir-maps-XXXXXX");
	*state = f;
	if (!mkdtemp(f->root))
		return -1;
	open_maps(f);
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[64];

	maps_close(f->maps);
	snprintf(command, sizeof(command), "rm -rf %s", f->root);
	free(f);
	return system(command);
}

static bool take(struct fixture *f, const char *name, const char *file, const char *text)
{
	json_t *message = json_pack("{s:s, s:{s:s}}", "map", name, "files", file, text);
	bool good = maps_take(f->maps, message);

	json_decref(message);
	return good;
}

static void gone(struct fixture *f, const char *name)
{
	json_t *message = json_pack("{s:s}", "map_gone", name);

	assert_true(maps_take_gone(f->maps, message));
	json_decref(message);
}

static json_int_t status(const struct fixture *f, const char *key, bool *degraded)
{
	json_t *object = maps_status(f->maps, degraded);
	json_int_t value = json_integer_value(json_object_get(object, key));

	json_decref(object);
	return value;
}

static void a_map_becomes_files(void **state)
{
	struct fixture *f = *state;
	bool degraded = false;

	assert_true(take(f, "team", "a.yml", "one"));
	assert_string_equal(text_of(f, "team/a.yml"), "one");
	assert_int_equal(f->changes, 1);
	assert_true(take(f, "team", "b.yml", "two"));
	assert_null(text_of(f, "team/a.yml"));
	assert_string_equal(text_of(f, "team/b.yml"), "two");
	gone(f, "team");
	assert_null(text_of(f, "team/b.yml"));
	assert_int_equal(f->changes, 3);
	assert_int_equal(status(f, "maps", &degraded), 0);
	assert_false(degraded);
}

static void the_same_again_changes_nothing(void **state)
{
	struct fixture *f = *state;

	assert_true(take(f, "team", "a.yml", "one"));
	assert_true(take(f, "team", "a.yml", "one"));
	assert_int_equal(f->loads, 1);
	assert_int_equal(f->changes, 1);
}

static void a_wrong_one_is_nobody_elses_fault(void **state)
{
	struct fixture *f = *state;
	bool degraded = false;

	assert_true(take(f, "good", "a.yml", "one"));
	assert_true(take(f, "bad", "a.yml", "one"));
	assert_true(take(f, "bad", "a.yml", "wrong"));
	assert_string_equal(text_of(f, "bad/a.yml"), "one");
	assert_int_equal(status(f, "refused", &degraded), 1);
	assert_true(degraded);
	assert_true(take(f, "good", "a.yml", "two"));
	assert_string_equal(text_of(f, "good/a.yml"), "two");
	assert_true(take(f, "bad", "a.yml", "right"));
	assert_string_equal(text_of(f, "bad/a.yml"), "right");
	degraded = false;
	assert_int_equal(status(f, "maps", &degraded), 2);
	assert_false(degraded);
}

static void those_that_are_not_listed_are_gone(void **state)
{
	struct fixture *f = *state;

	assert_true(take(f, "stays", "a.yml", "one"));
	assert_true(take(f, "goes", "a.yml", "one"));
	maps_begin(f->maps);
	assert_true(take(f, "stays", "a.yml", "one"));
	maps_end(f->maps);
	assert_non_null(text_of(f, "stays/a.yml"));
	assert_null(text_of(f, "goes/a.yml"));
}

static void they_stay_over_a_restart(void **state)
{
	struct fixture *f = *state;

	assert_true(take(f, "team", "a.yml", "one"));
	maps_close(f->maps);
	open_maps(f);
	assert_string_equal(text_of(f, "team/a.yml"), "one");
	maps_begin(f->maps);
	maps_end(f->maps);
	assert_null(text_of(f, "team/a.yml"));
}

static void names_lead_nowhere_else(void **state)
{
	struct fixture *f = *state;

	assert_false(take(f, "..", "a.yml", "one"));
	assert_false(take(f, "../team", "a.yml", "one"));
	assert_false(take(f, ".try", "a.yml", "one"));
	assert_false(take(f, "", "a.yml", "one"));
	assert_false(take(f, "team", "../a.yml", "one"));
	assert_false(take(f, "team", ".a.yml", "one"));
	assert_false(take(f, "team", "a.sh", "one"));
	assert_int_equal(f->loads, 0);
}

static void no_more_than_there_is_room_for(void **state)
{
	struct fixture *f = *state;
	bool degraded = false;
	char name[16];

	for (int i = 0; i < MAPS_MAX + 2; i++) {
		json_t *message;

		snprintf(name, sizeof(name), "m%d", i);
		message = json_pack("{s:s, s:{s:s}}", "map", name, "files", "a.yml", "wrong");
		assert_true(maps_take(f->maps, message));
		json_decref(message);
	}
	assert_int_equal(status(f, "left_out", &degraded), 2);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_map_becomes_files),
		CASE(the_same_again_changes_nothing),
		CASE(a_wrong_one_is_nobody_elses_fault),
		CASE(those_that_are_not_listed_are_gone),
		CASE(they_stay_over_a_restart),
		CASE(names_lead_nowhere_else),
		CASE(no_more_than_there_is_room_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
