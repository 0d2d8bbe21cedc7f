/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/render.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

#define DEPTH_MAX   8 /* sections in sections */
#define COLUMNS_MAX 24

/* "loss_by_reason" as "loss by reason". */
static char *words(const char *name)
{
	char *text = strdup(name);

	for (char *at = text; at && *at; at++)
		if (*at == '_')
			*at = ' ';
	return text;
}

/* 1234567 as "1,234,567". */
static char *render_integer(json_int_t number)
{
	char digits[32], out[48];
	size_t length, n = 0;

	length = (size_t)snprintf(digits, sizeof(digits), "%" JSON_INTEGER_FORMAT, number);
	for (size_t i = 0; i < length; i++) {
		out[n++] = digits[i];
		if (digits[i] != '-' && i + 1 < length && (length - i - 1) % 3 == 0)
			out[n++] = ',';
	}
	out[n] = '\0';
	return strdup(out);
}

char *render_value(const json_t *value)
{
	char *text = NULL;

	switch (json_typeof(value)) {
	case JSON_STRING:
		return strdup(json_string_value(value));
	case JSON_INTEGER:
		return render_integer(json_integer_value(value));
	case JSON_REAL:
		return asprintf(&text, "%.6g", json_real_value(value)) < 0 ? NULL : text;
	case JSON_TRUE:
		return strdup("yes");
	case JSON_FALSE:
		return strdup("no");
	case JSON_NULL:
		return strdup("-");
	case JSON_OBJECT:
	case JSON_ARRAY:
		return json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	}
	return NULL;
}

static bool is_scalar(const json_t *value)
{
	return !json_is_object(value) && !json_is_array(value);
}

/* A list of objects is a table; a list of scalars is one line. */
static bool is_table(const json_t *value)
{
	size_t i;
	json_t *item;

	if (!json_is_array(value) || !json_array_size(value))
		return false;
	json_array_foreach(value, i, item) if (!json_is_object(item)) return false;
	return true;
}

static void add_value(struct grid *grid, enum tint tint, const json_t *value)
{
	char *text = value ? render_value(value) : NULL;

	grid_add(grid, tint, text ? text : "-");
	free(text);
}

/* Names of all columns, in order of first appearance. */
static size_t table_columns(const json_t *rows, const char *columns[COLUMNS_MAX])
{
	size_t i, len = 0;
	json_t *row, *value;
	const char *name;

	json_array_foreach(rows, i, row)
	{
		json_object_foreach(row, name, value)
		{
			size_t at = 0;

			while (at < len && strcmp(columns[at], name))
				at++;
			if (at == len && len < COLUMNS_MAX)
				columns[len++] = name;
		}
	}
	return len;
}

static void render_table(const json_t *rows, const struct terminal *terminal, unsigned indent)
{
	const char *columns[COLUMNS_MAX];
	size_t len = table_columns(rows, columns);
	struct grid grid;
	json_t *row;
	size_t i;

	grid_begin(&grid, len);
	for (size_t c = 0; c < len; c++) {
		char *name = words(columns[c]);

		grid_add(&grid, TINT_BOLD, name);
		free(name);
	}
	json_array_foreach(rows, i, row) for (size_t c = 0; c < len; c++)
		add_value(&grid, TINT_PLAIN, json_object_get(row, columns[c]));
	grid_end(&grid, terminal, indent);
}

/* True if a row has objects in it: its cells would be too wide for a table. */
static bool is_deep(const json_t *rows)
{
	size_t i;
	json_t *row, *value;
	const char *name;

	json_array_foreach(rows, i, row)
		json_object_foreach(row, name, value) if (json_is_object(value)) return true;
	return false;
}

/* Rows that count something and counted nothing are left out; the others are a new reference. */
static json_t *rows_that_count(const json_t *rows)
{
	json_t *some = json_array();
	size_t i;
	json_t *row;

	json_array_foreach(rows, i, row)
	{
		const json_t *count = json_object_get(row, "count");

		if (!json_is_integer(count) || json_integer_value(count))
			json_array_append(some, row);
	}
	return some;
}

/* "buffers 246, wire bytes 17,734": an object within a line. The caller frees it. */
static char *render_inline(const json_t *object)
{
	char *joined = NULL;
	size_t size, n = 0;
	FILE *out = open_memstream(&joined, &size);
	const char *name;
	json_t *value;

	if (!out)
		return NULL;
	json_object_foreach((json_t *)object, name, value)
	{
		char *label = words(name), *text = render_value(value);

		fprintf(out, "%s%s %s", n++ ? ", " : "", label ? label : name, text ? text : "");
		free(label);
		free(text);
	}
	fclose(out);
	return joined;
}

/* One row over several lines: its first member is the heading, objects in it take a line each. */
static void render_block(const json_t *row, const struct terminal *terminal, unsigned indent)
{
	struct grid grid;
	bool first = true;
	const char *name;
	json_t *value;

	grid_begin(&grid, 2);
	json_object_foreach((json_t *)row, name, value)
	{
		char *text = json_is_object(value) ? render_inline(value) : render_value(value);
		char *label = words(name);

		if (first) {
			fprintf(terminal->out, "%*s", (int)indent, "");
			terminal_put(terminal, TINT_BOLD, text ? text : "-");
			fputc('\n', terminal->out);
		} else {
			grid_add(&grid, TINT_PLAIN, label);
			grid_add(&grid, TINT_PLAIN, text);
		}
		first = false;
		free(label);
		free(text);
	}
	grid_end(&grid, terminal, indent + 2);
}

static void render_rows(const json_t *rows, const struct terminal *terminal, unsigned indent)
{
	json_t *some = rows_that_count(rows), *row;
	size_t i;

	if (!json_array_size(some))
		fprintf(terminal->out, "%*snone\n", (int)indent, "");
	else if (!is_deep(some))
		render_table(some, terminal, indent);
	else
		json_array_foreach(some, i, row) render_block(row, terminal, indent);
	json_decref(some);
}

static void render_line_list(struct grid *grid, const json_t *list)
{
	char *joined = NULL;
	size_t i, size;
	json_t *item;
	FILE *out = open_memstream(&joined, &size);

	if (!out)
		return;
	json_array_foreach(list, i, item)
	{
		char *text = render_value(item);

		fprintf(out, "%s%s", i ? ", " : "", text ? text : "");
		free(text);
	}
	fclose(out);
	grid_add(grid, TINT_PLAIN, json_array_size(list) ? joined : "none");
	free(joined);
}

static void heading(const char *name, const struct terminal *terminal, unsigned indent)
{
	char *text = words(name);

	fprintf(terminal->out, "%s%*s", indent ? "" : "\n", (int)indent, "");
	terminal_put(terminal, TINT_BOLD, text ? text : name);
	fputs(":\n", terminal->out);
	free(text);
}

static void render_deep(const json_t *object, const struct terminal *terminal, unsigned indent,
			unsigned depth)
{
	struct grid grid;
	const char *name;
	json_t *value;

	grid_begin(&grid, 2);
	json_object_foreach((json_t *)object, name, value)
	{
		char *text;

		if (json_is_object(value) || is_table(value))
			continue;
		text = words(name);
		grid_add(&grid, TINT_PLAIN, text);
		free(text);
		if (is_scalar(value))
			add_value(&grid, TINT_PLAIN, value);
		else
			render_line_list(&grid, value);
	}
	grid_end(&grid, terminal, indent);
	json_object_foreach((json_t *)object, name, value)
	{
		if (!json_is_object(value) && !is_table(value))
			continue;
		heading(name, terminal, indent);
		if (is_table(value))
			render_rows(value, terminal, indent + 2);
		else if (!json_object_size(value))
			fprintf(terminal->out, "%*snone\n", (int)indent + 2, "");
		else if (depth < DEPTH_MAX)
			render_deep(value, terminal, indent + 2, depth + 1);
	}
}

void render_object(const json_t *object, const struct terminal *terminal, unsigned indent)
{
	render_deep(object, terminal, indent, 0);
}
