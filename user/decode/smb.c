/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SMB 1, 2 and 3 over TCP (MS-SMB, MS-SMB2, RFC 1001 and 1002): where messages begin, and which
 * version reads them. Of a message only its front is looked at; behind a conversation's opening
 * only packets that begin a message come, cut. What is encrypted stays so.
 */
#include <stdlib.h>

#include "decode/smb.h"

static const char *const malformed[] = {
	[SMB_FRAME] = "a frame that is none of NetBIOS",
	[SMB_SHORT] = "a message shorter than its header",
	[SMB_STRUCTURE] = "a structure of a wrong size",
	[SMB_OUTSIDE] = "an offset or a length beyond the message",
	[SMB_NEXT] = "a next command that does not follow",
	[SMB_ANDX] = "a chained command that does not follow",
	[SMB_CHAIN] = "more commands in a message than are followed",
	[SMB_WAY] = "a request from the server, or an answer from the client",
	[SMB_BLOB] = "a log-in whose names lie beyond it",
	[SMB_RPC] = "a remote call that is cut or none",
	[SMB_COMPRESSED] = "a compressed message, which is not read",
	[SMB_FORGOTTEN] = "more open at once than is remembered",
	NULL,
};

/* ---- frames (RFC 1002 4.3; over port 445 only messages) ---- */

enum frame_type {
	FRAME_MESSAGE = 0,
	FRAME_REQUEST = 0x81,
	FRAME_POSITIVE = 0x82,
	FRAME_NEGATIVE = 0x83,
	FRAME_RETARGET = 0x84,
	FRAME_ALIVE = 0x85,
};

#define FRAME_HEADER 4u
#define MAGIC_LENGTH 4u

static bool is_magic(const uint8_t *at)
{
	return at[0] >= 0xfc && !memcmp(at + 1, "SMB", 3);
}

static bool is_session_frame(uint8_t type)
{
	return type >= FRAME_REQUEST && type <= FRAME_ALIVE;
}

static bool frame_begins(const uint8_t *bytes, size_t length)
{
	if (length < FRAME_HEADER + MAGIC_LENGTH)
		return length >= FRAME_HEADER && is_session_frame(bytes[0]) && !bytes[1] &&
		       bytes[2] <= 1;
	return bytes[0] == FRAME_MESSAGE ? is_magic(bytes + FRAME_HEADER)
					 : is_session_frame(bytes[0]);
}

static enum verdict recognise_side(const struct glimpse *g, enum side side)
{
	const uint8_t *at = g->bytes[side];
	uint32_t length = g->length[side];

	if (!length)
		return PERHAPS;
	if (at[0] == FRAME_REQUEST && side == SIDE_CLIENT)
		/* Two names in the form of NetBIOS: each 32 characters behind its length. */
		return length < 5 ? PERHAPS : !at[1] && at[4] == 0x20 ? MINE : NOT_MINE;
	if (at[0] != FRAME_MESSAGE)
		return NOT_MINE;
	if (length < FRAME_HEADER + MAGIC_LENGTH)
		return PERHAPS;
	return is_magic(at + FRAME_HEADER) ? MINE : NOT_MINE;
}

static enum verdict recognise(const struct glimpse *g)
{
	enum verdict client = recognise_side(g, SIDE_CLIENT);
	enum verdict server = recognise_side(g, SIDE_SERVER);

	if (client == MINE || server == MINE)
		return MINE;
	if (client == PERHAPS && server == PERHAPS)
		return PERHAPS;
	/* Of one that was there before only the middle of a message may be seen at first. */
	if ((g->port == 445 || g->port == 139) && (client == PERHAPS || server == PERHAPS))
		return PERHAPS;
	return NOT_MINE;
}

/* ---- parts of a message ---- */

struct reader_bytes smb_part(const struct smb_message *m, uint64_t offset, uint64_t length)
{
	struct reader_bytes part = bytes_of(m->bytes + m->have, 0);

	if (offset > m->length || length > m->length - offset) {
		talk_malformed(m->talk, SMB_OUTSIDE);
		part.failed = true;
		return part;
	}
	if (offset >= m->have)
		return part;
	if (length > m->have - offset)
		length = m->have - offset;
	return bytes_of(m->bytes + offset, (size_t)length);
}

struct text smb_name(const struct smb_message *m, struct reader_bytes *r, size_t length,
		     char room[SMB_NAME_MAX])
{
	size_t there = bytes_left(r) < length ? bytes_left(r) : length, used;
	const uint8_t *at = bytes_take(r, there);

	if (!there)
		return text_of(room, 0);
	if (m->unicode) {
		used = smb_utf8(at, there, room, SMB_NAME_MAX);
	} else {
		used = there < SMB_NAME_MAX ? there : SMB_NAME_MAX;
		memcpy(room, at, used);
	}
	return text_of(room, used);
}

/* ---- messages ---- */

static void message(struct talk *talk, enum side side, const uint8_t *bytes, size_t have,
		    size_t length)
{
	if (length < MAGIC_LENGTH || (have < MAGIC_LENGTH && have == length) ||
	    (have >= MAGIC_LENGTH && !is_magic(bytes))) {
		talk_malformed(talk, length < MAGIC_LENGTH ? SMB_SHORT : SMB_FRAME);
		return;
	}
	if (have < MAGIC_LENGTH)
		return;
	switch (bytes[0]) {
	case 0xff:
		smb1_read(talk, side, bytes, have, length);
		break;
	case 0xfe:
		smb2_read(talk, side, bytes, have, length);
		break;
	case 0xfc:
		talk_malformed(talk, SMB_COMPRESSED);
		break;
	case 0xfd: /* encrypted */
		break;
	}
}

/* Length of what follows the frame's header. */
static uint32_t frame_length(const uint8_t *bytes)
{
	return (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* As many bytes of the frame as are looked at. */
static size_t wanted(const uint8_t *bytes)
{
	size_t length = FRAME_HEADER + frame_length(bytes);

	return length < SMB_FRONT ? length : SMB_FRONT;
}

/* `have` bytes of a frame from its header on, all that there will be. What follows is passed over.
 */
static void frame(struct talk *talk, enum side side, const uint8_t *bytes, size_t have,
		  size_t later)
{
	size_t length = frame_length(bytes), rest = FRAME_HEADER + length - have;

	if (bytes[0] == FRAME_MESSAGE) {
		if (length)
			message(talk, side, bytes + FRAME_HEADER, have - FRAME_HEADER, length);
	} else if (!is_session_frame(bytes[0])) {
		struct smb *smb = talk->state;

		talk_malformed(talk, SMB_FRAME);
		smb->front[side].lost = true;
		return;
	}
	if (rest > later)
		talk_skip(talk, side, rest - later);
}

/* ---- bytes ---- */

static void drop(struct talk *talk, struct smb_front *front)
{
	if (front->bytes)
		talk_keeps(talk, -(ptrdiff_t)SMB_FRONT);
	free(front->bytes);
	front->bytes = NULL;
	front->have = 0;
}

/* Adds up to `want` bytes of the frame; how many it took. */
static size_t add(struct talk *talk, struct smb_front *front, size_t want, const uint8_t *bytes,
		  size_t length)
{
	size_t more = want > front->have ? want - front->have : 0;

	if (!front->bytes) {
		front->bytes = malloc(SMB_FRONT);
		if (!front->bytes) {
			front->lost = true;
			return length;
		}
		talk_keeps(talk, SMB_FRONT);
	}
	more = more < length ? more : length;
	memcpy(front->bytes + front->have, bytes, more);
	front->have += (uint32_t)more;
	return more;
}

/* A frame of which a part waits. */
static size_t go_on(struct talk *talk, enum side side, const uint8_t *bytes, size_t length)
{
	struct smb_front *front = &((struct smb *)talk->state)->front[side];
	size_t used = 0;

	if (front->have < FRAME_HEADER)
		used = add(talk, front, FRAME_HEADER, bytes, length);
	if (front->lost || front->have < FRAME_HEADER)
		return used;
	used += add(talk, front, wanted(front->bytes), bytes + used, length - used);
	if (front->have < wanted(front->bytes))
		return used;
	frame(talk, side, front->bytes, front->have, 0);
	drop(talk, front);
	return used;
}

static void set_up(struct smb *smb)
{
	if (smb->begun)
		return;
	TAILQ_INIT(&smb->items);
	smb->begun = true;
}

static size_t stream(struct talk *talk, enum side side, const uint8_t *bytes, size_t length)
{
	struct smb *smb = talk->state;
	struct smb_front *front = &smb->front[side];
	size_t want;

	set_up(smb);
	if (front->lost) {
		if (!frame_begins(bytes, length))
			return length; /* the middle of something */
		front->lost = false;
	}
	if (front->bytes)
		return go_on(talk, side, bytes, length);
	want = length < FRAME_HEADER ? FRAME_HEADER : wanted(bytes);
	if (length < want)
		return add(talk, front, want, bytes, length);
	frame(talk, side, bytes, want, 0);
	return front->lost ? length : want;
}

/* What there is of a message is read; where the next begins is known if its length is. */
static void gap(struct talk *talk, enum side side, uint64_t missing)
{
	struct smb *smb = talk->state;
	struct smb_front *front = &smb->front[side];
	uint64_t rest;

	set_up(smb);
	if (front->have >= FRAME_HEADER) {
		rest = FRAME_HEADER + frame_length(front->bytes) - front->have;
		frame(talk, side, front->bytes, front->have,
		      missing < rest ? (size_t)missing : (size_t)rest);
		front->lost |= missing > rest;
	} else {
		front->lost = true;
	}
	drop(talk, front);
}

static void end(struct talk *talk)
{
	struct smb *smb = talk->state;

	smb_forget_all(talk);
	smb_set_user(talk, text_of("", 0));
	for (int side = 0; side < 2; side++)
		drop(talk, &smb->front[side]);
}

const struct decoder decoder_smb = {
	.protocol = "smb",
	.over = OVER_TCP,
	.service = SERVICE_FILE,
	.state = sizeof(struct smb),
	.recognise = recognise,
	.stream = stream,
	.gap = gap,
	.end = end,
	.malformed = malformed,
};
