/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/sqlite_rows.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/hash.h"

/* A state goes only forward, also where a person set it while the agent went on counting. */
#define STATE_RANK(state)                                                                          \
	"(CASE " state " WHEN 'open' THEN 0 WHEN 'acknowledged' THEN 1 ELSE 2 END)"
#define STATE_KEPT STATE_RANK("detection.state") " > " STATE_RANK("excluded.state")

#define SIGNAL_INSERT                                                                              \
	"INSERT INTO signal (id, rule_id, rule_name, severity, window_start, window_end, keys,"    \
	" values_json, message, coverage, record)"                                                 \
	" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT (id) DO "

static const char *const sql[ROW_STATEMENTS] = {
	[ROW_SIGNAL] = SIGNAL_INSERT
	"UPDATE SET severity = excluded.severity, window_start = excluded.window_start,"
	" window_end = excluded.window_end, values_json = excluded.values_json,"
	" message = excluded.message, coverage = excluded.coverage, record = excluded.record",
	[ROW_SIGNAL_ONCE] = SIGNAL_INSERT "NOTHING",
	[ROW_DETECTION] =
		"INSERT INTO detection (id, rule_id, rule_name, title, severity, confidence,"
		" state, first_seen, last_seen, count, keys, message, technique, coverage, host,"
		" record)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)"
		" ON CONFLICT (id) DO UPDATE SET severity = excluded.severity,"
		" confidence = excluded.confidence, first_seen = excluded.first_seen,"
		" last_seen = excluded.last_seen, count = excluded.count,"
		" message = excluded.message, coverage = excluded.coverage, host = excluded.host,"
		" state = CASE WHEN " STATE_KEPT " THEN detection.state ELSE excluded.state END,"
		" record = CASE WHEN " STATE_KEPT
		" THEN json_set(excluded.record, '$.\"weir.state\"', detection.state)"
		" ELSE excluded.record END",
	[ROW_LINK] = "INSERT INTO detection_signal (detection_id, signal_id) VALUES (?1, ?2)"
		     " ON CONFLICT DO NOTHING",
	/* What was known first of a connection and what came later add up. */
	[ROW_FLOW] =
		"INSERT INTO flow (id, community_id, first_seen, last_seen, source_ip,"
		" source_port, destination_ip, destination_port, transport, state, ended,"
		" source_bytes, destination_bytes, source_packets, destination_packets, host,"
		" record, process, pod)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,"
		" ?17, ?18, ?19)"
		" ON CONFLICT (id) DO UPDATE SET last_seen = max(last_seen, excluded.last_seen),"
		" state = coalesce(excluded.state, state), ended = max(ended, excluded.ended),"
		" source_bytes = coalesce(excluded.source_bytes, source_bytes),"
		" destination_bytes = coalesce(excluded.destination_bytes, destination_bytes),"
		" source_packets = coalesce(excluded.source_packets, source_packets),"
		" destination_packets ="
		" coalesce(excluded.destination_packets, destination_packets),"
		" process = coalesce(excluded.process, process), pod = coalesce(excluded.pod, pod),"
		" record = CASE WHEN excluded.ended >= ended THEN excluded.record ELSE record END",
	/* The end of a connection tells its last interval, not its beginning: it completes the
	 * row of the same tuple that began last before it. */
	[ROW_FLOW_ENDED] =
		"UPDATE flow SET last_seen = max(last_seen, ?4), ended = 1,"
		" state = coalesce(?10, state), source_bytes = ?12, destination_bytes = ?13,"
		" source_packets = ?14, destination_packets = ?15, record = ?17,"
		" process = coalesce(?18, process), pod = coalesce(?19, pod)"
		" WHERE rowid = (SELECT rowid FROM flow WHERE community_id = ?2"
		" AND first_seen <= ?3 AND source_ip = ?5 ORDER BY first_seen DESC LIMIT 1)"
		" AND ended = 0",
	[ROW_HEALTH] = "INSERT INTO health (time, fact, message, host, record)"
		       " VALUES (?1, ?2, ?3, ?4, ?5)",
};

int rows_open(struct rows *rows, sqlite3 *db)
{
	*rows = (struct rows){.db = db};
	for (unsigned i = 0; i < ROW_STATEMENTS; i++) {
		int code = sqlite3_prepare_v3(db, sql[i], -1, SQLITE_PREPARE_PERSISTENT,
					      &rows->statements[i], NULL);

		if (code) {
			rows_close(rows);
			return code;
		}
	}
	return SQLITE_OK;
}

void rows_close(struct rows *rows)
{
	for (unsigned i = 0; i < ROW_STATEMENTS; i++)
		sqlite3_finalize(rows->statements[i]);
	*rows = (struct rows){0};
}

bool rows_hopeless(int code)
{
	switch (code & 0xff) {
	case SQLITE_CONSTRAINT:
	case SQLITE_MISMATCH:
	case SQLITE_TOOBIG:
	case SQLITE_RANGE:
	case SQLITE_MISUSE:
	case SQLITE_ERROR:
		return true;
	}
	return false;
}

/* Texts live as long as the record does, which is longer than the step. */
static void text(sqlite3_stmt *stmt, int at, const char *value)
{
	if (value)
		sqlite3_bind_text(stmt, at, value, -1, SQLITE_STATIC);
}

static void time(sqlite3_stmt *stmt, int at, weir_time value)
{
	sqlite3_bind_int64(stmt, at, database_time(value));
}

static int step(sqlite3_stmt *stmt)
{
	int code = sqlite3_step(stmt);

	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

static int write_signal(struct rows *rows, enum row_statement which, const struct out *out)
{
	sqlite3_stmt *stmt = rows->statements[which];

	text(stmt, 1, out->id);
	text(stmt, 2, out->rule_id ? out->rule_id : "");
	text(stmt, 3, out->rule_name);
	text(stmt, 4, severity_name(out->severity));
	time(stmt, 5, out->first);
	time(stmt, 6, out->last);
	text(stmt, 7, out->keys_json);
	text(stmt, 8, out->values_json);
	text(stmt, 9, out->message);
	sqlite3_bind_double(stmt, 10, out->coverage);
	text(stmt, 11, out->json);
	return step(stmt);
}

static int write_links(struct rows *rows, const struct out *out)
{
	sqlite3_stmt *stmt = rows->statements[ROW_LINK];
	int code = SQLITE_OK;

	for (unsigned i = 0; i < out->evidence_len && !code; i++) {
		code = write_signal(rows, ROW_SIGNAL_ONCE, out->evidence[i]);
		if (code)
			break;
		text(stmt, 1, out->id);
		text(stmt, 2, out->evidence[i]->id);
		code = step(stmt);
	}
	return code;
}

static int write_detection(struct rows *rows, const struct out *out)
{
	sqlite3_stmt *stmt = rows->statements[ROW_DETECTION];
	int code;

	text(stmt, 1, out->id);
	text(stmt, 2, out->rule_id ? out->rule_id : "");
	text(stmt, 3, out->rule_name);
	text(stmt, 4, out->title ? out->title : out->rule_name);
	text(stmt, 5, severity_name(out->severity));
	sqlite3_bind_double(stmt, 6, out->confidence);
	text(stmt, 7, out->state);
	time(stmt, 8, out->first);
	time(stmt, 9, out->last);
	sqlite3_bind_int64(stmt, 10, (sqlite3_int64)out->count);
	text(stmt, 11, out->keys_json);
	text(stmt, 12, out->message);
	text(stmt, 13, out->technique);
	sqlite3_bind_double(stmt, 14, out->coverage);
	text(stmt, 15, out->host);
	text(stmt, 16, out->json);
	code = step(stmt);
	return code ? code : write_links(rows, out);
}

static void address(sqlite3_stmt *stmt, int at, const struct event *e, enum field f)
{
	char words[ADDR_TEXT_MAX];

	if (event_has(e, f))
		sqlite3_bind_text(stmt, at, addr_format(event_slot(e, f), words), -1,
				  SQLITE_TRANSIENT);
}

/* SQLite's integers are signed: a greater count stays at their end. */
static void count(sqlite3_stmt *stmt, int at, const struct event *e, enum field f)
{
	uint64_t n;

	if (!event_has(e, f))
		return;
	n = *(const uint64_t *)event_slot(e, f);
	sqlite3_bind_int64(stmt, at, n > INT64_MAX ? INT64_MAX : (sqlite3_int64)n);
}

static void number_name(sqlite3_stmt *stmt, int at, const struct event *e, enum field f)
{
	if (event_has(e, f))
		text(stmt, at, field_enum_name(f, *(const uint16_t *)event_slot(e, f)));
}

/* Of one connection, whichever event tells of it first: its tuple and its beginning. */
static void flow_id(const struct out *out, char id[UUID_TEXT_MAX])
{
	char name[EVENT_TUPLE_MAX + 64], tuple[EVENT_TUPLE_MAX];
	int length = snprintf(name, sizeof(name), "flow %s %" PRId64,
			      event_tuple(&out->event, tuple), (int64_t)database_time(out->first));

	uuid_v5(name, (size_t)length, id);
}

static void field_text(sqlite3_stmt *stmt, int at, const struct event *e, enum field f)
{
	const struct text *value = event_slot(e, f);

	if (event_has(e, f))
		sqlite3_bind_text(stmt, at, value->at, (int)value->length, SQLITE_STATIC);
}

static void bind_flow(sqlite3_stmt *stmt, const struct out *out, bool ended)
{
	const struct event *e = &out->event;

	field_text(stmt, 2, e, FIELD_NETWORK_COMMUNITY_ID);
	time(stmt, 3, out->first);
	time(stmt, 4, out->last);
	address(stmt, 5, e, FIELD_SOURCE_IP);
	count(stmt, 6, e, FIELD_SOURCE_PORT);
	address(stmt, 7, e, FIELD_DESTINATION_IP);
	count(stmt, 8, e, FIELD_DESTINATION_PORT);
	number_name(stmt, 9, e, FIELD_NETWORK_TRANSPORT);
	number_name(stmt, 10, e, FIELD_NETWORK_STATE);
	sqlite3_bind_int(stmt, 11, ended);
	count(stmt, 12, e, ended ? FIELD_FLOW_TOTAL_SOURCE_BYTES : FIELD_SOURCE_BYTES);
	count(stmt, 13, e, ended ? FIELD_FLOW_TOTAL_DESTINATION_BYTES : FIELD_DESTINATION_BYTES);
	count(stmt, 14, e, ended ? FIELD_FLOW_TOTAL_SOURCE_PACKETS : FIELD_SOURCE_PACKETS);
	count(stmt, 15, e,
	      ended ? FIELD_FLOW_TOTAL_DESTINATION_PACKETS : FIELD_DESTINATION_PACKETS);
	text(stmt, 17, out->json);
	field_text(stmt, 18, e, FIELD_PROCESS_NAME);
	field_text(stmt, 19, e, FIELD_ORCHESTRATOR_NAME);
}

static int write_flow(struct rows *rows, const struct out *out)
{
	bool ended = event_has(&out->event, FIELD_FLOW_ENDED) && out->event.flow_ended;
	sqlite3_stmt *stmt = rows->statements[ROW_FLOW_ENDED];
	char id[UUID_TEXT_MAX];
	int code;

	if (ended) {
		bind_flow(stmt, out, true);
		code = step(stmt);
		if (code || sqlite3_changes(rows->db))
			return code;
	}
	stmt = rows->statements[ROW_FLOW];
	flow_id(out, id);
	text(stmt, 1, id);
	bind_flow(stmt, out, ended);
	text(stmt, 16, out->host);
	return step(stmt);
}

static int write_health(struct rows *rows, const struct out *out)
{
	sqlite3_stmt *stmt = rows->statements[ROW_HEALTH];
	const struct event *e = &out->event;

	time(stmt, 1, out->at);
	if (event_has(e, FIELD_EVENT_ACTION))
		sqlite3_bind_text(stmt, 2, e->event_action.at, (int)e->event_action.length,
				  SQLITE_STATIC);
	else
		text(stmt, 2, "");
	text(stmt, 3, out->message);
	text(stmt, 4, out->host);
	text(stmt, 5, out->json);
	return step(stmt);
}

int rows_write(struct rows *rows, const struct out *out)
{
	switch (out->kind) {
	case OUT_SIGNAL:
		return write_signal(rows, ROW_SIGNAL, out);
	case OUT_DETECTION:
		return write_detection(rows, out);
	case OUT_FLOW:
		return write_flow(rows, out);
	case OUT_HEALTH:
		return write_health(rows, out);
	case OUT_EVENT: /* not stored */
	case OUT_KINDS:
		break;
	}
	return SQLITE_OK;
}
