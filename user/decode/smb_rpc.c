/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is called in pipes (C706 chapter 12, MS-RPCE): services and tasks that are made on another
 * host (MS-SCMR 3.1.4, MS-TSCH 3.2.5), by interface and number. Only a call's first fragment is
 * looked at. What is sealed keeps its names.
 */
#include <stdio.h>
#include <strings.h>

#include "decode/smb.h"

enum rpc { RPC_NONE, RPC_SERVICES, RPC_AT, RPC_TASKS };

struct interface {
	enum rpc rpc;
	const char *pipe; /* by which it is known where its binding was not seen */
	uint8_t uuid[16]; /* as in little-endian packets */
};

static const struct interface interfaces[] = {
	{RPC_SERVICES,
	 "svcctl",
	 {0x81, 0xbb, 0x7a, 0x36, 0x44, 0x98, 0xf1, 0x35, 0xad, 0x32, 0x98, 0xf0, 0x38, 0x00, 0x10,
	  0x03}},
	{RPC_AT,
	 NULL, /* shares its pipe with RPC_TASKS */
	 {0x82, 0x06, 0xf7, 0x1f, 0x51, 0x0a, 0xe8, 0x30, 0x07, 0x6d, 0x74, 0x0b, 0xe8, 0xce, 0xe9,
	  0x8b}},
	{RPC_TASKS,
	 "atsvc",
	 {0x49, 0x59, 0xd3, 0x86, 0xc9, 0x83, 0x44, 0x40, 0xb4, 0x24, 0xdb, 0x36, 0x32, 0x31, 0xfd,
	  0x0c}},
};

#define INTERFACES (sizeof(interfaces) / sizeof(interfaces[0]))

/* How a call's arguments name what it makes. */
enum form { FORM_NONE, FORM_WIDE, FORM_NARROW };

static const struct {
	uint8_t rpc;
	uint8_t number;
	enum form form;
	const char *command;
} calls[] = {
	{RPC_SERVICES, 12, FORM_WIDE, "create_service"},   /* RCreateServiceW */
	{RPC_SERVICES, 24, FORM_NARROW, "create_service"}, /* RCreateServiceA */
	{RPC_SERVICES, 44, FORM_NARROW, "create_service"}, /* RCreateServiceWOW64A */
	{RPC_SERVICES, 45, FORM_WIDE, "create_service"},   /* RCreateServiceWOW64W */
	{RPC_SERVICES, 60, FORM_WIDE, "create_service"},   /* RCreateWowService */
	{RPC_SERVICES, 11, FORM_NONE, "change_service"},   /* RChangeServiceConfigW */
	{RPC_SERVICES, 23, FORM_NONE, "change_service"},   /* RChangeServiceConfigA */
	{RPC_SERVICES, 19, FORM_NONE, "start_service"},	   /* RStartServiceW */
	{RPC_SERVICES, 31, FORM_NONE, "start_service"},	   /* RStartServiceA */
	{RPC_SERVICES, 2, FORM_NONE, "delete_service"},	   /* RDeleteService */
	{RPC_AT, 0, FORM_NONE, "create_task"},		   /* NetrJobAdd */
	{RPC_TASKS, 1, FORM_NONE, "create_task"},	   /* SchRpcRegisterTask */
};

#define CALLS (sizeof(calls) / sizeof(calls[0]))

uint8_t smb_rpc_by_name(struct text name)
{
	const char *slash = name.length ? memrchr(name.at, '\\', name.length) : NULL;

	if (slash)
		name = text_of(slash + 1, (size_t)(name.at + name.length - slash - 1));
	for (size_t i = 0; i < INTERFACES; i++)
		if (interfaces[i].pipe && strlen(interfaces[i].pipe) == name.length &&
		    !strncasecmp(interfaces[i].pipe, name.at, name.length))
			return (uint8_t)interfaces[i].rpc;
	return RPC_NONE;
}

/* ---- packets ---- */

enum packet { PACKET_REQUEST = 0, PACKET_BIND = 11, PACKET_ALTER = 14 };

#define HEADER		 16u
#define FLAG_FIRST	 0x01u
#define FLAG_OBJECT	 0x80u
#define DREP_LITTLE	 0x10u
#define LEVEL_PRIVACY	 6u
#define AUTH_TRAILER	 8u
#define HANDLE_LENGTH	 20u
#define BIND_CONTEXT_MAX 8u

struct header {
	uint8_t type, flags;
	uint16_t length, auth;
};

static bool header_read(struct reader_bytes *r, struct header *h)
{
	uint8_t version = bytes_u8(r), minor = bytes_u8(r);
	uint8_t order;

	h->type = bytes_u8(r);
	h->flags = bytes_u8(r);
	order = bytes_u8(r);
	bytes_take(r, 3);
	h->length = (uint16_t)bytes_number_le(r, 2);
	h->auth = (uint16_t)bytes_number_le(r, 2);
	bytes_take(r, 4);
	return !r->failed && version == 5 && minor <= 1 && order & DREP_LITTLE &&
	       h->length >= HEADER;
}

/* The interface of the first context that is known here. */
static void bind(struct smb_item *pipe, struct reader_bytes *r)
{
	unsigned contexts, syntaxes;

	bytes_take(r, 8);
	contexts = bytes_u8(r);
	bytes_take(r, 3);
	for (unsigned c = 0; c < contexts && c < BIND_CONTEXT_MAX && !r->failed; c++) {
		const uint8_t *uuid;

		bytes_take(r, 2);
		syntaxes = bytes_u8(r);
		bytes_take(r, 1);
		uuid = bytes_take(r, 16);
		bytes_take(r, 4 + 20 * (size_t)syntaxes);
		for (size_t i = 0; uuid && i < INTERFACES; i++)
			if (!memcmp(uuid, interfaces[i].uuid, 16))
				pipe->rpc = (uint8_t)interfaces[i].rpc;
	}
}

/* ---- arguments (NDR) ---- */

/* A conformant and varying string with its end. */
static struct text string(struct reader_bytes *r, bool wide, char room[SMB_NAME_MAX])
{
	size_t count, length, used = 0;
	const uint8_t *at;

	bytes_take(r, 8);
	count = (size_t)bytes_number_le(r, 4);
	length = wide ? 2 * count : count;
	if (length > bytes_left(r))
		length = bytes_left(r), r->failed = true; /* cut: what is there is told */
	at = bytes_take(r, length);
	if (wide) {
		used = smb_utf8(at, length, room, SMB_NAME_MAX);
		if (used >= 3 && count && !r->failed && !at[length - 1] && !at[length - 2])
			used -= 3; /* its end, which became U+FFFD */
	} else {
		used = length < SMB_NAME_MAX ? length : SMB_NAME_MAX;
		memcpy(room, at, used);
		used -= used && !room[used - 1];
	}
	bytes_take(r, (4 - length % 4) % 4);
	return text_of(room, used);
}

struct texts {
	char name[SMB_NAME_MAX], path[SMB_NAME_MAX], words[SMB_NAME_MAX + 16];
};

/* RCreateService: handle, name, display name (may be missing), four numbers, path. */
static void service(struct event *e, struct reader_bytes *r, bool wide, struct texts *texts)
{
	struct text text;
	int length;

	bytes_take(r, HANDLE_LENGTH);
	text = string(r, wide, texts->name);
	if (!text.length)
		return;
	length = snprintf(texts->words, sizeof(texts->words), "service %.*s", (int)text.length,
			  text.at);
	event_set(e, MESSAGE, message, text_of(texts->words, (size_t)length));
	if (bytes_number_le(r, 4))
		string(r, wide, texts->path);
	bytes_take(r, 16);
	if (r->failed)
		return;
	smb_put_program(e, string(r, wide, texts->path));
}

/* The level of the trailer that protects a call; where it is cut off nobody knows. */
static bool sealed(const struct reader_bytes *packet, const struct header *h)
{
	size_t trailer = (size_t)h->auth + AUTH_TRAILER;

	if (!h->auth || h->length < HEADER + trailer)
		return false;
	return h->length - trailer + 1 >= bytes_left(packet) ||
	       packet->at[h->length - trailer + 1] >= LEVEL_PRIVACY;
}

static void call(struct smb_message *m, const struct smb_item *pipe, struct reader_bytes *r,
		 const struct header *h, bool secret)
{
	struct texts texts;
	unsigned number;

	bytes_take(r, 6);
	number = (unsigned)bytes_number_le(r, 2);
	if (h->flags & FLAG_OBJECT)
		bytes_take(r, 16);
	for (size_t i = 0; i < CALLS && !r->failed; i++) {
		struct event *e;

		if (calls[i].rpc != pipe->rpc || calls[i].number != number)
			continue;
		e = smb_about(m, calls[i].command);
		if (calls[i].form != FORM_NONE && !secret)
			service(e, r, calls[i].form == FORM_WIDE, &texts);
		talk_tell(m->talk, e);
		return;
	}
}

void smb_rpc(struct smb_message *m, struct smb_item *pipe, struct reader_bytes data)
{
	struct reader_bytes r = data;
	struct header h;

	if (!bytes_left(&data))
		return;
	if (!header_read(&r, &h)) {
		if (pipe->rpc)
			talk_malformed(m->talk, SMB_RPC);
		return; /* other pipes speak what they like */
	}
	if (!(h.flags & FLAG_FIRST))
		return;
	if (h.type == PACKET_BIND || h.type == PACKET_ALTER)
		bind(pipe, &r);
	else if (h.type == PACKET_REQUEST)
		call(m, pipe, &r, &h, sealed(&data, &h));
}
