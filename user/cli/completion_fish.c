/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/completion.h"

#define WORDS_MAX 256

/* In single quotes, where only these two are special. */
static void put_quoted(const char *text, FILE *out)
{
	fputc('\'', out);
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('\'', out);
}

static void put_verbs(FILE *out)
{
	for (const struct verb *const *v = verb_table; *v; v++)
		fprintf(out, "%s%s", v == verb_table ? "" : " ", (*v)->name);
}

/* What may stand there, as options of `complete`. */
static void put_values(struct completion what, FILE *out)
{
	switch (what.kind) {
	case COMPLETE_NOTHING:
		return;
	case COMPLETE_FILES:
		fputs(" -F", out);
		return;
	case COMPLETE_FOLDERS:
		fputs(" -a '(__fish_complete_directories)'", out);
		return;
	case COMPLETE_INTERFACES:
		fputs(" -a '(__fish_print_interfaces)'", out);
		return;
	case COMPLETE_VERBS:
		fputs(" -a '", out);
		put_verbs(out);
		fputs("'", out);
		return;
	case COMPLETE_WORDS:
		fprintf(out, " -a '%s'", what.words);
		return;
	}
}

static void put_line(const struct verb *verb, FILE *out)
{
	fprintf(out, "complete -c weir -n '__weir_verb %s'", verb->name);
}

static void put_option(const struct verb *verb, const struct verb_option *option, FILE *out)
{
	char words[512];

	put_line(verb, out);
	if (option->letter)
		fprintf(out, " -s %c", option->letter);
	fprintf(out, " -l %s", option->name);
	if (option->value) {
		if (!verb_option_may_lack(option))
			fputs(" -r", out);
		put_values(completion_of_value(option), out);
	}
	fputs(" -d ", out);
	put_quoted(completion_words(option, words, sizeof(words)), out);
	fputc('\n', out);
}

static void put_verb(const struct verb *verb, FILE *out)
{
	char words[WORDS_MAX];
	struct completion operands = completion_of_operands(verb, words, sizeof(words));

	for (const struct verb_option *o = verb->options; o->name; o++)
		put_option(verb, o, out);
	if (words[0])
		fprintf(out, "complete -c weir -n '__weir_verb %s 2' -a '%s'\n", verb->name, words);
	if (operands.kind != COMPLETE_NOTHING) {
		put_line(verb, out);
		put_values(operands, out);
		fputc('\n', out);
	}
}

void completion_fish(FILE *out)
{
	fputs("# weir's completion for fish, printed by 'weir help --completion fish'.\n\n"
	      "# __weir_verb VERB [COUNT]: that is the verb, and so many words are complete.\n"
	      "function __weir_verb\n"
	      "\tset -l words (commandline -opc)\n"
	      "\ttest (count $words) -gt 1; and test $words[2] = $argv[1]; or return 1\n"
	      "\ttest (count $argv) -eq 1; or test (count $words) -eq $argv[2]\n"
	      "end\n\n"
	      "complete -c weir -f\n",
	      out);
	for (const struct verb *const *v = verb_table; *v; v++) {
		fprintf(out,
			"complete -c weir -n 'test (count (commandline -opc)) -eq 1' -a %s -d ",
			(*v)->name);
		put_quoted((*v)->summary, out);
		fputc('\n', out);
	}
	for (const struct verb *const *v = verb_table; *v; v++)
		put_verb(*v, out);
}
