/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/live/features.h"

static void test_each_has_words(void **state)
{
	unsigned i, j;

	(void)state;
	for (i = 0; i < FEATURES; i++) {
		assert_non_null(feature_words[i].key);
		assert_non_null(feature_words[i].name);
		assert_true(strlen(feature_words[i].with) > 0);
		assert_true(strlen(feature_words[i].without) > 0);
		for (j = 0; j < i; j++)
			assert_string_not_equal(feature_words[i].key, feature_words[j].key);
	}
}

/* What is asked twice is answered alike, and what needs no permission is as the kernel shows it. */
static void test_probe(void **state)
{
	struct features one, two;
	unsigned i;

	(void)state;
	features_probe(&one);
	features_probe(&two);
	for (i = 0; i < FEATURES; i++)
		assert_int_equal(one.has[i], two.has[i]);
	assert_int_equal(one.has[FEATURE_BTF], !access("/sys/kernel/btf/vmlinux", R_OK));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_has_words),
		cmocka_unit_test(test_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
