/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/rule/text.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Files, folders, and what a rule set holds. */

#define A(title, level)                                                                            \
	"title: " title "\nname: a\nid: 11111111-1111-4111-8111-111111111101\nlevel: " level       \
	"\n" SOURCE("flow") "detection: {s: {destination.port: 1}, condition: s}\n"
#define B(port)                                                                                    \
	BASE_HEAD("b", "02")                                                                       \
	SOURCE("flow") "detection: {s: {destination.port: " port "}, condition: s}\n"

struct place_of_rules {
	char root[64], one[96], two[96];
};

static void write_file(const char *folder, const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int setup(void **state)
{
	struct place_of_rules *p = test_calloc(1, sizeof(*p));

	strcpy(p->root, "/tmp/weir-rules-XXXXXX");
	assert_non_null(mkdtemp(p->root));
	snprintf(p->one, sizeof(p->one), "%s/one", p->root);
	snprintf(p->two, sizeof(p->two), "%s/two", p->root);
	assert_int_equal(mkdir(p->one, 0700), 0);
	assert_int_equal(mkdir(p->two, 0700), 0);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place_of_rules *p = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", p->root);
	assert_int_equal(system(command), 0);
	test_free(p);
	return 0;
}

static int load(struct ruleset **set, struct faults *faults, bool lenient, const char *one,
		const char *two)
{
	const char *paths[] = {one, two, NULL};
	struct rule_options options = {.paths = paths, .lenient = lenient};

	return ruleset_load(set, &options, faults);
}

static void folders_are_read_whole_and_cases_are_not(void **state)
{
	struct place_of_rules *p = *state;
	struct faults faults = {0};
	struct ruleset *set;

	write_file(p->one, "b.yml", B("2"));
	write_file(p->root, "a.yaml", A("first", "low"));
	write_file(p->one, "b.cases.yml", "cases: [no rule]\n");
	write_file(p->one, "notes.txt", "no rule");
	write_file(p->one, ".hidden.yml", "no rule");
	assert_int_equal(load(&set, &faults, false, p->root, NULL), 0);
	assert_int_equal(set->len, 2);
	assert_string_equal(set->rules[0].name, "a");
	assert_int_equal(set->rules[1].place.line, 1);
	assert_non_null(strstr(set->rules[1].place.file, "/one/b.yml"));
	assert_int_equal(set->services, 1u << SERVICE_FLOW);
	ruleset_free(set);
	faults_free(&faults);
}

static void the_later_path_wins_by_id(void **state)
{
	struct place_of_rules *p = *state;
	struct faults faults = {0};
	struct ruleset *set;

	write_file(p->one, "a.yml", A("shipped", "low") "---\n" B("2"));
	write_file(p->two, "a.yml", A("changed", "high"));
	assert_int_equal(load(&set, &faults, false, p->one, p->two), 0);
	assert_int_equal(set->len, 2);
	assert_string_equal(set->rules[1].title, "changed");
	ruleset_free(set);
	assert_int_equal(load(&set, &faults, false, p->two, p->one), 0);
	assert_string_equal(set->rules[0].title, "shipped");
	ruleset_free(set);
	write_file(p->one, "twin.yml", A("twin", "low"));
	assert_int_equal(load(&set, &faults, false, p->one, p->two), -EINVAL);
	assert_int_equal(faults.fatal, 1);
	assert_int_equal(faults.list.at[0].place.line, 3);
	assert_non_null(strstr(faults.list.at[0].place.file, "/one/twin.yml"));
	faults_free(&faults);
}

static void lenient_skips_what_names_unknown_fields(void **state)
{
	static const char over[] =
		"---\n" BASE_HEAD("c", "03") "correlation: {type: event_count, rules: [b], "
					     "timespan: 1m, condition: {gt: 1}}\n";
	struct place_of_rules *p = *state;
	struct faults faults = {0};
	char text[2048];
	struct ruleset *set;

	snprintf(text, sizeof(text), "%s---\n%s%s", A("good", "low"),
		 BASE_HEAD("b", "02")
			 SOURCE("flow") "detection: {s: {url.paths: x}, condition: s}\n",
		 over);
	write_file(p->one, "all.yml", text);
	assert_int_equal(load(&set, &faults, false, p->one, NULL), -EINVAL);
	faults_free(&faults);
	assert_int_equal(load(&set, &faults, true, p->one, NULL), 0);
	assert_int_equal(set->len, 1);
	assert_int_equal(faults.fatal, 0);
	assert_int_equal(faults.list.len, 2);
	assert_int_equal(set->skipped.len, 2);
	assert_non_null(strstr(set->skipped.at[0].text, "unknown field 'url.paths'"));
	assert_int_equal(set->skipped.at[0].place.line, 12);
	assert_string_equal(set->skipped.at[1].text, "it refers to 'b', which is skipped");
	ruleset_free(set);
	faults_free(&faults);
	/* Another fault of the same rule is no less a fault. */
	write_file(p->one, "all.yml",
		   BASE_HEAD("b", "02") SOURCE("flow") "detection: {s: {url.path: x}, t: "
						       "{destination.port: y}, condition: s}\n");
	write_file(p->one, "bad.yml", "title: a\nlevle: low\n");
	assert_int_equal(load(&set, &faults, true, p->one, NULL), -EINVAL);
	faults_free(&faults);
}

static void paths_that_cannot_be_read_are_told(void **state)
{
	struct place_of_rules *p = *state;
	struct faults faults = {0};
	struct ruleset *set;

	assert_int_equal(load(&set, &faults, false, "/nowhere/rules", p->one), -EINVAL);
	assert_string_equal(faults.list.at[0].place.file, "/nowhere/rules");
	assert_string_equal(faults.list.at[0].text, "No such file or directory");
	faults_free(&faults);
	assert_int_equal(load(&set, &faults, false, p->one, NULL),
			 0); /* empty: no rule, no fault */
	assert_int_equal(set->len, 0);
	ruleset_free(set);
	faults_free(&faults);
}

static void defaults_are_as_documented(void **state)
{
	char threshold[THRESHOLD_MAX];
	static const char text[] = A("x", "high") "---\n" B(
		"2") "---\n"
		     "title: Many\nname: c\nid: 11111111-1111-4111-8111-111111111103\n"
		     "correlation: {type: event_count, rules: [b], group-by: source.ip, timespan: "
		     "1m,\n"
		     "  condition: {gte: 10, lt: 1e3}}\n"
		     "---\ntitle: Nameless\ncorrelation: {type: value_count, rules: [b], timespan: "
		     "5m,\n"
		     "  condition: {field: [destination.ip, destination.port], gt: 3}}\n"
		     "weir: {window: tumbling, raise: detection, family: f, suppress: 2h}\n";
	struct ruleset *set;

	(void)state;
	set = load_good(text);
	assert_int_equal(set->len, 4);
	assert_true(set->rules[0].alone && set->rules[0].raise);
	assert_true(set->rules[0].single.suppress == WEIR_HOUR);
	assert_false(set->rules[1].alone || set->rules[1].raise);
	assert_int_equal(set->rules[1].level, SEVERITY_MEDIUM);
	assert_int_equal(set->rules[1].users_len, 2);
	assert_int_equal(set->rules[2].window.type, WINDOW_SLIDING);
	assert_true(set->rules[2].window.suppress == SUPPRESS_WHILE_TRUE);
	assert_int_equal(set->rules[2].window.max_keys, 100000);
	assert_int_equal(set->rules[2].window.max_distinct, 1024);
	assert_string_equal(set->rules[2].window.compute[0].name, "event_count");
	assert_true(expr_threshold(set->rules[2].window.having, 0, threshold));
	assert_string_equal(threshold, ">= 10 and < 1e3");
	assert_false(set->rules[2].raise);
	assert_string_equal(set->rules[2].display, "C");
	assert_true(set->rules[3].raise);
	assert_string_equal(set->rules[3].display, "Nameless");
	assert_string_equal(set->rules[3].family, "f");
	assert_int_equal(strlen(set->rules[3].id), 36);
	assert_true(set->rules[3].window.every == 5 * WEIR_MIN);
	assert_int_equal(set->rules[3].window.compute[0].unit, UNIT_ENDPOINTS);
	assert_int_equal(set->rules[3].window.group_by.len, 0);
	ruleset_free(set);
}

static void generate_keeps_a_base_rule_speaking(void **state)
{
	struct ruleset *set = load_good(A("x", "high") "---\n" BASE_HEAD(
		"c",
		"03") "correlation: {type: event_count, rules: [a], timespan: 1m, generate: true,\n"
		      "  condition: {gt: 1}}\n");

	(void)state;
	assert_true(set->rules[0].alone && set->rules[0].raise);
	ruleset_free(set);
}

static void public_names_are_understood(void **state)
{
	struct ruleset *set = load_good(BASE_HEAD(
		"a",
		"01") "logsource: {category: firewall}\n"
		      "detection: {s: {dst_port: 22, src_ip|cidr: 10.0.0.0/8}, "
		      "condition: s}\n---\n" BASE_HEAD(
			      "b",
			      "02") "logsource: {product: windows, category: network_connection}\n"
				    "detection: {s: {DestinationPort: 22}, condition: "
				    "s}\n---\n" BASE_HEAD(
					    "c", "03") "logsource: {product: zeek, service: conn}\n"
						       "detection: {s: {id.resp_p: 22}, condition: "
						       "s}\n");

	(void)state;
	assert_int_equal(set->rules[0].services, 1u << SERVICE_CONNECTION);
	assert_int_equal(set->rules[1].services, 1u << SERVICE_ATTEMPT);
	assert_int_equal(set->rules[2].services, 1u << SERVICE_CONNECTION);
	ruleset_free(set);
}

/* What enrichment is asked for: fields of selections, groups, aggregates, their conditions and
 * summaries, each of the events that reach the rule. */
static void fields_that_rules_read_are_known_by_service(void **state)
{
	static const struct {
		enum field field;
		bool attempt, flow, dns;
	} cases[] = {
		{FIELD_DESTINATION_PORT, true, false, false},
		{FIELD_SOURCE_GEO_COUNTRY, true, false, false},
		{FIELD_PAIR_KNOWN, true, true, false},
		{FIELD_SOURCE_IP, false, true, false},
		{FIELD_DESTINATION_AS_NUMBER, true, true, false},
		{FIELD_DESTINATION_NEW, true, true, false},
		{FIELD_DNS_LABEL, false, false, true},
		{FIELD_DNS_ENCODED, false, false, true},
		{FIELD_DNS_LABEL_LENGTH, false, false, false},
	};
	struct ruleset *set = load_good(BASE_HEAD("a", "01") SOURCE(
		"attempt") "detection: {s: {destination.port: 22, "
			   "source.geo.country_iso_code|exists: true},\n"
			   "  condition: s}\n---\n" BASE_HEAD("b", "02") SOURCE(
				   "flow") "detection: {s: {source.ip|exists: true}, condition: "
					   "s}\n---\n" BASE_HEAD("c", "03") SOURCE(
						   "dns") "detection: {s: "
							  "{dns.question.label: x}, "
							  "condition: s}\n"
							  "weir: {summary: 'saw "
							  "{dns.question.encoded}'}\n---"
							  "\n" BASE_HEAD("d",
									 "04") "correlation: "
									       "{type: "
									       "event_count, "
									       "rules: [a, b], "
									       "group-by: "
									       "[destination.new],"
									       "\n"
									       "  timespan: 1m, "
									       "condition: {gt: "
									       "1}}\n"
									       "weir: {compute: "
									       "{n: count where "
									       "not pair.known,\n"
									       "  m: "
									       "distinct("
									       "destination.as."
									       "number)}, having: "
									       "n > 1}\n");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(field_set_has(&set->reads[SERVICE_ATTEMPT], cases[i].field),
				 cases[i].attempt);
		assert_int_equal(field_set_has(&set->reads[SERVICE_FLOW], cases[i].field),
				 cases[i].flow);
		assert_int_equal(field_set_has(&set->reads[SERVICE_DNS], cases[i].field),
				 cases[i].dns);
	}
	ruleset_free(set);
}

/* Keywords look into every text, and filters ask of the events of the rules that they are for. */
static void keywords_and_filters_read_too(void **state)
{
	struct ruleset *set = load_good(BASE_HEAD("a", "01") SOURCE(
		"http") "detection: {s: [evil], condition: s}\n"
			"---\n" BASE_HEAD("b", "02") SOURCE(
				"flow") "detection: {s: {source.port: 9}, "
					"condition: s}\n---\n"
					"title: f\nid: "
					"11111111-1111-4111-8111-111111111103\n" SOURCE(
						"flow") "filter: {rules: [b], s: {destination.new: "
							"false}, condition: not s}\n");

	(void)state;
	assert_true(field_set_has(&set->reads[SERVICE_HTTP], FIELD_DESTINATION_DOMAIN));
	assert_true(field_set_has(&set->reads[SERVICE_HTTP], FIELD_FILE_NAME));
	assert_false(field_set_has(&set->reads[SERVICE_HTTP], FIELD_DESTINATION_NEW));
	assert_true(field_set_has(&set->reads[SERVICE_FLOW], FIELD_DESTINATION_NEW));
	assert_false(field_set_has(&set->reads[SERVICE_FLOW], FIELD_DESTINATION_DOMAIN));
	ruleset_free(set);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(folders_are_read_whole_and_cases_are_not),
		TEST(the_later_path_wins_by_id),
		TEST(lenient_skips_what_names_unknown_fields),
		TEST(paths_that_cannot_be_read_are_told),
		cmocka_unit_test(defaults_are_as_documented),
		cmocka_unit_test(generate_keeps_a_base_rule_speaking),
		cmocka_unit_test(public_names_are_understood),
		cmocka_unit_test(fields_that_rules_read_are_known_by_service),
		cmocka_unit_test(keywords_and_filters_read_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
