/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/vec.h"
#include "cli/agent.h"
#include "cli/arguments.h"
#include "cli/system.h"
#include "cli/verbs.h"
#include "rule/rule.h"
#include "sink/database.h"
#include "support/scrub.h"
#include "support/tar.h"

#define HEALTH_NEWEST 100
#define PEOPLE_FROM   1000 /* first number of users that are people */
#define FILE_MOST     (1 << 16)

static const struct verb_option options[] = {
	{"config", 'c', "FILE", "configuration, instead of " WEIR_SYSCONFDIR "/weir/weir.yaml",
	 NULL},
	{"database", 0, "FILE", "read health events here, instead of in the configured database",
	 "database"},
	{"output", 'o', "FILE", "write here, instead of to weir-support-TIME.tar.gz", NULL},
	{"json", 0, NULL, "print what was written where as a JSON object", NULL},
	{0},
};

struct support {
	const struct arguments *arguments;
	struct config *config; /* NULL: it has faults */
	struct scrub *scrub;
	json_t *status;				     /* NULL: none runs, or it does not answer */
	char why[sizeof(((struct error *)0)->text)]; /* then */
	struct tar *tar;
	json_t *contents; /* names and sizes */
};

static void learn_secret(void *context, const char *value)
{
	scrub_know_all(context, SCRUB_SECRET, value);
}

/* Names of this machine and its people, and what the configuration has that is secret. */
static void learn(struct support *s)
{
	const struct passwd *user;
	struct utsname names;
	char *nothing = NULL;
	size_t size;
	FILE *out;

	if (!uname(&names) && strcmp(names.nodename, "localhost")) {
		scrub_know(s->scrub, SCRUB_HOST, names.nodename);
		names.nodename[strcspn(names.nodename, ".")] = '\0';
		scrub_know(s->scrub, SCRUB_HOST, names.nodename);
	}
	setpwent();
	while ((user = getpwent()))
		if (user->pw_uid >= PEOPLE_FROM && strcmp(user->pw_name, "nobody"))
			scrub_know(s->scrub, SCRUB_USER, user->pw_name);
	endpwent();
	out = open_memstream(&nothing, &size);
	if (out && s->config)
		config_print_public(s->config, out, learn_secret, s->scrub);
	if (out)
		fclose(out);
	free(nothing);
}

static void add_file(struct support *s, const char *name, const char *bytes, size_t size)
{
	tar_add(s->tar, name, bytes, size);
	json_array_append_new(s->contents,
			      json_pack("{s:s, s:I}", "name", name, "bytes", (json_int_t)size));
}

static void add(struct support *s, const char *name, const char *text)
{
	char *clean = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&clean, &size);

	if (!out)
		return;
	scrub_text(s->scrub, text ? text : "", out);
	fclose(out);
	add_file(s, name, clean, size);
	free(clean);
}

/* Texts are cleaned by themselves: marks of JSON are no part of a word. Takes the value over. */
static void add_json(struct support *s, const char *name, json_t *value)
{
	json_t *clean = value ? scrub_json(s->scrub, value) : NULL;
	char *text = clean ? json_dumps(clean, JSON_INDENT(1)) : NULL;

	if (text)
		add_file(s, name, text, strlen(text));
	free(text);
	json_decref(clean);
	json_decref(value);
}

/* Files of /proc and the like; a folder's and a missing one are empty. */
static void copy_file(const char *path, FILE *out)
{
	char line[4096];
	size_t done = 0;
	FILE *in = fopen(path, "re");

	while (in && done < FILE_MOST && fgets(line, sizeof(line), in)) {
		fputs(line, out);
		done += strlen(line);
	}
	if (in)
		fclose(in);
}

/* ---- what is in it ---- */

static void put_readme(struct support *s, FILE *out)
{
	(void)s;
	fputs("What 'weir support' gathered for a report. IP and MAC addresses, names of hosts, of "
	      "domains and of\npeople have pseudonyms, the same wherever the same stood; values of "
	      "keys that may hold secrets, and\ncommand lines, are left out. There is no payload, "
	      "no event, no detection in it.\n\n",
	      out);
}

static void put_version(struct support *s, FILE *out)
{
	(void)s;
	fprintf(out, "weir %s\n", WEIR_VERSION);
}

static void put_kernel(struct support *s, FILE *out)
{
	struct utsname names;

	(void)s;
	if (!uname(&names))
		fprintf(out, "%s %s %s %s\n", names.sysname, names.release, names.version,
			names.machine);
	copy_file("/etc/os-release", out);
	copy_file("/proc/meminfo", out);
}

static void put_system(struct support *s, FILE *out)
{
	(void)s;
	system_check(out);
}

static void put_config(struct support *s, FILE *out)
{
	if (s->config)
		config_print_public(s->config, out, learn_secret, s->scrub);
	else
		fputs("The configuration cannot be loaded: 'weir check' says why.\n", out);
}

static void put_limits_of(const char *pid, FILE *out)
{
	static const char *const files[] = {"limits", "status"};
	char path[64];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "/proc/%.20s/%s", pid, files[i]);
		fprintf(out, "%s:\n", path);
		copy_file(path, out);
		fputc('\n', out);
	}
}

/* Of weir and of its children. */
static void put_limits(struct support *s, FILE *out)
{
	json_int_t pid = json_integer_value(json_object_get(s->status, "pid"));
	char path[96], line[4096] = "", *rest = line, *child;
	FILE *in;

	if (!pid) {
		fprintf(out, "weir does not run here, or does not answer: %s\n", s->why);
		return;
	}
	snprintf(path, sizeof(path), "%lld", (long long)pid);
	put_limits_of(path, out);
	snprintf(path, sizeof(path), "/proc/%lld/task/%lld/children", (long long)pid,
		 (long long)pid);
	in = fopen(path, "re");
	if (in && fgets(line, sizeof(line), in))
		while ((child = strsep(&rest, " \n")))
			if (*child)
				put_limits_of(child, out);
	if (in)
		fclose(in);
}

static const struct {
	const char *name;
	void (*put)(struct support *s, FILE *out);
} texts[] = {
	{"README", put_readme},	    {"version.txt", put_version}, {"kernel.txt", put_kernel},
	{"system.txt", put_system}, {"weir.yaml", put_config},	  {"limits.txt", put_limits},
};

static void add_texts(struct support *s)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char *text = NULL;
		size_t size;
		FILE *out = open_memstream(&text, &size);

		if (!out)
			return;
		texts[i].put(s, out);
		fclose(out);
		add(s, texts[i].name, text);
		free(text);
	}
}

/* The newest, first the newest of them. */
static json_t *health_of(const char *path, struct error *error)
{
	static const char sql[] =
		"SELECT time, fact, message FROM health ORDER BY time DESC LIMIT ?";
	json_t *list = json_array();
	sqlite3_stmt *rows = NULL;
	sqlite3 *db = NULL;

	if (database_open_read(&db, path, error))
		return list;
	if (sqlite3_prepare_v2(db, sql, -1, &rows, NULL) == SQLITE_OK) {
		sqlite3_bind_int(rows, 1, HEALTH_NEWEST);
		while (sqlite3_step(rows) == SQLITE_ROW) {
			char at[TIME_TEXT_MAX];
			const char *fact = (const char *)sqlite3_column_text(rows, 1);
			const char *message = (const char *)sqlite3_column_text(rows, 2);

			time_format(sqlite3_column_int64(rows, 0) * WEIR_USEC, at);
			json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "@timestamp", at,
							      "event.action", fact ? fact : "",
							      "message", message ? message : ""));
		}
	}
	sqlite3_finalize(rows);
	sqlite3_close(db);
	return list;
}

/* What the one that runs counts of it; NULL: nothing. */
static json_t *counts_of(const struct support *s, const struct rule *rule)
{
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(s->status, "rules"), i, one)
	{
		const char *id = json_string_value(json_object_get(one, "id"));

		if (id && !strcmp(id, rule->id))
			return json_incref(one);
	}
	return NULL;
}

static json_t *faults_of(const struct faults *faults)
{
	json_t *list = json_array();

	vec_each (fault, &faults->list)
		json_array_append_new(list, json_pack("{s:s?, s:i, s:s}", "file", fault->place.file,
						      "line", (int)fault->place.line, "text",
						      fault->text));
	return list;
}

/* Those of the configuration, with what the one that runs counts of each. */
static json_t *rules_of(const struct support *s)
{
	struct rule_options how = config_rule_options(s->config);
	struct faults faults = {0};
	struct ruleset *set = NULL;
	json_t *list = json_array(), *wrong;

	if (ruleset_load(&set, &how, &faults))
		set = NULL;
	for (unsigned i = 0; set && i < set->len; i++) {
		const struct rule *rule = &set->rules[i];

		json_array_append_new(
			list, json_pack("{s:s, s:s?, s:s, s:s?, s:o*}", "id", rule->id, "name",
					rule->display, "level", severity_name(rule->level), "file",
					rule->place.file, "counts", counts_of(s, rule)));
	}
	wrong = faults_of(&faults);
	faults_free(&faults);
	ruleset_free(set);
	return json_pack("{s:o, s:o}", "rules", list, "faults", wrong);
}

static void add_asked(struct support *s)
{
	struct error error = {0};
	const char *database = s->config ? s->config->database : NULL;

	add_json(s, "status.json",
		 s->status ? json_incref(s->status) : json_pack("{s:s}", "error", s->why));
	if (s->config)
		add_json(s, "rules.json", rules_of(s));
	if (database) {
		json_t *list = health_of(database, &error);

		add_json(s, "health.json",
			 json_pack("{s:o, s:s}", "events", list, "error", error.text));
	}
}

/* ---- the archive ---- */

static int open_output(const char *path, struct error *error)
{
	/* Nobody else's file, and nobody else's to read. */
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd >= 0)
		return fd;
	return error_set(error, EXIT_SYSTEM, errno, "%s cannot be written: %s: %s", path,
			 strerror(errno),
			 errno == EEXIST ? "another name, with -o, would be right"
					 : "a folder that you may write to would be right");
}

static void default_name(char *name, size_t size)
{
	char time[TIME_TEXT_MAX];

	time_format(time_now(), time);
	time[19] = '\0';
	for (char *c = time; *c; c++)
		if (*c == ':')
			*c = '-';
	snprintf(name, size, "weir-support-%s.tar.gz", time);
}

static void tell(const struct support *s, const char *path)
{
	json_t *one, *object;
	size_t i;

	if (arguments_has(s->arguments, "json")) {
		object = json_pack("{s:s, s:b, s:O}", "file", path, "running", s->status != NULL,
				   "contents", s->contents);
		json_dumpf(object, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(object);
		return;
	}
	json_array_foreach(s->contents, i, one)
		printf("%10lld  %s\n", (long long)json_integer_value(json_object_get(one, "bytes")),
		       json_string_value(json_object_get(one, "name")));
	if (!s->status)
		printf("weir was not asked: %s\n", s->why);
	printf("wrote %s: look through it before you send it\n", path);
}

static int write_archive(struct support *s, const char *path, struct error *error)
{
	int fd = open_output(path, error), err;

	if (fd < 0)
		return error->status;
	s->tar = tar_new(fd);
	if (!s->tar)
		return error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for the archive"),
		       EXIT_SYSTEM;
	learn(s);
	add_texts(s);
	add_asked(s);
	err = tar_close(s->tar);
	if (!err) {
		tell(s, path);
		return EXIT_DONE;
	}
	unlink(path);
	error_set(error, EXIT_SYSTEM, -err, "%s cannot be written: %s", path, strerror(-err));
	return EXIT_SYSTEM;
}

static int run(const struct arguments *a)
{
	struct support s = {.arguments = a, .scrub = scrub_new(), .contents = json_array()};
	const char *path = arguments_value(a, "output");
	struct faults faults = {0};
	struct error error = {0};
	char name[64];
	int status;

	default_name(name, sizeof(name));
	/* One with faults is no reason not to report them. */
	if (arguments_config_again(a, &s.config, &faults))
		s.config = NULL;
	faults_print(&faults);
	faults_free(&faults);
	s.status = agent_request("status", &error);
	snprintf(s.why, sizeof(s.why), "%s", error.text);
	error = (struct error){0};
	if (s.scrub && s.contents)
		status = write_archive(&s, path ? path : name, &error);
	else
		status = error_set(&error, EXIT_SYSTEM, ENOMEM, "no memory for the archive"),
		status = EXIT_SYSTEM;
	if (status)
		verb_error(&error);
	json_decref(s.status);
	json_decref(s.contents);
	scrub_free(s.scrub);
	config_free(s.config);
	return status;
}

const struct verb verb_support = {
	.name = "support",
	.operands = "",
	.summary = "gather what a bug report needs, without secrets and addresses",
	.help = "Writes one archive: the version, the status and the rules of the weir that runs "
		"in "
		"this network namespace, with their counts, what 'weir check --system' says, the "
		"configuration in force, the newest health events, the kernel, and the limits of "
		"weir's processes. It works where weir does not run, and says so in it.\n"
		"\n"
		"IP and MAC addresses, names of hosts, domains and users have pseudonyms, the same "
		"within one archive: ip-private-1, mac-1, host-1. Values of keys that may hold "
		"secrets, and command lines, are left out; events, detections and payload are not "
		"in it at all. Look through it before you send it.",
	.options = options,
	.run = run,
};
