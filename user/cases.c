/* SPDX-License-Identifier: Apache-2.0 */
#include "cases/cases.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "pipeline.h"

/* Runs cases through all stages, each in a pipeline of its own: no case sees another's state. */

struct tap {
	const struct ruleset *set;
	struct heard heard;
	bool short_of_memory;
};

struct runner {
	const struct cases_options *options;
	const struct ruleset *set;
	bool *attacked, *quiet; /* by rule: some case expects it; one beside it does not */
	size_t cases, failed;
	bool broken; /* a file or its events could not be read */
};

/* ---- what the stages say ---- */

/* Suppressed signals count too: what a rule is met with in its worst window is what it says. */
static void hear(struct tap *tap, const struct rule *rule, struct out *out)
{
	struct heard_record record = {0};
	unsigned r = 0;

	while (r < tap->set->len && strcmp(tap->set->rules[r].id, rule->id))
		r++;
	if (!out || r == tap->set->len) {
		tap->short_of_memory |= !out;
		return;
	}
	record.severity = out->severity;
	record.confidence = out->confidence;
	record.keys = (char *)out->keys_json;
	record.values = (char *)out->values_json;
	if (!record.values && out->evidence_len)
		record.values = (char *)out->evidence[out->evidence_len - 1]->values_json;
	snprintf(record.id, sizeof(record.id), "%s", out->id);
	if (heard_add(&tap->heard, r, &record))
		tap->short_of_memory = true;
	out_drop(out);
}

/* Of a rule that makes detections the detection counts, not the signal on its way there. */
static void on_signal(void *context, const struct signal *signal)
{
	if (!signal->rule->raise)
		hear(context, signal->rule, out_signal(signal, NULL));
}

static void on_detection(void *context, const struct detection *detection)
{
	hear(context, detection->rule, out_detection(detection, NULL));
}

/* ---- one case ---- */

static int texts_enter(struct config *config, const char *key, const char *name, struct item value,
		       struct faults *faults)
{
	size_t len = item_is_list(value) ? item_len(value) : 1;
	struct error error = {0};

	for (size_t i = 0; i < len; i++) {
		struct item one = item_is_list(value) ? item_at(value, i) : value;
		char text[512];

		snprintf(text, sizeof(text), "%s%s%s", name ? name : "", name ? "=" : "",
			 item_text(one));
		if (config_set(config, key, text, &error)) {
			fault_add(faults, item_place(one), true, "%s", error.text);
			return -EINVAL;
		}
	}
	return 0;
}

/* `home`, `roles` and `config` of a case, over the configuration that is in force. */
static int case_configure(struct config *config, struct item one_case, struct faults *faults)
{
	struct item home = item_get(one_case, "home"), roles = item_get(one_case, "roles");
	struct item keys = item_get(one_case, "config");
	int err = home.node ? texts_enter(config, "home_networks", NULL, home, faults) : 0;

	for (size_t i = 0; i < item_len(roles) && !err; i++)
		err = texts_enter(config, "roles", item_text(item_key(roles, i)),
				  item_value(roles, i), faults);
	for (size_t i = 0; i < item_len(keys) && !err; i++)
		err = texts_enter(config, item_text(item_key(keys, i)), NULL, item_value(keys, i),
				  faults);
	return err;
}

static int feed(struct pipeline *pipeline, struct item one_case, struct faults *faults)
{
	struct case_events events = {.faults = faults};
	int input = pipeline_input(pipeline, 0);
	int err = input < 0 ? input : case_events_make(&events, item_get(one_case, "events"));

	pipeline_flows_end(pipeline);
	for (size_t i = 0; i < events.list.len && !err; i++)
		pipeline_event(pipeline, (uint32_t)input, &events.list.at[i]);
	if (input >= 0)
		pipeline_input_end(pipeline, (uint32_t)input);
	pipeline_finish(pipeline);
	case_events_free(&events);
	return err;
}

/* What the stages say of the case's events. 0, or -errno and it was said. */
static int case_hear(struct runner *runner, struct item one_case, struct tap *tap)
{
	const struct pipeline_tap ears = {on_signal, on_detection, tap};
	struct pipeline_options how = {.form = OUTPUT_NONE, .tap = &ears};
	struct pipeline *pipeline = NULL;
	struct config *config = NULL;
	struct faults faults = {0};
	struct error error = {0};
	int err = runner->options->configure(&config, runner->options->context);

	err = err ? err : case_configure(config, one_case, &faults);
	err = err ? err : pipeline_open(&pipeline, config, &how, &error);
	if (error.text[0])
		log_error("%s", error.text);
	err = err ? err : feed(pipeline, one_case, &faults);
	if (pipeline)
		pipeline_close(pipeline);
	runner->options->faults(&faults);
	faults_free(&faults);
	config_free(config);
	return tap->short_of_memory ? -ENOMEM : err;
}

/* What builds on another of its family can only make that one's detection worse, and speaks in it.
 */
static bool expected_through(const struct runner *runner, struct item one_case,
			     const struct rule *rule)
{
	for (unsigned i = 0; rule->family && i < rule->refs_len; i++) {
		const struct rule *ref = &runner->set->rules[rule->refs[i]];

		if (ref->family && !strcmp(ref->family, rule->family) &&
		    case_expects(one_case, ref))
			return true;
	}
	return false;
}

static void coverage_note(struct runner *runner, const struct case_file *file, struct item one_case)
{
	for (unsigned i = 0; i < runner->set->len; i++) {
		const struct rule *rule = &runner->set->rules[i];

		if (case_expects(one_case, rule) || expected_through(runner, one_case, rule))
			runner->attacked[i] = true;
		else if (case_is_about(file->path, rule->place.file))
			runner->quiet[i] = true;
	}
}

static void case_run(struct runner *runner, const struct case_file *file, struct item one_case)
{
	const char *name = item_text(item_get(one_case, "name"));
	char *complaints = NULL;
	size_t length;
	FILE *out = open_memstream(&complaints, &length);
	struct tap tap = {.set = runner->set};
	bool good;

	runner->cases++;
	if (!out || heard_open(&tap.heard, runner->set->len)) {
		runner->broken = true;
		return;
	}
	good = !case_hear(runner, one_case, &tap);
	if (good)
		good = case_judge(one_case, runner->set, &tap.heard, file->path, out);
	else
		fputs("    its events were not made\n", out);
	fclose(out);
	printf("%sok %s: %s\n%s", good ? "" : "not ", file->path, name, good ? "" : complaints);
	fflush(stdout);
	runner->failed += !good;
	coverage_note(runner, file, one_case);
	free(complaints);
	heard_free(&tap.heard);
}

/* ---- all of them ---- */

static bool speaks(const struct rule *rule)
{
	return rule->kind != RULE_BASE || rule->alone;
}

static bool in_files(const struct rule *rule, const struct case_paths *paths)
{
	vec_each (path, &paths->list)
		if (case_is_about(*path, rule->place.file))
			return true;
	return false;
}

/* Rules that speak and are not tried both ways; without `paths` named, all that are loaded. */
static size_t uncovered_say(const struct runner *runner, const struct case_paths *paths, bool all)
{
	size_t n = 0;

	for (unsigned i = 0; i < runner->set->len; i++) {
		const struct rule *rule = &runner->set->rules[i];

		if (!speaks(rule) || (!all && !in_files(rule, paths)))
			continue;
		if (!runner->attacked[i])
			printf("not ok %s: no case expects %s: an attack would be right\n",
			       rule->place.file, rule->display);
		if (!runner->quiet[i])
			printf("not ok %s: no case beside it has %s silent: ordinary work would be "
			       "right\n",
			       rule->place.file, rule->display);
		n += !runner->attacked[i] + !runner->quiet[i];
	}
	return n;
}

static void file_run(struct runner *runner, const char *path)
{
	struct case_file file;
	struct faults faults = {0};

	if (case_file_open(&file, path, &faults)) {
		runner->options->faults(&faults);
		runner->broken = true;
	} else {
		for (size_t i = 0; i < item_len(file.cases); i++)
			case_run(runner, &file, item_at(file.cases, i));
		case_file_close(&file);
	}
	faults_free(&faults);
}

int pipeline_cases(const struct ruleset *set, const struct case_paths *paths,
		   const struct cases_options *options)
{
	struct runner runner = {.options = options, .set = set};
	size_t uncovered;

	runner.attacked = calloc(set->len + 1, sizeof(*runner.attacked));
	runner.quiet = calloc(set->len + 1, sizeof(*runner.quiet));
	if (!runner.attacked || !runner.quiet) {
		log_error("no memory for the cases");
		free(runner.attacked);
		free(runner.quiet);
		return EXIT_SYSTEM;
	}
	vec_each (path, &paths->list)
		file_run(&runner, *path);
	uncovered = uncovered_say(&runner, paths, options->all);
	printf("%zu case%s, %zu failed; %zu gap%s\n", runner.cases, runner.cases == 1 ? "" : "s",
	       runner.failed, uncovered, uncovered == 1 ? "" : "s");
	free(runner.attacked);
	free(runner.quiet);
	return runner.failed || runner.broken || uncovered ? EXIT_INPUT : EXIT_DONE;
}
