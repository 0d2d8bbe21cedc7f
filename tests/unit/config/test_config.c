/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/state.h"

static char path[64];

static void write_file(const char *text, size_t length)
{
	FILE *file;

	snprintf(path, sizeof(path), "/tmp/weir-config-%d.yaml", (int)getpid());
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

static struct config *load(const char *text)
{
	struct faults faults = {0};
	struct config *config = NULL;
	int err;

	write_file(text, strlen(text));
	err = config_load(&config, path, &faults);
	vec_each (fault, &faults.list) {
		print_message("%u:%u %s\n", fault->place.line, fault->place.column, fault->text);
	}
	assert_int_equal(err, 0);
	assert_non_null(config);
	assert_int_equal(faults.list.len, 0);
	faults_free(&faults);
	return config;
}

/* The text makes exactly one fault, at that place, whose words have `part` in them. */
static void expect_fault(const char *text, unsigned line, unsigned column, const char *part)
{
	struct faults faults = {0};
	struct config *config = NULL;

	write_file(text, strlen(text));
	assert_int_equal(config_load(&config, path, &faults), -EINVAL);
	assert_null(config);
	if (faults.list.len != 1 || !strstr(faults.list.at[0].text, part) ||
	    faults.list.at[0].place.line != line || faults.list.at[0].place.column != column) {
		vec_each (fault, &faults.list) {
			print_message("%u:%u %s\n", fault->place.line, fault->place.column,
				      fault->text);
		}
		fail_msg("expected %u:%u '%s'", line, column, part);
	}
	assert_string_equal(faults.list.at[0].place.file, path);
	faults_free(&faults);
}

static bool is_default(const struct config *config, const char *key)
{
	int index = config_key_find(key, strlen(key));

	assert_true(index >= 0);
	return ((const struct config_state *)config)->origins[index].origin == ORIGIN_DEFAULT;
}

static char *printed(const struct config *config)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	config_print(config, out);
	fclose(out);
	return text;
}

static void defaults_are_those_documented(void **state)
{
	struct config *config = load("");

	(void)state;
	assert_int_equal(config->home.len, 7);
	assert_int_equal(config->roles.len, 0);
	assert_null(config->interfaces[0]);
	assert_false(config->loopback);
	assert_int_equal(config->hooks.len, 1);
	assert_null(config->hooks.at[0].pattern);
	assert_int_equal(config->hooks.at[0].hook, HOOK_AUTO);
	assert_int_equal(config->learn.days, 7);
	assert_int_equal(config->learn.max_destinations, 250000);
	assert_int_equal(config->learn.max_pairs, 500000);
	assert_int_equal(config->max_names, 65536);
	assert_null(config->geo.city);
	assert_int_equal(config->flow_slots, 0);
	assert_int_equal(config->ring_bytes, 4 << 20);
	assert_true(config->payload.enabled);
	assert_int_equal(config->payload.budget, 16 << 20);
	assert_int_equal(config->payload.opening, 4096);
	assert_int_equal(config->payload.ring_bytes, 0);
	assert_true(config->lateness == 3 * WEIR_SEC);
	assert_non_null(config->rules[0]);
	assert_string_equal(config->database, "/var/lib/weir/weir.db");
	assert_true(config->keep_for == 30 * WEIR_DAY);
	assert_true(config->keep_bytes == UINT64_C(1) << 30);
	assert_true(config->syslog);
	assert_int_equal(config->syslog_options.transport, SYSLOG_LOCAL);
	assert_string_equal(config->syslog_options.facility, "authpriv");
	assert_int_equal(config->syslog_options.max_line, 2048);
	assert_false(config->syslog_options.json);
	assert_null(config->json_path);
	assert_true(is_default(config, "database"));
	config_free(config);
}

static void every_key_is_read(void **state)
{
	struct config *config =
		load("home_networks: [10.1.0.0/16, fd00::/8]\n"
		     "roles: {backup: [10.0.5.0/24, 10.0.6.1], scanner: 10.0.9.9}\n"
		     "learn: {days: 14, max_destinations: 5000, max_pairs: 6000,\n"
		     "    max_names: 7000}\n"
		     "geo: {city: /x/city.mmdb, country: /x/c.mmdb, asn: /x/a.mmdb}\n"
		     "interfaces: [eth*, '!eth9']\n"
		     "loopback: yes\n"
		     "hooks: [tc, eth0=xdp]\n"
		     "flow:\n"
		     "    slots: 65536\n"
		     "    half_open: 131072\n"
		     "    ring: 16MiB\n"
		     "    first_packets: 5000\n"
		     "    agent_flows: 100000\n"
		     "payload: {enabled: no, budget: 1MB, opening: 16KiB, ring_bytes: 2MiB}\n"
		     "lateness: 1500ms\n"
		     "rules: /etc/weir/own\n"
		     "lenient: true\n"
		     "database: none\n"
		     "retention: {age: forever, size: 500 MB}\n"
		     "all_flows: true\n"
		     "syslog:\n"
		     "    transport: tls\n"
		     "    server: logs.example.org\n"
		     "    ca_file: /etc/ssl/ca.pem\n"
		     "    facility: local3\n"
		     "    format: json\n"
		     "    max_line: 8192\n"
		     "json: {path: /tmp/x, signals: on, events: off}\n");

	(void)state;
	assert_int_equal(config->home.len, 2);
	assert_int_equal(config->roles.len, 2);
	assert_string_equal(config->roles.at[0].name, "backup");
	assert_int_equal(config->roles.at[0].networks.len, 2);
	assert_int_equal(config->roles.at[1].networks.len, 1);
	assert_string_equal(config->interfaces[0], "eth*");
	assert_string_equal(config->interfaces[1], "!eth9");
	assert_null(config->interfaces[2]);
	assert_true(config->loopback);
	assert_int_equal(config->hooks.len, 2);
	assert_string_equal(config->hooks.at[1].pattern, "eth0");
	assert_int_equal(config->hooks.at[1].hook, HOOK_XDP);
	assert_int_equal(config->learn.days, 14);
	assert_int_equal(config->learn.max_destinations, 5000);
	assert_int_equal(config->learn.max_pairs, 6000);
	assert_int_equal(config->max_names, 7000);
	assert_string_equal(config->geo.city, "/x/city.mmdb");
	assert_string_equal(config->geo.country, "/x/c.mmdb");
	assert_string_equal(config->geo.asn, "/x/a.mmdb");
	assert_int_equal(config->flow_slots, 65536);
	assert_int_equal(config->half_open, 131072);
	assert_int_equal(config->ring_bytes, 16 << 20);
	assert_int_equal(config->first_packets, 5000);
	assert_int_equal(config->max_flows, 100000);
	assert_false(config->payload.enabled);
	assert_int_equal(config->payload.budget, 1000000);
	assert_int_equal(config->payload.opening, 16384);
	assert_int_equal(config->payload.ring_bytes, 2 << 20);
	assert_true(config->lateness == 1500 * WEIR_MSEC);
	assert_string_equal(config->rules[0], "/etc/weir/own");
	assert_null(config->rules[1]);
	assert_true(config->lenient);
	assert_null(config->database);
	assert_true(config->keep_for == 0);
	assert_int_equal(config->keep_bytes, 500000000);
	assert_true(config->all_flows);
	assert_int_equal(config->syslog_options.transport, SYSLOG_TLS);
	assert_string_equal(config->syslog_options.server, "logs.example.org");
	assert_string_equal(config->syslog_options.port, "6514");
	assert_string_equal(config->syslog_options.ca_file, "/etc/ssl/ca.pem");
	assert_string_equal(config->syslog_options.facility, "local3");
	assert_true(config->syslog_options.json);
	assert_int_equal(config->syslog_options.max_line, 8192);
	assert_string_equal(config->json_path, "/tmp/x");
	assert_true(config->json_signals);
	assert_false(config->json_events);
	assert_false(is_default(config, "database"));
	config_free(config);
}

static void faults_name_place_and_cure(void **state)
{
	(void)state;
	expect_fault("loopback: true\nlopback: true\n", 2, 1, "nearest is 'loopback'");
	expect_fault("retention:\n    agee: 3d\n", 2, 5, "nearest is 'retention.age'");
	expect_fault("server: x\n", 1, 1, "nearest is 'syslog.server'");
	expect_fault("retention:\n    age: 30 parsecs\n", 2, 10,
		     "retention.age is '30 parsecs': give a duration such as");
	expect_fault("retention: {age: 5}\n", 1, 18, "give a duration");
	expect_fault("retention: {size: 1Gb}\n", 1, 19, "give a size");
	expect_fault("retention: {size: 1KiB}\n", 1, 19, "give at least 1MiB");
	expect_fault("flow: {slots: -1}\n", 1, 15, "give a whole number");
	expect_fault("flow: {slots: 12}\n", 1, 15, "give 1024 to 16777216");
	expect_fault("flow: {slots: 99999999999999999999999}\n", 1, 15, "give 1024 to 16777216");
	expect_fault("flow: {ring: 9MiB}\n", 1, 14, "power of two");
	expect_fault("flow: 12\n", 1, 7, "is a section");
	expect_fault("lateness: {a: b}\n", 1, 11, "give a duration");
	expect_fault("lateness: [1s]\n", 1, 11, "is a list: give a duration");
	expect_fault("lateness:\n", 1, 10, "has no value: give a duration");
	expect_fault("loopback: maybe\n", 1, 11, "give true or false");
	expect_fault("home_networks:\n  - 10.0.0.0/8\n  - 10.0.0.0/40\n", 3, 5,
		     "home_networks is '10.0.0.0/40': give");
	expect_fault("hooks: [eth0=xpd]\n", 1, 9, "give a list of auto, tc or xdp");
	expect_fault("hooks: [=xdp]\n", 1, 9, "give a list of auto, tc or xdp");
	expect_fault("learn: {days: 0}\n", 1, 15, "give 1 to 90");
	expect_fault("roles: [a]\n", 1, 8, "roles is no section");
	expect_fault("roles: {Backup: [10.0.0.1]}\n", 1, 18, "small letters");
	expect_fault("syslog: {transport: tpc}\n", 1, 21, "nearest is 'tcp'");
	expect_fault("syslog: {facility: local8}\n", 1, 20, "give one of");
	expect_fault("loopback: true\nloopback: false\n", 2, 1, "stands in line 1 already");
	expect_fault("- a\n", 1, 1, "not a mapping");
	expect_fault("a: [\n", 2, 1, "not YAML");
	expect_fault("loopback: true\n---\nloopback: true\n", 3, 1, "second document");
	expect_fault("database: \"a\\0b\"\n", 1, 11, "zero byte");
	expect_fault("database: \"\"\n", 1, 11, "give a path");
}

static void keys_that_belong_together_are_checked(void **state)
{
	(void)state;
	expect_fault("syslog:\n    transport: udp\n", 2, 1, "give syslog.server");
	expect_fault("syslog: {server: a}\n", 1, 1, "set syslog.transport");
}

static void environment_stands_in_values(void **state)
{
	struct config *config;

	(void)state;
	setenv("WEIR_TEST_PLACE", "node-7", 1);
	setenv("WEIR_TEST_HOMES", "10.1.0.0/16, fd00::/8\n192.168.0.0/24", 1);
	setenv("WEIR_TEST_EMPTY", "", 1);
	unsetenv("WEIR_TEST_NONE");
	config = load("database: /var/lib/${WEIR_TEST_PLACE}/${WEIR_TEST_NONE:-weir}.db\n"
		      "home_networks: ${WEIR_TEST_HOMES}\n"
		      "roles: {backup: \"${WEIR_TEST_HOMES}\"}\n"
		      "interfaces: [a, \"${WEIR_TEST_EMPTY}\", b]\n"
		      "lateness: ${WEIR_TEST_EMPTY:-4s}\n"
		      "geo: {city: \"/x/$${WEIR_TEST_PLACE}$\"}\n");
	assert_string_equal(config->database, "/var/lib/node-7/weir.db");
	assert_int_equal(config->home.len, 3);
	assert_int_equal(config->roles.at[0].networks.len, 3);
	assert_string_equal(config->interfaces[1], "b");
	assert_null(config->interfaces[2]);
	assert_true(config->lateness == 4 * WEIR_SEC);
	assert_string_equal(config->geo.city, "/x/${WEIR_TEST_PLACE}$");
	config_free(config);
	expect_fault("geo:\n    city: ${WEIR_TEST_NONE}/x\n", 2, 11,
		     "geo.city: ${WEIR_TEST_NONE} is not in the environment: set it");
	expect_fault("database: a${WEIR-b}\n", 1, 11, "is no expansion: give ${NAME}");
	expect_fault("database: ${9}\n", 1, 11, "is no expansion");
	expect_fault("database: ${WEIR_TEST_NONE:-x\n", 1, 11, "is no expansion");
	expect_fault("lateness: ${WEIR_TEST_PLACE}\n", 1, 11, "lateness is 'node-7': give");
}

/* An entry of a mapping may be as long as a value alone. */
static void long_entries_are_whole(void **state)
{
	struct config *config;
	char text[2100] = "placeholders: {A: ";

	(void)state;
	memset(text + strlen(text), 'x', 2000);
	strcat(text, "}\n");
	config = load(text);
	assert_int_equal(strlen(config->placeholders.at[0].values[0]), 2000);
	config_free(config);
}

static void environment_is_bounded(void **state)
{
	char *much = malloc(70001);

	(void)state;
	assert_non_null(much);
	memset(much, 'x', 70000);
	much[70000] = '\0';
	setenv("WEIR_TEST_MUCH", much, 1);
	expect_fault("database: /${WEIR_TEST_MUCH}\n", 1, 11, "give at most 64 KiB");
	unsetenv("WEIR_TEST_MUCH");
	free(much);
}

static void drop_in(const char *folder, const char *name, const char *text)
{
	char file[192];
	FILE *out;

	snprintf(file, sizeof(file), "%s/%s", folder, name);
	out = fopen(file, "w");
	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

/* "/tmp/weir-config-7.d" of the file that load() writes. */
static void drop_ins_make(char folder[64])
{
	snprintf(folder, 64, "/tmp/weir-config-%d.d", (int)getpid());
	assert_int_equal(mkdir(folder, 0700), 0);
}

static void drop_ins_remove(const char *folder, const char *const *names)
{
	for (; *names; names++) {
		char file[192];

		snprintf(file, sizeof(file), "%s/%s", folder, *names);
		unlink(file);
	}
	assert_int_equal(rmdir(folder), 0);
}

static void drop_ins_come_after_the_file(void **state)
{
	static const char *const names[] = {"10-a.yaml",    "20-b.yml", "9.yaml",
					    ".hidden.yaml", "note.txt", NULL};
	char folder[64];
	struct config *config;
	char *text;

	(void)state;
	drop_ins_make(folder);
	drop_in(folder, names[0], "lateness: 4s\nhome_networks: [10.1.0.0/16]\nloopback: yes\n");
	drop_in(folder, names[1], "lateness: 5s\nhome_networks: 10.2.0.0/16\n");
	drop_in(folder, names[2], "retention: {age: 7d}\n");
	drop_in(folder, names[3], "nonsense");
	drop_in(folder, names[4], "nonsense");
	config = load("lateness: 3s\nhome_networks: [10.3.0.0/16, 10.4.0.0/16]\n"
		      "retention: {age: 9d, size: 2GiB}\n");
	assert_true(config->lateness == 5 * WEIR_SEC);
	assert_int_equal(config->home.len, 1);
	assert_true(config->loopback);
	assert_true(config->keep_for == 7 * WEIR_DAY);
	assert_int_equal(config->keep_bytes, UINT64_C(2) << 30);
	text = printed(config);
	assert_non_null(strstr(text, ".d/20-b.yml:1\n"));
	assert_non_null(strstr(text, ".d/9.yaml:1\n"));
	assert_non_null(strstr(text, ".yaml:3\n"));
	free(text);
	config_free(config);
	drop_ins_remove(folder, names);
}

static void faults_of_all_files_are_told(void **state)
{
	static const char *const names[] = {"a.yaml", "b.yaml", NULL};
	static const char text[] = "lateness: x\n";
	struct faults faults = {0};
	struct config *config;
	char folder[64];

	(void)state;
	drop_ins_make(folder);
	drop_in(folder, names[0], "\nlopback: 1\n");
	drop_in(folder, names[1], "syslog: {server: a}\n[");
	write_file(text, strlen(text));
	assert_int_equal(config_load(&config, path, &faults), -EINVAL);
	assert_int_equal(faults.list.len, 3);
	assert_string_equal(faults.list.at[0].place.file, path);
	assert_non_null(strstr(faults.list.at[1].place.file, ".d/a.yaml"));
	assert_int_equal(faults.list.at[1].place.line, 2);
	assert_non_null(strstr(faults.list.at[2].place.file, ".d/b.yaml"));
	faults_free(&faults);
	/* One key of a drop-in that needs another. */
	faults = (struct faults){0};
	drop_in(folder, names[0], "");
	drop_in(folder, names[1], "\nsyslog: {server: a}\n");
	write_file("", 0);
	assert_int_equal(config_load(&config, path, &faults), -EINVAL);
	assert_int_equal(faults.list.len, 1);
	assert_non_null(strstr(faults.list.at[0].place.file, ".d/b.yaml"));
	assert_int_equal(faults.list.at[0].place.line, 2);
	faults_free(&faults);
	drop_ins_remove(folder, names);
}

static void all_faults_are_told_at_once(void **state)
{
	static const char text[] = "lopback: 1\nlateness: x\nflow: {slots: x, ring: y}\n";
	struct faults faults = {0};
	struct config *config;

	(void)state;
	write_file(text, strlen(text));
	assert_int_equal(config_load(&config, path, &faults), -EINVAL);
	assert_int_equal(faults.list.len, 4);
	faults_free(&faults);
}

static void what_is_no_text_has_its_place(void **state)
{
	(void)state;
	expect_fault("loopback: true\nlateness: 1s\xff\n", 2, 13, "not UTF-8 text");
}

static void what_is_no_text_is_refused(void **state)
{
	static const char *const bad[] = {"\xff\xfe\x80",     "\x01",	    "a: \xc3\x28",
					  "%YAML 9.9\n---\n", "a: &x [*x]", "? [a]\n: b\n",
					  "*nowhere"};
	struct faults faults = {0};
	struct config *config;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		write_file(bad[i], strlen(bad[i]));
		assert_int_equal(config_load(&config, path, &faults), -EINVAL);
		assert_null(config);
		assert_true(faults.fatal > 0);
		faults_free(&faults);
		faults = (struct faults){0};
	}
}

static void missing_and_unreadable_files_are_told(void **state)
{
	struct faults faults = {0};
	struct config *config;

	(void)state;
	assert_int_equal(config_load(&config, "/nonexistent/weir.yaml", &faults), -EINVAL);
	assert_int_equal(faults.list.len, 1);
	assert_non_null(strstr(faults.list.at[0].text, "No such file"));
	assert_string_equal(faults.list.at[0].place.file, "/nonexistent/weir.yaml");
	assert_int_equal(config_load(&config, "/", &faults), -EINVAL);
	assert_int_equal(config_load(&config, "/dev/zero", &faults), -EINVAL);
	assert_int_equal(faults.list.len, 3);
	faults_free(&faults);
}

static void command_line_replaces_file(void **state)
{
	struct config *config = load("home_networks: [10.1.0.0/16, 10.2.0.0/16]\nlateness: 5s\n");
	struct error error = {0};
	char *text;

	(void)state;
	assert_int_equal(config_set(config, "home_networks", "192.168.1.0/24", &error), 0);
	assert_int_equal(config_set(config, "home_networks", "192.168.2.0/24", &error), 0);
	assert_int_equal(config->home.len, 2);
	assert_int_equal(config_set(config, "database", "none", &error), 0);
	assert_null(config->database);
	assert_int_equal(config_set(config, "lateness", "soon", &error), -EINVAL);
	assert_string_equal(
		error.text,
		"lateness is 'soon': give a duration such as 90s, 5m, 1h30m or 7d, at most 1h");
	assert_true(config->lateness == 5 * WEIR_SEC);
	assert_int_equal(config_set(config, "lateniss", "1s", &error), -EINVAL);
	assert_non_null(strstr(error.text, "'lateness'"));

	text = printed(config);
	assert_non_null(strstr(text, "home_networks: [192.168.1.0/24, 192.168.2.0/24]"));
	assert_non_null(strstr(text, "# command line\n"));
	assert_non_null(strstr(text, "weir-config-"));
	assert_non_null(strstr(text, ":2\n"));
	free(text);
	config_free(config);
}

/* What is printed reads back to the same; also with texts that YAML would read otherwise. */
static void printed_configuration_reads_back(void **state)
{
	struct config *config = load("interfaces: ['!lo', \"a b\", 'null', \"x\\ty\", '-']\n"
				     "roles: {backup: [10.0.5.0/24, fd00::1]}\n"
				     "hooks: [tc, 'eth*=xdp']\n"
				     "retention: {age: 36h, size: 1500MB}\n"
				     "json: {path: '-'}\n");
	char *first = printed(config), *second;

	(void)state;
	config_free(config);
	config = load(first);
	second = printed(config);
	/* All but the origins. */
	for (char *a = first, *b = second; *a && *b;) {
		size_t n = strcspn(a, "#"), m = strcspn(b, "#");

		assert_int_equal(n, m);
		assert_memory_equal(a, b, n);
		a += n + strcspn(a + n, "\n");
		b += m + strcspn(b + m, "\n");
	}
	free(first);
	free(second);
	config_free(config);
}

static char *sample(void)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	config_sample(out);
	fclose(out);
	return text;
}

/* The sample changes nothing as it stands, and nothing either with every key taken in. */
static void sample_holds_the_defaults(void **state)
{
	char *text = sample();
	struct config *config = load(text);
	char *plain = printed(config), *taken;

	(void)state;
	config_free(config);
	for (char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		char *at = line + strspn(line, " ");

		if (at[0] == '#' && at[1] != ' ' && strncmp(at, "#rules:", 7))
			memmove(at, at + 1, strlen(at));
	}
	config = load(text);
	taken = printed(config);
	for (size_t i = 0; i < config_keys_len; i++)
		assert_int_equal(is_default(config, config_keys[i].name),
				 !strcmp(config_keys[i].name, "rules"));
	config_free(config);
	for (char *a = plain, *b = taken; *a && *b;) {
		size_t n = strcspn(a, "#"), m = strcspn(b, "#");

		assert_int_equal(n, m);
		assert_memory_equal(a, b, n);
		a += n + strcspn(a + n, "\n");
		b += m + strcspn(b + m, "\n");
	}
	free(plain);
	free(taken);
	free(text);
}

static char *slurp(const char *name)
{
	FILE *file = fopen(name, "r");
	char *text = calloc(1, 1 << 18);
	size_t n = file ? fread(text, 1, (1 << 18) - 1, file) : 0;

	if (file)
		fclose(file);
	if (!n)
		fail_msg("cannot read %s: run from the top of the tree", name);
	return text;
}

static void shipped_sample_is_the_tables(void **state)
{
	char *text = sample(), *shipped = slurp("deploy/weir.yaml");

	(void)state;
	assert_string_equal(shipped, text); /* tools/docs.sh writes it anew */
	free(shipped);
	free(text);
}

static void documentation_is_the_tables(void **state)
{
	char *shipped = slurp("docs/configuration.md"), *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	config_document(out);
	fclose(out);
	assert_non_null(strstr(shipped, text)); /* tools/docs.sh writes it anew */
	free(shipped);
	free(text);
}

static int remove_file(void **state)
{
	(void)state;
	unlink(path);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_those_documented),
		cmocka_unit_test(every_key_is_read),
		cmocka_unit_test(faults_name_place_and_cure),
		cmocka_unit_test(keys_that_belong_together_are_checked),
		cmocka_unit_test(environment_stands_in_values),
		cmocka_unit_test(long_entries_are_whole),
		cmocka_unit_test(environment_is_bounded),
		cmocka_unit_test(drop_ins_come_after_the_file),
		cmocka_unit_test(faults_of_all_files_are_told),
		cmocka_unit_test(all_faults_are_told_at_once),
		cmocka_unit_test(what_is_no_text_has_its_place),
		cmocka_unit_test(what_is_no_text_is_refused),
		cmocka_unit_test(missing_and_unreadable_files_are_told),
		cmocka_unit_test(command_line_replaces_file),
		cmocka_unit_test(printed_configuration_reads_back),
		cmocka_unit_test(sample_holds_the_defaults),
		cmocka_unit_test(shipped_sample_is_the_tables),
		cmocka_unit_test(documentation_is_the_tables),
	};

	return cmocka_run_group_tests(tests, NULL, remove_file);
}
