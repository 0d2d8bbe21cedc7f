/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/rules_test.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cases/cases.h"
#include "cli/arguments.h"
#include "pipeline.h"

/* Whether `path` lies in `folder`, or is it. */
static bool lies_in(const char *path, const char *folder)
{
	char whole[PATH_MAX], around[PATH_MAX];
	size_t length;

	if (!realpath(path, whole) || !realpath(folder, around))
		return false;
	length = strlen(around);
	return !strncmp(whole, around, length) && (!whole[length] || whole[length] == '/');
}

/* The cases of rules that are not among the configured ones: of a case file the folder it is in. */
static const char *missing_rules(const struct config *config, const char *path, char folder[])
{
	const char *slash = strrchr(path, '/');

	for (const char *const *known = config->rules; *known; known++)
		if (lies_in(path, *known))
			return NULL;
	if (!strstr(path, ".cases."))
		return path;
	snprintf(folder, PATH_MAX, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
	return folder;
}

/* The first entry from the command line takes the place of the file's: those come with it. */
static int rules_add(struct config *config, const char *path, struct error *error)
{
	VEC(char *) paths = {0};
	char **slot;
	int err = 0;

	for (const char *const *known = config->rules; *known && !err; known++) {
		slot = vec_add(&paths);
		err = slot && (*slot = strdup(*known)) ? 0 : -ENOMEM;
	}
	slot = err ? NULL : vec_add(&paths);
	err = slot && (*slot = strdup(path)) ? 0 : -ENOMEM;
	vec_each (one, &paths)
		if (!err)
			err = config_set(config, "rules", *one, error);
	vec_each (one, &paths)
		free(*one);
	vec_free(&paths);
	return err;
}

static int configure(struct config **config, void *context)
{
	const struct arguments *arguments = context;
	struct error error = {0};
	const char *path, *missing;
	int err = arguments_config(arguments, config);
	char folder[PATH_MAX];

	if (err)
		return err;
	err = config_set(*config, "syslog.enabled", "false", &error);
	err = err ? err : config_set(*config, "json.path", "none", &error);
	err = err ? err : config_set(*config, "database", "none", &error);
	for (size_t i = 1; !err && (path = arguments_operand(arguments, i)); i++) {
		missing = missing_rules(*config, path, folder);
		err = missing ? rules_add(*config, missing, &error) : 0;
	}
	return err ? verb_error(&error) : EXIT_DONE;
}

static int paths_collect(const struct arguments *arguments, const struct config *config,
			 struct case_paths *paths)
{
	const char *const *known = config->rules;
	const char *path;
	size_t i = 1;
	int err;

	while ((path = arguments_operand(arguments, 1) ? arguments_operand(arguments, i++)
						       : *known++)) {
		err = case_paths_add(paths, path);
		if (!err)
			continue;
		if (!arguments_operand(arguments, 1) && err == -ENOENT)
			continue; /* a usual folder that is not there */
		fprintf(stderr, "weir: %s: %s\n", path,
			err == -ENOENT ? "no such file, or no cases beside it" : strerror(-err));
		return EXIT_INPUT;
	}
	return EXIT_DONE;
}

static int run_cases(const struct arguments *arguments, const struct config *config,
		     const struct case_paths *paths)
{
	const struct cases_options options = {
		.configure = configure,
		.context = (void *)arguments,
		.faults = faults_print,
		.all = !arguments_operand(arguments, 1),
	};
	struct rule_options how = config_rule_options(config);
	struct faults faults = {0};
	struct ruleset *set = NULL;
	int status = EXIT_INPUT;

	if (!ruleset_load(&set, &how, &faults))
		status = EXIT_DONE;
	faults_print(&faults);
	faults_free(&faults);
	if (!status)
		status = pipeline_cases(set, paths, &options);
	ruleset_free(set);
	return status;
}

int rules_test(const struct arguments *arguments)
{
	struct case_paths paths = {0};
	struct config *config = NULL;
	int status = configure(&config, (void *)arguments);

	status = status ? status : paths_collect(arguments, config, &paths);
	status = status ? status : run_cases(arguments, config, &paths);
	case_paths_free(&paths);
	config_free(config);
	return status;
}
