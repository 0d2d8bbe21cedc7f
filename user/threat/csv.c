/* SPDX-License-Identifier: Apache-2.0 */
/* Tables: fields parted by commas, semicolons, tabs or bars, with or without a heading. */
#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#include "threat/format.h"

#define FIELDS_MAX     64
#define NAME_MAX_BYTES 40

/* Headings and what stands under them. */
static const struct heading {
	const char *name;
	enum indicator_kind kind;
} headings[] = {
	{"ioc", INDICATOR_ANY},
	{"ioc_value", INDICATOR_ANY},
	{"indicator", INDICATOR_ANY},
	{"indicator_value", INDICATOR_ANY},
	{"observable", INDICATOR_ANY},
	{"value", INDICATOR_ANY},
	{"ip", INDICATOR_ADDRESS},
	{"ip_address", INDICATOR_ADDRESS},
	{"ipaddress", INDICATOR_ADDRESS},
	{"address", INDICATOR_ADDRESS},
	{"ipv4", INDICATOR_ADDRESS},
	{"ipv6", INDICATOR_ADDRESS},
	{"src_ip", INDICATOR_ADDRESS},
	{"srcip", INDICATOR_ADDRESS},
	{"dst_ip", INDICATOR_ADDRESS},
	{"dstip", INDICATOR_ADDRESS},
	{"ip_dst", INDICATOR_ADDRESS},
	{"ip_src", INDICATOR_ADDRESS},
	{"network", INDICATOR_ADDRESS},
	{"cidr", INDICATOR_ADDRESS},
	{"subnet", INDICATOR_ADDRESS},
	{"prefix", INDICATOR_ADDRESS},
	{"domain", INDICATOR_DOMAIN},
	{"domain_name", INDICATOR_DOMAIN},
	{"hostname", INDICATOR_DOMAIN},
	{"fqdn", INDICATOR_DOMAIN},
	{"host", INDICATOR_ANY},
	{"url", INDICATOR_URL},
	{"uri", INDICATOR_URL},
	{"md5", INDICATOR_MD5},
	{"md5_hash", INDICATOR_MD5},
	{"sha1", INDICATOR_SHA1},
	{"sha1_hash", INDICATOR_SHA1},
	{"sha256", INDICATOR_SHA256},
	{"sha256_hash", INDICATOR_SHA256},
	{"hash", INDICATOR_ANY},
	{"ja3", INDICATOR_JA3},
	{"ja3_md5", INDICATOR_JA3},
	{"ja4", INDICATOR_JA4},
};
#define HEADINGS (sizeof(headings) / sizeof(headings[0]))

static const char parts[] = ",;\t|";

struct row {
	struct threat_line field[FIELDS_MAX];
	unsigned len;
};

/* Which fields of a row are read, and as what. */
struct plan {
	char part;
	unsigned len;
	struct {
		unsigned field;
		enum indicator_kind kind;
	} use[FIELDS_MAX];
};

/* Fields keep their quotes: nothing within an indicator is quoted. */
static void split(const struct threat_line *line, char part, struct row *row)
{
	const char *at = line->at, *end = line->at + line->length;
	bool quoted = false;

	row->len = 0;
	for (const char *from = at; row->len < FIELDS_MAX; at++) {
		if (at < end && *at == '"')
			quoted = !quoted;
		if (at < end && (*at != part || quoted))
			continue;
		row->field[row->len++] =
			threat_trim((struct threat_line){from, (size_t)(at - from)});
		if (at >= end)
			return;
		from = at + 1;
	}
}

/* "# First Seen" as "first_seen". */
static void heading_name(struct threat_line field, char name[NAME_MAX_BYTES])
{
	size_t n = 0;

	for (size_t i = 0; i < field.length && n < NAME_MAX_BYTES - 1; i++) {
		char c = field.at[i];

		if (c == '"' || c == '#' || (c == ' ' && !n))
			continue;
		if (c >= 'A' && c <= 'Z')
			c |= 0x20;
		name[n++] = c == ' ' || c == '-' ? '_' : c;
	}
	name[n] = '\0';
}

static const struct heading *heading_find(struct threat_line field)
{
	char name[NAME_MAX_BYTES];

	heading_name(field, name);
	for (size_t i = 0; i < HEADINGS; i++)
		if (!strcmp(headings[i].name, name))
			return &headings[i];
	return NULL;
}

/* Of a heading: the columns that it knows, or the one that is asked for. True: it is one. */
static bool plan_heading(const struct threat_line *line, const char *column, struct plan *plan)
{
	char name[NAME_MAX_BYTES];
	struct row row;

	split(line, plan->part, &row);
	plan->len = 0;
	for (unsigned i = 0; i < row.len; i++) {
		const struct heading *known = heading_find(row.field[i]);

		heading_name(row.field[i], name);
		if (column ? strcasecmp(name, column) != 0 : !known)
			continue;
		plan->use[plan->len].field = i;
		plan->use[plan->len++].kind = known ? known->kind : INDICATOR_ANY;
	}
	return plan->len > 0;
}

static unsigned count_of(const struct threat_line *line, char part)
{
	struct row row;

	split(line, part, &row);
	return row.len - 1;
}

/* The part of which there are most. 0: none. */
static char part_of(const struct threat_line *line)
{
	unsigned most = 0;
	char part = 0;

	for (const char *at = parts; *at; at++)
		if (count_of(line, *at) > most) {
			most = count_of(line, *at);
			part = *at;
		}
	return part;
}

static bool is_indicator(const struct threat_line *text)
{
	static _Thread_local struct indicator indicator;

	return indicator_read(text->at, text->length, INDICATOR_ANY, &indicator);
}

/* A row of headings has no indicator among them: types of data are called as columns are. */
static bool is_heading(const struct threat_line *line, char part)
{
	struct row row;

	split(line, part, &row);
	for (unsigned i = 0; i < row.len; i++)
		if (is_indicator(&row.field[i]))
			return false;
	return true;
}

/* In a remark of as many fields as the first row has, else in that itself (true). */
static bool find_heading(const struct threat_line *line, const struct threat_line *remark,
			 const char *column, struct plan *plan)
{
	if (remark->length && count_of(remark, plan->part) == count_of(line, plan->part) &&
	    plan_heading(remark, column, plan))
		return false;
	return is_heading(line, plan->part) && plan_heading(line, column, plan);
}

/* ---- is it one? ---- */

static bool head_line(const char **head, size_t *length, struct threat_line *line)
{
	const char *end = memchr(*head, '\n', *length);
	size_t taken = end ? (size_t)(end - *head) : *length;

	if (!*length)
		return false;
	*line = threat_trim((struct threat_line){*head, taken});
	*head += taken + (end ? 1 : 0);
	*length -= taken + (end ? 1 : 0);
	return true;
}

/* Whether the first row, with the last remark before it, says so by itself. */
static bool is_table(const struct threat_line *line, const struct threat_line *remark,
		     struct plan *plan)
{
	return find_heading(line, remark, NULL, plan) || plan->len;
}

/* A heading that is known; or two rows of as many fields; or one that is nothing else. */
static bool csv_claims(const char *head, size_t length)
{
	struct threat_line line, first = {0}, remark = {0};
	struct plan plan = {0};
	unsigned rows = 0;

	if (memchr(head, '\0', length))
		return false;
	while (rows < 8 && head_line(&head, &length, &line)) {
		if (threat_is_remark(&line)) {
			remark = rows ? remark : line;
			continue;
		}
		if (!rows++) {
			first = line;
			plan.part = part_of(&line);
			if (!plan.part || is_table(&line, &remark, &plan))
				return plan.part;
		} else if (length && count_of(&line, plan.part) != count_of(&first, plan.part)) {
			return false; /* the last one may be cut short */
		}
	}
	return rows > 1 || (rows == 1 && !is_indicator(&first));
}

/* ---- reading ---- */

/* Without a heading: the first field that is an address, a URL or a hash, else the first name. */
static void read_any(struct threat_intake *intake, const struct threat_line *line,
		     const struct row *row)
{
	int name = -1;

	for (unsigned i = 0; i < row->len; i++) {
		if (!indicator_read(row->field[i].at, row->field[i].length, INDICATOR_ANY,
				    &intake->indicator))
			continue;
		if (intake->indicator.kind != INDICATOR_DOMAIN) {
			threat_tell_read(intake, 0);
			return;
		}
		name = name < 0 ? (int)i : name;
	}
	if (name >= 0)
		threat_tell(intake, row->field[name].at, row->field[name].length, INDICATOR_ANY, 0);
	else
		threat_fault(intake, line->at, line->length, "no field of it is an indicator");
}

static bool is_empty(const struct threat_line *field)
{
	for (size_t i = 0; i < field->length; i++)
		if (!memchr("\" -", field->at[i], 3))
			return false;
	return true;
}

static void read_row(struct threat_intake *intake, const struct plan *plan,
		     const struct threat_line *line)
{
	struct row row;

	split(line, plan->part, &row);
	if (!plan->len) {
		read_any(intake, line, &row);
		return;
	}
	for (unsigned i = 0; i < plan->len; i++) {
		const struct threat_line *field = &row.field[plan->use[i].field];

		if (plan->use[i].field >= row.len)
			threat_fault(intake, line->at, line->length, "the row is too short");
		else if (!is_empty(field))
			threat_tell(intake, field->at, field->length, plan->use[i].kind, 0);
	}
}

/* "3" as the third column; 0: it is a name. */
static unsigned column_number(const char *column)
{
	char *end;
	unsigned long number = column ? strtoul(column, &end, 10) : 0;

	return column && *column && !*end && number <= FIELDS_MAX ? (unsigned)number : 0;
}

/* By a remark before the first row, or by the row itself. True: the row is the heading. */
static bool plan_first(struct threat_intake *intake, const struct threat_line *line,
		       const struct threat_line *remark, struct plan *plan)
{
	const char *column = intake->options->column;
	unsigned number = column_number(column);
	bool heading = find_heading(line, remark, number ? NULL : column, plan);

	if (number) {
		plan->use[0].field = number - 1;
		plan->use[0].kind = INDICATOR_ANY;
		plan->len = 1;
	}
	return heading;
}

/* With the first row. True: it is read by that. */
static bool begin(struct threat_intake *intake, const struct threat_line *line,
		  const struct threat_line *remark, struct plan *plan)
{
	plan->part = part_of(line);
	if (plan_first(intake, line, remark, plan))
		return true;
	if (plan->len || !intake->options->column)
		return false;
	snprintf(intake->why, sizeof(intake->why), "no column '%.60s' in its heading",
		 intake->options->column);
	return true;
}

static int csv_read(struct reader *reader, struct threat_intake *intake)
{
	struct threat_line line, remark = {0};
	char kept[512];
	struct plan plan = {0};
	bool first = true;

	while (threat_next_line(reader, intake, &line)) {
		line = threat_trim(line);
		if (threat_is_remark(&line)) {
			size_t length = line.length < sizeof(kept) ? line.length : 0;

			if (first && length)
				memcpy(kept, line.at, length);
			if (first && length)
				remark = (struct threat_line){kept, length};
			continue;
		}
		if (!first || !begin(intake, &line, &remark, &plan))
			read_row(intake, &plan, &line);
		first = false;
		if (intake->why[0])
			return -EINVAL;
	}
	return 0;
}

const struct threat_format threat_csv = {"csv", csv_claims, csv_read};
