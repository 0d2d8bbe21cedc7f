/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/arguments.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct verb_option options[] = {
	{"config", 'c', "FILE", "w", NULL},
	{"home", 0, "NETWORK", "w", "home_networks"},
	{"lo", 'l', NULL, "w", "loopback"},
	{"json", 'j', "[FILE]", "w", "json.path"},
	{"quick", 'q', NULL, "w", NULL},
	{"hook", 0, "[NAME=]HOOK", "w", "hooks"},
	{0},
};
static const struct verb with = {.name = "try", .operands = "FILE...", .options = options};
static const struct verb without = {.name = "bare", .operands = "", .options = options};

/* Reads words (ended by NULL), standard error into `said`. */
static int read_words(struct argument_list *list, const struct verb *verb, char said[512], ...)
{
	char *words[16];
	int len = 0, status, saved, pipes[2];
	va_list args;
	ssize_t n;

	va_start(args, said);
	while ((words[len] = va_arg(args, char *)))
		len++;
	va_end(args);
	*list = (struct argument_list){0};
	assert_int_equal(pipe(pipes), 0);
	fflush(stderr);
	saved = dup(STDERR_FILENO);
	dup2(pipes[1], STDERR_FILENO);
	close(pipes[1]);
	status = arguments_read(list, verb, len, words);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	n = read(pipes[0], said, 511);
	said[n > 0 ? n : 0] = '\0';
	close(pipes[0]);
	return status;
}

static struct arguments of(const struct argument_list *list)
{
	return (struct arguments){.verb = &with, .at = list->at, .len = list->len};
}

static void every_form_is_read(void **state)
{
	struct argument_list list;
	struct arguments arguments;
	char said[512];

	(void)state;
	assert_int_equal(read_words(&list, &with, said, "--config", "a", "-cb", "-c", "c",
				    "--config=d", "-lq", "x", "--json", "y", "--json=z", "-", "--",
				    "--lo", NULL),
			 EXIT_DONE);
	arguments = of(&list);
	assert_string_equal(said, "");
	assert_string_equal(list.at[0].value, "a");
	assert_string_equal(list.at[1].value, "b");
	assert_string_equal(list.at[2].value, "c");
	assert_string_equal(arguments_value(&arguments, "config"), "d");
	assert_true(arguments_has(&arguments, "lo"));
	assert_true(arguments_has(&arguments, "quick"));
	assert_false(arguments_has(&arguments, "home"));
	assert_string_equal(arguments_operand(&arguments, 0), "x");
	assert_string_equal(arguments_operand(&arguments, 1), "y");
	assert_string_equal(arguments_operand(&arguments, 2), "-");
	assert_string_equal(arguments_operand(&arguments, 3), "--lo");
	assert_null(arguments_operand(&arguments, 4));
	assert_string_equal(arguments_value(&arguments, "json"), "z");
	arguments_free(&list);
}

static void a_value_may_look_like_an_option(void **state)
{
	struct argument_list list;
	struct arguments arguments;
	char said[512];

	(void)state;
	assert_int_equal(read_words(&list, &with, said, "-c", "-x", "--home=", NULL), EXIT_DONE);
	arguments = of(&list);
	assert_string_equal(arguments_value(&arguments, "config"), "-x");
	assert_string_equal(arguments_value(&arguments, "home"), "");
	arguments_free(&list);
}

static void wrong_usage_names_what_was_meant(void **state)
{
	static const struct {
		const char *word, *said;
	} cases[] = {
		{"--cofnig", "unknown option '--cofnig': did you mean '--config'?"},
		{"--conf", "did you mean '--config'?"},
		{"--zzzzzzzz", "unknown option '--zzzzzzzz': see 'weir help try'"},
		{"--config", "--config has no value: give it FILE"},
		{"-c", "-c has no value: give it FILE"},
		{"--hook", "--hook has no value: give it [NAME=]HOOK"},
		{"--lo=yes", "--lo takes no value: leave '=yes' out"},
		{"-lx", "unknown option '-x': see 'weir help try'"},
		{"--=", "unknown option '--'"},
		{"---", "unknown option"},
	};
	struct argument_list list;
	char said[512];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(read_words(&list, &with, said, cases[i].word, NULL), EXIT_USAGE);
		if (strncmp(said, "weir: ", 6) || !strstr(said, cases[i].said))
			fail_msg("'%s' said '%s'", cases[i].word, said);
		arguments_free(&list);
	}
}

static void a_very_long_option_is_refused(void **state)
{
	struct argument_list list;
	char word[4096], said[512];

	(void)state;
	memset(word, 'a', sizeof(word));
	memcpy(word, "--", 2);
	word[sizeof(word) - 1] = '\0';
	assert_int_equal(read_words(&list, &with, said, word, NULL), EXIT_USAGE);
	arguments_free(&list);
}

static void operands_only_where_there_are_some(void **state)
{
	struct argument_list list;
	char said[512];

	(void)state;
	assert_int_equal(read_words(&list, &without, said, "x", NULL), EXIT_USAGE);
	assert_non_null(strstr(said, "'x' is one word too many"));
	arguments_free(&list);
	assert_int_equal(read_words(&list, &without, said, NULL), EXIT_DONE);
	assert_int_equal(list.len, 0);
	arguments_free(&list);
}

static void help_is_everywhere(void **state)
{
	struct argument_list list;
	char said[512];

	(void)state;
	assert_int_equal(read_words(&list, &without, said, "-h", NULL), EXIT_DONE);
	assert_true(list.help);
	arguments_free(&list);
	assert_int_equal(read_words(&list, &with, said, "x", "--help", NULL), EXIT_DONE);
	assert_true(list.help);
	arguments_free(&list);
}

/* Options with a key reach the configuration, in order, and a wrong one is wrong usage. */
static void options_set_their_keys(void **state)
{
	struct argument_list list;
	struct config *config;
	struct arguments arguments;
	char said[512];

	(void)state;
	assert_int_equal(read_words(&list, &with, said, "-c", "/dev/null", "--home", "10.9.0.0/16",
				    "--home", "fd00::/8", "--lo", "--json", NULL),
			 EXIT_DONE);
	arguments = of(&list);
	assert_int_equal(arguments_config(&arguments, &config), EXIT_DONE);
	assert_int_equal(config->home.len, 2);
	assert_true(config->loopback);
	assert_string_equal(config->json_path, "-");
	config_free(config);
	arguments_free(&list);

	assert_int_equal(read_words(&list, &with, said, "-c", "/dev/null", "--home", "ten", NULL),
			 EXIT_DONE);
	arguments = of(&list);
	assert_int_equal(arguments_config(&arguments, &config), EXIT_USAGE);
	assert_null(config);
	arguments_free(&list);

	assert_int_equal(read_words(&list, &with, said, "-c", "/nonexistent.yaml", NULL),
			 EXIT_DONE);
	arguments = of(&list);
	assert_int_equal(arguments_config(&arguments, &config), EXIT_INPUT);
	assert_null(config);
	arguments_free(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_is_read),
		cmocka_unit_test(a_value_may_look_like_an_option),
		cmocka_unit_test(wrong_usage_names_what_was_meant),
		cmocka_unit_test(a_very_long_option_is_refused),
		cmocka_unit_test(operands_only_where_there_are_some),
		cmocka_unit_test(help_is_everywhere),
		cmocka_unit_test(options_set_their_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
