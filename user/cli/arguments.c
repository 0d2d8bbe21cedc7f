/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/arguments.h"

#include <errno.h>
#include <string.h>

#include "base/nearest.h"
#include "base/vec.h"

struct reader {
	struct argument_list *list;
	const struct verb *verb;
	int argc, next;
	char **argv;
};

static int add(struct reader *reader, const struct verb_option *option, const char *value)
{
	struct argument *argument = vec_add(reader->list);

	if (!argument) {
		fprintf(stderr, "weir: out of memory\n");
		return EXIT_SYSTEM;
	}
	argument->option = option;
	argument->value = value;
	return EXIT_DONE;
}

/* An option whose value, if any, is the next word. */
static int add_spaced(struct reader *reader, const struct verb_option *option, const char *shown)
{
	if (!option->value || verb_option_may_lack(option))
		return add(reader, option, NULL);
	if (reader->next >= reader->argc)
		return verb_usage(reader->verb, "%s has no value: give it %s", shown,
				  option->value);
	return add(reader, option, reader->argv[reader->next++]);
}

static int read_long(struct reader *reader, const char *word)
{
	size_t length = strcspn(word + 2, "=");
	const char *value = word[2 + length] ? word + 2 + length + 1 : NULL;
	char name[64];
	struct nearest nearest = {.wrong = name};
	const char *likely;

	snprintf(name, sizeof(name), "%.*s", (int)(length < 63 ? length : 63), word + 2);
	if (!strcmp(name, "help") && !value) {
		reader->list->help = true;
		return EXIT_DONE;
	}
	for (const struct verb_option *o = reader->verb->options; o->name; o++) {
		nearest_offer(&nearest, o->name);
		if (strcmp(o->name, name))
			continue;
		if (!value)
			return add_spaced(reader, o, word);
		if (!o->value)
			return verb_usage(reader->verb, "--%s takes no value: leave '=%s' out",
					  name, value);
		return add(reader, o, value);
	}
	likely = nearest_likely(&nearest);
	if (likely)
		return verb_usage(reader->verb, "unknown option '--%s': did you mean '--%s'?", name,
				  likely);
	return verb_usage(reader->verb, "unknown option '--%s': see 'weir help %s'", name,
			  reader->verb->name);
}

static const struct verb_option *find_letter(const struct verb *verb, char letter)
{
	for (const struct verb_option *o = verb->options; o->name; o++)
		if (o->letter == letter)
			return o;
	return NULL;
}

/* "-a", "-abc" of flags, "-aVALUE". */
static int read_short(struct reader *reader, const char *word)
{
	for (const char *at = word + 1; *at; at++) {
		const struct verb_option *option = find_letter(reader->verb, *at);
		char shown[3] = {'-', *at};
		int status;

		if (!option && *at == 'h') {
			reader->list->help = true;
			continue;
		}
		if (!option)
			return verb_usage(reader->verb, "unknown option '-%c': see 'weir help %s'",
					  *at, reader->verb->name);
		if (at[1] && option->value && !verb_option_may_lack(option))
			return add(reader, option, at + 1);
		status = add_spaced(reader, option, shown);
		if (status)
			return status;
	}
	return EXIT_DONE;
}

static int read_operand(struct reader *reader, const char *word)
{
	if (!reader->verb->operands[0])
		return verb_usage(reader->verb,
				  "'%s' is one word too many: '%s' takes only options", word,
				  reader->verb->name);
	return add(reader, NULL, word);
}

int arguments_read(struct argument_list *list, const struct verb *verb, int argc, char **argv)
{
	struct reader reader = {.list = list, .verb = verb, .argc = argc, .argv = argv};
	bool options = true;
	int status = EXIT_DONE;

	while (reader.next < argc && status == EXIT_DONE) {
		const char *word = argv[reader.next++];

		if (options && !strcmp(word, "--"))
			options = false;
		else if (options && word[0] == '-' && word[1] == '-')
			status = read_long(&reader, word);
		else if (options && word[0] == '-' && word[1])
			status = read_short(&reader, word);
		else
			status = read_operand(&reader, word);
	}
	return status;
}

void arguments_free(struct argument_list *list)
{
	vec_free(list);
}

static const struct argument *last_of(const struct arguments *arguments, const char *option)
{
	for (size_t i = arguments->len; i > 0; i--) {
		const struct argument *argument = &arguments->at[i - 1];

		if (argument->option && !strcmp(argument->option->name, option))
			return argument;
	}
	return NULL;
}

const char *arguments_value(const struct arguments *arguments, const char *option)
{
	const struct argument *argument = last_of(arguments, option);

	return argument ? argument->value : NULL;
}

int arguments_has(const struct arguments *arguments, const char *option)
{
	return last_of(arguments, option) != NULL;
}

const char *arguments_operand(const struct arguments *arguments, size_t n)
{
	for (size_t i = 0; i < arguments->len; i++)
		if (!arguments->at[i].option && n-- == 0)
			return arguments->at[i].value;
	return NULL;
}

void faults_print(const struct faults *faults)
{
	vec_each (fault, &faults->list) {
		const struct place *at = &fault->place;

		if (at->file && at->line)
			fprintf(stderr, "%s:%u:%u: ", at->file, at->line, at->column);
		else if (at->file)
			fprintf(stderr, "weir: %s: ", at->file);
		fprintf(stderr, "%s%s\n", fault->fatal ? "" : "warning: ", fault->text);
	}
}

/* A flag sets its key to true; "[FILE]" without its value to "-". */
static const char *value_for_key(const struct argument *argument)
{
	if (argument->value)
		return argument->value;
	return argument->option->value ? "-" : "true";
}

/* What the command line sets over the file. */
static int set_all(const struct arguments *arguments, struct config *config,
		   const struct argument **wrong, struct error *error)
{
	for (size_t i = 0; i < arguments->len; i++) {
		const struct argument *argument = &arguments->at[i];

		if (!argument->option || !argument->option->key)
			continue;
		*wrong = argument;
		if (config_set(config, argument->option->key, value_for_key(argument), error))
			return -EINVAL;
	}
	return 0;
}

int arguments_config_again(const struct arguments *arguments, struct config **config,
			   struct faults *faults)
{
	const struct argument *wrong;
	struct error error = {0};
	int err = config_load(config, arguments_value(arguments, "config"), faults);

	if (err || !set_all(arguments, *config, &wrong, &error))
		return err;
	fault_add(faults, (struct place){0}, true, "--%s: %s", wrong->option->name, error.text);
	config_free(*config);
	*config = NULL;
	return -EINVAL;
}

/* What was loaded with `err`, with what the command line sets over it. */
static int configured(const struct arguments *arguments, struct config **config, int err,
		      struct faults *faults)
{
	const struct argument *wrong;
	struct error error = {0};

	faults_print(faults);
	faults_free(faults);
	if (err)
		return err == -EINVAL ? EXIT_INPUT : EXIT_SYSTEM;
	if (!set_all(arguments, *config, &wrong, &error))
		return EXIT_DONE;
	config_free(*config);
	*config = NULL;
	return verb_usage(arguments->verb, "--%s: %s", wrong->option->name, error.text);
}

int arguments_config(const struct arguments *arguments, struct config **config)
{
	struct faults faults = {0};
	int err = config_load(config, arguments_value(arguments, "config"), &faults);

	return configured(arguments, config, err, &faults);
}

int arguments_config_reader(const struct arguments *arguments, struct config **config)
{
	const char *path = arguments_value(arguments, "config");
	struct faults faults = {0};
	int err = config_load(config, path, &faults);

	if (err == -EACCES && !path) {
		faults_free(&faults);
		faults = (struct faults){0};
		if (!arguments_value(arguments, "database"))
			fputs("weir: the configuration may not be read by you: the usual database "
			      "is read, or the one that --database names\n",
			      stderr);
		err = config_load(config, "/dev/null", &faults);
	}
	return configured(arguments, config, err, &faults);
}
