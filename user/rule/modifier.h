/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_RULE_MODIFIER_H
#define WEIR_RULE_MODIFIER_H

#include "rule/load.h"
#include "rule/predicate.h"

/* What a value becomes before it is looked for, in the order in which the modifiers stand. */
enum encoding {
	ENCODE_WINDASH,
	ENCODE_UTF16LE, /* also called wide */
	ENCODE_UTF16BE,
	ENCODE_UTF16, /* with a byte order mark */
	ENCODE_BASE64,
	ENCODE_BASE64OFFSET,
};

#define ENCODINGS_MAX 8

/* A name of public rules that stands for a test of other fields, true or false. */
struct derived {
	const char *name;
	struct clause *(*clause)(struct load *load);
};

/* "field|modifier|modifier", read. */
struct selector {
	enum field field;	       /* FIELD_NONE: keywords, or `derived` */
	const struct derived *derived; /* a name that stands for a test of other fields */
	unsigned open;		       /* enum pattern_open: contains, startswith, endswith */
	bool all, exists, cased, differs, cidr, text, regex, reference, expand;
	bool ignore_case, multiline, dot_all; /* of regex */
	bool compares;
	enum test_kind compare; /* lt lte gt gte */
	enum time_part part;
	enum encoding encodings[ENCODINGS_MAX];
	unsigned encodings_len;
};

/* Keywords read every text that an event may have; always true. */
bool keywords_read(struct load *load);

bool selector_read(struct load *load, struct item key, struct selector *selector);

/* The type of a field, or of what stands for one; its name for people. */
enum field_type subject_type(const struct load *load, enum field field);
const char *subject_name(const struct load *load, enum field field);

/* A value as it was written, or what a placeholder stands for. */
struct wanted {
	const char *text;
	size_t length;
	struct item item;
};

struct wanteds {
	struct wanted *at;
	unsigned len;
};

/* expand.c: what stands there with all that its placeholders stand for; false with a fault. */
bool wanted_expand(struct load *load, struct item value, struct wanteds *wanteds);

/* encode.c: the forms in which a value is looked for; false with a fault. */
struct forms {
	VEC(struct elements) list;
};
bool forms_make(struct load *load, const struct selector *selector, const struct wanted *wanted,
		struct forms *forms);

/* wording.c: values as text, or as regular expressions. */
struct clause *text_clause(struct load *load, const struct selector *selector,
			   const struct wanteds *wanteds);
struct clause *regex_clause(struct load *load, const struct selector *selector,
			    const struct wanteds *wanteds);
struct regex *regex_of(struct load *load, const struct selector *selector,
		       const struct wanted *wanted);

/* match.c: a selector and its value or list of values as a clause; NULL with a fault. */
struct clause *selector_clause(struct load *load, const struct selector *selector,
			       struct item value);

struct clause *clause_new(struct load *load, enum clause_kind kind, unsigned kids);
struct clause *clause_not(struct load *load, struct clause *clause);
struct clause *test_new(struct load *load, enum test_kind kind, enum field field);

/* source.c: where the events come from, and what names mean there. */
bool logsource_read(struct load *load, struct item logsource, uint32_t *services);
const struct derived *derived_find(const char *name, size_t length);
struct clause *derived_clause(struct load *load, const struct derived *derived, bool truth);

/* selection.c: the selections of a map but for the keys in `others` (ended by NULL), and its
 * condition over them; NULL with a fault. */
struct clause *selections_clause(struct load *load, struct item map, const char *const *others);

/* condition.c: the condition over named clauses. */
struct selection {
	const char *name;
	struct clause *clause;
	struct item item;
	bool used;
};

struct clause *condition_read(struct load *load, struct item item, struct selection *selections,
			      unsigned len);

#endif
