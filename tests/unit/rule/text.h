/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TEST_RULE_TEXT_H
#define WEIR_TEST_RULE_TEXT_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "rule/rule.h"

/* Rule texts for tests of the loader. */

#define BASE_HEAD(name, id)                                                                        \
	"title: " name "\nname: " name "\nid: 11111111-1111-4111-8111-1111111111" id "\n"
#define SOURCE(service) "logsource: {category: network, service: " service "}\n"

static inline void print_faults(const struct faults *faults)
{
	for (size_t i = 0; i < faults->list.len; i++)
		print_error("%s:%u:%u: %s\n", faults->list.at[i].place.file,
			    faults->list.at[i].place.line, faults->list.at[i].place.column,
			    faults->list.at[i].text);
}

/* A set that must load. */
static inline struct ruleset *load_good(const char *text)
{
	struct faults faults = {0};
	struct ruleset *set;
	int result = ruleset_load_text(&set, "t.yml", text, strlen(text), &faults);

	if (result)
		print_faults(&faults);
	assert_int_equal(result, 0);
	assert_int_equal(faults.fatal, 0);
	faults_free(&faults);
	return set;
}

/* A text that must not load, with this as its first fault; false, and said, if it is not so. */
static inline bool load_bad(const char *text, unsigned line, unsigned column, const char *words)
{
	struct faults faults = {0};
	struct ruleset *set = (struct ruleset *)1;
	const struct fault *first = NULL;
	int result = ruleset_load_text(&set, "t.yml", text, strlen(text), &faults);
	bool good;

	for (size_t i = 0; i < faults.list.len && !first; i++)
		if (faults.list.at[i].fatal)
			first = &faults.list.at[i];
	good = result == -EINVAL && !set && first && !strcmp(first->text, words) &&
	       !strcmp(first->place.file, "t.yml") && first->place.line == line &&
	       first->place.column == column;
	if (!good) {
		print_error("%s\nwanted %u:%u: %s\n", text, line, column, words);
		print_faults(&faults);
	}
	faults_free(&faults);
	return good;
}

#endif
