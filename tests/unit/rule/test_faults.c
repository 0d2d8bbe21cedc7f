/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/rule/text.h"

/* Whatever can be wrong with a rule, with its place and words. */

#define BASE                                                                                       \
	BASE_HEAD("base", "01")                                                                    \
	SOURCE("connection") "detection: {s: {destination.port: 1}, condition: s}\n"
/* Lines of a correlation begin at 7. */
#define COUNT                                                                                      \
	BASE "---\n" BASE_HEAD(                                                                    \
		"scan",                                                                            \
		"02") "correlation:\n"                                                             \
		      "    type: event_count\n    rules: [base]\n    group-by: [source.ip]\n"      \
		      "    timespan: 1m\n    condition: {gte: 10}\n"
/* weir: stands at line 16, its first key at 17. */
#define WEIR COUNT "weir:\n"
#define HOP  WEIR "    window: hop\n    every: 10s\n"

struct wrong {
	const char *text;
	unsigned line, column;
	const char *words;
};

static void all_wrong(const struct wrong *table, size_t len)
{
	bool good = true;

	for (size_t i = 0; i < len; i++)
		good &= load_bad(table[i].text, table[i].line, table[i].column, table[i].words);
	assert_true(good);
}

#define ALL_WRONG(table) all_wrong(table, sizeof(table) / sizeof(table[0]))

static void yaml(void **state)
{
	static const struct wrong table[] = {
		{"title: a\n\tb: c\n", 2, 1,
		 "not YAML: found a tab character that violates indentation, while scanning a "
		 "plain "
		 "scalar"},
		{"title: [a\n", 2, 1,
		 "not YAML: did not find expected ',' or ']', while parsing a flow sequence"},
		{"title: \xff\n", 1, 1,
		 "not UTF-8 text (invalid leading UTF-8 octet at byte 7): save the file as UTF-8"},
		{"title: \"a\\0b\"\n", 1, 8, "a text with a zero byte: leave it out"},
		{"just text\n", 1, 1, "the rule is no map: 'key: value' lines would be right"},
		{"[a, b]\n", 1, 1, "the rule is no map: 'key: value' lines would be right"},
	};

	(void)state;
	ALL_WRONG(table);
}

static void headers(void **state)
{
	static const struct wrong table[] = {
		{"title: a\nlevle: high\n", 2, 1,
		 "unknown key 'levle' in the rule: the nearest is 'level'"},
		{"title: a\ntitle: b\n", 2, 1,
		 "'title' stands twice in the rule: once would be right"},
		{"id: 11111111-1111-4111-8111-111111111111\n", 1, 1, "the rule has no 'title'"},
		{"title: a\nid: 12\n", 2, 5,
		 "'12' is no UUID: xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx would be right"},
		{"title: [a]\n", 1, 8, "not a text: one line of text would be right"},
		{"title: a\nlevel: hihg\n", 2, 8, "unknown level 'hihg': the nearest is 'high'"},
		{"title: a\nstatus: stabel\n", 2, 9,
		 "unknown status 'stabel': the nearest is 'stable'"},
		{"title: a\ndate: today\n", 2, 7, "'today' is no date: 2026-11-21 would be right"},
		{"title: a\nname: a b\n", 2, 7,
		 "'a b' is no name: letters, digits and _ would be right"},
		{"title: a\nname: message\n", 2, 7,
		 "'message' is a field: a rule needs a name of its own"},
		{"title: a\ntags: {a: b}\n", 2, 7, "not a list of texts"},
		{BASE_HEAD("a", "01"), 1, 1,
		 "the rule has neither 'detection' nor 'correlation': one of them would be right"},
		{BASE_HEAD("a", "01") "detection: {s: {destination.port: 1}, condition: s}\n", 1, 1,
		 "the rule has no 'logsource': {category: network, service: connection} would be "
		 "right"},
		{BASE_HEAD("a", "01") "filter: {}\n", 4, 9,
		 "the filter has no 'rules': a list of rules, or any, would be right"},
		{BASE_HEAD("a", "01") "action: global\n", 4, 9,
		 "'action: global' is of old Sigma: documents that are whole, parted by '---', and "
		 "a correlation where they count together would be right"},
		{BASE "---\n" BASE, 9, 5,
		 "id 11111111-1111-4111-8111-111111111101 is t.yml:1's too: a random UUID would be "
		 "right"},
		{BASE "---\n" BASE_HEAD("base", "02")
			 SOURCE("flow") "detection: {s: {destination.port: 1}, condition: s}\n",
		 8, 7, "name 'base' is t.yml:1's too: another would be right"},
	};

	(void)state;
	ALL_WRONG(table);
}

#define HEAD	     BASE_HEAD("a", "01")
#define SELECTION(s) HEAD SOURCE("connection") "detection:\n  s: {" s "}\n  condition: s\n"
#define CONDITION(c)                                                                               \
	HEAD SOURCE("connection") "detection:\n  s: {destination.port: 1}\n  condition: " c "\n"

static void base_rules(void **state)
{
	static const struct wrong table[] = {
		{HEAD SOURCE("conection") "detection: {s: {destination.port: 1}, condition: s}\n",
		 4, 41, "unknown service 'conection': the nearest is 'connection'"},
		{HEAD "logsource: {category: network}\ndetection: {}\n", 4, 12,
		 "logsource has no 'service': attempt, connection or flow would be right"},
		{HEAD "logsource: {category: antivirus}\ndetection: {}\n", 4, 12,
		 "weir has no events of category 'antivirus': 'category: network' and a service, "
		 "or "
		 "a logsource that docs/rules.md lists, would be right"},
		{HEAD "logsource: {category: process_creation, product: windows}\ndetection: {}\n",
		 4, 12,
		 "weir has no 'process_creation' events of product 'windows': 'linux' would be "
		 "right"},
		{HEAD "logsource: {product: aws, service: cloudtrail}\ndetection: {}\n", 4, 12,
		 "weir has no events of service 'cloudtrail' of aws: 'category: network' and a "
		 "service, or a logsource that docs/rules.md lists, would be right"},
		{HEAD "logsource: {categroy: network}\ndetection: {}\n", 4, 13,
		 "unknown key 'categroy' in logsource: the nearest is 'category'"},
		{SELECTION("destination.prt: 1"), 6, 7,
		 "unknown field 'destination.prt': the nearest is 'destination.port'"},
		{SELECTION("network.state: establshed"), 6, 22,
		 "network.state is never 'establshed': the nearest value is 'established'"},
		{SELECTION("destination.port: ssh"), 6, 25,
		 "destination.port is a number: 'ssh' is none"},
		{SELECTION("destination.port: 5m"), 6, 25,
		 "destination.port is counted in ones: '5m' is not"},
		{SELECTION("source.bytes: 5m"), 6, 21,
		 "source.bytes is counted in bytes: '5m' is not"},
		{SELECTION("source.ip: host"), 6, 18,
		 "'host' is no address: 10.0.0.1 would be right"},
		{SELECTION("source.ip: 10.0.0.0/8"), 6, 18,
		 "'10.0.0.0/8' is a network: 'source.ip|cidr' would be right"},
		{SELECTION("source.ip|cidr: here"), 6, 23,
		 "'here' is no network: 10.0.0.0/8 would be right"},
		{SELECTION("destination.answered: maybe"), 6, 29,
		 "'maybe' is no truth value: true or false would be right"},
		{SELECTION("destination.port|exists: 1"), 6, 32,
		 "'1' is no truth value: true or false would be right"},
		{SELECTION("destination.port|gt: [1, 2]"), 6, 29,
		 "one bound and not a list would be right"},
		{SELECTION("destination.port|gt: null"), 6, 28,
		 "null has no text or size: a value would be right"},
		{SELECTION("destination.port: []"), 6, 25,
		 "an empty list matches nothing: leave it out"},
		{SELECTION("destination.port: {a: 1}"), 6, 25,
		 "a value or a list of values would be right"},
		{SELECTION("destination.answered|contains: 4"), 6, 7,
		 "'contains' needs text: destination.answered is none"},
		{SELECTION("interface|gt: 4"), 6, 7,
		 "unknown field 'interface': the nearest is 'username'"},
		{SELECTION("message|hour: 4"), 6, 7, "'hour' needs a time: message is none"},
		{SELECTION("message|cidr: 4"), 6, 21,
		 "'4' is no network: 10.0.0.0/8 would be right"},
		{SELECTION("message|re: 'a(b'"), 6, 19,
		 "not a regular expression: missing closing parenthesis at byte 3 of it"},
		{SELECTION("message|i: a"), 6, 7, "'i' belongs behind 're': 're|i' would be right"},
		{SELECTION("message|re|base64: a"), 6, 7,
		 "an expression cannot be encoded: encoded values without 're' would be right"},
		{SELECTION("message|base64: a*"), 6, 23,
		 "a value with wildcards has no base64: 'contains' instead of * would be right"},
		{SELECTION("message|fieldref: mesage"), 6, 25,
		 "unknown field 'mesage': the nearest is 'message'"},
		{SELECTION("message|fieldref|cidr: source.ip"), 6, 7,
		 "'fieldref' compares two fields as they are: only neq, cased, contains, "
		 "startswith and endswith stand beside it"},
		{SELECTION("message|expand: 'a%b%c'"), 6, 23,
		 "placeholder '%b%' is not defined: 'placeholders: {b: [...]}' in the "
		 "configuration would be right"},
		{SELECTION("Initiated|contains: true"), 6, 7,
		 "'contains' needs text: Initiated is none"},
		{SELECTION("Initiated: 1"), 6, 18,
		 "'1' is no truth value: true or false would be right"},
		{SELECTION("message|contians: a"), 6, 7,
		 "unknown modifier 'contians': the nearest is 'contains'"},
		{SELECTION("message|contains|endswith: a"), 6, 7,
		 "'endswith' cannot stand beside another way to compare: one of them would be "
		 "right"},
		{SELECTION("destination.port: 1, destination.port: 2"), 6, 28,
		 "'destination.port' stands twice in the selection: a list of values would be "
		 "right"},
		{SELECTION("source.ip: \"a\\e[1mb\""), 6, 18,
		 "'a?[1mb' is no address: 10.0.0.1 would be right"},
		{SELECTION(""), 6, 6, "an empty selection: 'field: value' would be right"},
		{HEAD SOURCE("flow") "detection:\n  s: [a, [b]]\n  condition: s\n", 6, 10,
		 "a list in a list: one list of maps or keywords would be right"},
		{HEAD SOURCE("flow") "detection:\n  s: null\n  condition: s\n", 6, 6,
		 "a selection is a map of fields, a list of such maps, or keywords"},
		{HEAD SOURCE("flow") "detection:\n  s: {destination.port: 1}\n", 6, 3,
		 "there is no 'condition': 'condition: selection' would be right"},
		{HEAD SOURCE("flow") "detection:\n  s: {destination.port: 1}\n  timeframe: 5m\n"
				     "  condition: s\n",
		 7, 3, "'timeframe' is of old Sigma: a correlation with a timespan would be right"},
		{CONDITION("t"), 7, 14, "unknown selection 't': the nearest is 's'"},
		{CONDITION("s and"), 7, 19,
		 "the condition ends too early: a selection's name is missing"},
		{CONDITION("s or (s and not t)"), 7, 30,
		 "unknown selection 't': the nearest is 's'"},
		{CONDITION("(s"), 7, 16, "')' is missing"},
		{CONDITION("s s"), 7, 16, "unexpected 's': 'and', 'or' or the end would be right"},
		{CONDITION("s)"), 7, 15, "unexpected ')': 'and', 'or' or the end would be right"},
		{CONDITION("1 off them"), 7, 16, "'of' is missing: '1 of them' would be right"},
		{CONDITION("1 of t*"), 7, 19, "no selection is named like 't*'"},
		{CONDITION("s | count() > 5"), 7, 16,
		 "'|' aggregations are of old Sigma: a correlation would be right"},
		{CONDITION("[s, t]"), 7, 18, "unknown selection 't': the nearest is 's'"},
		{CONDITION("[]"), 7, 14, "a list of 1 to 256 conditions would be right"},
		{CONDITION("s") "weir: {window: hop}\n", 8, 8,
		 "unknown key 'window' in weir: the nearest is 'raise'"},
		{CONDITION("s") "weir: {summary: 'from {sorce.ip}'}\n", 8, 24,
		 "unknown name 'sorce.ip' in the summary: the nearest is 'source.ip'"},
	};

	(void)state;
	ALL_WRONG(table);
}

#define CORRELATION(c) BASE "---\n" BASE_HEAD("scan", "02") "correlation: {" c "}\n"

static void windows(void **state)
{
	static const struct wrong table[] = {
		{CORRELATION("type: event_cout, rules: [base], timespan: 1m, condition: {gt: 1}"),
		 10, 21, "unknown correlation type 'event_cout': the nearest is 'event_count'"},
		{CORRELATION("type: value_percentile, rules: [base], timespan: 1m, condition: "
			     "{field: source.bytes, gt: 1}"),
		 10, 79,
		 "value_percentile needs 'percentile' in its condition: 'percentile: 95' would be "
		 "right"},
		{CORRELATION("type: value_percentile, rules: [base], timespan: 1m, condition: "
			     "{field: source.bytes, percentile: 0, gt: 1}"),
		 10, 113, "'0' is no percentile: above 0, up to 100 would be right"},
		{CORRELATION("type: value_median, rules: [base], timespan: 1m, condition: "
			     "{field: source.bytes, percentile: 9, gt: 1}"),
		 10, 109, "'percentile' is for value_percentile"},
		{CORRELATION("type: value_median, rules: [base], timespan: 1m, condition: "
			     "{field: source.ip, gt: 1}"),
		 10, 83, "value_median needs one field that is a number"},
		{CORRELATION("type: event_count, rules: [base], timspan: 1m"), 10, 49,
		 "unknown key 'timspan' in correlation: the nearest is 'timespan'"},
		{CORRELATION("type: event_count, timespan: 1m, condition: {gt: 1}"), 10, 14,
		 "correlation has no 'rules'"},
		{CORRELATION("type: event_count, rules: [base], timespan: 1m"), 10, 14,
		 "correlation has no 'condition'"},
		{CORRELATION("type: event_count, rules: [bsae], timespan: 1m"), 10, 42,
		 "unknown rule 'bsae': the nearest is 'base'"},
		{CORRELATION("type: event_count, rules: [base, base], timespan: 1m"), 10, 48,
		 "rule 'base' stands twice: once would be right"},
		{CORRELATION("type: event_count, rules: [], timespan: 1m"), 10, 41,
		 "an empty list of rules"},
		{CORRELATION("type: event_count, rules: [base], timespan: soon"), 10, 59,
		 "'soon' is no duration: 90s, 5m, 1h or 7d would be right"},
		{CORRELATION("type: event_count, rules: [base], timespan: 1m, condition: {}"), 10,
		 74, "the condition has no bound: 'gte: 10' would be right"},
		{CORRELATION("type: event_count, rules: [base], timespan: 1m, condition: {ge: 1}"),
		 10, 75, "unknown key 'ge' in condition: the nearest is 'gt'"},
		{CORRELATION("type: event_count, rules: [base], timespan: 1m, condition: {gte: x}"),
		 10, 80, "'x' is no number: 20, 1.5, 50MB or 5m would be right"},
		{CORRELATION("type: value_count, rules: [base], timespan: 1m, condition: {gte: 1}"),
		 10, 74, "value_count needs 'field' in its condition"},
		{CORRELATION("type: value_sum, rules: [base], timespan: 1m, condition: "
			     "{field: source.ip, gte: 1}"),
		 10, 80, "value_sum needs one field that is a number"},
		{CORRELATION(
			 "type: event_count, rules: [base], group-by: [sorce.ip], timespan: 1m, "
			 "condition: {gte: 1}"),
		 10, 60, "unknown field 'sorce.ip': the nearest is 'source.ip'"},
		{CORRELATION("type: event_count, rules: [base], group-by: [source.ip, src_ip], "
			     "timespan: 1m, condition: {gte: 1}"),
		 10, 71, "field 'src_ip' stands twice"},
		{COUNT "logsource: {}\n", 16, 12,
		 "a correlation has no logsource: the rules that it refers to have it"},
		{WEIR "    windw: hop\n", 17, 5,
		 "unknown key 'windw' in weir: the nearest is 'window'"},
		{WEIR "    window: hopp\n", 17, 13, "unknown window 'hopp': the nearest is 'hop'"},
		{WEIR "    window: hop\n", 17, 13, "a hop window needs 'every'"},
		{WEIR "    window: session\n", 17, 13, "a session window needs 'gap'"},
		{WEIR "    gap: 1m\n", 17, 10,
		 "'gap' is of session windows: 'window: session' would be right"},
		{WEIR "    every: 10s\n", 17, 12,
		 "'every' is of hop windows: 'window: hop' would be right"},
		{WEIR "    window: hop\n    every: 7s\n", 18, 12,
		 "timespan 1m is no multiple of every 7s"},
		{WEIR "    suppress: never\n", 17, 15,
		 "'never' is no duration: 90s, 5m, 1h or 7d would be right"},
		{WEIR "    raise: alarm\n", 17, 12,
		 "unknown raise 'alarm': the nearest is 'signal'"},
		{WEIR "    max_keys: 0\n", 17, 15,
		 "'0' is no count: a whole number from 1 to 10000000 would be"},
		{HOP "    compute: [a]\n", 19, 14,
		 "compute is no map: 'name: count' would be right"},
		{HOP "    compute: {a: cuont}\n", 19, 18,
		 "unknown aggregate 'cuont': the nearest is 'count'"},
		{HOP "    compute: {a: stddev(source.ip)}\n", 19, 25,
		 "stddev() needs a number: source.ip is none"},
		{HOP "    compute: {a: percentile(source.bytes)}\n", 19, 41,
		 "unexpected ')': ',' and a number such as 95 would be right"},
		{HOP "    compute: {a: 'percentile(source.bytes, 101)'}\n", 19, 44,
		 "unexpected '101': a number above 0, up to 100 would be right"},
		{HOP "    compute: {a: 'median(source.bytes, 50)'}\n", 19, 38,
		 "unexpected ',': 'where' or ')' would be right"},
		{HOP "    compute: {a: interval_cv(event.start)}\n", 19, 30,
		 "unexpected 'event.start': 'where' or ')' would be right"},
		{HOP "    compute: {a: first(dns.answers)}\n", 19, 24,
		 "first() needs one value: dns.answers is none"},
		{HOP "    compute: {a: sum(source.ip)}\n", 19, 22,
		 "sum() needs a number: source.ip is none"},
		{HOP "    compute: {a: sum(source.byte)}\n", 19, 22,
		 "unknown field 'source.byte': the nearest is 'source.bytes'"},
		{HOP "    compute: {a: sum}\n", 19, 21,
		 "the aggregate ends too early: '(' and a field is missing"},
		{HOP "    compute: {a: 'count where sent > 1'}\n", 19, 31,
		 "unknown name 'sent': the nearest is 'User'"},
		{HOP "    compute: {a: 'count where bsae'}\n", 19, 31,
		 "unknown name 'bsae': the nearest is 'base'"},
		{HOP "    compute: {a: 'count(where network.state = rejeced)'}\n", 19, 47,
		 "network.state is never 'rejeced': the nearest value is 'rejected'"},
		{HOP "    compute: {a: 'count where source.bytes'}\n", 19, 31,
		 "'source.bytes' is no truth value: a comparison would be right"},
		{HOP "    compute: {source.ip: count}\n", 19, 15,
		 "'source.ip' is no name of a computed value: letters, digits and _ would be "
		 "right"},
		{HOP "    compute: {zscore: count}\n", 19, 15,
		 "'zscore' has a meaning in expressions: another name would be right"},
		{HOP "    compute: {message: count}\n", 19, 15,
		 "'message' is a field: a computed value needs a name of its own"},
		{HOP "    compute: {a: count}\n    having: b > 1\n", 20, 13,
		 "unknown name 'b': the nearest is 'a'"},
		{HOP "    compute: {a: count}\n    having: a\n", 20, 13,
		 "'a' has the wrong type: a truth value such as 'x > 3' would be right"},
		{HOP "    compute: {a: sum(source.bytes)}\n    having: \"a > 5m\"\n", 20, 14,
		 "bytes cannot be compared with a duration: write a duration as 90s, 5m or 1h"},
		{HOP "    compute: {a: count}\n    having: a > 1\n    severity: {hihg: a > 2}\n",
		 21, 16, "unknown level 'hihg': the nearest is 'high'"},
		{HOP "    compute: {a: count}\n    severity: {high: a > 'x'}\n", 20, 22,
		 "a number cannot be compared with text"},
		{HOP "    compute: {a: count}\n    severity: high\n", 20, 15,
		 "severity is no map: '{critical: sent > 2GB}' would be right"},
		{HOP "    baseline: {mean: 5}\n", 19, 15,
		 "baseline has 'mean' alone: both mean and stddev, or none, would be right"},
		{HOP "    baseline: {mean: 5, stddev: 0}\n", 19, 33,
		 "a deviation is greater than zero"},
		{HOP "    baseline: {warmpu: 5}\n", 19, 16,
		 "unknown key 'warmpu' in baseline: the nearest is 'warmup'"},
		{HOP "    per: {d: {compute: {a: count}}}\n", 19, 14, "per has no 'by'"},
		{HOP "    per: {d: {by: [destination.ip], compute: {a: count}}}\n"
		     "    compute: {x: max(d.b)}\n",
		 20, 22, "unexpected 'd.b': a number that the inner group computes would be right"},
		{HOP "    per: {d: {by: [destination.ip], compute: {a: count}}}\n"
		     "    compute: {x: interval_mean(d.a)}\n",
		 20, 32, "unexpected 'd.a': a field would be right"},
		{HOP "    per: {d: {by: [destination.ip], compute: {a: count}}}\n"
		     "    compute: {x: 'count(d where b > 1)'}\n",
		 20, 33, "unknown name 'b': the nearest is 'a'"},
		{HOP "    summary: 'from {source.ip} to {destination.ip}'\n", 19, 36,
		 "unknown name 'destination.ip' in the summary: the nearest is 'source.ip'"},
		{HOP "    summary: 'from {source.ip'\n", 19, 20, "'{' without its '}'"},
	};

	(void)state;
	ALL_WRONG(table);
}

/* Two windows and a temporal rule, whose lines begin at 30. */
#define TWO                                                                                        \
	COUNT "weir:\n    compute: {targets: values(destination.ip), ports: "                      \
	      "distinct(destination.port)}\n---\n" BASE_HEAD(                                      \
		      "access",                                                                    \
		      "03") "correlation:\n"                                                       \
			    "    type: event_count\n    rules: [base]\n"                           \
			    "    group-by: [source.ip, destination.ip]\n"                          \
			    "    timespan: 1m\n    condition: {gte: 10}\n---\n" BASE_HEAD("move",  \
											  "04")
#define TEMPORAL(t) TWO "correlation: {type: temporal, timespan: 15m, " t "}\n"

static void temporal_rules(void **state)
{
	static const struct wrong table[] = {
		{TEMPORAL("rules: [scan, acces]"), 32, 60,
		 "unknown rule 'acces': the nearest is 'access'"},
		{TEMPORAL("rules: [scan, access], group-by: [destination.ip]"), 32, 80,
		 "rule 'scan' does not group by 'destination.ip': it groups by source.ip"},
		{TEMPORAL("rules: [scan, access], group-by: [source.ip], condition: scan and aces"),
		 32, 112, "unknown name 'aces': the nearest is 'access'"},
		{TEMPORAL("rules: [scan, access], condition: {lt: 2}"), 32, 85,
		 "rules that are met only become more: 'gte' or 'gt' would be right"},
		{TEMPORAL("rules: [scan, access], condition: scan.ports"), 32, 80,
		 "'scan.ports' has the wrong type: a truth value such as 'x > 3' would be right"},
		{TEMPORAL("rules: [scan, access], group-by: [t], aliases: {t: {scan: source.ip}}"),
		 32, 97, "alias 't' does not say its field in rule 'access'"},
		{TEMPORAL("rules: [scan, access], group-by: [t], aliases: {t: {scn: source.ip}}"),
		 32, 98, "'scn' is none of this rule's rules: the nearest is 'scan'"},
		{TEMPORAL("rules: [scan, access], group-by: [t], aliases: {t: {scan: "
			  "destination.ip, access: source.ip}}"),
		 32, 104, "rule 'scan' does not group by 'destination.ip': it groups by source.ip"},
		{TEMPORAL("rules: [scan, access]") "weir: {require: 3}\n", 33, 17,
		 "'3' is no count: a whole number from 1 to 2 would be"},
		{TEMPORAL("rules: [scan, access], condition: scan") "weir: {require: 1}\n", 32, 80,
		 "'require' and 'condition' in one rule: one of them would be right"},
		{TEMPORAL("rules: [scan, access]") "weir: {common: [destination.ip]}\n", 33, 16,
		 "fewer than two of the rules compute values(destination.ip): two would be right"},
		{TEMPORAL("rules: [scan, access]") "weir: {min_severity: {acces: high}}\n", 33, 23,
		 "'acces' is none of this rule's rules: the nearest is 'access'"},
		{TEMPORAL("rules: [scan, access]") "weir: {severity: {high: severity(scan) > 3}}\n",
		 33, 25, "a severity cannot be compared with a number"},
		{TEMPORAL("rules: [scan, access]") "weir: {window: hop}\n", 33, 8,
		 "unknown key 'window' in weir: the nearest is 'common'"},
		{TEMPORAL("rules: [scan, access]") "weir: {summary: '{scan.prots}'}\n", 33, 19,
		 "unknown name 'scan.prots' in the summary: the nearest is 'text without braces'"},
		{TEMPORAL("rules: [scan, move]"), 32, 60,
		 "'move' refers to itself: a rule refers to rules that do without it"},
		{COUNT "---\n" BASE_HEAD("over", "05") "correlation: {type: event_count, rules: "
						       "[scan], group-by: [destination.ip], "
						       "timespan: 1m, condition: {gt: 1}}\n",
		 20, 60, "rule 'scan' does not group by 'destination.ip': it groups by source.ip"},
		{COUNT "---\n" BASE_HEAD("over", "05") "correlation: {type: value_count, rules: "
						       "[scan], timespan: 1m, condition: "
						       "{field: destination.ip, gt: 1}}\n",
		 20, 74, "rule 'scan' does not group by 'destination.ip': it groups by source.ip"},
	};

	(void)state;
	ALL_WRONG(table);
}

static void unused_selections_are_warned_of(void **state)
{
	static const char text[] = BASE_HEAD("a", "01") SOURCE(
		"flow") "detection:\n  s: {destination.port: 1}\n  t: {destination.port: 2}\n"
			"  condition: s\n";
	struct faults faults = {0};
	struct ruleset *set;

	(void)state;
	assert_int_equal(ruleset_load_text(&set, "t.yml", text, strlen(text), &faults), 0);
	assert_int_equal(faults.list.len, 1);
	assert_false(faults.list.at[0].fatal);
	assert_int_equal(faults.list.at[0].place.line, 7);
	assert_string_equal(faults.list.at[0].text,
			    "selection 't' is not used: the condition does not name it");
	ruleset_free(set);
	faults_free(&faults);
}

static void every_faulty_rule_is_told(void **state)
{
	static const char text[] = "title: a\nlevle: high\n---\ntitle: b\nlevel: hihg\n";
	struct faults faults = {0};
	struct ruleset *set;

	(void)state;
	assert_int_equal(ruleset_load_text(&set, "t.yml", text, strlen(text), &faults), -EINVAL);
	assert_int_equal(faults.fatal, 2);
	faults_free(&faults);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(yaml),
		cmocka_unit_test(headers),
		cmocka_unit_test(base_rules),
		cmocka_unit_test(windows),
		cmocka_unit_test(temporal_rules),
		cmocka_unit_test(unused_selections_are_warned_of),
		cmocka_unit_test(every_faulty_rule_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
