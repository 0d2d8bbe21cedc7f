/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "decode/decode.h"

#include "unit/decode/bench.h"

/* ---- what is told, as text ---- */

static void on_event(void *context, const struct decode_origin *origin, struct event *e)
{
	struct bench *b = context;

	(void)origin;
	if (e->service == SERVICE_LOGIN)
		bench_tell(b, "login");
	bench_put(b, e, FIELD_SMB_VERSION, " v");
	bench_put(b, e, FIELD_SMB_COMMAND, " ");
	bench_put(b, e, FIELD_SMB_SHARE, " ");
	bench_put(b, e, FIELD_FILE_PATH, " ");
	bench_put(b, e, FIELD_FILE_NAME, " name:");
	bench_put(b, e, FIELD_FILE_EXTENSION, " .");
	bench_put(b, e, FIELD_FILE_TYPE, " is:");
	bench_put(b, e, FIELD_USER_NAME, " by:");
	bench_put(b, e, FIELD_EVENT_OUTCOME, " ");
	bench_put(b, e, FIELD_MESSAGE, " ");
	bench_put(b, e, FIELD_SMB_STATUS, " ");
	bench_put(b, e, FIELD_ANOMALY, " ! ");
	bench_tell(b, "|");
}

static int set_up(void **state)
{
	const struct bench b = {.ops = {.event = on_event}, .port = 445, .watch = PAYLOAD_SMB};

	return bench_set_up(state, &b);
}

/* A packet of which only `there` bytes were chosen. */
static void packet(struct bench *b, unsigned side, const uint8_t *bytes, size_t length,
		   size_t there, uint64_t seen)
{
	struct payload_record r = bench_record(b, side, there, length);

	r.seen = seen;
	b->sent[side] += length;
	bench_deliver(b, &r, bytes);
}

/* ---- messages ---- */

struct bytes {
	uint8_t at[8192];
	size_t length;
	size_t header; /* of the latest command */
};

static void le(struct bytes *m, uint64_t n, unsigned length)
{
	for (unsigned i = 0; i < length; i++)
		m->at[m->length++] = (uint8_t)(n >> (8 * i));
}

static void le_at(struct bytes *m, size_t at, uint64_t n, unsigned length)
{
	for (unsigned i = 0; i < length; i++)
		m->at[at + i] = (uint8_t)(n >> (8 * i));
}

static void raw(struct bytes *m, const void *bytes, size_t length)
{
	memcpy(m->at + m->length, bytes, length);
	m->length += length;
}

static void wide(struct bytes *m, const char *text)
{
	for (; *text; text++)
		le(m, (uint8_t)*text, 2);
}

static void frame(struct bytes *m)
{
	memset(m, 0, sizeof(*m));
	m->length = 4;
}

static void frame_end(struct bytes *m)
{
	size_t length = m->length - 4;

	m->at[1] = (uint8_t)(length >> 16);
	m->at[2] = (uint8_t)(length >> 8);
	m->at[3] = (uint8_t)length;
}

static void say(struct bench *b, unsigned side, struct bytes *m)
{
	frame_end(m);
	packet(b, side, m->at, m->length, m->length, 0);
}

enum { REQUEST, RESPONSE = 1, RELATED = 4 };

static void header2(struct bytes *m, unsigned command, unsigned flags, uint64_t id, uint32_t tree,
		    uint32_t status)
{
	m->header = m->length;
	raw(m, "\xfeSMB\x40\0\0\0", 8);
	le(m, status, 4);
	le(m, command, 2);
	le(m, 1, 2);
	le(m, flags, 4);
	le(m, 0, 4);
	le(m, id, 8);
	le(m, 0, 4);
	le(m, tree, 4);
	le(m, 77, 8);
	m->length += 16;
}

static void chain(struct bytes *m)
{
	while ((m->length - m->header) % 8)
		m->length++;
	le_at(m, m->header + 20, m->length - m->header, 4);
}

static void one2(struct bytes *m, unsigned command, unsigned flags, uint64_t id, uint32_t tree,
		 uint32_t status)
{
	frame(m);
	header2(m, command, flags, id, tree, status);
}

static void error2(struct bench *b, unsigned command, uint64_t id, uint32_t status)
{
	struct bytes m;

	one2(&m, command, RESPONSE, id, 0, status);
	le(&m, 9, 2);
	m.length += 7;
	say(b, 1, &m);
}

static void negotiate2(struct bench *b, unsigned dialect)
{
	struct bytes m;

	one2(&m, 0, REQUEST, 0, 0, 0);
	le(&m, 36, 2);
	m.length += 34;
	say(b, 0, &m);
	one2(&m, 0, RESPONSE, 0, 0, 0);
	le(&m, 65, 2);
	le(&m, 1, 2);
	le(&m, dialect, 2);
	m.length += 58;
	say(b, 1, &m);
}

/* NTLMSSP AUTHENTICATE of user and domain, as wide text. */
static void authenticate(struct bytes *m, const char *user, const char *domain)
{
	size_t at = m->length, domain_bytes = 2 * strlen(domain), user_bytes = 2 * strlen(user);

	raw(m, "NTLMSSP\0\3\0\0\0", 12);
	m->length += 52;
	le_at(m, at + 28, domain_bytes, 2);
	le_at(m, at + 32, 64, 4);
	le_at(m, at + 36, user_bytes, 2);
	le_at(m, at + 40, 64 + domain_bytes, 4);
	le_at(m, at + 60, 1, 4);
	wide(m, domain);
	wide(m, user);
}

static void login2(struct bench *b, uint64_t id, const char *user, uint32_t status)
{
	struct bytes m;
	size_t at;

	one2(&m, 1, REQUEST, id, 0, 0);
	le(&m, 25, 2);
	m.length += 10;
	le(&m, 88, 2);
	at = m.length;
	m.length += 10;
	authenticate(&m, user, "CORP");
	le_at(&m, at, m.length - m.header - 88, 2);
	say(b, 0, &m);
	if (status) {
		error2(b, 1, id, status);
		return;
	}
	one2(&m, 1, RESPONSE, id, 0, 0);
	le(&m, 9, 2);
	m.length += 6;
	say(b, 1, &m);
}

static void tree2(struct bench *b, uint64_t id, const char *path, uint32_t tree, unsigned type)
{
	struct bytes m;

	one2(&m, 3, REQUEST, id, 0, 0);
	le(&m, 9, 2);
	le(&m, 0, 2);
	le(&m, 72, 2);
	le(&m, 2 * strlen(path), 2);
	wide(&m, path);
	say(b, 0, &m);
	one2(&m, 3, RESPONSE, id, tree, 0);
	le(&m, 16, 2);
	le(&m, type, 1);
	m.length += 13;
	say(b, 1, &m);
}

static void create_body(struct bytes *m, const char *name, unsigned disposition, unsigned options)
{
	le(m, 57, 2);
	m->length += 34;
	le(m, disposition, 4);
	le(m, options, 4);
	le(m, 120, 2);
	le(m, 2 * strlen(name), 2);
	m->length += 8;
	wide(m, name);
}

static void created_body(struct bytes *m, unsigned action, uint64_t file)
{
	le(m, 89, 2);
	m->length += 2;
	le(m, action, 4);
	m->length += 40;
	le(m, 0, 8);
	le(m, 0, 4);
	m->length += 4;
	le(m, file, 8);
	le(m, file, 8);
	m->length += 8;
}

static void create2(struct bench *b, uint64_t id, const char *name, unsigned action, uint64_t file)
{
	struct bytes m;

	one2(&m, 5, REQUEST, id, 1, 0);
	create_body(&m, name, action == 1 ? 1 : 5, 0);
	say(b, 0, &m);
	one2(&m, 5, RESPONSE, id, 1, 0);
	created_body(&m, action, file);
	say(b, 1, &m);
}

static void write_body(struct bytes *m, uint64_t file, uint64_t offset, const void *data,
		       size_t length)
{
	le(m, 49, 2);
	le(m, 112, 2);
	le(m, length, 4);
	le(m, offset, 8);
	le(m, file, 8);
	le(m, file, 8);
	m->length += 16;
	raw(m, data, length);
}

static void write2(struct bench *b, uint64_t id, uint64_t file, uint64_t offset, const void *data,
		   size_t length)
{
	struct bytes m;

	one2(&m, 9, REQUEST, id, 1, 0);
	write_body(&m, file, offset, data, length);
	say(b, 0, &m);
	one2(&m, 9, RESPONSE, id, 1, 0);
	le(&m, 17, 2);
	m.length += 15;
	say(b, 1, &m);
}

static void set_info2(struct bench *b, uint64_t id, uint64_t file, unsigned class, const void *info,
		      size_t length)
{
	struct bytes m;

	one2(&m, 17, REQUEST, id, 1, 0);
	le(&m, 33, 2);
	le(&m, 1, 1);
	le(&m, class, 1);
	le(&m, length, 4);
	le(&m, 96, 2);
	m.length += 6;
	le(&m, file, 8);
	le(&m, file, 8);
	raw(&m, info, length);
	say(b, 0, &m);
	one2(&m, 17, RESPONSE, id, 1, 0);
	le(&m, 2, 2);
	say(b, 1, &m);
}

/* Share 1 is \\h\ADMIN$. */
static void begin2(struct bench *b)
{
	negotiate2(b, 0x210);
	tree2(b, 2, "\\\\h\\ADMIN$", 1, 1);
	b->told[0] = '\0';
}

/* ---- SMB 2 and 3 ---- */

static void versions_are_told_by_the_dialect(void **state)
{
	struct bench *b = *state;

	negotiate2(b, 0x2ff);
	bench_assert_told(b, "");
	negotiate2(b, 0x311);
	bench_assert_told(b, " v3 negotiate STATUS_SUCCESS|");
}

static void logins_are_told_with_their_outcome(void **state)
{
	struct bench *b = *state;

	login2(b, 1, "eve", 0xc000006d);
	bench_assert_told(b, "login v2 session_setup by:CORP\\eve failure STATUS_LOGON_FAILURE|");
	login2(b, 2, "ann", 0xc0000016);
	bench_assert_told(b, "");
	login2(b, 3, "ann", 0);
	bench_assert_told(b, "login v2 session_setup by:CORP\\ann success STATUS_SUCCESS|");
	tree2(b, 4, "\\\\h\\C$", 9, 1);
	bench_assert_told(b, " v2 tree_connect \\\\h\\C$ by:CORP\\ann STATUS_SUCCESS|");
}

static void a_file_has_the_name_that_it_was_opened_by(void **state)
{
	struct bench *b = *state;

	begin2(b);
	create2(b, 3, "temp\\svc.exe", 2, 41);
	bench_assert_told(
		b, " v2 create \\\\h\\ADMIN$ temp\\svc.exe name:svc.exe .exe STATUS_SUCCESS|");
	write2(b, 4, 41, 0, "MZ\x90\0", 4);
	bench_assert_told(b, " v2 write \\\\h\\ADMIN$ temp\\svc.exe name:svc.exe .exe is:pe "
			     "STATUS_SUCCESS|");
	write2(b, 5, 41, 4, "more", 4);
	write2(b, 6, 41, 0, "again", 5);
	bench_assert_told(b, "");
}

static void first_bytes_that_come_late_are_told_too(void **state)
{
	struct bench *b = *state;

	begin2(b);
	create2(b, 3, "a", 1, 41);
	b->told[0] = '\0';
	write2(b, 4, 41, 8, "rest", 4);
	bench_assert_told(b, " v2 write \\\\h\\ADMIN$ a name:a STATUS_SUCCESS|");
	write2(b, 5, 41, 0,
	       "\x7f"
	       "ELF",
	       4);
	bench_assert_told(b, " v2 write \\\\h\\ADMIN$ a name:a is:elf STATUS_SUCCESS|");
}

static void what_was_asked_for_is_not_what_was_done(void **state)
{
	struct bench *b = *state;
	struct bytes m;

	begin2(b);
	create2(b, 3, "old.exe", 1, 41);
	bench_assert_told(b, " v2 open \\\\h\\ADMIN$ old.exe name:old.exe .exe STATUS_SUCCESS|");
	one2(&m, 5, REQUEST, 4, 1, 0);
	create_body(&m, "no.exe", 2, 0);
	say(b, 0, &m);
	error2(b, 5, 4, 0xc0000022);
	bench_assert_told(b,
			  " v2 create \\\\h\\ADMIN$ no.exe name:no.exe .exe STATUS_ACCESS_DENIED|");
}

static void without_an_answer_a_request_is_told_in_time(void **state)
{
	struct bench *b = *state;
	struct bytes m;

	begin2(b);
	one2(&m, 5, REQUEST, 3, 1, 0);
	create_body(&m, "a.exe", 5, 0);
	say(b, 0, &m);
	error2(b, 5, 3, 0x103); /* pending */
	decode_advance(b->decode, DECODE_HOLD - 1);
	bench_assert_told(b, "");
	decode_advance(b->decode, DECODE_HOLD);
	bench_assert_told(b, " v2 create \\\\h\\ADMIN$ a.exe name:a.exe .exe|");
	one2(&m, 5, RESPONSE, 3, 0, 0);
	created_body(&m, 2, 50);
	say(b, 1, &m);
	bench_assert_told(b, "");
	write2(b, 4, 50, 0, "#!/bin/sh", 9);
	bench_assert_told(
		b, " v2 write \\\\h\\ADMIN$ a.exe name:a.exe .exe is:script STATUS_SUCCESS|");
}

static void commands_of_one_message_share_the_file(void **state)
{
	struct bench *b = *state;
	struct bytes m;

	begin2(b);
	one2(&m, 5, REQUEST, 10, 1, 0);
	create_body(&m, "x.dll", 2, 0);
	chain(&m);
	header2(&m, 9, RELATED, 11, UINT32_MAX, 0);
	write_body(&m, UINT64_MAX, 0, "MZ", 2);
	say(b, 0, &m);
	one2(&m, 5, RESPONSE, 10, 1, 0);
	created_body(&m, 2, 60);
	chain(&m);
	header2(&m, 9, RESPONSE | RELATED, 11, 1, 0);
	le(&m, 17, 2);
	m.length += 15;
	say(b, 1, &m);
	bench_assert_told(b, " v2 create \\\\h\\ADMIN$ x.dll name:x.dll .dll STATUS_SUCCESS|"
			     " v2 write \\\\h\\ADMIN$ x.dll name:x.dll .dll is:pe STATUS_SUCCESS|");
	write2(b, 12, 60, 0, "MZ", 2); /* told already */
	bench_assert_told(b, "");
}

static void one_number_for_two_commands_of_a_message_confuses_nobody(void **state)
{
	struct bench *b = *state;
	struct bytes m;

	begin2(b);
	one2(&m, 5, REQUEST, 10, 1, 0);
	create_body(&m, "x.dll", 2, 0);
	chain(&m);
	header2(&m, 9, RELATED, 10, UINT32_MAX, 0);
	write_body(&m, UINT64_MAX, 0, "MZ", 2);
	say(b, 0, &m);
	decode_finish(b->decode);
	bench_assert_told(b, " v2 create \\\\h\\ADMIN$ x.dll name:x.dll .dll|");
}

static void deleting_and_renaming(void **state)
{
	struct bench *b = *state;
	struct bytes info = {.length = 0};

	begin2(b);
	create2(b, 3, "a.tmp", 2, 41);
	b->told[0] = '\0';
	info.length = 16;
	le(&info, 10, 4);
	wide(&info, "b.exe");
	set_info2(b, 4, 41, 10, info.at, info.length);
	bench_assert_told(b, " v2 rename \\\\h\\ADMIN$ b.exe name:b.exe .exe renamed from a.tmp "
			     "STATUS_SUCCESS|");
	set_info2(b, 5, 41, 13, "\1", 1);
	bench_assert_told(b, " v2 delete \\\\h\\ADMIN$ a.tmp name:a.tmp .tmp STATUS_SUCCESS|");
	set_info2(b, 6, 41, 13, "\0", 1);
	bench_assert_told(b, "");
}

/* ---- what is not all there ---- */

static void a_large_write_is_cut_and_the_next_message_is_found(void **state)
{
	struct bench *b = *state;
	static uint8_t data[4000] = "MZ";
	struct bytes m;

	begin2(b);
	create2(b, 3, "svc.exe", 2, 41);
	b->told[0] = '\0';
	one2(&m, 9, REQUEST, 4, 1, 0);
	write_body(&m, 41, 0, data, sizeof(data));
	frame_end(&m);
	/* Three packets, of which only the first begins a message. */
	packet(b, 0, m.at, 1460, PAYLOAD_SMB_BYTES, 5000);
	b->sent[0] += (uint32_t)m.length - 1460;
	one2(&m, 5, REQUEST, 5, 1, 0);
	create_body(&m, "next.exe", 2, 0);
	frame_end(&m);
	packet(b, 0, m.at, m.length, m.length, 9000);
	decode_finish(b->decode);
	bench_assert_told(b, " v2 write \\\\h\\ADMIN$ svc.exe name:svc.exe .exe is:pe|"
			     " v2 create \\\\h\\ADMIN$ next.exe name:next.exe .exe|");
}

static void after_a_message_that_never_came_the_next_is_found(void **state)
{
	struct bench *b = *state;
	struct bytes m;

	begin2(b);
	b->sent[0] += 777; /* whatever it was */
	packet(b, 0, (const uint8_t *)"in the middle of it", 19, 19, 6000);
	one2(&m, 5, REQUEST, 5, 1, 0);
	create_body(&m, "next.exe", 2, 0);
	frame_end(&m);
	packet(b, 0, m.at, m.length, m.length, 9000);
	decode_finish(b->decode);
	bench_assert_told(b, " v2 create \\\\h\\ADMIN$ next.exe name:next.exe .exe|");
}

static void what_is_missing_may_hide_the_beginning_of_another(void **state)
{
	struct bench *b = *state;
	static uint8_t data[1000] = "MZ";
	struct bytes m;

	begin2(b);
	one2(&m, 9, REQUEST, 4, 1, 0);
	write_body(&m, 41, 0, data, sizeof(data));
	frame_end(&m);
	packet(b, 0, m.at, 200, 200, 5000);
	b->sent[0] += (uint32_t)m.length - 200 + 700; /* and a message that never came */
	packet(b, 0, (const uint8_t *)"\0\0\4\0 is no frame", 16, 16, 8000);
	one2(&m, 5, REQUEST, 5, 1, 0);
	create_body(&m, "next.exe", 2, 0);
	frame_end(&m);
	packet(b, 0, m.at, m.length, m.length, 9000);
	decode_finish(b->decode);
	bench_assert_told(b, " v2 write \\\\h\\ADMIN$ is:pe|"
			     " v2 create \\\\h\\ADMIN$ next.exe name:next.exe .exe|");
}

static void messages_may_be_split_anywhere(void **state)
{
	struct bench *b = *state;
	struct bytes m;

	one2(&m, 3, REQUEST, 1, 0, 0);
	le(&m, 9, 2);
	le(&m, 0, 2);
	le(&m, 72, 2);
	le(&m, 12, 2);
	wide(&m, "\\\\h\\C$");
	frame_end(&m);
	for (size_t i = 0; i < m.length; i++)
		packet(b, 0, m.at + i, 1, 1, i);
	decode_finish(b->decode);
	bench_assert_told(b, " v2 tree_connect \\\\h\\C$|");
}

/* What is encrypted has a header of its own, 52 bytes. */
static void of_what_is_encrypted_nothing_is_told(void **state)
{
	struct bench *b = *state;
	struct bytes m;

	negotiate2(b, 0x311);
	b->told[0] = '\0';
	frame(&m);
	raw(&m, "\xfdSMB", 4);
	m.length += 48;
	raw(&m, "\0\0\0\x40\xfeSMB\x40\0 and so on", 18);
	say(b, 0, &m);
	bench_assert_told(b, "");
	tree2(b, 4, "\\\\h\\C$", 9, 1);
	bench_assert_told(b, " v3 tree_connect \\\\h\\C$ STATUS_SUCCESS|");
}

/* ---- remote calls ---- */

static const uint8_t services[16] = {0x81, 0xbb, 0x7a, 0x36, 0x44, 0x98, 0xf1, 0x35,
				     0xad, 0x32, 0x98, 0xf0, 0x38, 0x00, 0x10, 0x03};

static void rpc(struct bytes *m, unsigned type, unsigned auth)
{
	memset(m, 0, sizeof(*m));
	raw(m, "\5\0\0\3\x10\0\0\0", 8);
	m->at[2] = (uint8_t)type;
	le(m, 0, 2);
	le(m, auth, 2);
	le(m, 1, 4);
}

static void rpc_end(struct bytes *m)
{
	le_at(m, 8, m->length, 2);
}

static void rpc_string(struct bytes *m, const char *text)
{
	size_t count = strlen(text) + 1;

	le(m, count, 4);
	le(m, 0, 4);
	le(m, count, 4);
	wide(m, text);
	le(m, 0, 2);
	while (m->length % 4)
		m->length++;
}

static void create_service(struct bytes *m, unsigned number)
{
	rpc(m, 0, 0);
	le(m, 0, 4);
	le(m, 0, 2);
	le(m, number, 2);
	m->length += 20;
	rpc_string(m, "Updater");
	le(m, 0x20000, 4);
	rpc_string(m, "The updater");
	m->length += 16;
	rpc_string(m, "C:\\Windows\\u.exe -k x");
	rpc_end(m);
}

static void ioctl2(struct bench *b, uint64_t id, uint64_t file, const struct bytes *data)
{
	struct bytes m;

	one2(&m, 11, REQUEST, id, 1, 0);
	le(&m, 57, 2);
	le(&m, 0, 2);
	le(&m, 0x11c017, 4);
	le(&m, file, 8);
	le(&m, file, 8);
	le(&m, 120, 4);
	le(&m, data->length, 4);
	m.length += 24;
	raw(&m, data->at, data->length);
	say(b, 0, &m);
}

#define SERVICE_TOLD                                                                               \
	" v2 create_service \\\\h\\IPC$ C:\\Windows\\u.exe -k x name:u.exe .exe service Updater|"

static void services_are_made_over_their_pipe(void **state)
{
	struct bench *b = *state;
	struct bytes call;

	negotiate2(b, 0x210);
	tree2(b, 2, "\\\\h\\IPC$", 1, 2);
	create2(b, 3, "svcctl", 1, 41);
	b->told[0] = '\0';
	create_service(&call, 12);
	write2(b, 4, 41, 0, call.at, call.length);
	bench_assert_told(b, SERVICE_TOLD);
	create_service(&call, 45);
	ioctl2(b, 5, 41, &call);
	bench_assert_told(b, SERVICE_TOLD);
	create_service(&call, 13);
	ioctl2(b, 6, 41, &call);
	bench_assert_told(b, "");
}

static void an_interface_is_known_on_any_pipe_once_it_is_bound(void **state)
{
	struct bench *b = *state;
	struct bytes call, bound;

	negotiate2(b, 0x210);
	tree2(b, 2, "\\\\h\\IPC$", 1, 2);
	create2(b, 3, "ntsvcs", 1, 41);
	b->told[0] = '\0';
	create_service(&call, 12);
	write2(b, 4, 41, 0, call.at, call.length);
	bench_assert_told(b, "");
	rpc(&bound, 11, 0);
	le(&bound, 0, 8);
	le(&bound, 1, 4);
	le(&bound, 0, 2);
	le(&bound, 1, 2);
	raw(&bound, services, 16);
	bound.length += 24;
	rpc_end(&bound);
	write2(b, 5, 41, 0, bound.at, bound.length);
	write2(b, 6, 41, 0, call.at, call.length);
	bench_assert_told(b, SERVICE_TOLD);
}

static void a_sealed_call_is_told_without_names(void **state)
{
	struct bench *b = *state;
	struct bytes call;

	negotiate2(b, 0x210);
	tree2(b, 2, "\\\\h\\IPC$", 1, 2);
	create2(b, 3, "svcctl", 1, 41);
	b->told[0] = '\0';
	create_service(&call, 12);
	raw(&call, "\x0a\6\0\0\0\0\0\0sealsealsealseal", 24);
	le_at(&call, 10, 16, 2);
	rpc_end(&call);
	write2(b, 4, 41, 0, call.at, call.length);
	bench_assert_told(b, " v2 create_service \\\\h\\IPC$|");
}

static void a_pipe_that_breaks_off_is_counted(void **state)
{
	struct bench *b = *state;

	negotiate2(b, 0x210);
	tree2(b, 2, "\\\\h\\IPC$", 1, 2);
	create2(b, 3, "svcctl", 1, 41);
	write2(b, 4, 41, 0, "\5\0\0", 3);
	assert_int_equal(bench_malformed(b, "smb", "a remote call that is cut or none"), 1);
}

/* ---- malformed ---- */

static void lies_are_counted_by_kind(void **state)
{
	struct bench *b = *state;
	struct bytes m;

	begin2(b);
	one2(&m, 3, REQUEST, 9, 0, 0);
	le(&m, 9, 2);
	le(&m, 0, 2);
	le(&m, 72, 2);
	le(&m, 4000, 2);
	say(b, 0, &m);
	assert_int_equal(bench_malformed(b, "smb", "an offset or a length beyond the message"), 1);
	one2(&m, 9, REQUEST, 9, 0, 0);
	le(&m, 48, 2);
	m.length += 46;
	say(b, 0, &m);
	assert_int_equal(bench_malformed(b, "smb", "a structure of a wrong size"), 1);
	frame(&m);
	raw(&m, "\xfeSMB\x40", 5);
	say(b, 0, &m);
	assert_int_equal(bench_malformed(b, "smb", "a message shorter than its header"), 1);
	one2(&m, 3, RESPONSE, 9, 0, 0);
	say(b, 0, &m);
	assert_int_equal(bench_malformed(b, "smb",
					 "a request from the server, or an answer from the client"),
			 1);
}

static void a_chain_that_turns_back_is_an_anomaly(void **state)
{
	struct bench *b = *state;
	struct bytes m;

	for (unsigned i = 0; i < 3; i++) {
		static const uint32_t steps[] = {8, 65, 4000};

		one2(&m, 13, REQUEST, 9, 0, 0);
		le(&m, 4, 4);
		le_at(&m, m.header + 20, steps[i], 4);
		say(b, 0, &m);
		bench_assert_told(b, " ! smb: a next command that does not follow|");
	}
}

static void a_chain_ends(void **state)
{
	struct bench *b = *state;
	struct bytes m;

	frame(&m);
	for (unsigned i = 0; i < 60; i++) {
		header2(&m, 13, REQUEST, i, 0, 0);
		le(&m, 4, 4);
		chain(&m);
	}
	header2(&m, 13, REQUEST, 99, 0, 0);
	le(&m, 4, 4);
	say(b, 0, &m);
	/* Beyond what is looked at of a message nothing is said of it. */
	bench_assert_told(b, " ! smb: more commands in a message than are followed|");
}

static void what_is_open_is_bounded(void **state)
{
	struct bench *b = *state;
	char name[200];

	begin2(b);
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (unsigned i = 0; i < 100; i++) {
		create2(b, 10 + i, name, 2, 100 + i);
		b->told[0] = '\0';
	}
	assert_true(bench_malformed(b, "smb", "more open at once than is remembered") > 40);
	write2(b, 500, 199, 0, "MZ", 2);
	assert_non_null(strstr(b->told, "nnn"));
	b->told[0] = '\0';
	write2(b, 501, 100, 0, "MZ", 2); /* forgotten: without a name */
	bench_assert_told(b, " v2 write \\\\h\\ADMIN$ is:pe STATUS_SUCCESS|");
}

/* ---- SMB 1 ---- */

static void header1(struct bytes *m, unsigned command, bool answer, unsigned mid, unsigned tree,
		    uint32_t status)
{
	frame(m);
	m->header = m->length;
	raw(m, "\xffSMB", 4);
	le(m, command, 1);
	le(m, status, 4);
	le(m, answer ? 0x80 : 0, 1);
	le(m, 0xc000, 2);
	m->length += 12;
	le(m, tree, 2);
	le(m, 5, 2);
	le(m, 6, 2);
	le(m, mid, 2);
}

static size_t words1(struct bytes *m, unsigned count)
{
	size_t at = m->length + 1;

	le(m, count, 1);
	m->length += 2 * (size_t)count;
	le(m, 0, 2); /* bytes: see bytes1() */
	return at;
}

static void bytes1(struct bytes *m, size_t words, unsigned count)
{
	size_t at = words + 2 * (size_t)count;

	le_at(m, at, m->length - at - 2, 2);
}

static void even(struct bytes *m)
{
	if ((m->length - m->header) % 2)
		m->length++;
}

static void tree1(struct bench *b, unsigned mid, const char *path, unsigned tree)
{
	struct bytes m;
	size_t w;

	header1(&m, 0x75, false, mid, 0, 0);
	w = words1(&m, 4);
	m.at[w] = 0xff;
	le_at(&m, w + 6, 1, 2);
	le(&m, 0, 1);
	even(&m);
	wide(&m, path);
	le(&m, 0, 2);
	raw(&m, "?????", 6);
	bytes1(&m, w, 4);
	say(b, 0, &m);
	header1(&m, 0x75, true, mid, tree, 0);
	w = words1(&m, 3);
	m.at[w] = 0xff;
	raw(&m, "A:", 3);
	bytes1(&m, w, 3);
	say(b, 1, &m);
}

static void create1(struct bench *b, unsigned mid, const char *name, unsigned fid)
{
	struct bytes m;
	size_t w;

	header1(&m, 0xa2, false, mid, 3, 0);
	w = words1(&m, 24);
	m.at[w] = 0xff;
	le_at(&m, w + 5, 2 * strlen(name), 2);
	le_at(&m, w + 35, 5, 4);
	even(&m);
	wide(&m, name);
	bytes1(&m, w, 24);
	say(b, 0, &m);
	header1(&m, 0xa2, true, mid, 3, 0);
	w = words1(&m, 34);
	m.at[w] = 0xff;
	le_at(&m, w + 5, fid, 2);
	le_at(&m, w + 7, 2, 4);
	say(b, 1, &m);
}

static void the_first_version_tells_the_same(void **state)
{
	struct bench *b = *state;
	struct bytes m;
	size_t w;

	b->port = 139;
	packet(b, 0,
	       (const uint8_t *)"\x81\0\0\x44 CKFDENECFDEFFCFGEFFCCACACACACACA\0 "
				"EMEJFICACACACACACACACACACACACACA\0",
	       72, 72, 0);
	packet(b, 1, (const uint8_t *)"\x82\0\0\0", 4, 4, 0);
	tree1(b, 2, "\\\\h\\C$", 3);
	bench_assert_told(b, " v1 tree_connect \\\\h\\C$ STATUS_SUCCESS|");
	create1(b, 3, "\\a\\svc.exe", 0x4001);
	bench_assert_told(b, " v1 create \\\\h\\C$ \\a\\svc.exe name:svc.exe .exe STATUS_SUCCESS|");
	header1(&m, 0x2f, false, 4, 3, 0);
	w = words1(&m, 14);
	m.at[w] = 0xff;
	le_at(&m, w + 4, 0x4001, 2);
	le_at(&m, w + 20, 2, 2);
	le_at(&m, w + 22, m.length - m.header, 2);
	raw(&m, "MZ", 2);
	bytes1(&m, w, 14);
	say(b, 0, &m);
	header1(&m, 0x2f, true, 4, 3, 0);
	w = words1(&m, 6);
	m.at[w] = 0xff;
	say(b, 1, &m);
	bench_assert_told(
		b, " v1 write \\\\h\\C$ \\a\\svc.exe name:svc.exe .exe is:pe STATUS_SUCCESS|");
	header1(&m, 6, false, 5, 3, 0);
	w = words1(&m, 1);
	le(&m, 4, 1);
	even(&m);
	wide(&m, "\\a\\old.txt");
	le(&m, 0, 2);
	bytes1(&m, w, 1);
	say(b, 0, &m);
	header1(&m, 6, true, 5, 3, 0);
	words1(&m, 0);
	say(b, 1, &m);
	bench_assert_told(b, " v1 delete \\\\h\\C$ \\a\\old.txt name:old.txt .txt STATUS_SUCCESS|");
}

/* Log-in and share in one message, answered by one. */
static void chained_commands_are_read(void **state)
{
	struct bench *b = *state;
	struct bytes m;
	size_t w, w2;

	header1(&m, 0x73, false, 2, 0xffff, 0);
	w = words1(&m, 13);
	m.at[w] = 0x75;
	le_at(&m, w + 14, 3, 2);
	raw(&m, "pwd", 3);
	even(&m);
	wide(&m, "ann");
	le(&m, 0, 2);
	wide(&m, "CORP");
	le(&m, 0, 2);
	bytes1(&m, w, 13);
	le_at(&m, w + 2, m.length - m.header, 2);
	w2 = words1(&m, 4);
	m.at[w2] = 0xff;
	le_at(&m, w2 + 6, 1, 2);
	le(&m, 0, 1);
	even(&m);
	wide(&m, "\\\\h\\D$");
	le(&m, 0, 2);
	bytes1(&m, w2, 4);
	say(b, 0, &m);
	header1(&m, 0x73, true, 2, 8, 0);
	w = words1(&m, 3);
	m.at[w] = 0x75;
	le_at(&m, w + 2, m.length - m.header, 2);
	w2 = words1(&m, 3);
	m.at[w2] = 0xff;
	say(b, 1, &m);
	bench_assert_told(b, "login v1 session_setup by:CORP\\ann success STATUS_SUCCESS|"
			     " v1 tree_connect \\\\h\\D$ STATUS_SUCCESS|");
}

static void a_chain_of_the_first_version_that_turns_back_is_an_anomaly(void **state)
{
	struct bench *b = *state;
	struct bytes m;
	size_t w;

	header1(&m, 0x74, false, 2, 0xffff, 0);
	w = words1(&m, 2);
	m.at[w] = 0x74;
	le_at(&m, w + 2, 32, 2);
	say(b, 0, &m);
	bench_assert_told(b, " ! smb: a chained command that does not follow|");
}

static void other_things_on_its_port_are_not_followed(void **state)
{
	struct bench *b = *state;

	packet(b, 0, (const uint8_t *)"GET / HTTP/1.0\r\n\r\n", 18, 18, 0);
	packet(b, 1, (const uint8_t *)"\0\0\0\x50no message at all", 22, 22, 0);
	bench_assert_told(b, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, bench_tear_down)
		CASE(versions_are_told_by_the_dialect),
		CASE(logins_are_told_with_their_outcome),
		CASE(a_file_has_the_name_that_it_was_opened_by),
		CASE(first_bytes_that_come_late_are_told_too),
		CASE(what_was_asked_for_is_not_what_was_done),
		CASE(without_an_answer_a_request_is_told_in_time),
		CASE(commands_of_one_message_share_the_file),
		CASE(one_number_for_two_commands_of_a_message_confuses_nobody),
		CASE(deleting_and_renaming),
		CASE(a_large_write_is_cut_and_the_next_message_is_found),
		CASE(after_a_message_that_never_came_the_next_is_found),
		CASE(what_is_missing_may_hide_the_beginning_of_another),
		CASE(messages_may_be_split_anywhere),
		CASE(of_what_is_encrypted_nothing_is_told),
		CASE(services_are_made_over_their_pipe),
		CASE(an_interface_is_known_on_any_pipe_once_it_is_bound),
		CASE(a_sealed_call_is_told_without_names),
		CASE(a_pipe_that_breaks_off_is_counted),
		CASE(lies_are_counted_by_kind),
		CASE(a_chain_that_turns_back_is_an_anomaly),
		CASE(a_chain_ends),
		CASE(what_is_open_is_bounded),
		CASE(the_first_version_tells_the_same),
		CASE(chained_commands_are_read),
		CASE(a_chain_of_the_first_version_that_turns_back_is_an_anomaly),
		CASE(other_things_on_its_port_are_not_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
