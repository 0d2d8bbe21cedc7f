/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/login/journal.h"

#include <errno.h>
#include <stdlib.h>
#include <systemd/sd-journal.h>

#define MESSAGES_MAX 4096 /* a poll */
#define FIELD_BYTES  8192 /* of a field; longer ones are cut */
#define SYSTEM_UIDS  1000 /* users below are programs' */

/* By the name that the kernel has of the process, which the journal adds. */
static const char *const programs[] = {
	"sshd",
	"sshd-session",
	"sudo",
	"su",
	"login",
	"vsftpd",
	"proftpd",
	"cockpit-session",
	"gdm-session-wor",
	"smtpd",
	"log",
};

struct journal {
	sd_journal *journal;
};

static int add_matches(sd_journal *journal)
{
	int err = 0;

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]) && err >= 0; i++) {
		char match[64];
		int length = snprintf(match, sizeof(match), "_COMM=%s", programs[i]);

		err = sd_journal_add_match(journal, match, (size_t)length);
	}
	return err;
}

/* A journal without a file is none: the library opens it all the same. */
static int has_files(sd_journal *journal)
{
	uint64_t from, to;
	int got = sd_journal_get_cutoff_realtime_usec(journal, &from, &to);

	return got > 0 ? 0 : got < 0 ? got : -ENOENT;
}

int journal_open(struct journal **journal)
{
	struct journal *made = calloc(1, sizeof(*made));
	int err = made ? sd_journal_open(&made->journal, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM)
		       : -ENOMEM;

	if (err >= 0)
		err = has_files(made->journal);
	if (err >= 0)
		err = add_matches(made->journal);
	if (err >= 0)
		err = sd_journal_set_data_threshold(made->journal, FIELD_BYTES);
	if (err >= 0)
		err = sd_journal_seek_tail(made->journal);
	/* The end is behind the newest: from there one goes on. */
	if (err >= 0)
		err = sd_journal_previous(made->journal);
	if (err < 0) {
		journal_close(made);
		return err;
	}
	*journal = made;
	return 0;
}

void journal_close(struct journal *journal)
{
	if (!journal)
		return;
	if (journal->journal)
		sd_journal_close(journal->journal);
	free(journal);
}

/* The value of a field, good until the next is asked for: kept in `into`. */
static bool get(sd_journal *journal, const char *name, char into[FIELD_BYTES], struct text *value)
{
	size_t head = strlen(name) + 1, length;
	const void *data;

	if (sd_journal_get_data(journal, name, &data, &length) < 0 || length < head)
		return false;
	length -= head;
	length = length < FIELD_BYTES ? length : FIELD_BYTES;
	memcpy(into, (const char *)data + head, length);
	*value = (struct text){into, (uint32_t)length};
	return true;
}

static bool get_number(sd_journal *journal, const char *name, uint64_t *number)
{
	char digits[FIELD_BYTES];
	struct text text;

	if (!get(journal, name, digits, &text) || !text.length || text.length > 20)
		return false;
	*number = 0;
	for (uint32_t i = 0; i < text.length; i++) {
		if (digits[i] < '0' || digits[i] > '9')
			return false;
		*number = *number * 10 + (uint64_t)(digits[i] - '0');
	}
	return true;
}

bool journal_trusts(unsigned long uid, const struct text *executable)
{
	static const char *const raising[] = {"/usr/bin/sudo", "/usr/bin/su", "/bin/su"};

	if (uid < SYSTEM_UIDS)
		return true;
	/* These run as whoever calls them. */
	for (size_t i = 0; i < sizeof(raising) / sizeof(raising[0]); i++)
		if (strlen(raising[i]) == executable->length &&
		    !memcmp(raising[i], executable->at, executable->length))
			return true;
	return false;
}

typedef void message_fn(void *context, const struct login_message *message, weir_time at);

static void read_entry(sd_journal *journal, message_fn *told, void *context)
{
	static _Thread_local char text[FIELD_BYTES], program[FIELD_BYTES], file[FIELD_BYTES];
	struct login_message message = {.text = {"", 0}};
	struct text executable = {"", 0};
	uint64_t uid, usec;

	get(journal, "_EXE", file, &executable);
	if (!get_number(journal, "_UID", &uid) || !journal_trusts(uid, &executable) ||
	    !get(journal, "MESSAGE", text, &message.text) ||
	    !get(journal, "SYSLOG_IDENTIFIER", program, &message.program) ||
	    !message.program.length || sd_journal_get_realtime_usec(journal, &usec) < 0)
		return;
	told(context, &message, (weir_time)usec * WEIR_USEC);
}

int journal_poll(struct journal *journal, message_fn *told, void *context)
{
	int got = sd_journal_process(journal->journal);

	for (unsigned i = 0; got >= 0 && i < MESSAGES_MAX; i++) {
		got = sd_journal_next(journal->journal);
		if (got <= 0)
			break;
		read_entry(journal->journal, told, context);
	}
	return got < 0 ? got : 0;
}
