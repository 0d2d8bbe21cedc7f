/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SINK_SINK_H
#define WEIR_SINK_SINK_H

#include <jansson.h>

#include "base/error.h"
#include "sink/record.h"

/*
 * Sinks behind one table of operations. write() is called on the engine thread and must not wait:
 * what may be slow stands behind a bounded queue on a thread of its own, and a full queue is
 * counted. When room is short detections go first, then signals (lanes.h).
 */
struct sink {
	const struct sink_ops *ops;
	uint32_t kinds; /* bit per enum record_kind_out that it wants */
};

struct sink_ops {
	const char *name;
	void (*write)(struct sink *sink, struct out *out); /* borrows; out_keep() to keep */
	/* Waits until all that was written has left, at most `timeout_ms`; -ETIMEDOUT. */
	int (*flush)(struct sink *sink, int timeout_ms);
	json_t *(*status)(struct sink *sink); /* new reference: written, dropped, error */
	void (*close)(struct sink *sink);     /* flushes and frees */
};

struct sqlite_options {
	const char *path;
	weir_time keep_for;  /* retention by age; 0: for ever */
	uint64_t keep_bytes; /* retention by size; 0: no bound */
	size_t queue;	     /* records; 0: 16,384 */
	uint64_t log_bytes;  /* bound of the write-ahead log; 0: 64 MiB */
	bool all_flows;	     /* told for status: who writes OUT_FLOW decides */
	bool patient;	     /* replay: a full queue is waited for, as long as the store works */
	/* What age is held against; NULL: the newest time that was written, so that a replay of
	 * an old capture keeps what it finds. Live: time_now. */
	weir_time (*clock)(void);
};
/*
 * Stores OUT_SIGNAL, OUT_DETECTION, OUT_FLOW and OUT_HEALTH. Owes each detection that is to be
 * announced (out_owe()) until it is durable: it must be written to before those who announce.
 * While the file refuses (locked, no space, gone), records wait in the queue and it is tried again.
 *
 * A reader keeps the write-ahead log from being folded into the file: at three quarters of its
 * bound flows are dropped, at seven eighths signals too, and short of it detections wait.
 */
int sink_sqlite_open(struct sink **sink, const struct sqlite_options *options, struct error *error);

/* What goes to stores of documents beside detections, which are of `level` at least. */
struct document_choice {
	enum severity level;
	bool signals, flows; /* flows: flow events of connections that ended */
};

/* What sinks that go over the network share. Texts are borrowed until the sink is closed. */
struct network_options {
	const char *spool; /* folder of spools; NULL: what waits, waits in memory */
	uint64_t spool_bytes;
	/* Told of each socket before it is connected, so that its traffic is known as weir's own
	 * (cookie: SO_COOKIE); any thread. May be NULL. */
	void (*own_socket)(void *context, uint64_t cookie);
	void *context;
};

enum syslog_transport { SYSLOG_LOCAL, SYSLOG_UDP, SYSLOG_TCP, SYSLOG_TLS };
struct syslog_options {
	enum syslog_transport transport;
	const char *server, *port; /* not local */
	const char *ca_file;	   /* TLS: NULL for the system's */
	const char *facility;	   /* NULL: "authpriv" */
	bool json;		   /* @cee: and the JSON object */
	size_t max_line;	   /* bytes, header included; 0: 2,048 */
	size_t queue;		   /* records; 0: 1,024 */
	const char *local_path;	   /* socket; NULL: /dev/log */
	struct network_options network;
};
/* Announces each OUT_DETECTION once (out.announce), when the store has it (out_await()). What waits
 * for a server lies in a spool (relay.h). */
int sink_syslog_open(struct sink **sink, const struct syslog_options *options, struct error *error);

/* Of those that speak HTTP: post.h. */
struct http_options {
	const char *url, *url_file; /* one of them */
	const char *const *headers;
	const char *token_file, *ca_file;
	weir_time timeout;
};

enum webhook_format { WEBHOOK_JSON, WEBHOOK_SLACK, WEBHOOK_ALERTMANAGER };
struct webhook_options {
	struct http_options http;
	enum webhook_format format;
	enum severity level; /* at least */
	const char *link;    /* of a page about a detection, with {id} in it; NULL: none */
	size_t queue;	     /* records; 0: 1,024 */
};
/* Posts each OUT_DETECTION once, when it is announced; to an Alertmanager also that it is closed.
 * Delivered at least once, in order (relay.h). `options` are borrowed until the sink is closed. */
int sink_webhook_open(struct sink **sink, const struct webhook_options *options,
		      const struct network_options *network, struct error *error);

struct elastic_options {
	struct http_options http; /* the address without a path */
	const char *index;	  /* or data stream */
	struct document_choice choice;
	size_t queue; /* records; 0: 1,024 */
};
/* Documents of Elasticsearch or OpenSearch: each is created once, by its id. `options` are borrowed
 * likewise. */
int sink_elastic_open(struct sink **sink, const struct elastic_options *options,
		      const struct network_options *network, struct error *error);

struct journal_options {
	const char *socket; /* NULL: journald's */
};
/* Announces each OUT_DETECTION once to journald, with fields of its own form. */
int sink_journal_open(struct sink **sink, const struct journal_options *options,
		      struct error *error);

struct kafka_options {
	const char *brokers;			  /* "host:port,host:port" */
	const char *detections, *signals, *flows; /* topics; NULL: not sent */
	const char *const *options; /* of librdkafka: "name=value"; NULL, or ended by NULL */
	weir_time timeout;	    /* of a message; then it is sent again */
	size_t queue;		    /* records; 0: 1,024 */
};
/* Messages of Kafka: JSON, with the id as key. */
int sink_kafka_open(struct sink **sink, const struct kafka_options *options,
		    const struct network_options *network, struct error *error);

/* Puts a sink behind a bounded queue and a thread of its own: *sink becomes that. On failure it is
 * left as it was. 0 as `queue`: 4,096 records. */
int sink_queued(struct sink **sink, size_t queue, struct error *error);

/* One JSON object a line to `path` ("-": standard output). A detection is one line, when it is
 * announced. */
int sink_json_open(struct sink **sink, const char *path, uint32_t kinds, struct error *error);

/* The lines of a request to _bulk, as the elastic sink sends them, to a file likewise. */
int sink_bulk_open(struct sink **sink, const char *path, const struct document_choice *choice,
		   struct error *error);

struct archive_options {
	const char *path;    /* folder; made if it is not there and its parent is */
	weir_time keep_for;  /* 0: for ever */
	uint64_t keep_bytes; /* 0: no bound */
};

/* Keeps OUT_EVENT in the folder (event/archive.h). May wait for the disk: to be put behind
 * sink_queued(). */
int sink_archive_open(struct sink **sink, const struct archive_options *options,
		      struct error *error);

/* For people on a terminal, or a pipe: detections (and, by `kinds`, signals, events) as text. */
int sink_text_open(struct sink **sink, uint32_t kinds, struct error *error);

#endif
