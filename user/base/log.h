/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_LOG_H
#define WEIR_BASE_LOG_H

/* What the agent says while it runs: one line each on standard error, "weir: …". Any thread.
 * Nobody waits for who reads it: what a pipe or terminal that is not read has no room for is
 * counted, and said with the next line that goes. */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
