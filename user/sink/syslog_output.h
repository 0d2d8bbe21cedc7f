/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SINK_SYSLOG_OUTPUT_H
#define WEIR_SINK_SYSLOG_OUTPUT_H

#include "sink/syslog_channel.h"
#include "sink/syslog_line.h"

/* What the ways of announcing have in common: lines, and a channel for them. */
struct syslog_output {
	const char *name; /* of the sink */
	size_t (*write)(const struct syslog_form *form, const struct out *out, weir_time now,
			char *line); /* as syslog_line() */
	struct arena arena;	     /* the options' texts */
	struct syslog_options options;
	struct syslog_form form;
	struct channel channel; /* of the thread that sends */
	char *line;		/* of the thread that writes it */
};

/* To a local socket, in a form that `write` makes. 0, or -errno with `error` said. */
int syslog_local_open(struct sink **sink, const char *name,
		      size_t (*write)(const struct syslog_form *form, const struct out *out,
				      weir_time now, char *line),
		      const struct syslog_options *options, struct error *error);

void syslog_output_free(struct syslog_output *output); /* NULL: nothing */

/* To a server: by way of a spool. Takes the output over, unless it fails. */
int syslog_remote_open(struct sink **sink, struct syslog_output *output, struct error *error);

#endif
