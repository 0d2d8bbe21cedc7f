/* SPDX-License-Identifier: Apache-2.0 */
/* SMB 2 and 3, as long as they are not encrypted (MS-SMB2 2.2): one command after the other. */
#include "decode/smb.h"

#define HEADER	       64u
#define FLAG_RESPONSE  0x1u
#define FLAG_ASYNC     0x2u
#define FLAG_RELATED   0x4u
#define STRUCTURE_ODD  1u /* a structure's size that is odd counts one byte of what follows */
#define DIALECT_ANY    0x2ffu
#define DIALECT_3      0x300u
#define SHARE_PIPE     2u
#define ATTR_DIRECTORY 0x10u

enum command {
	NEGOTIATE,
	SESSION_SETUP,
	LOGOFF,
	TREE_CONNECT,
	TREE_DISCONNECT,
	CREATE,
	CLOSE,
	FLUSH,
	READ,
	WRITE,
	LOCK,
	IOCTL,
	CANCEL,
	ECHO,
	QUERY_DIRECTORY,
	CHANGE_NOTIFY,
	QUERY_INFO,
	SET_INFO,
	OPLOCK_BREAK,
	COMMANDS,
};

static void file_id(struct reader_bytes *r, uint64_t id[2])
{
	id[0] = bytes_number_le(r, 8);
	id[1] = bytes_number_le(r, 8);
}

static void skip(struct reader_bytes *r, size_t length)
{
	bytes_take(r, length);
}

/* ---- the commands: `r` stands behind the structure's size ---- */

static void negotiate_response(struct smb_message *m, struct reader_bytes *r)
{
	uint16_t dialect;

	skip(r, 2);
	dialect = (uint16_t)bytes_number_le(r, 2);
	m->smb->dialect = dialect;
	m->smb->version = dialect != DIALECT_ANY && dialect >= DIALECT_3 ? 3 : 2;
	if (!r->failed && dialect != DIALECT_ANY) /* else it is asked once more */
		smb_negotiated(m);
}

static void session_setup(struct smb_message *m, struct reader_bytes *r)
{
	uint64_t offset, length;

	skip(r, 10);
	offset = bytes_number_le(r, 2);
	length = bytes_number_le(r, 2);
	smb_login(m, SESSION_SETUP, smb_part(m, offset, length));
}

static void session_setup_response(struct smb_message *m, struct reader_bytes *r)
{
	struct smb_item *request = smb_answered(m, SESSION_SETUP);

	(void)r;
	if (request)
		smb_login_done(m, request);
}

static void tree_connect(struct smb_message *m, struct reader_bytes *r)
{
	char room[SMB_NAME_MAX];
	struct reader_bytes path;
	uint64_t offset, length;

	skip(r, 2);
	offset = bytes_number_le(r, 2);
	length = bytes_number_le(r, 2);
	path = smb_part(m, offset, length);
	smb_tree(m, TREE_CONNECT, smb_name(m, &path, length, room));
}

static void tree_connect_response(struct smb_message *m, struct reader_bytes *r)
{
	const uint64_t tree[2] = {m->tree[0], m->tree[1]};
	struct smb_item *request = smb_answered(m, TREE_CONNECT);

	if (!request)
		return;
	memcpy(m->tree, tree, sizeof(tree)); /* this one gives the number */
	smb_tree_connected(m, request, bytes_u8(r) == SHARE_PIPE);
}

static void tree_disconnect(struct smb_message *m, struct reader_bytes *r)
{
	struct smb_item *tree = smb_recall(m->smb, SMB_TREE, m->tree);

	(void)r;
	if (tree)
		smb_forget(m->talk, tree);
}

static void create(struct smb_message *m, struct reader_bytes *r)
{
	char room[SMB_NAME_MAX];
	struct smb_open open = {0};
	struct reader_bytes name;
	uint64_t offset, length;

	skip(r, 22);
	open.access = (uint32_t)bytes_number_le(r, 4);
	skip(r, 8);
	open.disposition = (uint32_t)bytes_number_le(r, 4);
	open.options = (uint32_t)bytes_number_le(r, 4);
	offset = bytes_number_le(r, 2);
	length = bytes_number_le(r, 2);
	if (r->failed)
		return;
	name = length ? smb_part(m, offset, length) : bytes_of(r->end, 0);
	open.name = smb_name(m, &name, length, room);
	smb_open(m, CREATE, &open);
}

static void create_response(struct smb_message *m, struct reader_bytes *r)
{
	struct smb_item *request = smb_answered(m, CREATE);
	struct smb_opened opened = {0};

	if (!request)
		return;
	skip(r, 2);
	opened.action = (uint32_t)bytes_number_le(r, 4);
	skip(r, 40);
	opened.size = bytes_number_le(r, 8);
	opened.directory = bytes_number_le(r, 4) & ATTR_DIRECTORY;
	skip(r, 4);
	file_id(r, opened.id);
	if (r->failed && m->status == SMB_STATUS_SUCCESS)
		smb_done(m, request);
	else
		smb_opened(m, request, &opened);
}

static void close_file(struct smb_message *m, struct reader_bytes *r)
{
	struct smb_item *file;
	uint64_t id[2];

	skip(r, 6);
	file_id(r, id);
	file = smb_recall(m->smb, SMB_FILE, id);
	if (file)
		smb_forget(m->talk, file);
}

static void read_file(struct smb_message *m, struct reader_bytes *r)
{
	uint64_t id[2], offset;

	skip(r, 6);
	offset = bytes_number_le(r, 8);
	file_id(r, id);
	if (!r->failed)
		smb_read(m, READ, id, offset);
}

static void read_response(struct smb_message *m, struct reader_bytes *r)
{
	struct smb_item *request = smb_answered(m, READ);
	uint64_t offset, length;

	if (!request)
		return;
	offset = bytes_u8(r);
	skip(r, 1);
	length = bytes_number_le(r, 4);
	smb_read_done(m, request,
		      r->failed || !length ? bytes_of(r->end, 0) : smb_part(m, offset, length));
}

static void write_file(struct smb_message *m, struct reader_bytes *r)
{
	uint64_t id[2], position, offset, length;

	offset = bytes_number_le(r, 2);
	length = bytes_number_le(r, 4);
	position = bytes_number_le(r, 8);
	file_id(r, id);
	if (r->failed)
		return;
	smb_write(m, WRITE, id, position,
		  length ? smb_part(m, offset, length) : bytes_of(r->end, 0));
}

#define PIPE_TRANSCEIVE 0x0011c017u

static void ioctl(struct smb_message *m, struct reader_bytes *r)
{
	uint64_t id[2], offset, length;
	struct smb_item *pipe;
	uint32_t control;

	skip(r, 2);
	control = (uint32_t)bytes_number_le(r, 4);
	file_id(r, id);
	offset = bytes_number_le(r, 4);
	length = bytes_number_le(r, 4);
	if (r->failed || control != PIPE_TRANSCEIVE)
		return;
	pipe = smb_file(m, id);
	if (pipe)
		smb_rpc(m, pipe, smb_part(m, offset, length));
}

/* MS-FSCC 2.4 */
enum file_class {
	RENAME = 10,
	DISPOSITION = 13,
	END_OF_FILE = 20,
	DISPOSITION_EX = 64,
	RENAME_EX = 65,
};

static void rename_file(struct smb_message *m, const struct smb_item *file, struct reader_bytes *r)
{
	char room[SMB_NAME_MAX], old[SMB_NAME_MAX];
	size_t length, old_length = file ? file->length : 0;

	if (old_length)
		memcpy(old, file->name, old_length); /* the file may be forgotten for the request */
	skip(r, 16);
	length = bytes_number_le(r, 4);
	smb_renamed(m, SET_INFO, text_of(old, old_length), smb_name(m, r, length, room));
}

static void set_info(struct smb_message *m, struct reader_bytes *r)
{
	uint8_t type = bytes_u8(r), class = bytes_u8(r);
	uint64_t length = bytes_number_le(r, 4), offset = bytes_number_le(r, 2), id[2];
	struct reader_bytes info;
	struct smb_item *file;

	skip(r, 6);
	file_id(r, id);
	if (r->failed || type != 1)
		return;
	info = smb_part(m, offset, length);
	file = smb_file(m, id);
	switch (class) {
	case RENAME:
	case RENAME_EX:
		rename_file(m, file, &info);
		break;
	case DISPOSITION:
	case DISPOSITION_EX:
		if (bytes_u8(&info) & 1)
			smb_deleted(m, SET_INFO, file, text_of("", 0));
		break;
	case END_OF_FILE:
		if (file)
			file->size = bytes_number_le(&info, 8);
		break;
	}
}

static void write_response(struct smb_message *m, struct reader_bytes *r)
{
	struct smb_item *request = smb_answered(m, WRITE);

	(void)r;
	if (request)
		smb_done(m, request);
}

static void set_info_response(struct smb_message *m, struct reader_bytes *r)
{
	struct smb_item *request = smb_answered(m, SET_INFO);

	(void)r;
	if (request)
		smb_done(m, request);
}

typedef void handler(struct smb_message *m, struct reader_bytes *r);

static const struct {
	uint16_t request_size, response_size; /* StructureSize */
	handler *request, *response;
} commands[COMMANDS] = {
	[NEGOTIATE] = {36, 65, NULL, negotiate_response},
	[SESSION_SETUP] = {25, 9, session_setup, session_setup_response},
	[LOGOFF] = {4, 4, NULL, NULL},
	[TREE_CONNECT] = {9, 16, tree_connect, tree_connect_response},
	[TREE_DISCONNECT] = {4, 4, tree_disconnect, NULL},
	[CREATE] = {57, 89, create, create_response},
	[CLOSE] = {24, 60, close_file, NULL},
	[FLUSH] = {24, 4, NULL, NULL},
	[READ] = {49, 17, read_file, read_response},
	[WRITE] = {49, 17, write_file, write_response},
	[LOCK] = {48, 4, NULL, NULL},
	[IOCTL] = {57, 49, ioctl, NULL},
	[CANCEL] = {4, 0, NULL, NULL},
	[ECHO] = {4, 4, NULL, NULL},
	[QUERY_DIRECTORY] = {33, 9, NULL, NULL},
	[CHANGE_NOTIFY] = {32, 9, NULL, NULL},
	[QUERY_INFO] = {41, 9, NULL, NULL},
	[SET_INFO] = {33, 2, set_info, set_info_response},
};

#define ERROR_SIZE 9 /* of a response that only has a status */

static void command(struct smb_message *m, unsigned number)
{
	struct reader_bytes r = bytes_of(m->bytes + HEADER, m->have - HEADER);
	uint16_t size = (uint16_t)bytes_number_le(&r, 2), wanted;
	handler *handle;

	if (number >= OPLOCK_BREAK) {
		if (number > OPLOCK_BREAK)
			talk_malformed(m->talk, SMB_STRUCTURE);
		return;
	}
	wanted = m->response ? commands[number].response_size : commands[number].request_size;
	handle = m->response ? commands[number].response : commands[number].request;
	if (r.failed || size != wanted) {
		if (!(m->response && size == ERROR_SIZE && m->status)) {
			if (m->have > HEADER + 1)
				talk_malformed(m->talk, SMB_STRUCTURE);
			return;
		}
		r = bytes_of(r.end, 0); /* what stands there is no such structure */
	}
	if (handle)
		handle(m, &r);
}

/* ---- messages ---- */

struct header {
	uint32_t next;
	unsigned command;
	uint32_t flags;
};

static void header_read(struct smb_message *m, struct header *h)
{
	struct reader_bytes r = bytes_of(m->bytes, m->have);
	uint64_t session, tree;

	skip(&r, 8);
	m->status = (uint32_t)bytes_number_le(&r, 4);
	h->command = (unsigned)bytes_number_le(&r, 2);
	skip(&r, 2);
	h->flags = (uint32_t)bytes_number_le(&r, 4);
	h->next = (uint32_t)bytes_number_le(&r, 4);
	m->id[0] = bytes_number_le(&r, 8);
	m->id[1] = 2;
	skip(&r, 4);
	tree = bytes_number_le(&r, 4);
	session = bytes_number_le(&r, 8);
	m->response = h->flags & FLAG_RESPONSE;
	if (h->flags & FLAG_RELATED && !m->response && (tree == UINT32_MAX || m->tree[0]))
		return; /* those of the command before */
	m->tree[0] = tree;
	m->tree[1] = session;
}

/* Where the next command begins; 0: there is none. */
static size_t next(const struct smb_message *m, const struct header *h)
{
	if (!h->next)
		return 0;
	if (h->next % 8 || h->next < HEADER || h->next > m->length - HEADER) {
		talk_anomaly(m->talk, SMB_NEXT);
		return 0;
	}
	return h->next;
}

void smb2_read(struct talk *talk, enum side side, const uint8_t *bytes, size_t have, size_t length)
{
	struct smb_message m = {.talk = talk, .smb = talk->state, .unicode = true};
	unsigned count = 0;
	struct header h;
	size_t step;

	if (!m.smb->version || m.smb->version == 1)
		m.smb->version = 2;
	do {
		m.bytes = bytes;
		m.have = have;
		m.length = length;
		if (have < HEADER) {
			if (have == length)
				talk_malformed(talk, SMB_SHORT);
			return;
		}
		header_read(&m, &h);
		if (memcmp(bytes, "\xfeSMB\x40", 6)) {
			talk_malformed(talk, SMB_STRUCTURE);
			return;
		}
		if (m.response != (side == SIDE_SERVER)) {
			talk_malformed(talk, SMB_WAY);
			return;
		}
		step = next(&m, &h);
		if (step) {
			m.length = step;
			m.have = step < have ? step : have;
		}
		command(&m, h.command);
		if (!step || step >= have)
			return;
		bytes += step;
		have -= step;
		length -= step;
	} while (++count < SMB_CHAIN_MAX);
	talk_anomaly(talk, SMB_CHAIN);
}
