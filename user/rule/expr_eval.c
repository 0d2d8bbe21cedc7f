/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "rule/node.h"

/* Evaluation: three-valued, by one function a kind of node; allocates nothing. */

static const struct value unknown = {.type = VALUE_NULL};

static struct value truth(bool t)
{
	return (struct value){.type = VALUE_BOOL, .truth = t};
}

static struct value number(double n)
{
	return isfinite(n) ? (struct value){.type = VALUE_NUMBER, .number = n} : unknown;
}

static struct value eval_literal(const struct node *node, const struct expr_env *env)
{
	(void)env;
	return node->literal;
}

/* An event without a start began when it happened. */
static struct value eval_field(const struct node *node, const struct expr_env *env)
{
	if (env->event && node->field == FIELD_EVENT_START &&
	    !event_has(env->event, FIELD_EVENT_START))
		return number((double)env->event->time);
	return env->event ? value_of_field(env->event, node->field) : unknown;
}

static struct value eval_previous(const struct node *node, const struct expr_env *env)
{
	return env->previous ? env->previous[node->computed] : unknown;
}

static struct value eval_computed(const struct node *node, const struct expr_env *env)
{
	return env->computed ? env->computed[node->computed] : unknown;
}

static struct value eval_remote(const struct node *node, const struct expr_env *env)
{
	return env->remote ? env->remote(env->context, node->ref, node->computed) : unknown;
}

static struct value eval_rule(const struct node *node, const struct expr_env *env)
{
	int8_t holds = env->rules ? env->rules[node->ref] : -1;

	return holds < 0 ? unknown : truth(holds);
}

static struct value eval_not(const struct node *node, const struct expr_env *env)
{
	struct value v = node_eval(node->kid[0], env);

	return v.type == VALUE_BOOL ? truth(!v.truth) : unknown;
}

/* `and` ends at a false, `or` at a true; else one unknown makes the whole unknown. */
static struct value eval_joined(const struct node *node, const struct expr_env *env, bool ends)
{
	bool all_known = true;

	for (unsigned i = 0; i < node->kids; i++) {
		struct value v = node_eval(node->kid[i], env);

		if (v.type != VALUE_BOOL)
			all_known = false;
		else if (v.truth == ends)
			return v;
	}
	return all_known ? truth(!ends) : unknown;
}

static struct value eval_and(const struct node *node, const struct expr_env *env)
{
	return eval_joined(node, env, false);
}

static struct value eval_or(const struct node *node, const struct expr_env *env)
{
	return eval_joined(node, env, true);
}

static bool compare_numbers(enum node_op op, double a, double b)
{
	switch (op) {
	case OP_LT:
		return a < b;
	case OP_LTE:
		return a <= b;
	case OP_GT:
		return a > b;
	case OP_GTE:
		return a >= b;
	case OP_EQ:
		return a == b;
	case OP_NE:
		return a != b;
	case OP_NONE:
	case OP_ADD:
	case OP_SUBTRACT:
	case OP_MULTIPLY:
	case OP_DIVIDE:
		break;
	}
	return false;
}

static bool any_equal(const struct value *list, const struct value *value)
{
	struct value element = {.type = VALUE_TEXT};
	uint32_t at = 0;

	while (texts_next(&list->text, &at, &element.text))
		if (value_equal(&element, value))
			return true;
	return false;
}

/* Of a list any element may be equal. */
static bool equal(const struct node *node, const struct value *a, const struct value *b)
{
	return node->list ? any_equal(a, b) : value_equal(a, b);
}

static struct value eval_compare(const struct node *node, const struct expr_env *env)
{
	struct value a = node_eval(node->kid[0], env), b = node_eval(node->kid[1], env);

	if (a.type == VALUE_NULL || b.type == VALUE_NULL || a.type != b.type)
		return unknown;
	if (a.type == VALUE_NUMBER)
		return truth(compare_numbers(node->op, a.number, b.number));
	return truth(equal(node->kid[0], &a, &b) == (node->op == OP_EQ));
}

static struct value eval_in(const struct node *node, const struct expr_env *env)
{
	struct value v = node_eval(node->kid[0], env);

	if (v.type == VALUE_NULL)
		return unknown;
	for (unsigned i = 1; i < node->kids; i++) {
		const struct node *kid = node->kid[i];
		struct value one;

		if (v.type == VALUE_ADDR && network_has(&kid->network, &v.addr))
			return truth(true);
		if (v.type == VALUE_ADDR)
			continue;
		one = node_eval(kid, env);
		if (equal(node->kid[0], &v, &one))
			return truth(true);
	}
	return truth(false);
}

static struct value eval_numbered(const struct node *node, const struct expr_env *env)
{
	const void *slot;
	uint16_t n;

	if (!env->event || !event_has(env->event, node->field))
		return unknown;
	slot = event_slot(env->event, node->field);
	if (field_table[node->field].type == TYPE_ROLES)
		return truth(*(const uint64_t *)slot & node->numbers[0]);
	n = *(const uint16_t *)slot;
	return truth(n < NODE_NUMBERS && (node->numbers[n / 64] >> (n % 64) & 1));
}

static struct value eval_negate(const struct node *node, const struct expr_env *env)
{
	struct value v = node_eval(node->kid[0], env);

	return v.type == VALUE_NUMBER ? number(-v.number) : unknown;
}

static struct value eval_arithmetic(const struct node *node, const struct expr_env *env)
{
	struct value a = node_eval(node->kid[0], env), b = node_eval(node->kid[1], env);

	if (a.type != VALUE_NUMBER || b.type != VALUE_NUMBER)
		return unknown;
	if (node->op == OP_ADD)
		return number(a.number + b.number);
	if (node->op == OP_SUBTRACT)
		return number(a.number - b.number);
	if (node->op == OP_MULTIPLY)
		return number(a.number * b.number);
	return b.number == 0 ? unknown : number(a.number / b.number);
}

static struct value eval_case(const struct node *node, const struct expr_env *env)
{
	for (unsigned i = 0; i + 2 < node->kids; i += 2) {
		struct value v = node_eval(node->kid[i], env);

		if (v.type == VALUE_BOOL && v.truth)
			return node_eval(node->kid[i + 1], env);
	}
	return node_eval(node->kid[node->kids - 1], env);
}

static struct value eval_known(const struct node *node, const struct expr_env *env)
{
	return truth(node_eval(node->kid[0], env).type != VALUE_NULL);
}

static struct value eval_zscore(const struct node *node, const struct expr_env *env)
{
	return env->zscore ? env->zscore(env->context, node->computed) : unknown;
}

static struct value eval_baseline(const struct node *node, const struct expr_env *env)
{
	return env->baseline ? env->baseline(env->context, node->computed) : unknown;
}

static struct value eval_severity(const struct node *node, const struct expr_env *env)
{
	return env->severity ? env->severity(env->context, node->ref) : unknown;
}

static struct value eval_common(const struct node *node, const struct expr_env *env)
{
	if (!env->common)
		return unknown;
	return env->common(env->context, node->refs, node->sets, (int)node->kids);
}

#define EARTH_RADIUS_KM 6371.0088 /* mean, IUGG */

/* Haversine: R. Sinnott, "Virtues of the Haversine", 1984. */
static struct value eval_distance(const struct node *node, const struct expr_env *env)
{
	double radians[4], u, v, h;

	for (unsigned i = 0; i < 4; i++) {
		struct value degrees = node_eval(node->kid[i], env);

		if (degrees.type != VALUE_NUMBER)
			return unknown;
		radians[i] = degrees.number * M_PI / 180;
	}
	u = sin((radians[2] - radians[0]) / 2);
	v = sin((radians[3] - radians[1]) / 2);
	h = u * u + cos(radians[0]) * cos(radians[2]) * v * v;
	return number(2 * EARTH_RADIUS_KM * asin(sqrt(fmin(1, h))));
}

#define RARE_HOSTS_SEEN 20 /* from so many on their number says what is rare */
#define RARE_PREVALENCE 5

/* Few of many hosts use it; or, where there are not many, it is new to what has learned. */
static struct value eval_rare(const struct node *node, const struct expr_env *env)
{
	const struct event *e = env->event;

	if (!e || !event_has(e, node->field))
		return unknown;
	if (event_has(e, FIELD_HOME_HOSTS_SEEN) && e->home_hosts_seen >= RARE_HOSTS_SEEN)
		return event_has(e, FIELD_DESTINATION_PREVALENCE)
			       ? truth(e->destination_prevalence < RARE_PREVALENCE)
			       : unknown;
	if (!event_has(e, FIELD_DESTINATION_NEW))
		return unknown;
	if (!e->destination_new)
		return truth(false);
	return event_has(e, FIELD_LEARN_PROGRESS) && e->learn_progress >= 1 ? truth(true) : unknown;
}

typedef struct value (*eval_function)(const struct node *node, const struct expr_env *env);

static const eval_function functions[NODE_KINDS] = {
	[NODE_LITERAL] = eval_literal,
	[NODE_WORD] = eval_literal,
	[NODE_FIELD] = eval_field,
	[NODE_COMPUTED] = eval_computed,
	[NODE_REMOTE] = eval_remote,
	[NODE_RULE] = eval_rule,
	[NODE_NOT] = eval_not,
	[NODE_AND] = eval_and,
	[NODE_OR] = eval_or,
	[NODE_COMPARE] = eval_compare,
	[NODE_IN] = eval_in,
	[NODE_NUMBERED] = eval_numbered,
	[NODE_NEGATE] = eval_negate,
	[NODE_ARITHMETIC] = eval_arithmetic,
	[NODE_CASE] = eval_case,
	[NODE_KNOWN] = eval_known,
	[NODE_ZSCORE] = eval_zscore,
	[NODE_BASELINE] = eval_baseline,
	[NODE_SEVERITY] = eval_severity,
	[NODE_COMMON] = eval_common,
	[NODE_PREVIOUS] = eval_previous,
	[NODE_DISTANCE] = eval_distance,
	[NODE_RARE] = eval_rare,
};

struct value node_eval(const struct node *node, const struct expr_env *env)
{
	return functions[node->kind](node, env);
}

struct value expr_eval(const struct expr *expr, const struct expr_env *env)
{
	return node_eval(expr->root, env);
}

int expr_truth(const struct expr *expr, const struct expr_env *env)
{
	struct value v = node_eval(expr->root, env);

	return v.type == VALUE_BOOL ? v.truth : -1;
}
