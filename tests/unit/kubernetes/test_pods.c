/* SPDX-License-Identifier: Apache-2.0 */
#include "kubernetes/pods.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define UID   "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
#define OTHER "1f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
#define HEX   "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static int setup(void **state)
{
	*state = pods_new();
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	pods_free(*state);
	return 0;
}

static bool take(struct pods *pods, const char *text)
{
	json_t *message = json_loads(text, 0, NULL);
	bool good;

	assert_non_null(message);
	good = pods_take(pods, message);
	json_decref(message);
	return good;
}

static bool gone(struct pods *pods, const char *uid, weir_time now)
{
	json_t *message = json_pack("{s:s}", "pod_gone", uid);
	bool good = pods_take_gone(pods, message, now);

	json_decref(message);
	return good;
}

#define WHOLE                                                                                      \
	"{\"pod\":\"" UID "\",\"name\":\"web-1\",\"namespace\":\"shop\",\"owner\":\"web\","        \
	"\"owner_kind\":\"Deployment\",\"labels\":[\"app:web\",\"tier:front\"],"                   \
	"\"containers\":[{\"id\":\"" HEX "\",\"name\":\"nginx\",\"image\":\"nginx:1\"}]}"

static void check_whole(const struct pod *pod)
{
	struct text label;
	uint32_t at = 0;

	assert_non_null(pod);
	assert_string_equal(pod->name, "web-1");
	assert_string_equal(pod->space, "shop");
	assert_string_equal(pod->owner, "web");
	assert_string_equal(pod->owner_kind, "Deployment");
	assert_true(texts_next(&pod->labels, &at, &label));
	assert_memory_equal(label.at, "app:web", label.length);
	assert_true(texts_next(&pod->labels, &at, &label));
	assert_memory_equal(label.at, "tier:front", label.length);
	assert_int_equal(label.length, strlen("tier:front"));
	assert_false(texts_next(&pod->labels, &at, &label));
	assert_string_equal(pod_container(pod, HEX)->image, "nginx:1");
	assert_null(pod_container(pod, "0"));
}

static void what_was_told_is_found(void **state)
{
	assert_true(take(*state, WHOLE));
	check_whole(pods_find(*state, UID));
	assert_null(pods_find(*state, OTHER));
	assert_null(pods_find(*state, ""));
	assert_null(pods_find(*state, UID UID));
}

static void the_last_word_counts(void **state)
{
	struct pods_stats s;

	assert_true(take(*state, WHOLE));
	assert_true(take(*state, "{\"pod\":\"" UID "\",\"name\":\"web-2\"}"));
	assert_string_equal(pods_find(*state, UID)->name, "web-2");
	assert_null(pods_find(*state, UID)->owner);
	assert_int_equal(pods_find(*state, UID)->labels.length, 0);
	pods_stats(*state, &s);
	assert_int_equal(s.pods, 1);
}

static void one_that_is_gone_stays_for_a_while(void **state)
{
	weir_time now = WEIR_HOUR;

	assert_true(take(*state, WHOLE));
	assert_true(gone(*state, UID, now));
	pods_tick(*state, now + PODS_KEEP);
	assert_non_null(pods_find(*state, UID));
	pods_tick(*state, now + PODS_KEEP + 1);
	assert_null(pods_find(*state, UID));
	assert_true(gone(*state, UID, now));
}

static void a_list_says_who_is_gone(void **state)
{
	weir_time now = WEIR_HOUR;
	struct pods_stats s;

	assert_true(take(*state, WHOLE));
	assert_true(take(*state, "{\"pod\":\"" OTHER "\"}"));
	pods_begin(*state);
	assert_true(take(*state, "{\"pod\":\"" OTHER "\"}"));
	pods_end(*state, now);
	pods_stats(*state, &s);
	assert_int_equal(s.pods, 2);
	assert_int_equal(s.gone, 1);
	pods_tick(*state, now + PODS_KEEP + 1);
	assert_null(pods_find(*state, UID));
	assert_non_null(pods_find(*state, OTHER));
	pods_stats(*state, &s);
	assert_int_equal(s.gone, 0);
}

static void what_makes_no_sense(void **state)
{
	static const char *const wrong[] = {
		"{}",
		"{\"pod\":7}",
		"{\"pod\":\"\"}",
		"{\"pod\":\"../../etc\"}",
		"{\"pod\":\"" UID "0\"}",
		"{\"pod\":\"" UID "\",\"name\":7}",
		"{\"pod\":\"" UID "\",\"name\":\"\"}",
		"{\"pod\":\"" UID "\",\"owner\":[\"a\"]}",
		"{\"pod\":\"" UID "\",\"labels\":\"a:b\"}",
		"{\"pod\":\"" UID "\",\"labels\":[7]}",
		"{\"pod\":\"" UID "\",\"containers\":{}}",
		"{\"pod\":\"" UID "\",\"containers\":[7]}",
		"{\"pod\":\"" UID "\",\"containers\":[{\"id\":\"abc\"}]}",
	};
	char text[1024], name[512];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (take(*state, wrong[i]))
			fail_msg("taken: %s", wrong[i]);
	memset(name, 'a', sizeof(name) - 1);
	name[POD_TEXT_MAX] = '\0';
	snprintf(text, sizeof(text), "{\"pod\":\"" UID "\",\"name\":\"%s\"}", name);
	assert_true(take(*state, text));
	name[POD_TEXT_MAX] = 'a';
	name[POD_TEXT_MAX + 1] = '\0';
	snprintf(text, sizeof(text), "{\"pod\":\"" UID "\",\"name\":\"%s\"}", name);
	assert_false(take(*state, text));
	assert_int_equal(strlen(pods_find(*state, UID)->name), POD_TEXT_MAX);
}

static void no_more_than_there_is_room_for(void **state)
{
	char text[64], uid[POD_UID_BYTES + 1];
	struct pods_stats s;

	for (unsigned i = 0; i < PODS_MAX + 3; i++) {
		snprintf(uid, sizeof(uid), "%032x", i);
		snprintf(text, sizeof(text), "{\"pod\":\"%s\"}", uid);
		assert_true(take(*state, text));
	}
	pods_stats(*state, &s);
	assert_int_equal(s.pods, PODS_MAX);
	assert_int_equal(s.evicted, 3);
	assert_null(pods_find(*state, "00000000000000000000000000000000"));
	assert_non_null(pods_find(*state, uid));
}

static void it_survives_a_restart(void **state)
{
	struct pods *next = pods_new();
	json_t *saved;

	assert_true(take(*state, WHOLE));
	assert_true(take(*state, "{\"pod\":\"" OTHER "\"}"));
	assert_true(gone(*state, OTHER, WEIR_HOUR));
	saved = pods_save(*state);
	pods_load(next, saved);
	pods_load(next, NULL);
	check_whole(pods_find(next, UID));
	assert_null(pods_find(next, OTHER));
	json_decref(saved);
	pods_free(next);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_was_told_is_found),
		CASE(the_last_word_counts),
		CASE(one_that_is_gone_stays_for_a_while),
		CASE(a_list_says_who_is_gone),
		CASE(what_makes_no_sense),
		CASE(no_more_than_there_is_room_for),
		CASE(it_survives_a_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
