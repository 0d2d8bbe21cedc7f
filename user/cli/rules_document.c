/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/rules_document.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rule/yaml.h"

/* Rule files are small; a larger one is documented as far as this. */
#define FILE_BYTES_MAX (1u << 20)

struct written {
	char *text;
	struct yaml_docs docs;
	struct item root; /* the rule's document */
};

static int written_open(struct written *written, const struct rule *rule)
{
	FILE *in = fopen(rule->place.file, "r");
	struct faults faults = {0};
	size_t length;

	*written = (struct written){.docs = {.list = {0}}};
	if (!in)
		return -errno;
	written->text = calloc(1, FILE_BYTES_MAX);
	length = written->text ? fread(written->text, 1, FILE_BYTES_MAX - 1, in) : 0;
	fclose(in);
	if (!written->text)
		return -ENOMEM;
	yaml_docs_read(&written->docs, rule->place.file, written->text, length, &faults);
	faults_free(&faults);
	vec_each (doc, &written->docs.list)
		if (!strcmp(item_text(item_get(yaml_root(*doc), "id")), rule->id))
			written->root = yaml_root(*doc);
	return 0;
}

static void written_close(struct written *written)
{
	yaml_docs_free(&written->docs);
	free(written->text);
}

static void put_list(struct item list, const char *between)
{
	for (size_t i = 0; i < item_len(list); i++)
		printf("%s%s", i ? between : "", item_text(item_at(list, i)));
}

/* The display names of the rules that it refers to. */
static void put_refs(const struct ruleset *set, const struct rule *rule)
{
	for (unsigned i = 0; i < rule->refs_len; i++) {
		const struct rule *ref = &set->rules[rule->refs[i]];
		const char *mark = ref->kind == RULE_BASE ? "`" : "";
		const char *name = ref->kind == RULE_BASE ? ref->name : ref->display;

		printf("%s%s%s%s", i ? ", " : "", mark, name, mark);
	}
}

/* "hop 10m / 1m by source.ip, destination.ip" */
static void put_window(struct item correlation, struct item weir)
{
	struct item window = item_get(weir, "window"), every = item_get(weir, "every");
	struct item gap = item_get(weir, "gap"), group = item_get(correlation, "group-by");

	printf("%s %s", window.node ? item_text(window) : "sliding",
	       item_text(item_get(correlation, "timespan")));
	if (every.node)
		printf(" / %s", item_text(every));
	if (gap.node)
		printf(", gap %s", item_text(gap));
	fputs(", by ", stdout);
	put_list(group, ", ");
}

static void put_window_rule(const struct ruleset *set, const struct rule *rule,
			    struct item correlation, struct item weir)
{
	struct item compute = item_get(weir, "compute");

	fputs("| window | ", stdout);
	put_window(correlation, weir);
	fputs(" |\n| over | ", stdout);
	put_refs(set, rule);
	printf(" |\n| fires when | `%s` |\n", item_text(item_get(weir, "having")));
	fputs("| computed | ", stdout);
	for (size_t i = 0; i < item_len(compute); i++)
		printf("%s%s: `%s`", i ? "<br>" : "", item_text(item_key(compute, i)),
		       item_text(item_value(compute, i)));
	fputs(" |\n", stdout);
}

static void put_temporal_rule(const struct ruleset *set, const struct rule *rule,
			      struct item correlation, struct item weir)
{
	struct item condition = item_get(correlation, "condition");

	printf("| %s | ", rule->temporal.ordered ? "in this order" : "together");
	put_refs(set, rule);
	printf(" |\n| within | %s, by ", item_text(item_get(correlation, "timespan")));
	put_list(item_get(correlation, "group-by"), ", ");
	fputs(" |\n", stdout);
	if (item_is_text(condition))
		printf("| fires when | `%s` |\n", item_text(condition));
	if (item_get(weir, "common").node) {
		fputs("| they share | ", stdout);
		put_list(item_get(weir, "common"), ", ");
		fputs(" |\n", stdout);
	}
	if (item_get(weir, "differ").node) {
		fputs("| they differ in | ", stdout);
		put_list(item_get(weir, "differ"), ", ");
		fputs(" |\n", stdout);
	}
}

static void put_severity(const struct rule *rule, struct item weir)
{
	struct item levels = item_get(weir, "severity");

	printf("| severity | %s", severity_name(rule->level));
	for (size_t i = 0; i < item_len(levels); i++)
		printf("<br>%s: `%s`", item_text(item_key(levels, i)),
		       item_text(item_value(levels, i)));
	fputs(" |\n", stdout);
}

static void put_tags(const struct rule *rule)
{
	bool first = true;

	fputs("| ATT&CK | ", stdout);
	for (const char *const *tag = rule->tags; *tag; tag++) {
		const char *name = *tag + strlen("attack.");

		if (strncmp(*tag, "attack.", strlen("attack.")))
			continue;
		printf("%s%s%s", first ? "" : ", ", name[0] == 't' && name[1] < 'a' ? "T" : "",
		       name[0] == 't' && name[1] < 'a' ? name + 1 : name);
		first = false;
	}
	fputs(" |\n", stdout);
}

static void put_texts(const char *what, const char *const *texts)
{
	if (!texts || !texts[0])
		return;
	printf("| %s | ", what);
	for (size_t i = 0; texts[i]; i++)
		printf("%s%s", i ? "<br>" : "", texts[i]);
	fputs(" |\n", stdout);
}

static int put_rule(const struct ruleset *set, const struct rule *rule)
{
	struct written written;
	int err = written_open(&written, rule);
	struct item correlation, weir;

	if (err) {
		fprintf(stderr, "weir: %s: %s\n", rule->place.file, strerror(-err));
		return err;
	}
	correlation = item_get(written.root, "correlation");
	weir = item_get(written.root, "weir");
	printf("\n### %s\n\n*%s.* %s\n\n| | |\n|---|---|\n", rule->display, rule->title,
	       rule->description);
	switch (rule->kind) {
	case RULE_BASE:
		printf("| fires when | one event of `%s` matches `%s` |\n",
		       item_text(item_get(item_get(written.root, "logsource"), "service")),
		       item_text(item_get(item_get(written.root, "detection"), "condition")));
		break;
	case RULE_WINDOW:
		put_window_rule(set, rule, correlation, weir);
		break;
	case RULE_TEMPORAL:
		put_temporal_rule(set, rule, correlation, weir);
		break;
	}
	put_severity(rule, weir);
	put_tags(rule);
	put_texts("also fires on", rule->falsepositives);
	put_texts("what to do", rule->actions);
	written_close(&written);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct rule *const *x = a, *const *y = b;

	return strcmp((*x)->display, (*y)->display);
}

static int put_kind(const struct ruleset *set, bool raise, const char *heading)
{
	const struct rule **some = calloc(set->len + 1, sizeof(*some));
	unsigned len = 0;
	int err = 0;

	if (!some)
		return -ENOMEM;
	for (unsigned i = 0; i < set->len; i++) {
		const struct rule *rule = &set->rules[i];

		if ((rule->kind != RULE_BASE || rule->alone) && rule->raise == raise)
			some[len++] = rule;
	}
	qsort(some, len, sizeof(*some), by_name);
	printf("\n## %s\n", heading);
	for (unsigned i = 0; i < len && !err; i++)
		err = put_rule(set, some[i]);
	free(some);
	return err;
}

int rules_document(const struct ruleset *set)
{
	int err = put_kind(set, true, "Detections");

	return err ? err : put_kind(set, false, "Signals");
}
