/* SPDX-License-Identifier: Apache-2.0 */
#include "base/time.h"

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static weir_time clock_read(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (weir_time)ts.tv_sec * WEIR_SEC + ts.tv_nsec;
}

weir_time time_now(void)
{
	return clock_read(CLOCK_REALTIME);
}

static _Atomic weir_time shift;

void time_shift_set(weir_time by)
{
	atomic_store_explicit(&shift, by, memory_order_relaxed);
}

weir_time time_shown(weir_time at)
{
	weir_time sum;

	if (at == TIME_NONE || at == TIME_NEVER)
		return at;
	if (__builtin_add_overflow(at, atomic_load_explicit(&shift, memory_order_relaxed), &sum))
		return at;
	return sum;
}

weir_time time_of_wall(weir_time wall)
{
	weir_time event;

	if (wall == TIME_NONE || wall == TIME_NEVER)
		return wall;
	if (__builtin_sub_overflow(wall, atomic_load_explicit(&shift, memory_order_relaxed),
				   &event))
		return wall;
	return event;
}

weir_time time_monotonic(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

struct timespec time_deadline(weir_time wait)
{
	weir_time at = time_monotonic() + wait;

	return (struct timespec){at / WEIR_SEC, at % WEIR_SEC};
}

/* ---- time namespaces ---- */

/* time_namespaces(7). The file tells of the namespace that children will be in: ours, unless
 * unshare(2) made one and no program was run since. */
static bool offsets_are_ours(void)
{
	char own[64], children[64];
	ssize_t n = readlink("/proc/self/ns/time", own, sizeof(own));
	ssize_t m = readlink("/proc/self/ns/time_for_children", children, sizeof(children));

	return n > 0 && n == m && !memcmp(own, children, (size_t)n);
}

static weir_time ahead;

static void read_ahead(void)
{
	FILE *offsets = offsets_are_ours() ? fopen("/proc/self/timens_offsets", "re") : NULL;
	long long seconds, rest;
	char line[128];

	while (offsets && fgets(line, sizeof(line), offsets))
		if (sscanf(line, "boottime %lld %lld", &seconds, &rest) == 2)
			ahead = (weir_time)seconds * WEIR_SEC + (weir_time)rest;
	if (offsets)
		fclose(offsets);
}

weir_time time_boot_ahead(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, read_ahead);
	return ahead;
}

weir_time time_boot(void)
{
	return clock_read(CLOCK_BOOTTIME) - time_boot_ahead();
}

weir_time time_floor(weir_time at, weir_time step)
{
	weir_time rest = at % step;

	return rest < 0 ? at - rest - step : at - rest;
}

char *time_format(weir_time at, char text[TIME_TEXT_MAX])
{
	weir_time whole = time_floor(at, WEIR_SEC);
	time_t seconds = (time_t)(whole / WEIR_SEC);
	struct tm tm;
	size_t length;

	gmtime_r(&seconds, &tm);
	length = strftime(text, TIME_TEXT_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + length, TIME_TEXT_MAX - length, ".%06dZ", (int)((at - whole) / WEIR_USEC));
	return text;
}

/* Reads exactly `count` digits. */
static int digits(const char **at, const char *end, int count, int *value)
{
	int sum = 0;

	for (int i = 0; i < count; i++) {
		if (*at == end || !isdigit((unsigned char)**at))
			return -EINVAL;
		sum = sum * 10 + (*(*at)++ - '0');
	}
	*value = sum;
	return 0;
}

static bool take(const char **at, const char *end, const char *any)
{
	if (*at == end || !strchr(any, **at))
		return false;
	(*at)++;
	return true;
}

/* ".123456789…": what is finer than a nanosecond is dropped. */
static int fraction(const char **at, const char *end, weir_time *ns)
{
	weir_time unit = WEIR_SEC;

	*ns = 0;
	if (!take(at, end, ".,"))
		return 0;
	if (*at == end || !isdigit((unsigned char)**at))
		return -EINVAL;
	for (; *at < end && isdigit((unsigned char)**at); (*at)++) {
		unit /= 10;
		*ns += (**at - '0') * unit;
	}
	return 0;
}

/* "Z", "+01:00", "-0500" or nothing (UTC). */
static int offset(const char **at, const char *end, int *minutes)
{
	int h, m, sign;

	*minutes = 0;
	if (*at == end || take(at, end, "Zz"))
		return 0;
	sign = **at == '-' ? -1 : 1;
	if (!take(at, end, "+-") || digits(at, end, 2, &h))
		return -EINVAL;
	take(at, end, ":");
	if (digits(at, end, 2, &m) || h > 23 || m > 59)
		return -EINVAL;
	*minutes = sign * (h * 60 + m);
	return 0;
}

static int parse_epoch(const char *at, const char *end, weir_time *result)
{
	bool negative = take(&at, end, "-");
	weir_time seconds = 0, ns;

	if (at == end || !isdigit((unsigned char)*at))
		return -EINVAL;
	for (; at < end && isdigit((unsigned char)*at); at++) {
		if (seconds > 9000000000)
			return -EINVAL;
		seconds = seconds * 10 + (*at - '0');
	}
	if (seconds > 9000000000 || fraction(&at, end, &ns) || at != end)
		return -EINVAL;
	*result = seconds * WEIR_SEC + ns;
	if (negative)
		*result = -*result;
	return 0;
}

int time_parse(const char *text, size_t length, weir_time *result)
{
	const char *at = text, *end = text + length;
	struct tm tm = {0};
	weir_time ns;
	int minutes;

	if (digits(&at, end, 4, &tm.tm_year) || !take(&at, end, "-"))
		return parse_epoch(text, end, result);
	if (digits(&at, end, 2, &tm.tm_mon) || !take(&at, end, "-") ||
	    digits(&at, end, 2, &tm.tm_mday) || !take(&at, end, "Tt ") ||
	    digits(&at, end, 2, &tm.tm_hour) || !take(&at, end, ":") ||
	    digits(&at, end, 2, &tm.tm_min) || !take(&at, end, ":") ||
	    digits(&at, end, 2, &tm.tm_sec) || fraction(&at, end, &ns) ||
	    offset(&at, end, &minutes) || at != end)
		return -EINVAL;
	if (tm.tm_year < 1700 || tm.tm_year > 2250 || tm.tm_mon < 1 || tm.tm_mon > 12 ||
	    tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour > 23 || tm.tm_min > 59 ||
	    tm.tm_sec > 60)
		return -EINVAL;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	*result = ((weir_time)timegm(&tm) - minutes * 60) * WEIR_SEC + ns;
	return 0;
}

static const struct {
	const char *name;
	weir_time length;
} units[] = {
	{"w", 7 * WEIR_DAY}, {"d", WEIR_DAY}, {"h", WEIR_HOUR},	 {"ms", WEIR_MSEC},
	{"m", WEIR_MIN},     {"s", WEIR_SEC}, {"us", WEIR_USEC}, {"ns", WEIR_NSEC},
};

#define UNITS (sizeof(units) / sizeof(units[0]))

/* The unit at `at`: the longest name that fits. */
static weir_time unit_take(const char **at, const char *end)
{
	size_t length = 0;
	weir_time unit = 0;

	for (size_t i = 0; i < UNITS; i++) {
		size_t n = strlen(units[i].name);

		if (n > length && (size_t)(end - *at) >= n && !memcmp(*at, units[i].name, n)) {
			length = n;
			unit = units[i].length;
		}
	}
	*at += length;
	return unit;
}

int duration_parse(const char *text, size_t length, weir_time *duration)
{
	const char *at = text, *end = text + length;
	weir_time sum = 0;

	if (at == end)
		return -EINVAL;
	while (at < end) {
		weir_time number = 0, unit, part;

		if (!isdigit((unsigned char)*at))
			return -EINVAL;
		for (; at < end && isdigit((unsigned char)*at); at++)
			if (__builtin_mul_overflow(number, 10, &number) ||
			    __builtin_add_overflow(number, *at - '0', &number))
				return -EINVAL;
		unit = unit_take(&at, end);
		if (!unit || __builtin_mul_overflow(number, unit, &part) ||
		    __builtin_add_overflow(sum, part, &sum))
			return -EINVAL;
	}
	*duration = sum;
	return 0;
}

char *duration_format(weir_time duration, char text[TIME_TEXT_MAX])
{
	static const size_t order[] = {1, 2, 4, 5, 3, 6, 7}; /* d h m s ms us ns */
	size_t length = 0;
	weir_time rest = duration < 0 ? -duration : duration;

	if (duration < 0)
		text[length++] = '-';
	if (!rest) {
		snprintf(text, TIME_TEXT_MAX, "0s");
		return text;
	}
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]) && rest; i++) {
		weir_time n = rest / units[order[i]].length;

		rest %= units[order[i]].length;
		if (n)
			length += (size_t)snprintf(text + length, TIME_TEXT_MAX - length, "%lld%s",
						   (long long)n, units[order[i]].name);
	}
	return text;
}
