/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/completion.h"

#define WORDS_MAX 256

/* Shell functions that put what begins like `cur` into COMPREPLY. */
static const char head[] =
	"# weir's completion for bash, printed by 'weir help --completion bash'.\n"
	"\n"
	"_weir_words() {\n"
	"\tmapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$2\")\n"
	"}\n"
	"\n"
	"# _weir_files f|d WORD: files, or folders, without what they need to be quoted.\n"
	"_weir_files() {\n"
	"\tcompopt -o filenames 2>/dev/null\n"
	"\tmapfile -t COMPREPLY < <(compgen \"-$1\" -- \"$2\")\n"
	"}\n"
	"\n"
	"_weir_interfaces() {\n"
	"\tlocal names=(/sys/class/net/*)\n"
	"\t_weir_words \"${names[*]##*/}\" \"$1\"\n"
	"}\n"
	"\n"
	"_weir() {\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} verb options= "
	"first=\n"
	"\n"
	"\tCOMPREPLY=()\n"
	"\t# '=' is a word of its own.\n"
	"\tif [[ $cur == = ]]; then\n"
	"\t\tcur= prev+==\n"
	"\telif [[ $prev == = && COMP_CWORD -gt 2 ]]; then\n"
	"\t\tprev=${COMP_WORDS[COMP_CWORD-2]}=\n"
	"\tfi\n";

static void put_verbs(FILE *out)
{
	for (const struct verb *const *v = verb_table; *v; v++)
		fprintf(out, "%s%s", v == verb_table ? "" : " ", (*v)->name);
}

static void put_command(struct completion what, FILE *out)
{
	switch (what.kind) {
	case COMPLETE_NOTHING:
		fputs(":", out);
		return;
	case COMPLETE_FILES:
		fputs("_weir_files f \"$cur\"", out);
		return;
	case COMPLETE_FOLDERS:
		fputs("_weir_files d \"$cur\"", out);
		return;
	case COMPLETE_INTERFACES:
		fputs("_weir_interfaces \"$cur\"", out);
		return;
	case COMPLETE_VERBS:
		fputs("_weir_words '", out);
		put_verbs(out);
		fputs("' \"$cur\"", out);
		return;
	case COMPLETE_WORDS:
		fprintf(out, "_weir_words '%s' \"$cur\"", what.words);
		return;
	}
}

/* What follows an option that takes a value. */
static void put_value(const struct verb *verb, const struct verb_option *option, FILE *out)
{
	fputs("\t", out);
	if (!verb_option_may_lack(option))
		fprintf(out, "%s:--%s | ", verb->name, option->name);
	if (option->letter)
		fprintf(out, "%s:-%c | ", verb->name, option->letter);
	fprintf(out, "%s:--%s=)\n\t\t", verb->name, option->name);
	put_command(completion_of_value(option), out);
	fputs("\n\t\treturn\n\t\t;;\n", out);
}

/* All else: its options, and its operands. */
static void put_verb(const struct verb *verb, FILE *out)
{
	char words[WORDS_MAX];
	struct completion operands = completion_of_operands(verb, words, sizeof(words));

	fprintf(out, "\t%s)\n\t\toptions='", verb->name);
	for (const struct verb_option *o = verb->options; o->name; o++)
		fprintf(out, "--%s ", o->name);
	fputs("--help'\n", out);
	if (words[0])
		fprintf(out, "\t\tfirst='%s'\n", words);
	fputs("\t\t[[ $cur == -* ]] || ", out);
	put_command(operands, out);
	fputs("\n\t\t;;\n", out);
}

void completion_bash(FILE *out)
{
	fputs(head, out);
	fputs("\tif [[ COMP_CWORD -eq 1 ]]; then\n\t\t_weir_words '", out);
	put_verbs(out);
	fputs("' \"$cur\"\n\t\treturn\n\tfi\n\tverb=${COMP_WORDS[1]}\n\tcase $verb:$prev in\n",
	      out);
	for (const struct verb *const *v = verb_table; *v; v++)
		for (const struct verb_option *o = (*v)->options; o->name; o++)
			if (o->value)
				put_value(*v, o, out);
	fputs("\tesac\n\tcase $verb in\n", out);
	for (const struct verb *const *v = verb_table; *v; v++)
		put_verb(*v, out);
	fputs("\tesac\n"
	      "\tif [[ $cur == -* ]]; then\n"
	      "\t\t_weir_words \"$options\" \"$cur\"\n"
	      "\telif [[ -n $first && COMP_CWORD -eq 2 ]]; then\n"
	      "\t\t_weir_words \"$first\" \"$cur\"\n"
	      "\tfi\n"
	      "}\n"
	      "complete -F _weir weir\n",
	      out);
}
