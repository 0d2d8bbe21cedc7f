/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PROCFS_MESSAGE_H
#define WEIR_PROCFS_MESSAGE_H

#include "host/host.h"
#include "host/runtime.h"
#include "process/proc.h"

/*
 * What the engine asks the process that may look into others, and what that answers: one message
 * each, a fixed head, then what the question says, in native byte order; texts as a length of 16
 * bits and so many bytes, without zeroes. Neither side believes the other: every length and number
 * is checked.
 */

/* A message, bytes: the longest facts of a process fit. */
#define PROCFS_MESSAGE 8192

enum procfs_question {
	PROCFS_READY,	  /* nobody asked: the first message of a life */
	PROCFS_PROCESS,	  /* pid, id: its start. → facts */
	PROCFS_STDIO,	  /* pid, id: its start. → result 1 or 0 */
	PROCFS_LIST,	  /* → pids, in several answers */
	PROCFS_SOCKETS,	  /* pid. → sockets, in several answers */
	PROCFS_CGROUP,	  /* id. → a text */
	PROCFS_PACKAGE,	  /* pid, 0: the host's own root; a path. → enum host_owned, statistics */
	PROCFS_CONTAINER, /* runtime, id, pod's uid. → five texts */
	PROCFS_FILE,	  /* id: which of those that may be asked for. → a descriptor */
	PROCFS_QUESTIONS,
};

/* Questions that wait for each other, and those that do not: each lane is a channel and a thread
 * that answers. Reading a database of packages may take long. */
enum procfs_lane { LANE_PROCESSES, LANE_HOST, LANE_FILES, LANES };

struct procfs_ask {
	uint32_t number; /* comes back; not 0 */
	uint32_t question;
	uint32_t pid;
	uint32_t zero;
	uint64_t id;
};
_Static_assert(sizeof(struct procfs_ask) == 24, "procfs_ask goes to another process");

struct procfs_answer {
	uint32_t number;   /* of the question; 0: PROCFS_READY */
	uint32_t question; /* the same */
	int32_t result;	   /* >= 0, or -errno */
	uint32_t more;	   /* 1: another answer to the same question follows */
};
_Static_assert(sizeof(struct procfs_answer) == 16, "procfs_answer comes from another process");

/* Behind PROCFS_READY. */
struct procfs_ready {
	uint32_t pid;
	uint32_t life;	/* 1: the first; the next was started because the one before it ended */
	int32_t status; /* of that, as waitpid() has it */
	uint32_t zero;
};
_Static_assert(sizeof(struct procfs_ready) == 16, "procfs_ready comes from another process");

/* ---- writing ---- */

struct packet {
	size_t length;
	bool full; /* something had no room */
	uint8_t bytes[PROCFS_MESSAGE];
};

void put_bytes(struct packet *packet, const void *bytes, size_t length);
void put_text(struct packet *packet, const char *text);
void put_process(struct packet *packet, const struct proc_facts *facts);
/* So many bytes. */
#define PROCFS_SOCKET_BYTES 40
void put_socket(struct packet *packet, const struct proc_socket *socket);
void put_packages(struct packet *packet, const struct host_stats *stats);
void put_words(struct packet *packet, const struct container_words *words);

/* ---- reading: false if it is not there, or makes no sense ---- */

struct unpack {
	const uint8_t *at, *end;
};

bool take_bytes(struct unpack *from, void *to, size_t length);
/* At most size - 1 bytes, none of them zero; ended by one. */
bool take_text(struct unpack *from, char *to, size_t size);
bool take_process(struct unpack *from, struct proc_facts *facts);
bool take_socket(struct unpack *from, struct proc_socket *socket);
bool take_packages(struct unpack *from, struct host_stats *stats);
bool take_words(struct unpack *from, struct container_words *words);

#endif
