/* SPDX-License-Identifier: Apache-2.0 */
/* What can be completed, read from the verb table; how a shell is told stands in its own file. */
#include "cli/completion.h"

#include <ctype.h>
#include <string.h>

const struct completion_shell completion_shells[] = {
	{"bash", completion_bash},
	{"zsh", completion_zsh},
	{"fish", completion_fish},
	{NULL, NULL},
};

/* By the name that values and operands have in help. */
static const struct {
	const char *name;
	struct completion what;
} known[] = {
	{"FILE", {COMPLETE_FILES, NULL}},
	{"PATH", {COMPLETE_FILES, NULL}},
	{"FOLDER", {COMPLETE_FOLDERS, NULL}},
	{"VERB", {COMPLETE_VERBS, NULL}},
	{"LEVEL", {COMPLETE_WORDS, "informational low medium high critical"}},
	{"[NAME=]HOOK", {COMPLETE_WORDS, "auto tc xdp"}},
	{"SHELL", {COMPLETE_WORDS, "bash zsh fish"}},
};

static struct completion find(const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strlen(known[i].name) == length && !memcmp(known[i].name, name, length))
			return known[i].what;
	return (struct completion){COMPLETE_NOTHING, NULL};
}

struct completion completion_of_value(const struct verb_option *option)
{
	const char *name = option->value;

	if (option->key && !strcmp(option->key, "interfaces"))
		return (struct completion){COMPLETE_INTERFACES, NULL};
	if (verb_option_may_lack(option))
		return find(name + 1, strcspn(name + 1, "]"));
	return find(name, strlen(name));
}

struct completion completion_of_operands(const struct verb *verb, char *words, size_t size)
{
	static const char between[] = " []|.";
	struct completion what = {COMPLETE_NOTHING, NULL};
	size_t n = 0;

	words[0] = '\0';
	for (const char *at = verb->operands + strspn(verb->operands, between); *at;
	     at += strspn(at, between)) {
		size_t length = strcspn(at, between);

		if (islower((unsigned char)*at) && n + length + 2 < size)
			n += (size_t)snprintf(words + n, size - n, "%s%.*s", n ? " " : "",
					      (int)length, at);
		else if (what.kind == COMPLETE_NOTHING)
			what = find(at, length);
		at += length;
	}
	return what;
}

char *completion_words(const struct verb_option *option, char *text, size_t size)
{
	const char *from = option->words;
	size_t length = 0;

	while (from[length] && from[length] != '\n' &&
	       !(strchr(".;", from[length]) && from[length + 1] == ' '))
		length++;
	snprintf(text, size, "%.*s", (int)length, from);
	return text;
}
