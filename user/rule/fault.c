/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/fault.h"

#include <stdarg.h>

/* What a message says when there is no memory for its words. */
static const char no_words[] = "something is wrong here, and there is no memory to say what";

void fault_add(struct faults *faults, struct place at, bool fatal, const char *format, ...)
{
	struct fault *fault = vec_add(&faults->list);
	va_list args;
	char *text;

	if (fatal)
		faults->fatal++;
	if (!fault)
		return;
	va_start(args, format);
	text = arena_vformat(&faults->arena, format, args);
	va_end(args);
	/* Words of the file are quoted in it, and it goes to a terminal. */
	for (char *c = text; c && *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	/* The file's name may die with a rule set that could not be made. */
	at.file = at.file ? arena_text(&faults->arena, at.file) : NULL;
	*fault = (struct fault){at, text ? text : no_words, fatal};
}

void faults_free(struct faults *faults)
{
	vec_free(&faults->list);
	arena_free(&faults->arena);
	faults->fatal = 0;
}
