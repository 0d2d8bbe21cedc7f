/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/expr.h"

#include <stdio.h>

#include "rule/node.h"

const struct expr *expr_compile(const char *text, struct place at, const struct expr_scope *scope,
				struct arena *arena, struct faults *faults)
{
	struct compile c = {
		.scope = scope,
		.arena = arena,
		.faults = faults,
		.text = text,
		.length = strlen(text),
	};
	struct node *root = expr_parse(&c, at);
	struct node *one[1] = {root};
	struct node holder = {.kind = NODE_KNOWN, .kid = one, .kids = 1};
	struct expr *expr;

	/* Under a holder that takes anything, so that the root is checked as every kid is. */
	if (!root || !expr_check(&c, &holder))
		return NULL;
	expr = arena_alloc(arena, sizeof(*expr));
	if (expr)
		expr->root = root;
	return expr;
}

enum value_type expr_type(const struct expr *expr)
{
	return expr->root->type;
}

enum unit expr_unit(const struct expr *expr)
{
	return expr->root->unit;
}

/* `grows` value against a constant, by > or >=: once true it stays true. */
static bool monotone(const struct node *node, const bool *grows, size_t computed)
{
	return node->kind == NODE_COMPARE && (node->op == OP_GT || node->op == OP_GTE) &&
	       node->kid[0]->kind == NODE_COMPUTED && (size_t)node->kid[0]->computed < computed &&
	       grows[node->kid[0]->computed] && node_constant(node->kid[1]);
}

static bool fires_early(const struct node *node, const bool *grows, size_t computed)
{
	bool any = node->kind == NODE_OR;

	if (node->kind != NODE_AND && node->kind != NODE_OR)
		return monotone(node, grows, computed);
	for (unsigned i = 0; i < node->kids; i++)
		if (fires_early(node->kid[i], grows, computed) == any)
			return any;
	return !any;
}

bool expr_fires_early(const struct expr *expr, const bool *grows, size_t computed)
{
	return fires_early(expr->root, grows, computed);
}

static bool grows_always(const struct node *node, const bool *grows, size_t computed)
{
	if (node->kind != NODE_AND && node->kind != NODE_OR)
		return monotone(node, grows, computed);
	for (unsigned i = 0; i < node->kids; i++)
		if (!grows_always(node->kid[i], grows, computed))
			return false;
	return true;
}

bool expr_grows(const struct expr *expr, const bool *grows, size_t computed)
{
	return grows_always(expr->root, grows, computed);
}

/* Decides with only those leaves that `decided` takes; 1, 0, or -1 unknown. */
struct partial {
	const struct expr_env *env;
	const bool *grows;
	bool (*decided)(const struct partial *p, const struct node *node);
};

static int truth_partial(const struct partial *p, const struct node *node)
{
	bool ends = node->kind == NODE_OR;
	int all = !ends;
	struct value v;

	if (node->kind == NODE_AND || node->kind == NODE_OR) {
		for (unsigned i = 0; i < node->kids; i++) {
			int one = truth_partial(p, node->kid[i]);

			if (one == ends)
				return ends;
			if (one < 0)
				all = -1;
		}
		return all;
	}
	if (!p->decided(p, node))
		return -1;
	v = node_eval(node, p->env);
	return v.type == VALUE_BOOL ? v.truth : -1;
}

/* Only what stays true once it is true; its "false" may still change, so `or` must wait for it. */
static bool decided_early(const struct partial *p, const struct node *node)
{
	return monotone(node, p->grows, SIZE_MAX);
}

int expr_truth_early(const struct expr *expr, const struct expr_env *env, const bool *grows)
{
	struct partial p = {.env = env, .grows = grows, .decided = decided_early};

	return truth_partial(&p, expr->root);
}

static int take_bounds(const struct node *node, const bool *grows, struct expr_bound *bounds,
		       int len, int max)
{
	static const struct expr_env nothing;
	struct value bound;

	for (unsigned i = 0; len >= 0 && i < node->kids; i++)
		if (node->kind == NODE_AND || node->kind == NODE_OR)
			len = take_bounds(node->kid[i], grows, bounds, len, max);
	if (len < 0 || !monotone(node, grows, SIZE_MAX))
		return len;
	bound = node_eval(node->kid[1], &nothing);
	if (bound.type != VALUE_NUMBER) /* never true */
		return len;
	if (len == max)
		return -1;
	bounds[len] = (struct expr_bound){.computed = node->kid[0]->computed,
					  .strict = node->op == OP_GT,
					  .number = bound.number};
	return len + 1;
}

int expr_bounds(const struct expr *expr, const bool *grows, struct expr_bound *bounds, int max)
{
	return take_bounds(expr->root, grows, bounds, 0, max);
}

/* What is known stays known. */
static bool decided_at_end(const struct partial *p, const struct node *node)
{
	if (node->kind == NODE_KNOWN)
		return node_eval(node, p->env).truth;
	return node->kind == NODE_COMPARE && (node->op == OP_GT || node->op == OP_GTE);
}

int expr_truth_cut(const struct expr *expr, const struct expr_env *env)
{
	struct partial p = {.env = env, .decided = decided_at_end};

	return truth_partial(&p, expr->root);
}

static bool asks_history(const struct node *node, int computed)
{
	if ((node->kind == NODE_ZSCORE || node->kind == NODE_BASELINE) &&
	    node->computed == computed)
		return true;
	for (unsigned i = 0; i < node->kids; i++)
		if (asks_history(node->kid[i], computed))
			return true;
	return false;
}

bool expr_needs_baseline(const struct expr *expr, int computed)
{
	return asks_history(expr->root, computed);
}

static bool reads(const struct node *node, int computed)
{
	if (node->kind == NODE_COMPUTED && node->computed == computed)
		return true;
	for (unsigned i = 0; i < node->kids; i++)
		if (reads(node->kid[i], computed))
			return true;
	return asks_history(node, computed);
}

bool expr_reads(const struct expr *expr, int computed)
{
	return reads(expr->root, computed);
}

/* Appends to what `text` holds; what does not fit is cut. */
static void append(char *text, size_t size, const char *more)
{
	size_t length = strlen(text);

	snprintf(text + length, size - length, "%s", more);
}

/* The comparisons of the value below a node, joined as the node joins them; each once. */
static void thresholds(const struct node *node, int computed, char *text, size_t size)
{
	const struct node *left = node->kids ? node->kid[0] : NULL;
	char kid[THRESHOLD_MAX];

	if (node->kind == NODE_COMPARE && left->computed == computed &&
	    (left->kind == NODE_COMPUTED || left->kind == NODE_ZSCORE)) {
		append(text, size, node->threshold);
		return;
	}
	for (unsigned i = 0; i < node->kids; i++) {
		kid[0] = '\0';
		thresholds(node->kid[i], computed, kid, sizeof(kid));
		if (!kid[0] || strstr(text, kid))
			continue;
		if (text[0])
			append(text, size, node->kind == NODE_AND ? " and " : " or ");
		append(text, size, kid);
	}
}

bool expr_threshold(const struct expr *expr, int computed, char text[THRESHOLD_MAX])
{
	text[0] = '\0';
	thresholds(expr->root, computed, text, THRESHOLD_MAX);
	return text[0] != '\0';
}
