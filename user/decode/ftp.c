/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FTP's control connection (RFC 959, 2228, 2428): log-ins, and what is done with files, each with
 * how it was answered. Passwords are passed over. Once TLS is agreed nothing more is read.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <strings.h>

#include "decode/decoder.h"
#include "decode/reader.h"

/* Commands of one conversation that wait for their replies. */
#define PIPELINE 16
#define LINE_MAX 1024
#define USER_MAX 128

enum { LINE, NO_COMMAND, NO_REPLY, ADDRESS, BOUNCE, TELNET, NUL, PIPELINED };

static const char *const malformed[] = {
	[LINE] = "a line over 1 KiB",
	[NO_COMMAND] = "a line that is no command",
	[NO_REPLY] = "a line that is no reply",
	[ADDRESS] = "an address that is none",
	[BOUNCE] = "a port of another host",
	[TELNET] = "commands of telnet inside a line",
	[NUL] = "a zero byte in a line",
	[PIPELINED] = "more commands at once than are followed",
	NULL,
};

/* What a command is about. */
enum about { ABOUT_NOTHING, ABOUT_USER, ABOUT_PASSWORD, ABOUT_TLS, ABOUT_FILE, ABOUT_PORT };

struct pending {
	struct held *held;
	uint8_t about;
};

struct ftp {
	struct pending pending[PIPELINE];
	uint8_t first, count;
	bool greeted;
	bool lost;	/* bytes are missing: replies no longer count commands */
	uint16_t multi; /* the reply of several lines that goes on; 0: none */
	uint8_t user_length;
	char user[USER_MAX];
};

static const struct command {
	char name[5];
	uint8_t about;
} commands[] = {
	{"USER", ABOUT_USER},
	{"PASS", ABOUT_PASSWORD},
	{"AUTH", ABOUT_TLS},
	{"RETR", ABOUT_FILE},
	{"STOR", ABOUT_FILE},
	{"STOU", ABOUT_FILE},
	{"APPE", ABOUT_FILE},
	{"DELE", ABOUT_FILE},
	{"RNFR", ABOUT_FILE},
	{"RNTO", ABOUT_FILE},
	{"MKD", ABOUT_FILE},
	{"RMD", ABOUT_FILE},
	{"XMKD", ABOUT_FILE},
	{"XRMD", ABOUT_FILE},
	{"PORT", ABOUT_PORT},
	{"EPRT", ABOUT_PORT},
	/* Those below begin conversations. */
	{"FEAT", 0},
	{"SYST", 0},
	{"OPTS", 0},
	{"HOST", 0},
	{"CLNT", 0},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct command *command_of(const char *word, size_t length)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strlen(commands[i].name) == length &&
		    !strncasecmp(commands[i].name, word, length))
			return &commands[i];
	return NULL;
}

/* ---- what it is ---- */

static enum verdict by_client(const uint8_t *bytes, size_t length)
{
	const uint8_t *end = memchr(bytes, '\n', length);
	size_t word = 0;

	while (word < length && bytes[word] > ' ')
		word++;
	if (!end && word == length)
		return length <= 5 ? PERHAPS : NOT_MINE;
	return command_of((const char *)bytes, word) ? MINE : NOT_MINE;
}

static enum verdict recognise(const struct glimpse *g)
{
	const uint8_t *server = g->bytes[SIDE_SERVER];
	uint32_t length = g->length[SIDE_SERVER];

	if (!length)
		return g->length[SIDE_CLIENT] && g->port != 21 ? NOT_MINE : PERHAPS;
	if (memcmp(server, "220", length < 3 ? length : 3) != 0)
		return NOT_MINE;
	if (length < 4)
		return PERHAPS;
	if (server[3] != ' ' && server[3] != '-')
		return NOT_MINE;
	if (g->port == 21)
		return MINE;
	if (!g->length[SIDE_CLIENT]) /* mail begins alike */
		return PERHAPS;
	return by_client(g->bytes[SIDE_CLIENT], g->length[SIDE_CLIENT]);
}

/* ---- commands ---- */

static void put_user(struct event *e, const struct ftp *ftp)
{
	if (ftp->user_length)
		event_set(e, USER_NAME, user_name, text_of(ftp->user, ftp->user_length));
}

static struct event *file_event(struct talk *talk, const struct command *c, struct text path)
{
	struct event *e = talk_event(talk, SERVICE_FILE);
	struct text name = path;
	const char *dot;

	event_set(e, FTP_COMMAND, ftp_command, text_string(c->name));
	put_user(e, talk->state);
	if (!path.length)
		return e;
	for (uint32_t i = 0; i < path.length; i++)
		if (path.at[i] == '/' || path.at[i] == '\\')
			name = text_of(path.at + i + 1, path.length - i - 1);
	event_set(e, FILE_PATH, file_path, path);
	if (!name.length)
		return e;
	event_set(e, FILE_NAME, file_name, name);
	dot = memrchr(name.at, '.', name.length);
	if (dot && dot + 1 < name.at + name.length)
		event_set(e, FILE_EXTENSION, file_extension,
			  text_of(dot + 1, (size_t)(name.at + name.length - dot - 1)));
	return e;
}

/* "h1,h2,h3,h4,p1,p2", or "|2|address|port|" with any separator. */
static bool address_read(struct text argument, bool extended, uint8_t address[16])
{
	char words[64], mark, *at, *end;
	unsigned n[6];

	if (!argument.length || argument.length >= sizeof(words))
		return false;
	memcpy(words, argument.at, argument.length);
	words[argument.length] = '\0';
	memset(address, 0, 10);
	memset(address + 10, 0xff, 2);
	if (!extended) {
		if (sscanf(words, "%3u,%3u,%3u,%3u,%3u,%3u", &n[0], &n[1], &n[2], &n[3], &n[4],
			   &n[5]) != 6)
			return false;
		for (unsigned i = 0; i < 6; i++)
			if (n[i] > 255)
				return false;
		for (unsigned i = 0; i < 4; i++)
			address[12 + i] = (uint8_t)n[i];
		return true;
	}
	mark = words[0];
	if ((words[1] != '1' && words[1] != '2') || words[2] != mark)
		return false;
	at = words + 3;
	end = strchr(at, mark);
	if (!end)
		return false;
	*end = '\0';
	return inet_pton(words[1] == '1' ? AF_INET : AF_INET6, at,
			 words[1] == '1' ? address + 12 : address) == 1;
}

/* Data is to go to who asks for it, and to nobody else. */
static void port(struct talk *talk, const struct command *c, struct text argument)
{
	const struct flow_key *key = &talk->origin.key;
	uint8_t address[16];

	if (!address_read(argument, c->name[0] == 'E', address)) {
		talk_malformed(talk, ADDRESS);
		return;
	}
	if (!memcmp(address, key->addr[talk->origin.client & 1], sizeof(address)))
		return;
	talk_anomaly(talk, BOUNCE);
}

static struct pending *wait_for(struct talk *talk)
{
	struct ftp *ftp = talk->state;

	if (ftp->count == PIPELINE) {
		talk_malformed(talk, PIPELINED);
		return NULL;
	}
	return &ftp->pending[(ftp->first + ftp->count++) % PIPELINE];
}

static void user_is(struct ftp *ftp, struct text name)
{
	ftp->user_length = (uint8_t)(name.length < USER_MAX ? name.length : USER_MAX);
	if (ftp->user_length)
		memcpy(ftp->user, name.at, ftp->user_length);
}

static void command(struct talk *talk, struct text word, struct text argument)
{
	const struct command *c = command_of(word.at, word.length);
	struct pending *pending = wait_for(talk);
	struct event *e;

	if (pending)
		*pending = (struct pending){.about = c ? c->about : ABOUT_NOTHING};
	switch (c ? c->about : ABOUT_NOTHING) {
	case ABOUT_USER:
		user_is(talk->state, argument);
		break;
	case ABOUT_FILE:
		e = file_event(talk, c, argument);
		if (pending)
			talk_hold(talk, e, &pending->held);
		else
			talk_tell(talk, e);
		break;
	case ABOUT_PORT:
		port(talk, c, argument);
		break;
	}
}

/* ---- replies ---- */

static struct text outcome_of(unsigned code)
{
	return code / 100 <= 3 ? text_of("success", 7) : text_of("failure", 7);
}

static void login(struct talk *talk, unsigned code)
{
	struct event *e = talk_event(talk, SERVICE_LOGIN);

	put_user(e, talk->state);
	event_set(e, EVENT_OUTCOME, event_outcome, outcome_of(code));
	event_set(e, EVENT_PROVIDER, event_provider, text_of("packets", 7));
	talk_tell(talk, e);
}

static void file_done(struct talk *talk, struct pending *pending, unsigned code)
{
	struct event *e = talk_resume(talk, &pending->held);

	if (!e)
		return;
	event_set(e, EVENT_OUTCOME, event_outcome, outcome_of(code));
	talk_tell(talk, e);
}

static void answer(struct talk *talk, struct pending *pending, unsigned code)
{
	switch (pending->about) {
	case ABOUT_USER:
	case ABOUT_PASSWORD:
		/* 331, 332: more is asked for. 421, 503: it is no log-in that is refused. */
		if (code == 230 || code == 232 || code == 530 || code == 430)
			login(talk, code);
		break;
	case ABOUT_FILE:
		file_done(talk, pending, code);
		break;
	case ABOUT_TLS:
		if (code == 234)
			talk_done(talk);
		break;
	}
}

static void reply(struct talk *talk, unsigned code)
{
	struct ftp *ftp = talk->state;
	struct pending *pending = &ftp->pending[ftp->first];

	if (!ftp->greeted && code / 100 == 2 && !ftp->count) {
		ftp->greeted = true;
		return;
	}
	if (!ftp->count)
		return;
	/* The transfer begins: whether it is whole nobody waits for. */
	if (code / 100 == 1) {
		if (pending->about == ABOUT_FILE)
			file_done(talk, pending, code);
		return;
	}
	ftp->first = (uint8_t)((ftp->first + 1) % PIPELINE);
	ftp->count--;
	answer(talk, pending, code);
}

/* ---- lines ---- */

static bool is_code(const char *at, size_t length)
{
	return length >= 3 && at[0] >= '1' && at[0] <= '6' && at[1] >= '0' && at[1] <= '9' &&
	       at[2] >= '0' && at[2] <= '9';
}

static void server_line(struct talk *talk, struct text line)
{
	struct ftp *ftp = talk->state;
	unsigned code;
	char mark;

	if (!is_code(line.at, line.length)) {
		if (!ftp->multi && !ftp->lost)
			talk_malformed(talk, NO_REPLY);
		return;
	}
	code = (unsigned)(line.at[0] - '0') * 100 + (unsigned)(line.at[1] - '0') * 10 +
	       (unsigned)(line.at[2] - '0');
	mark = line.length > 3 ? line.at[3] : ' ';
	if (ftp->multi) {
		if (code != ftp->multi || mark == '-')
			return;
	} else if (mark == '-') {
		ftp->multi = (uint16_t)code;
		return;
	}
	ftp->multi = 0;
	reply(talk, code);
}

static void client_line(struct talk *talk, struct text line)
{
	struct text word = line, argument = text_of("", 0);
	const char *space = line.length ? memchr(line.at, ' ', line.length) : NULL;

	if (space) {
		word.length = (uint32_t)(space - line.at);
		argument = text_of(space + 1, line.length - word.length - 1);
	}
	for (uint32_t i = 0; i < word.length; i++)
		if ((word.at[i] | 0x20) < 'a' || (word.at[i] | 0x20) > 'z')
			word.length = 0;
	if (!word.length) {
		talk_malformed(talk, NO_COMMAND);
		return;
	}
	command(talk, word, argument);
}

#define IAC  0xff
#define WILL 0xfb
#define DONT 0xfe

/* The line without telnet's commands (RFC 854): before a line they belong there (ABOR), inside of
 * one they part a word for one reader and not for another. */
static struct text without_telnet(struct talk *talk, const uint8_t *bytes, size_t length,
				  char room[LINE_MAX])
{
	bool inside = false;
	size_t used = 0;

	for (size_t i = 0; i < length; i++) {
		if (bytes[i] == IAC && i + 1 < length && bytes[i + 1] != IAC) {
			inside |= used > 0;
			i += bytes[i + 1] >= WILL && bytes[i + 1] <= DONT ? 2 : 1;
			continue;
		}
		i += bytes[i] == IAC && i + 1 < length;
		if (i < length)
			room[used++] = (char)bytes[i];
	}
	if (inside)
		talk_anomaly(talk, TELNET);
	return text_of(room, used);
}

static void line(struct talk *talk, enum side side, const uint8_t *bytes, size_t length)
{
	char room[LINE_MAX];
	struct text text;

	while (length && (bytes[length - 1] == '\n' || bytes[length - 1] == '\r'))
		length--;
	if (!length)
		return;
	if (memchr(bytes, '\0', length))
		talk_anomaly(talk, NUL);
	if (side == SIDE_SERVER) {
		server_line(talk, text_of(bytes, length));
		return;
	}
	text = without_telnet(talk, bytes, length, room);
	if (text.length)
		client_line(talk, text);
}

static size_t stream(struct talk *talk, enum side side, const uint8_t *bytes, size_t length)
{
	const uint8_t *end = memchr(bytes, '\n', length);
	size_t whole = end ? (size_t)(end - bytes) + 1 : length;

	if (whole > LINE_MAX) {
		talk_malformed(talk, LINE);
		return whole;
	}
	if (!end)
		return 0;
	line(talk, side, bytes, whole);
	return whole;
}

/* Replies can no longer be counted against commands: what waits is told as it is. */
static void gap(struct talk *talk, enum side side, uint64_t missing)
{
	struct ftp *ftp = talk->state;

	(void)side;
	(void)missing;
	while (ftp->count) {
		talk_release(talk, &ftp->pending[ftp->first].held);
		ftp->first = (uint8_t)((ftp->first + 1) % PIPELINE);
		ftp->count--;
	}
	ftp->multi = 0;
	ftp->lost = true;
	ftp->greeted = true;
}

const struct decoder decoder_ftp = {
	.protocol = "ftp",
	.over = OVER_TCP,
	.service = SERVICE_FILE,
	.state = sizeof(struct ftp),
	.recognise = recognise,
	.stream = stream,
	.gap = gap,
	.malformed = malformed,
};
