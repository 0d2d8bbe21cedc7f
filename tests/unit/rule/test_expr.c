/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rule/rule.h"

/* What the names of these tests' expressions mean. */
static const struct rule_aggregate computed[] = {
	{.name = "sent", .type = VALUE_NUMBER, .unit = UNIT_BYTES},
	{.name = "received", .type = VALUE_NUMBER, .unit = UNIT_BYTES},
	{.name = "ports", .type = VALUE_NUMBER, .unit = UNIT_PORTS},
	{.name = "spread", .type = VALUE_NUMBER},
	{.name = "took", .type = VALUE_NUMBER, .unit = UNIT_DURATION},
	{.name = "began", .type = VALUE_NUMBER, .unit = UNIT_TIME},
	{.name = "targets", .kind = AGGREGATE_VALUES, .type = VALUE_NUMBER, .unit = UNIT_SET},
	{.name = "who", .kind = AGGREGATE_FIRST, .type = VALUE_TEXT},
};

#define COMPUTED (sizeof(computed) / sizeof(computed[0]))

/* "spread" is no count: it may shrink. */
static const bool grows[COMPUTED] = {true, true, true, false, true, true, true, false};

static int find_computed(void *context, const char *name, size_t length,
			 const struct rule_aggregate **aggregate)
{
	(void)context;
	for (size_t i = 0; i < COMPUTED; i++)
		if (strlen(computed[i].name) == length && !memcmp(computed[i].name, name, length)) {
			*aggregate = &computed[i];
			return (int)i;
		}
	return -1;
}

static int find_rule(void *context, const char *name, size_t length)
{
	(void)context;
	if (length != 6 || memcmp(name, "rule_", 5) || name[5] < 'a' || name[5] > 'c')
		return -1;
	return name[5] - 'a';
}

static int find_remote(void *context, const char *rule, size_t rule_length, const char *name,
		       size_t name_length, int *ref, const struct rule_aggregate **aggregate)
{
	static const struct rule_aggregate set = {
		.kind = AGGREGATE_VALUES, .type = VALUE_NUMBER, .unit = UNIT_SET};
	static const struct rule_aggregate count = {
		.kind = AGGREGATE_COUNT, .type = VALUE_NUMBER, .unit = UNIT_EVENTS};

	*ref = find_rule(context, rule, rule_length);
	if (*ref < 0)
		return -1;
	if (name_length == 3 && !memcmp(name, "set", 3)) {
		*aggregate = &set;
		return 1;
	}
	*aggregate = &count;
	return name_length == 5 && !memcmp(name, "count", 5) ? 0 : -1;
}

static const char *const names[] = {"sent", "received", "ports", "spread", "took", NULL};
static const struct expr_scope having = {
	.computed = find_computed, .baseline = true, .names = names};

static int find_previous(void *context, enum field field)
{
	static const enum field kept[] = {FIELD_SOURCE_PORT, FIELD_SOURCE_GEO_LAT,
					  FIELD_SOURCE_GEO_LON, FIELD_EVENT_START};

	(void)context;
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (kept[i] == field)
			return (int)i;
	return -1;
}

static const struct expr_scope where = {
	.fields = true, .rule = find_rule, .previous = find_previous, .names = names};
static const struct expr_scope temporal = {
	.rule = find_rule, .remote = find_remote, .names = names};

struct world {
	struct arena arena;
	struct faults faults;
	struct value values[COMPUTED], previous[4];
	struct event event;
	int8_t rules[3];
	struct expr_env env;
};

static struct value number(double n)
{
	return (struct value){.type = VALUE_NUMBER, .number = n};
}

static struct value score(void *context, int at)
{
	(void)context;
	return at == 0 ? number(3.5) : (struct value){.type = VALUE_NULL};
}

static struct value severity_of(void *context, int ref)
{
	(void)context;
	return ref == 2 ? (struct value){.type = VALUE_NULL} : number(SEVERITY_HIGH + ref);
}

static struct value remote_of(void *context, int ref, int at)
{
	(void)context;
	return number(ref * 10 + at);
}

static struct value common_of(void *context, const int *refs, const int *sets, int len)
{
	(void)context;
	for (int i = 0; i < len; i++)
		if (sets[i] != 1)
			return number(-1);
	return number(refs[0] + len);
}

static int setup(void **state)
{
	struct world *w = test_calloc(1, sizeof(*w));

	w->values[0] = number(1000000); /* sent: 1 MB */
	w->values[1] = number(50000);	/* received */
	w->values[2] = number(25);	/* ports */
	w->values[4] = number(90e9);	/* took; spread is null */
	w->env = (struct expr_env){.event = &w->event,
				   .previous = w->previous,
				   .computed = w->values,
				   .rules = w->rules,
				   .zscore = score,
				   .baseline = score,
				   .severity = severity_of,
				   .remote = remote_of,
				   .common = common_of};
	w->event.time = 3000 * WEIR_SEC;
	w->previous[0] = number(1024);
	w->previous[1] = number(52.52); /* Berlin */
	w->previous[2] = number(13.405);
	w->previous[3] = number(0);
	event_set(&w->event, SOURCE_GEO_LAT, source_geo_lat, 40.7128); /* New York */
	event_set(&w->event, SOURCE_GEO_LON, source_geo_lon, -74.006);
	event_set(&w->event, DNS_ANSWERS, dns_answers, ((struct text){"1.2.3.4\0Example.ORG", 19}));
	event_set(&w->event, DESTINATION_IP, destination_ip, addr_from_v4(0x08080808));
	event_set(&w->event, DESTINATION_PORT, destination_port, 22);
	event_set(&w->event, NETWORK_STATE, network_state, STATE_REJECTED);
	event_set(&w->event, NETWORK_TRANSPORT, network_transport, 6);
	event_set(&w->event, SOURCE_IP, source_ip, addr_from_v4(0x0500000a)); /* 10.0.0.5 */
	event_set(&w->event, DESTINATION_ANSWERED, destination_answered, true);
	event_set(&w->event, INTERFACE_NAME, interface_name, ((struct text){"Eth0", 4}));
	w->rules[0] = 1;
	w->rules[2] = -1;
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	arena_free(&w->arena);
	faults_free(&w->faults);
	test_free(w);
	return 0;
}

static const struct expr *compile(struct world *w, const char *text, const struct expr_scope *scope)
{
	return expr_compile(text, (struct place){"t.yml", 3, 10}, scope, &w->arena, &w->faults);
}

static int truth(struct world *w, const char *text, const struct expr_scope *scope)
{
	const struct expr *expr = compile(w, text, scope);

	if (!expr)
		print_error("%s: %s\n", text,
			    w->faults.list.len ? w->faults.list.at[0].text : "no fault");
	assert_non_null(expr);
	return expr_truth(expr, &w->env);
}

static void truths(void **state)
{
	static const struct {
		const char *text;
		const struct expr_scope *scope;
		int is;
	} table[] = {
		/* precedence: not, * /, + -, comparison, and, or */
		{"1 + 2 * 3 = 7", &having, 1},
		{"(1 + 2) * 3 = 9", &having, 1},
		{"10 - 4 - 3 = 3", &having, 1},
		{"8 / 4 / 2 = 1", &having, 1},
		{"-2 * -3 = 6", &having, 1},
		{"1 = 2 and 1 = 1 or 1 = 1", &having, 1},
		{"1 = 1 or 1 = 1 and 1 = 2", &having, 1},
		{"not 1 = 2 and 1 = 1", &having, 1},
		{"not (1 = 1 or 1 = 2)", &having, 0},
		{"1e+3 = 1000 and 1E3 = 1e3", &having, 1},
		/* comparisons and literals */
		{"ports > 25", &having, 0},
		{"ports >= 25 and ports <= 25 and ports == 25 and ports != 24", &having, 1},
		{"ports <> 25", &having, 0},
		{"20 < ports", &having, 1},
		{"sent > 999KB and sent < 1.1MB and sent = 0.001GB", &having, 1},
		{"sent > 10 * received", &having, 1},
		{"took = 1m30s and took > 89999ms", &having, 1},
		{"sent = 1000000", &having, 1},
		{"ports in (22, 25)", &having, 1},
		{"ports not in (22, 25)", &having, 0},
		/* null: unknown goes through, and two-valued ends win */
		{"spread > 1", &having, -1},
		{"not spread > 1", &having, -1},
		{"spread > 1 or ports > 20", &having, 1},
		{"spread > 1 or ports > 30", &having, -1},
		{"spread > 1 and ports > 30", &having, 0},
		{"spread > 1 and ports > 20", &having, -1},
		{"known(spread)", &having, 0},
		{"not known(spread) or spread > 20", &having, 1},
		{"ports / 0 > 1", &having, -1},
		{"known(ports / (ports - ports))", &having, 0},
		{"spread + 1 > 0", &having, -1},
		{"spread in (1, 2)", &having, -1},
		/* case */
		{"case when ports > 20 then 2 else 1 end = 2", &having, 1},
		{"case when spread > 0 then 2 when ports > 0 then 3 end = 3", &having, 1},
		{"known(case when ports > 90 then 2 end)", &having, 0},
		/* history */
		{"zscore(sent) > 3", &having, 1},
		{"zscore(ports) > 3", &having, -1},
		/* events */
		{"network.state in (rejected, unanswered)", &where, 1},
		{"network.state not in (rejected, unanswered)", &where, 0},
		{"network.state = Rejected", &where, 1},
		{"rejected = network.state", &where, 1},
		{"network.state != established", &where, 1},
		{"network.transport = tcp and destination.port in (22, 445)", &where, 1},
		{"network.direction = inbound", &where, -1},
		{"network.direction != inbound", &where, -1},
		{"cidr(source.ip, 10.0.0.0/8, fc00::/7)", &where, 1},
		{"source.ip in (192.168.0.0/16, 10.0.0.5)", &where, 1},
		{"source.ip = 10.0.0.5", &where, 1},
		{"source.ip = '10.0.0.6'", &where, 0},
		{"destination.ip = 10.0.0.5", &where, 0},
		{"local.ip = 10.0.0.5", &where, -1},
		{"destination.answered", &where, 1},
		{"destination.answered = false", &where, 0},
		{"observer.ingress.interface.name = 'eth0'", &where, 1},
		{"observer.ingress.interface.name in ('lo', \"eth0\")", &where, 1},
		{"rule_a", &where, 1},
		{"rule_b", &where, 0},
		{"rule_a and not rule_b", &where, 1},
		{"source.role = nobody", &where, -1},
		/* of a list any element */
		{"dns.answers in ('x', 'example.org')", &where, 1},
		{"dns.answers not in ('x', 'example')", &where, 1},
		{"dns.answers = '1.2.3.4'", &where, 1},
		{"'example.org' = dns.answers", &where, 1},
		{"dns.answers != 'example.org'", &where, 0},
		{"channel.unusual in ('unnamed')", &where, -1},
		/* numbers that are none never leave arithmetic */
		{"known(1e308 * 10)", &having, 0},
		{"known(-1e308 - 1e308)", &having, 0},
		{"known(1e308 * 10 - 1e308 * 10)", &having, 0},
		{"1e308 * 10 > 1 or ports > 1", &having, 1},
		/* the key's event before */
		{"prev(source.port) = 1024", &where, 1},
		{"prev(source.port) < destination.port", &where, 0},
		{"event.start - prev(event.start) = 50m", &where, 1},
		{"geo_km(prev(source.geo.location), source.geo.location) > 6384", &where, 1},
		{"geo_km(prev(source.geo.location), source.geo.location) < 6386", &where, 1},
		{"geo_km(source.geo.location, source.geo.location) = 0", &where, 1},
		{"geo_km(source.geo.location, destination.geo.location) > 1", &where, -1},
		{"rare(destination.ip)", &where, -1},
		{"rare(destination.domain)", &where, -1},
		/* other rules */
		{"rule_a or rule_c", &temporal, 1},
		{"rule_a and rule_c", &temporal, -1},
		{"severity(rule_a) >= high", &temporal, 1},
		{"severity(rule_a) > HIGH", &temporal, 0},
		{"high < severity(rule_b)", &temporal, 1},
		{"severity(rule_c) >= low", &temporal, -1},
		{"rule_b.count = 10", &temporal, 1},
		{"common(destination.ip, rule_a.set, rule_b.set) = 2", &temporal, 1},
		{"common(destination.ip, rule_b.set, rule_a.set, rule_c.set) >= 1", &temporal, 1},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		int is;

		is = truth(*state, table[i].text, table[i].scope);
		if (is != table[i].is)
			print_error("%s: %d\n", table[i].text, is);
		assert_int_equal(is, table[i].is);
	}
}

/* docs/rules.md, rare. */
static void few_of_many_hosts_or_new_is_rare(void **state)
{
	static const struct {
		int hosts, prevalence, is_new; /* -1: not known */
		double progress;
		int is;
	} table[] = {
		{20, 4, -1, -1, 1}, {20, 5, 1, 1, 0},  {19, 1, 1, 1, 1},  {1, 1, 0, 1, 0},
		{1, 1, 1, 0.5, -1}, {1, 1, 1, -1, -1}, {-1, -1, 1, 1, 1}, {-1, -1, -1, 1, -1},
		{20, -1, 1, 1, -1}, {1, 1, 0, 0.5, 0},
	};
	struct world *w = *state;
	const struct expr *rare = compile(w, "rare(destination.ip)", &where);

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct event e = {.time = 1};
		struct expr_env env = {.event = &e};

		event_set(&e, DESTINATION_IP, destination_ip, addr_from_v4(0x08080808));
		if (table[i].hosts >= 0)
			event_set(&e, HOME_HOSTS_SEEN, home_hosts_seen, (uint64_t)table[i].hosts);
		if (table[i].prevalence >= 0)
			event_set(&e, DESTINATION_PREVALENCE, destination_prevalence,
				  (uint64_t)table[i].prevalence);
		if (table[i].is_new >= 0)
			event_set(&e, DESTINATION_NEW, destination_new, table[i].is_new);
		if (table[i].progress >= 0)
			event_set(&e, LEARN_PROGRESS, learn_progress, table[i].progress);
		assert_int_equal(expr_truth(rare, &env), table[i].is);
	}
}

static void faults_have_their_place_and_words(void **state)
{
	static const struct {
		const char *text;
		const struct expr_scope *scope;
		unsigned column; /* of the text, from 1 */
		const char *words;
	} table[] = {
		{"port > 3", &having, 1, "unknown name 'port': the nearest is 'ports'"},
		{"ports > 3 and snet > 1", &having, 15,
		 "unknown name 'snet': the nearest is 'sent'"},
		{"sent > 5m", &having, 1,
		 "bytes cannot be compared with a duration: write a duration as 90s, 5m or 1h"},
		{"took > 5", &having, 1,
		 "a duration cannot be compared with a number: write a duration as 90s, 5m or 1h"},
		{"sent + took > 1", &having, 1,
		 "bytes cannot be added to a duration: write a duration as 90s, 5m or 1h"},
		{"sent > ports", &having, 1,
		 "bytes cannot be compared with a number: both sides need the same unit"},
		{"sent > 'much'", &having, 1, "bytes cannot be compared with text"},
		{"'a' + 1 > 2", &having, 1, "text is no number: arithmetic needs numbers"},
		{"ports and sent > 1", &having, 1,
		 "'ports' is a number: a comparison such as 'x > 3' would be right"},
		{"ports >", &having, 8,
		 "the expression ends too early: a name, a number or '(' is missing"},
		{"(ports > 3", &having, 11, "the expression ends too early: ')' is missing"},
		{"ports > 3 ports", &having, 11,
		 "unexpected 'ports': the expression's end or 'and' would be right"},
		{"ports > 3x", &having, 9,
		 "unexpected '3x': a name, a number or '(' would be right"},
		{"ports > 'x", &having, 9, "the text has no closing quote"},
		{"zscor(sent) > 3", &having, 1,
		 "unknown function 'zscor': the nearest is 'zscore'"},
		{"zscore(sent + 1) > 3", &having, 1,
		 "zscore() takes one computed number: zscore(sent)"},
		{"ports = null", &having, 1, "nothing equals null: known(…) tests for it"},
		{"targets > 3", &having, 1,
		 "a set of values has no order or number: distinct() counts it, common() compares "
		 "it"},
		{"case when ports > 1 then 1 else 'a' end = 1", &having, 33,
		 "text beside a number: all branches of case need one type"},
		{"began + began > 0", &having, 1,
		 "two times cannot be added: their difference is a duration"},
		{"network.state = establshed", &where, 17,
		 "network.state is never 'establshed': the nearest value is 'established'"},
		{"network.state > rejected", &where, 1, "network.state has no order: use = or in"},
		{"source.prt = 3", &where, 1,
		 "unknown name 'source.prt': the nearest is 'source.port'"},
		{"source.ip = 10.0.0.0/8", &where, 1,
		 "a network is compared by in: source.ip in (10.0.0.0/8)"},
		{"source.ip > 10.0.0.1", &where, 1,
		 "an address has no order: = or != would be right"},
		{"source.ip = 'here'", &where, 13,
		 "'here' is no address: 10.0.0.1 or 10.0.0.0/8 would be"},
		{"destination.port in (22, source.port)", &where, 26,
		 "a list holds constants only: compare with = and or"},
		{"severity(rule_a) >= hihg", &temporal, 21,
		 "unknown severity 'hihg': informational, low, medium, high or critical would be "
		 "right"},
		{"severity(rule_d) >= high", &temporal, 10,
		 "unknown name 'rule_d': the nearest is 'spread'"},
		{"common(destination.ip, rule_a.count, rule_b.set) > 0", &temporal, 24,
		 "common() takes sets that rules compute by values(): common(destination.ip, "
		 "a.targets, b.targets)"},
		{"who > 'a'", &having, 1, "text has no order: = or != would be right"},
		{"zscore(who) > 3", &having, 1, "zscore() takes one computed number: zscore(sent)"},
		{"prev(source.prt) = 1", &where, 6,
		 "unexpected 'source.prt': a field's name would be right"},
		{"prev(network.state) = 'rejected'", &where, 1,
		 "prev() of more than 8 fields: split the rule"},
		{"prev(source.port) = 1", &having, 1,
		 "prev() has no meaning here: it belongs into a 'where' over the events of a "
		 "window "
		 "rule"},
		{"geo_km(source.ip, destination.ip) > 1", &where, 8,
		 "unexpected 'source.ip': source.geo.location, destination.geo.location or prev() "
		 "of "
		 "one would be right"},
		{"rare(source.ip)", &where, 6,
		 "unexpected 'source.ip': destination.ip, destination.domain, "
		 "destination.registered_domain or destination.as.number would be right"},
		{"anomaly(sent) > 3", &having, 1,
		 "anomaly() and markov() are not in this release: zscore(), beacon() and rare() "
		 "are"},
		{"markov > 3 or markov(sent) > 3", &having, 15,
		 "anomaly() and markov() are not in this release: zscore(), beacon() and rare() "
		 "are"},
		{"sent > 1e308TB", &having, 8,
		 "unexpected '1e308TB': a name, a number or '(' would be right"},
		{"common(destination.ip, rule_a.set) > 0", &temporal, 1,
		 "common() needs two sets or more"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct world *w = *state;
		const struct fault *f;

		w->faults.list.len = 0;
		assert_null(compile(w, table[i].text, table[i].scope));
		assert_true(w->faults.list.len >= 1);
		f = &w->faults.list.at[0];
		if (strcmp(f->text, table[i].words) || f->place.column != 9 + table[i].column)
			print_error("%s\n", table[i].text);
		assert_string_equal(f->text, table[i].words);
		assert_string_equal(f->place.file, "t.yml");
		assert_int_equal(f->place.line, 3);
		assert_int_equal(f->place.column, 9 + table[i].column);
	}
}

static void monotone_parts_fire_early(void **state)
{
	static const struct {
		const char *text;
		bool early, all;
		int now; /* with what the window holds */
	} table[] = {
		{"ports > 20", true, true, 1},
		{"ports >= 26", true, true, 0},
		{"20 < ports", true, true, 1},
		{"ports < 30", false, false, -1},
		{"ports = 25", false, false, -1},
		{"ports != 3", false, false, -1},
		{"not ports > 30", false, false, -1},
		{"spread > 1", false, false, -1},
		{"zscore(sent) > 3", false, false, -1},
		{"sent > 10 * received", false, false, -1},
		{"sent > 5 * 100KB", true, true, 1},
		{"ports > 20 and sent > 1KB", true, true, 1},
		{"ports > 20 and zscore(sent) > 3", false, false, -1},
		{"ports > 20 or zscore(sent) > 3", true, false, 1},
		{"ports > 90 or zscore(sent) > 3", true, false, -1},
		{"ports > 90 and zscore(sent) > 3", false, false, 0},
		{"(ports > 20 or spread > 1) and sent > 1KB", true, false, 1},
		{"ports > 20 and (spread > 1 or took > 1s)", true, false, 1},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct world *w = *state;
		const struct expr *expr = compile(w, table[i].text, &having);

		assert_non_null(expr);
		if (expr_fires_early(expr, grows, COMPUTED) != table[i].early ||
		    expr_grows(expr, grows, COMPUTED) != table[i].all ||
		    expr_truth_early(expr, &w->env, grows) != table[i].now)
			print_error("%s\n", table[i].text);
		assert_int_equal(expr_fires_early(expr, grows, COMPUTED), table[i].early);
		assert_int_equal(expr_grows(expr, grows, COMPUTED), table[i].all);
		assert_int_equal(expr_truth_early(expr, &w->env, grows), table[i].now);
	}
}

static void a_cut_window_decides_only_what_more_events_could_not_turn(void **state)
{
	struct world *w = *state;

	assert_int_equal(expr_truth_cut(compile(w, "ports > 20", &having), &w->env), 1);
	assert_int_equal(expr_truth_cut(compile(w, "ports < 90", &having), &w->env), -1);
	assert_int_equal(expr_truth_cut(compile(w, "90 > ports", &having), &w->env), -1);
	assert_int_equal(expr_truth_cut(compile(w, "zscore(sent) > 3", &having), &w->env), 1);
	assert_int_equal(expr_truth_cut(compile(w, "not ports > 90", &having), &w->env), -1);
	assert_int_equal(expr_truth_cut(compile(w, "ports > 20 or ports < 3", &having), &w->env),
			 1);
	assert_int_equal(expr_truth_cut(compile(w, "not known(spread)", &having), &w->env), -1);
}

static const char *shown(const struct expr *expr, int value)
{
	static char text[THRESHOLD_MAX];

	return expr_threshold(expr, value, text) ? text : NULL;
}

static void thresholds_are_shown_as_written(void **state)
{
	struct world *w = *state;
	const struct expr *expr =
		compile(w, "20 < ports or (sent > 1GB and zscore(received) > 3)", &having);

	assert_string_equal(shown(expr, 2), "> 20");
	assert_string_equal(shown(expr, 0), "> 1GB");
	assert_string_equal(shown(expr, 1), "> 3 deviations");
	assert_null(shown(expr, 3));
	assert_true(expr_needs_baseline(expr, 1));
	assert_false(expr_needs_baseline(expr, 0));
	expr = compile(w, "sent > 10 * received", &having);
	assert_string_equal(shown(expr, 0), "> 10 * received");
	expr = compile(w, "sent > 1GB or zscore(sent) > 3 or (sent > 10MB and sent > received)",
		       &having);
	assert_string_equal(shown(expr, 0), "> 1GB or > 3 deviations or > 10MB and > received");
	expr = compile(w, "(ports > 5 and sent > 1) or (ports > 5 and received > 1)", &having);
	assert_string_equal(shown(expr, 2), "> 5");
}

static void results_have_type_and_unit(void **state)
{
	struct world *w = *state;

	assert_int_equal(expr_type(compile(w, "ports > 2", &having)), VALUE_BOOL);
	assert_int_equal(expr_type(compile(w, "0.5", &having)), VALUE_NUMBER);
	assert_int_equal(expr_unit(compile(w, "sent + 1KB", &having)), UNIT_BYTES);
	assert_int_equal(expr_unit(compile(w, "2 * sent", &having)), UNIT_BYTES);
	assert_int_equal(expr_unit(compile(w, "sent / received", &having)), UNIT_NONE);
	assert_int_equal(expr_unit(compile(w, "began - began", &having)), UNIT_DURATION);
	assert_int_equal(expr_unit(compile(w, "began + took", &having)), UNIT_TIME);
	assert_true(expr_eval(compile(w, "sent / received", &having), &w->env).number == 20);
}

static void nesting_and_length_are_bounded(void **state)
{
	struct world *w = *state;
	char text[8192];

	strcpy(text, "1");
	for (int i = 0; i < 500; i++)
		strcat(text, "+1");
	strcat(text, " = 501");
	assert_int_equal(truth(w, text, &having), 1);
	memset(text, '(', 4000);
	strcpy(text + 4000, "1");
	assert_null(compile(w, text, &having));
	strcpy(text, "1");
	for (int i = 0; i < 2000; i++)
		strcat(text, "+1");
	assert_null(compile(w, text, &having));
	strcpy(text, "ports>1");
	for (int i = 0; i < 300; i++)
		strcat(text, " or ports>1");
	assert_null(compile(w, text, &having));
	strcpy(text, "");
	for (int i = 0; i < 500; i++)
		strcat(text, "not ");
	assert_null(compile(w, text, &having));
	assert_null(compile(w, "", &having));
	assert_int_equal(w->faults.fatal, 5);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(truths),
		TEST(few_of_many_hosts_or_new_is_rare),
		TEST(faults_have_their_place_and_words),
		TEST(monotone_parts_fire_early),
		TEST(a_cut_window_decides_only_what_more_events_could_not_turn),
		TEST(thresholds_are_shown_as_written),
		TEST(results_have_type_and_unit),
		TEST(nesting_and_length_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
