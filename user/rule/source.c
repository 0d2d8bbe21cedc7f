/* SPDX-License-Identifier: Apache-2.0 */
#include "base/nearest.h"
#include "rule/modifier.h"
#include "rule/words.h"

/* Logsources: which events a rule is about, and what names mean in them. */

#define ABSENT "" /* the rule does not say it */

/* Logsources of public rules, beside our own {category: network, service: …}. */
static const struct {
	const char *category, *product, *service; /* NULL: any */
	enum event_service is;
} public_sources[] = {
	{"network_connection", NULL, NULL, SERVICE_ATTEMPT},
	{"firewall", NULL, NULL, SERVICE_CONNECTION},
	{"dns", NULL, NULL, SERVICE_DNS},
	{"dns_query", NULL, NULL, SERVICE_DNS},
	{"proxy", NULL, NULL, SERVICE_HTTP},
	{"webserver", NULL, NULL, SERVICE_HTTP},
	{"process_creation", "linux", NULL, SERVICE_PROCESS},
	{"process_creation", ABSENT, NULL, SERVICE_PROCESS},
	{NULL, "zeek", "conn", SERVICE_CONNECTION},
	{NULL, "zeek", "dns", SERVICE_DNS},
	{NULL, "zeek", "http", SERVICE_HTTP},
	{NULL, "zeek", "ssl", SERVICE_TLS},
	{NULL, "zeek", "files", SERVICE_FILE},
	{NULL, "zeek", "smb_files", SERVICE_FILE},
	{NULL, NULL, "netflow", SERVICE_FLOW},
};

#define SOURCES (sizeof(public_sources) / sizeof(public_sources[0]))

/* Names that mean another field in events of this service than elsewhere, or mean one here only. */
static const struct {
	enum event_service service;
	const char *name;
	enum field is;
} own_names[] = {
	{SERVICE_HTTP, "version", FIELD_HTTP_VERSION},
	{SERVICE_HTTP, "mime_type", FIELD_HTTP_MIME_TYPE},
	{SERVICE_TLS, "version", FIELD_TLS_VERSION},
	{SERVICE_FILE, "path", FIELD_SMB_SHARE},
	{SERVICE_FILE, "name", FIELD_FILE_NAME},
};

/* This side opened the connection. */
static struct clause *initiated(struct load *load)
{
	struct clause *clause = test_new(load, TEST_REFERENCE, FIELD_SOURCE_IP);

	if (clause)
		clause->test.other = FIELD_LOCAL_IP;
	field_set_add(load->reads, FIELD_SOURCE_IP);
	field_set_add(load->reads, FIELD_LOCAL_IP);
	return clause;
}

static struct clause *is_v6(struct load *load, enum field field)
{
	static const struct network v4 = {{{[10] = 0xff, [11] = 0xff}}, 96};
	struct clause *both = clause_new(load, CLAUSE_AND, 2);
	struct clause *in_v4 = test_new(load, TEST_NETWORK, field);

	field_set_add(load->reads, field);
	if (!both || !in_v4)
		return NULL;
	in_v4->test.networks = &v4;
	in_v4->test.len = 1;
	both->kid[0] = test_new(load, TEST_EXISTS, field);
	both->kid[1] = clause_not(load, in_v4);
	return both->kid[0] && both->kid[1] ? both : NULL;
}

static struct clause *source_is_v6(struct load *load)
{
	return is_v6(load, FIELD_SOURCE_IP);
}

static struct clause *destination_is_v6(struct load *load)
{
	return is_v6(load, FIELD_DESTINATION_IP);
}

static const struct derived deriveds[] = {
	{"Initiated", initiated},
	{"SourceIsIpv6", source_is_v6},
	{"DestinationIsIpv6", destination_is_v6},
};

const struct derived *derived_find(const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof(deriveds) / sizeof(deriveds[0]); i++)
		if (strlen(deriveds[i].name) == length && !memcmp(deriveds[i].name, name, length))
			return &deriveds[i];
	return NULL;
}

struct clause *derived_clause(struct load *load, const struct derived *derived, bool truth)
{
	struct clause *clause = derived->clause(load);

	return truth ? clause : clause_not(load, clause);
}

enum field source_field(uint32_t services, const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof(own_names) / sizeof(own_names[0]); i++)
		if (services == 1u << own_names[i].service && strlen(own_names[i].name) == length &&
		    !memcmp(own_names[i].name, name, length))
			return own_names[i].is;
	return field_find(name, length);
}

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
	load->foreign++;
	return load_fault(load, service, "unknown service '%s': the nearest is '%s'",
			  item_text(service),
			  nearest_word(item_text(service), item_length(service), names));
}

/* The nearest category or service of the table, if it is near enough to be what was meant. */
static const char *source_nearest(struct item category, struct item word)
{
	struct nearest nearest = {.wrong = item_text(word)};

	nearest_offer(&nearest, "network");
	for (size_t i = 0; i < SOURCES; i++) {
		const char *name =
			category.node ? public_sources[i].category : public_sources[i].service;

		if (name)
			nearest_offer(&nearest, name);
	}
	return nearest_likely(&nearest);
}

static bool source_unknown(struct load *load, struct item map, struct item category,
			   struct item product, struct item service)
{
	struct item word = category.node ? category : service.node ? service : product;
	bool of = product.node && word.node != product.node;
	const char *kind = category.node ? "category" : service.node ? "service" : "product";
	const char *nearest = source_nearest(category, word);

	load->foreign++;
	if (nearest && word_is(item_text(word), item_length(word), nearest))
		return load_fault(load, map,
				  "weir has no '%s' events of product '%s': 'linux' would be right",
				  item_text(word), item_text(product));
	if (nearest)
		return load_fault(load, map, "weir has no events of %s '%s': the nearest is '%s'",
				  kind, item_text(word), nearest);
	return load_fault(load, map,
			  "weir has no events of %s '%s'%s%s: 'category: network' and a service, "
			  "or a logsource that docs/rules.md lists, would be right",
			  kind, item_text(word), of ? " of " : "", of ? item_text(product) : "");
}

bool logsource_read(struct load *load, struct item map, uint32_t *services)
{
	struct item category, product, service;
	int own;

	if (!keys_read(load, map, "logsource", logsource_keys, NULL))
		return false;
	category = item_get(map, "category");
	product = item_get(map, "product");
	service = item_get(map, "service");
	for (size_t i = 0; i < SOURCES; i++)
		if (part_is(public_sources[i].category, category) &&
		    part_is(public_sources[i].product, product) &&
		    part_is(public_sources[i].service, service)) {
			*services = 1u << public_sources[i].is;
			return true;
		}
	if (!part_is("network", category))
		return source_unknown(load, map, category, product, service);
	if (!service.node)
		return load_fault(load, map,
				  "logsource has no 'service': attempt, connection or "
				  "flow would be right");
	own = service_find(item_text(service), item_length(service));
	if (own < 0)
		return service_unknown(load, service);
	*services = 1u << own;
	return true;
}
