/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/log/json_parser.h"

#include <cerrno>
#include <cstring>
#include <new>
#include <simdjson.h>

extern "C" {
#include "event/cell.h"
}

using namespace simdjson;

static_assert(SIMDJSON_PADDING <= JSON_PADDING, "what the header promises");

struct json_parser {
	dom::parser parser;
	struct arena names; /* joined ones */
	struct row *row;
	bool memory; /* was enough */
};

namespace
{

/* Where a value stands: the names of the objects around it, joined by dots. */
struct path {
	char text[ROW_NAME_MAX];
	size_t length;
	unsigned depth;
	bool listed;
};

void value(json_parser *p, const char *name, size_t length, dom::element e, path *at);

struct cell *add(json_parser *p, const char *name, size_t length, const path *at)
{
	struct cell *cell = vec_add(&p->row->cells);

	if (cell && name == at->text)
		name = arena_copy(&p->names, name, length);
	if (!cell || !name) {
		p->memory = false;
		return NULL;
	}
	cell->name = name;
	cell->name_length = (uint32_t)length;
	cell->listed = at->listed;
	return cell;
}

void object(json_parser *p, dom::object o, path *at)
{
	size_t before = at->length;

	if (at->depth == ROW_DEPTH_MAX) {
		p->row->passed_over++;
		return;
	}
	at->depth++;
	for (auto field : o) {
		const char *name = field.key.data();
		size_t length = field.key.size();

		if (at->depth > 1) {
			if (before + 1 + length >= sizeof(at->text)) {
				p->row->passed_over++;
				continue;
			}
			at->text[before] = '.';
			memcpy(at->text + before + 1, name, length);
			at->length = before + 1 + length;
			name = at->text;
			length = at->length;
		}
		value(p, name, length, field.value, at);
	}
	at->length = before;
	at->depth--;
}

void array(json_parser *p, const char *name, size_t length, dom::array a, path *at)
{
	bool before = at->listed, any = false;
	struct cell *cell;

	if (before) {
		p->row->passed_over++; /* lists of lists */
		return;
	}
	at->listed = true;
	for (dom::element e : a) {
		any = true;
		value(p, name, length, e, at);
	}
	if (!any && (cell = add(p, name, length, at)))
		cell->kind = CELL_NOTHING;
	at->listed = before;
}

/* An object in an object (or in a list): its fields have the name before theirs. */
void inner(json_parser *p, const char *name, size_t length, dom::object o, path *at)
{
	if (length >= sizeof(at->text)) {
		p->row->passed_over++;
		return;
	}
	if (name != at->text)
		memcpy(at->text, name, length);
	at->length = length;
	object(p, o, at);
}

void value(json_parser *p, const char *name, size_t length, dom::element e, path *at)
{
	struct cell *cell;
	std::string_view text;

	switch (e.type()) {
	case dom::element_type::OBJECT:
		inner(p, name, length, dom::object(e.get_object().value_unsafe()), at);
		return;
	case dom::element_type::ARRAY:
		array(p, name, length, dom::array(e.get_array().value_unsafe()), at);
		return;
	default:
		break;
	}
	cell = add(p, name, length, at);
	if (!cell)
		return;
	switch (e.type()) {
	case dom::element_type::STRING:
		text = e.get_string().value_unsafe();
		cell->kind = CELL_TEXT;
		cell->text.at = text.data();
		cell->text.length = (uint32_t)text.size();
		break;
	case dom::element_type::INT64:
		cell->kind = CELL_INTEGER;
		cell->integer = e.get_int64().value_unsafe();
		break;
	case dom::element_type::UINT64:
		cell->kind = CELL_REAL;
		cell->real = (double)e.get_uint64().value_unsafe();
		break;
	case dom::element_type::DOUBLE:
		cell->kind = CELL_REAL;
		cell->real = e.get_double().value_unsafe();
		break;
	case dom::element_type::BOOL:
		cell->kind = CELL_BOOL;
		cell->truth = e.get_bool().value_unsafe();
		break;
	default:
		cell->kind = CELL_NULL;
		break;
	}
}

} // namespace

struct json_parser *json_parser_new(void)
{
	json_parser *p = new (std::nothrow) json_parser();

	return p;
}

void json_parser_free(struct json_parser *p)
{
	if (p)
		arena_free(&p->names);
	delete p;
}

int json_parser_read(struct json_parser *p, const char *text, size_t length, struct row *row,
		     const char **why)
{
	dom::element document;
	dom::object whole;
	path at;
	error_code err = p->parser.parse(text, length, false).get(document);

	row->cells.len = 0;
	row->passed_over = 0;
	if (err == MEMALLOC)
		return -ENOMEM;
	if (err) {
		*why = error_message(err);
		return -EINVAL;
	}
	if (document.get_object().get(whole)) {
		*why = "not an object";
		return -EINVAL;
	}
	arena_reset(&p->names);
	p->row = row;
	p->memory = true;
	at.length = 0;
	at.depth = 0;
	at.listed = false;
	object(p, whole, &at);
	return p->memory ? 0 : -ENOMEM;
}
