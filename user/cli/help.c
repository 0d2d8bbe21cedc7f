/* SPDX-License-Identifier: Apache-2.0 */
/* Help and manual pages, printed from the verb table. */
#include <stdbool.h>
#include <string.h>

#include "cli/completion.h"
#include "cli/verbs.h"
#include "config/config.h"
#include "metrics/metric.h"

#define HELP_WIDTH  80
#define HELP_INDENT 28 /* where an option's words begin */

static const char usage_words[] =
	"Exit status: 0 done; 1 the input, the configuration or a rule is wrong; 2 wrong usage; "
	"3 the system refused (permission, kernel, disk); 4 'replay --fail-on' saw a detection; "
	"5 running but degraded, 6 not running ('status').";

/* Paragraphs of words, wrapped, indented; a line that begins with a space stays as it is. */
static void print_wrapped(FILE *out, const char *text, int indent, int column)
{
	while (*text) {
		size_t word = strcspn(text, " \n");

		if (column > indent && column + 1 + (int)word > HELP_WIDTH) {
			fputc('\n', out);
			column = 0;
		}
		if (column < indent)
			column += fprintf(out, "%*s", indent - column, "");
		else if (column > indent && word)
			column += fprintf(out, " ");
		column += fprintf(out, "%.*s", (int)word, text);
		text += word;
		if (*text == '\n') {
			fputc('\n', out);
			column = 0;
			text++;
			if (*text == '\n')
				fputc(*text++, out);
			/* As it stands: an example. */
			while (*text == ' ') {
				size_t line = strcspn(text, "\n");

				fprintf(out, "%*s%.*s\n", indent, "", (int)line, text);
				text += line + (text[line] == '\n');
			}
		} else {
			text += strspn(text, " ");
		}
	}
	if (column)
		fputc('\n', out);
}

static void print_option(const struct verb_option *option, FILE *out)
{
	char left[80];
	int n = 0;

	if (option->letter)
		n += snprintf(left, sizeof(left), "  -%c, --%s", option->letter, option->name);
	else
		n += snprintf(left, sizeof(left), "      --%s", option->name);
	if (verb_option_may_lack(option))
		n += snprintf(left + n, sizeof(left) - n, "[=%s", option->value + 1);
	else if (option->value)
		n += snprintf(left + n, sizeof(left) - n, " %s", option->value);
	fputs(left, out);
	if (n >= HELP_INDENT) {
		fputc('\n', out);
		n = 0;
	}
	print_wrapped(out, option->words, HELP_INDENT, n);
}

void verb_print_help(const struct verb *verb, FILE *out)
{
	fprintf(out, "Usage: weir %s%s%s%s\n\n", verb->name,
		verb->options->name ? " [OPTIONS]" : "", verb->operands[0] ? " " : "",
		verb->operands);
	print_wrapped(out, verb->help, 0, 0);
	if (!verb->options->name)
		return;
	fputs("\nOptions:\n", out);
	for (const struct verb_option *o = verb->options; o->name; o++)
		print_option(o, out);
}

void verb_print_all(FILE *out)
{
	fputs("weir watches a host's connections in the kernel, and tells of attacks.\n\n"
	      "Usage: weir VERB [OPTIONS]\n\n",
	      out);
	for (const struct verb *const *v = verb_table; *v; v++)
		fprintf(out, "  %-12s  %s\n", (*v)->name, (*v)->summary);
	fputs("\n'weir help VERB' tells more. The first to try, as root: 'weir run'.\n\n", out);
	print_wrapped(out, usage_words, 0, 0);
}

/* Text in man(7): a backslash, and a dot or quote that begins a line, would be markup. */
static void man_text(const char *text, FILE *out)
{
	bool start = true;

	for (; *text; text++) {
		if (start && (*text == '.' || *text == '\''))
			fputs("\\&", out);
		start = *text == '\n';
		if (*text == '\\')
			fputs("\\e", out);
		else if (*text == '-')
			fputs("\\-", out);
		else
			fputc(*text, out);
	}
}

/* Paragraphs; a line that begins with a space is an example, as it stands. */
static void man_paragraphs(const char *text, FILE *out)
{
	bool example = false;

	while (*text) {
		size_t length = strcspn(text, "\n");
		char line[1024];

		snprintf(line, sizeof(line), "%.*s", (int)length, text);
		if ((line[0] == ' ') != example) {
			fputs(example ? ".EE\n" : ".EX\n", out);
			example = !example;
		}
		if (!length)
			fputs(".PP", out);
		man_text(line, out);
		fputc('\n', out);
		text += length + (text[length] == '\n');
	}
	if (example)
		fputs(".EE\n", out);
}

static void man_option(const struct verb_option *option, FILE *out)
{
	fputs(".TP\n", out);
	if (option->letter)
		fprintf(out, "\\fB\\-%c\\fR, ", option->letter);
	fputs("\\fB\\-\\-", out);
	man_text(option->name, out);
	fputs("\\fR", out);
	if (verb_option_may_lack(option)) {
		fprintf(out, "[=\\fI%.*s\\fR]", (int)strcspn(option->value + 1, "]"),
			option->value + 1);
	} else if (option->value) {
		fputs(" \\fI", out);
		man_text(option->value, out);
		fputs("\\fR", out);
	}
	fputc('\n', out);
	man_paragraphs(option->words, out);
	fputs("\n", out);
}

static void man_all(FILE *out)
{
	fputs(".TH WEIR 1 \"\" \"weir " WEIR_VERSION "\" \"weir\"\n.SH NAME\nweir \\- watches a "
	      "host's connections in the kernel, and tells of attacks\n.SH SYNOPSIS\n\\fBweir\\fR "
	      "\\fIVERB\\fR [\\fIOPTIONS\\fR]\n.SH DESCRIPTION\n",
	      out);
	for (const struct verb *const *v = verb_table; *v; v++) {
		fprintf(out, ".TP\n\\fBweir\\-%s\\fR(1)\n", (*v)->name);
		man_text((*v)->summary, out);
		fputc('\n', out);
	}
	fputs(".SH EXIT STATUS\n", out);
	man_paragraphs(usage_words, out);
	fputs(".SH FILES\n.TP\n" WEIR_SYSCONFDIR
	      "/weir/weir.yaml\nconfiguration, optional\n.TP\n" WEIR_SYSCONFDIR
	      "/weir/weir.d/*.yaml\nparts of it, read after it in the order of their "
	      "names\n.TP\n"
	      "/usr/share/weir/rules, " WEIR_SYSCONFDIR
	      "/weir/rules\nrules; the latter wins by rule id\n.TP\n" WEIR_LOCALSTATEDIR
	      "/lib/weir/weir.db\ndetections and signals (SQLite)\n",
	      out);
}

void verb_print_man(const struct verb *verb, FILE *out)
{
	if (!verb) {
		man_all(out);
		return;
	}
	fprintf(out,
		".TH WEIR\\-%s 1 \"\" \"weir " WEIR_VERSION "\" \"weir\"\n.SH NAME\nweir\\-%s \\- ",
		verb->name, verb->name);
	man_text(verb->summary, out);
	fprintf(out, "\n.SH SYNOPSIS\n\\fBweir %s\\fR%s", verb->name,
		verb->options->name ? " [\\fIOPTIONS\\fR]" : "");
	if (verb->operands[0]) {
		fputs(" \\fI", out);
		man_text(verb->operands, out);
		fputs("\\fR", out);
	}
	fputs("\n.SH DESCRIPTION\n", out);
	man_paragraphs(verb->help, out);
	if (verb->options->name)
		fputs(".SH OPTIONS\n", out);
	for (const struct verb_option *o = verb->options; o->name; o++)
		man_option(o, out);
	fputs(".SH SEE ALSO\n\\fBweir\\fR(1)\n", out);
}

static const struct verb_option options[] = {
	{.name = "man", .words = "print a manual page instead (for 'man -l -')"},
	{.name = "sample",
	 .words = "print a configuration with every key, its default and its unit"},
	{.name = "schema", .words = "print a JSON Schema of the configuration, for editors"},
	{.name = "keys", .words = "print the keys of the configuration as Markdown"},
	{.name = "fields", .words = "print the fields of events as Markdown"},
	{.name = "metrics", .words = "print the metrics as Markdown"},
	{.name = "names", .words = "print only the names of the verbs, one a line"},
	{.name = "completion",
	 .value = "SHELL",
	 .words = "print what bash, zsh or fish reads to complete weir's command line"},
	{0},
};

static void print_names(void)
{
	for (const struct verb *const *v = verb_table; *v; v++)
		puts((*v)->name);
}

static int print_completion(const struct arguments *arguments)
{
	const char *shell = arguments_value(arguments, "completion");

	for (const struct completion_shell *s = completion_shells; s->name; s++)
		if (!strcmp(s->name, shell)) {
			s->print(stdout);
			return EXIT_DONE;
		}
	return verb_usage(arguments->verb, "no completion for '%s': bash, zsh and fish have one",
			  shell);
}

static int run(const struct arguments *arguments)
{
	const char *name = arguments_operand(arguments, 0);
	const struct verb *verb = name ? verb_find(name) : NULL;

	if (name && !verb && strcmp(name, "weir"))
		return verb_usage(arguments->verb, "no verb '%s': 'weir help' lists them", name);
	if (arguments_has(arguments, "completion"))
		return print_completion(arguments);
	if (arguments_has(arguments, "names"))
		print_names();
	else if (arguments_has(arguments, "sample"))
		config_sample(stdout);
	else if (arguments_has(arguments, "schema"))
		return config_schema(stdout) ? EXIT_SYSTEM : EXIT_DONE;
	else if (arguments_has(arguments, "keys"))
		config_document(stdout);
	else if (arguments_has(arguments, "fields"))
		field_document(stdout);
	else if (arguments_has(arguments, "metrics"))
		metrics_document(stdout);
	else if (arguments_has(arguments, "man"))
		verb_print_man(verb, stdout);
	else if (verb)
		verb_print_help(verb, stdout);
	else
		verb_print_all(stdout);
	return EXIT_DONE;
}

const struct verb verb_help = {
	.name = "help",
	.operands = "[VERB]",
	.summary = "list the verbs, or tell more of one",
	.help = "Without a verb, lists all of them.",
	.options = options,
	.run = run,
};
