/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <strings.h>

#include "base/hash.h"
#include "rule/load.h"
#include "rule/words.h"

/* The keys of a document that every kind of rule has. */

#define DRAFT(into) ((struct draft *)(into))

static bool on_title(struct load *load, struct item value, void *into)
{
	return read_text(load, value, &DRAFT(into)->rule.title);
}

static bool on_id(struct load *load, struct item value, void *into)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	const char *text = item_text(value);
	bool good = item_length(value) == sizeof(form) - 1;

	for (size_t i = 0; good && form[i]; i++)
		good = form[i] == '-' ? text[i] == '-' : isxdigit((unsigned char)text[i]);
	if (!good)
		return load_fault(load, value, "'%s' is no UUID: %s would be right", text, form);
	return read_text(load, value, &DRAFT(into)->rule.id);
}

static bool on_name(struct load *load, struct item value, void *into)
{
	const char *text = item_text(value);

	for (size_t i = 0; text[i]; i++)
		if (!isalnum((unsigned char)text[i]) && !strchr("_-", text[i]))
			return load_fault(load, value,
					  "'%s' is no name: letters, digits and _ "
					  "would be right",
					  text);
	if (field_find(text, item_length(value)) != FIELD_NONE)
		return load_fault(load, value, "'%s' is a field: a rule needs a name of its own",
				  text);
	return read_text(load, value, &DRAFT(into)->rule.name);
}

static bool on_status(struct load *load, struct item value, void *into)
{
	static const char *const words[] = {"stable",	  "test",	 "experimental",
					    "deprecated", "unsupported", NULL};
	unsigned index;

	if (!read_word(load, value, "status", words, &index))
		return false;
	DRAFT(into)->rule.status = words[index];
	return true;
}

static bool on_description(struct load *load, struct item value, void *into)
{
	return read_text(load, value, &DRAFT(into)->rule.description);
}

static bool on_author(struct load *load, struct item value, void *into)
{
	return read_text(load, value, &DRAFT(into)->rule.author);
}

static bool on_date(struct load *load, struct item value, void *into)
{
	const char *text = item_text(value);
	static const char form[] = "dddd-dd-dd";
	bool good = item_length(value) == sizeof(form) - 1;

	for (size_t i = 0; good && form[i]; i++)
		good = form[i] == '-' ? strchr("-/", text[i]) != NULL
				      : isdigit((unsigned char)text[i]) != 0;
	if (!good)
		return load_fault(load, value, "'%s' is no date: 2026-11-21 would be right", text);
	return read_text(load, value, &DRAFT(into)->rule.date);
}

static bool on_references(struct load *load, struct item value, void *into)
{
	return read_texts(load, value, &DRAFT(into)->rule.references);
}

static bool on_falsepositives(struct load *load, struct item value, void *into)
{
	return read_texts(load, value, &DRAFT(into)->rule.falsepositives);
}

static bool on_tags(struct load *load, struct item value, void *into)
{
	return read_texts(load, value, &DRAFT(into)->rule.tags);
}

static bool on_level(struct load *load, struct item value, void *into)
{
	return read_severity(load, value, &DRAFT(into)->rule.level);
}

static bool on_logsource(struct load *load, struct item value, void *into)
{
	(void)load;
	DRAFT(into)->logsource = value;
	return true;
}

static bool on_detection(struct load *load, struct item value, void *into)
{
	(void)load;
	DRAFT(into)->detection = value;
	return true;
}

static bool on_correlation(struct load *load, struct item value, void *into)
{
	(void)load;
	DRAFT(into)->correlation = value;
	return true;
}

static bool on_weir(struct load *load, struct item value, void *into)
{
	(void)load;
	DRAFT(into)->weir = value;
	return true;
}

static bool on_filter(struct load *load, struct item value, void *into)
{
	(void)load;
	DRAFT(into)->filter = value;
	return true;
}

static bool on_action(struct load *load, struct item value, void *into)
{
	(void)into;
	return load_fault(load, value,
			  "'action: %s' is of old Sigma: documents that are whole, parted by "
			  "'---', and a correlation where they count together would be right",
			  item_text(value));
}

static const struct key keys[] = {
	{"title", on_title, true},
	{"id", on_id, false},
	{"name", on_name, false},
	{"status", on_status, false},
	{"description", on_description, false},
	{"author", on_author, false},
	{"date", on_date, false},
	{"references", on_references, false},
	{"falsepositives", on_falsepositives, false},
	{"tags", on_tags, false},
	{"level", on_level, false},
	{"logsource", on_logsource, false},
	{"detection", on_detection, false},
	{"correlation", on_correlation, false},
	{"weir", on_weir, false},
	{"filter", on_filter, false},
	{"action", on_action, false},
	/* Sigma's own, kept for others. */
	{"taxonomy", NULL, false},
	{"related", NULL, false},
	{"license", NULL, false},
	{"modified", NULL, false},
	{"fields", NULL, false},
	{"scope", NULL, false},
	/* Those that SigmaHQ's own tools add. */
	{"regression_tests_path", NULL, false},
	{"simulation", NULL, false},
	{NULL, NULL, false},
};

/* ATT&CK's tactics by the names that Sigma's tags use. */
static const struct {
	const char *name, *id;
} tactics[] = {
	{"reconnaissance", "TA0043"},	   {"resource-development", "TA0042"},
	{"initial-access", "TA0001"},	   {"execution", "TA0002"},
	{"persistence", "TA0003"},	   {"privilege-escalation", "TA0004"},
	{"defense-evasion", "TA0005"},	   {"credential-access", "TA0006"},
	{"discovery", "TA0007"},	   {"lateral-movement", "TA0008"},
	{"collection", "TA0009"},	   {"exfiltration", "TA0010"},
	{"command-and-control", "TA0011"}, {"impact", "TA0040"},
};

static char *upper(struct load *load, const char *text)
{
	char *copy = arena_text(load->arena, text);

	for (char *c = copy; c && *c; c++)
		*c = (char)toupper((unsigned char)*c);
	return copy;
}

/* "lateral-movement" and "lateral_movement" alike. */
static bool tactic_is(const char *name, const char *tag)
{
	for (; *name && *tag; name++, tag++)
		if (*name != tolower((unsigned char)*tag) && !(*name == '-' && *tag == '_'))
			return false;
	return *name == *tag;
}

static bool tag_read(struct load *load, struct rule *rule, const char *tag)
{
	if (strncasecmp(tag, "attack.", 7))
		return true;
	tag += 7;
	if (!rule->technique && tolower((unsigned char)*tag) == 't' &&
	    isdigit((unsigned char)tag[1])) {
		rule->technique = upper(load, tag);
		return load_memory(load, rule->technique);
	}
	if (!rule->tactic && !strncasecmp(tag, "ta", 2) && isdigit((unsigned char)tag[2])) {
		rule->tactic = upper(load, tag);
		return load_memory(load, rule->tactic);
	}
	for (size_t i = 0; !rule->tactic && i < sizeof(tactics) / sizeof(tactics[0]); i++)
		if (tactic_is(tactics[i].name, tag))
			rule->tactic = tactics[i].id;
	return true;
}

static const char *const none[] = {NULL};

/* What was not written: an id that stays the same while name and title do. */
static bool defaults(struct load *load, struct draft *draft)
{
	struct rule *rule = &draft->rule;
	char id[UUID_TEXT_MAX];

	if (!rule->id) {
		const char *base = rule->name ? rule->name : rule->title;

		uuid_v5(base, strlen(base), id);
		rule->id = arena_text(load->arena, id);
		fault_add(load->faults, rule->place, false,
			  "the rule has no id: a random UUID would be right (it is %s for now)",
			  id);
	}
	rule->display = rule->name ? upper(load, rule->name) : rule->title;
	if (!rule->name)
		rule->name = rule->id;
	rule->status = rule->status ? rule->status : "test";
	rule->description = rule->description ? rule->description : "";
	rule->references = rule->references ? rule->references : none;
	rule->falsepositives = rule->falsepositives ? rule->falsepositives : none;
	rule->tags = rule->tags ? rule->tags : none;
	rule->actions = rule->actions ? rule->actions : none;
	for (size_t i = 0; rule->tags[i]; i++)
		if (!tag_read(load, rule, rule->tags[i]))
			return false;
	return load_memory(load, rule->id) && load_memory(load, rule->display);
}

static bool kind_read(struct load *load, struct draft *draft)
{
	struct item type = item_get(draft->correlation, "type");

	if (draft->filter.node && (draft->detection.node || draft->correlation.node))
		return load_fault(load, draft->filter,
				  "a filter and a rule in one document: two documents, parted by "
				  "'---', would be right");
	if (draft->filter.node)
		return true;
	if (draft->detection.node && draft->correlation.node)
		return load_fault(load, draft->correlation,
				  "detection and correlation in one rule: two documents, parted by "
				  "'---', would be right");
	if (draft->detection.node) {
		draft->rule.kind = RULE_BASE;
		return draft->logsource.node ||
		       load_fault(load, draft->root,
				  "the rule has no 'logsource': "
				  "{category: network, service: connection} "
				  "would be right");
	}
	if (!draft->correlation.node)
		return load_fault(load, draft->root,
				  "the rule has neither 'detection' nor "
				  "'correlation': one of them would be right");
	if (draft->logsource.node)
		return load_fault(load, draft->logsource,
				  "a correlation has no logsource: the "
				  "rules that it refers to have it");
	draft->rule.kind = !strncmp(item_text(type), "temporal", 8) ? RULE_TEMPORAL : RULE_WINDOW;
	return true;
}

bool header_read(struct load *load, struct draft *draft)
{
	draft->rule.place = item_place(draft->root);
	draft->rule.level = SEVERITY_MEDIUM;
	return keys_read_custom(load, draft->root, "the rule", keys, draft) &&
	       defaults(load, draft) && kind_read(load, draft);
}

bool raise_read(struct load *load, struct item value, struct draft *draft)
{
	static const char *const words[] = {"signal", "detection", NULL};
	unsigned index;

	if (!read_word(load, value, "raise", words, &index))
		return false;
	draft->rule.raise = index == 1;
	draft->raise_set = true;
	return true;
}
