/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CLI_VERB_H
#define WEIR_CLI_VERB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/error.h"

/*
 * Verbs as data: one file a verb fills one `struct verb` and its line in verbs.c. The dispatcher
 * reads the command line by the table, so a verb's run() sees only arguments that are right in
 * form; help, manual pages and "nearest" come from the same table.
 */

/* An option of a verb. A table of them is ended by a NULL name. */
struct verb_option {
	const char *name;  /* long: "interface" */
	char letter;	   /* short: 'i'; 0: none */
	const char *value; /* what its value is called: "NAME"; NULL: takes none; "[FILE]": may */
	const char *words; /* its help, one sentence without a period; may have newlines */
	const char *key;   /* configuration key that it sets (config_set()); NULL: the verb's own */
};

/* One word of the command line, in its order. */
struct argument {
	const struct verb_option *option; /* NULL: an operand (a file, an id, a sub-command) */
	const char *value;		  /* operand or option's value; NULL: it has none */
};

struct arguments {
	const struct verb *verb;
	const struct argument *at;
	size_t len;
};

struct verb {
	const char *name;
	const char *operands; /* "FILE..."; "" if it takes none: then an operand is wrong usage */
	const char *summary;  /* a line in `weir help`, without a period */
	const char *help;     /* paragraphs, for `weir help VERB` and the manual page */
	const struct verb_option *options;
	/* Does it; returns an exit status, errors are said. */
	int (*run)(const struct arguments *arguments);
};

/* "[FILE]": the option works without its value too, and takes one only behind '='. */
bool verb_option_may_lack(const struct verb_option *option);

/* All verbs, in the order of `weir help`; ended by NULL (verbs.c). */
extern const struct verb *const verb_table[];

/* The verb of that name, or NULL. */
const struct verb *verb_find(const char *name);

/* The whole command: what main() does. */
int verb_main(int argc, char **argv);

/* What a verb asks of its arguments. The last of an option given twice counts. */
const char *arguments_value(const struct arguments *arguments, const char *option); /* or NULL */
int arguments_has(const struct arguments *arguments, const char *option);
/* The n-th operand from 0, or NULL. */
const char *arguments_operand(const struct arguments *arguments, size_t n);

/* "weir: FORMAT", and where help stands; returns EXIT_USAGE. */
int verb_usage(const struct verb *verb, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* "weir: " and the error's text; returns its status (EXIT_SYSTEM if it has none). */
int verb_error(const struct error *error);

/* Help as text (80 columns) and as a manual page in man(7) macros. */
void verb_print_help(const struct verb *verb, FILE *out);
void verb_print_all(FILE *out);
void verb_print_man(const struct verb *verb, FILE *out);
/* weir(1), which names the others; verb NULL in the above means it. */

#endif
