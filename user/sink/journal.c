/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event/escape.h"
#include "sink/syslog_output.h"

/* Announces detections to journald in its own form: a field a line, NAME=value. (Its protocol:
 * systemd's "Native Journal Protocol". By its socket and not by sd_journal_sendv(), which keeps
 * silent where no journald is.) */

#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define NAME_MAX_BYTES 64 /* of a field */
#define VALUE_MAX      1024
/* By which these are found: journalctl MESSAGE_ID=… */
#define MESSAGE_ID     "6e2f5f0c3f5d4c0e9a8f2d51b7c8a1d3"

/* A value has no line feed: texts of a record are escaped; what is longer is cut. */
static void put_field(FILE *message, const char *name, const char *value)
{
	if (value && *value)
		fprintf(message, "%s=%.*s\n", name,
			(int)utf8_cut(value, strcspn(value, "\n"), VALUE_MAX), value);
}

/* "source.ip" becomes WEIR_SOURCE_IP: of letters, digits and '_' names consist. */
static void field_name(const char *name, char field[NAME_MAX_BYTES + 8])
{
	size_t n = (size_t)sprintf(field, "WEIR_");

	for (; *name && n < NAME_MAX_BYTES; name++)
		field[n++] =
			(char)(isalnum((unsigned char)*name) ? toupper((unsigned char)*name) : '_');
	field[n] = '\0';
}

static void put_keys(FILE *message, const char *keys_json)
{
	json_t *keys = json_loads(keys_json, 0, NULL), *value;
	char field[NAME_MAX_BYTES + 8];
	const char *name;

	json_object_foreach(keys, name, value)
	{
		char *number = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

		field_name(name, field);
		put_field(message, field,
			  json_is_string(value) ? json_string_value(value) : number);
		free(number);
	}
	json_decref(keys);
}

static void put_all(FILE *message, const struct syslog_form *form, const struct out *out)
{
	fprintf(message, "MESSAGE=DETECTION %s %s %.*s: %.*s\n", out->rule_name,
		severity_name(out->severity), VALUE_MAX, out->keys_text,
		(int)utf8_cut(out->message, strcspn(out->message, "\n"), 2 * VALUE_MAX),
		out->message);
	fprintf(message, "PRIORITY=%d\nSYSLOG_IDENTIFIER=weir\nSYSLOG_PID=%d\n",
		syslog_priority(out->severity), form->pid);
	fprintf(message, "SYSLOG_FACILITY=%d\nMESSAGE_ID=%s\n", form->facility >> 3, MESSAGE_ID);
	put_field(message, "WEIR_ID", out->id);
	put_field(message, "WEIR_RULE", out->rule_name);
	put_field(message, "WEIR_RULE_ID", out->rule_id);
	put_field(message, "WEIR_TITLE", out->title);
	put_field(message, "WEIR_SEVERITY", severity_name(out->severity));
	put_field(message, "WEIR_TECHNIQUE", out->technique);
	put_field(message, "WEIR_SIGNALS", out->signal_names);
	put_keys(message, out->keys_json);
}

static size_t journal_message(const struct syslog_form *form, const struct out *out, weir_time now,
			      char *line)
{
	char *text = NULL;
	size_t length = 0;
	FILE *message = open_memstream(&text, &length);

	(void)now;
	if (!message)
		return 0;
	put_all(message, form, out);
	if (fclose(message)) {
		free(text);
		return 0;
	}
	/* Whole lines alone. */
	while (length >= form->max || (length && text[length - 1] != '\n'))
		length--;
	memcpy(line, text, length);
	line[length] = '\0';
	free(text);
	return length;
}

int sink_journal_open(struct sink **sink, const struct journal_options *options,
		      struct error *error)
{
	const struct syslog_options as = {
		.transport = SYSLOG_LOCAL,
		.local_path = options->socket ? options->socket : JOURNAL_SOCKET,
		.max_line = 32768,
	};

	return syslog_local_open(sink, "journal", journal_message, &as, error);
}
