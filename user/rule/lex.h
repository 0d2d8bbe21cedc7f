/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_RULE_LEX_H
#define WEIR_RULE_LEX_H

#include "rule/fault.h"
#include "rule/value.h"

/* Tokens of expressions. The text must outlive them. */
enum token_kind {
	TOKEN_END,
	TOKEN_WORD,   /* name, keyword */
	TOKEN_NUMBER, /* with its unit */
	TOKEN_TEXT,   /* quoted; without its quotes */
	TOKEN_NETWORK,
	TOKEN_SIGN, /* operator or bracket: compare with token_is() */
	TOKEN_WRONG,
};

struct token {
	enum token_kind kind;
	const char *at; /* TEXT: behind the quote */
	size_t length;
	size_t offset; /* of its first character in the whole text */
	double number;
	enum unit unit;
	struct network network;
};

struct lex {
	const char *text;
	size_t length, next;
	struct place place; /* of the text's first character */
	struct token token; /* the current one */
};

void lex_start(struct lex *lex, const char *text, size_t length, struct place place);
void lex_next(struct lex *lex);
bool token_is(const struct token *token, const char *word); /* keyword or sign, case ignored */

/* Where the current token stands in the file. */
struct place lex_place(const struct lex *lex);

#endif
