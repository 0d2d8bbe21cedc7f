/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/parse.h"
#include "rule/rule.h"
#include "rule/words.h"

/* Functions: how what stands in their brackets is read, and what it must be. */

static enum field field_taken(struct parse *p, const char *expected)
{
	const struct token *t = &p->lex.token;
	enum field field = t->kind == TOKEN_WORD ? field_find(t->at, t->length) : FIELD_NONE;

	if (field == FIELD_NONE)
		parse_wrong(p, expected);
	else
		lex_next(&p->lex);
	return field;
}

static struct node *parse_values(struct parse *p, struct node *node)
{
	struct parse_kids kids = {.len = 0};

	if (!parse_list(p, &kids, parse_expression))
		return NULL;
	return parse_take_kids(p, node, kids.at, kids.len);
}

/* common(field, rule.set, rule.set, …): the field is named only, so it is read here. */
static struct node *parse_common(struct parse *p, struct node *node)
{
	node->field = field_taken(p, "the field that the sets hold");
	if (node->field == FIELD_NONE || !parse_expect(p, ",", "','"))
		return NULL;
	return parse_values(p, node);
}

static bool previous(struct parse *p, struct node *node, enum field field)
{
	const struct expr_scope *scope = p->c->scope;

	if (!scope->previous)
		return expr_reject(p->c, node,
				   "prev() has no meaning here: it belongs into a 'where' over "
				   "the events of a window rule");
	parse_field(p, node, field);
	node->kind = NODE_PREVIOUS;
	node->computed = scope->previous(scope->context, field);
	return node->computed >= 0 ||
	       expr_reject(p->c, node, "prev() of more than %d fields: split the rule",
			   RULE_FIELDS_MAX);
}

static struct node *parse_previous(struct parse *p, struct node *node)
{
	enum field field = field_taken(p, "a field's name");

	if (field == FIELD_NONE || !previous(p, node, field))
		return NULL;
	return parse_expect(p, ")", "')'") ? node : NULL;
}

/* Half of a place: a field of its own, though none of that name was written. */
static struct node *coordinate(struct parse *p, const struct token *name, const char *end,
			       bool before)
{
	char *full = arena_format(p->c->arena, "%.*s.%s", (int)name->length, name->at, end);
	enum field field = full ? field_find(full, strlen(full)) : FIELD_NONE;
	struct node *node = parse_node(p, NODE_FIELD);

	if (!node)
		return NULL;
	if (field == FIELD_NONE)
		return parse_wrong(p, "source.geo.location, destination.geo.location or prev() "
				      "of one");
	if (before)
		return previous(p, node, field) ? node : NULL;
	parse_field(p, node, field);
	return node;
}

static bool place(struct parse *p, struct parse_kids *kids)
{
	bool before = token_is(&p->lex.token, "prev");
	struct token name;

	if (before) {
		lex_next(&p->lex);
		if (!parse_expect(p, "(", "'('"))
			return false;
	}
	name = p->lex.token;
	if (!parse_kid(p, kids, coordinate(p, &name, "lat", before)) ||
	    !parse_kid(p, kids, coordinate(p, &name, "lon", before)))
		return false;
	lex_next(&p->lex);
	return !before || parse_expect(p, ")", "')'");
}

static struct node *parse_distance(struct parse *p, struct node *node)
{
	struct parse_kids kids = {.len = 0};

	if (!p->c->scope->fields) {
		expr_reject(p->c, node,
			    "geo_km() has no meaning here: it belongs into a 'where' over events");
		return NULL;
	}
	if (!place(p, &kids) || !parse_expect(p, ",", "','") || !place(p, &kids) ||
	    !parse_expect(p, ")", "')'"))
		return NULL;
	return parse_take_kids(p, node, kids.at, kids.len);
}

static struct node *parse_rare(struct parse *p, struct node *node)
{
	static const enum field may[] = {
		FIELD_DESTINATION_IP,
		FIELD_DESTINATION_DOMAIN,
		FIELD_DESTINATION_REGISTERED_DOMAIN,
		FIELD_DESTINATION_AS_NUMBER,
	};
	static const enum field also[] = {FIELD_DESTINATION_NEW, FIELD_DESTINATION_PREVALENCE,
					  FIELD_HOME_HOSTS_SEEN, FIELD_LEARN_PROGRESS};
	const struct expr_scope *scope = p->c->scope;
	const struct token *t = &p->lex.token;
	enum field field = t->kind == TOKEN_WORD ? field_find(t->at, t->length) : FIELD_NONE;
	size_t i = 0;

	if (!scope->fields) {
		expr_reject(p->c, node,
			    "rare() has no meaning here: it belongs into a 'where' over events");
		return NULL;
	}
	while (i < sizeof(may) / sizeof(may[0]) && may[i] != field)
		i++;
	if (i == sizeof(may) / sizeof(may[0]))
		return parse_wrong(p, "destination.ip, destination.domain, "
				      "destination.registered_domain or destination.as.number");
	lex_next(&p->lex);
	parse_field(p, node, field);
	node->kind = NODE_RARE;
	node->type = VALUE_BOOL;
	node->unit = UNIT_NONE;
	for (i = 0; scope->reads && i < sizeof(also) / sizeof(also[0]); i++)
		field_set_add(scope->reads, also[i]);
	return parse_expect(p, ")", "')'") ? node : NULL;
}

static struct node *parse_later(struct parse *p, struct node *node)
{
	expr_reject(p->c, node,
		    "anomaly() and markov() are not in this release: zscore(), beacon() and rare() "
		    "are");
	return NULL;
}

static const struct {
	const char *name;
	enum node_kind kind;
	struct node *(*read)(struct parse *p, struct node *node);
} functions[] = {
	{"known", NODE_KNOWN, parse_values},	   {"zscore", NODE_ZSCORE, parse_values},
	{"baseline", NODE_BASELINE, parse_values}, {"severity", NODE_SEVERITY, parse_values},
	{"common", NODE_COMMON, parse_common},	   {"cidr", NODE_IN, parse_values},
	{"prev", NODE_PREVIOUS, parse_previous},   {"geo_km", NODE_DISTANCE, parse_distance},
	{"rare", NODE_RARE, parse_rare},	   {"anomaly", NODE_KINDS, parse_later},
	{"markov", NODE_KINDS, parse_later},
};

#define FUNCTIONS (sizeof(functions) / sizeof(functions[0]))

struct node *parse_call(struct parse *p, const struct token *name, struct node *node)
{
	const char *names[FUNCTIONS + 1] = {NULL};
	size_t i = 0;

	while (i < FUNCTIONS && !word_is(name->at, name->length, functions[i].name)) {
		names[i] = functions[i].name;
		i++;
	}
	if (i == FUNCTIONS) {
		expr_reject(p->c, node, "unknown function '%.*s': the nearest is '%s'",
			    (int)name->length, name->at,
			    nearest_word(name->at, name->length, names));
		return NULL;
	}
	node->kind = functions[i].kind;
	node = functions[i].read(p, node);
	if (node)
		node->to = p->lex.token.offset;
	return node;
}

bool expr_is_function(const char *name, size_t length)
{
	for (size_t i = 0; i < FUNCTIONS; i++)
		if (word_is(name, length, functions[i].name))
			return true;
	return false;
}

static bool check_history(struct compile *c, struct node *node, const char *name)
{
	if (node->kids != 1 || node->kid[0]->kind != NODE_COMPUTED || node->kid[0]->set ||
	    node->kid[0]->type != VALUE_NUMBER)
		return expr_reject(c, node, "%s() takes one computed number: %s(sent)", name, name);
	if (!c->scope->baseline)
		return expr_reject(c, node,
				   "%s() has no meaning here: it belongs into having, severity "
				   "or confidence of a window rule",
				   name);
	node->computed = node->kid[0]->computed;
	node->type = VALUE_NUMBER;
	node->unit = node->kind == NODE_BASELINE ? node->kid[0]->unit : UNIT_NONE;
	return true;
}

static bool check_severity(struct compile *c, struct node *node)
{
	if (node->kids != 1 || node->kid[0]->kind != NODE_RULE || c->scope->fields)
		return expr_reject(c, node,
				   "severity() takes the name of a rule that this one refers "
				   "to: severity(port_scan) >= high");
	node->ref = node->kid[0]->ref;
	node->type = VALUE_NUMBER;
	node->level = true;
	return true;
}

static bool check_common(struct compile *c, struct node *node)
{
	node->refs = compile_alloc(c, sizeof(int) * node->kids);
	node->sets = compile_alloc(c, sizeof(int) * node->kids);
	if (!node->refs || !node->sets)
		return false;
	for (unsigned i = 0; i < node->kids; i++) {
		const struct node *kid = node->kid[i];

		if (kid->kind == NODE_WORD)
			return expr_reject_word(c, kid);
		if (kid->kind != NODE_REMOTE || !kid->set)
			return expr_reject(c, kid,
					   "common() takes sets that rules compute by values(): "
					   "common(destination.ip, a.targets, b.targets)");
		node->refs[i] = kid->ref;
		node->sets[i] = kid->computed;
	}
	if (node->kids < 2)
		return expr_reject(c, node, "common() needs two sets or more");
	node->type = VALUE_NUMBER;
	return true;
}

static bool check_known(struct compile *c, struct node *node)
{
	if (node->kids != 1)
		return expr_reject(c, node, "known() takes one name: known(failed)");
	node->type = VALUE_BOOL;
	return true;
}

bool expr_check_call(struct compile *c, struct node *node)
{
	if (node->kind == NODE_KNOWN)
		return check_known(c, node);
	if (node->kind == NODE_ZSCORE)
		return check_history(c, node, "zscore");
	if (node->kind == NODE_BASELINE)
		return check_history(c, node, "baseline");
	if (node->kind == NODE_SEVERITY)
		return check_severity(c, node);
	if (node->kind == NODE_COMMON)
		return check_common(c, node);
	if (node->kind == NODE_DISTANCE)
		node->type = VALUE_NUMBER;
	return true; /* the others were checked while they were read */
}
