/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>

#include "rule/node.h"
#include "rule/severity.h"
#include "rule/words.h"

/* Types and units of a parsed expression, from the leaves up. */

bool expr_reject(struct compile *c, const struct node *node, const char *format, ...)
{
	char words[256];
	va_list args;

	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	fault_add(c->faults, node->place, true, "%s", words);
	c->failed = true;
	return false;
}

static int node_text(const struct compile *c, const struct node *node, const char **text)
{
	size_t from = node->from, to = node->to;

	while (to > from && strchr(" \n", c->text[to - 1]))
		to--;
	*text = c->text + from;
	return (int)(to - from);
}

static const char *type_word(const struct node *node)
{
	static const char *const words[] = {
		[VALUE_NULL] = "null", [VALUE_BOOL] = "a truth value", [VALUE_NUMBER] = "a number",
		[VALUE_TEXT] = "text", [VALUE_ADDR] = "an address",
	};

	if (node->level)
		return "a severity";
	if (node->type == VALUE_NUMBER && node->unit == UNIT_BYTES)
		return "bytes";
	if (node->type == VALUE_NUMBER && node->unit == UNIT_DURATION)
		return "a duration";
	if (node->type == VALUE_NUMBER && node->unit == UNIT_TIME)
		return "a time";
	return words[node->type];
}

bool expr_reject_word(struct compile *c, const struct node *node)
{
	const struct text *word = &node->literal.text;
	const char *const *names = c->scope->names, *nearest = NULL;

	if (names && *names)
		nearest = nearest_word(word->at, word->length, names);
	if (c->scope->fields) {
		const char *both[3] = {field_nearest(word->at, word->length), nearest, NULL};

		nearest = nearest_word(word->at, word->length, both);
	}
	if (!nearest)
		return expr_reject(c, node, "unknown name '%s': text is written '%s' in quotes",
				   word->at, word->at);
	return expr_reject(c, node, "unknown name '%s': the nearest is '%s'", word->at, nearest);
}

/* What units can be added and compared: counts of all kinds among themselves. */
static enum unit unit_class(enum unit unit)
{
	return unit == UNIT_BYTES || unit == UNIT_DURATION || unit == UNIT_TIME ? unit : UNIT_NONE;
}

bool node_constant(const struct node *node)
{
	if (node->kind == NODE_LITERAL)
		return true;
	if (node->kind != NODE_NEGATE && node->kind != NODE_ARITHMETIC)
		return false;
	for (unsigned i = 0; i < node->kids; i++)
		if (!node_constant(node->kid[i]))
			return false;
	return true;
}

/* A constant without a unit takes the other side's; of a duration or time only zero does. */
static bool takes_unit(const struct node *node, enum unit unit)
{
	struct expr_env none = {0};

	if (node->unit != UNIT_NONE || !node_constant(node))
		return false;
	return unit == UNIT_BYTES || node_eval(node, &none).number == 0;
}

static bool check_units(struct compile *c, const struct node *node, const struct node *a,
			const struct node *b, const char *what)
{
	enum unit ca = unit_class(a->unit), cb = unit_class(b->unit);

	if (a->type != VALUE_NUMBER || b->type != VALUE_NUMBER || ca == cb || takes_unit(a, cb) ||
	    takes_unit(b, ca))
		return true;
	if (ca == UNIT_DURATION || cb == UNIT_DURATION)
		return expr_reject(c, node, "%s cannot be %s %s: write a duration as 90s, 5m or 1h",
				   type_word(a), what, type_word(b));
	return expr_reject(c, node, "%s cannot be %s %s: both sides need the same unit",
			   type_word(a), what, type_word(b));
}

static bool check_number(struct compile *c, const struct node *node)
{
	if (node->type == VALUE_NUMBER || node->type == VALUE_NULL)
		return true;
	return expr_reject(c, node, "%s is no number: arithmetic needs numbers", type_word(node));
}

static bool check_truth(struct compile *c, const struct node *node)
{
	const char *text;
	int length;

	if (node->type == VALUE_BOOL || node->type == VALUE_NULL)
		return true;
	length = node_text(c, node, &text);
	return expr_reject(c, node, "'%.*s' is %s: a comparison such as 'x > 3' would be right",
			   length, text, type_word(node));
}

/* A word or text beside a field of named numbers: one of its names. */
static bool check_name(struct compile *c, const struct node *field, struct node *node,
		       uint64_t numbers[NODE_NUMBERS / 64])
{
	const struct text *text = &node->literal.text;
	bool roles = field_table[field->field].type == TYPE_ROLES;
	const char *names[NODE_NUMBERS + 1];
	size_t len = 0;
	int number;

	if (node->type != VALUE_TEXT || (node->kind != NODE_WORD && node->kind != NODE_LITERAL))
		return expr_reject(c, node, "%s has names as values: write one of them",
				   field_table[field->field].name);
	number = roles ? field_role_number(text->at, text->length)
		       : field_enum_number(field->field, text->at, text->length);
	if (number >= 0 && number < NODE_NUMBERS) {
		numbers[number / 64] |= UINT64_C(1) << (number % 64);
		return true;
	}
	if (roles) /* no host has a role that is not configured */
		return true;
	for (unsigned n = 0; n < NODE_NUMBERS; n++)
		if (field_enum_name(field->field, n))
			names[len++] = field_enum_name(field->field, n);
	names[len] = NULL;
	return expr_reject(c, node, "%s is never '%s': the nearest value is '%s'",
			   field_table[field->field].name, text->at,
			   nearest_word(text->at, text->length, names));
}

static bool is_named(const struct node *node)
{
	return node->kind == NODE_FIELD && (field_table[node->field].type == TYPE_ENUM ||
					    field_table[node->field].type == TYPE_ROLES);
}

/* Turns `field = name` and `field in (names)` into a set of numbers. */
static bool check_named(struct compile *c, struct node *node)
{
	const struct node *field = node->kid[0];
	struct node *inner = node;

	if (node->op == OP_NE) {
		inner = compile_alloc(c, sizeof(*inner));
		if (!inner)
			return false;
		*inner = *node;
	} else if (node->kind == NODE_COMPARE && node->op != OP_EQ) {
		return expr_reject(c, node, "%s has no order: use = or in",
				   field_table[field->field].name);
	}
	for (unsigned i = 1; i < node->kids; i++)
		if (!check_name(c, field, node->kid[i], inner->numbers))
			return false;
	inner->kind = NODE_NUMBERED;
	inner->field = field->field;
	inner->type = VALUE_BOOL;
	if (inner != node) {
		node->kind = NODE_NOT;
		node->kid[0] = inner;
		node->kids = 1;
	}
	node->type = VALUE_BOOL;
	return true;
}

/* A literal takes the type of what it is held against. */
static bool adapt(struct compile *c, const struct node *other, struct node *node)
{
	const struct text *text = &node->literal.text;
	int level;

	if (other->level && node->kind == NODE_WORD) {
		level = severity_find(text->at, text->length);
		if (level < 0)
			return expr_reject(
				c, node,
				"unknown severity '%s': informational, low, medium, high or "
				"critical would be right",
				text->at);
		node->kind = NODE_LITERAL;
		node->type = VALUE_NUMBER;
		node->level = true;
		node->literal = (struct value){.type = VALUE_NUMBER, .number = level};
		return true;
	}
	if (node->kind == NODE_WORD)
		return expr_reject_word(c, node);
	if (node->kind == NODE_LITERAL && node->type == VALUE_TEXT && other->type == VALUE_ADDR) {
		if (network_parse(text->at, text->length, &node->network))
			return expr_reject(c, node,
					   "'%s' is no address: 10.0.0.1 or 10.0.0.0/8 would be",
					   text->at);
		node->type = VALUE_ADDR;
		node->literal = (struct value){.type = VALUE_ADDR, .addr = node->network.base};
		node->is_network = node->network.prefix != 128;
	}
	return true;
}

static bool check_same_type(struct compile *c, const struct node *node, const struct node *a,
			    const struct node *b)
{
	if (b->type == VALUE_NULL || a->type == VALUE_NULL)
		return expr_reject(c, node, "nothing equals null: known(…) tests for it");
	if (a->type != b->type || a->level != b->level)
		return expr_reject(c, node, "%s cannot be compared with %s", type_word(a),
				   type_word(b));
	return check_units(c, node, a, b, "compared with");
}

static enum node_op flipped(enum node_op op)
{
	switch (op) {
	case OP_LT:
		return OP_GT;
	case OP_LTE:
		return OP_GTE;
	case OP_GT:
		return OP_LT;
	case OP_GTE:
		return OP_LTE;
	case OP_NONE:
	case OP_EQ:
	case OP_NE:
	case OP_ADD:
	case OP_SUBTRACT:
	case OP_MULTIPLY:
	case OP_DIVIDE:
		break;
	}
	return op;
}

static bool set_threshold(struct compile *c, struct node *node)
{
	static const char *const signs[] = {[OP_LT] = "<",   [OP_LTE] = "<=", [OP_GT] = ">",
					    [OP_GTE] = ">=", [OP_EQ] = "=",   [OP_NE] = "!="};
	const struct node *left = node->kid[0];
	const char *text;
	int length = node_text(c, node->kid[1], &text);

	node->threshold = arena_format(c->arena, "%s %.*s%s", signs[node->op], length, text,
				       left->kind == NODE_ZSCORE ? " deviations" : "");
	return node->threshold != NULL;
}

static bool check_compare(struct compile *c, struct node *node)
{
	struct node **kid = node->kid, *swap;

	if (is_named(kid[1]) && !is_named(kid[0])) {
		swap = kid[0];
		kid[0] = kid[1];
		kid[1] = swap;
		node->op = flipped(node->op);
	}
	if (is_named(kid[0]) && !is_named(kid[1]))
		return check_named(c, node);
	if (!adapt(c, kid[0], kid[1]) || !adapt(c, kid[1], kid[0]))
		return false;
	if (!check_same_type(c, node, kid[0], kid[1]))
		return false;
	if (kid[1]->list && !kid[0]->list) { /* any element of the left side */
		swap = kid[0];
		kid[0] = kid[1];
		kid[1] = swap;
		node->op = flipped(node->op);
	}
	if (kid[0]->type != VALUE_NUMBER && node->op != OP_EQ && node->op != OP_NE)
		return expr_reject(c, node, "%s has no order: = or != would be right",
				   type_word(kid[0]));
	if (kid[0]->is_network || kid[1]->is_network)
		return expr_reject(c, node,
				   "a network is compared by in: source.ip in (10.0.0.0/8)");
	/* Constants stand on the right, so that what grows and what is shown is on the left. */
	if (node_constant(kid[0]) && !node_constant(kid[1])) {
		swap = kid[0];
		kid[0] = kid[1];
		kid[1] = swap;
		node->op = flipped(node->op);
	}
	node->type = VALUE_BOOL;
	return set_threshold(c, node);
}

static bool check_in(struct compile *c, struct node *node)
{
	if (node->kids < 2)
		return expr_reject(c, node,
				   "cidr() needs an address and networks: "
				   "cidr(source.ip, 10.0.0.0/8)");
	if (is_named(node->kid[0]))
		return check_named(c, node);
	if (node->kid[0]->kind == NODE_WORD)
		return expr_reject_word(c, node->kid[0]);
	for (unsigned i = 1; i < node->kids; i++) {
		struct node *kid = node->kid[i];

		if (!adapt(c, node->kid[0], kid))
			return false;
		if (!node_constant(kid))
			return expr_reject(c, kid,
					   "a list holds constants only: compare with = and or");
		if (!check_same_type(c, kid, node->kid[0], kid))
			return false;
	}
	node->type = VALUE_BOOL;
	return true;
}

static bool check_sum(struct compile *c, struct node *node)
{
	const struct node *a = node->kid[0], *b = node->kid[1];
	bool times = a->unit == UNIT_TIME || b->unit == UNIT_TIME;

	if (times && node->op == OP_SUBTRACT && a->unit == b->unit) {
		node->unit = UNIT_DURATION;
		return true;
	}
	if (times && a->unit != b->unit && (a->unit == UNIT_DURATION || b->unit == UNIT_DURATION)) {
		node->unit = UNIT_TIME;
		return true;
	}
	if (times && node->op == OP_ADD)
		return expr_reject(c, node,
				   "two times cannot be added: their difference is a duration");
	node->unit = unit_class(a->unit) == UNIT_NONE && unit_class(b->unit) != UNIT_NONE ? b->unit
											  : a->unit;
	return check_units(c, node, a, b, node->op == OP_ADD ? "added to" : "subtracted with");
}

static bool check_arithmetic(struct compile *c, struct node *node)
{
	const struct node *a = node->kid[0], *b = node->kid[1];
	enum unit ca = unit_class(a->unit), cb = unit_class(b->unit);

	node->type = VALUE_NUMBER;
	if (!check_number(c, a) || !check_number(c, b))
		return false;
	if (a->level || b->level)
		return expr_reject(c, node, "severities are compared, not computed with");
	if (node->op == OP_ADD || node->op == OP_SUBTRACT)
		return check_sum(c, node);
	if (node->op == OP_MULTIPLY)
		node->unit = ca == UNIT_NONE   ? (cb == UNIT_NONE ? UNIT_NONE : b->unit)
			     : cb == UNIT_NONE ? a->unit
					       : UNIT_NONE;
	else
		node->unit = cb == UNIT_NONE && ca != UNIT_NONE ? a->unit : UNIT_NONE;
	return true;
}

/* A truth is an answer too, so `case` takes any type that all its branches share. */
static bool check_case(struct compile *c, struct node *node)
{
	const struct node *first = NULL;

	for (unsigned i = 0; i < node->kids; i++) {
		const struct node *kid = node->kid[i];
		bool answer = i % 2 == 1 || i + 1 == node->kids;

		if (!answer && !check_truth(c, kid))
			return false;
		if (!answer || kid->type == VALUE_NULL)
			continue;
		if (first && (kid->type != first->type || kid->level != first->level))
			return expr_reject(c, kid,
					   "%s beside %s: all branches of case need one type",
					   type_word(kid), type_word(first));
		if (first && !check_units(c, kid, first, kid, "beside"))
			return false;
		if (!first || unit_class(first->unit) == UNIT_NONE)
			first = kid;
	}
	if (first) {
		node->type = first->type;
		node->unit = first->unit;
		node->level = first->level;
	}
	return true;
}

static bool check_kind(struct compile *c, struct node *node)
{
	switch (node->kind) {
	case NODE_NOT:
	case NODE_AND:
	case NODE_OR:
		node->type = VALUE_BOOL;
		for (unsigned i = 0; i < node->kids; i++)
			if (!check_truth(c, node->kid[i]))
				return false;
		return true;
	case NODE_COMPARE:
		return check_compare(c, node);
	case NODE_IN:
		return check_in(c, node);
	case NODE_NEGATE:
		node->type = VALUE_NUMBER;
		node->unit = node->kid[0]->unit;
		return check_number(c, node->kid[0]);
	case NODE_ARITHMETIC:
		return check_arithmetic(c, node);
	case NODE_CASE:
		return check_case(c, node);
	case NODE_KNOWN:
	case NODE_ZSCORE:
	case NODE_BASELINE:
	case NODE_SEVERITY:
	case NODE_COMMON:
	case NODE_PREVIOUS:
	case NODE_DISTANCE:
	case NODE_RARE:
		return expr_check_call(c, node);
	case NODE_LITERAL:
	case NODE_WORD:
	case NODE_FIELD:
	case NODE_COMPUTED:
	case NODE_REMOTE:
	case NODE_RULE:
	case NODE_NUMBERED:
	case NODE_KINDS:
		break;
	}
	return true;
}

/* A comparison may know its words; everybody else needs names that mean something. */
static bool check_kid(struct compile *c, const struct node *node, struct node *kid)
{
	bool compares = node->kind == NODE_COMPARE || node->kind == NODE_IN;

	if (kid->kind == NODE_WORD && !compares && node->kind != NODE_COMMON)
		return expr_reject_word(c, kid);
	if (kid->set && node->kind != NODE_COMMON && node->kind != NODE_KNOWN)
		return expr_reject(c, kid,
				   "a set of values has no order or number: distinct() counts it, "
				   "common() compares it");
	return expr_check(c, kid);
}

bool expr_check(struct compile *c, struct node *node)
{
	for (unsigned i = 0; i < node->kids; i++)
		if (!check_kid(c, node, node->kid[i]))
			return false;
	return check_kind(c, node);
}
