/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "rule/parse.h"
#include "rule/rule.h"
#include "rule/words.h"

void *compile_alloc(struct compile *c, size_t size)
{
	void *memory = arena_alloc(c->arena, size);

	if (!memory)
		c->failed = true;
	return memory;
}

struct node *parse_wrong(struct parse *p, const char *expected)
{
	const struct token *t = &p->lex.token;

	if (!p->c->failed) {
		if (t->kind == TOKEN_END)
			fault_add(p->c->faults, lex_place(&p->lex), true,
				  "the expression ends too early: %s is missing", expected);
		else if (strchr("'\"", p->c->text[t->offset]) && t->kind == TOKEN_WRONG)
			fault_add(p->c->faults, lex_place(&p->lex), true,
				  "the text has no closing quote");
		else
			fault_add(p->c->faults, lex_place(&p->lex), true,
				  "unexpected '%.*s': %s would be right", (int)t->length, t->at,
				  expected);
	}
	p->c->failed = true;
	return NULL;
}

struct node *parse_node(struct parse *p, enum node_kind kind)
{
	struct node *node;

	if (p->c->failed)
		return NULL;
	if (++p->c->nodes > EXPR_NODES_MAX) {
		fault_add(p->c->faults, lex_place(&p->lex), true,
			  "the expression has more than %d parts: split the rule", EXPR_NODES_MAX);
		p->c->failed = true;
		return NULL;
	}
	node = compile_alloc(p->c, sizeof(*node));
	if (node) {
		node->kind = kind;
		node->place = lex_place(&p->lex);
		node->from = p->lex.token.offset;
	}
	return node;
}

/* `node` with the kids that were read, ended where the last token was. */
struct node *parse_take_kids(struct parse *p, struct node *node, struct node *const *kids,
			     unsigned len)
{
	if (!node || p->c->failed)
		return NULL;
	node->kid = compile_alloc(p->c, sizeof(*kids) * (len ? len : 1));
	if (!node->kid)
		return NULL;
	memcpy(node->kid, kids, sizeof(*kids) * len);
	node->kids = len;
	if (len && kids[0]->from < node->from) {
		node->from = kids[0]->from;
		node->place = kids[0]->place;
	}
	if (len && kids[len - 1]->to > node->to)
		node->to = kids[len - 1]->to;
	return node;
}

bool parse_take(struct parse *p, const char *sign)
{
	if (!token_is(&p->lex.token, sign))
		return false;
	lex_next(&p->lex);
	return true;
}

bool parse_expect(struct parse *p, const char *sign, const char *words)
{
	if (parse_take(p, sign))
		return true;
	parse_wrong(p, words);
	return false;
}

bool parse_kid(struct parse *p, struct parse_kids *kids, struct node *node)
{
	if (!node)
		return false;
	if (kids->len == PARSE_LIST_MAX) {
		fault_add(p->c->faults, node->place, true, "more than %d in one list: split it",
			  PARSE_LIST_MAX);
		p->c->failed = true;
		return false;
	}
	kids->at[kids->len++] = node;
	return true;
}

/* A leaf of the current token, which is taken. */
static struct node *leaf(struct parse *p, struct node *node)
{
	if (!node)
		return NULL;
	node->to = p->lex.next;
	lex_next(&p->lex);
	return node;
}

static struct node *parse_literal(struct parse *p)
{
	const struct token *t = &p->lex.token;
	struct node *node = parse_node(p, NODE_LITERAL);

	if (!node)
		return NULL;
	if (t->kind == TOKEN_NUMBER) {
		node->type = VALUE_NUMBER;
		node->literal = (struct value){.type = VALUE_NUMBER, .number = t->number};
		node->unit = t->unit;
	} else if (t->kind == TOKEN_TEXT) {
		char *copy = arena_copy(p->c->arena, t->at, t->length);

		if (!copy)
			return parse_wrong(p, "memory");
		node->type = VALUE_TEXT;
		node->literal =
			(struct value){.type = VALUE_TEXT, .text = {copy, (uint32_t)t->length}};
	} else {
		node->type = VALUE_ADDR;
		node->literal = (struct value){.type = VALUE_ADDR, .addr = t->network.base};
		node->network = t->network;
		node->is_network = t->network.prefix != 128;
	}
	return leaf(p, node);
}

static void resolve_aggregate(struct node *node, const struct rule_aggregate *aggregate)
{
	node->type = aggregate->type;
	node->unit = aggregate->unit;
	node->set = aggregate->kind == AGGREGATE_VALUES;
}

/* "rule.name", where other rules' values may be named. */
static bool resolve_remote(struct parse *p, struct node *node, const struct token *t)
{
	const struct expr_scope *scope = p->c->scope;
	const char *dot = memchr(t->at, '.', t->length);
	const struct rule_aggregate *aggregate = NULL;
	size_t head;

	if (!scope->remote || !dot)
		return false;
	head = (size_t)(dot - t->at);
	node->computed = scope->remote(scope->context, t->at, head, dot + 1, t->length - head - 1,
				       &node->ref, &aggregate);
	if (node->computed < 0)
		return false;
	node->kind = NODE_REMOTE;
	resolve_aggregate(node, aggregate);
	return true;
}

void parse_field(struct parse *p, struct node *node, enum field field)
{
	if (p->c->scope->reads)
		field_set_add(p->c->scope->reads, field);
	node->kind = NODE_FIELD;
	node->field = field;
	node->type = field_value_type(field);
	node->unit = field_unit(field);
	node->list = field_table[field].type == TYPE_TEXTS;
}

static bool resolve(struct parse *p, struct node *node, const struct token *t)
{
	const struct expr_scope *scope = p->c->scope;
	const struct rule_aggregate *aggregate = NULL;
	enum field field;

	if (scope->computed) {
		node->computed = scope->computed(scope->context, t->at, t->length, &aggregate);
		if (node->computed >= 0) {
			node->kind = NODE_COMPUTED;
			resolve_aggregate(node, aggregate);
			return true;
		}
	}
	if (scope->rule) {
		node->ref = scope->rule(scope->context, t->at, t->length);
		if (node->ref >= 0) {
			node->kind = NODE_RULE;
			node->type = VALUE_BOOL;
			return true;
		}
	}
	if (resolve_remote(p, node, t))
		return true;
	field = scope->fields ? field_find(t->at, t->length) : FIELD_NONE;
	if (field == FIELD_NONE)
		return false;
	parse_field(p, node, field);
	return true;
}

static struct node *parse_name(struct parse *p)
{
	const struct token t = p->lex.token;
	struct node *node = parse_node(p, NODE_WORD);
	char *copy;

	if (!node)
		return NULL;
	if (token_is(&t, "true") || token_is(&t, "false") || token_is(&t, "null")) {
		node->kind = NODE_LITERAL;
		node->type = token_is(&t, "null") ? VALUE_NULL : VALUE_BOOL;
		node->literal = (struct value){.type = node->type, .truth = token_is(&t, "true")};
		return leaf(p, node);
	}
	if (!resolve(p, node, &t)) {
		copy = arena_copy(p->c->arena, t.at, t.length);
		if (!copy)
			return parse_wrong(p, "memory");
		node->unit = UNIT_NONE;
		node->type = VALUE_TEXT;
		node->literal =
			(struct value){.type = VALUE_TEXT, .text = {copy, (uint32_t)t.length}};
	}
	return leaf(p, node);
}

bool parse_list(struct parse *p, struct parse_kids *kids, struct node *(*one)(struct parse *))
{
	do {
		if (!parse_kid(p, kids, one(p)))
			return false;
	} while (parse_take(p, ","));
	return parse_expect(p, ")", "',' or ')'");
}

static struct node *parse_case(struct parse *p)
{
	struct node *node = parse_node(p, NODE_CASE), *other;
	struct parse_kids kids = {.len = 0};

	lex_next(&p->lex);
	if (!token_is(&p->lex.token, "when"))
		return parse_wrong(p, "'when'");
	while (parse_take(p, "when")) {
		if (!parse_kid(p, &kids, parse_expression(p)) ||
		    !parse_expect(p, "then", "'then'") || !parse_kid(p, &kids, parse_expression(p)))
			return NULL;
	}
	if (parse_take(p, "else")) {
		other = parse_expression(p);
	} else {
		other = parse_node(p, NODE_LITERAL);
		if (other)
			other->literal.type = VALUE_NULL;
	}
	if (!parse_kid(p, &kids, other) || !parse_expect(p, "end", "'when', 'else' or 'end'"))
		return NULL;
	node = parse_take_kids(p, node, kids.at, kids.len);
	if (node)
		node->to = p->lex.token.offset;
	return node;
}

static struct node *parse_primary(struct parse *p)
{
	static const char *const reserved[] = {"and",  "or",   "not", "in", "when",
					       "then", "else", "end", NULL};
	struct token t = p->lex.token;
	struct node *node;

	if (t.kind == TOKEN_NUMBER || t.kind == TOKEN_TEXT || t.kind == TOKEN_NETWORK)
		return parse_literal(p);
	if (parse_take(p, "(")) {
		node = parse_expression(p);
		return node && parse_expect(p, ")", "')'") ? node : NULL;
	}
	if (token_is(&t, "case"))
		return parse_case(p);
	for (size_t i = 0; reserved[i]; i++)
		if (token_is(&t, reserved[i]))
			return parse_wrong(p, "a name, a number or '('");
	if (t.kind != TOKEN_WORD)
		return parse_wrong(p, "a name, a number or '('");
	/* A name before a bracket is a function's. */
	for (size_t i = p->lex.next; i < p->lex.length; i++)
		if (p->lex.text[i] == '(') {
			node = parse_node(p, NODE_KNOWN);
			lex_next(&p->lex);
			lex_next(&p->lex);
			return node ? parse_call(p, &t, node) : NULL;
		} else if (p->lex.text[i] != ' ') {
			break;
		}
	return parse_name(p);
}

static struct node *parse_unary(struct parse *p)
{
	struct node *node, *kid;

	if (!token_is(&p->lex.token, "-"))
		return parse_primary(p);
	node = parse_node(p, NODE_NEGATE);
	lex_next(&p->lex);
	if (++p->c->depth > EXPR_DEPTH_MAX)
		return parse_wrong(p, "less nesting");
	kid = parse_unary(p);
	p->c->depth--;
	return kid ? parse_take_kids(p, node, &kid, 1) : NULL;
}

struct operator
{
	const char *sign;
	enum node_op op;
};

static const struct operator sums[] = {{"+", OP_ADD}, {"-", OP_SUBTRACT}, {NULL, OP_NONE}};
static const struct operator products[] = {{"*", OP_MULTIPLY}, {"/", OP_DIVIDE}, {NULL, OP_NONE}};
static const struct operator comparisons[] = {
	{"<=", OP_LTE}, {">=", OP_GTE}, {"!=", OP_NE}, {"<>", OP_NE},	{"==", OP_EQ},
	{"=", OP_EQ},	{"<", OP_LT},	{">", OP_GT},  {NULL, OP_NONE},
};

static enum node_op take_operator(struct parse *p, const struct operator* table)
{
	for (; table->sign; table++)
		if (parse_take(p, table->sign))
			return table->op;
	return OP_NONE;
}

static struct node *binary(struct parse *p, enum node_kind kind, enum node_op op, struct node *left,
			   struct node *right)
{
	struct node *node = parse_node(p, kind), *kids[2] = {left, right};

	if (!left || !right || !node)
		return NULL;
	node->op = op;
	return parse_take_kids(p, node, kids, 2);
}

static struct node *parse_product(struct parse *p)
{
	struct node *left = parse_unary(p);
	enum node_op op;

	while (left && (op = take_operator(p, products)))
		left = binary(p, NODE_ARITHMETIC, op, left, parse_unary(p));
	return left;
}

static struct node *parse_sum(struct parse *p)
{
	struct node *left = parse_product(p);
	enum node_op op;

	while (left && (op = take_operator(p, sums)))
		left = binary(p, NODE_ARITHMETIC, op, left, parse_product(p));
	return left;
}

static struct node *parse_in(struct parse *p, struct node *left)
{
	struct node *node = parse_node(p, NODE_IN);
	struct parse_kids kids = {.at = {left}, .len = 1};

	if (!parse_expect(p, "(", "'('") || !parse_list(p, &kids, parse_unary))
		return NULL;
	node = parse_take_kids(p, node, kids.at, kids.len);
	if (node)
		node->to = p->lex.token.offset;
	return node;
}

static struct node *negate(struct parse *p, struct node *kid)
{
	struct node *node = parse_node(p, NODE_NOT);

	return kid ? parse_take_kids(p, node, &kid, 1) : NULL;
}

static struct node *parse_comparison(struct parse *p)
{
	struct node *left = parse_sum(p);
	enum node_op op;

	if (!left)
		return NULL;
	if (parse_take(p, "in"))
		return parse_in(p, left);
	if (token_is(&p->lex.token, "not")) {
		lex_next(&p->lex);
		if (!parse_expect(p, "in", "'in'"))
			return NULL;
		return negate(p, parse_in(p, left));
	}
	op = take_operator(p, comparisons);
	if (!op)
		return left;
	return binary(p, NODE_COMPARE, op, left, parse_sum(p));
}

static struct node *parse_not(struct parse *p)
{
	struct node *node, *kid;

	if (!token_is(&p->lex.token, "not"))
		return parse_comparison(p);
	node = parse_node(p, NODE_NOT);
	lex_next(&p->lex);
	if (++p->c->depth > EXPR_DEPTH_MAX)
		return parse_wrong(p, "less nesting");
	kid = parse_not(p);
	p->c->depth--;
	return kid ? parse_take_kids(p, node, &kid, 1) : NULL;
}

/* `one` joined by a word, as one node with all of them. */
static struct node *joined(struct parse *p, const char *word, enum node_kind kind,
			   struct node *(*one)(struct parse *))
{
	struct node *first = one(p), *node;
	struct parse_kids kids = {.len = 0};

	if (!first || !token_is(&p->lex.token, word))
		return first;
	node = parse_node(p, kind);
	parse_kid(p, &kids, first);
	while (parse_take(p, word))
		if (!parse_kid(p, &kids, one(p)))
			return NULL;
	return parse_take_kids(p, node, kids.at, kids.len);
}

static struct node *parse_and(struct parse *p)
{
	return joined(p, "and", NODE_AND, parse_not);
}

struct node *parse_expression(struct parse *p)
{
	struct node *node;

	if (++p->c->depth > EXPR_DEPTH_MAX)
		return parse_wrong(p, "less nesting");
	node = joined(p, "or", NODE_OR, parse_and);
	p->c->depth--;
	return node;
}

struct node *expr_parse(struct compile *c, struct place at)
{
	struct parse p = {.c = c};
	struct node *root;

	lex_start(&p.lex, c->text, c->length, at);
	root = parse_expression(&p);
	if (!root || c->failed)
		return NULL;
	return p.lex.token.kind == TOKEN_END ? root
					     : parse_wrong(&p, "the expression's end or 'and'");
}
