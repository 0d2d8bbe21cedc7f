/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/modifier.h"
#include "rule/words.h"

/* Base rules: logsource and detection. */

#define SELECTIONS_MAX	     256
#define RULE_SINGLE_SUPPRESS WEIR_HOUR

/* Logsources of public rules, beside our own {category: network, service: …}. */
static const struct {
	const char *category, *product, *service; /* NULL: any */
	enum event_service is;
} public_sources[] = {
	{"firewall", NULL, NULL, SERVICE_CONNECTION},
	{"network_connection", NULL, NULL, SERVICE_ATTEMPT},
	{NULL, "zeek", "conn", SERVICE_CONNECTION},
	{NULL, "zeek", "dns", SERVICE_DNS},
	{NULL, "zeek", "http", SERVICE_HTTP},
	{NULL, "zeek", "ssl", SERVICE_TLS},
	{NULL, "zeek", "files", SERVICE_FILE},
	{"dns", NULL, NULL, SERVICE_DNS},
	{"dns_query", NULL, NULL, SERVICE_DNS},
	{"proxy", NULL, NULL, SERVICE_HTTP},
	{"webserver", NULL, NULL, SERVICE_HTTP},
	{"process_creation", NULL, NULL, SERVICE_PROCESS},
};

static const struct key logsource_keys[] = {
	{"category", NULL, false},   {"product", NULL, false}, {"service", NULL, false},
	{"definition", NULL, false}, {NULL, NULL, false},
};

static bool part_is(const char *wanted, struct item part)
{
	return !wanted || word_is(item_text(part), item_length(part), wanted);
}

static bool service_unknown(struct load *load, struct item service)
{
	const char *names[SERVICE_COUNT + 1] = {NULL};

	for (int i = 0; i < SERVICE_COUNT; i++)
		names[i] = service_name((enum event_service)i);
	return load_fault(load, service, "unknown service '%s': the nearest is '%s'",
			  item_text(service),
			  nearest_word(item_text(service), item_length(service), names));
}

static bool logsource_read(struct load *load, struct draft *draft)
{
	struct item map = draft->logsource, category, product, service;
	int own;

	if (!keys_read(load, map, "logsource", logsource_keys, NULL))
		return false;
	category = item_get(map, "category");
	product = item_get(map, "product");
	service = item_get(map, "service");
	for (size_t i = 0; i < sizeof(public_sources) / sizeof(public_sources[0]); i++)
		if (part_is(public_sources[i].category, category) &&
		    part_is(public_sources[i].product, product) &&
		    part_is(public_sources[i].service, service)) {
			draft->rule.services = 1u << public_sources[i].is;
			return true;
		}
	if (!part_is("network", category))
		return load_fault(load, map,
				  "no events of category '%s': 'category: network' and "
				  "a service would be right",
				  item_text(category));
	if (!service.node)
		return load_fault(load, map,
				  "logsource has no 'service': attempt, connection or "
				  "flow would be right");
	own = service_find(item_text(service), item_length(service));
	if (own < 0)
		return service_unknown(load, service);
	draft->rule.services = 1u << own;
	return true;
}

static bool line_twice(struct load *load, struct item map, unsigned at)
{
	for (unsigned i = 0; i < at; i++)
		if (!strcmp(item_text(item_key(map, i)), item_text(item_key(map, at)))) {
			load_fault(load, item_key(map, at),
				   "'%s' stands twice in the selection: a list of values would be "
				   "right",
				   item_text(item_key(map, at)));
			return true;
		}
	return false;
}

/* A map: every line must be met. */
static struct clause *map_clause(struct load *load, struct item map)
{
	struct clause *clause;
	struct selector selector;

	if (!item_len(map)) {
		load_fault(load, map, "an empty selection: 'field: value' would be right");
		return NULL;
	}
	clause = clause_new(load, CLAUSE_AND, (unsigned)item_len(map));
	if (!clause)
		return NULL;
	for (unsigned i = 0; i < clause->kids; i++) {
		if (line_twice(load, map, i) || !selector_read(load, item_key(map, i), &selector))
			return NULL;
		clause->kid[i] = selector_clause(load, &selector, item_value(map, i));
		if (!clause->kid[i])
			return NULL;
	}
	return clause;
}

static struct clause *selection_clause(struct load *load, struct item item)
{
	struct clause *clause;

	if (item_is_map(item))
		return map_clause(load, item);
	if (!item_is_list(item) || !item_len(item)) {
		load_fault(load, item, "a selection is a map of fields or a list of such maps");
		return NULL;
	}
	clause = clause_new(load, CLAUSE_OR, (unsigned)item_len(item));
	for (unsigned i = 0; clause && i < clause->kids; i++) {
		struct item one = item_at(item, i);

		if (!item_is_map(one)) {
			load_fault(load, one,
				   "keywords are not in this release: 'field: value' "
				   "would be right");
			return NULL;
		}
		clause->kid[i] = map_clause(load, one);
		if (!clause->kid[i])
			return NULL;
	}
	return clause;
}

static bool selections_read(struct load *load, struct item map, struct selection *selections,
			    unsigned *len)
{
	for (size_t i = 0; i < item_len(map); i++) {
		struct item key = item_key(map, i);
		const char *name = item_text(key);

		if (!strcmp(name, "condition"))
			continue;
		if (!strcmp(name, "timeframe"))
			return load_fault(load, key,
					  "'timeframe' is of old Sigma: a correlation "
					  "with a timespan would be right");
		if (*len == SELECTIONS_MAX)
			return load_fault(load, key, "more than %d selections: split the rule",
					  SELECTIONS_MAX);
		for (unsigned j = 0; j < *len; j++)
			if (!strcmp(selections[j].name, name))
				return load_fault(load, key,
						  "'%s' stands twice in detection: once "
						  "would be right",
						  name);
		selections[*len].name = name;
		selections[*len].item = key;
		selections[*len].clause = selection_clause(load, item_value(map, i));
		if (!selections[*len].clause)
			return false;
		(*len)++;
	}
	return true;
}

static bool detection_read(struct load *load, struct draft *draft)
{
	struct selection selections[SELECTIONS_MAX] = {0};
	struct item condition = item_get(draft->detection, "condition");
	struct clause *clause;
	unsigned len = 0;

	if (!item_is_map(draft->detection))
		return load_fault(load, draft->detection, "detection is no map");
	if (!condition.node)
		return load_fault(load, draft->detection, "detection has no 'condition'");
	if (!selections_read(load, draft->detection, selections, &len))
		return false;
	clause = condition_read(load, condition, selections, len);
	if (!clause)
		return false;
	for (unsigned i = 0; i < len; i++)
		if (!selections[i].used)
			fault_add(load->faults, item_place(selections[i].item), false,
				  "selection '%s' is not used: the condition does not name it",
				  selections[i].name);
	draft->rule.match = predicate_compile(clause, load->arena);
	return draft->rule.match ||
	       load_fault(load, condition, "more than 65,000 tests: split the rule");
}

static bool base_suppress(struct load *load, struct item value, void *into)
{
	return read_duration(load, value, &((struct draft *)into)->rule.single.suppress);
}

static bool base_summary(struct load *load, struct item value, void *into)
{
	(void)load;
	((struct draft *)into)->summary = value;
	return true;
}

static bool base_raise(struct load *load, struct item value, void *into)
{
	return raise_read(load, value, into);
}

static bool base_actions(struct load *load, struct item value, void *into)
{
	return read_texts(load, value, &((struct draft *)into)->rule.actions);
}

static const struct key weir_keys[] = {
	{"suppress", base_suppress, false},
	{"summary", base_summary, false},
	{"raise", base_raise, false},
	{"actions", base_actions, false},
	{NULL, NULL, false},
};

bool base_read(struct load *load, struct draft *draft)
{
	draft->rule.single.suppress = RULE_SINGLE_SUPPRESS;
	return logsource_read(load, draft) && detection_read(load, draft) &&
	       (!draft->weir.node || keys_read(load, draft->weir, "weir", weir_keys, draft)) &&
	       summary_read(load, draft);
}
