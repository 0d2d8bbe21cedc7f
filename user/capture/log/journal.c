/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "capture/log/record.h"
#include "capture/login/journal.h"

/* The journal as `journalctl -o json` writes it: log-ins among its messages. */

static const struct column columns[] = {
	{"__REALTIME_TIMESTAMP", FIELD_NONE, FACT_TIME},
	{"MESSAGE", FIELD_NONE, FACT_MESSAGE},
	{"SYSLOG_IDENTIFIER", FIELD_NONE, FACT_PROGRAM},
	{"_PID", FIELD_NONE, FACT_PASS},
	{"_UID", FIELD_NONE, FACT_UID},
	{"_EXE", FIELD_NONE, FACT_EXECUTABLE},
	{"__CURSOR", FIELD_NONE, FACT_PASS},
	{"__MONOTONIC_TIMESTAMP", FIELD_NONE, FACT_PASS},
	{"__SEQNUM", FIELD_NONE, FACT_PASS},
	{"__SEQNUM_ID", FIELD_NONE, FACT_PASS},
	{"_BOOT_ID", FIELD_NONE, FACT_PASS},
	{"_MACHINE_ID", FIELD_NONE, FACT_PASS},
	{"_HOSTNAME", FIELD_NONE, FACT_PASS},
	{"_GID", FIELD_NONE, FACT_PASS},
	{"_COMM", FIELD_NONE, FACT_PASS},
	{"_CMDLINE", FIELD_NONE, FACT_PASS},
	{"_CAP_EFFECTIVE", FIELD_NONE, FACT_PASS},
	{"_SELINUX_CONTEXT", FIELD_NONE, FACT_PASS},
	{"_AUDIT_SESSION", FIELD_NONE, FACT_PASS},
	{"_AUDIT_LOGINUID", FIELD_NONE, FACT_PASS},
	{"_SYSTEMD_CGROUP", FIELD_NONE, FACT_PASS},
	{"_SYSTEMD_UNIT", FIELD_NONE, FACT_PASS},
	{"_SYSTEMD_SLICE", FIELD_NONE, FACT_PASS},
	{"_SYSTEMD_SESSION", FIELD_NONE, FACT_PASS},
	{"_SYSTEMD_OWNER_UID", FIELD_NONE, FACT_PASS},
	{"_SYSTEMD_USER_SLICE", FIELD_NONE, FACT_PASS},
	{"_SYSTEMD_INVOCATION_ID", FIELD_NONE, FACT_PASS},
	{"_SOURCE_REALTIME_TIMESTAMP", FIELD_NONE, FACT_PASS},
	{"_RUNTIME_SCOPE", FIELD_NONE, FACT_PASS},
	{"_STREAM_ID", FIELD_NONE, FACT_PASS},
	{"_TRANSPORT", FIELD_NONE, FACT_PASS},
	{"PRIORITY", FIELD_NONE, FACT_PASS},
	{"SYSLOG_FACILITY", FIELD_NONE, FACT_PASS},
	{"SYSLOG_PID", FIELD_NONE, FACT_PASS},
	{"SYSLOG_TIMESTAMP", FIELD_NONE, FACT_PASS},
	{"SYSLOG_RAW", FIELD_NONE, FACT_PASS},
};

static bool journal_claims(const struct row *row)
{
	vec_each (cell, &row->cells)
		if (cell_named(cell, "__REALTIME_TIMESTAMP"))
			return true;
	return false;
}

/* One for all rows of this process: patterns are compiled once. */
static struct shapes *shapes_of_all(void)
{
	static struct shapes *shapes;

	if (!shapes)
		shapes = shapes_new();
	return shapes;
}

static bool is_trusted(const struct record *record)
{
	struct text executable = record_text(record, FACT_EXECUTABLE);
	uint64_t uid;

	return record_count(record, FACT_UID, &uid) && journal_trusts(uid, &executable);
}

static enum verdict journal_read(struct record *record, struct error *error)
{
	const struct cell *time = record->fact[FACT_TIME];
	struct login_message message = {.program = record_text(record, FACT_PROGRAM),
					.text = record_text(record, FACT_MESSAGE)};
	struct shapes *shapes = shapes_of_all();
	struct login *login = record->memory;

	if (!time || !cell_time(time, &record->start)) {
		error_set(error, EXIT_INPUT, EINVAL, "__REALTIME_TIMESTAMP is no time");
		return VERDICT_BAD;
	}
	record->end = record->start;
	if (!shapes || !message.program.length || !is_trusted(record) ||
	    !shapes_read(shapes, &message, login))
		return VERDICT_KIND;
	login->at = record->start;
	login->provider = "journal";
	return VERDICT_TELL;
}

static void journal_tell(struct record *record, const struct intake *intake)
{
	login_event(record->memory, &record->event);
	intake->event(intake->context, &record->event);
}

const struct log_format journal_format = {
	.type = "journal",
	.columns = columns,
	.columns_len = sizeof(columns) / sizeof(columns[0]),
	.claims = journal_claims,
	.read = journal_read,
	.tell = journal_tell,
	.memory = sizeof(struct login),
};
