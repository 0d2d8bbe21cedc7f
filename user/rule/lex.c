/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/lex.h"

#include <ctype.h>

#include "rule/literal.h"
#include "rule/words.h"

void lex_start(struct lex *lex, const char *text, size_t length, struct place place)
{
	*lex = (struct lex){.text = text, .length = length, .place = place};
	lex_next(lex);
}

static size_t run(const struct lex *lex, size_t from, const char *also)
{
	size_t i = from;

	while (i < lex->length && (isalnum((unsigned char)lex->text[i]) ||
				   (lex->text[i] && strchr(also, lex->text[i]))))
		i++;
	return i - from;
}

/* An address or network has three dots or two colons; names and numbers never have. */
static bool lex_network(struct lex *lex, struct token *t)
{
	size_t length = run(lex, t->offset, ".:/_"), dots = 0, colons = 0;

	for (size_t i = 0; i < length; i++) {
		dots += t->at[i] == '.';
		colons += t->at[i] == ':';
	}
	if ((dots < 3 && colons < 2) || network_parse(t->at, length, &t->network))
		return false;
	t->kind = TOKEN_NETWORK;
	t->length = length;
	return true;
}

static void lex_number(struct lex *lex, struct token *t)
{
	t->length = run(lex, t->offset, ".");
	/* "1e+6", "1e-6": the sign belongs to the number, but "1-x" does not. */
	if (t->length > 1 && strchr("eE", t->at[t->length - 1]) &&
	    strspn(t->at, "0123456789.") == t->length - 1 &&
	    t->offset + t->length + 1 < lex->length && strchr("+-", t->at[t->length]) &&
	    isdigit((unsigned char)t->at[t->length + 1]))
		t->length += 1 + run(lex, t->offset + t->length + 1, "");
	t->kind =
		literal_number(t->at, t->length, &t->number, &t->unit) ? TOKEN_WRONG : TOKEN_NUMBER;
}

static void lex_text(struct lex *lex, struct token *t)
{
	char quote = *t->at++;
	size_t left = lex->length - t->offset - 1;
	const char *end = memchr(t->at, quote, left);

	t->kind = end ? TOKEN_TEXT : TOKEN_WRONG;
	t->length = end ? (size_t)(end - t->at) : left;
	lex->next = t->offset + 1 + t->length + (end ? 1 : 0);
}

static void lex_sign(struct lex *lex, struct token *t)
{
	static const char *const pairs[] = {"<=", ">=", "!=", "==", "<>"};

	t->length = 1;
	t->kind = strchr("(),+-*/=<>", *t->at) && *t->at ? TOKEN_SIGN : TOKEN_WRONG;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (lex->length - t->offset >= 2 && !memcmp(t->at, pairs[i], 2)) {
			t->length = 2;
			t->kind = TOKEN_SIGN;
		}
}

void lex_next(struct lex *lex)
{
	struct token *t = &lex->token;

	while (lex->next < lex->length && isspace((unsigned char)lex->text[lex->next]))
		lex->next++;
	*t = (struct token){.kind = TOKEN_END, .at = lex->text + lex->next, .offset = lex->next};
	if (lex->next == lex->length)
		return;
	if (*t->at == '\'' || *t->at == '"') {
		lex_text(lex, t);
		return;
	}
	if (!lex_network(lex, t)) {
		if (isdigit((unsigned char)*t->at)) {
			lex_number(lex, t);
		} else if (isalpha((unsigned char)*t->at) || *t->at == '_') {
			t->kind = TOKEN_WORD;
			t->length = run(lex, t->offset, "._");
		} else {
			lex_sign(lex, t);
		}
	}
	lex->next = t->offset + t->length;
}

bool token_is(const struct token *token, const char *word)
{
	return (token->kind == TOKEN_WORD || token->kind == TOKEN_SIGN) &&
	       word_is(token->at, token->length, word);
}

struct place lex_place(const struct lex *lex)
{
	struct place place = lex->place;
	const char *from = lex->text, *end = lex->text + lex->token.offset, *line;

	while ((line = memchr(from, '\n', (size_t)(end - from)))) {
		place.line++;
		place.column = 1;
		from = line + 1;
	}
	place.column += (unsigned)(end - from);
	return place;
}
