/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/login/line.h"

#include <time.h>

#define STAMP_LENGTH 15 /* "Nov 26 17:00:01" */

static bool digits(const char *at, size_t length, int *number)
{
	*number = 0;
	for (size_t i = 0; i < length; i++) {
		if (at[i] == ' ' && !i && length == 2)
			continue; /* "Nov  6" */
		if (at[i] < '0' || at[i] > '9')
			return false;
		*number = *number * 10 + (at[i] - '0');
	}
	return true;
}

static int month_of(const char *at)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int i = 0; i < 12; i++)
		if (!memcmp(names + 3 * i, at, 3))
			return i;
	return -1;
}

/* The time in that year, by the time zone of this host. False: the year has no such day. */
static bool in_year(struct tm tm, int year, weir_time *at)
{
	int day = tm.tm_mday;
	time_t seconds;

	tm.tm_year = year;
	tm.tm_isdst = -1;
	seconds = mktime(&tm);
	*at = (weir_time)seconds * WEIR_SEC;
	return seconds != (time_t)-1 && tm.tm_mday == day;
}

/* "Nov 26 17:00:01 ", RFC 3164. */
static bool read_stamp(const char *text, size_t length, weir_time reference, weir_time *at)
{
	time_t now = (time_t)(reference / WEIR_SEC);
	struct tm tm = {0}, today;

	if (length <= STAMP_LENGTH || text[3] != ' ' || text[6] != ' ' || text[9] != ':' ||
	    text[12] != ':' || text[15] != ' ')
		return false;
	tm.tm_mon = month_of(text);
	if (tm.tm_mon < 0 || !digits(text + 4, 2, &tm.tm_mday) ||
	    !digits(text + 7, 2, &tm.tm_hour) || !digits(text + 10, 2, &tm.tm_min) ||
	    !digits(text + 13, 2, &tm.tm_sec))
		return false;
	if (tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour > 23 || tm.tm_min > 59 ||
	    tm.tm_sec > 60 || !localtime_r(&now, &today))
		return false;
	for (int back = -1; back < 8; back++) /* February 29 */
		if (in_year(tm, today.tm_year - back, at) && *at <= reference + WEIR_DAY)
			return true;
	return false;
}

/* "2026-11-26T17:00:01.123456+01:00 " */
static size_t read_rfc3339(const char *text, size_t length, weir_time *at)
{
	const char *end = memchr(text, ' ', length < 40 ? length : 40);

	if (!end || end - text < 20 || text[4] != '-' || text[10] != 'T' ||
	    time_parse(text, (size_t)(end - text), at))
		return 0;
	return (size_t)(end - text);
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       memchr("-_./", c, 4);
}

/* " host program[123]: message", from behind the time. */
static bool read_head(const char *at, const char *end, struct login_message *message)
{
	const char *host = at < end ? at + 1 : end, *name, *slash;

	name = memchr(host, ' ', (size_t)(end - host));
	if (!name)
		return false;
	name++;
	for (at = name; at < end && is_name(*at); at++)
		;
	message->program = (struct text){name, (uint32_t)(at - name)};
	if (at < end && *at == '[') {
		for (at++; at < end && *at >= '0' && *at <= '9'; at++)
			;
		if (at == end || *at++ != ']')
			return false;
	}
	if (end - at < 2 || at[0] != ':' || at[1] != ' ' || !message->program.length)
		return false;
	/* A program by its path, but for those that have parts. */
	slash = *name == '/' ? memrchr(name, '/', message->program.length) : NULL;
	if (slash) {
		message->program.length -= (uint32_t)(slash + 1 - name);
		message->program.at = slash + 1;
	}
	message->text = (struct text){at + 2, (uint32_t)(end - at - 2)};
	return true;
}

bool login_line_read(const char *text, size_t length, weir_time reference, struct login_line *line)
{
	size_t stamp;

	while (length && (text[length - 1] == '\r' || text[length - 1] == '\n'))
		length--;
	*line = (struct login_line){.at = TIME_NONE};
	if (!length || length > UINT32_MAX)
		return false;
	stamp = read_rfc3339(text, length, &line->at);
	if (!stamp && read_stamp(text, length, reference, &line->at))
		stamp = STAMP_LENGTH;
	if (stamp)
		return read_head(text + stamp, text + length, &line->message);
	line->at = TIME_NONE;
	line->message.text = (struct text){text, (uint32_t)length};
	return true;
}
