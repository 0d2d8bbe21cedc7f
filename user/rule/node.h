/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_RULE_NODE_H
#define WEIR_RULE_NODE_H

#include "rule/expr.h"

/* The tree that an expression is compiled to: shared by expr_*.c, seen by nobody else. */

enum node_kind {
	NODE_LITERAL,
	NODE_WORD, /* a name that meant nothing: its neighbour in a comparison may know it */
	NODE_FIELD,
	NODE_COMPUTED,
	NODE_REMOTE, /* a value of another rule */
	NODE_RULE,
	NODE_NOT,
	NODE_AND,
	NODE_OR,
	NODE_COMPARE,
	NODE_IN,       /* kid 0 in the others, which are literals */
	NODE_NUMBERED, /* an ENUM or ROLES field against a set of numbers */
	NODE_NEGATE,
	NODE_ARITHMETIC,
	NODE_CASE, /* when, then, when, then, … else */
	NODE_KNOWN,
	NODE_ZSCORE,
	NODE_BASELINE,
	NODE_SEVERITY,
	NODE_COMMON,
	NODE_PREVIOUS, /* a field of the key's event before: `computed` by the scope */
	NODE_DISTANCE, /* between two places, each a latitude and a longitude */
	NODE_RARE,     /* `field` is what must be known */
	NODE_KINDS,
};

enum node_op {
	OP_NONE,
	OP_LT,
	OP_LTE,
	OP_GT,
	OP_GTE,
	OP_EQ,
	OP_NE,
	OP_ADD,
	OP_SUBTRACT,
	OP_MULTIPLY,
	OP_DIVIDE,
};

#define NODE_NUMBERS 256

struct node {
	enum node_kind kind;
	enum node_op op;
	uint8_t type; /* enum value_type of what it yields; VALUE_NULL: of any type */
	bool level;   /* a severity as number: named levels are its literals */
	bool set;     /* a values() aggregate: common() alone reads it */
	bool list;    /* a list of texts: any of them counts */
	enum unit unit;
	struct place place;
	size_t from, to; /* its text */
	struct node **kid;
	unsigned kids;
	struct value literal; /* LITERAL, and a WORD as text */
	struct network network;
	bool is_network; /* LITERAL of more than one address, for `in` */
	enum field field;
	int computed, ref;
	uint64_t numbers[NODE_NUMBERS / 64]; /* NUMBERED */
	int *refs, *sets;		     /* COMMON */
	const char *threshold;		     /* COMPARE: "> 20", of its left side */
};

struct expr {
	struct node *root;
};

#define EXPR_NODES_MAX 1024
#define EXPR_DEPTH_MAX 64

/* What compiling needs. */
struct compile {
	const struct expr_scope *scope;
	struct arena *arena;
	struct faults *faults;
	const char *text;
	size_t length;
	unsigned nodes, depth;
	bool failed;
};

/* The tree of a text, names resolved; NULL with a fault. */
struct node *expr_parse(struct compile *c, struct place at);

/* Types and units, from the leaves up; false with a fault. */
bool expr_check(struct compile *c, struct node *node);
bool expr_check_call(struct compile *c, struct node *node); /* of a function (expr_call.c) */

/* Says a fault at the node; always false. */
bool expr_reject(struct compile *c, const struct node *node, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same of a name that nothing knows. */
bool expr_reject_word(struct compile *c, const struct node *node);

struct value node_eval(const struct node *node, const struct expr_env *env);
bool node_constant(const struct node *node);
void *compile_alloc(struct compile *c, size_t size);

#endif
