/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CASES_CASES_H
#define WEIR_CASES_CASES_H

#include "event/event.h"
#include "rule/rule.h"
#include "rule/yaml.h"

/*
 * Cases: what rules must and must not say of events, written beside them (docs/rules.md, Cases).
 * Here a file is read, its events are made and what was heard is judged; running them through the
 * stages is pipeline_cases().
 */

/* Events of one case at most: a file with a slip must not fill the memory. */
#define CASE_EVENTS_MAX 200000

struct case_file {
	const char *path;
	struct yaml_docs docs;
	char *text;
	struct item cases; /* the list */
};

/* Reads a file. 0, or -errno; what is wrong stands in `faults`, with its place. */
int case_file_open(struct case_file *file, const char *path, struct faults *faults);
void case_file_close(struct case_file *file);

/* Paths of case files: of a `.cases.yml` itself, beside a file of rules, or anywhere under a
 * folder; in the order of their names. The strings are the caller's. */
struct case_paths {
	VEC(char *) list;
};
int case_paths_add(struct case_paths *paths, const char *path);
void case_paths_free(struct case_paths *paths);

/* The events of one case, in order of time. Texts live in `arena`. */
struct case_events {
	struct arena arena;
	VEC(struct event) list;
	struct faults *faults;
	uint64_t random; /* state of the case's own numbers: the same in every run */
};
/* 0, or -EINVAL with faults. Roles must be known (field_roles_set()). */
int case_events_make(struct case_events *events, struct item events_item);
void case_events_free(struct case_events *events);

/* What one rule said in a case: of each signal or detection, by id, its last state at its worst. */
struct heard_record {
	char id[64];
	enum severity severity;
	double confidence;
	char *keys, *values; /* JSON objects */
};
struct heard_rule {
	VEC(struct heard_record) records;
};
struct heard {
	struct heard_rule *rules; /* by index in the rule set */
	unsigned len;
};
int heard_open(struct heard *heard, unsigned rules);
void heard_free(struct heard *heard);
/* Adds or updates a record; 0 or -ENOMEM. */
int heard_add(struct heard *heard, unsigned rule, const struct heard_record *record);

/* Whether a case expects the rule to speak. */
bool case_expects(struct item one_case, const struct rule *rule);

/*
 * Holds what was heard against what the case expects: true if all is as said. Else each difference
 * is a line in `out`, behind `indent`.
 */
bool case_judge(struct item one_case, const struct ruleset *set, const struct heard *heard,
		const char *rules_file, FILE *out);

/* "rules/x.yml" for "rules/x.cases.yml": the file whose rules the cases are about. */
bool case_is_about(const char *cases_path, const char *rules_path);

#endif
