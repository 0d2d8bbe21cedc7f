/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/rule/text.h"

#include <stdlib.h>

#include "rule/index.h"
#include "rule/predicate.h"

/* The index finds what matches, and nothing else, for rules and events made at random. */

#define SETS   150
#define RULES  40
#define EVENTS 40
#define WORD   24

static uint64_t state;

static unsigned below(unsigned n)
{
	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(state >> 33) % n;
}

/* Words of few letters, so that they hold one another, of which rules and events are made. */
static char pool[16][8];

static void pool_fill(void)
{
	for (unsigned w = 0; w < 16; w++) {
		unsigned len = below(7) + 1;

		for (unsigned i = 0; i < len; i++)
			pool[w][i] = "aabBC/.-1"[below(9)];
		pool[w][len] = 0;
	}
}

static char *word(char text[WORD], unsigned most)
{
	text[0] = 0;
	for (unsigned n = below(most) + 1; n > 0; n--)
		strcat(text, pool[below(16)]);
	return text;
}

static const char *const fields[] = {"message", "file.name", "dns.answers", "event.action"};

static void put_values(FILE *out, const char *wild)
{
	char text[WORD];
	unsigned len = below(6) ? below(3) + 1 : below(12) + 1;

	fputc('[', out);
	for (unsigned i = 0; i < len; i++)
		fprintf(out, "%s'%s%s'", i ? ", " : "", word(text, 1), below(8) ? "" : wild);
	fputs("]", out);
}

static void put_line(FILE *out, const char *end)
{
	static const char *const how[] = {"",	       "|contains",	"|startswith",
					  "|endswith", "|contains|all", "|contains|cased",
					  "|neq",      "|re",		"|windash|contains"};
	static const char *const other[] = {
		"destination.port: [1, 2]",	    "destination.port|gt: 1",
		"source.ip|cidr: [10.0.0.0/31]",    "source.ip: 10.0.0.2",
		"source.ip|cidr: [10.0.0.0/8]",	    "network.state: [rejected]",
		"destination.answered: true",	    "source.port|exists: true",
		"destination.port|exists: false",   "destination.port: null",
		"message|fieldref: event.action",   "source.ip|startswith: 10.0.0.1",
		"destination.port|startswith: [1]", "event.action|exists: true",
	};
	unsigned kind = below(12);

	if (kind < 9) {
		fprintf(out, "%s%s: ", fields[below(4)], how[kind]);
		put_values(out, kind == 7 ? "." : below(2) ? "*" : "?b");
	} else {
		fputs(other[below(sizeof(other) / sizeof(other[0]))], out);
	}
	fputs(end, out);
}

static void put_rule(FILE *out, unsigned n)
{
	static const char *const conditions[] = {"a",		"a and b",	"a or b",
						 "a and not b", "not a and b",	"1 of *",
						 "all of *",	"not (a or b)", "(a or b) and k"};

	fprintf(out,
		"---\ntitle: r%u\nname: r%u\nid: %08x-1111-4111-8111-111111111111\n" SOURCE(
			"file") "detection:\n",
		n, n, n);
	fputs("    a: {", out);
	put_line(out, "}\n");
	fputs("    b:\n        - {", out);
	put_line(out, "}\n        - {");
	put_line(out, "}\n");
	fputs("    k: ", out);
	put_values(out, "*");
	fprintf(out, "\n    condition: %s\n", conditions[below(9)]);
}

static struct ruleset *random_rules(void)
{
	struct faults faults = {0};
	struct ruleset *set;
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	for (unsigned n = 0; n < RULES; n++)
		put_rule(out, n);
	fclose(out);
	if (ruleset_load_text(&set, "random.yml", text, size, &faults)) {
		print_faults(&faults);
		fail_msg("%s", text);
	}
	faults_free(&faults);
	free(text);
	return set;
}

static struct text text_of(char *buffer, unsigned most)
{
	word(buffer, most);
	return (struct text){buffer, (uint32_t)strlen(buffer)};
}

static struct event random_event(char buffer[4][WORD])
{
	struct event e = {.service = SERVICE_FILE};

	if (below(4))
		event_set(&e, MESSAGE, message, text_of(buffer[0], 3));
	if (below(4))
		event_set(&e, FILE_NAME, file_name, text_of(buffer[1], 2));
	if (below(4)) {
		event_set(&e, DNS_ANSWERS, dns_answers, text_of(buffer[2], 3));
		for (unsigned i = 0; i < e.dns_answers.length; i++)
			if (buffer[2][i] == '.')
				buffer[2][i] = TEXTS_JOINT;
	}
	if (below(4))
		event_set(&e, EVENT_ACTION, event_action, text_of(buffer[3], 1));
	if (below(4))
		event_set(&e, DESTINATION_PORT, destination_port, below(4));
	if (below(4))
		event_set(&e, SOURCE_IP, source_ip, addr_from_v4(0x0000000a | below(4) << 24));
	if (below(4))
		event_set(&e, NETWORK_STATE, network_state, (uint16_t)below(3));
	if (below(2))
		event_set(&e, DESTINATION_ANSWERED, destination_answered, below(2));
	return e;
}

/* The clause as it stands, each pattern in turn. */
static bool clause_met(const struct clause *clause, struct look *look)
{
	struct test test = clause->test;
	bool met = clause->kind == CLAUSE_AND;

	if (clause->kind == CLAUSE_TEST) {
		if (test.kind == TEST_TEXT || test.kind == TEST_KEYWORD)
			test.quick = NULL;
		return test_match(&test, look);
	}
	for (unsigned i = 0; i < clause->kids; i++) {
		bool kid = clause_met(clause->kid[i], look);

		met = clause->kind == CLAUSE_AND ? met && kid : met || kid;
	}
	return clause->kind == CLAUSE_NOT ? !met : met;
}

static void the_index_finds_just_what_matches(void **unused)
{
	unsigned matched[RULES], met = 0;

	(void)unused;
	state = 20261126;
	for (unsigned s = 0; s < SETS; s++) {
		struct ruleset *set;

		pool_fill();
		set = random_rules();

		for (unsigned i = 0; i < EVENTS; i++) {
			char buffer[4][WORD];
			struct event e = random_event(buffer);
			unsigned len = rule_match(set, &e, matched), at = 0;

			folds_next(&set->matcher->folds);
			for (unsigned r = 0; r < set->len; r++) {
				struct look look = {.event = &e, .folds = &set->matcher->folds};
				bool is = clause_met(set->rules[r].clause, &look);
				bool found = at < len && matched[at] == r;

				at += found;
				met += is;
				if (is != found)
					print_error("set %u, event %u, rule %u\n", s, i, r);
				assert_int_equal(is, found);
			}
			assert_int_equal(at, len);
		}
		ruleset_free(set);
	}
	assert_true(met > 10000); /* it did try */
}

/* Texts that find no room to be folded are compared all the same. */
static void long_texts_are_found_in(void **unused)
{
	struct ruleset *set = load_good(BASE_HEAD("r", "01") SOURCE(
		"file") "detection:\n  s: {message|contains: Needle}\n"
			"  t: {message|endswith: ['END', a, b, c, d, e, f, g, h]}\n"
			"  condition: s and t\n");
	char *text = malloc(FOLD_BYTES + 100);
	struct event e = {.service = SERVICE_FILE};
	unsigned matched[1];

	(void)unused;
	assert_non_null(text);
	memset(text, 'x', FOLD_BYTES + 100);
	memcpy(text + 1000, "nEEDLE", 6);
	memcpy(text + FOLD_BYTES + 97, "end", 3);
	event_set(&e, MESSAGE, message, ((struct text){text, FOLD_BYTES + 100}));
	assert_int_equal(rule_match(set, &e, matched), 1);
	text[1000] = 'm';
	assert_int_equal(rule_match(set, &e, matched), 0);
	free(text);
	ruleset_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_index_finds_just_what_matches),
		cmocka_unit_test(long_texts_are_found_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
