/* SPDX-License-Identifier: Apache-2.0 */
/* The verb table and the dispatcher. A new verb: its file, its line in verb_table[]. */
#include "cli/verbs.h"

#include <string.h>

#include "base/nearest.h"
#include "cli/arguments.h"
#include "decoding/child.h"
#include "kubernetes/child.h"
#include "metrics/child.h"

const struct verb *const verb_table[] = {
	&verb_run,     &verb_replay, &verb_check, &verb_rules,	 &verb_detections,
	&verb_signals, &verb_flows,  &verb_top,	  &verb_status,	 &verb_metrics,
	&verb_support, &verb_reload, &verb_help,  &verb_version, NULL,
};

const struct verb *verb_find(const char *name)
{
	for (const struct verb *const *v = verb_table; *v; v++)
		if (!strcmp((*v)->name, name))
			return *v;
	return NULL;
}

static int unknown_verb(const char *word)
{
	struct nearest nearest = {.wrong = word};
	const char *likely;

	for (const struct verb *const *v = verb_table; *v; v++)
		nearest_offer(&nearest, (*v)->name);
	likely = nearest_likely(&nearest);
	if (likely)
		return verb_usage(NULL, "unknown verb '%s': did you mean 'weir %s'?", word, likely);
	return verb_usage(NULL, "unknown verb '%s': 'weir help' lists them", word);
}

/* What was printed must have arrived: a full disk behind a redirection is an error. */
static int flushed(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	if (status == EXIT_DONE)
		fprintf(stderr, "weir: cannot write to standard output: is the disk full?\n");
	return status == EXIT_DONE ? EXIT_SYSTEM : status;
}

static int dispatch(const struct verb *verb, int argc, char **argv)
{
	struct argument_list list = {0};
	int status = arguments_read(&list, verb, argc, argv);

	if (list.help) {
		verb_print_help(verb, stdout);
		status = EXIT_DONE;
	} else if (status == EXIT_DONE) {
		struct arguments arguments = {.verb = verb, .at = list.at, .len = list.len};

		status = verb->run(&arguments);
	}
	arguments_free(&list);
	return flushed(status);
}

int verb_main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : NULL;
	const struct verb *verb;

	if (!word) {
		verb_print_all(stderr);
		return EXIT_USAGE;
	}
	/* No verbs for people: `weir run` starts them. */
	if (!strcmp(word, CHILD_WORD))
		return decoding_child(argc > 2 ? argv[2] : NULL);
	if (!strcmp(word, METRICS_WORD))
		return metrics_child();
	if (!strcmp(word, KUBERNETES_WORD))
		return kubernetes_child();
	/* What people type at a program that they do not know. */
	if (!strcmp(word, "-h") || !strcmp(word, "--help"))
		word = "help";
	else if (!strcmp(word, "-V") || !strcmp(word, "--version"))
		word = "version";
	if (word[0] == '-')
		return verb_usage(NULL, "'%s' stands before the verb: 'weir VERB %s'", word, word);
	verb = verb_find(word);
	if (!verb)
		return unknown_verb(word);
	return dispatch(verb, argc - 2, argv + 2);
}
