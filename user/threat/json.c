/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exports of MISP and bundles of STIX 2.1: documents that may be larger than memory. Only what
 * leads to indicators is walked, by the table below; every other value is read by itself, by the
 * library, and let go.
 */
#include <ctype.h>
#include <errno.h>
#include <jansson.h>

#include "threat/format.h"

#define VALUE_MAX (16 << 20) /* bytes of a value that is read by itself */
#define DEPTH_MAX 16	     /* containers on the way to one */
#define CHUNK	  65536
#define KEY_SHOWN 40

enum place { PLACE_TOP, PLACE_EVENT, PLACE_OBJECTS, PLACE_ATTRIBUTES, PLACE_STIX, PLACE_NONE };

/* Where members of an object lead. A list leads where its elements do. */
static const struct {
	enum place from;
	const char *key;
	enum place to;
} ways[] = {
	{PLACE_TOP, "response", PLACE_TOP},
	{PLACE_TOP, "Event", PLACE_EVENT},
	{PLACE_TOP, "Attribute", PLACE_ATTRIBUTES},
	{PLACE_TOP, "objects", PLACE_STIX},
	{PLACE_EVENT, "Attribute", PLACE_ATTRIBUTES},
	{PLACE_EVENT, "Object", PLACE_OBJECTS},
	{PLACE_OBJECTS, "Attribute", PLACE_ATTRIBUTES},
};

struct walk {
	struct reader *reader;
	struct threat_intake *intake;
	const char *chunk; /* of the reader, not taken yet */
	size_t at, have;
	size_t loaded; /* bytes of the value that is read by itself */
	unsigned depth;
	bool known; /* something led somewhere */
};

static int fail(struct walk *walk, const char *what)
{
	snprintf(walk->intake->why, sizeof(walk->intake->why), "it is not whole: line %llu: %.120s",
		 (unsigned long long)walk->intake->line, what);
	return -EINVAL;
}

/* The next byte without taking it; -1: the end. */
static int peek(struct walk *walk)
{
	if (walk->at == walk->have) {
		reader_take(walk->reader, walk->at);
		walk->chunk = (const char *)reader_need(walk->reader, CHUNK, &walk->have);
		walk->at = 0;
	}
	return walk->at < walk->have ? (unsigned char)walk->chunk[walk->at] : -1;
}

static int next(struct walk *walk)
{
	int c = peek(walk);

	walk->at += c >= 0;
	walk->intake->line += c == '\n';
	return c;
}

/* The next byte that is no blank, not taken. */
static int peek_token(struct walk *walk)
{
	int c;

	while ((c = peek(walk)) == ' ' || c == '\t' || c == '\n' || c == '\r')
		next(walk);
	return c;
}

/* One byte a call: of a value that has an end of its own the library then takes no more. */
static size_t load_byte(void *buffer, size_t size, void *context)
{
	struct walk *walk = context;
	int c = size && walk->loaded++ < VALUE_MAX ? peek(walk) : -1;

	if (c < 0)
		return 0;
	*(char *)buffer = (char)next(walk);
	return 1;
}

/* Reads a scalar that has no end of its own up to what stands behind it. */
static int pass_word(struct walk *walk)
{
	static const char letters[] = "+-.0123456789Eaeflnrstu";
	size_t length = 0;
	int c;

	while ((c = peek(walk)) > 0 && memchr(letters, c, sizeof(letters) - 1) && length++ < 64)
		next(walk);
	return length ? 0 : fail(walk, "a value would be right");
}

/* A value by itself: NULL and intake->why, if it is none. */
static json_t *load(struct walk *walk)
{
	json_error_t error;
	json_t *value;

	walk->loaded = 0;
	value = json_load_callback(load_byte, walk, JSON_DISABLE_EOF_CHECK | JSON_DECODE_ANY,
				   &error);
	if (!value)
		fail(walk, walk->loaded > VALUE_MAX ? "a value of more than 16 MiB" : error.text);
	return value;
}

static int pass_value(struct walk *walk)
{
	int c = peek_token(walk);
	json_t *value;

	if (c != '{' && c != '[' && c != '"')
		return pass_word(walk);
	value = load(walk);
	json_decref(value);
	return value ? 0 : -EINVAL;
}

/* An object that may be an indicator, or hold one. */
static int take_object(struct walk *walk, enum place place)
{
	uint64_t line = walk->intake->line;
	json_t *object = load(walk);
	uint64_t end = walk->intake->line;

	if (!object)
		return -EINVAL;
	walk->intake->line = line;
	if (place == PLACE_STIX)
		threat_stix_object(walk->intake, object);
	else
		threat_misp_attribute(walk->intake, object);
	walk->intake->line = end;
	json_decref(object);
	return 0;
}

static enum place way(enum place from, const char *key)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (ways[i].from == from && !strcmp(ways[i].key, key))
			return ways[i].to;
	return PLACE_NONE;
}

static int walk_value(struct walk *walk, enum place place);

static int walk_member(struct walk *walk, enum place place)
{
	json_t *key;
	enum place to;

	if (peek_token(walk) != '"')
		return fail(walk, "the name of a member would be right");
	key = load(walk);
	if (!key)
		return -EINVAL;
	to = way(place, json_string_value(key));
	json_decref(key);
	if (peek_token(walk) != ':')
		return fail(walk, "':' would be right");
	next(walk);
	if (to == PLACE_NONE)
		return pass_value(walk);
	walk->known = true;
	return walk_value(walk, to);
}

/* Members or elements, up to the end of their container. */
static int walk_container(struct walk *walk, enum place place, int close,
			  int (*each)(struct walk *walk, enum place place))
{
	int err = 0, c;

	next(walk);
	if (peek_token(walk) == close) {
		next(walk);
		return 0;
	}
	while (!err) {
		err = each(walk, place);
		c = err ? 0 : peek_token(walk);
		if (!err && c != ',' && c != close)
			return fail(walk, c < 0 ? "it ends too early" : "',' would be right");
		if (!err)
			next(walk);
		if (c == close)
			return 0;
	}
	return err;
}

static int walk_value(struct walk *walk, enum place place)
{
	int c = peek_token(walk), err;

	if (c == '{' && (place == PLACE_ATTRIBUTES || place == PLACE_STIX))
		return take_object(walk, place);
	if (c != '{' && c != '[')
		return pass_value(walk);
	if (++walk->depth > DEPTH_MAX)
		return fail(walk, "too many containers in each other");
	err = c == '{' ? walk_container(walk, place, '}', walk_member)
		       : walk_container(walk, place, ']', walk_value);
	walk->depth--;
	return err;
}

static int json_read(struct reader *reader, struct threat_intake *intake)
{
	struct walk walk = {.reader = reader, .intake = intake};
	int err = 0, c;

	intake->line = 1;
	/* A byte order mark. */
	while ((c = peek(&walk)) == 0xef || c == 0xbb || c == 0xbf)
		next(&walk);
	while (!err && (c = peek_token(&walk)) >= 0)
		err = walk_value(&walk, PLACE_TOP);
	reader_take(reader, walk.at);
	if (err || walk.known)
		return err;
	snprintf(intake->why, sizeof(intake->why),
		 "it is neither an export of MISP nor a bundle "
		 "of STIX 2.1");
	return -ENOMSG;
}

/* An object, or a list of objects. */
static bool json_claims(const char *head, size_t length)
{
	size_t at = length >= 3 && !memcmp(head, "\xef\xbb\xbf", 3) ? 3 : 0;
	bool list = false;

	for (; at < length; at++) {
		if (isspace((unsigned char)head[at]))
			continue;
		if (head[at] == '[' && !list)
			list = true;
		else
			return head[at] == '{' || (list && head[at] == ']');
	}
	return false;
}

const struct threat_format threat_json = {"json", json_claims, json_read};
