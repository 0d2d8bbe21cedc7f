/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_RULE_PARSE_H
#define WEIR_RULE_PARSE_H

#include "rule/lex.h"
#include "rule/node.h"

/* Between the files that read expressions; nobody else includes it. */

struct parse {
	struct compile *c;
	struct lex lex;
};

#define PARSE_LIST_MAX 256 /* of and, or, in, case */

/* Kids of one node while it is read. */
struct parse_kids {
	struct node *at[PARSE_LIST_MAX];
	unsigned len;
};

/* Says what was expected where the lexer stands; always NULL. */
struct node *parse_wrong(struct parse *p, const char *expected);

struct node *parse_node(struct parse *p, enum node_kind kind);

/* `node` with the kids that were read, ended where the last token was. */
struct node *parse_take_kids(struct parse *p, struct node *node, struct node *const *kids,
			     unsigned len);
bool parse_kid(struct parse *p, struct parse_kids *kids, struct node *node);

/* The current token is `sign`: goes on behind it. */
bool parse_take(struct parse *p, const char *sign);
bool parse_expect(struct parse *p, const char *sign, const char *words); /* else a fault */

struct node *parse_expression(struct parse *p);

/* One or more, parted by commas, and the bracket that ends them. */
bool parse_list(struct parse *p, struct parse_kids *kids, struct node *(*one)(struct parse *));

/* A field's value. */
void parse_field(struct parse *p, struct node *node, enum field field);

/* expr_call.c: what stands behind a function's name and its bracket. */
struct node *parse_call(struct parse *p, const struct token *name, struct node *node);

#endif
