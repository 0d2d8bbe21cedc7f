/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CLI_COMPLETION_H
#define WEIR_CLI_COMPLETION_H

#include <stdio.h>

#include "cli/verb.h"

/* What a shell reads to complete the words of weir's command line: from the verb table. */
struct completion_shell {
	const char *name;
	void (*print)(FILE *out);
};

/* bash, zsh, fish; ended by a NULL name. */
extern const struct completion_shell completion_shells[];

/* What may stand at a place of the command line, by what help calls it ("FILE", "LEVEL"). */
enum completion_kind {
	COMPLETE_NOTHING, /* something that nobody can guess: a number, an address */
	COMPLETE_FILES,
	COMPLETE_FOLDERS,
	COMPLETE_INTERFACES,
	COMPLETE_VERBS,
	COMPLETE_WORDS,
};

struct completion {
	enum completion_kind kind;
	const char *words; /* of COMPLETE_WORDS, divided by spaces */
};

/* Of an option that takes a value. */
struct completion completion_of_value(const struct verb_option *option);

/* Of a verb's operands: the words that are sub-commands ("show ack close") into `words`, and what
 * else may stand there. */
struct completion completion_of_operands(const struct verb *verb, char *words, size_t size);

/* The first sentence of an option's help, into `text`; returns it. */
char *completion_words(const struct verb_option *option, char *text, size_t size);

void completion_bash(FILE *out);
void completion_zsh(FILE *out);
void completion_fish(FILE *out);

#endif
