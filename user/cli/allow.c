/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/allow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "cli/arguments.h"
#include "cli/verb.h"
#include "event/privacy.h"
#include "rule/rule.h"

#define ID_SHOWN 8 /* characters of a detection's id in names */

struct allow {
	const json_t *record;
	const struct ruleset *set;
	const struct rule *rule;
	const char *const *paths; /* of rules; ended by NULL */
	const char *folder;
	char path[4096], fresh[4096]; /* of the file, and while it is tried */
	const char *id;		      /* of the detection */
};

static const char *text_of(const json_t *record, const char *name)
{
	const char *text = json_string_value(json_object_get(record, name));

	return text ? text : "";
}

/* The last of the configured rules that is a folder. */
static int find_folder(struct allow *a, const struct config *config, struct error *error)
{
	struct stat status;

	a->paths = config->rules;
	for (size_t i = 0; config->rules && config->rules[i]; i++)
		if (!stat(config->rules[i], &status) && S_ISDIR(status.st_mode))
			a->folder = config->rules[i];
	if (!a->folder)
		return error_set(error, EXIT_SYSTEM, ENOENT,
				 "none of the configured rules is a folder: make " WEIR_SYSCONFDIR
				 "/weir/rules, or name one with --rules");
	snprintf(a->path, sizeof(a->path), "%s/local-allow-%.*s.yml", a->folder, ID_SHOWN, a->id);
	/* Folders are read without what begins with a dot. */
	snprintf(a->fresh, sizeof(a->fresh), "%s/.local-allow-%.*s.yml", a->folder, ID_SHOWN,
		 a->id);
	return 0;
}

static int find_rule(struct allow *a, struct error *error)
{
	const char *id = text_of(a->record, "rule.id");

	for (unsigned i = 0; i < a->set->len; i++)
		if (!strcasecmp(a->set->rules[i].id, id))
			a->rule = &a->set->rules[i];
	if (!a->rule)
		return error_set(error, EXIT_INPUT, ENOENT,
				 "rule %s (%s) is not loaded any more: there is nothing to allow",
				 text_of(a->record, "rule.name"), id);
	return 0;
}

static bool is_kept_back(const struct allow *a, enum field field, const char *name)
{
	const json_t *value = json_object_get(a->record, name);

	if (json_is_string(value))
		return privacy_is_hash(json_string_value(value), json_string_length(value));
	return json_is_null(value) && field_table[field].subject != SUBJECT_OPEN;
}

/* A filter of a hash, or of what was dropped, would match nothing. */
static int find_hashes(const struct allow *a, struct error *error)
{
	const struct rule *rule = a->rule;
	const struct field_list *fields =
		rule->kind == RULE_WINDOW ? &rule->window.group_by : &rule->temporal.group_by;
	const char *hidden = NULL;

	if (rule->kind == RULE_BASE)
		return 0;
	for (unsigned i = 0; i < fields->len; i++)
		if (is_kept_back(a, fields->at[i], field_table[fields->at[i]].name))
			hidden = field_table[fields->at[i]].name;
	for (unsigned i = 0; rule->kind == RULE_TEMPORAL && i < rule->temporal.aliases_len; i++)
		if (is_kept_back(a, rule->temporal.aliases[i].by_ref[0],
				 rule->temporal.aliases[i].name))
			hidden = rule->temporal.aliases[i].name;
	if (!hidden)
		return 0;
	return error_set(error, EXIT_INPUT, ENODATA,
			 "%s was kept back when it was stored (privacy): a filter that you write, "
			 "with the value itself, would be right",
			 hidden);
}

/* A text as YAML has it; in a field's value its wildcards are plain. */
static void put_text(FILE *out, const char *text, bool value)
{
	char *plain = malloc(2 * strlen(text) + 1), *to = plain;
	json_t *string;
	char *quoted;

	for (; plain && *text; text++) {
		if (value && strchr("*?\\", *text))
			*to++ = '\\';
		*to++ = *text;
	}
	if (!plain)
		return;
	*to = 0;
	string = json_string(plain);
	quoted = string ? json_dumps(string, JSON_ENCODE_ANY | JSON_ENSURE_ASCII) : NULL;
	fputs(quoted ? quoted : "\"\"", out);
	free(quoted);
	json_decref(string);
	free(plain);
}

static void put_key(FILE *out, const struct allow *a, const char *name)
{
	const json_t *value = json_object_get(a->record, name);
	char *number;

	fprintf(out, "        %s: ", name);
	if (json_is_string(value)) {
		put_text(out, json_string_value(value), true);
	} else if (!value || json_is_null(value)) {
		fputs("null", out);
	} else {
		number = json_dumps(value, JSON_ENCODE_ANY);
		fputs(number ? number : "null", out);
		free(number);
	}
	fputc('\n', out);
}

/* What tells this case from others of its rule. */
static unsigned put_keys(FILE *out, const struct allow *a)
{
	static const enum field single[] = {FIELD_SOURCE_IP, FIELD_DESTINATION_IP};
	const struct field_list *fields = a->rule->kind == RULE_WINDOW
						  ? &a->rule->window.group_by
						  : &a->rule->temporal.group_by;
	unsigned keys = 0;

	if (a->rule->kind == RULE_BASE) {
		for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++)
			put_key(out, a, field_table[single[i]].name);
		return 2;
	}
	for (; keys < fields->len; keys++)
		put_key(out, a, field_table[fields->at[keys]].name);
	for (unsigned i = 0; a->rule->kind == RULE_TEMPORAL && i < a->rule->temporal.aliases_len;
	     i++, keys++)
		put_key(out, a, a->rule->temporal.aliases[i].name);
	return keys;
}

/* The rule, and those that would tell the same as members of its family. */
static void put_rules(FILE *out, const struct allow *a)
{
	for (unsigned i = 0; i < a->set->len; i++) {
		const struct rule *rule = &a->set->rules[i];
		bool kin = a->rule->family && rule->family &&
			   !strcmp(a->rule->family, rule->family) && rule->kind == a->rule->kind;

		if (rule == a->rule || kin)
			fprintf(out, "        - %s # %s\n", rule->id, rule->display);
	}
}

static bool write_filter(FILE *out, const struct allow *a)
{
	char id[UUID_TEXT_MAX], name[64], date[TIME_TEXT_MAX];
	unsigned service = a->rule->services ? (unsigned)__builtin_ctz(a->rule->services) : 0;

	snprintf(name, sizeof(name), "allow %s", a->id);
	uuid_v5(name, strlen(name), id);
	fputs("title: ", out);
	snprintf(name, sizeof(name), "Allow %.32s as in %.*s", a->rule->display, ID_SHOWN, a->id);
	put_text(out, name, false);
	fprintf(out, "\nid: %s\ndescription: ", id);
	put_text(out, text_of(a->record, "message"), false);
	fprintf(out, "\ndate: %.10s\n", time_format(time_now(), date));
	fprintf(out, "logsource:\n    category: network\n    service: %s\n",
		service_name((enum event_service)service));
	fputs("filter:\n    rules:\n", out);
	put_rules(out, a);
	fputs("    selection:\n", out);
	if (!put_keys(out, a))
		return false;
	fputs("    condition: selection\n", out);
	return !ferror(out);
}

static int write_file(struct allow *a, struct error *error)
{
	FILE *out = fopen(a->fresh, "we");
	bool keyed;
	int err;

	if (!out) {
		err = errno;
		return error_set(error, EXIT_SYSTEM, err, "cannot write into %s: %s", a->folder,
				 strerror(err));
	}
	keyed = write_filter(out, a);
	if (fclose(out) || !keyed) {
		unlink(a->fresh);
		return error_set(error, EXIT_INPUT, EINVAL,
				 "rule %s groups by nothing: a filter would allow all of it",
				 a->rule->display);
	}
	return 0;
}

static struct ruleset *load(const struct config *config, const char *more)
{
	const char *paths[256] = {NULL};
	struct rule_options how = config_rule_options(config);
	struct faults faults = {0};
	struct ruleset *set = NULL;
	size_t len = 0;

	for (; config->rules && config->rules[len] && len < 254; len++)
		paths[len] = config->rules[len];
	paths[len] = more;
	how.paths = paths;
	how.lenient = true;
	if (ruleset_load(&set, &how, &faults))
		faults_print(&faults);
	faults_free(&faults);
	return set;
}

static void show_file(const char *path)
{
	FILE *in = fopen(path, "re");
	char line[1024];

	while (in && fgets(line, sizeof(line), in))
		fputs(line, stdout);
	if (in)
		fclose(in);
}

/* It must load with all the others, and be for the rule. */
static int try_file(struct allow *a, const struct config *config, struct error *error)
{
	struct ruleset *set = load(config, a->fresh);
	bool good = set && set->filters_len && set->filters[set->filters_len - 1].rules;

	ruleset_free(set);
	if (good && !rename(a->fresh, a->path))
		return 0;
	unlink(a->fresh);
	return error_set(error, EXIT_INPUT, EINVAL,
			 good ? "cannot write %s"
			      : "the filter does not load: nothing was written "
				"(%s)",
			 a->path);
}

int allow_detection(const struct config *config, const json_t *record, struct error *error)
{
	struct allow a = {.record = record, .id = text_of(record, "event.id")};
	struct ruleset *set;
	int err = find_folder(&a, config, error);

	if (err)
		return err;
	set = load(config, NULL);
	if (!set)
		return error_set(error, EXIT_INPUT, EINVAL,
				 "the rules do not load: mend them, or see `weir check`");
	a.set = set;
	err = find_rule(&a, error);
	err = err ? err : find_hashes(&a, error);
	err = err ? err : write_file(&a, error);
	err = err ? err : try_file(&a, config, error);
	ruleset_free(set);
	if (err)
		return err;
	printf("wrote %s, which `weir reload` makes work:\n\n", a.path);
	show_file(a.path);
	return 0;
}
