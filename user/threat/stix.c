/* SPDX-License-Identifier: Apache-2.0 */
/* Indicators of STIX 2.1 whose patterns are met by any of several values. */
#include <jansson.h>
#include <strings.h>

#include "base/time.h"
#include "threat/format.h"

#define LITERAL_MAX INDICATOR_TEXT_MAX

/* Object paths without quotes, in small letters. */
static const struct {
	const char *path;
	enum indicator_kind kind;
} paths[] = {
	{"ipv4-addr:value", INDICATOR_ADDRESS},
	{"ipv6-addr:value", INDICATOR_ADDRESS},
	{"domain-name:value", INDICATOR_DOMAIN},
	{"url:value", INDICATOR_URL},
	{"file:hashes.md5", INDICATOR_MD5},
	{"file:hashes.sha-1", INDICATOR_SHA1},
	{"file:hashes.sha1", INDICATOR_SHA1},
	{"file:hashes.sha-256", INDICATOR_SHA256},
	{"file:hashes.sha256", INDICATOR_SHA256},
	{"network-traffic:dst_ref.value", INDICATOR_ADDRESS},
	{"network-traffic:src_ref.value", INDICATOR_ADDRESS},
};

struct parser {
	struct threat_intake *intake;
	const char *at;
	uint32_t until;
	bool tell; /* else it is only looked whether all is understood */
	char word[96], literal[LITERAL_MAX + 1];
};

static void pass_blanks(struct parser *parser)
{
	parser->at += strspn(parser->at, " \t\r\n");
}

static bool take_char(struct parser *parser, char c)
{
	pass_blanks(parser);
	if (*parser->at != c)
		return false;
	parser->at++;
	return true;
}

/* A path, an operator or a keyword: up to a blank, a bracket or a sign; quotes are left out. */
static bool take_word(struct parser *parser)
{
	size_t n = 0;

	pass_blanks(parser);
	for (; *parser->at && !strchr(" \t\r\n[]()=<>!,", *parser->at); parser->at++) {
		char c = *parser->at;

		if (c == '\'' && !n)
			return false;
		if (c == '\'')
			continue;
		if (n == sizeof(parser->word) - 1)
			return false;
		parser->word[n++] = c >= 'A' && c <= 'Z' ? c | 0x20 : c;
	}
	parser->word[n] = '\0';
	return n > 0;
}

static bool take_keyword(struct parser *parser, const char *keyword)
{
	const char *from = parser->at;

	if (take_word(parser) && !strcmp(parser->word, keyword))
		return true;
	parser->at = from;
	return false;
}

static bool take_literal(struct parser *parser)
{
	size_t n = 0;

	if (!take_char(parser, '\''))
		return false;
	for (; *parser->at != '\''; parser->at++) {
		if (*parser->at == '\\' && parser->at[1])
			parser->at++;
		if (!*parser->at || n == LITERAL_MAX)
			return false;
		parser->literal[n++] = *parser->at;
	}
	parser->at++;
	parser->literal[n] = '\0';
	return true;
}

static enum indicator_kind kind_of(const char *path)
{
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (!strcmp(paths[i].path, path))
			return paths[i].kind;
	return INDICATOR_KINDS;
}

static bool take_value(struct parser *parser, enum indicator_kind kind)
{
	if (!take_literal(parser))
		return false;
	if (parser->tell && kind == INDICATOR_KINDS)
		parser->intake->counts->of_others++;
	else if (parser->tell)
		threat_tell(parser->intake, parser->literal, strlen(parser->literal), kind,
			    parser->until);
	return true;
}

/* IN ('a', 'b') */
static bool take_set(struct parser *parser, enum indicator_kind kind)
{
	if (!take_char(parser, '('))
		return false;
	do {
		if (!take_value(parser, kind))
			return false;
	} while (take_char(parser, ','));
	return take_char(parser, ')');
}

static bool take_comparison(struct parser *parser)
{
	enum indicator_kind kind;

	if (!take_word(parser))
		return false;
	kind = kind_of(parser->word);
	if (take_char(parser, '='))
		return take_value(parser, kind);
	if (take_keyword(parser, "in"))
		return take_set(parser, kind);
	/* A network holds addresses. */
	return kind == INDICATOR_ADDRESS && take_keyword(parser, "issubset") &&
	       take_value(parser, kind);
}

/* Comparisons in brackets, any of which will do; parentheses around some. */
static bool take_observation(struct parser *parser)
{
	unsigned open = 0;

	if (!take_char(parser, '['))
		return false;
	do {
		while (take_char(parser, '('))
			open++;
		if (!take_comparison(parser))
			return false;
		while (open && take_char(parser, ')'))
			open--;
	} while (take_keyword(parser, "or"));
	return !open && take_char(parser, ']');
}

static bool take_pattern(struct parser *parser)
{
	unsigned open = 0;

	do {
		while (take_char(parser, '('))
			open++;
		if (!take_observation(parser))
			return false;
		while (open && take_char(parser, ')'))
			open--;
	} while (take_keyword(parser, "or"));
	pass_blanks(parser);
	return !open && !*parser->at;
}

bool threat_stix_pattern(struct threat_intake *intake, const char *pattern, uint32_t until)
{
	struct parser parser = {.intake = intake, .at = pattern, .until = until};

	if (!take_pattern(&parser))
		return false;
	parser.at = pattern;
	parser.tell = true;
	return take_pattern(&parser);
}

/* The minute after the time: 0, for ever, where there is none. False: it is no time. */
static bool read_until(const json_t *object, uint32_t *until)
{
	const char *text = json_string_value(json_object_get(object, "valid_until"));
	weir_time at;

	*until = 0;
	if (!text)
		return true;
	if (time_parse(text, strlen(text), &at) || at < 0)
		return false;
	*until = (uint32_t)(at / WEIR_MIN + 1);
	return true;
}

void threat_stix_object(struct threat_intake *intake, const struct json_t *object)
{
	const char *type = json_string_value(json_object_get(object, "type"));
	const char *pattern = json_string_value(json_object_get(object, "pattern"));
	const char *language = json_string_value(json_object_get(object, "pattern_type"));
	uint32_t until;

	if (!type || strcmp(type, "indicator") != 0)
		return;
	if (json_is_true(json_object_get(object, "revoked")) ||
	    (language && strcmp(language, "stix") != 0)) {
		intake->counts->of_others++;
		return;
	}
	if (!pattern || !read_until(object, &until))
		threat_fault(intake, "", 0,
			     "an indicator with a pattern, and RFC 3339 times, would be right");
	else if (!threat_stix_pattern(intake, pattern, until))
		threat_fault(intake, pattern, strlen(pattern),
			     "only patterns that any of several values meets are understood");
}
