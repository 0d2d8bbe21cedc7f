/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/syslog_line.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "event/escape.h"

/* The id of our structured data. 32473 is the number that RFC 5612 leaves for such names. */
#define SD_ID	     "weir@32473"
#define SD_NAME_MAX  32 /* RFC 5424, 6.3.3 */
#define CUT_MARK     "…"
#define VALUE_MAX    256 /* bytes of a value that are shown */
#define SENTENCE_MIN 16	 /* a shorter rest of the sentence is not worth its quotes */

static const struct {
	const char *name;
	int number;
} facilities[] = {
	{"kern", LOG_KERN},	{"user", LOG_USER},	    {"mail", LOG_MAIL},
	{"daemon", LOG_DAEMON}, {"auth", LOG_AUTH},	    {"syslog", LOG_SYSLOG},
	{"lpr", LOG_LPR},	{"news", LOG_NEWS},	    {"uucp", LOG_UUCP},
	{"cron", LOG_CRON},	{"authpriv", LOG_AUTHPRIV}, {"ftp", LOG_FTP},
	{"local0", LOG_LOCAL0}, {"local1", LOG_LOCAL1},	    {"local2", LOG_LOCAL2},
	{"local3", LOG_LOCAL3}, {"local4", LOG_LOCAL4},	    {"local5", LOG_LOCAL5},
	{"local6", LOG_LOCAL6}, {"local7", LOG_LOCAL7},
};

int syslog_facility(const char *name)
{
	for (size_t i = 0; i < sizeof(facilities) / sizeof(facilities[0]); i++)
		if (!strcmp(facilities[i].name, name))
			return facilities[i].number;
	return -1;
}

int syslog_priority(enum severity severity)
{
	switch (severity) {
	case SEVERITY_CRITICAL:
		return LOG_CRIT;
	case SEVERITY_HIGH:
		return LOG_ERR;
	case SEVERITY_MEDIUM:
		return LOG_WARNING;
	case SEVERITY_LOW:
		return LOG_NOTICE;
	case SEVERITY_INFORMATIONAL:
	case SEVERITY_COUNT:
		break;
	}
	return LOG_INFO;
}

/* "<82>Jan  2 03:04:05 weir[7]: ", local time as syslog(3) has it. */
static void put_head_3164(FILE *line, const struct syslog_form *form, int pri, weir_time now)
{
	time_t seconds = (time_t)(time_floor(now, WEIR_SEC) / WEIR_SEC);
	char stamp[32];
	struct tm tm;

	localtime_r(&seconds, &tm);
	/* Names of months are English on the wire, whatever the locale. */
	snprintf(stamp, sizeof(stamp), "%.3s %2d %02d:%02d:%02d",
		 &"JanFebMarAprMayJunJulAugSepOctNovDec"[tm.tm_mon * 3], tm.tm_mday, tm.tm_hour,
		 tm.tm_min, tm.tm_sec);
	fprintf(line, "<%d>%s weir[%d]: ", pri, stamp, form->pid);
}

/* PARAM-VALUE: '"', '\' and ']' get a backslash. A long one must not push out those behind it. */
static void put_param(FILE *line, const char *name, const char *value)
{
	size_t length = value ? strlen(value) : 0, cut = utf8_cut(value, length, VALUE_MAX);

	if (!value)
		return;
	fprintf(line, " %.*s=\"", SD_NAME_MAX, name);
	for (size_t i = 0; i < cut; i++) {
		if (strchr("\"\\]", value[i]))
			putc('\\', line);
		putc(value[i], line);
	}
	fputs(cut < length ? CUT_MARK "\"" : "\"", line);
}

static void put_keys(FILE *line, const char *keys_json)
{
	json_t *keys = json_loads(keys_json, 0, NULL), *value;
	const char *name;

	json_object_foreach(keys, name, value)
	{
		char *number = json_dumps(value, JSON_ENCODE_ANY);

		put_param(line, name, json_is_string(value) ? json_string_value(value) : number);
		free(number);
	}
	json_decref(keys);
}

static void put_head_5424(FILE *line, const struct syslog_form *form, const struct out *out,
			  int pri, weir_time now)
{
	char stamp[TIME_TEXT_MAX];

	fprintf(line, "<%d>1 %s %.255s weir %d DETECTION ", pri, time_format(now, stamp),
		form->host && *form->host ? form->host : "-", form->pid);
	if (form->json) { /* which says it all */
		fputs("- ", line);
		return;
	}
	fputs("[" SD_ID, line);
	put_param(line, "id", out->id);
	put_param(line, "rule", out->rule_name);
	put_param(line, "severity", severity_name(out->severity));
	put_keys(line, out->keys_json);
	put_param(line, "signals", out->signal_names);
	put_param(line, "technique", out->technique);
	fputs("] ", line);
}

/* All but the sentence. */
static void put_words(FILE *line, const struct out *out)
{
	fprintf(line, "DETECTION %s %s id=%s", out->rule_name, severity_name(out->severity),
		out->id);
	if (*out->keys_text)
		fprintf(line, " %s", out->keys_text);
	if (out->signal_names && *out->signal_names)
		fprintf(line, " signals=%s", out->signal_names);
	if (out->technique)
		fprintf(line, " technique=%s", out->technique);
}

/* Adds the sentence in quotes, as much as fits; returns the new length. */
static size_t add_sentence(char *line, size_t length, size_t room, const char *sentence)
{
	size_t end = room - 2 - strlen(CUT_MARK), n; /* both ends of a cut fit */

	if (length + SENTENCE_MIN > end)
		return length;
	line[length++] = ' ';
	line[length++] = '"';
	for (; *sentence; sentence += n) {
		bool quote = *sentence == '"' || *sentence == '\\';

		n = utf8_length(sentence, sentence + strlen(sentence));
		n = n ? n : 1;
		if (length + quote + n > end) {
			length += (size_t)sprintf(line + length, CUT_MARK);
			break;
		}
		if (quote)
			line[length++] = '\\';
		memcpy(line + length, sentence, n);
		length += n;
	}
	line[length++] = '"';
	return length;
}

/* Its own texts are cut where they are long. */
static void cut_texts(json_t *record)
{
	const char *name;
	json_t *value;
	void *next;

	json_object_foreach_safe(record, next, name, value)
	{
		size_t length = json_string_length(value);
		size_t cut = utf8_cut(json_string_value(value), length, VALUE_MAX);

		if (cut < length)
			json_object_set_new(record, name,
					    json_stringn(json_string_value(value), cut));
	}
}

/* The object without what makes it long: evidence can be looked up by the id. */
static char *short_json(const struct out *out, size_t sentence)
{
	json_t *record = json_loads(out->json, 0, NULL);
	static const char *const parts[] = {
		"weir.signals", "weir.samples", "weir.actions",		"weir.why",
		"weir.values",	"weir.common",	"weir.false_positives", "rule.reference",
		"rule.title",
	};
	char *text;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		json_object_del(record, parts[i]);
	cut_texts(record);
	json_object_set_new(record, "weir.cut", json_true());
	json_object_set_new(
		record, "message",
		json_stringn(out->message, utf8_cut(out->message, strlen(out->message), sentence)));
	text = record ? json_dumps(record, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;
	json_decref(record);
	return text;
}

/* JSON cannot be cut; so it is made anew with less, and at last with no sentence. */
static size_t add_json(char *line, size_t length, size_t room, const struct out *out)
{
	static const size_t sentences[] = {400, 0};
	char *text = NULL;

	if (length + out->json_length < room)
		return length + (size_t)sprintf(line + length, "%s", out->json);
	for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++) {
		text = short_json(out, sentences[i]);
		if (text && length + strlen(text) < room) {
			length += (size_t)sprintf(line + length, "%s", text);
			free(text);
			return length;
		}
		free(text);
	}
	return length + (size_t)snprintf(line + length, room - length,
					 "{\"event.id\":\"%s\",\"weir.cut\":true}", out->id);
}

size_t syslog_line(const struct syslog_form *form, const struct out *out, weir_time now, char *line)
{
	int pri = form->facility | syslog_priority(out->severity);
	char *text = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&text, &length);

	if (!stream)
		return 0;
	if (form->structured)
		put_head_5424(stream, form, out, pri, now);
	else
		put_head_3164(stream, form, pri, now);
	if (form->json)
		fputs("@cee: ", stream);
	else
		put_words(stream, out);
	if (fclose(stream)) {
		free(text);
		return 0;
	}
	length = utf8_cut(text, length, form->max - 1);
	memcpy(line, text, length);
	free(text);
	length = form->json ? add_json(line, length, form->max, out)
			    : add_sentence(line, length, form->max, out->message);
	line[length] = '\0';
	return length;
}
