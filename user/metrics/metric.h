/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_METRICS_METRIC_H
#define WEIR_METRICS_METRIC_H

#include <jansson.h>
#include <stdio.h>

/*
 * What Prometheus is told: one table of metrics (table.c), each with the place of its value in the
 * object that `weir status --json` prints. The endpoint, `weir metrics` and docs/metrics.md come
 * from it.
 */
enum metric_kind { METRIC_GAUGE, METRIC_COUNTER, METRIC_INFO };

/* What of the value there is told. */
enum metric_value {
	METRIC_NUMBER,	/* it; of true and false 1 and 0 */
	METRIC_HEALTHY, /* 1 if it is "healthy" */
	METRIC_PRESENT, /* 1 if it is there */
	METRIC_TIME,	/* RFC 3339: seconds since the epoch */
};

struct metric {
	const char *name; /* ends with its unit; without the _total of counters. NULL: the end */
	enum metric_kind kind;
	const char *unit; /* OpenMetrics': "bytes", "seconds"; "": it has none */
	/*
	 * Keys divided by '.'. Behind a list stands which keys of its elements are labels
	 * ("rules[rule=name,rule_id=id].signals"), behind an object whose keys are labels the
	 * label ("lost[kind]"). METRIC_INFO: the last keys are labels, its value is 1
	 * ("[version=version]").
	 */
	const char *path;
	enum metric_value value;
	double scale; /* to the unit; 0: 1 */
	const char *help;
};

extern const struct metric metrics[];

/* OpenMetrics 1.0, or the text that Prometheus read before and node_exporter takes (0.0.4). */
enum metrics_format { METRICS_OPEN, METRICS_PLAIN };

/* Time series of one metric that are told; of more (interfaces of many containers) the rest is
 * left out, and their number told. */
#define METRICS_SERIES_MAX 1000

/* Writes all metrics that `status` has. 0, or -errno. */
int metrics_write(const json_t *status, enum metrics_format format, FILE *out);

/* The table, for docs/metrics.md. */
void metrics_document(FILE *out);

#endif
