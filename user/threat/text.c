/* SPDX-License-Identifier: Apache-2.0 */
/* Plain text: an entry a line, remarks behind '#', ';' or "//"; hosts files and filter lists too.
 */
#include <errno.h>

#include "threat/format.h"

#define LINE_MAX_BYTES 8192

static bool pass_line(struct reader *reader)
{
	size_t have;
	const char *at = (const char *)reader_need(reader, READER_ROOM, &have);
	const char *end = memchr(at, '\n', have);

	reader_take(reader, end ? (size_t)(end - at) + 1 : have);
	return end || !have;
}

bool threat_next_line(struct reader *reader, struct threat_intake *intake, struct threat_line *line)
{
	size_t have;
	const char *at = (const char *)reader_need(reader, LINE_MAX_BYTES, &have), *end;

	if (!have)
		return false;
	intake->line++;
	end = memchr(at, '\n', have);
	if (!end && have == LINE_MAX_BYTES) {
		while (!pass_line(reader))
			;
		*line = (struct threat_line){"", 0};
		threat_fault(intake, "", 0, "the line is too long");
		return true;
	}
	*line = (struct threat_line){at, end ? (size_t)(end - at) : have};
	reader_take(reader, line->length + (end ? 1 : 0));
	return true;
}

struct threat_line threat_trim(struct threat_line line)
{
	if (line.length >= 3 && !memcmp(line.at, "\xef\xbb\xbf", 3)) {
		line.at += 3;
		line.length -= 3;
	}
	while (line.length && (unsigned char)*line.at <= ' ') {
		line.at++;
		line.length--;
	}
	while (line.length && (unsigned char)line.at[line.length - 1] <= ' ')
		line.length--;
	return line;
}

bool threat_is_remark(const struct threat_line *line)
{
	return !line->length || memchr("#;!", *line->at, 3) ||
	       (line->length > 1 && !memcmp(line->at, "//", 2));
}

/* The next word, up to a blank or a remark. */
static bool next_word(struct threat_line *rest, struct threat_line *word)
{
	*rest = threat_trim(*rest);
	if (!rest->length || memchr("#;", *rest->at, 2))
		return false;
	word->at = rest->at;
	word->length = 0;
	while (word->length < rest->length && (unsigned char)rest->at[word->length] > ' ')
		word->length++;
	rest->at += word->length;
	rest->length -= word->length;
	return true;
}

/* Of a hosts file: "0.0.0.0 example.com". */
static bool goes_nowhere(const struct threat_line *word)
{
	static const char *const places[] = {"0.0.0.0", "127.0.0.1", "::", "::1"};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (strlen(places[i]) == word->length && !memcmp(places[i], word->at, word->length))
			return true;
	return false;
}

/* Names that every hosts file begins with. */
static bool is_own_name(const struct threat_line *word)
{
	return !memchr(word->at, '.', word->length);
}

static void read_line(struct threat_intake *intake, struct threat_line line)
{
	struct threat_line word, name;
	bool several = false;

	if (!next_word(&line, &word))
		return;
	if (!goes_nowhere(&word)) {
		threat_tell(intake, word.at, word.length, INDICATOR_ANY, 0);
		return;
	}
	for (; next_word(&line, &name); several = true)
		if (!is_own_name(&name))
			threat_tell(intake, name.at, name.length, INDICATOR_DOMAIN, 0);
	if (!several)
		threat_tell(intake, word.at, word.length, INDICATOR_ANY, 0);
}

static int text_read(struct reader *reader, struct threat_intake *intake)
{
	struct threat_line line;

	while (threat_next_line(reader, intake, &line)) {
		line = threat_trim(line);
		if (!threat_is_remark(&line))
			read_line(intake, line);
	}
	return 0;
}

static bool text_claims(const char *head, size_t length)
{
	return !memchr(head, '\0', length);
}

const struct threat_format threat_text = {"text", text_claims, text_read};
