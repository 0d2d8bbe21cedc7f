/* SPDX-License-Identifier: Apache-2.0 */
/* SMB 1 (MS-CIFS 2.2.4, MS-SMB 2.2.4): a header, then one block of words and bytes, or a chain of
 * them (AndX). Its commands from before NT (other than delete and rename) are not looked at. */
#include "decode/smb.h"

#define HEADER		 32u
#define FLAGS_ANSWER	 0x80u
#define FLAGS2_NT_STATUS 0x4000u
#define FLAGS2_UNICODE	 0x8000u
#define NO_TREE		 0xffffu
#define NO_DIALECT	 0xffffu
#define NO_MORE		 0xffu
#define ANY_LENGTH	 SIZE_MAX
#define ATTR_DIRECTORY	 0x10u

enum command {
	CLOSE = 0x04,
	DELETE = 0x06,
	RENAME = 0x07,
	TRANSACTION = 0x25,
	LOCKING_ANDX = 0x24,
	OPEN_ANDX = 0x2d,
	READ_ANDX = 0x2e,
	WRITE_ANDX = 0x2f,
	TRANSACTION2 = 0x32,
	TREE_DISCONNECT = 0x71,
	NEGOTIATE = 0x72,
	SESSION_SETUP_ANDX = 0x73,
	LOGOFF_ANDX = 0x74,
	TREE_CONNECT_ANDX = 0x75,
	NT_CREATE_ANDX = 0xa2,
};

/* One command of a message: `words` begin behind AndX's, where it has them. */
struct block {
	unsigned count; /* of words, AndX's too */
	struct reader_bytes words, bytes;
};

static void skip(struct reader_bytes *r, size_t length)
{
	bytes_take(r, length);
}

static uint64_t number(struct reader_bytes *r, unsigned length)
{
	return bytes_number_le(r, length);
}

/* ---- texts: up to their zero, in UTF-16 from an even offset on ---- */

static void align(const struct smb_message *m, struct reader_bytes *r)
{
	if (m->unicode && (r->at - m->bytes) & 1 && bytes_left(r))
		skip(r, 1);
}

static size_t until_zero(const struct smb_message *m, const struct reader_bytes *r)
{
	size_t step = m->unicode ? 2 : 1, length = 0;

	while (length + step <= bytes_left(r) &&
	       (r->at[length] || (m->unicode && r->at[length + 1])))
		length += step;
	return length;
}

static struct text text(const struct smb_message *m, struct reader_bytes *r, size_t length,
			char room[SMB_NAME_MAX])
{
	struct text name;
	size_t whole;

	align(m, r);
	whole = until_zero(m, r);
	name = smb_name(m, r, whole < length ? whole : length, room);
	if (length == ANY_LENGTH && bytes_left(r))
		skip(r, m->unicode ? 2 : 1);
	return name;
}

/* ---- the commands ---- */

static void file_key(const struct smb_message *m, uint64_t fid, uint64_t id[2])
{
	/* In a chain it is the file that was opened before. */
	id[0] = m->has_created ? UINT64_MAX : fid;
	id[1] = m->has_created ? UINT64_MAX : 1;
}

static void negotiate_answer(struct smb_message *m, struct block *b)
{
	uint64_t dialect = number(&b->words, 2);

	m->smb->version = 1;
	if (!b->words.failed && dialect != NO_DIALECT)
		smb_negotiated(m);
}

/* Without extended security: two passwords, then the names. */
static void session_setup_plain(struct smb_message *m, struct block *b, bool nt)
{
	char user[SMB_NAME_MAX], domain[SMB_NAME_MAX];
	struct text name;
	size_t passwords;

	skip(&b->words, 10);
	passwords = (size_t)number(&b->words, 2);
	passwords += nt ? (size_t)number(&b->words, 2) : 0;
	skip(&b->bytes, passwords);
	name = text(m, &b->bytes, ANY_LENGTH, user);
	smb_login_as(m, SESSION_SETUP_ANDX, name, text(m, &b->bytes, ANY_LENGTH, domain));
}

static void session_setup(struct smb_message *m, struct block *b)
{
	size_t length;

	if (b->count != 12) {
		session_setup_plain(m, b, b->count == 13);
		return;
	}
	skip(&b->words, 10);
	length = (size_t)number(&b->words, 2);
	if (length > bytes_left(&b->bytes))
		length = bytes_left(&b->bytes);
	smb_login(m, SESSION_SETUP_ANDX, bytes_part(&b->bytes, length));
}

static void tree_connect(struct smb_message *m, struct block *b)
{
	char room[SMB_NAME_MAX];

	skip(&b->words, 2);
	skip(&b->bytes, (size_t)number(&b->words, 2));
	smb_tree(m, TREE_CONNECT_ANDX, text(m, &b->bytes, ANY_LENGTH, room));
}

static void tree_disconnect(struct smb_message *m, struct block *b)
{
	struct smb_item *tree = smb_recall(m->smb, SMB_TREE, m->tree);

	(void)b;
	if (tree)
		smb_forget(m->talk, tree);
}

static void nt_create(struct smb_message *m, struct block *b)
{
	struct smb_open open = {0};
	char room[SMB_NAME_MAX];
	size_t length;

	skip(&b->words, 1);
	length = (size_t)number(&b->words, 2);
	skip(&b->words, 8);
	open.access = (uint32_t)number(&b->words, 4);
	skip(&b->words, 16);
	open.disposition = (uint32_t)number(&b->words, 4);
	open.options = (uint32_t)number(&b->words, 4);
	open.name = text(m, &b->bytes, length, room);
	smb_open(m, NT_CREATE_ANDX, &open);
}

/* Its modes as those of NT: what to do where there is such a file, and where there is none. */
static void open_andx(struct smb_message *m, struct block *b)
{
	static const uint32_t dispositions[2][3] = {{1, 1, 4}, {2, 3, 5}};
	struct smb_open open = {0};
	char room[SMB_NAME_MAX];
	unsigned mode;

	skip(&b->words, 12);
	mode = (unsigned)number(&b->words, 2);
	open.disposition = dispositions[mode >> 4 & 1][(mode & 3) % 3];
	open.name = text(m, &b->bytes, ANY_LENGTH, room);
	smb_open(m, OPEN_ANDX, &open);
}

static void delete (struct smb_message *m, struct block *b)
{
	char room[SMB_NAME_MAX];

	skip(&b->bytes, 1);
	smb_deleted(m, DELETE, NULL, text(m, &b->bytes, ANY_LENGTH, room));
}

static void rename_file(struct smb_message *m, struct block *b)
{
	char room[SMB_NAME_MAX], other[SMB_NAME_MAX];
	struct text from;

	skip(&b->bytes, 1);
	from = text(m, &b->bytes, ANY_LENGTH, room);
	skip(&b->bytes, 1);
	smb_renamed(m, RENAME, from, text(m, &b->bytes, ANY_LENGTH, other));
}

static void close_file(struct smb_message *m, struct block *b)
{
	const uint64_t id[2] = {number(&b->words, 2), 1};
	struct smb_item *file = smb_recall(m->smb, SMB_FILE, id);

	if (file)
		smb_forget(m->talk, file);
}

static void read_file(struct smb_message *m, struct block *b)
{
	uint64_t id[2], offset;

	file_key(m, number(&b->words, 2), id);
	offset = number(&b->words, 4);
	if (b->count == 12) {
		skip(&b->words, 10);
		offset |= number(&b->words, 4) << 32;
	}
	if (!b->words.failed)
		smb_read(m, READ_ANDX, id, offset);
}

static void write_file(struct smb_message *m, struct block *b)
{
	uint64_t id[2], position, length, offset;

	file_key(m, number(&b->words, 2), id);
	position = number(&b->words, 4);
	skip(&b->words, 8);
	length = number(&b->words, 2) << 16;
	length |= number(&b->words, 2);
	offset = number(&b->words, 2);
	if (b->count == 14)
		position |= number(&b->words, 4) << 32;
	if (b->words.failed)
		return;
	smb_write(m, WRITE_ANDX, id, position,
		  length ? smb_part(m, offset, length) : bytes_of(b->bytes.end, 0));
}

/* ---- transactions ---- */

struct transaction {
	struct reader_bytes parameters, data, setup;
};

static bool transaction_read(const struct smb_message *m, struct block *b, struct transaction *t)
{
	uint64_t length, offset, data_length, data_offset;

	skip(&b->words, 18);
	length = number(&b->words, 2);
	offset = number(&b->words, 2);
	data_length = number(&b->words, 2);
	data_offset = number(&b->words, 2);
	skip(&b->words, 2);
	if (b->words.failed)
		return false;
	t->setup = b->words;
	t->parameters = length ? smb_part(m, offset, length) : bytes_of(b->words.end, 0);
	t->data = data_length ? smb_part(m, data_offset, data_length) : bytes_of(b->words.end, 0);
	return true;
}

#define TRANSACT_PIPE 0x26u
#define WRITE_PIPE    0x37u

static void transaction(struct smb_message *m, struct block *b)
{
	struct transaction t;
	struct smb_item *pipe;
	uint64_t function, id[2] = {0, 1};

	if (!transaction_read(m, b, &t))
		return;
	function = number(&t.setup, 2);
	id[0] = number(&t.setup, 2);
	if (t.setup.failed || (function != TRANSACT_PIPE && function != WRITE_PIPE))
		return;
	pipe = smb_file(m, id);
	if (pipe)
		smb_rpc(m, pipe, t.data);
}

/* MS-CIFS 2.2.6, 2.2.8.4; from 1000 on the classes of MS-FSCC. */
enum set_level {
	SET_DISPOSITION = 0x102,
	SET_END_OF_FILE = 0x104,
	SET_RENAME = 1010,
	SET_DISPOSITION_NT = 1013,
	SET_END_OF_FILE_NT = 1020,
};
#define SET_PATH_INFO 6u
#define SET_FILE_INFO 8u

static void set_info(struct smb_message *m, struct smb_item *file, struct text name, uint64_t level,
		     struct reader_bytes *data)
{
	char room[SMB_NAME_MAX], old[SMB_NAME_MAX];

	switch (level) {
	case SET_DISPOSITION:
	case SET_DISPOSITION_NT:
		if (bytes_u8(data) & 1)
			smb_deleted(m, TRANSACTION2, file, name);
		break;
	case SET_END_OF_FILE:
	case SET_END_OF_FILE_NT:
		if (file)
			file->size = number(data, 8);
		break;
	case SET_RENAME:
		if (file && !name.length) {
			memcpy(old, file->name, file->length);
			name = text_of(old, file->length);
		}
		skip(data, 8);
		smb_renamed(m, TRANSACTION2, name,
			    smb_name(m, data, (size_t)number(data, 4), room));
		break;
	}
}

static void transaction2(struct smb_message *m, struct block *b)
{
	struct text name = text_of("", 0);
	uint64_t function, level, id[2] = {0, 1};
	struct smb_item *file = NULL;
	char room[SMB_NAME_MAX];
	struct transaction t;

	if (!transaction_read(m, b, &t))
		return;
	function = number(&t.setup, 2);
	if (function != SET_FILE_INFO && function != SET_PATH_INFO)
		return;
	if (function == SET_FILE_INFO) {
		id[0] = number(&t.parameters, 2);
		file = smb_file(m, id);
	}
	level = number(&t.parameters, 2);
	if (function == SET_PATH_INFO) {
		skip(&t.parameters, 4);
		name = text(m, &t.parameters, ANY_LENGTH, room);
	}
	set_info(m, file, name, level, &t.data);
}

/* ---- answers ---- */

/* What was asked in one message with connecting the share learns its number only now. */
static struct smb_item *answered(struct smb_message *m, uint16_t command)
{
	const uint64_t tree = m->tree[0];
	struct smb_item *request = smb_answered(m, command);

	if (request && m->tree[0] == NO_TREE)
		m->tree[0] = tree;
	return request;
}

static void session_setup_answer(struct smb_message *m, struct block *b)
{
	struct smb_item *request = answered(m, SESSION_SETUP_ANDX);

	(void)b;
	if (request)
		smb_login_done(m, request);
}

static void tree_connect_answer(struct smb_message *m, struct block *b)
{
	const uint64_t tree = m->tree[0];
	struct smb_item *request = answered(m, TREE_CONNECT_ANDX);
	bool pipe = bytes_left(&b->bytes) >= 3 && !memcmp(b->bytes.at, "IPC", 3);

	m->tree[0] = tree;
	if (request)
		smb_tree_connected(m, request, pipe);
}

static void nt_create_answer(struct smb_message *m, struct block *b)
{
	struct smb_item *request = answered(m, NT_CREATE_ANDX);
	struct smb_opened opened = {.id = {0, 1}};

	if (!request)
		return;
	skip(&b->words, 1);
	opened.id[0] = number(&b->words, 2);
	opened.action = (uint32_t)number(&b->words, 4);
	skip(&b->words, 32);
	opened.directory = number(&b->words, 4) & ATTR_DIRECTORY;
	skip(&b->words, 8);
	opened.size = number(&b->words, 8);
	if (b->words.failed && m->status == SMB_STATUS_SUCCESS)
		smb_done(m, request);
	else
		smb_opened(m, request, &opened);
}

static void open_andx_answer(struct smb_message *m, struct block *b)
{
	static const uint32_t actions[] = {1, 1, 2, 3};
	struct smb_item *request = answered(m, OPEN_ANDX);
	struct smb_opened opened = {.id = {0, 1}};

	if (!request)
		return;
	opened.id[0] = number(&b->words, 2);
	skip(&b->words, 6);
	opened.size = number(&b->words, 4);
	skip(&b->words, 6);
	opened.action = actions[number(&b->words, 2) & 3];
	if (b->words.failed && m->status == SMB_STATUS_SUCCESS)
		smb_done(m, request);
	else
		smb_opened(m, request, &opened);
}

static void read_answer(struct smb_message *m, struct block *b)
{
	struct smb_item *request = answered(m, READ_ANDX);
	uint64_t length, offset;

	if (!request)
		return;
	skip(&b->words, 6);
	length = number(&b->words, 2);
	offset = number(&b->words, 2);
	smb_read_done(m, request,
		      b->words.failed || !length ? bytes_of(b->bytes.end, 0)
						 : smb_part(m, offset, length));
}

/* ---- which ---- */

typedef void handler(struct smb_message *m, struct block *block);

static const struct command_of {
	uint8_t command;
	bool andx;
	uint8_t least; /* words of a request */
	handler *request, *answer;
} commands[] = {
	{CLOSE, false, 3, close_file, NULL},
	{DELETE, false, 1, delete, NULL},
	{RENAME, false, 1, rename_file, NULL},
	{LOCKING_ANDX, true, 8, NULL, NULL},
	{TRANSACTION, false, 14, transaction, NULL},
	{OPEN_ANDX, true, 15, open_andx, open_andx_answer},
	{READ_ANDX, true, 10, read_file, read_answer},
	{WRITE_ANDX, true, 12, write_file, NULL},
	{TRANSACTION2, false, 14, transaction2, NULL},
	{TREE_DISCONNECT, false, 0, tree_disconnect, NULL},
	{NEGOTIATE, false, 0, NULL, negotiate_answer},
	{SESSION_SETUP_ANDX, true, 10, session_setup, session_setup_answer},
	{LOGOFF_ANDX, true, 2, NULL, NULL},
	{TREE_CONNECT_ANDX, true, 4, tree_connect, tree_connect_answer},
	{NT_CREATE_ANDX, true, 24, nt_create, nt_create_answer},
};

static const struct command_of *find(unsigned command)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (commands[i].command == command)
			return &commands[i];
	return NULL;
}

static void answer_done(struct smb_message *m, uint16_t command)
{
	struct smb_item *request = answered(m, command);

	if (request)
		smb_done(m, request);
}

/* Words and bytes at `offset`; of a message that is cut, as many as are there. */
static bool block_read(struct smb_message *m, size_t offset, struct block *b)
{
	struct reader_bytes r = bytes_of(m->bytes + offset, m->have - offset);
	size_t words, bytes;

	b->count = bytes_u8(&r);
	words = 2 * (size_t)b->count;
	if (bytes_left(&r) < words && m->have < m->length)
		words = bytes_left(&r);
	b->words = bytes_part(&r, words);
	bytes = (size_t)number(&r, 2);
	/* A large write's count has 16 bits too few: what is there counts. */
	if (bytes > bytes_left(&r)) {
		if (m->have == m->length)
			talk_malformed(m->talk, SMB_OUTSIDE);
		bytes = bytes_left(&r);
	}
	b->bytes = bytes_part(&r, bytes);
	if (b->words.failed)
		talk_malformed(m->talk, SMB_STRUCTURE);
	return !b->words.failed;
}

static void block_handle(struct smb_message *m, const struct command_of *c, struct block *b)
{
	if (m->response) {
		if (c->answer && (b->count || m->status))
			c->answer(m, b);
		else
			answer_done(m, c->command);
		return;
	}
	if (b->count < c->least) {
		talk_malformed(m->talk, SMB_STRUCTURE);
		return;
	}
	if (c->request)
		c->request(m, b);
}

/* Where the chain goes on; 0: it ends. */
static size_t next(struct smb_message *m, const struct command_of *c, struct block *b,
		   size_t offset, unsigned *command)
{
	size_t to;

	if (!c->andx || b->count < 2)
		return 0;
	*command = bytes_u8(&b->words);
	skip(&b->words, 1);
	to = (size_t)number(&b->words, 2);
	if (*command == NO_MORE || b->words.failed)
		return 0;
	if (to <= offset || to >= m->length) {
		talk_anomaly(m->talk, SMB_ANDX);
		return 0;
	}
	return to;
}

static void blocks(struct smb_message *m, unsigned command, uint64_t id)
{
	size_t offset = HEADER, to;
	unsigned count = 0;
	struct block b;

	while (offset < m->have) {
		const struct command_of *c = find(command);
		unsigned follows = NO_MORE;

		if (!c || !block_read(m, offset, &b))
			return;
		if (++count > SMB_CHAIN_MAX) {
			talk_anomaly(m->talk, SMB_CHAIN);
			return;
		}
		/* Chained commands share a number: each is answered by its own. */
		m->id[0] = id;
		m->id[1] = 0x100u | c->command;
		to = next(m, c, &b, offset, &follows);
		block_handle(m, c, &b);
		if (!to)
			return;
		offset = to;
		command = follows;
	}
}

/* An error of DOS: of those only a wrong password is one of NT's. */
static uint32_t status_of(uint32_t status, unsigned flags2)
{
	if (flags2 & FLAGS2_NT_STATUS || !status)
		return status;
	return (status & 0xff) == 2 && status >> 16 == 2 ? 0xc000006du : status;
}

void smb1_read(struct talk *talk, enum side side, const uint8_t *bytes, size_t have, size_t length)
{
	struct smb_message m = {
		.talk = talk, .smb = talk->state, .bytes = bytes, .have = have, .length = length};
	struct reader_bytes r = bytes_of(bytes, have);
	unsigned command, flags, flags2;
	uint64_t process, mid;
	uint32_t status;

	skip(&r, 4);
	command = bytes_u8(&r);
	status = (uint32_t)number(&r, 4);
	flags = bytes_u8(&r);
	flags2 = (unsigned)number(&r, 2);
	skip(&r, 12);
	m.tree[0] = number(&r, 2);
	m.tree[1] = 1;
	process = number(&r, 2);
	skip(&r, 2);
	mid = number(&r, 2);
	if (r.failed) {
		if (have == length)
			talk_malformed(talk, SMB_SHORT);
		return;
	}
	m.status = status_of(status, flags2);
	m.unicode = flags2 & FLAGS2_UNICODE;
	m.response = flags & FLAGS_ANSWER;
	if (m.response != (side == SIDE_SERVER)) {
		if (command != LOCKING_ANDX) /* which a server may ask for */
			talk_malformed(talk, SMB_WAY);
		return;
	}
	if (!m.smb->version)
		m.smb->version = 1;
	blocks(&m, command, mid << 16 | process);
}
