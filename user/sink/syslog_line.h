/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SINK_SYSLOG_LINE_H
#define WEIR_SINK_SYSLOG_LINE_H

#include <stdbool.h>

#include "sink/record.h"

/* A detection as one syslog message, without framing. */
struct syslog_form {
	bool structured; /* RFC 5424 with structured data; else RFC 3164, as syslog(3) writes */
	bool json;	 /* the JSON object after @cee: */
	int facility;	 /* as in <syslog.h>, shifted */
	int pid;
	const char *host; /* structured */
	size_t max;	  /* the message is shorter than this */
};

#define SYSLOG_LINE_MIN 480 /* what every receiver takes (RFC 5424, 6.1) */

/* -1: no such facility. */
int syslog_facility(const char *name);

int syslog_priority(enum severity severity); /* as in <syslog.h> */

/* Writes at most form->max - 1 bytes and an end to `line`; returns the length. What does not fit
 * is cut from the sentence first, never within a character. 0 without memory. */
size_t syslog_line(const struct syslog_form *form, const struct out *out, weir_time now,
		   char *line);

#endif
