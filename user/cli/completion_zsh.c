/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/completion.h"

#define WORDS_MAX 256

/* Text between single quotes, in which `special` stands behind a backslash. */
static void put_quoted(const char *text, const char *special, FILE *out)
{
	for (; *text; text++) {
		if (*text == '\'') {
			fputs("'\\''", out);
			continue;
		}
		if (strchr(special, *text))
			fputc('\\', out);
		fputc(*text, out);
	}
}

/* The action of _arguments. */
static void put_action(struct completion what, FILE *out)
{
	switch (what.kind) {
	case COMPLETE_NOTHING:
		fputs(" ", out);
		return;
	case COMPLETE_FILES:
		fputs("_files", out);
		return;
	case COMPLETE_FOLDERS:
		fputs("_files -/", out);
		return;
	case COMPLETE_INTERFACES:
		fputs("_net_interfaces", out);
		return;
	case COMPLETE_VERBS:
		fputs("_weir_verbs", out);
		return;
	case COMPLETE_WORDS:
		fprintf(out, "(%s)", what.words);
		return;
	}
}

static void put_value(const struct verb_option *option, FILE *out)
{
	if (!option->value)
		return;
	fputs(verb_option_may_lack(option) ? "::" : ":", out);
	put_quoted(option->value, ":\\[]", out);
	fputc(':', out);
	put_action(completion_of_value(option), out);
}

static void put_option(const struct verb_option *option, FILE *out)
{
	char words[512];

	completion_words(option, words, sizeof(words));
	if (option->letter) {
		fprintf(out, " \\\n\t\t\t'*-%c%s[", option->letter, option->value ? "+" : "");
		put_quoted(words, "[]:\\", out);
		fputc(']', out);
		put_value(option, out);
		fputc('\'', out);
	}
	fprintf(out, " \\\n\t\t\t'*--%s", option->name);
	if (option->value)
		fputs(verb_option_may_lack(option) ? "=-" : "=", out);
	fputc('[', out);
	put_quoted(words, "[]:\\", out);
	fputc(']', out);
	put_value(option, out);
	fputc('\'', out);
}

static void put_verb(const struct verb *verb, FILE *out)
{
	char words[WORDS_MAX];
	struct completion operands = completion_of_operands(verb, words, sizeof(words));

	fprintf(out, "\t%s)\n\t\t_arguments", verb->name);
	for (const struct verb_option *o = verb->options; o->name; o++)
		put_option(o, out);
	fputs(" \\\n\t\t\t'--help[tell more of this verb]'", out);
	if (words[0])
		fprintf(out, " \\\n\t\t\t'1: :(%s)'", words);
	if (operands.kind != COMPLETE_NOTHING) {
		fputs(" \\\n\t\t\t'*: :", out);
		put_action(operands, out);
		fputc('\'', out);
	}
	fputs("\n\t\t;;\n", out);
}

void completion_zsh(FILE *out)
{
	fputs("#compdef weir\n"
	      "# weir's completion for zsh, printed by 'weir help --completion zsh'.\n\n"
	      "_weir_verbs() {\n\tlocal -a verbs=(\n",
	      out);
	for (const struct verb *const *v = verb_table; *v; v++) {
		fprintf(out, "\t\t'%s:", (*v)->name);
		put_quoted((*v)->summary, "\\", out);
		fputs("'\n", out);
	}
	fputs("\t)\n\t_describe verb verbs\n}\n\n"
	      "_weir() {\n"
	      "\tlocal curcontext=$curcontext state line\n"
	      "\ttypeset -A opt_args\n\n"
	      "\t_arguments -C '1: :_weir_verbs' '*:: :->rest' && return\n"
	      "\t[[ $state == rest ]] || return 1\n"
	      "\tcase $line[1] in\n",
	      out);
	for (const struct verb *const *v = verb_table; *v; v++)
		put_verb(*v, out);
	fputs("\tesac\n}\n\n_weir \"$@\"\n", out);
}
