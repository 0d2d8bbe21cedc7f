/* SPDX-License-Identifier: Apache-2.0 */
#include "kubernetes/trial.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

static const char **paths_with(const struct config *config, const char *staged)
{
	const char **paths;
	size_t len = 0, n = 0;

	while (config->rules[len])
		len++;
	paths = calloc(len + 2, sizeof(*paths));
	for (size_t i = 0; paths && i < len; i++)
		if (strcmp(config->rules[i], config->kubernetes.rules_folder))
			paths[n++] = config->rules[i];
	if (paths)
		paths[n] = staged;
	return paths;
}

static void say_first(const struct faults *faults, struct error *error)
{
	vec_each (fault, &faults->list) {
		const char *file = fault->place.file ? strrchr(fault->place.file, '/') : NULL;

		if (!fault->fatal)
			continue;
		error_set(error, EXIT_INPUT, EINVAL, "%s:%u:%u: %s", file ? file + 1 : "",
			  fault->place.line, fault->place.column, fault->text);
		return;
	}
	error_set(error, EXIT_SYSTEM, ENOMEM, "%s", strerror(ENOMEM));
}

bool kubernetes_rules_load(const struct config *config, const char *staged, struct error *error)
{
	struct rule_options options = config_rule_options(config);
	const char **paths = paths_with(config, staged);
	struct faults faults = {0};
	struct ruleset *set = NULL;
	int err = paths ? 0 : -ENOMEM;

	options.paths = paths;
	err = err ? err : ruleset_load(&set, &options, &faults);
	if (err)
		say_first(&faults, error);
	ruleset_free(set);
	faults_free(&faults);
	free(paths);
	return !err;
}
