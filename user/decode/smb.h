/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DECODE_SMB_H
#define WEIR_DECODE_SMB_H

#include <sys/queue.h>

#include "decode/decoder.h"
#include "decode/reader.h"

/* The inside of the SMB decoder: what its files share. */

/* Kinds of malformed messages; their words stand in smb.c. */
enum smb_malformed {
	SMB_FRAME,
	SMB_SHORT,
	SMB_STRUCTURE,
	SMB_OUTSIDE,
	SMB_NEXT,
	SMB_ANDX,
	SMB_CHAIN,
	SMB_WAY,
	SMB_BLOB,
	SMB_RPC,
	SMB_COMPRESSED,
	SMB_FORGOTTEN,
};

/* Commands in one message that are followed. */
#define SMB_CHAIN_MAX 32

/* A name in UTF-8, cut behind so many bytes. */
#define SMB_NAME_MAX	512
#define SMB_STATUS_ROOM 12

/* ---- what later messages refer to by number (smb_items.c) ---- */

enum smb_item_kind {
	SMB_TREE,    /* a share that is connected */
	SMB_FILE,    /* an open file or pipe */
	SMB_REQUEST, /* one that waits for its answer */
};

enum smb_item_flag {
	SMB_PIPE = 1,	 /* tree: of pipes; file: a pipe */
	SMB_WRITTEN = 2, /* that it was written to is told */
	SMB_TYPED = 4,	 /* and by its first bytes */
	SMB_READ = 8,	 /* its first bytes were asked for */
	SMB_DELETE = 16, /* request: the file goes when it is closed */
	SMB_MAKES = 32,	 /* request: of a directory, or of none */
};

struct smb_item {
	TAILQ_ENTRY(smb_item) age;
	uint64_t id[2];
	uint64_t tree[2]; /* of a file or a request: the key of its share */
	uint64_t file[2]; /* of a request: what it is about */
	uint64_t size;	  /* of a file, bytes; 0: not known */
	struct held *held;
	uint16_t command; /* of a request: as its version numbers it */
	uint16_t length;  /* of `name` */
	uint8_t kind;
	uint8_t flags;
	uint8_t rpc; /* of a pipe: what is spoken in it, from 1 on */
	char name[];
};

TAILQ_HEAD(smb_items, smb_item);

/* ---- a conversation ---- */

/* The beginning of a message, until there is enough of it. */
struct smb_front {
	uint8_t *bytes; /* SMB_FRONT of them, or NULL */
	uint32_t have;
	bool lost; /* where a message begins is not known */
};

/* Bytes of a message that are looked at: behind them is content. */
#define SMB_FRONT 4096

struct smb {
	struct smb_items items; /* the least recently used first */
	uint32_t count, names;	/* items; bytes of their names */
	uint16_t dialect;	/* of SMB 2 and 3; 0: not known */
	uint8_t version;	/* 1, 2 or 3 */
	bool begun;
	struct smb_front front[2];
	char *user; /* DOMAIN\user of the latest log-in */
	uint32_t user_length;
};

/* Anew at the tail, zeroed; another may have to go. NULL without memory. Events at hand are lost by
 * it. */
struct smb_item *smb_remember(struct talk *talk, enum smb_item_kind kind, const uint64_t id[2],
			      struct text name);
struct smb_item *smb_recall(struct smb *smb, enum smb_item_kind kind, const uint64_t id[2]);
/* What it holds back is told. */
void smb_forget(struct talk *talk, struct smb_item *item);
void smb_forget_all(struct talk *talk);
void smb_set_user(struct talk *talk, struct text user);

/* ---- one command of a message ---- */

struct smb_message {
	struct talk *talk;
	struct smb *smb;
	const uint8_t *bytes; /* from its header on */
	size_t have;	      /* that are there */
	size_t length;	      /* that there would be */
	uint64_t id[2];	      /* pairs a request with its answer */
	uint64_t tree[2];
	uint32_t status; /* of an answer */
	bool response;
	bool unicode;
	uint64_t created[2]; /* of the latest file that this message opens: its request */
	bool has_created;
	char status_room[SMB_STATUS_ROOM];
};

/* `length` bytes at `offset` from the header: as many as are there. Beyond the message: empty,
 * failed and counted. */
struct reader_bytes smb_part(const struct smb_message *m, uint64_t offset, uint64_t length);

/* A name of at most `length` bytes, in UTF-8: into `room`. */
struct text smb_name(const struct smb_message *m, struct reader_bytes *r, size_t length,
		     char room[SMB_NAME_MAX]);

/* ---- smb1.c, smb2.c: a message of either ---- */

void smb1_read(struct talk *talk, enum side side, const uint8_t *bytes, size_t have, size_t length);
void smb2_read(struct talk *talk, enum side side, const uint8_t *bytes, size_t have, size_t length);

/* ---- what is told, whatever the version (smb_tell.c) ---- */

/* The request, waiting; its event is made and held with smb_hold(). NULL without memory. */
struct smb_item *smb_request(struct smb_message *m, uint16_t command, struct text name);
/* The request that this answers; NULL where there was none, or the answer is yet to come. */
struct smb_item *smb_answered(struct smb_message *m, uint16_t command);
/* Its event again, with the status; NULL where it was told already. */
struct event *smb_resume(struct smb_message *m, struct smb_item *request);

/* Its event, if it waits, is told; the request is forgotten. */
void smb_done(struct smb_message *m, struct smb_item *request);

void smb_negotiated(struct smb_message *m);

struct smb_open {
	struct text name;
	uint32_t disposition; /* MS-SMB2 2.2.13 */
	uint32_t access, options;
};
void smb_open(struct smb_message *m, uint16_t command, const struct smb_open *open);

struct smb_opened {
	uint64_t id[2];
	uint32_t action; /* MS-SMB2 2.2.14 */
	uint64_t size;
	bool directory;
};
void smb_opened(struct smb_message *m, struct smb_item *request, const struct smb_opened *opened);

void smb_tree(struct smb_message *m, uint16_t command, struct text path);
void smb_tree_connected(struct smb_message *m, struct smb_item *request, bool pipe);

/* `data`: the first bytes of what is written, as many as are there. */
void smb_write(struct smb_message *m, uint16_t command, const uint64_t id[2], uint64_t offset,
	       struct reader_bytes data);
void smb_read(struct smb_message *m, uint16_t command, const uint64_t id[2], uint64_t offset);
void smb_read_done(struct smb_message *m, struct smb_item *request, struct reader_bytes data);

/* `file` may be NULL; `name`: instead of its own, or empty. */
void smb_deleted(struct smb_message *m, uint16_t command, const struct smb_item *file,
		 struct text name);
void smb_renamed(struct smb_message *m, uint16_t command, struct text from, struct text to);

/* `blob`: what authenticates; the log-in is told when it is answered. */
void smb_login(struct smb_message *m, uint16_t command, struct reader_bytes blob);
void smb_login_as(struct smb_message *m, uint16_t command, struct text user, struct text domain);
void smb_login_done(struct smb_message *m, struct smb_item *request);

/* The file that a request names; NULL where it was not seen opened. */
struct smb_item *smb_file(const struct smb_message *m, const uint64_t id[2]);

/* An event about the conversation, to be told by the caller. */
struct event *smb_about(struct smb_message *m, const char *command);
/* The program that a command line runs, and the line as file.path. */
void smb_put_program(struct event *e, struct text line);

/* ---- what is spoken in pipes (smb_rpc.c) ---- */

void smb_rpc(struct smb_message *m, struct smb_item *pipe, struct reader_bytes data);
/* What is spoken in a pipe of that name, as smb_item.rpc; 0: nothing that is looked at. */
uint8_t smb_rpc_by_name(struct text name);

/* ---- texts (smb_text.c) ---- */

/* UTF-16LE as UTF-8; half pairs and zero bytes become U+FFFD. Returns its bytes, at most `room`. */
size_t smb_utf8(const uint8_t *bytes, size_t length, char *to, size_t room);

/* STATUS_…, or its number in hexadecimal in `room`. */
struct text smb_status(uint32_t status, char room[SMB_STATUS_ROOM]);

#define SMB_STATUS_SUCCESS	   0u
#define SMB_STATUS_PENDING	   0x103u
#define SMB_STATUS_BUFFER_OVERFLOW 0x80000005u
#define SMB_STATUS_MORE_PROCESSING 0xc0000016u

/* User and domain of an NTLMSSP AUTHENTICATE message that is somewhere in the blob. */
struct smb_identity {
	char user[SMB_NAME_MAX], domain[SMB_NAME_MAX];
	size_t user_length, domain_length;
};
/* False: there is none. `bad`: it points outside of itself. */
bool smb_identity(struct reader_bytes blob, struct smb_identity *identity, bool *bad);

#endif
