/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture/log/rows.h"

/*
 * Zeek's own form: lines of fields with a header that names them
 * (https://docs.zeek.org/en/master/log-formats.html). Several logs may stand in one file, each
 * under its header.
 */

#define NAMES_MAX 1024
#define WORD_MAX  64 /* of what the header sets; longer ones are cut */

struct name {
	const char *at;
	uint32_t length;
	bool list; /* set[…], vector[…] */
};

struct zeek_rows {
	struct rows rows;
	char separator, set_separator;
	char unset[WORD_MAX], empty[WORD_MAX], path[WORD_MAX];
	struct arena arena; /* the names */
	VEC(struct name) names;
};

/* "\x09" or the character itself. */
static char separator_of(const char *at, size_t length)
{
	char digits[3] = {0};

	if (length >= 4 && at[0] == '\\' && at[1] == 'x') {
		memcpy(digits, at + 2, 2);
		return (char)strtoul(digits, NULL, 16);
	}
	return length ? at[0] : '\t';
}

static void keep_word(char word[WORD_MAX], const char *at, size_t length)
{
	if (length >= WORD_MAX)
		length = WORD_MAX - 1;
	memcpy(word, at, length);
	word[length] = '\0';
}

/* Calls for each field of [at, end) by its number. */
static void each_field(struct zeek_rows *zeek, const char *at, const char *end,
		       void (*field)(struct zeek_rows *zeek, size_t number, const char *at,
				     size_t length))
{
	for (size_t number = 0; at <= end && number < NAMES_MAX; number++) {
		const char *stop = memchr(at, zeek->separator, (size_t)(end - at));

		if (!stop)
			stop = end;
		field(zeek, number, at, (size_t)(stop - at));
		at = stop + 1;
	}
}

static void field_name(struct zeek_rows *zeek, size_t number, const char *at, size_t length)
{
	struct name *name = vec_add(&zeek->names);

	(void)number;
	if (name)
		*name = (struct name){arena_copy(&zeek->arena, at, length), (uint32_t)length,
				      false};
	if (name && !name->at)
		zeek->names.len--;
}

static void field_type(struct zeek_rows *zeek, size_t number, const char *at, size_t length)
{
	if (number < zeek->names.len)
		zeek->names.at[number].list = (length > 4 && !memcmp(at, "set[", 4)) ||
					      (length > 7 && !memcmp(at, "vector[", 7));
}

static bool begins(const char *at, size_t length, const char *word)
{
	return length > strlen(word) && !memcmp(at, word, strlen(word));
}

/* A line that begins with '#'. */
static void header(struct zeek_rows *zeek, const char *at, size_t length)
{
	const char *end = at + length, *value = memchr(at, zeek->separator, length);

	if (begins(at, length, "#separator ")) {
		zeek->separator = separator_of(at + 11, length - 11);
		return;
	}
	value = value ? value + 1 : end;
	if (begins(at, length, "#set_separator"))
		zeek->set_separator = separator_of(value, (size_t)(end - value));
	else if (begins(at, length, "#unset_field"))
		keep_word(zeek->unset, value, (size_t)(end - value));
	else if (begins(at, length, "#empty_field"))
		keep_word(zeek->empty, value, (size_t)(end - value));
	else if (begins(at, length, "#path"))
		keep_word(zeek->path, value, (size_t)(end - value));
	else if (begins(at, length, "#types"))
		each_field(zeek, value, end, field_type);
	if (!begins(at, length, "#fields"))
		return;
	zeek->names.len = 0;
	arena_reset(&zeek->arena);
	each_field(zeek, value, end, field_name);
}

static bool is_word(const char *word, const char *at, size_t length)
{
	return strlen(word) == length && !memcmp(word, at, length);
}

static struct cell *add_cell(struct row *row, const struct name *name)
{
	struct cell *cell = vec_add(&row->cells);

	if (cell)
		*cell = (struct cell){.name = name->at, .name_length = name->length};
	return cell;
}

static int add_text(struct row *row, const struct name *name, const char *at, size_t length)
{
	struct cell *cell = add_cell(row, name);

	if (!cell)
		return -ENOMEM;
	cell->kind = CELL_TEXT;
	cell->text = (struct text){at, (uint32_t)length};
	cell->listed = name->list;
	return 0;
}

static int add_list(struct zeek_rows *zeek, struct row *row, const struct name *name,
		    const char *at, size_t length)
{
	const char *end = at + length;
	int err = 0;

	while (!err && at <= end) {
		const char *stop = memchr(at, zeek->set_separator, (size_t)(end - at));

		if (!stop)
			stop = end;
		err = add_text(row, name, at, (size_t)(stop - at));
		at = stop + 1;
	}
	return err;
}

static int add_field(struct zeek_rows *zeek, struct row *row, const struct name *name,
		     const char *at, size_t length)
{
	struct cell *cell;

	if (is_word(zeek->unset, at, length))
		return 0;
	if (!name->list)
		return add_text(row, name, is_word(zeek->empty, at, length) ? "" : at,
				is_word(zeek->empty, at, length) ? 0 : length);
	if (!is_word(zeek->empty, at, length))
		return add_list(zeek, row, name, at, length);
	cell = add_cell(row, name);
	if (!cell)
		return -ENOMEM;
	cell->kind = CELL_NOTHING;
	cell->listed = true;
	return 0;
}

static int split(struct zeek_rows *zeek, const struct line *line, struct row *row, const char **why)
{
	static const struct name path = {"_path", 5, false};
	const char *at = line->at, *end = line->at + line->length;
	size_t number = 0;
	int err = 0;

	row->cells.len = 0;
	row->passed_over = 0;
	for (; !err && at <= end && number < zeek->names.len; number++) {
		const char *stop = memchr(at, zeek->separator, (size_t)(end - at));

		if (!stop)
			stop = end;
		err = add_field(zeek, row, &zeek->names.at[number], at, (size_t)(stop - at));
		at = stop + 1;
	}
	if (err)
		return err;
	*why = !zeek->names.len ? "before any #fields" : "fewer or more fields than #fields names";
	if (!zeek->names.len || number < zeek->names.len || at <= end)
		return -EINVAL;
	return *zeek->path ? add_text(row, &path, zeek->path, strlen(zeek->path)) : 0;
}

static int zeek_next(struct rows *rows, struct row *row, const char **why)
{
	struct zeek_rows *zeek = (struct zeek_rows *)rows;
	struct line line;
	int err;

	while (rows_line(rows, &line)) {
		rows->line = rows->passed + 1;
		if (line.length == READER_ROOM) {
			*why = "longer than 1 MiB";
			rows_skip_line(rows);
			return -EINVAL;
		}
		reader_take(rows->reader, line.taken);
		rows->passed++;
		if (line.length && line.at[line.length - 1] == '\r')
			line.length--;
		if (!line.length)
			continue;
		if (line.at[0] == '#') {
			header(zeek, line.at, line.length);
			continue;
		}
		err = split(zeek, &line, row, why);
		return err ? err : 1;
	}
	return 0;
}

static void zeek_free(struct rows *rows)
{
	struct zeek_rows *zeek = (struct zeek_rows *)rows;

	vec_free(&zeek->names);
	arena_free(&zeek->arena);
	free(zeek);
}

static const struct rows_ops zeek_ops = {zeek_next, zeek_free};

struct rows *zeek_rows_new(struct reader *reader)
{
	struct zeek_rows *zeek = calloc(1, sizeof(*zeek));

	if (!zeek)
		return NULL;
	zeek->rows = (struct rows){.ops = &zeek_ops, .reader = reader};
	zeek->separator = '\t';
	zeek->set_separator = ',';
	strcpy(zeek->unset, "-");
	strcpy(zeek->empty, "(empty)");
	return &zeek->rows;
}
