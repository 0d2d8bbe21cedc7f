/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/webhook_body.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event/escape.h"
#include "sink/record_json.h"

#define LABEL_MAX   128		    /* bytes of a label's name */
#define TEXT_MAX    2000	    /* bytes of one text: receivers refuse what is long */
#define ALERT_FOR   (4 * WEIR_HOUR) /* an alert that nobody closes ends by itself */
#define FIELDS_MAX  10
#define SHORT_FIELD 40 /* bytes: two such stand beside one another */

/* ---- parts ---- */

static const char *taken(json_t *object, struct arena *arena)
{
	char *text = object ? json_dumps(object, RECORD_JSON_FORM) : NULL;
	const char *copy = text ? arena_text(arena, text) : NULL;

	free(text);
	json_decref(object);
	return copy;
}

static json_t *short_text(const char *text)
{
	return json_stringn(text, utf8_cut(text, strlen(text), TEXT_MAX));
}

/* A key's value as a text. */
static char *value_text(json_t *value)
{
	return json_is_string(value) ? strdup(json_string_value(value))
				     : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
}

/* The page of a detection: {id} stands for its id. */
static const char *page_of(const char *link, const char *id, struct arena *arena)
{
	const char *mark = link ? strstr(link, "{id}") : NULL;

	if (!mark)
		return link;
	return arena_format(arena, "%.*s%s%s", (int)(mark - link), link, id, mark + strlen("{id}"));
}

/* ---- json: the record ---- */

static const char *json_body(const struct out *out, const char *link, weir_time now,
			     struct arena *arena)
{
	(void)link;
	(void)now;
	return arena_copy(arena, out->json, out->json_length);
}

/* ---- Slack: a message with an attachment (also Mattermost's and Rocket.Chat's) ---- */

static const char *const colours[] = {
	[SEVERITY_INFORMATIONAL] = "#9e9e9e", [SEVERITY_LOW] = "#2eb886",
	[SEVERITY_MEDIUM] = "#daa038",	      [SEVERITY_HIGH] = "#e8590c",
	[SEVERITY_CRITICAL] = "#a30200",
};

/* Slack's three: what is left is read as links and mentions. */
static json_t *slack_text(const char *text)
{
	size_t length = 0;
	char *escaped = NULL;
	FILE *stream = open_memstream(&escaped, &length);
	json_t *json;

	if (!stream)
		return NULL;
	for (const char *end = text + utf8_cut(text, strlen(text), TEXT_MAX); text < end; text++) {
		if (*text == '&')
			fputs("&amp;", stream);
		else if (*text == '<')
			fputs("&lt;", stream);
		else if (*text == '>')
			fputs("&gt;", stream);
		else
			putc(*text, stream);
	}
	json = fclose(stream) ? NULL : json_stringn(escaped, length);
	free(escaped);
	return json;
}

static void slack_field(json_t *fields, const char *title, const char *text)
{
	if (!text || !*text || json_array_size(fields) == FIELDS_MAX)
		return;
	json_array_append_new(fields,
			      json_pack("{s:s, s:o, s:b}", "title", title, "value",
					slack_text(text), "short", strlen(text) <= SHORT_FIELD));
}

static json_t *slack_fields(const struct out *out)
{
	json_t *fields = json_array(), *keys = json_loads(out->keys_json, 0, NULL), *value;
	const char *name;

	json_object_foreach(keys, name, value)
	{
		char *text = value_text(value);

		slack_field(fields, name, text);
		free(text);
	}
	json_decref(keys);
	slack_field(fields, "Severity", severity_name(out->severity));
	slack_field(fields, "Technique", out->technique);
	slack_field(fields, "Host", out->host);
	slack_field(fields, "Signals", out->signal_names);
	return fields;
}

static const char *slack_body(const struct out *out, const char *link, weir_time now,
			      struct arena *arena)
{
	const char *page = page_of(link, out->id, arena);
	const char *head =
		arena_format(arena, "%s (%s)%s%s", out->rule_name, severity_name(out->severity),
			     out->host ? " on " : "", out->host ? out->host : "");
	json_t *attachment;

	(void)now;
	if (!head)
		return NULL;
	attachment = json_pack("{s:s, s:o, s:o, s:o, s:o, s:s, s:I}", "color",
			       colours[out->severity], "fallback", slack_text(out->message),
			       "title", slack_text(out->title ? out->title : head), "text",
			       slack_text(out->message), "fields", slack_fields(out), "footer",
			       out->id, "ts", (json_int_t)(out->last / WEIR_SEC));
	if (attachment && page)
		json_object_set_new(attachment, "title_link", json_string(page));
	return taken(json_pack("{s:o, s:[o]}", "text", slack_text(head), "attachments", attachment),
		     arena);
}

/* ---- Alertmanager: POST /api/v2/alerts takes an array of these ---- */

/* A label's name is [a-zA-Z_][a-zA-Z0-9_]*. */
static void label_name(const char *name, char label[LABEL_MAX])
{
	size_t n = 0;

	if (isdigit((unsigned char)*name))
		label[n++] = '_';
	for (; *name && n < LABEL_MAX - 1; name++)
		label[n++] = (char)(isalnum((unsigned char)*name) ? *name : '_');
	label[n] = '\0';
}

static void put_label(json_t *labels, const char *name, const char *text)
{
	char label[LABEL_MAX];

	label_name(name, label);
	if (text && *text && !json_object_get(labels, label))
		json_object_set_new(labels, label, short_text(text));
}

/* What an alert is, as long as it lasts: nothing that changes with more evidence. */
static json_t *alert_labels(const struct out *out)
{
	json_t *labels = json_object(), *keys = json_loads(out->keys_json, 0, NULL), *value;
	const char *name;

	put_label(labels, "alertname", out->rule_name);
	put_label(labels, "instance", out->host);
	put_label(labels, "job", "weir");
	put_label(labels, "weir_id", out->id);
	json_object_foreach(keys, name, value)
	{
		char *text = value_text(value);

		put_label(labels, name, text);
		free(text);
	}
	json_decref(keys);
	return labels;
}

static json_t *alert_annotations(const struct out *out)
{
	json_t *notes = json_object(), *record = json_loads(out->json, 0, NULL);

	put_label(notes, "summary", out->message);
	put_label(notes, "description", json_string_value(json_object_get(record, "weir.why")));
	put_label(notes, "title", out->title);
	put_label(notes, "severity", severity_name(out->severity));
	put_label(notes, "technique", out->technique);
	put_label(notes, "signals", out->signal_names);
	json_decref(record);
	return notes;
}

static const char *alert_body(const struct out *out, const char *link, weir_time now,
			      struct arena *arena)
{
	bool closed = out->change == DETECTION_CLOSED;
	const char *page =
		link ? page_of(link, out->id, arena) : arena_format(arena, "urn:uuid:%s", out->id);
	char from[TIME_TEXT_MAX], until[TIME_TEXT_MAX];

	time_format(out->first, from);
	time_format(closed ? now : now + ALERT_FOR, until);
	if (!page)
		return NULL;
	return taken(json_pack("{s:o, s:o, s:s, s:s, s:s}", "labels", alert_labels(out),
			       "annotations", alert_annotations(out), "startsAt", from, "endsAt",
			       until, "generatorURL", page),
		     arena);
}

const char *(*const webhook_bodies[])(const struct out *out, const char *link, weir_time now,
				      struct arena *arena) = {
	[WEBHOOK_JSON] = json_body,
	[WEBHOOK_SLACK] = slack_body,
	[WEBHOOK_ALERTMANAGER] = alert_body,
};
