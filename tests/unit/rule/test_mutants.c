/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/rule/text.h"

#include <ctype.h>
#include <ftw.h>
#include <stdlib.h>

#include "base/vec.h"

/* Rule files that were damaged, and YAML that is odd: a set, or faults that name the file. */

#define MUTANTS	 2000
#define FILE_MAX (64 << 10)

struct file {
	char *text;
	size_t length;
};

static VEC(struct file) files;
static uint64_t random_state = 20261121;

static size_t below(size_t n)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return n ? (size_t)(random_state >> 33) % n : 0;
}

/* Shipped rules, and the fuzzer's seeds, which have all else that the language knows. */
static int on_file(const char *path, const struct stat *status, int type)
{
	const char *end = strrchr(path, '.');
	struct file *file;
	FILE *in;

	(void)status;
	if (type != FTW_F || !end || strcmp(end, ".yml") || strstr(path, ".cases."))
		return 0;
	in = fopen(path, "rb");
	file = in ? vec_add(&files) : NULL;
	assert_non_null(file);
	file->text = malloc(FILE_MAX);
	assert_non_null(file->text);
	file->length = fread(file->text, 1, FILE_MAX, in);
	fclose(in);
	return 0;
}

static void mutate(char *text, size_t *length)
{
	static const char signs[] = ":-[]{}'\"#&*!|>%@`,\n \t?\\$()";
	size_t at = below(*length), other = below(*length), run = below(24) + 1;

	switch (below(6)) {
	case 0:
		text[at] = signs[below(sizeof(signs) - 1)];
		break;
	case 1:
		text[at] = (char)(isdigit((unsigned char)text[at]) ? '0' + below(10)
								   : 'a' + below(26));
		break;
	case 2: /* leave some out */
		run = run > *length - at ? *length - at : run;
		memmove(text + at, text + at + run, *length - at - run);
		*length -= run;
		break;
	case 3: /* copy some over others */
		run = run > *length - at ? *length - at : run;
		run = run > *length - other ? *length - other : run;
		memmove(text + at, text + other, run);
		break;
	case 4:
		text[at] = (char)below(256);
		break;
	default: /* cut the end */
		if (!below(20) && at > 10)
			*length = at;
		break;
	}
}

#define TEXT(s) ((struct text){s, sizeof(s) - 1})

/* What loads can be asked. */
static void match_some(const struct ruleset *set)
{
	unsigned *matched = calloc(set->len + 1, sizeof(*matched));
	struct event e = {.service = 0};

	assert_non_null(matched);
	event_set(&e, DESTINATION_PORT, destination_port, 22);
	event_set(&e, NETWORK_STATE, network_state, STATE_REJECTED);
	event_set(&e, SOURCE_IP, source_ip, addr_from_v4(0x0100000a));
	event_set(&e, MESSAGE, message, TEXT("a message, of some length, with \xff in it"));
	event_set(&e, URL_ORIGINAL, url_original, TEXT("/a/../b.php?c=ZGVm"));
	event_set(&e, DNS_ANSWERS, dns_answers, TEXT("192.0.2.1\0name.example"));
	event_set(&e, EVENT_START, event_start, INT64_C(1767323045000000000));
	for (; e.service < SERVICE_COUNT; e.service++)
		assert_true(rule_match(set, &e, matched) <= set->len);
	free(matched);
}

/* Whether it loads. */
static bool load_some(const char *text, size_t length)
{
	struct faults faults = {0};
	struct ruleset *set;
	int result = ruleset_load_text(&set, "mutant.yml", text, length, &faults);

	assert_true(result == 0 || result == -EINVAL);
	assert_int_equal(result == 0, set != NULL);
	assert_int_equal(result == 0, faults.fatal == 0);
	for (size_t f = 0; f < faults.list.len; f++)
		assert_string_equal(faults.list.at[f].place.file, "mutant.yml");
	if (set)
		match_some(set);
	ruleset_free(set);
	faults_free(&faults);
	return result == 0;
}

static void mutants_load_or_fail(void **state)
{
	unsigned loaded = 0;

	(void)state;
	assert_int_equal(ftw("rules", on_file, 8), 0);
	assert_int_equal(ftw("tests/fuzz/seeds/rule", on_file, 8), 0);
	assert_true(files.len > 10);
	for (unsigned i = 0; i < MUTANTS; i++) {
		const struct file *file = &files.at[i % files.len];
		char *text = malloc(file->length);
		size_t length = file->length;

		assert_non_null(text);
		memcpy(text, file->text, length);
		for (size_t n = 1 + below(4); n && length > 16; n--)
			mutate(text, &length);
		loaded += load_some(text, length);
		free(text);
	}
	vec_each (file, &files)
		free(file->text);
	vec_free(&files);
	assert_true(loaded > MUTANTS / 40 && loaded < MUTANTS - MUTANTS / 20); /* both kinds */
}

#define HEAD BASE_HEAD("a", "01") SOURCE("flow") "detection:\n"

static void odd_documents_are_refused(void **state)
{
	static const struct {
		const char *text;
		unsigned line, column;
		const char *words;
	} table[] = {
		{HEAD "  b: &b {message: a}\n  s:\n    <<: *b\n  condition: s\n", 8, 5,
		 "'<<' does not merge here: the lines themselves would be right"},
		{HEAD "  condition: s\n  s: &s\n    message: *s\n", 7, 6,
		 "nested more than 100 deep, or an alias to what it stands in: fewer levels would "
		 "be right"},
		{HEAD "  s: {message: &a word}\n  t: {message: *a}\n  condition: s and u\n", 8, 20,
		 "unknown selection 'u': the nearest is 's'"},
		{HEAD "  s: {message: a}\n\tcondition: s\n", 7, 1,
		 "not YAML: found character that cannot start any token, while scanning for the "
		 "next token"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_true(
			load_bad(table[i].text, table[i].line, table[i].column, table[i].words));
}

/* Files that stand for more than they are, or nest for ever. */
static void bombs_do_not_go_off(void **state)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	(void)state;
	assert_non_null(out);
	fputs(HEAD "  s: {message: a}\n  condition: s\nx0: &x0 [a, a, a, a, a, a, a, a]\n", out);
	for (int i = 1; i < 20; i++)
		fprintf(out, "x%d: &x%d [*x%d, *x%d, *x%d, *x%d]\n", i, i, i - 1, i - 1, i - 1,
			i - 1);
	fclose(out);
	assert_false(load_some(text, length));
	memset(text, '[', length);
	assert_false(load_some(text, length));
	free(text);
	text = malloc(1 << 20);
	assert_non_null(text);
	memset(text, '[', 1 << 20);
	assert_false(load_some(text, 1 << 20));
	memset(text, '\n', 1 << 20);
	assert_true(load_some(text, 1 << 20)); /* no document is no fault */
	free(text);
}

static void files_of_other_systems_load(void **state)
{
	static const char windows[] = "\xef\xbb\xbftitle: a\r\nid: "
				      "11111111-1111-4111-8111-111111111101\r\nlogsource:\r\n"
				      "    category: dns\r\ndetection:\r\n    s: [a, b]\r\n"
				      "    condition: s\r\n...\r\n";

	(void)state;
	assert_true(load_some(windows, sizeof(windows) - 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mutants_load_or_fail),
		cmocka_unit_test(odd_documents_are_refused),
		cmocka_unit_test(bombs_do_not_go_off),
		cmocka_unit_test(files_of_other_systems_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
