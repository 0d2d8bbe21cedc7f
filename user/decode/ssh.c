/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SSH 2 (RFC 4253) on any port: what both ends are and how they agree on keys, in the clear; and,
 * by the sizes of what follows, log-ins. A `login` event with outcome "unknown" tells that a
 * connection was begun, one with "failure" each guess, one with "success" that it is in.
 */
#include <stdlib.h>

#include "decode/ssh_login.h"

#define PACKET_HEAD 6 /* length, padding, message number */
#define PACKET_MAX  35000
#define KEXINIT_MAX 4096
#define LINE_MAX    512 /* RFC 4253 says 255; lines before the server's own are not longer */
#define LINES_MAX   16
#define NAME_MAX    128

enum { MESSAGE_KEXINIT = 20, MESSAGE_NEWKEYS = 21 };

enum { NO_BANNER, LONG_LINE, NO_PACKET, LONG_KEXINIT, LENGTHS };

static const char *const malformed[] = {
	[NO_BANNER] = "no banner where one belongs",
	[LONG_LINE] = "a line over 512 bytes",
	[NO_PACKET] = "no packet where one belongs",
	[LONG_KEXINIT] = "a key exchange over 4 KiB",
	[LENGTHS] = "lengths that lie",
	NULL,
};

struct ssh {
	struct held *held;
	uint8_t *kexinit[2]; /* by side; given up once both are there */
	uint32_t kexinit_length[2];
	uint32_t next[2]; /* sequence number behind what was counted */
	bool counted[2];  /* `next` is set */
	bool named[2];	  /* its banner was read */
	uint8_t lines;	  /* before the server's banner */
	bool old;	  /* SSH 1: nothing more is read */
	bool told;
	bool agreed;   /* `login` can tell sizes */
	bool keyed[2]; /* its new keys are in use */
	bool inside;   /* the client's came within the packet at hand */
	uint8_t name_length[2];
	char name[2][NAME_MAX];
	char hassh[2][HASSH_TEXT]; /* empty: not known */
	struct ssh_login login;
};

static enum verdict recognise(const struct glimpse *g)
{
	enum verdict verdict = NOT_MINE;

	for (int side = 0; side < 2; side++) {
		uint32_t length = g->length[side] < 4 ? g->length[side] : 4;

		if (memcmp("SSH-", length ? (const char *)g->bytes[side] : "SSH-", length))
			continue;
		if (length == 4)
			return MINE;
		verdict = PERHAPS;
	}
	return verdict;
}

/* ---- what is told ---- */

static void put_facts(const struct ssh *ssh, struct event *e)
{
	const char *hassh = ssh->hassh[SIDE_CLIENT], *server = ssh->hassh[SIDE_SERVER];

	if (ssh->named[SIDE_CLIENT])
		event_set(e, SSH_CLIENT, ssh_client,
			  text_of(ssh->name[SIDE_CLIENT], ssh->name_length[SIDE_CLIENT]));
	if (ssh->named[SIDE_SERVER])
		event_set(e, SSH_SERVER, ssh_server,
			  text_of(ssh->name[SIDE_SERVER], ssh->name_length[SIDE_SERVER]));
	if (*hassh)
		event_set(e, SSH_HASSH, ssh_hassh, text_of(hassh, HASSH_TEXT - 1));
	if (*server)
		event_set(e, SSH_HASSH_SERVER, ssh_hassh_server, text_of(server, HASSH_TEXT - 1));
}

static void put_outcome(struct event *e, const char *outcome)
{
	event_set(e, EVENT_OUTCOME, event_outcome, text_string(outcome));
	event_set(e, EVENT_PROVIDER, event_provider, text_of("packets", 7));
}

/* As soon as one end has said what it is; the event waits for the rest. */
static void tell_begin(struct talk *talk)
{
	struct ssh *ssh = talk->state;
	struct event *e;

	if (ssh->told) {
		e = talk_resume(talk, &ssh->held);
		if (!e)
			return;
	} else {
		e = talk_event(talk, SERVICE_LOGIN);
		put_outcome(e, "unknown");
	}
	put_facts(ssh, e);
	if (*ssh->hassh[0] && *ssh->hassh[1])
		talk_tell(talk, e);
	else
		talk_hold(talk, e, &ssh->held);
	ssh->told = true;
}

static void tell_outcome(struct talk *talk, const char *outcome, unsigned count)
{
	struct ssh *ssh = talk->state;
	struct event *e;

	talk_release(talk, &ssh->held);
	e = talk_event(talk, SERVICE_LOGIN);
	put_facts(ssh, e);
	put_outcome(e, outcome);
	if (count > 1)
		event_set(e, EVENT_COUNT, event_count, count);
	talk_tell(talk, e);
}

/* ---- in the clear ---- */

/* These begin with a password; others ask for the methods first. */
static bool never_asks(const struct ssh *ssh)
{
	static const char *const names[] = {"paramiko", NULL};

	for (const char *const *name = names; *name; name++)
		if (ssh->name_length[SIDE_CLIENT] >= strlen(*name) &&
		    !memcmp(ssh->name[SIDE_CLIENT], *name, strlen(*name)))
			return true;
	return false;
}

static void banner(struct talk *talk, enum side side, const char *line, size_t length)
{
	struct ssh *ssh = talk->state;
	const char *dash = memchr(line + 4, '-', length - 4);
	size_t used = 0;

	/* SSH-2.0-SOFTWARE COMMENTS: a version without one is told as it stands. */
	if (dash) {
		length -= (size_t)(dash + 1 - line);
		ssh->old = line[4] == '1' && !(dash - line == 8 && !memcmp(line + 4, "1.99", 4));
		line = dash + 1;
	}
	while (used < length && used < NAME_MAX) {
		ssh->name[side][used] = (unsigned char)line[used] < ' ' ? '?' : line[used];
		used++;
	}
	ssh->name_length[side] = (uint8_t)used;
	ssh->named[side] = true;
	tell_begin(talk);
	if (ssh->old)
		talk_done(talk);
}

static void give_up(struct talk *talk, unsigned kind)
{
	talk_malformed(talk, kind);
	talk_done(talk);
}

static size_t line(struct talk *talk, enum side side, const uint8_t *bytes, size_t length)
{
	struct ssh *ssh = talk->state;
	const uint8_t *end = memchr(bytes, '\n', length < LINE_MAX ? length : LINE_MAX);
	size_t used = end ? (size_t)(end - bytes) : 0, whole = used + 1;

	if (!end) {
		if (length >= LINE_MAX)
			give_up(talk, LONG_LINE);
		return 0;
	}
	if (used && bytes[used - 1] == '\r')
		used--;
	if (used >= 4 && !memcmp(bytes, "SSH-", 4))
		banner(talk, side, (const char *)bytes, used);
	else if (side == SIDE_CLIENT || ++ssh->lines > LINES_MAX)
		give_up(talk, NO_BANNER);
	return whole;
}

static void agree(struct talk *talk)
{
	struct ssh *ssh = talk->state;
	struct ssh_kex kex[2];

	for (int side = 0; side < 2; side++)
		ssh_kex_read(ssh->kexinit[side], ssh->kexinit_length[side], &kex[side]);
	ssh->agreed = true;
	for (int side = 0; side < 2; side++)
		ssh->agreed &= ssh_sizes_agree(&kex[SIDE_CLIENT], &kex[SIDE_SERVER],
					       (enum side)side, &ssh->login.sizes[side]);
	ssh->login.never_asks = never_asks(ssh);
	ssh->login.server_is_openssh =
		ssh->name_length[SIDE_SERVER] >= 7 && !memcmp(ssh->name[SIDE_SERVER], "OpenSSH", 7);
	tell_begin(talk);
	if (!ssh->agreed)
		talk_done(talk);
}

static void kexinit(struct talk *talk, enum side side, const uint8_t *bytes, size_t length)
{
	struct ssh *ssh = talk->state;
	struct ssh_kex kex;

	if (ssh->kexinit[side])
		return; /* a second one is none of the first exchange */
	if (!ssh_kex_read(bytes, length, &kex)) {
		give_up(talk, LENGTHS);
		return;
	}
	ssh_hassh(&kex, side, ssh->hassh[side]);
	ssh->kexinit[side] = malloc(length);
	if (!ssh->kexinit[side]) {
		talk_done(talk);
		return;
	}
	memcpy(ssh->kexinit[side], bytes, length);
	ssh->kexinit_length[side] = (uint32_t)length;
	if (ssh->kexinit[!side])
		agree(talk);
}

/* A packet in the clear; only the first of them is read whole. */
static size_t packet_in_clear(struct talk *talk, enum side side, const uint8_t *bytes,
			      size_t length)
{
	struct ssh *ssh = talk->state;
	size_t whole;

	if (length < PACKET_HEAD)
		return 0;
	whole = 4 + ((size_t)bytes[0] << 24 | (size_t)bytes[1] << 16 | (size_t)bytes[2] << 8 |
		     bytes[3]);
	if (whole > PACKET_MAX || whole < 4 + PACKET_HEAD ||
	    (size_t)bytes[4] + PACKET_HEAD > whole) {
		give_up(talk, NO_PACKET);
		return length;
	}
	if (bytes[5] == MESSAGE_KEXINIT && whole > KEXINIT_MAX) {
		give_up(talk, LONG_KEXINIT);
		return length;
	}
	if (bytes[5] == MESSAGE_KEXINIT) {
		if (length < whole)
			return 0;
		kexinit(talk, side, bytes + PACKET_HEAD, whole - PACKET_HEAD);
		return whole;
	}
	if (bytes[5] == MESSAGE_NEWKEYS) {
		ssh->keyed[side] = true;
		ssh->inside |= side == SIDE_CLIENT;
		if (!ssh->agreed)
			talk_done(talk);
	}
	if (length >= whole)
		return whole;
	talk_skip(talk, side, whole - length);
	return length;
}

/* ---- encrypted ---- */

static void encrypted(struct talk *talk, enum side side, uint32_t bytes)
{
	struct ssh *ssh = talk->state;

	switch (ssh_login_packet(&ssh->login, side, bytes, talk->at)) {
	case SSH_NOTHING:
		return;
	case SSH_FAILURE:
		tell_outcome(talk, "failure", ssh->login.guesses);
		return;
	case SSH_SUCCESS:
		tell_outcome(talk, "success", 1);
		talk_done(talk);
		return;
	case SSH_CONFUSED:
		talk_done(talk);
		return;
	}
}

static size_t stream(struct talk *talk, enum side side, const uint8_t *bytes, size_t length)
{
	struct ssh *ssh = talk->state;

	if (ssh->keyed[side]) {
		/* What follows the new keys in their own packet was not counted yet. */
		if (ssh->inside && side == SIDE_CLIENT) {
			ssh->inside = false;
			encrypted(talk, side, (uint32_t)length);
		}
		return length;
	}
	return ssh->named[side] ? packet_in_clear(talk, side, bytes, length)
				: line(talk, side, bytes, length);
}

/* How much of it is new: segments come again. */
static uint32_t fresh(struct ssh *ssh, const struct payload_record *r, enum side side,
		      uint32_t carried)
{
	uint32_t end = r->seq + carried, beyond = end - ssh->next[side];

	if (ssh->counted[side] && (int32_t)beyond <= 0)
		return 0;
	if (!ssh->counted[side] || beyond > carried)
		beyond = carried;
	ssh->counted[side] = true;
	ssh->next[side] = end;
	return beyond;
}

static void packet(struct talk *talk, enum side side, uint32_t carried)
{
	struct ssh *ssh = talk->state;
	uint32_t bytes = fresh(ssh, talk->record, side, carried);

	ssh->inside = false;
	/* A server has said all of the exchange before the client's keys are in use. */
	if (ssh->keyed[SIDE_CLIENT] && bytes)
		encrypted(talk, side, bytes);
}

static void gap(struct talk *talk, enum side side, uint64_t missing)
{
	struct ssh *ssh = talk->state;

	(void)side;
	(void)missing;
	if (!ssh->keyed[SIDE_CLIENT])
		talk_done(talk);
}

static void end(struct talk *talk)
{
	struct ssh *ssh = talk->state;

	free(ssh->kexinit[0]);
	free(ssh->kexinit[1]);
}

const struct decoder decoder_ssh = {
	.protocol = "ssh",
	.over = OVER_TCP,
	.service = SERVICE_LOGIN,
	.state = sizeof(struct ssh),
	.recognise = recognise,
	.stream = stream,
	.gap = gap,
	.packet = packet,
	.end = end,
	.malformed = malformed,
};
