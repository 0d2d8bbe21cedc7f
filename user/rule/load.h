/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_RULE_LOAD_H
#define WEIR_RULE_LOAD_H

#include "rule/rule.h"
#include "rule/yaml.h"

/* Between the files that load rules; nobody else includes it. */

struct draft;

/* What a filter on a correlation asks for, while its selections are read. */
struct asked {
	const struct draft *of; /* the correlation; NULL: no such filter is read */
	bool computed, events;	/* values that it computes; fields that are no keys of it */
	enum field event_field; /* the last such */
};

struct load {
	struct arena *arena; /* the rule set's */
	struct faults *faults;
	/* Of the rule that is being read: every field it names goes here. */
	struct field_set *reads;
	size_t foreign; /* faults of rules that are for others: lenient loading skips these rules */
	bool lenient;
	uint32_t services; /* of the rule whose fields are read: names may be its own; 0: none */
	const struct rule_placeholder *placeholders;
	size_t placeholders_len;
	struct regexes *regexes; /* the rule set's */
	struct asked asked;
	unsigned filters;	 /* documents that are filters, so far */
	struct name_cell *names; /* names.c */
	size_t names_mask;
	VEC(struct draft *) drafts;
};

struct filter_uses {
	VEC(struct filter_use) list;
};

enum draft_state { DRAFT_NEW, DRAFT_OPEN, DRAFT_DONE };

/* A rule while it is loaded. */
struct draft {
	struct rule rule;
	struct item root, logsource, detection, correlation, weir;
	struct item filter;
	size_t path;  /* which of the paths it came from */
	bool out;     /* wrong, replaced or skipped */
	bool refused; /* skipped for an unknown field: so are those that refer to it */
	enum draft_state state;
	bool raise_set, generate;
	bool placed;   /* in the set: so are all that it refers to */
	bool compiled; /* or tried */
	bool replaced; /* by a rule of the same id in a later path */
	struct draft *refs[RULE_REFS_MAX];
	struct item ref_at[RULE_REFS_MAX];
	unsigned refs_len;
	struct item summary;
	struct filter_uses event_filters, signal_filters; /* on it */
	unsigned number, filters; /* of a filter: in ruleset.filters; rules that it is for */
};

/* keys.c: reads a map by a table of its keys (ended by a NULL name). `what` names the map. */
struct key {
	const char *name;
	bool (*read)(struct load *load, struct item value, void *into);
	bool required;
};
bool keys_read(struct load *load, struct item map, const char *what, const struct key *keys,
	       void *into);
/* Keys that nobody knows, and that are like none of the table, are a warning. */
bool keys_read_custom(struct load *load, struct item map, const char *what, const struct key *keys,
		      void *into);

/* Says a fault; always false. */
bool load_fault(struct load *load, struct item at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
bool load_memory(struct load *load, const void *memory); /* false with a fault if NULL */

/* Scalars by type; false with a fault. */
bool read_text(struct load *load, struct item item, const char **text);
bool read_texts(struct load *load, struct item item, const char *const **texts);
bool read_bool(struct load *load, struct item item, bool *value);
bool read_duration(struct load *load, struct item item, weir_time *duration);
bool read_number(struct load *load, struct item item, double *number, enum unit *unit);
bool read_count(struct load *load, struct item item, size_t least, size_t most, size_t *count);
bool read_severity(struct load *load, struct item item, enum severity *severity);
bool read_field(struct load *load, struct item item, enum field *field);
bool read_fields(struct load *load, struct item item, struct field_list *fields);
/* An index into `words` (ended by NULL). */
bool read_word(struct load *load, struct item item, const char *what, const char *const *words,
	       unsigned *index);
bool field_named(struct load *load, struct item at, const char *name, size_t length,
		 enum field *field);

/* An expression that must yield `type` (VALUE_NULL: anything). */
bool read_expr(struct load *load, struct item item, const struct expr_scope *scope,
	       enum value_type type, const struct expr **expr);

/* source.c: the field of a name in events of these services (bits; 0: any), or FIELD_NONE. */
enum field source_field(uint32_t services, const char *name, size_t length);

/* header.c: all keys of a document; what they hold is compiled later. */
bool header_read(struct load *load, struct draft *draft);

/* correlation.c: the keys of `correlation`, and those of `weir` that window and temporal share. */
struct correlation {
	struct draft *draft;
	const struct correlation_type *type;
	struct item rules, group_by, timespan_at, condition, aliases, every, gap;
	weir_time timespan;
	/* of weir */
	struct item per, compute, having, severity, confidence, common, differ, min_severity,
		window;
	bool suppress_set;
	weir_time suppress;
};

struct correlation_type {
	const char *name;
	bool temporal, ordered;
	enum aggregate_kind kind; /* what Sigma's condition is about */
};

bool correlation_read(struct load *load, struct draft *draft, struct correlation *correlation);
/* Levels by expression, most severe first. */
bool levels_read(struct load *load, struct item map, const struct expr_scope *scope,
		 struct rule_level levels[RULE_LEVELS_MAX], unsigned *len);
/* weir keys that every correlation has; `into` is a struct correlation. */
bool on_summary(struct load *load, struct item value, void *into);
bool on_suppress(struct load *load, struct item value, void *into);
bool on_raise(struct load *load, struct item value, void *into);
bool on_family(struct load *load, struct item value, void *into);
bool on_actions(struct load *load, struct item value, void *into);
bool on_severity(struct load *load, struct item value, void *into);
bool on_confidence(struct load *load, struct item value, void *into);

/* grouping.c: a rule of the draft's list by its name (`context`), or -1; a fault for what is none;
 * an alias with its field in each; group-by and aliases of a window. */
int ref_find(void *context, const char *name, size_t length);
bool ref_unknown(struct load *load, const struct draft *draft, struct item at);
bool alias_read(struct load *load, struct draft *draft, struct item name, struct item map,
		struct rule_alias *alias);
bool window_keys_read(struct load *load, struct correlation *correlation);

/* base.c, window.c, temporal.c: the rule's own part. */
bool base_read(struct load *load, struct draft *draft);
bool window_read(struct load *load, struct draft *draft);
bool temporal_read(struct load *load, struct draft *draft);

/* header.c: `raise` of any kind of rule. */
bool raise_read(struct load *load, struct item value, struct draft *draft);

/* summary.c */
bool summary_read(struct load *load, struct draft *draft);

/* names.c: which rule an id or a name means, once all headers are read; with faults where it could
 * be two. False without memory. */
bool names_make(struct load *load);
/* Without regard to case, as users see names. NULL if none or several are meant. */
struct draft *draft_find_shown(const struct load *load, const char *name, size_t length);
struct draft *draft_find(const struct load *load, const char *name, size_t length);

/* link.c: names to rules. */
bool links_resolve(struct load *load);
bool ruleset_link(struct load *load, struct ruleset *set);

/* fingerprint.c: of a draft whose refs have theirs. */
uint64_t draft_fingerprint(const struct draft *draft);

/* keyed.c: whether what a rule says has this field: events of base rules may have any, signals
 * have their keys. An alias stands for the field that it is in the first rule of its list. */
bool rule_has_key(const struct rule *rule, enum field field);
/* The same, with a fault that says by what the rule groups. */
bool key_check(struct load *load, struct item at, const struct rule *rule, enum field field);

/* bounds.c: `having` of a window rule, from Sigma's condition where it has none of its own. */
bool window_condition(struct load *load, struct correlation *c, const struct expr_scope *scope);

/* compute.c */
struct compute_scope {
	struct load *load;
	struct draft *draft; /* whose refs `where` may name */
	const struct rule_per *per;
	unsigned per_len;
	bool inner; /* the compute of a per itself */
};
bool compute_read(const struct compute_scope *scope, struct item map,
		  struct rule_aggregate *compute, unsigned max, unsigned *len);
/* A scope for `where` over events; `names` has room for RULE_REFS_MAX + 1. */
struct expr_scope event_scope(struct draft *draft, const char **names);
bool field_is_number(enum field f);
enum unit distinct_unit(const struct field_list *fields);
/* The unit of a count of events of these services. */
enum unit count_unit(uint32_t services);
bool name_allowed(struct load *load, struct item key, const char *what);

#endif
