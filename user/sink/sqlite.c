/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "sink/aging.h"
#include "sink/database.h"
#include "sink/sink.h"
#include "sink/sqlite_rows.h"
#include "sink/worker.h"

/* The store: records wait in a bounded queue and are written in transactions on a thread. */

#define QUEUE_DEFAULT	16384
#define BATCH		256   /* records in a transaction at most */
#define RETRY_MS	200   /* first wait after a failure; doubles up to … */
#define RETRY_MAX_MS	5000  /* … this */
#define RETAIN_EVERY_MS 60000 /* retention; sooner while there is more to delete */
#define RETAIN_AGAIN_MS 100
#define LOG_BYTES	(UINT64_C(64) << 20)
#define BATCH_TIGHT	16   /* records in a transaction while the log is near its bound */
#define STOP_MS		3000 /* to write what waits at the end, if the file refuses */

struct sqlite_sink {
	struct sink sink;
	struct worker worker;
	char *path;
	struct retention retention;
	weir_time (*clock)(void);
	bool patient;
	uint64_t log_bytes;
	char *log_path;
	/* the thread's */
	sqlite3 *db; /* NULL: to be opened again */
	struct rows rows;
	weir_time newest; /* that was written */
	struct aging aging;
	int64_t retain_at; /* CLOCK_MONOTONIC, ms */
	uint64_t deleted;
	bool tight; /* a reader keeps something out */
};

static int64_t now_ms(void)
{
	return time_monotonic() / WEIR_MSEC;
}

static int connect_database(struct sqlite_sink *s, struct error *error)
{
	int code, err = database_open(&s->db, s->path, error);

	if (err)
		return err;
	code = rows_open(&s->rows, s->db);
	if (code) {
		err = database_error(s->db, s->path, code, error);
		sqlite3_close(s->db);
		s->db = NULL;
	}
	return err;
}

static void disconnect(struct sqlite_sink *s)
{
	rows_close(&s->rows);
	sqlite3_close(s->db);
	s->db = NULL;
}

/* The file was removed or renamed under us: what is written now would be lost with it. */
static bool moved(struct sqlite_sink *s)
{
	int has = 0;

	return s->db && !sqlite3_file_control(s->db, "main", SQLITE_FCNTL_HAS_MOVED, &has) && has;
}

/* ---- the write-ahead log, which a reader keeps from being folded into the file ---- */

enum log_room { LOG_ROOM, LOG_NO_FLOWS, LOG_NO_SIGNALS, LOG_FULL };

static const char *const log_words[] = {
	[LOG_NO_FLOWS] = "flows are not stored until it ends",
	[LOG_NO_SIGNALS] = "flows and signals are not stored until it ends",
	[LOG_FULL] = "detections wait until it ends",
};

static enum log_room log_level(const struct sqlite_sink *s)
{
	struct stat st;
	uint64_t bytes = stat(s->log_path, &st) ? 0 : (uint64_t)st.st_size;

	if (bytes < s->log_bytes / 4 * 3)
		return LOG_ROOM;
	if (bytes < s->log_bytes / 8 * 7)
		return LOG_NO_FLOWS;
	return bytes < s->log_bytes / 16 * 15 ? LOG_NO_SIGNALS : LOG_FULL;
}

/* Near the bound the log is folded and cut off; a reader in the middle of it is not waited for. */
static enum log_room log_room(struct sqlite_sink *s)
{
	enum log_room room = log_level(s);

	if (room == LOG_ROOM || !s->db)
		return room;
	sqlite3_busy_timeout(s->db, 0);
	sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	sqlite3_busy_timeout(s->db, DATABASE_BUSY_MS);
	return log_level(s);
}

static int reader_fault(const struct sqlite_sink *s, enum log_room room, struct error *error)
{
	return error_set(error, EXIT_SYSTEM, EBUSY,
			 "database %s: a program reads it for long, and its log is near %llu MiB: "
			 "%s",
			 s->path, (unsigned long long)(s->log_bytes >> 20), log_words[room]);
}

/* What is not stored while the log is so full. */
static bool left_out(enum log_room room, enum record_kind_out kind)
{
	switch (kind) {
	case OUT_EVENT:
	case OUT_FLOW:
		return room >= LOG_NO_FLOWS;
	case OUT_SIGNAL:
		return room >= LOG_NO_SIGNALS;
	case OUT_DETECTION:
	case OUT_HEALTH: /* few, and they say what is wrong */
	case OUT_KINDS:
		break;
	}
	return false;
}

/* ---- batches ---- */

enum fate { FATE_WRITTEN, FATE_FAILED, FATE_DROPPED };

struct batch {
	struct out *at[BATCH];
	enum fate fate[BATCH];
	unsigned len;
	enum log_room room;
	bool durable; /* holds a detection that is to be announced */
};

static void batch_fill(struct sqlite_sink *s, struct batch *batch, struct out *first)
{
	unsigned most = log_level(s) == LOG_ROOM ? BATCH : BATCH_TIGHT;

	*batch = (struct batch){.at = {first}, .len = 1};
	while (batch->len < most && (batch->at[batch->len] = worker_try(&s->worker)))
		batch->len++;
	for (unsigned i = 0; i < batch->len; i++)
		batch->durable = batch->durable || atomic_load(&batch->at[i]->owing);
}

static int write_records(struct sqlite_sink *s, struct batch *batch)
{
	for (unsigned i = 0; i < batch->len; i++) {
		int code = SQLITE_OK;

		batch->fate[i] = FATE_DROPPED;
		if (left_out(batch->room, batch->at[i]->kind))
			continue;
		code = rows_write(&s->rows, batch->at[i]);
		if (code && !rows_hopeless(code))
			return code;
		batch->fate[i] = code ? FATE_FAILED : FATE_WRITTEN;
		if (code)
			log_error("database %s: %s cannot be stored: %s", s->path,
				  batch->at[i]->id ? batch->at[i]->id : "a record",
				  sqlite3_errmsg(s->db));
	}
	return SQLITE_OK;
}

/* synchronous can be changed only outside a transaction. */
static int write_batch(struct sqlite_sink *s, struct batch *batch)
{
	int code = SQLITE_OK;

	if (batch->durable)
		code = sqlite3_exec(s->db, "PRAGMA synchronous = FULL", NULL, NULL, NULL);
	code = code ? code : sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	code = code ? code : write_records(s, batch);
	code = code ? code : sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL);
	return code;
}

static bool batch_needs_room(const struct batch *batch)
{
	for (unsigned i = 0; i < batch->len; i++)
		if (!left_out(batch->room, batch->at[i]->kind))
			return true;
	return false;
}

static int store(struct sqlite_sink *s, struct batch *batch, struct error *error)
{
	int code, err = 0;

	if (moved(s))
		disconnect(s);
	if (!s->db)
		err = connect_database(s, error);
	if (err)
		return err;
	batch->room = log_room(s);
	if (batch->room == LOG_FULL && batch_needs_room(batch))
		return reader_fault(s, LOG_FULL, error);
	code = write_batch(s, batch);
	if (code)
		err = database_error(s->db, s->path, code, error);
	if (!sqlite3_get_autocommit(s->db))
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	if (batch->durable)
		sqlite3_exec(s->db, "PRAGMA synchronous = NORMAL", NULL, NULL, NULL);
	if (code && (code & 0xff) != SQLITE_BUSY && (code & 0xff) != SQLITE_FULL)
		disconnect(s);
	return err;
}

static void settle(struct batch *batch)
{
	for (unsigned i = 0; i < batch->len; i++)
		if (atomic_load(&batch->at[i]->owing))
			out_settle(batch->at[i]);
}

static void batch_end(struct sqlite_sink *s, struct batch *batch)
{
	unsigned written = 0;

	for (unsigned i = 0; i < batch->len; i++) {
		struct out *out = batch->at[i];

		if (out->last > s->newest)
			s->newest = out->last;
		written += batch->fate[i] == FATE_WRITTEN;
		if (batch->fate[i] != FATE_WRITTEN)
			worker_lost(&s->worker, out, batch->fate[i] == FATE_FAILED);
		out_drop(out);
	}
	worker_count(&s->worker, batch->len, written);
}

static void give_up(struct sqlite_sink *s, struct batch *batch)
{
	for (unsigned i = 0; i < batch->len; i++)
		batch->fate[i] = FATE_FAILED;
	settle(batch);
	batch_end(s, batch);
}

/* Stored; but what a reader keeps out is said. */
static void stored(struct sqlite_sink *s, const struct batch *batch)
{
	struct error error;

	s->tight = batch->room != LOG_ROOM;
	if (!s->tight) {
		worker_well(&s->worker);
		return;
	}
	reader_fault(s, batch->room, &error);
	worker_fault(&s->worker, error.text);
}

/* Until it is stored. What is to be announced does not wait for that longer than one attempt. */
static void store_batch(struct sqlite_sink *s, struct batch *batch)
{
	int wait = RETRY_MS;
	struct error error;

	for (;;) {
		if (worker_expired(&s->worker)) {
			give_up(s, batch);
			return;
		}
		if (!store(s, batch, &error))
			break;
		settle(batch);
		worker_fault(&s->worker, error.text);
		if (worker_sleep(&s->worker, wait))
			usleep(RETRY_MS * 1000);
		wait = wait * 2 < RETRY_MAX_MS ? wait * 2 : RETRY_MAX_MS;
	}
	stored(s, batch);
	settle(batch);
	batch_end(s, batch);
}

/* The reader may end while nothing comes that would find it out. */
static void look_again(struct sqlite_sink *s)
{
	if (!s->db || !s->tight || log_room(s) != LOG_ROOM)
		return;
	s->tight = false;
	worker_well(&s->worker);
}

static void retain(struct sqlite_sink *s)
{
	weir_time now = s->clock ? aging_now(&s->aging, s->clock(), time_boot()) : s->newest;
	struct error error;
	bool more = false;
	int code;

	if (!s->db || now == TIME_NONE || now_ms() < s->retain_at)
		return;
	if (log_room(s) != LOG_ROOM) { /* deleting writes too */
		s->retain_at = now_ms() + RETRY_MAX_MS;
		return;
	}
	code = database_retain(s->db, &s->retention, now, &s->deleted, &more);
	s->retain_at = now_ms() + (more ? RETAIN_AGAIN_MS : RETAIN_EVERY_MS);
	if (!code || (code & 0xff) == SQLITE_BUSY)
		return;
	database_error(s->db, s->path, code, &error);
	worker_fault(&s->worker, error.text);
}

static void sqlite_run(void *context)
{
	struct sqlite_sink *s = context;
	struct batch batch;
	struct out *first;

	for (;;) {
		int64_t rest = s->retain_at - now_ms();

		if (s->tight && rest > RETRY_MAX_MS)
			rest = RETRY_MAX_MS;
		first = worker_take(&s->worker, rest > 1 ? (int)rest : 1);
		if (!first && worker_stopping(&s->worker))
			break;
		if (first) {
			batch_fill(s, &batch, first);
			store_batch(s, &batch);
		} else {
			look_again(s);
		}
		retain(s);
	}
	/* The last connection that closes folds the log into the file. */
	disconnect(s);
}

static void sqlite_write(struct sink *sink, struct out *out)
{
	struct sqlite_sink *s = (struct sqlite_sink *)sink;
	/* While the file refuses, nobody need wait for it. */
	bool owed = out->kind == OUT_DETECTION && out->announce && !worker_failing(&s->worker);
	bool taken;

	if (owed)
		out_owe(out);
	taken = s->patient ? worker_put_patient(&s->worker, out) : worker_put(&s->worker, out);
	if (owed && !taken)
		out_settle(out);
}

static int sqlite_flush(struct sink *sink, int timeout_ms)
{
	return worker_flush(&((struct sqlite_sink *)sink)->worker, timeout_ms);
}

static json_t *sqlite_status(struct sink *sink)
{
	struct sqlite_sink *s = (struct sqlite_sink *)sink;
	json_t *status = worker_status(&s->worker);

	if (status)
		json_object_set_new(status, "path", json_string(s->path));
	return status;
}

static void sqlite_close(struct sink *sink)
{
	struct sqlite_sink *s = (struct sqlite_sink *)sink;
	char lost[160];

	if (!worker_stop(&s->worker, STOP_MS))
		return;
	if (worker_lost_text(&s->worker, lost, sizeof(lost)))
		log_error("database %s: not stored: %s", s->path, lost);
	free(s->log_path);
	free(s->path);
	free(s);
}

static const struct sink_ops sqlite_ops = {
	.name = "sqlite",
	.write = sqlite_write,
	.flush = sqlite_flush,
	.status = sqlite_status,
	.close = sqlite_close,
};

static void sqlite_free(struct sqlite_sink *s)
{
	if (s->db)
		disconnect(s);
	free(s->log_path);
	free(s->path);
	free(s);
}

int sink_sqlite_open(struct sink **sink, const struct sqlite_options *options, struct error *error)
{
	struct sqlite_sink *s = calloc(1, sizeof(*s));
	int err = 0;

	if (s)
		s->path = strdup(options->path);
	if (s && asprintf(&s->log_path, "%s-wal", options->path) < 0)
		s->log_path = NULL;
	if (!s || !s->path || !s->log_path) {
		if (s)
			sqlite_free(s);
		return error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for the database's queue");
	}
	s->sink.ops = &sqlite_ops;
	s->sink.kinds = 1u << OUT_SIGNAL | 1u << OUT_DETECTION | 1u << OUT_FLOW | 1u << OUT_HEALTH;
	s->retention = (struct retention){options->keep_for, options->keep_bytes,
					  .by_clock = options->clock != NULL};
	s->clock = options->clock;
	s->patient = options->patient;
	s->log_bytes = options->log_bytes ? options->log_bytes : LOG_BYTES;
	s->newest = TIME_NONE;
	err = connect_database(s, error);
	if (err) {
		sqlite_free(s);
		return err;
	}
	aging_start(&s->aging, database_newest(s->db), time_boot());
	err = worker_start(&s->worker, "sqlite", options->queue ? options->queue : QUEUE_DEFAULT,
			   sqlite_run, s);
	if (err) {
		sqlite_free(s);
		return error_set(error, EXIT_SYSTEM, -err, "no thread for the database: %s",
				 strerror(-err));
	}
	*sink = &s->sink;
	return 0;
}
