/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/trust.h"
#include "rule/filter.h"
#include "rule/load.h"
#include "rule/words.h"

/* Files and documents to a rule set. */

#define FILE_BYTES_MAX (16u << 20)
#define FOLDERS_DEEP   16

static bool ends_with(const char *name, const char *end)
{
	size_t length = strlen(name), tail = strlen(end);

	return length > tail && !strcmp(name + length - tail, end);
}

static bool is_rule_file(const char *name)
{
	if (ends_with(name, ".cases.yml") || ends_with(name, ".cases.yaml"))
		return false;
	return ends_with(name, ".yml") || ends_with(name, ".yaml");
}

static void docs_add(struct load *load, struct yaml_docs *docs, size_t first, size_t path)
{
	for (size_t i = first; i < docs->list.len; i++) {
		struct draft *draft = calloc(1, sizeof(*draft)), **slot = NULL;

		if (draft)
			slot = vec_add(&load->drafts);
		if (!slot) {
			free(draft);
			load_memory(load, NULL);
			return;
		}
		*slot = draft;
		draft->root = yaml_root(docs->list.at[i]);
		draft->path = path;
	}
}

static void text_add(struct load *load, struct yaml_docs *docs, const char *name, const char *text,
		     size_t length, size_t path)
{
	size_t first = docs->list.len;
	const char *file = arena_text(load->arena, name);

	if (!load_memory(load, file))
		return;
	yaml_docs_read(docs, file, text, length, load->faults);
	docs_add(load, docs, first, path);
}

static bool file_fault(struct load *load, const char *name, const char *words)
{
	fault_add(load->faults, (struct place){name, 0, 0}, true, "%s", words);
	return false;
}

static bool file_add(struct load *load, struct yaml_docs *docs, const char *name, size_t path)
{
	FILE *file = fopen(name, "re");
	char why[TRUST_WHY_MAX];
	char *text = NULL;
	size_t length;

	if (!file)
		return file_fault(load, name, strerror(errno));
	if (!trust_fd(fileno(file), why)) {
		fclose(file);
		return file_fault(load, name, why);
	}
	text = malloc(FILE_BYTES_MAX);
	length = text ? fread(text, 1, FILE_BYTES_MAX, file) : 0;
	if (!text)
		load_memory(load, NULL);
	else if (ferror(file))
		file_fault(load, name, strerror(errno));
	else if (length == FILE_BYTES_MAX)
		file_fault(load, name, "larger than 16 MiB: no rule is");
	else
		text_add(load, docs, name, text, length, path);
	free(text);
	fclose(file);
	return true;
}

static void path_add(struct load *load, struct yaml_docs *docs, const char *name, size_t path,
		     unsigned depth);

/* The same order in every locale. */
static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void folder_add(struct load *load, struct yaml_docs *docs, const char *name, size_t path,
		       unsigned depth)
{
	struct dirent **entries;
	int len = scandir(name, &entries, NULL, by_bytes);

	if (len < 0) {
		file_fault(load, name, strerror(errno));
		return;
	}
	for (int i = 0; i < len; i++) {
		char *whole = arena_format(load->arena, "%s/%s", name, entries[i]->d_name);
		struct stat status;

		if (entries[i]->d_name[0] != '.' && whole && !stat(whole, &status) &&
		    (S_ISDIR(status.st_mode) || is_rule_file(whole)))
			path_add(load, docs, whole, path, depth + 1);
		free(entries[i]);
	}
	free(entries);
}

static void path_add(struct load *load, struct yaml_docs *docs, const char *name, size_t path,
		     unsigned depth)
{
	struct stat status;

	if (stat(name, &status))
		file_fault(load, name, strerror(errno));
	else if (depth > FOLDERS_DEEP)
		file_fault(load, name, "folders nested too deep: a link to itself?");
	else if (S_ISDIR(status.st_mode))
		folder_add(load, docs, name, path, depth);
	else
		file_add(load, docs, name, path);
}

/* A rule that is for other events or fields than weir's is left out, where that was asked. */
static bool skip(struct load *load, struct ruleset *set, struct draft *draft, size_t fault,
		 size_t fatal, size_t foreign)
{
	struct fault *first = NULL, *kept;

	if (!load->lenient || load->faults->fatal - fatal != load->foreign - foreign)
		return false;
	for (size_t i = fault; i < load->faults->list.len; i++) {
		struct fault *f = &load->faults->list.at[i];

		first = first ? first : f->fatal ? f : NULL;
		f->fatal = false;
	}
	load->faults->fatal = fatal;
	draft->refused = true;
	kept = first ? vec_add(&set->skipped) : NULL;
	if (!kept)
		return true;
	*kept = (struct fault){draft->rule.place, arena_text(&set->arena, first->text), false};
	kept->place.line = first->place.line;
	kept->place.column = first->place.column;
	return true;
}

static void draft_run(struct load *load, struct ruleset *set, struct draft *draft,
		      bool (*read)(struct load *load, struct draft *draft))
{
	size_t fault = load->faults->list.len, fatal = load->faults->fatal;
	size_t foreign = load->foreign;

	load->reads = &draft->rule.reads;
	if (draft->out || read(load, draft))
		return;
	draft->out = true;
	if (load->faults->fatal > fatal)
		skip(load, set, draft, fault, fatal, foreign);
}

/* A rule whose evidence is gone goes with it: silently if that was a fault, else it is listed. */
static bool refs_gone(struct load *load, struct ruleset *set, struct draft *draft)
{
	struct fault *kept;

	for (unsigned i = 0; i < draft->refs_len; i++) {
		if (!draft->refs[i]->out)
			continue;
		draft->out = true;
		draft->refused = draft->refs[i]->refused;
		if (!draft->refused)
			return true;
		fault_add(load->faults, draft->rule.place, false,
			  "rule '%s' is skipped: it refers to '%s', which is", draft->rule.name,
			  draft->refs[i]->rule.name);
		kept = vec_add(&set->skipped);
		if (kept)
			*kept = (struct fault){draft->rule.place,
					       arena_format(&set->arena,
							    "it refers to '%s', which is skipped",
							    draft->refs[i]->rule.name),
					       false};
		return true;
	}
	return false;
}

/* Correlations after all that they refer to: they ask for its keys and computed values. */
static void correlation_compile(struct load *load, struct ruleset *set, struct draft *draft)
{
	static bool (*const read[])(struct load * load,
				    struct draft * draft) = {[RULE_BASE] = base_read,
							     [RULE_WINDOW] = window_read,
							     [RULE_TEMPORAL] = temporal_read};

	if (draft->compiled || draft->out || draft->rule.kind == RULE_BASE)
		return;
	draft->compiled = true;
	for (unsigned i = 0; i < draft->refs_len; i++)
		correlation_compile(load, set, draft->refs[i]);
	if (!refs_gone(load, set, draft))
		draft_run(load, set, draft, read[draft->rule.kind]);
}

static void drafts_compile(struct load *load, struct ruleset *set)
{
	vec_each (draft, &load->drafts)
		draft_run(load, set, *draft, header_read);
	if (!names_make(load))
		return;
	vec_each (draft, &load->drafts) {
		if ((*draft)->rule.kind == RULE_BASE && !(*draft)->filter.node)
			draft_run(load, set, *draft, base_read);
	}
	if (!links_resolve(load))
		return;
	vec_each (draft, &load->drafts)
		correlation_compile(load, set, *draft);
	vec_each (draft, &load->drafts) {
		if ((*draft)->filter.node && !(*draft)->out) {
			(*draft)->number = load->filters++;
			draft_run(load, set, *draft, filter_read);
		}
	}
}

static int finish(struct load *load, struct yaml_docs *docs, struct ruleset *made, size_t before,
		  struct ruleset **set)
{
	if (load->faults->fatal == before || load->drafts.len)
		drafts_compile(load, made);
	if (load->faults->fatal == before && ruleset_link(load, made)) {
		*set = made;
		made = NULL;
	}
	vec_each (draft, &load->drafts) {
		vec_free(&(*draft)->event_filters.list);
		vec_free(&(*draft)->signal_filters.list);
		free(*draft);
	}
	vec_free(&load->drafts);
	yaml_docs_free(docs);
	ruleset_free(made);
	return *set ? 0 : -EINVAL;
}

int ruleset_load(struct ruleset **set, const struct rule_options *options, struct faults *faults)
{
	struct ruleset *made = calloc(1, sizeof(*made));
	struct load load = {.faults = faults,
			    .lenient = options->lenient,
			    .placeholders = options->placeholders,
			    .placeholders_len = options->placeholders_len};
	struct yaml_docs docs = {.list = {0}};
	size_t before = faults->fatal;

	*set = NULL;
	if (!made)
		return -ENOMEM;
	load.arena = &made->arena;
	load.regexes = &made->regexes;
	for (size_t i = 0; options->paths && options->paths[i]; i++)
		path_add(&load, &docs, options->paths[i], i, 0);
	return finish(&load, &docs, made, before, set);
}

int ruleset_load_text(struct ruleset **set, const char *name, const char *text, size_t length,
		      struct faults *faults)
{
	struct ruleset *made = calloc(1, sizeof(*made));
	struct load load = {.faults = faults};
	struct yaml_docs docs = {.list = {0}};
	size_t before = faults->fatal;

	*set = NULL;
	if (!made)
		return -ENOMEM;
	load.arena = &made->arena;
	load.regexes = &made->regexes;
	text_add(&load, &docs, name, text, length, 0);
	return finish(&load, &docs, made, before, set);
}

void ruleset_free(struct ruleset *set)
{
	if (!set)
		return;
	vec_each (regex, &set->regexes.list)
		regex_free(*regex);
	vec_free(&set->regexes.list);
	vec_free(&set->skipped);
	arena_free(&set->arena);
	free(set);
}
