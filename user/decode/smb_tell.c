/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of a conversation, whichever version it is spoken in. Requests wait with their
 * event for the answer, which has the status. */
#include <stdio.h>

#include "decode/magic.h"
#include "decode/smb.h"

#define PUT(e, ID, member, value)                                                                  \
	do {                                                                                       \
		if ((value).length)                                                                \
			event_set(e, ID, member, value);                                           \
	} while (0)

static struct text name_of(const struct smb_item *item)
{
	return text_of(item ? item->name : "", item ? item->length : 0);
}

static struct event *begin(struct smb_message *m, enum event_service service, const char *command)
{
	static const char versions[] = "0123";
	struct event *e = talk_event(m->talk, service);
	const struct smb_item *tree = smb_recall(m->smb, SMB_TREE, m->tree);

	event_set(e, SMB_VERSION, smb_version, text_of(&versions[m->smb->version & 3], 1));
	event_set(e, SMB_COMMAND, smb_command, text_string(command));
	PUT(e, SMB_SHARE, smb_share, name_of(tree));
	PUT(e, USER_NAME, user_name, text_of(m->smb->user, m->smb->user_length));
	return e;
}

/* Of a name that was cut only the path is sure. */
static void put_names(struct event *e, struct text path)
{
	const char *slash, *dot;
	struct text name = path;

	if (!path.length)
		return;
	event_set(e, FILE_PATH, file_path, path);
	if (path.length >= SMB_NAME_MAX)
		return;
	slash = memrchr(path.at, '\\', path.length);
	if (slash)
		name = text_of(slash + 1, (size_t)(path.at + path.length - slash - 1));
	PUT(e, FILE_NAME, file_name, name);
	dot = name.length ? memrchr(name.at, '.', name.length) : NULL;
	if (dot)
		PUT(e, FILE_EXTENSION, file_extension,
		    text_of(dot + 1, (size_t)(name.at + name.length - dot - 1)));
}

struct event *smb_about(struct smb_message *m, const char *command)
{
	return begin(m, SERVICE_FILE, command);
}

void smb_put_program(struct event *e, struct text line)
{
	struct text path = line;
	const char *end;

	if (!line.length)
		return;
	if (line.at[0] == '"') {
		path = text_of(line.at + 1, line.length - 1);
		end = path.length ? memchr(path.at, '"', path.length) : NULL;
	} else {
		end = memchr(path.at, ' ', path.length);
	}
	if (end)
		path.length = (uint32_t)(end - path.at);
	put_names(e, path);
	event_set(e, FILE_PATH, file_path, line);
}

static void put_type(struct event *e, struct reader_bytes data)
{
	const char *type = magic_type(data.at, bytes_left(&data));

	if (type)
		event_set(e, FILE_TYPE, file_type, text_string(type));
}

/* ---- requests and their answers ---- */

struct smb_item *smb_request(struct smb_message *m, uint16_t command, struct text name)
{
	struct smb_item *request = smb_remember(m->talk, SMB_REQUEST, m->id, name);

	if (!request)
		return NULL;
	request->command = command;
	memcpy(request->tree, m->tree, sizeof(m->tree));
	return request;
}

struct smb_item *smb_answered(struct smb_message *m, uint16_t command)
{
	struct smb_item *request;

	if (m->status == SMB_STATUS_PENDING)
		return NULL;
	request = smb_recall(m->smb, SMB_REQUEST, m->id);
	if (!request || request->command != command)
		return NULL;
	/* An answer that came late, or asynchronously, need not name the share again. */
	memcpy(m->tree, request->tree, sizeof(m->tree));
	return request;
}

struct event *smb_resume(struct smb_message *m, struct smb_item *request)
{
	struct event *e = talk_resume(m->talk, &request->held);

	if (e)
		event_set(e, SMB_STATUS, smb_status, smb_status(m->status, m->status_room));
	return e;
}

void smb_done(struct smb_message *m, struct smb_item *request)
{
	struct event *e = smb_resume(m, request);

	if (e)
		talk_tell(m->talk, e);
	smb_forget(m->talk, request);
}

/* Without memory for the request it is told at once. */
static void hold(struct smb_message *m, struct event *e, struct smb_item *request)
{
	if (request)
		talk_hold(m->talk, e, &request->held);
	else
		talk_tell(m->talk, e);
}

void smb_negotiated(struct smb_message *m)
{
	struct event *e = begin(m, SERVICE_FILE, "negotiate");

	event_set(e, SMB_STATUS, smb_status, smb_status(m->status, m->status_room));
	talk_tell(m->talk, e);
}

/* ---- log-ins ---- */

void smb_login_as(struct smb_message *m, uint16_t command, struct text user, struct text domain)
{
	char name[SMB_NAME_MAX];
	size_t length = 0;

	/* Nobody: an anonymous log-in. */
	if (user.length && domain.length && user.length + domain.length < sizeof(name)) {
		memcpy(name, domain.at, domain.length);
		name[domain.length] = '\\';
		memcpy(name + domain.length + 1, user.at, user.length);
		length = domain.length + 1 + user.length;
	} else if (user.length) {
		length = user.length < sizeof(name) ? user.length : sizeof(name);
		memcpy(name, user.at, length);
	}
	smb_request(m, command, text_of(name, length));
}

void smb_login(struct smb_message *m, uint16_t command, struct reader_bytes blob)
{
	struct smb_identity identity = {.user_length = 0};
	bool bad = false;

	smb_identity(blob, &identity, &bad);
	if (bad && m->have >= m->length)
		talk_malformed(m->talk, SMB_BLOB);
	smb_login_as(m, command, text_of(identity.user, identity.user_length),
		     text_of(identity.domain, identity.domain_length));
}

void smb_login_done(struct smb_message *m, struct smb_item *request)
{
	struct event *e;

	if (m->status == SMB_STATUS_MORE_PROCESSING) { /* a round of several */
		smb_forget(m->talk, request);
		return;
	}
	if (m->status == SMB_STATUS_SUCCESS)
		smb_set_user(m->talk, name_of(request));
	e = begin(m, SERVICE_LOGIN, "session_setup");
	event_clear(e, FIELD_USER_NAME);
	PUT(e, USER_NAME, user_name, name_of(request));
	event_set(e, SMB_STATUS, smb_status, smb_status(m->status, m->status_room));
	event_set(e, EVENT_OUTCOME, event_outcome,
		  text_string(m->status == SMB_STATUS_SUCCESS ? "success" : "failure"));
	event_set(e, EVENT_PROVIDER, event_provider, text_string("packets"));
	talk_tell(m->talk, e);
	smb_forget(m->talk, request);
}

/* ---- shares ---- */

void smb_tree(struct smb_message *m, uint16_t command, struct text path)
{
	struct smb_item *request = smb_request(m, command, path);
	struct event *e = begin(m, SERVICE_FILE, "tree_connect");

	event_clear(e, FIELD_SMB_SHARE);
	PUT(e, SMB_SHARE, smb_share, path);
	hold(m, e, request);
}

void smb_tree_connected(struct smb_message *m, struct smb_item *request, bool pipe)
{
	const uint64_t id[2] = {m->tree[0], m->tree[1]};
	struct event *e = smb_resume(m, request);
	struct smb_item *tree;

	if (e)
		talk_tell(m->talk, e);
	if (m->status == SMB_STATUS_SUCCESS) {
		tree = smb_remember(m->talk, SMB_TREE, id, name_of(request));
		if (tree && pipe)
			tree->flags |= SMB_PIPE;
	}
	smb_forget(m->talk, request);
}

static bool of_pipes(struct smb_message *m)
{
	const struct smb_item *tree = smb_recall(m->smb, SMB_TREE, m->tree);

	return tree && tree->flags & SMB_PIPE;
}

/* ---- opening ---- */

/* By what the request asks for (CreateDisposition), while no answer says what was done. */
static const char *wish(uint32_t disposition)
{
	static const char *const wishes[] = {"overwrite", "open",      "create",
					     "open",	  "overwrite", "create"};

	return disposition < sizeof(wishes) / sizeof(wishes[0]) ? wishes[disposition] : "open";
}

static const char *deed(uint32_t action)
{
	static const char *const deeds[] = {"overwrite", "open", "create", "overwrite"};

	return action < sizeof(deeds) / sizeof(deeds[0]) ? deeds[action] : "open";
}

#define OPTION_DIRECTORY       0x1u
#define OPTION_DELETE_ON_CLOSE 0x1000u
#define DISPOSITION_OPEN       1u

void smb_open(struct smb_message *m, uint16_t command, const struct smb_open *open)
{
	bool directory = open->options & OPTION_DIRECTORY;
	struct smb_item *request = smb_request(m, command, open->name);
	struct event *e;

	if (request && open->options & OPTION_DELETE_ON_CLOSE)
		request->flags |= SMB_DELETE;
	memcpy(m->created, m->id, sizeof(m->created));
	m->has_created = request;
	/* Looking into folders is no news. */
	if (!open->name.length || (directory && open->disposition == DISPOSITION_OPEN))
		return;
	e = begin(m, SERVICE_FILE, wish(open->disposition));
	put_names(e, open->name);
	if (directory)
		event_set(e, FILE_TYPE, file_type, text_string("directory"));
	hold(m, e, request);
}

static void tell_opened(struct smb_message *m, struct smb_item *request,
			const struct smb_opened *opened)
{
	struct event *e = smb_resume(m, request);

	if (!e)
		return;
	if (m->status == SMB_STATUS_SUCCESS) {
		event_set(e, SMB_COMMAND, smb_command, text_string(deed(opened->action)));
		if (opened->directory)
			event_set(e, FILE_TYPE, file_type, text_string("directory"));
		else if (opened->size)
			event_set(e, FILE_SIZE, file_size, opened->size);
	}
	talk_tell(m->talk, e);
}

void smb_opened(struct smb_message *m, struct smb_item *request, const struct smb_opened *opened)
{
	struct smb_item *file;

	tell_opened(m, request, opened);
	if (m->status != SMB_STATUS_SUCCESS) {
		smb_forget(m->talk, request);
		return;
	}
	file = smb_remember(m->talk, SMB_FILE, opened->id, name_of(request));
	if (file) {
		memcpy(file->tree, m->tree, sizeof(m->tree));
		file->flags = request->flags & (SMB_WRITTEN | SMB_TYPED | SMB_READ);
		file->size = opened->size;
		if (of_pipes(m)) {
			file->flags |= SMB_PIPE;
			file->rpc = smb_rpc_by_name(name_of(file));
		}
	}
	if (request->flags & SMB_DELETE) {
		struct event *e = begin(m, SERVICE_FILE, "delete");

		put_names(e, name_of(request));
		event_set(e, SMB_STATUS, smb_status, smb_status(m->status, m->status_room));
		talk_tell(m->talk, e);
	}
	smb_forget(m->talk, request);
}

/* ---- what is done with an open file ---- */

struct smb_item *smb_file(const struct smb_message *m, const uint64_t id[2])
{
	struct smb_item *file = smb_recall(m->smb, SMB_FILE, id);

	/* Commands of one message refer to the file that the first of them opens. */
	if (!file && m->has_created && id[0] == UINT64_MAX && id[1] == UINT64_MAX &&
	    memcmp(m->created, m->id, sizeof(m->id)) != 0)
		file = smb_recall(m->smb, SMB_REQUEST, m->created);
	return file;
}

/* One whose opening was not seen is known from now on, without a name. */
static struct smb_item *any_file(struct smb_message *m, const uint64_t id[2])
{
	struct smb_item *file = smb_file(m, id);

	if (file || (id[0] == UINT64_MAX && id[1] == UINT64_MAX))
		return file;
	file = smb_remember(m->talk, SMB_FILE, id, text_of("", 0));
	if (file && of_pipes(m))
		file->flags |= SMB_PIPE;
	return file;
}

static struct event *about_file(struct smb_message *m, const char *command,
				const struct smb_item *file)
{
	struct event *e = begin(m, SERVICE_FILE, command);

	put_names(e, name_of(file));
	if (file && file->size)
		event_set(e, FILE_SIZE, file_size, file->size);
	return e;
}

/* A file is told once when it is written to, and once more if its first bytes come later. */
static bool news(struct smb_item *file, bool first)
{
	if (file->flags & SMB_TYPED || (file->flags & SMB_WRITTEN && !first))
		return false;
	file->flags |= SMB_WRITTEN | (first ? SMB_TYPED : 0);
	return true;
}

void smb_write(struct smb_message *m, uint16_t command, const uint64_t id[2], uint64_t offset,
	       struct reader_bytes data)
{
	struct smb_item *file = any_file(m, id), *request;
	struct event *e;

	if (!file)
		return;
	if (file->flags & SMB_PIPE) {
		smb_rpc(m, file, data);
		return;
	}
	if (!news(file, offset == 0 && bytes_left(&data)))
		return;
	request = smb_request(m, command, text_of("", 0));
	e = about_file(m, "write", file);
	if (offset == 0)
		put_type(e, data);
	hold(m, e, request);
}

void smb_read(struct smb_message *m, uint16_t command, const uint64_t id[2], uint64_t offset)
{
	struct smb_item *file = smb_recall(m->smb, SMB_FILE, id), *request;

	if (!file || offset || file->flags & (SMB_PIPE | SMB_READ))
		return;
	file->flags |= SMB_READ;
	request = smb_request(m, command, text_of("", 0));
	if (request)
		memcpy(request->file, id, sizeof(request->file));
}

void smb_read_done(struct smb_message *m, struct smb_item *request, struct reader_bytes data)
{
	const struct smb_item *file = smb_recall(m->smb, SMB_FILE, request->file);
	struct event *e;

	if (m->status == SMB_STATUS_SUCCESS || m->status == SMB_STATUS_BUFFER_OVERFLOW) {
		e = about_file(m, "read", file);
		event_set(e, SMB_STATUS, smb_status, smb_status(m->status, m->status_room));
		put_type(e, data);
		talk_tell(m->talk, e);
	}
	smb_forget(m->talk, request);
}

void smb_deleted(struct smb_message *m, uint16_t command, const struct smb_item *file,
		 struct text name)
{
	struct smb_item *request = smb_request(m, command, text_of("", 0));
	struct event *e = begin(m, SERVICE_FILE, "delete");

	put_names(e, name.length ? name : name_of(file));
	hold(m, e, request);
}

void smb_renamed(struct smb_message *m, uint16_t command, struct text from, struct text to)
{
	struct smb_item *request = smb_request(m, command, text_of("", 0));
	struct event *e = begin(m, SERVICE_FILE, "rename");
	char message[SMB_NAME_MAX + 16];
	int length = snprintf(message, sizeof(message), "renamed from %.*s", (int)from.length,
			      from.length ? from.at : "");

	put_names(e, to);
	if (from.length && length > 0)
		event_set(e, MESSAGE, message,
			  text_of(message, (size_t)length < sizeof(message) ? (size_t)length
									    : sizeof(message) - 1));
	hold(m, e, request);
}
