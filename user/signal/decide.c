/* SPDX-License-Identifier: Apache-2.0 */
#include "signal/decide.h"

#include "rule/node.h"

static bool monotone(const struct node *node, const bool *grows)
{
	if (node->kind == NODE_AND || node->kind == NODE_OR) {
		for (unsigned i = 0; i < node->kids; i++)
			if (!monotone(node->kid[i], grows))
				return false;
		return true;
	}
	return node->kind == NODE_COMPARE && (node->op == OP_GT || node->op == OP_GTE) &&
	       node->kid[0]->kind == NODE_COMPUTED && grows[node->kid[0]->computed] &&
	       node_constant(node->kid[1]);
}

bool decide_waits(const struct expr *expr, const bool *grows)
{
	return !monotone(expr->root, grows);
}

static int joined(const struct node *node, const struct expr_env *env, int ends);

static int partial(const struct node *node, const struct expr_env *env)
{
	struct value v;

	switch (node->kind) {
	case NODE_AND:
		return joined(node, env, 0);
	case NODE_OR:
		return joined(node, env, 1);
	case NODE_COMPARE:
		if (node->op != OP_GT && node->op != OP_GTE)
			return -1;
		break;
	case NODE_KNOWN: /* what is known stays so; what is not may yet come */
		v = node_eval(node, env);
		return v.type == VALUE_BOOL && v.truth ? 1 : -1;
	case NODE_NOT:
	case NODE_IN:
	case NODE_NUMBERED:
	case NODE_CASE:
		return -1;
	case NODE_LITERAL:
	case NODE_WORD:
	case NODE_FIELD:
	case NODE_COMPUTED:
	case NODE_REMOTE:
	case NODE_RULE:
	case NODE_NEGATE:
	case NODE_ARITHMETIC:
	case NODE_ZSCORE:
	case NODE_BASELINE:
	case NODE_SEVERITY:
	case NODE_COMMON:
	case NODE_KINDS:
		break;
	}
	v = node_eval(node, env);
	return v.type == VALUE_BOOL ? v.truth : -1;
}

/* `and` ends at a false (0), `or` at a true (1); else one unknown makes the whole unknown. */
static int joined(const struct node *node, const struct expr_env *env, int ends)
{
	int whole = !ends;

	for (unsigned i = 0; i < node->kids; i++) {
		int one = partial(node->kid[i], env);

		if (one == ends)
			return ends;
		if (one < 0)
			whole = -1;
	}
	return whole;
}

int decide_partial(const struct expr *expr, const struct expr_env *env)
{
	return partial(expr->root, env);
}
