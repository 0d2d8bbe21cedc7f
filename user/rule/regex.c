/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/regex.h"

#include <stdio.h>
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define DEPTH_MAX 1000
#define HEAP_KIB  256

struct regex {
	pcre2_code *code;
	pcre2_match_data *data;
	pcre2_match_context *context;
};

static uint32_t flags_of(const struct regex_options *options)
{
	/* What a rule says is not to change how text is read. */
	return PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C |
	       (options->ignore_case ? PCRE2_CASELESS : 0) |
	       (options->multiline ? PCRE2_MULTILINE : 0) | (options->dot_all ? PCRE2_DOTALL : 0);
}

struct regex *regex_new(const char *text, size_t length, const struct regex_options *options,
			char *words, size_t size, size_t *where)
{
	struct regex *regex = calloc(1, sizeof(*regex));
	int error = 0;

	*where = 0;
	snprintf(words, size, "out of memory");
	if (!regex)
		return NULL;
	if (length > REGEX_LENGTH_MAX) {
		snprintf(words, size, "longer than %d bytes", REGEX_LENGTH_MAX);
		goto out;
	}
	regex->code =
		pcre2_compile((PCRE2_SPTR)text, length, flags_of(options), &error, where, NULL);
	if (!regex->code) {
		pcre2_get_error_message(error, (PCRE2_UCHAR *)words, size);
		goto out;
	}
	pcre2_jit_compile(regex->code, PCRE2_JIT_COMPLETE); /* without, it is interpreted */
	regex->data = pcre2_match_data_create(1, NULL);
	regex->context = pcre2_match_context_create(NULL);
	if (!regex->data || !regex->context)
		goto out;
	pcre2_set_match_limit(regex->context, REGEX_STEPS_MAX);
	pcre2_set_depth_limit(regex->context, DEPTH_MAX);
	pcre2_set_heap_limit(regex->context, HEAP_KIB);
	return regex;
out:
	regex_free(regex);
	return NULL;
}

void regex_free(struct regex *regex)
{
	if (!regex)
		return;
	pcre2_match_context_free(regex->context);
	pcre2_match_data_free(regex->data);
	pcre2_code_free(regex->code);
	free(regex);
}

enum regex_result regex_search(const struct regex *regex, const char *text, size_t length)
{
	int result = pcre2_match(regex->code, (PCRE2_SPTR)text, length, 0, 0, regex->data,
				 regex->context);

	if (result >= 0)
		return REGEX_YES;
	return result == PCRE2_ERROR_NOMATCH ? REGEX_NO : REGEX_GAVE_UP;
}
