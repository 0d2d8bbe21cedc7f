/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_RULE_YAML_H
#define WEIR_RULE_YAML_H

#include <yaml.h>

#include "rule/fault.h"

/* YAML documents, read through items that know their place. */

struct yaml_doc {
	yaml_document_t document;
	const char *file;
};

/* All documents of one text. */
struct yaml_docs {
	VEC(struct yaml_doc *) list;
};

/* Adds the documents of a text; faults for what is no YAML. `file` must outlive them. */
void yaml_docs_read(struct yaml_docs *docs, const char *file, const char *text, size_t length,
		    struct faults *faults);
void yaml_docs_free(struct yaml_docs *docs);

/* A node of a document; node NULL: nothing. */
struct item {
	const struct yaml_doc *doc;
	yaml_node_t *node;
};

struct item yaml_root(const struct yaml_doc *doc);
bool item_is_map(struct item item);
bool item_is_list(struct item item);
bool item_is_text(struct item item); /* any scalar */
bool item_is_null(struct item item); /* plain ~, null or nothing */
size_t item_len(struct item item);   /* pairs of a map, items of a list */
struct item item_at(struct item list, size_t i);
struct item item_key(struct item map, size_t i);
struct item item_value(struct item map, size_t i);
struct item item_get(struct item map, const char *key);
const char *item_text(struct item item); /* "" for what is no scalar */
size_t item_length(struct item item);
struct place item_place(struct item item);

/* Where the text of a scalar begins, behind its quote. */
struct place item_text_place(struct item item);

#endif
