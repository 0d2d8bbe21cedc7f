/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_TIME_H
#define WEIR_BASE_TIME_H

#include <stddef.h>
#include <stdint.h>

/*
 * Event time: nanoseconds since the Unix epoch, UTC. Signed, so that a difference of two times is
 * a time too. Live, the kernel's boot clock is translated once, at the door (capture/live).
 */
typedef int64_t weir_time;

#define WEIR_NSEC  INT64_C(1)
#define WEIR_USEC  INT64_C(1000)
#define WEIR_MSEC  INT64_C(1000000)
#define WEIR_SEC   INT64_C(1000000000)
#define WEIR_MIN   (60 * WEIR_SEC)
#define WEIR_HOUR  (60 * WEIR_MIN)
#define WEIR_DAY   (24 * WEIR_HOUR)
#define TIME_NEVER INT64_MAX /* a timer that is not set */
#define TIME_NONE  INT64_MIN /* before every event */

/* Long enough for every time that time_format() writes, with its end. */
#define TIME_TEXT_MAX 40

/* Wall clock now. */
weir_time time_now(void);

/*
 * A wall clock that is set while weir runs does not move event time, which runs on evenly: windows,
 * timeouts and durations know nothing of it. What the clock was set by is added where a time is
 * shown to somebody, and taken off where one comes from outside. Any thread; 0 until it is set.
 */
void time_shift_set(weir_time shift);
weir_time time_shown(weir_time at);	/* event time as the wall clock has it now */
weir_time time_of_wall(weir_time wall); /* the other way round */

/* CLOCK_MONOTONIC now, in nanoseconds. */
weir_time time_monotonic(void);
/* Its time `wait` from now, for what waits by that clock. */
struct timespec;
struct timespec time_deadline(weir_time wait);

/* CLOCK_BOOTTIME now, in nanoseconds, as the kernel itself has it: what bpf_ktime_get_boot_ns()
 * gives. */
weir_time time_boot(void);

/* What CLOCK_BOOTTIME and /proc are ahead of that in this process's time namespace, ns. Read once,
 * at the first call of either: to be made before files are out of reach. */
weir_time time_boot_ahead(void);

/* Writes `at` as RFC 3339, UTC, microseconds ("2026-01-02T03:04:05.000006Z"); returns `text`. */
char *time_format(weir_time at, char text[TIME_TEXT_MAX]);

/*
 * Reads RFC 3339 (any offset, any number of decimals), "YYYY-MM-DD HH:MM:SS", or seconds since the
 * epoch with decimals. Returns 0, or -EINVAL.
 */
int time_parse(const char *text, size_t length, weir_time *at);

/* Reads a duration as rules and configuration write it: "90s", "5m", "250ms", "1h30m", "7d".
 * Returns 0, or -EINVAL. */
int duration_parse(const char *text, size_t length, weir_time *duration);

/* Writes the shortest exact form ("5m", "1h30m", "250ms"); returns `text`. */
char *duration_format(weir_time duration, char text[TIME_TEXT_MAX]);

/* The greatest multiple of `step` that is <= `at`, also before the epoch. */
weir_time time_floor(weir_time at, weir_time step);

#endif
