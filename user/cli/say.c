/* SPDX-License-Identifier: Apache-2.0 */
/* How verbs say what was wrong. */
#include "cli/verb.h"

#include <stdarg.h>
#include <string.h>

bool verb_option_may_lack(const struct verb_option *option)
{
	return option->value && option->value[0] == '[' &&
	       option->value[strlen(option->value) - 1] == ']';
}

int verb_usage(const struct verb *verb, const char *format, ...)
{
	va_list args;

	(void)verb;
	fputs("weir: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return EXIT_USAGE;
}

int verb_error(const struct error *error)
{
	fprintf(stderr, "weir: %s\n", error->text);
	return error->status ? (int)error->status : EXIT_SYSTEM;
}
