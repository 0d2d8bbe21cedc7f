/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "capture/log/record.h"
#include "event/json.h"

/* weir's own events, as `weir replay --json --events` and the archive write them. */

static const struct column columns[] = {
	{"@timestamp", FIELD_NONE, FACT_TIME},
	{"event.dataset", FIELD_NONE, FACT_KIND},
	{"event.kind", FIELD_NONE, FACT_SUBKIND},
};

/* Signals and detections may stand among events; they are made anew from these. */
static bool own_claims(const struct row *row)
{
	uint16_t service;

	vec_each (cell, &row->cells) {
		if (cell->kind != CELL_TEXT)
			continue;
		if (cell_named(cell, "event.dataset"))
			return event_dataset(cell->text.at, cell->text.length, &service);
		if (cell_named(cell, "event.kind") &&
		    (text_is(&cell->text, "signal") || text_is(&cell->text, "alert")))
			return true;
	}
	return false;
}

static enum verdict own_read(struct record *record, struct error *error)
{
	const struct cell *time = record->fact[FACT_TIME];
	struct text dataset = record_text(record, FACT_KIND);
	struct text kind = record_text(record, FACT_SUBKIND);

	if (kind.length && !text_is(&kind, "event"))
		return VERDICT_KIND;
	if (!time || !cell_time(time, &record->start)) {
		error_set(error, EXIT_INPUT, EINVAL, EVENT_TIME_FAULT, time ? "wrong" : "missing");
		return VERDICT_BAD;
	}
	if (!event_dataset(dataset.at, dataset.length, &record->event.service)) {
		error_set(error, EXIT_INPUT, EINVAL, EVENT_DATASET_FAULT,
			  dataset.length ? "unknown" : "missing");
		return VERDICT_BAD;
	}
	record->event.time = record->end = record->start;
	return VERDICT_TELL;
}

static void own_tell(struct record *record, const struct intake *intake)
{
	intake->event(intake->context, &record->event);
}

const struct log_format own_format = {
	.type = "json",
	.columns = columns,
	.columns_len = sizeof(columns) / sizeof(columns[0]),
	.aliases = true,
	.undo = true,
	.strict = true,
	.claims = own_claims,
	.read = own_read,
	.tell = own_tell,
};
