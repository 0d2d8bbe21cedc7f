/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rule/severity.h"
#include "sink/database.h"

struct store {
	sqlite3 *db;
	char *path;
};

int store_open(struct store **store, const char *path, struct error *error)
{
	struct store *s = calloc(1, sizeof(*s));
	int err = 0;

	if (s)
		s->path = strdup(path);
	if (!s || !s->path)
		err = error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for the database");
	else
		err = database_open_read(&s->db, path, error);
	if (err) {
		store_close(s);
		return err;
	}
	*store = s;
	return 0;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	sqlite3_close(store->db);
	free(store->path);
	free(store);
}

static int fault(struct store *s, int code, struct error *error)
{
	return database_error(s->db, s->path, code, error);
}

static const char *column(sqlite3_stmt *stmt, int i)
{
	const char *text = (const char *)sqlite3_column_text(stmt, i);

	return text ? text : "";
}

/* Severity as a number is its place in this list: the order of enum severity. */
#define LEVEL_OF(column)                                                                           \
	"(CASE " column " WHEN 'informational' THEN 0 WHEN 'low' THEN 1 WHEN 'medium' THEN 2"      \
	" WHEN 'high' THEN 3 ELSE 4 END)"
_Static_assert(SEVERITY_INFORMATIONAL == 0 && SEVERITY_CRITICAL == 4, "LEVEL_OF lists them");

/* The record with the word that it was closed with, which is a person's and not the engine's. */
#define RECORD                                                                                     \
	"CASE WHEN closed_as IS NULL THEN record"                                                  \
	" ELSE json_set(record, '$.\"weir.closed_as\"', closed_as) END"

static const char list_sql[] =
	"SELECT * FROM (SELECT id, rule_name, severity, state, message, " RECORD ", first_seen,"
	" last_seen, count FROM detection"
	" WHERE last_seen >= ?1 AND " LEVEL_OF(
		"severity") " >= ?2"
			    " AND (?3 IS NULL OR rule_name = ?3 COLLATE NOCASE OR rule_id = ?3 "
			    "COLLATE NOCASE)"
			    " AND (?4 IS NULL OR host = ?4 COLLATE NOCASE"
			    " OR EXISTS (SELECT 1 FROM json_each(keys) WHERE value = ?4 COLLATE "
			    "NOCASE))"
			    " ORDER BY last_seen DESC, id DESC LIMIT ?5) ORDER BY last_seen, id";

static void bind_filter(sqlite3_stmt *stmt, const struct store_filter *filter)
{
	sqlite3_bind_int64(stmt, 1,
			   filter->since == TIME_NONE ? INT64_MIN : database_time(filter->since));
	sqlite3_bind_int(stmt, 2, filter->level);
	if (filter->rule)
		sqlite3_bind_text(stmt, 3, filter->rule, -1, SQLITE_STATIC);
	if (filter->host)
		sqlite3_bind_text(stmt, 4, filter->host, -1, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 5, filter->limit ? (sqlite3_int64)filter->limit : -1);
}

int store_list(struct store *s, const struct store_filter *filter,
	       void (*row)(void *context, const struct store_row *row), void *context,
	       struct error *error)
{
	sqlite3_stmt *stmt;
	int code = sqlite3_prepare_v2(s->db, list_sql, -1, &stmt, NULL);

	if (code)
		return fault(s, code, error);
	bind_filter(stmt, filter);
	while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
		const struct store_row one = {
			.id = column(stmt, 0),
			.rule_name = column(stmt, 1),
			.severity = column(stmt, 2),
			.state = column(stmt, 3),
			.message = column(stmt, 4),
			.record = column(stmt, 5),
			.first = sqlite3_column_int64(stmt, 6) * WEIR_USEC,
			.last = sqlite3_column_int64(stmt, 7) * WEIR_USEC,
			.count = sqlite3_column_int64(stmt, 8),
		};

		row(context, &one);
	}
	sqlite3_finalize(stmt);
	return code == SQLITE_DONE ? 0 : fault(s, code, error);
}

static const char *const records_sql[] = {
	[STORE_SIGNALS] =
		"SELECT record FROM (SELECT record, window_end AS at, id FROM signal"
		" WHERE window_end >= ?1 AND " LEVEL_OF(
			"severity") " >= ?2"
				    " AND (?3 IS NULL OR rule_name = ?3 COLLATE NOCASE"
				    " OR rule_id = ?3 COLLATE NOCASE)"
				    " AND (?4 IS NULL OR EXISTS (SELECT 1 FROM json_each(keys)"
				    " WHERE value = ?4 COLLATE NOCASE))"
				    " ORDER BY at DESC, id DESC LIMIT ?5) ORDER BY at, id",
	[STORE_FLOWS] = "SELECT record FROM (SELECT record, last_seen AS at, id FROM flow"
			" WHERE last_seen >= ?1 AND (?4 IS NULL OR source_ip = ?4"
			" OR destination_ip = ?4 OR process = ?4 COLLATE NOCASE"
			" OR pod = ?4 COLLATE NOCASE OR host = ?4 COLLATE NOCASE)"
			" ORDER BY at DESC, id DESC LIMIT ?5) ORDER BY at, id",
};

int store_records(struct store *s, enum store_kind kind, const struct store_filter *filter,
		  void (*row)(void *context, const char *record), void *context,
		  struct error *error)
{
	sqlite3_stmt *stmt;
	int code = sqlite3_prepare_v2(s->db, records_sql[kind], -1, &stmt, NULL);

	if (code)
		return fault(s, code, error);
	bind_filter(stmt, filter);
	while ((code = sqlite3_step(stmt)) == SQLITE_ROW)
		row(context, column(stmt, 0));
	sqlite3_finalize(stmt);
	return code == SQLITE_DONE ? 0 : fault(s, code, error);
}

int store_find(struct store *s, const char *prefix, char id[UUID_TEXT_MAX], struct error *error)
{
	sqlite3_stmt *stmt;
	int rows = 0, code;

	code = sqlite3_prepare_v2(s->db,
				  "SELECT id FROM detection WHERE substr(id, 1, length(?1)) = ?1"
				  " COLLATE NOCASE LIMIT 2",
				  -1, &stmt, NULL);
	if (code)
		return fault(s, code, error);
	sqlite3_bind_text(stmt, 1, prefix, -1, SQLITE_STATIC);
	for (; (code = sqlite3_step(stmt)) == SQLITE_ROW; rows++) {
		strncpy(id, column(stmt, 0), UUID_TEXT_MAX - 1);
		id[UUID_TEXT_MAX - 1] = '\0';
	}
	sqlite3_finalize(stmt);
	if (code != SQLITE_DONE)
		return fault(s, code, error);
	if (rows == 1 && *prefix)
		return 0;
	return error_set(error, EXIT_INPUT, rows ? EEXIST : ENOENT,
			 rows ? "several detections begin with %s: give more of the id"
			      : "no detection %s: `weir detections` lists them",
			 prefix);
}

static json_t *record_of(struct store *s, const char *text, struct error *error)
{
	json_error_t wrong;
	json_t *record = json_loads(text, 0, &wrong);

	if (!json_is_object(record)) {
		error_set(error, EXIT_INPUT, EINVAL,
			  "database %s: a record is no JSON object (%s): was it changed by hand?",
			  s->path, wrong.text);
		json_decref(record);
		return NULL;
	}
	return record;
}

/* The rows of a statement whose only parameter is a detection's id, each made an object. */
static json_t *rows_of(struct store *s, const char *sql, const char *id,
		       json_t *(*object)(struct store *s, sqlite3_stmt *stmt, struct error *error),
		       struct error *error)
{
	json_t *array = json_array(), *one = NULL;
	sqlite3_stmt *stmt;
	int code = sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL);
	bool ok = !code;

	if (code) {
		fault(s, code, error);
		json_decref(array);
		return NULL;
	}
	sqlite3_bind_text(stmt, 1, id, -1, SQLITE_STATIC);
	while (ok && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
		one = object(s, stmt, error);
		ok = one && !json_array_append_new(array, one);
	}
	sqlite3_finalize(stmt);
	if (ok && code != SQLITE_DONE) {
		fault(s, code, error);
		ok = false;
	}
	if (!ok) {
		json_decref(array);
		return NULL;
	}
	return array;
}

static json_t *as_record(struct store *s, sqlite3_stmt *stmt, struct error *error)
{
	return record_of(s, column(stmt, 0), error);
}

static json_t *as_columns(struct store *s, sqlite3_stmt *stmt, struct error *error)
{
	json_t *object = json_object();

	(void)s;
	for (int i = 0; object && i < sqlite3_column_count(stmt); i++) {
		const char *name = sqlite3_column_name(stmt, i);

		if (sqlite3_column_type(stmt, i) == SQLITE_INTEGER)
			json_object_set_new(object, name,
					    json_integer(sqlite3_column_int64(stmt, i)));
		else if (sqlite3_column_type(stmt, i) == SQLITE_TEXT)
			json_object_set_new(object, name, json_string(column(stmt, i)));
	}
	if (!object)
		error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for the database's rows");
	return object;
}

json_t *store_record(struct store *s, const char *id, struct error *error)
{
	json_t *list =
		rows_of(s, "SELECT " RECORD " FROM detection WHERE id = ?1", id, as_record, error);
	json_t *record = json_incref(json_array_get(list, 0));

	if (list && !record)
		error_set(error, EXIT_INPUT, ENOENT,
			  "no detection %s: `weir detections` lists them", id);
	json_decref(list);
	return record;
}

json_t *store_flows(struct store *s, const char *id, struct error *error)
{
	return rows_of(
		s,
		"SELECT flow.id, community_id, flow.first_seen, flow.last_seen, source_ip,"
		" source_port, destination_ip, destination_port, transport, flow.state,"
		" ended, source_bytes, destination_bytes, source_packets,"
		" destination_packets, process, pod FROM detection,"
		" json_each(detection.record, '$.\"weir.samples\"') AS sample"
		" JOIN flow ON flow.community_id ="
		" json_extract(sample.value, '$.\"network.community_id\"')"
		" AND flow.first_seen <= detection.last_seen"
		" WHERE detection.id = ?1 GROUP BY flow.id ORDER BY flow.first_seen, flow.id",
		id, as_columns, error);
}

static const char state_sql[] =
	"UPDATE detection SET state = ?2, closed_as = coalesce(?3, closed_as),"
	" record = json_set(record, '$.\"weir.state\"', ?2)"
	" WHERE id = ?1 AND (state IN ('open', ?2) OR ?2 = 'closed')";

int store_set_state(const char *path, const char *id, const char *state, const char *word,
		    struct error *error)
{
	sqlite3 *db;
	sqlite3_stmt *stmt;
	int code, err = database_open(&db, path, error);

	if (err)
		return err;
	code = sqlite3_prepare_v2(db, state_sql, -1, &stmt, NULL);
	if (!code) {
		sqlite3_bind_text(stmt, 1, id, -1, SQLITE_STATIC);
		sqlite3_bind_text(stmt, 2, state, -1, SQLITE_STATIC);
		if (word)
			sqlite3_bind_text(stmt, 3, word, -1, SQLITE_STATIC);
		code = sqlite3_step(stmt);
		sqlite3_finalize(stmt);
	}
	if (code != SQLITE_DONE)
		err = database_error(db, path, code, error);
	else if (!sqlite3_changes(db))
		err = error_set(error, EXIT_INPUT, EALREADY,
				"detection %s is closed: its state goes only forward", id);
	sqlite3_close(db);
	return err;
}
