/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/yaml.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static struct place mark_place(const char *file, yaml_mark_t mark)
{
	return (struct place){file, (unsigned)mark.line + 1, (unsigned)mark.column + 1};
}

static void parser_fault(const yaml_parser_t *parser, const char *file, struct faults *faults)
{
	struct place place = mark_place(file, parser->problem_mark);

	/* A byte that is no character has an offset, and no mark. */
	if (parser->error == YAML_READER_ERROR) {
		fault_add(faults, mark_place(file, parser->mark), true,
			  "not UTF-8 text (%s at byte %zu): save the file as UTF-8",
			  parser->problem ? parser->problem : "wrong byte", parser->problem_offset);
		return;
	}
	fault_add(faults, place, true, "not YAML: %s%s%s",
		  parser->problem ? parser->problem : "out of memory", parser->context ? ", " : "",
		  parser->context ? parser->context : "");
}

/* A zero byte would cut texts short unseen. */
static bool document_whole(struct yaml_doc *doc, struct faults *faults)
{
	yaml_document_t *d = &doc->document;

	for (yaml_node_t *n = d->nodes.start; n < d->nodes.top; n++)
		if (n->type == YAML_SCALAR_NODE &&
		    memchr(n->data.scalar.value, 0, n->data.scalar.length)) {
			fault_add(faults, mark_place(doc->file, n->start_mark), true,
				  "a text with a zero byte: leave it out");
			return false;
		}
	return true;
}

/*
 * Aliases make a graph of a document, which all that read it walk as a tree: one of few bytes may
 * stand for more nodes than there are atoms. So the tree is measured first.
 */
#define DEPTH_MAX 100
#define TREE_MAX  4000000 /* nodes, more than any file of FILE_BYTES_MAX has without aliases */
#define PAIRS_MAX 10000	  /* keys of a map */

struct measure {
	const struct yaml_doc *doc;
	struct faults *faults;
	/* By node, of the tree under it; size 0: not known yet. */
	struct extent {
		uint32_t size, height;
	} * extent;
};

static bool wrong_at(const struct measure *m, const yaml_node_t *node, const char *words)
{
	fault_add(m->faults, mark_place(m->doc->file, node->start_mark), true, "%s", words);
	return false;
}

static bool too_deep(const struct measure *m, const yaml_node_t *node)
{
	return wrong_at(m, node,
			"nested more than 100 deep, or an alias to what it stands in: fewer "
			"levels would be right");
}

struct sum {
	uint64_t size;
	uint32_t height;
};

static bool measure(struct measure *m, int id, unsigned depth);

static bool measure_kid(struct measure *m, int kid, unsigned depth, struct sum *sum)
{
	if (!measure(m, kid, depth + 1))
		return false;
	sum->size += m->extent[kid - 1].size;
	if (sum->height <= m->extent[kid - 1].height)
		sum->height = m->extent[kid - 1].height + 1;
	return true;
}

static bool measure_map(struct measure *m, const yaml_node_t *node, unsigned depth, struct sum *sum)
{
	const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	yaml_document_t *document = (yaml_document_t *)&m->doc->document;

	if (node->data.mapping.pairs.top - pair > PAIRS_MAX)
		return wrong_at(m, node, "a map of more than 10,000 keys: no rule has so many");
	for (; pair < node->data.mapping.pairs.top; pair++) {
		const yaml_node_t *key = yaml_document_get_node(document, pair->key);

		if (key->type == YAML_SCALAR_NODE &&
		    key->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
		    !strcmp((const char *)key->data.scalar.value, "<<"))
			return wrong_at(m, key,
					"'<<' does not merge here: the lines themselves would be "
					"right");
		if (!measure_kid(m, pair->key, depth, sum) ||
		    !measure_kid(m, pair->value, depth, sum))
			return false;
	}
	return true;
}

/* The tree under a node; false with a fault where it is too deep, as with an alias to what it
 * stands in, or too large. */
static bool measure(struct measure *m, int id, unsigned depth)
{
	const yaml_node_t *node = &m->doc->document.nodes.start[id - 1];
	struct sum sum = {1, 1};

	if (m->extent[id - 1].size)
		return true;
	if (depth > DEPTH_MAX)
		return too_deep(m, node);
	if (node->type == YAML_SEQUENCE_NODE)
		for (const int *kid = node->data.sequence.items.start;
		     kid < node->data.sequence.items.top; kid++)
			if (!measure_kid(m, *kid, depth, &sum))
				return false;
	if (node->type == YAML_MAPPING_NODE && !measure_map(m, node, depth, &sum))
		return false;
	if (sum.height > DEPTH_MAX)
		return too_deep(m, node);
	if (sum.size > TREE_MAX)
		return wrong_at(m, node,
				"aliases stand for more than 4,000,000 values: write out "
				"what is meant");
	m->extent[id - 1] = (struct extent){(uint32_t)sum.size, sum.height};
	return true;
}

static bool document_sane(struct yaml_doc *doc, struct faults *faults)
{
	size_t nodes = (size_t)(doc->document.nodes.top - doc->document.nodes.start);
	struct measure m = {.doc = doc, .faults = faults};
	bool good;

	m.extent = calloc(nodes + 1, sizeof(*m.extent));
	if (!m.extent) {
		fault_add(faults, (struct place){doc->file, 1, 1}, true, "out of memory");
		return false;
	}
	good = measure(&m, 1, 0);
	free(m.extent);
	return good;
}

static bool read_one(struct yaml_docs *docs, yaml_parser_t *parser, const char *file,
		     struct faults *faults)
{
	struct yaml_doc *doc = calloc(1, sizeof(*doc)), **slot;

	if (!doc)
		return false;
	doc->file = file;
	if (!yaml_parser_load(parser, &doc->document)) {
		parser_fault(parser, file, faults);
		free(doc);
		return false;
	}
	slot = yaml_document_get_root_node(&doc->document) ? vec_add(&docs->list) : NULL;
	if (!slot || !document_whole(doc, faults) || !document_sane(doc, faults)) {
		if (slot)
			docs->list.len--;
		yaml_document_delete(&doc->document);
		free(doc);
		return slot != NULL;
	}
	*slot = doc;
	return true;
}

/* libyaml's time grows with the square of the brackets that are open. */
#define BRACKETS_MAX 5000

static bool brackets_sane(const char *file, const char *text, size_t length, struct faults *faults)
{
	unsigned line = 1, open = 0;

	for (size_t i = 0; i < length; i++) {
		line += text[i] == '\n';
		if (text[i] == '[' || text[i] == '{')
			open++;
		else if (open && (text[i] == ']' || text[i] == '}'))
			open--;
		if (open <= BRACKETS_MAX)
			continue;
		fault_add(faults, (struct place){file, line, 1}, true,
			  "more than %d brackets are open here: no rule nests so deep",
			  BRACKETS_MAX);
		return false;
	}
	return true;
}

void yaml_docs_read(struct yaml_docs *docs, const char *file, const char *text, size_t length,
		    struct faults *faults)
{
	yaml_parser_t parser;

	if (!brackets_sane(file, text, length, faults))
		return;
	if (!yaml_parser_initialize(&parser)) {
		fault_add(faults, (struct place){file, 1, 1}, true, "out of memory");
		return;
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
	while (read_one(docs, &parser, file, faults))
		;
	yaml_parser_delete(&parser);
}

void yaml_docs_free(struct yaml_docs *docs)
{
	vec_each (doc, &docs->list) {
		yaml_document_delete(&(*doc)->document);
		free(*doc);
	}
	vec_free(&docs->list);
}

static yaml_document_t *document(const struct yaml_doc *doc)
{
	/* libyaml takes no const, and changes nothing when it reads. */
	return (yaml_document_t *)&doc->document;
}

static struct item item_of(const struct yaml_doc *doc, int id)
{
	return (struct item){doc, yaml_document_get_node(document(doc), id)};
}

struct item yaml_root(const struct yaml_doc *doc)
{
	return (struct item){doc, yaml_document_get_root_node(document(doc))};
}

bool item_is_map(struct item item)
{
	return item.node && item.node->type == YAML_MAPPING_NODE;
}

bool item_is_list(struct item item)
{
	return item.node && item.node->type == YAML_SEQUENCE_NODE;
}

bool item_is_text(struct item item)
{
	return item.node && item.node->type == YAML_SCALAR_NODE;
}

static bool item_is_quoted(struct item item)
{
	return item_is_text(item) && item.node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
}

bool item_is_null(struct item item)
{
	const char *text = item_text(item);

	return item_is_text(item) && !item_is_quoted(item) &&
	       (!*text || !strcmp(text, "~") || !strcmp(text, "null") || !strcmp(text, "Null") ||
		!strcmp(text, "NULL"));
}

size_t item_len(struct item item)
{
	if (item_is_map(item))
		return (size_t)(item.node->data.mapping.pairs.top -
				item.node->data.mapping.pairs.start);
	if (item_is_list(item))
		return (size_t)(item.node->data.sequence.items.top -
				item.node->data.sequence.items.start);
	return 0;
}

struct item item_at(struct item list, size_t i)
{
	return item_of(list.doc, list.node->data.sequence.items.start[i]);
}

struct item item_key(struct item map, size_t i)
{
	return item_of(map.doc, map.node->data.mapping.pairs.start[i].key);
}

struct item item_value(struct item map, size_t i)
{
	return item_of(map.doc, map.node->data.mapping.pairs.start[i].value);
}

struct item item_get(struct item map, const char *key)
{
	if (item_is_map(map))
		for (size_t i = 0; i < item_len(map); i++)
			if (!strcmp(item_text(item_key(map, i)), key))
				return item_value(map, i);
	return (struct item){map.doc, NULL};
}

const char *item_text(struct item item)
{
	return item_is_text(item) ? (const char *)item.node->data.scalar.value : "";
}

size_t item_length(struct item item)
{
	return item_is_text(item) ? item.node->data.scalar.length : 0;
}

struct place item_place(struct item item)
{
	if (!item.node)
		return (struct place){item.doc ? item.doc->file : NULL, 1, 1};
	return mark_place(item.doc->file, item.node->start_mark);
}

struct place item_text_place(struct item item)
{
	struct place place = item_place(item);

	if (!item_is_text(item))
		return place;
	if (item.node->data.scalar.style == YAML_SINGLE_QUOTED_SCALAR_STYLE ||
	    item.node->data.scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE)
		place.column++;
	return place;
}
